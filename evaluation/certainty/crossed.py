"""Intervals and tests of a mean over seeds and problems, both of which are samples from larger populations.

Every seed trains an arm anew and all of them attempt the same problems: a crossed design with one value a cell. The
variance of its mean follows from the mean squares of the two-way random-effects analysis of variance, the degrees of
freedom from Satterthwaite's approximation (Searle, Casella & McCulloch, Variance Components, 1992, chapters 4 and 5):

    var = (MS_seeds + MS_problems - MS_rest) / (seeds x problems)

A mean square that chance made smaller than that of the rest counts as that of the rest, not as nothing: with three
seeds it often is, and the interval would hold for these seeds alone. Problems that were attempted several times stand
as shares of right attempts, so attempts need no term of their own. Training seeds inside of a replicate (models made
anew) are nested in it: their mean is one row of the table, whose variance then holds theirs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evaluation.certainty.intervals import Interval, share_bounds, with_unseen

Table = NDArray[np.float64]
"""seeds x problems."""

Seeds = Sequence[Mapping[str, float]]
"""Over seeds: problem -> value."""


class CrossedAccuracy(NamedTuple):
    """The mean of a table of accuracies, and how sure it is."""

    problems: int
    mean: float
    ci: Interval
    by_seed: tuple[float, ...]
    """The mean of every seed."""


@dataclass(frozen=True, slots=True)
class CrossedDifference:
    """The mean of a table of differences in [-1, 1], and tests of it."""

    problems: int
    mean: float
    by_seed: tuple[float, ...]
    centre: float
    """The mean with the two problems that `with_unseen` adds; `deviation` is its standard error."""
    deviation: float
    freedom: float

    @property
    def p(self) -> float:
        """Two-sided, of "the mean is 0"."""
        return float(2 * stats.t.sf(abs(self.centre) / self.deviation, self.freedom))

    def interval(self, confidence: float) -> Interval:
        """The interval of the mean."""
        half = float(stats.t.ppf(0.5 + confidence / 2, self.freedom)) * self.deviation
        return Interval(max(-1.0, self.centre - half), min(1.0, self.centre + half))

    def non_inferiority_p(self, margin: float) -> float:
        """One-sided, of "the mean is -margin or less"; see `Paired.non_inferiority_p`."""
        least = math.sqrt(margin * (1 - margin) / (self.problems + 2))
        return float(stats.t.sf((self.centre + margin) / max(self.deviation, least), self.freedom))


def crossed_accuracy(values: Table, confidence: float) -> CrossedAccuracy:
    """Mean and interval of a table with at least one value in [0, 1].

    The interval is Korn and Graubard's (`share_bounds`), whose effective number of problems is reduced for the degrees
    of freedom. With one seed it says nothing about other seeds: problems alone are the sample.
    """
    problems, mean = values.shape[1], min(1.0, max(0.0, float(values.mean())))
    variance, freedom = variance_of_mean(values)
    tails = stats.t.isf(0.5 - confidence / 2, freedom) / stats.norm.isf(0.5 - confidence / 2) if variance else 1.0
    low, high = share_bounds(mean, variance * problems * tails**2, problems, 0.0, confidence, most_design=math.inf)
    ci = Interval(min(float(low), mean), max(float(high), mean))
    return CrossedAccuracy(problems, mean, ci, _by_seed(values))


def crossed_difference(values: Table) -> CrossedDifference:
    """The mean of a table of differences with at least one value, and what tests of it need."""
    with_two = np.apply_along_axis(with_unseen, 1, values)
    variance, freedom = variance_of_mean(with_two)
    return CrossedDifference(
        problems=values.shape[1],
        mean=float(values.mean()),
        by_seed=_by_seed(values),
        centre=float(with_two.mean()),
        deviation=math.sqrt(variance),
        freedom=freedom,
    )


def _by_seed(values: Table) -> tuple[float, ...]:
    return tuple(float(one) for one in values.mean(axis=1))


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


def variance_of_mean(values: Table) -> tuple[float, float]:
    """The variance of the mean and its degrees of freedom; (0, inf) with one problem, or where nothing varies."""
    seeds, problems = values.shape
    if problems < 2:
        return 0.0, math.inf
    if seeds == 1:
        return float(values.var(ddof=1)) / problems, problems - 1.0
    of_seeds, of_problems, rest = mean_squares(values)
    of_seeds, of_problems = max(of_seeds, rest), max(of_problems, rest)
    parts = [(of_seeds, seeds - 1), (of_problems, problems - 1), (-rest, (seeds - 1) * (problems - 1))]
    total = sum(part for part, _ in parts)
    spread = sum(part**2 / freedom for part, freedom in parts)
    return total / (seeds * problems), total**2 / spread if spread else math.inf


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
