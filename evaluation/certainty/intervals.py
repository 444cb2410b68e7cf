"""Confidence intervals of accuracies and of their paired differences, clustered by problem. Pure and deterministic.

Attempts at one problem are alike, so the problem, not the attempt, is the unit. Both intervals stay honest where nearly
all problems agree, and the data say little about how often the others come: there the variance that was seen is too
small. docs/metrics.md has their simulated coverage, which `python -m benchmarks.coverage` measures.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

Values = NDArray[np.float64]

UNSEEN = 4.0
"""What "attempts at a problem agree wholly" weighs against the agreement that was seen. Unit: problems right (or wrong,
if they are fewer). With 4, no right attempt more makes an interval narrower up to a mean of 1/20."""


class Interval(NamedTuple):
    """A confidence interval of a share or of a difference of shares."""

    low: float
    high: float


def accuracy_interval(counts: Iterable[tuple[int, int]], confidence: float) -> Interval:
    """Interval of the mean over problems of right / attempts, from every problem's (right, attempts >= 1).

    With one attempt a problem it is Clopper and Pearson's exact interval. Needs one problem.
    """
    found = np.array(list(counts), dtype=np.float64)
    return _one(found[:, 0] / found[:, 1], float((1 / found[:, 1]).mean()), confidence)


def score_interval(scores: Sequence[float], confidence: float) -> Interval:
    """Interval of the mean over problems of scores in [0, 1] that need not be shares of right attempts."""
    return _one(np.asarray(scores, dtype=np.float64), 0.0, confidence)


def share_bounds(
    mean: Any, variance: Any, problems: int, least_design: float, confidence: float, most_design: float = 1.0
) -> tuple[Values, Values]:
    """Korn and Graubard's interval: Clopper and Pearson's at the effective number of problems. Broadcasts.

    mean, variance: over problems, of values in [0, 1]. The variance over mean x (1 - mean) lies between `least_design`
    (the mean of 1 / attempts: attempts at a problem are no more alike than others) and 1, where all attempts at a
    problem agree (`most_design`: above 1 where other things than problems vary, too). What is estimated for it is drawn
    towards 1 by UNSEEN problems. (Korn & Graubard, Survey Methodology 24, 1998; the drawing towards 1 is ours.)
    """
    whole = mean * (1 - mean)
    # Where the mean is 0 or 1, so is the mass, and what was seen counts nothing.
    seen = np.clip(variance / np.maximum(whole, np.finfo(np.float64).tiny), least_design, most_design)
    mass = problems * np.minimum(mean, 1 - mean)
    effective = problems * (mass + UNSEEN) / (mass * seen + UNSEEN)
    low, high = proportion_confint(mean * effective, effective, alpha=1 - confidence, method="beta")
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)


def with_unseen(differences: Values) -> Values:
    """Paired differences in [-1, 1] and two that were not seen: a problem wholly gained and one wholly lost.

    This is Bonett and Price's adjustment of paired proportions (J. Educ. Behav. Stat. 37, 2012) for differences of any
    size: it keeps arms that never differed on few problems from looking the same for certain.
    """
    return np.append(differences, (1.0, -1.0))


def difference_interval(differences: Values, confidence: float) -> Interval:
    """Student's t-interval of the mean of paired differences, with those that `with_unseen` adds, within [-1, 1]."""
    found = stats.ttest_1samp(with_unseen(differences), 0.0).confidence_interval(confidence)
    return Interval(max(-1.0, float(found.low)), min(1.0, float(found.high)))


def _one(values: Values, least_design: float, confidence: float) -> Interval:
    variance = float(values.var(ddof=1)) if len(values) > 1 else 0.0
    mean = min(1.0, max(0.0, float(values.mean())))
    low, high = share_bounds(mean, variance, len(values), least_design, confidence)
    return Interval(min(float(low), mean), max(float(high), mean))
