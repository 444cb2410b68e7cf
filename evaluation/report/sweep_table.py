"""A sweep's summary as tables for the terminal: rows with their mean over seeds, then the answers in sentences."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from evaluation.report.table import accuracy_text, bullets, left_table
from evaluation.sweep import MEASURES, SweepSummary


class SweepTable:
    """A rich renderable: one table a suite, then the findings. A narrow terminal leaves single seeds out."""

    def __init__(self, summary: SweepSummary) -> None:
        self._summary = summary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrow, repeated = options.max_width < 100, self._summary.repeated
        for suite, found in self._summary.suites.items():
            table = left_table(
                f"{suite}: mean over {repeated}s, {100 * self._summary.confidence:g} % intervals",
                f"executed accuracy; intervals over problems and {repeated}s",
            )
            table.add_column("row", style="bold", overflow="fold")
            table.add_column("trainings" if self._summary.replicates else "seeds", justify="right")
            measures = [measure for measure in MEASURES if any(getattr(row, measure) for row in found.rows)]
            for heading in measures:
                table.add_column(heading, justify="right", no_wrap=True)
            by_seed = not narrow and "sampled" in measures
            if by_seed:
                table.add_column(f"sampled, by {repeated}", justify="right", no_wrap=True, style="dim")
            for row in found.rows:
                means = [getattr(row, measure) for measure in measures]
                cells = [accuracy_text(one and one.mean, one and one.ci, narrow) for one in means]
                seeds = "  ".join(f"{100 * one:.1f}" for one in row.sampled.by_seed) if row.sampled else ""
                table.add_row(Text(row.row), str(row.seeds), *cells, *([seeds] if by_seed else []))
            yield table
        yield bullets(self._summary.findings)
