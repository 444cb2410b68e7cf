"""Means over seeds and problems: against statsmodels' analysis of variance, and on planted and null effects."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from evaluation.certainty.crossed import Table, contrast, crossed_mean, mean_squares


def planted(rng: np.random.Generator, seeds: int, problems: int, of_seed: float, of_problem: float) -> Table:
    """Values of mean 0 with standard deviations of seeds, of problems, and 0.3 of what is left."""
    noise = rng.normal(0, 0.3, size=(seeds, problems))
    return np.asarray(rng.normal(0, of_seed, (seeds, 1)) + rng.normal(0, of_problem, (1, problems)) + noise)


def test_mean_squares_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(0)
    for seeds, problems in ((2, 3), (3, 20), (5, 11)):
        values = planted(rng, seeds, problems, 0.2, 0.4)
        seed, problem = (index.ravel() for index in np.indices(values.shape))
        columns = {"value": values.ravel(), "seed": seed, "problem": problem}
        table = anova_lm(ols("value ~ C(seed) + C(problem)", columns).fit())
        expected = [table["mean_sq"][name] for name in ("C(seed)", "C(problem)", "Residual")]
        assert mean_squares(values) == pytest.approx(expected)


def test_one_seed_is_the_t_test_over_problems() -> None:
    values = np.random.default_rng(1).normal(0.1, 0.3, size=(1, 40))
    found = crossed_mean(values, 0.95, -1, 1)
    expected = stats.ttest_1samp(values[0], 0)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.ci == pytest.approx(tuple(expected.confidence_interval(0.95)))


@pytest.mark.parametrize(("of_seed", "of_problem"), [(0.0, 0.3), (0.05, 0.2), (0.1, 0.0), (0.0, 0.0)])
def test_null_effects_are_significant_about_as_often_as_said(of_seed: float, of_problem: float) -> None:
    """Three seeds are few: where seeds alone vary, the approximation may be conservative, hardly liberal."""
    rng = np.random.default_rng(2)
    rejected = [crossed_mean(planted(rng, 3, 100, of_seed, of_problem), 0.95, -1, 1).p < 0.05 for _ in range(1000)]
    assert 0.02 <= np.mean(rejected) <= 0.075


def test_planted_effects_are_found_with_the_power_that_theory_gives() -> None:
    rng = np.random.default_rng(3)
    deviation = float(np.sqrt(0.3**2 / 100 + 0.3**2 / 300))
    effect = 2.8 * deviation
    found = [crossed_mean(planted(rng, 3, 100, 0.0, 0.3) + effect, 0.95, -1, 1).p < 0.05 for _ in range(1000)]
    assert float(np.mean(found)) == pytest.approx(stats.norm.cdf(2.8 - 1.96), abs=0.05)


def test_an_unsteady_method_is_less_sure_than_problems_alone_would_say() -> None:
    rng = np.random.default_rng(4)
    values = planted(rng, 3, 200, 0.1, 0.0) + 0.1
    crossed = crossed_mean(values, 0.95, -1, 1).ci
    naive = crossed_mean(values.mean(axis=0, keepdims=True), 0.95, -1, 1).ci
    assert crossed.high - crossed.low > 3 * (naive.high - naive.low)


def test_what_never_varies_is_not_said_to_be_certain() -> None:
    same = crossed_mean(np.ones((3, 50)), 0.95, 0, 1)
    assert (same.mean, same.ci.high) == (1.0, 1.0)
    assert 0.9 < same.ci.low < 0.95
    zero = crossed_mean(np.zeros((3, 50)), 0.95, -1, 1)
    assert (zero.p, zero.ci.low) == (1.0, -zero.ci.high)


def test_contrasts_pair_seeds_and_take_common_problems() -> None:
    one = [{"x": 1.0, "y": 0.5, "z": 0.0}, {"x": 1.0, "y": 1.0}]
    other = [{"x": 0.0, "y": 0.5, "z": 1.0}, {"x": 0.5, "y": 0.5}]
    base = [{"x": 0.25, "y": 0.25}]
    assert contrast([one], [other]).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert contrast([one, other], [base]).tolist() == [[0.25, 0.25], [0.5, 0.5]]
    with pytest.raises(ValueError, match="cannot be paired"):
        contrast([one], [[*other, base[0]]])
