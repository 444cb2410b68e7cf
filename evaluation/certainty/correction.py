"""Many tests at once: Holm's correction, the level that it gives to each of them, and what could have been found."""

import functools
import math
import warnings
from collections.abc import Sequence

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from evaluation.certainty.intervals import Values, with_unseen
from evaluation.config import EvaluationConfig

CORRECTION = "holm"


def adjust(values: Sequence[float]) -> list[float]:
    """p-values corrected for their number by Holm's method."""
    return [float(p) for p in multipletests(values, method=CORRECTION)[1]] if values else []


def holm_levels(values: Sequence[float], level: float) -> list[float]:
    """The level that Holm's procedure compares each p-value with, so that all together err with `level` at most.

    Of m tests the smallest p has level / m, the next one level / (m - 1), and so on; from the first that is not below
    its level, all others have that level (Holm, Scand. J. Stat. 6, 1979).
    """
    levels, left = [0.0] * len(values), len(values)
    for index in sorted(range(len(values)), key=values.__getitem__):
        levels[index] = level / left
        left -= values[index] < levels[index]
    return levels


def enough_permutations(config: EvaluationConfig, comparisons: int) -> EvaluationConfig:
    """`config` with enough sign flips for `comparisons` tests: the smallest p, corrected, is half the level or less.

    The smallest two-sided p of a permutation test is 2 / (permutations + 1), and Holm multiplies it by their number.
    """
    needed = math.ceil(4 * comparisons / (1 - config.confidence))
    return config.model_copy(update={"permutations": max(config.permutations, needed)})


def minimum_detectable(differences: Values, level: float, power: float = 0.8) -> float | None:
    """The smallest mean difference that a two-sided paired test at `level` finds with `power`, given the spread seen.

    From the power of the paired t-test (statsmodels) on what the interval is made of. `level` is the one that the
    correction leaves to the comparison. None with fewer than three problems, or where it would be more than the whole.
    """
    if len(differences) < 3:
        return None
    seen = with_unseen(differences)
    least = _effect_size(len(seen), round(level, 12), power) * float(seen.std(ddof=1))
    return least if least <= 1 else None


@functools.lru_cache(maxsize=256)
def _effect_size(n: int, level: float, power: float) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its root finder warns while it brackets; the result is checked below
        size = float(np.squeeze(TTestPower().solve_power(nobs=n, alpha=level, power=power)))
    if not math.isfinite(size):
        size = float(stats.norm.isf(level / 2) + stats.norm.isf(1 - power)) / math.sqrt(n)
    return size
