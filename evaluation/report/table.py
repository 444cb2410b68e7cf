"""Summaries as tables for the terminal: arms (or a sweep's rows) down, intervals beside every figure, then findings.

On a terminal narrower than NARROW columns, intervals and shares stand in the line below. Names of arms may break then;
those of error codes never do.
"""

from collections.abc import Iterable

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from evaluation.figures import Finding, Range, Summary, percent, signed
from evaluation.findings import folded
from evaluation.report.bfcl import bfcl_table

NARROW = 90


class SummaryTable:
    """A rich renderable of a run's summary: one table a suite, then the answer and the findings."""

    def __init__(self, summary: Summary, findings: bool = True) -> None:
        self._summary = summary
        self._findings = findings

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for suite in self._summary.suites:
            yield suite_table(self._summary, suite, narrow=options.max_width < NARROW)
        if self._summary.bfcl:
            yield bfcl_table(self._summary.bfcl)
        if self._findings:
            at_once, by_chance = folded(self._summary.findings)
            yield Text(f"\n{self._summary.answer.text}\n", style="bold")
            yield bullets(at_once)
            if by_chance:
                yield Text(f"• {len(by_chance)} more differences were not shown; the report lists them.")


def suite_table(summary: Summary, suite: str, narrow: bool = False) -> Table:
    """One suite: greedy and sampled accuracy with intervals, the difference to the baseline, the commonest error."""
    baseline = summary.evaluation.baseline
    table = left_table(
        f"{suite}: executed accuracy, {100 * summary.evaluation.confidence:g} % intervals",
        f"difference: paired, intervals and * after {summary.evaluation.correction.capitalize()}'s correction",
    )
    table.box = SIMPLE_HEAD if narrow else HEAVY_HEAD
    table.add_column("arm", style="bold", overflow="fold", no_wrap=not narrow)
    for heading in ("greedy", "sampled", f"sampled − {baseline}"):
        table.add_column(heading, justify="right", no_wrap=True)
    if not narrow:
        table.add_column("problems", justify="right")
    table.add_column("commonest error", no_wrap=True)
    against = summary.against(suite, baseline)
    for arm, figures in summary.on(suite).items():
        row = against.get(arm)
        code, count = next(iter(figures.errors.items()), ("", 0))
        table.add_row(
            Text(arm),
            accuracy_text(figures.accuracy, figures.ci, narrow),
            accuracy_text(figures.sampled_accuracy, figures.sampled_ci, narrow),
            difference_text(row.difference, row.interval, narrow, row.significant)
            if row and row.measure == "sampled accuracy"
            else "",
            *([] if narrow else [str(figures.problems)]),
            f"{code}{_separator(narrow)}{percent(count / figures.attempts)}" if count else "",
        )
    return table


def left_table(title: str, caption: str | None = None) -> Table:
    """An empty table whose title and caption stand on the left."""
    return Table(title=title, title_justify="left", title_style="bold", caption=caption, caption_justify="left")


def accuracy_text(share: float | None, ci: Range | None, narrow: bool) -> Text:
    """An accuracy and its interval in percent."""
    text = Text(percent(share))
    if ci is not None:
        text.append(f"{_separator(narrow)}[{100 * ci[0]:.1f}, {100 * ci[1]:.1f}]", style="dim")
    return text


def difference_text(difference: float, ci: Range, narrow: bool = True, significant: bool = False) -> Text:
    """A difference in points with its interval; a star and a colour where it is significant."""
    style = "" if not significant else "green" if difference > 0 else "red"
    text = Text(signed(difference) + "*" * significant, style=style)
    return text.append(f"{_separator(narrow)}[{signed(ci[0])}, {signed(ci[1])}]", style="dim")


def bullets(findings: Iterable[Finding]) -> Group:
    """Findings as a list; losses stand out."""
    return Group(*(Text(f"• {one.text}", style="bold red" if one.tone == "loss" else "") for one in findings))


def _separator(narrow: bool) -> str:
    return "\n" if narrow else " "
