"""BFCL's columns in the terminal."""

from collections.abc import Mapping

from rich.box import HEAVY_HEAD
from rich.table import Table
from rich.text import Text

from evaluation.figures import Slice, percent
from evaluation.measures.bfcl import COLUMNS


def bfcl_table(rows: Mapping[str, Mapping[str, Slice]]) -> Table:
    """The arms down, BFCL's columns across, those that any arm has; the number of problems below each share."""
    columns = [name for name in COLUMNS if any(name in row for row in rows.values())]
    title = "BFCL v4, greedy, right by BFCL's own checker; below: problems"
    table = Table(title=title, title_justify="left", title_style="bold", box=HEAVY_HEAD)
    table.add_column("arm", style="bold")
    for name in columns:
        table.add_column(name, justify="right")
    for arm, row in rows.items():
        cells = (row.get(name) for name in columns)
        table.add_row(Text(arm), *(f"{percent(cell.accuracy)}\n{cell.n:,}" if cell else "—" for cell in cells))
    return table
