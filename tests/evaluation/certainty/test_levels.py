"""Confidence is the recipe's, and tests look at both sides."""

import numpy as np
import pytest
from scipy import stats

from evaluation.certainty import statistics
from evaluation.certainty.intervals import Values, score_interval
from evaluation.config import EvaluationConfig


def rates(values: Values) -> dict[str, float]:
    return {f"p{index:03d}": float(value) for index, value in enumerate(values)}


def test_an_interval_is_as_wide_as_the_confidence_asks_for() -> None:
    values = list(np.random.default_rng(0).random(2000))
    spread = float(np.std(values)) / 2000**0.5
    for confidence in (0.8, 0.95, 0.99):
        low, high = score_interval(values, confidence)
        assert high - low == pytest.approx(2 * stats.norm.isf((1 - confidence) / 2) * spread, rel=0.05)


def test_wilcoxon_looks_at_both_sides() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random(30), rng.random(30) - 0.1
    config = EvaluationConfig(permutations=199)
    found = [
        statistics.paired_sampled(rates(one), rates(other), config, statistics.generator(0))
        for one, other in ((a, b), (b, a))
    ]
    expected = float(stats.wilcoxon(a - b, alternative="two-sided").pvalue)
    assert [one.wilcoxon_p for one in found if one] == pytest.approx([expected, expected])
