"""BFCL's columns: the suites `bfcl_CATEGORY` of a run side by side, with the averages of its board.

`generate_leaderboard_csv` in bfcl-eval's `eval_checker/eval_runner_helper.py` averages so: of the non-live categories
each counts alike (`simple` being the mean of Python, Java and JavaScript, of which only Python's is taken here), of the
live ones each problem, of both irrelevance ones each alike, and so of the four of several turns. Where a suite holds
some of a category's problems, a live category still counts as much as all of them: weighted by what was drawn, the
average would be another one.
"""

from collections.abc import Mapping
from itertools import product

from evaluation.figures import ArmFigures, Slice
from rollout.foreign.bfcl import CATEGORIES, IRRELEVANT, KIND, LIVE, NON_LIVE
from rollout.foreign.bfcl_classes import MULTI_TURN

AVERAGES: Mapping[str, Mapping[str, int]] = {
    "non-live AST": dict.fromkeys(NON_LIVE, 1),
    "live AST": LIVE,
    "both irrelevance": dict.fromkeys(IRRELEVANT, 1),
    "multi-turn": dict.fromkeys(MULTI_TURN, 1),
}
"""Column -> category -> its weight."""
_SHOWN = (*CATEGORIES, *MULTI_TURN)
COLUMNS = (*_SHOWN, *AVERAGES)

ROWS = {"": "", "_whole": ", whole"}
"""How the name of a suite goes on behind `bfcl_CATEGORY` -> how the name of its row does behind that of the arm."""


def category_of(suite: str) -> str:
    """The category under which a suite of this name stands in BFCL's table; "" where it does not."""
    return next((name for name in _SHOWN for ending in ROWS if suite == f"{KIND}_{name}{ending}"), "")


def bfcl_cells(arms: Mapping[str, ArmFigures]) -> dict[str, dict[str, Slice]]:
    """Row -> column -> share right, greedy, with the number of problems. Empty where there is no suite of BFCL.

    A row is named after its arm; one of the suites `bfcl_CATEGORY_whole` is `ARM, whole`. An average stands only where
    the row has all of its categories; it has no interval.
    """
    rows = {}
    for ending, (arm, figures) in product(ROWS, arms.items()):
        found = {name: figures.suites.get(f"{KIND}_{name}{ending}") for name in _SHOWN}
        row = {
            name: Slice(n=each.n, accuracy=each.accuracy, ci=each.ci)
            for name, each in found.items()
            if each is not None and each.accuracy is not None
        }
        if row:
            rows[f"{arm}{ROWS[ending]}"] = row | {
                title: average([(row[name], weight) for name, weight in weights.items()])
                for title, weights in AVERAGES.items()
                if weights.keys() <= row.keys()
            }
    return rows


def average(cells: list[tuple[Slice, int]]) -> Slice:
    """The weighted mean of some categories' shares, and all their problems."""
    right = sum((cell.accuracy or 0.0) * weight for cell, weight in cells)
    return Slice(n=sum(cell.n for cell, _ in cells), accuracy=right / sum(weight for _, weight in cells), ci=None)
