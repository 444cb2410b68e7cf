"""Paired tests between two arms on the same problems, by scipy and statsmodels.

Attempts at one problem are alike, so the problem, not the attempt, is what is flipped and counted. Every function takes
one value a problem and is deterministic for a given generator.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from evaluation.certainty.intervals import Interval, Values, difference_interval, with_unseen
from evaluation.config import EvaluationConfig


@final
@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """Two arms, a and b, on the same problems: the difference a - b of every problem, and tests of its mean."""

    differences: Values
    p: float
    """Two-sided p-value of the test that `paired_sampled` or `paired_greedy` names."""
    wilcoxon_p: float | None
    """Wilcoxon's signed-rank test on the same differences, zeros dropped; None for greedy attempts."""

    @property
    def n(self) -> int:
        """Problems."""
        return len(self.differences)

    @property
    def difference(self) -> float:
        """The mean over problems."""
        return float(self.differences.mean())

    @property
    def better(self) -> int:
        """Problems where a is better; `worse` where b is."""
        return int((self.differences > 0).sum())

    @property
    def worse(self) -> int:
        return int((self.differences < 0).sum())

    def interval(self, confidence: float) -> Interval:
        """The interval of the mean difference."""
        return difference_interval(self.differences, confidence)

    def non_inferiority_p(self, margin: float) -> float:
        """One-sided p of "a is worse than b by `margin` or more, in the mean".

        Student's paired t-test of the mean difference against -margin, on the differences and those that `with_unseen`
        adds. The variance is no smaller than that of a margin made of problems wholly lost, margin x (1 - margin): few
        of these may well have escaped the sample, which then shows hardly any variance.
        """
        seen = with_unseen(self.differences)
        variance = max(float(seen.var(ddof=1)), margin * (1 - margin))
        return float(stats.t.sf((float(seen.mean()) + margin) / math.sqrt(variance / len(seen)), len(seen) - 1))


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator that depends on seed and names alone, so that an arm's figures do not depend on the other arms."""
    return np.random.default_rng([seed & 0xFFFFFFFF, *"\0".join(names).encode()])


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
    return Paired(differences, p, 1.0 if flat else _wilcoxon(differences))


def paired_greedy(a: Mapping[str, float], b: Mapping[str, float]) -> Paired | None:
    """Compare greedy attempts, 0 or 1 a problem, on the problems that both arms have: McNemar's exact test."""
    differences = _differences(a, b)
    if not len(differences):
        return None
    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    return Paired(differences, float(mcnemar([[0, better], [worse, 0]], exact=True).pvalue), None)


def _differences(a: Mapping[str, float], b: Mapping[str, float]) -> Values:
    return np.array([a[problem] - b[problem] for problem in sorted(a.keys() & b.keys())], dtype=np.float64)


def _sign_flip(differences: Values, permutations: int, rng: np.random.Generator) -> float:
    differences = differences[differences != 0]  # a zero stays one whichever way it is flipped: no order changes

    def flipped(size: tuple[int, ...]) -> Values:
        signs = rng.integers(0, 2, size=size, dtype=np.int8) * 2 - 1
        return signs * differences

    # Resamples at once: at most some 16 MiB of doubles, whatever the number of problems.
    batch = max(1, 2_000_000 // len(differences))
    result = stats.monte_carlo_test(
        differences, flipped, np.mean, vectorized=True, n_resamples=permutations, batch=batch
    )
    return float(result.pvalue)


def _wilcoxon(differences: Values) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # for few and tied differences it warns that p is approximate
        return float(stats.wilcoxon(differences).pvalue)
