"""Intervals clustered by problem, paired tests between arms, and corrections, by scipy and statsmodels.

Attempts at one problem are alike, so the problem, not the attempt, is what is resampled, flipped and counted.
Every function takes one value a problem and is deterministic for a given generator.
"""

import functools
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint

from evaluation.config import EvaluationConfig

Values = NDArray[np.float64]


class Interval(NamedTuple):
    """A confidence interval of a share or of a difference of shares."""

    low: float
    high: float


class Paired(NamedTuple):
    """Two arms on the same problems: the mean of a - b over problems, its interval, and the least detectable one."""

    n: int
    difference: float
    ci: Interval
    p: float
    """Two-sided p-value of the test that `paired_sampled` or `paired_greedy` names."""
    wilcoxon_p: float | None
    """Wilcoxon's signed-rank test on the same differences, zeros dropped; None for greedy attempts."""
    minimum_detectable: float | None
    better: int
    """Problems where a is better; `worse` where b is."""
    worse: int


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator that depends on seed and names alone, so that an arm's figures do not depend on the other arms."""
    return np.random.default_rng([seed & 0xFFFFFFFF, *"\0".join(names).encode()])


def wilson(right: float, n: int, confidence: float) -> Interval:
    """Wilson's interval of a share: for greedy attempts, one a problem. Needs n >= 1."""
    low, high = proportion_confint(right, n, alpha=1 - confidence, method="wilson")
    # Rounding leaves the bound a hair inside a share of 0 or 1.
    return Interval(min(float(low), right / n), max(float(high), right / n))


def mean_interval(values: Sequence[float], config: EvaluationConfig, rng: np.random.Generator) -> Interval:
    """Percentile-bootstrap interval of the mean over problems of per-problem rates in [0, 1]. Needs one value.

    Where all values are equal the bootstrap sees no variance at all; Wilson's interval on that many problems is
    taken instead, which is wider and honest.
    """
    data = np.asarray(values, dtype=np.float64)
    if _constant(data):
        return _clip(wilson(float(data[0]) * len(data), len(data), config.confidence), 0.0, 1.0)
    return _bootstrap(data, config, rng)


def paired_sampled(
    a: Mapping[str, float], b: Mapping[str, float], config: EvaluationConfig, rng: np.random.Generator
) -> Paired | None:
    """Compare per-problem rates of sampled attempts on the problems that both arms have; None without any.

    p is of the sign-flip permutation test on the mean difference (exchangeable under "the arms do not differ").
    """
    differences = _differences(a, b)
    if not len(differences):
        return None
    flat = not differences.any()
    p = 1.0 if flat else _sign_flip(differences, config.permutations, rng)
    return _paired(differences, p, 1.0 if flat else _wilcoxon(differences), config, rng)


def paired_greedy(
    a: Mapping[str, float], b: Mapping[str, float], config: EvaluationConfig, rng: np.random.Generator
) -> Paired | None:
    """Compare greedy attempts, 0 or 1 a problem, on the problems that both arms have: McNemar's exact test."""
    differences = _differences(a, b)
    if not len(differences):
        return None
    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    p = float(mcnemar([[0, better], [worse, 0]], exact=True).pvalue) if better + worse else 1.0
    return _paired(differences, p, None, config, rng)


def adjust(values: Sequence[float | None], method: str = "holm") -> list[float | None]:
    """p-values corrected for their number: `holm` (family-wise) or `fdr_bh` (Benjamini-Hochberg). None stays None."""
    known = [value for value in values if value is not None]
    if not known:
        return [None] * len(values)
    corrected = iter(multipletests(known, method=method)[1])
    return [None if value is None else float(next(corrected)) for value in values]


def enough_permutations(config: EvaluationConfig, comparisons: int) -> EvaluationConfig:
    """`config` with enough sign flips for `comparisons` tests: the smallest p, corrected, is half the level or less.

    The smallest two-sided p of a permutation test is 2 / (permutations + 1), and Holm multiplies it by their number.
    """
    needed = math.ceil(4 * comparisons / (1 - config.confidence))
    return config.model_copy(update={"permutations": max(config.permutations, needed)})


def minimum_detectable(differences: Values, level: float, power: float = 0.8) -> float | None:
    """The smallest mean difference that a paired test at `level` finds with `power`, given the spread seen here.

    From the power of the paired t-test (statsmodels); None with fewer than three problems, without any spread,
    or where it would be more than the whole.
    """
    if len(differences) < 3 or _constant(differences):
        return None
    least = _effect_size(len(differences), round(level, 12), power) * float(differences.std(ddof=1))
    return least if least <= 1 else None


@functools.lru_cache(maxsize=256)
def _effect_size(n: int, level: float, power: float) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its root finder warns while it brackets; the result is checked below
        size = float(np.squeeze(TTestPower().solve_power(nobs=n, alpha=level, power=power)))
    if not math.isfinite(size):
        size = float(stats.norm.isf(level / 2) + stats.norm.isf(1 - power)) / math.sqrt(n)
    return size


def _paired(
    differences: Values, p: float, wilcoxon_p: float | None, config: EvaluationConfig, rng: np.random.Generator
) -> Paired:
    if _constant(differences):
        # No problem differs from another: how many might, is bounded as a share of which none was seen.
        slack = wilson(0, len(differences), config.confidence).high
        interval = _clip(Interval(float(differences[0]) - slack, float(differences[0]) + slack), -1.0, 1.0)
    else:
        interval = _bootstrap(differences, config, rng)
    return Paired(
        n=len(differences),
        difference=float(differences.mean()),
        ci=interval,
        p=p,
        wilcoxon_p=wilcoxon_p,
        minimum_detectable=minimum_detectable(differences, 1 - config.confidence),
        better=int((differences > 0).sum()),
        worse=int((differences < 0).sum()),
    )


def _differences(a: Mapping[str, float], b: Mapping[str, float]) -> Values:
    return np.array([a[problem] - b[problem] for problem in sorted(a.keys() & b.keys())], dtype=np.float64)


def _sign_flip(differences: Values, permutations: int, rng: np.random.Generator) -> float:
    differences = differences[differences != 0]  # a zero stays one whichever way it is flipped: no order changes

    def flipped(size: tuple[int, ...]) -> Values:
        signs = rng.integers(0, 2, size=size, dtype=np.int8) * 2 - 1
        return np.asarray(signs * differences, dtype=np.float64)

    result = stats.monte_carlo_test(
        differences, flipped, np.mean, vectorized=True, n_resamples=permutations, batch=_batch(differences)
    )
    return float(result.pvalue)


def _wilcoxon(differences: Values) -> float | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # for few and tied differences it warns that p is approximate
        p = float(stats.wilcoxon(differences).pvalue)
    return p if math.isfinite(p) else None


def _bootstrap(data: Values, config: EvaluationConfig, rng: np.random.Generator) -> Interval:
    result = stats.bootstrap(
        (data,),
        np.mean,
        n_resamples=config.bootstrap,
        confidence_level=config.confidence,
        method="percentile",
        vectorized=True,
        batch=_batch(data),
        rng=rng,
    )
    return Interval(float(result.confidence_interval.low), float(result.confidence_interval.high))


def _batch(data: Values) -> int:
    """Resamples at once: at most some 16 MiB of doubles, whatever the number of problems."""
    return max(1, 2_000_000 // max(1, len(data)))


def _constant(data: Values) -> bool:
    return bool(len(data) < 2 or np.ptp(data) == 0)


def _clip(interval: Interval, low: float, high: float) -> Interval:
    return Interval(max(low, interval.low), min(high, interval.high))
