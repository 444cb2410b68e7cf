"""The summary as a table for the terminal: arms down, suites across, intervals beside every figure."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from evaluation.findings import folded, percent, points, tone

TONES = {"loss": "bold red", "gain": "", "": ""}


class SummaryTable:
    """A rich renderable of a summary: one table a suite, then the findings.

    On a narrow terminal intervals and shares stand in the line below; names of arms may break, those of errors never.
    """

    def __init__(self, summary: Mapping[str, Any], findings: bool = True) -> None:
        self._summary = summary
        self._findings = findings

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for suite in suites_of(self._summary):
            yield suite_table(self._summary, suite, narrow=options.max_width < 90)
        if self._findings:
            told, by_chance = folded(self._summary["findings"])
            yield Group(*(Text(f"• {sentence}", style=TONES[tone(sentence)]) for sentence in told))
            if by_chance:
                yield Text(f"• {len(by_chance)} more differences were not shown; the report tells them.")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(40, options.max_width)


def suites_of(summary: Mapping[str, Any]) -> list[str]:
    """The suites that any arm was scored on, sorted."""
    return sorted({suite for arm in summary["arms"].values() for suite in arm["suites"]})


def suite_table(summary: Mapping[str, Any], suite: str, narrow: bool = False) -> Table:
    """One suite: greedy and sampled accuracy with intervals, the difference to the baseline, the commonest error."""
    baseline = summary["evaluation"]["baseline"]
    confidence = f"{100 * summary['evaluation']['confidence']:g} %"
    title = f"{suite}: executed accuracy, {confidence} intervals"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD if narrow else HEAVY_HEAD)
    table.add_column("arm", style="bold", overflow="fold", no_wrap=not narrow)
    for heading in ("greedy", "sampled", f"sampled − {baseline}"):
        table.add_column(heading, justify="right", no_wrap=True)
    if not narrow:
        table.add_column("problems", justify="right")
    table.add_column("commonest error", no_wrap=True)
    against = {row["a"]: row for row in summary["comparisons"] if row["suite"] == suite and row["b"] == baseline}
    for arm, found in summary["arms"].items():
        figures = found["suites"].get(suite)
        if figures is None:
            continue
        table.add_row(
            Text(arm),
            _with_interval(figures["accuracy"], figures["ci"], narrow),
            _with_interval(figures["sampled_accuracy"], figures["sampled_ci"], narrow),
            _difference(against.get(arm), narrow),
            *([] if narrow else [str(figures["problems"])]),
            _commonest(figures, narrow),
        )
    table.caption = (
        f"difference: paired, * significant after {summary['evaluation']['correction'].capitalize()}'s correction"
    )
    table.caption_justify = "left"
    return table


def print_summary(summary: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the tables and the findings."""
    (console or Console()).print(SummaryTable(summary))


def _with_interval(share: float | None, ci: Sequence[float] | None, narrow: bool) -> Text:
    text = Text(percent(share))
    if ci is not None:
        text.append(f"{_break(narrow)}[{100 * ci[0]:.1f}, {100 * ci[1]:.1f}]", style="dim")
    return text


def _difference(row: Mapping[str, Any] | None, narrow: bool) -> Text:
    if row is None or not row["measure"].startswith("sampled"):
        return Text("")
    style = "" if not row["significant"] else "green" if row["difference"] > 0 else "red"
    text = Text(points(row["difference"]).removesuffix(" points") + ("*" if row["significant"] else ""), style=style)
    low, high = (f"{100 * bound:+.1f}".replace("-", "−") for bound in row["ci"])
    return text.append(f"{_break(narrow)}[{low}, {high}]", style="dim")


def _break(narrow: bool) -> str:
    return "\n" if narrow else " "


def _commonest(figures: Mapping[str, Any], narrow: bool) -> Text:
    if not figures["errors"] or not figures["attempts"]:
        return Text("")
    code, count = next(iter(figures["errors"].items()))
    return Text(f"{code}{_break(narrow)}{percent(count / figures['attempts'])}")
