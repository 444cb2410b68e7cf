"""A sweep's summary as tables for the terminal: rows with their mean over seeds, then the answers in sentences."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from evaluation.findings import percent
from evaluation.sweep import MEASURES


class SweepTable:
    """A rich renderable: one table a suite, then the findings. Intervals fold below figures on a narrow terminal."""

    def __init__(self, summary: Mapping[str, Any]) -> None:
        self._summary = summary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for suite, found in self._summary["suites"].items():
            yield _table(suite, found, self._summary["confidence"], narrow=options.max_width < 100)
        yield Group(*(Text(f"• {sentence}") for sentence in self._summary["findings"]))


def print_sweep(summary: Mapping[str, Any], console: Console) -> None:
    """Print the tables and the findings."""
    console.print(SweepTable(summary))


def _table(suite: str, found: Mapping[str, Any], confidence: float, narrow: bool) -> Table:
    title = f"{suite}: mean over seeds, {100 * confidence:g} % intervals"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("row", style="bold", overflow="fold")
    table.add_column("seeds", justify="right")
    measures = [measure for measure in MEASURES if any(row[measure] is not None for row in found["rows"])]
    for heading in measures:
        table.add_column(heading, justify="right", no_wrap=True)
    if not narrow and "sampled" in measures:
        table.add_column("sampled, by seed", justify="right", no_wrap=True)
    for row in found["rows"]:
        cells = [_figure(row[measure], narrow) for measure in measures]
        by_seed = [] if narrow or "sampled" not in measures else [Text(_by_seed(row["sampled"]), style="dim")]
        table.add_row(Text(row["row"]), str(row["seeds"]), *cells, *by_seed)
    table.caption = "executed accuracy; intervals over problems and seeds"
    table.caption_justify = "left"
    return table


def _figure(figures: Mapping[str, Any] | None, narrow: bool) -> Text:
    if figures is None:
        return Text("—")
    low, high = figures["ci"]
    separator = "\n" if narrow else " "
    return Text(percent(figures["mean"])).append(f"{separator}[{100 * low:.1f}, {100 * high:.1f}]", style="dim")


def _by_seed(figures: Mapping[str, Any] | None) -> str:
    return "" if figures is None else "  ".join(f"{100 * one:.1f}" for one in figures["by_seed"])
