"""Intervals and tests of a mean over seeds and problems, both of which are samples from larger populations.

Every seed trains an arm anew and all of them attempt the same problems: a crossed design with one value a cell. The
variance of its mean follows from the mean squares of the two-way random-effects analysis of variance, the degrees of
freedom from Satterthwaite's approximation (Searle, Casella & McCulloch, Variance Components, 1992, chapters 4 and 5):

    var = (MS_seeds + MS_problems - MS_rest) / (seeds x problems)

Problems that were attempted several times stand as shares of right attempts, so attempts need no term of their own.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evaluation.certainty.statistics import Interval, wilson

Table = NDArray[np.float64]
"""seeds x problems."""

Seeds = Sequence[Mapping[str, float]]
"""Over seeds: problem -> value."""


class Crossed(NamedTuple):
    """The mean of a table and how sure it is."""

    problems: int
    mean: float
    ci: Interval
    p: float
    """Two-sided, of "the mean is 0"; 1 where nothing varies and the mean is 0."""
    by_seed: tuple[float, ...]
    """The mean of every seed."""


def crossed_mean(values: Table, confidence: float, low: float, high: float) -> Crossed:
    """Mean, interval within [low, high] and p of a table of seeds x problems with at least one value.

    With one seed it says nothing about other seeds: problems alone are the sample. A table without any variation gets
    the width that Wilson's interval has for as many problems, because what was never seen may still happen.
    """
    _, problems = values.shape
    mean = float(values.mean())
    by_seed = tuple(float(one) for one in values.mean(axis=1))
    variance, freedom = _variance_of_mean(values)
    if variance <= 0 or not math.isfinite(freedom):
        half = wilson(0, problems, confidence).high
        p = 0.0 if mean != 0 and problems > 1 else 1.0
    else:
        deviation = math.sqrt(variance)
        half = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * deviation
        p = float(2 * stats.t.sf(abs(mean) / deviation, freedom))
    return Crossed(problems, mean, Interval(max(low, mean - half), min(high, mean + half)), p, by_seed)


def mean_squares(values: Table) -> tuple[float, float, float]:
    """Mean squares of seeds, of problems and of what is left. Needs two seeds and two problems."""
    seeds, problems = values.shape
    grand = values.mean()
    of_seeds, of_problems = values.mean(axis=1, keepdims=True), values.mean(axis=0, keepdims=True)
    rest = values - of_seeds - of_problems + grand
    return (
        float(problems * ((of_seeds - grand) ** 2).sum() / (seeds - 1)),
        float(seeds * ((of_problems - grand) ** 2).sum() / (problems - 1)),
        float((rest**2).sum() / ((seeds - 1) * (problems - 1))),
    )


def _variance_of_mean(values: Table) -> tuple[float, float]:
    """The variance of the mean and its degrees of freedom; (0, nan) where it cannot be estimated."""
    seeds, problems = values.shape
    if problems < 2:
        return 0.0, math.nan
    if seeds == 1:
        return float(values.var(ddof=1)) / problems, problems - 1.0
    of_seeds, of_problems, rest = mean_squares(values)
    # Where the estimate of one component is negative, it counts as zero.
    parts = [(of_seeds, seeds - 1), (of_problems, problems - 1), (-rest, (seeds - 1) * (problems - 1))]
    if of_seeds < rest:
        parts = [(of_problems, problems - 1)]
    elif of_problems < rest:
        parts = [(of_seeds, seeds - 1)]
    total = sum(part for part, _ in parts)
    spread = sum(part**2 / freedom for part, freedom in parts)
    return total / (seeds * problems), total**2 / spread if spread else math.nan


def contrast(plus: Sequence[Seeds], minus: Sequence[Seeds]) -> Table:
    """Mean of the rows `plus` minus mean of the rows `minus`, on the problems that all of them have.

    A row is a sequence over seeds of mappings problem -> value. Seeds pair in order; a row with one seed (a model that
    was not trained) stands beside every seed of the others. Raises ValueError where numbers of seeds differ otherwise.
    """
    rows = [*plus, *minus]
    seeds = max(len(row) for row in rows)
    if any(len(row) not in (1, seeds) for row in rows):
        raise ValueError(f"rows of {', '.join(str(len(row)) for row in rows)} seeds cannot be paired")
    common = sorted(set.intersection(*(set(values) for row in rows for values in row)))
    tables = [np.array([[values[key] for key in common] for values in row], dtype=np.float64) for row in rows]
    whole = [np.broadcast_to(table, (seeds, len(common))) for table in tables]
    difference = np.mean(whole[: len(plus)], axis=0) - np.mean(whole[len(plus) :], axis=0)
    return np.asarray(difference, dtype=np.float64)
