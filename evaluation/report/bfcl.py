"""BFCL's columns: the suites `bfcl_CATEGORY` of a run side by side, with the leaderboard's averages."""

from collections.abc import Mapping

from rich.box import HEAVY_HEAD
from rich.table import Table
from rich.text import Text

from evaluation.figures import Summary, percent
from rollout.foreign.bfcl import CATEGORIES, IRRELEVANT, KIND, LIVE, NON_LIVE

AVERAGES = {"non-live AST": NON_LIVE, "live AST": LIVE, "both irrelevance": IRRELEVANT}


def bfcl_rows(summary: Summary) -> dict[str, dict[str, float]]:
    """Arm -> column -> share right, greedy. Empty where the run has no suite of BFCL.

    As on BFCL's board the average of the non-live categories counts each alike, that of the live ones each problem; an
    average stands only where the arm has all of its categories.
    """
    rows = {}
    for arm, figures in summary.arms.items():
        found = {name: figures.suites.get(f"{KIND}_{name}") for name in CATEGORIES}
        shares = {name: each.accuracy for name, each in found.items() if each is not None and each.accuracy is not None}
        counts = {name: each.problems for name, each in found.items() if each is not None}
        if shares:
            rows[arm] = shares | {
                title: average(shares, dict.fromkeys(names, 1) if title != "live AST" else counts, names)
                for title, names in AVERAGES.items()
                if all(name in shares for name in names)
            }
    return rows


def average(shares: Mapping[str, float], weights: Mapping[str, int], names: tuple[str, ...]) -> float:
    """The mean of some categories' shares, weighted."""
    return sum(shares[name] * weights[name] for name in names) / sum(weights[name] for name in names)


def bfcl_table(rows: Mapping[str, Mapping[str, float]]) -> Table:
    """The arms down, BFCL's columns across, those that any arm has."""
    columns = [name for name in (*CATEGORIES, *AVERAGES) if any(name in row for row in rows.values())]
    table = Table(title="BFCL v4, greedy, right by BFCL's own checker", title_justify="left", title_style="bold")
    table.box = HEAVY_HEAD
    table.add_column("arm", style="bold")
    for name in columns:
        table.add_column(name, justify="right")
    for arm, row in rows.items():
        table.add_row(Text(arm), *(percent(row.get(name)) for name in columns))
    return table
