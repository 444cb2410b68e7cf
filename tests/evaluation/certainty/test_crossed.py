"""Means over seeds and problems: against statsmodels' analysis of variance, and on planted and null effects."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from evaluation.certainty.crossed import Table, contrast, crossed_accuracy, crossed_difference, mean_squares


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
    values = np.random.default_rng(1).normal(0.1, 0.3, size=(1, 40)).clip(-1, 1)
    found = crossed_difference(values)
    expected = stats.ttest_1samp([*values[0], 1.0, -1.0], 0)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval(0.95) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    match = stats.ttest_1samp([*values[0], 1.0, -1.0], -0.05, alternative="greater")
    assert found.non_inferiority_p(0.05) == pytest.approx(match.pvalue)


@pytest.mark.parametrize(("of_seed", "of_problem"), [(0.0, 0.3), (0.05, 0.2), (0.1, 0.0), (0.0, 0.0), (0.02, 0.0)])
@pytest.mark.parametrize("seeds", [3, 5])
def test_null_effects_are_significant_at_most_about_as_often_as_said(
    seeds: int, of_seed: float, of_problem: float
) -> None:
    """Few seeds leave few degrees of freedom: docs/metrics.md has the grid."""
    rng = np.random.default_rng(2)
    rejected = [crossed_difference(planted(rng, seeds, 100, of_seed, of_problem)).p < 0.05 for _ in range(1000)]
    assert np.mean(rejected) <= 0.085


def test_a_mean_square_of_seeds_that_chance_made_small_counts_as_that_of_the_rest() -> None:
    """As nothing, which it counted as before, some 12 % of these null effects were significant."""
    rng = np.random.default_rng(9)
    rejected = [crossed_difference(planted(rng, 2, 200, 0.04, 0.0)).p < 0.05 for _ in range(1000)]
    assert np.mean(rejected) <= 0.05


def test_planted_effects_are_found_with_the_power_that_theory_gives() -> None:
    rng = np.random.default_rng(3)
    deviation = float(np.sqrt(0.3**2 / 100 + 0.3**2 / 300))
    effect = 2.8 * deviation
    found = [crossed_difference(planted(rng, 5, 100, 0.0, 0.3) + effect).p < 0.05 for _ in range(1000)]
    # Two problems that were not seen, and seeds that count for more than nothing, take some of it.
    assert stats.norm.cdf(2.8 - 1.96) - 0.12 <= np.mean(found) <= stats.norm.cdf(2.8 - 1.96) + 0.05


@pytest.mark.parametrize(("replicates", "least"), [(3, 0.92), (5, 0.93)])
def test_training_seeds_in_replicates_are_covered_by_the_interval_of_their_means(replicates: int, least: float) -> None:
    """A row of the table is the mean of three training seeds that share one teacher and student."""
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(1000):
        problems = rng.normal(0, 0.15, (1, 1, 100))
        models, training = rng.normal(0, 0.04, (replicates, 1, 1)), rng.normal(0, 0.04, (replicates, 3, 1))
        values = (problems + models + training + rng.normal(0, 0.25, (replicates, 3, 100))).mean(axis=1)
        low, high = crossed_difference(values + 0.1).interval(0.95)
        covered += low <= 0.1 <= high
    assert covered / 1000 >= least


def test_an_unsteady_method_is_less_sure_than_problems_alone_would_say() -> None:
    rng = np.random.default_rng(4)
    values = planted(rng, 3, 200, 0.1, 0.0) + 0.1
    crossed, naive = (crossed_difference(one).interval(0.95) for one in (values, values.mean(axis=0, keepdims=True)))
    assert crossed.high - crossed.low > 3 * (naive.high - naive.low)


def test_accuracies_that_never_vary_are_not_said_to_be_certain() -> None:
    same = crossed_accuracy(np.ones((3, 50)), 0.95)
    assert (same.mean, same.ci.high) == (1.0, 1.0)
    assert 0.9 < same.ci.low < 0.95
    zero = crossed_difference(np.zeros((3, 50)))
    low, high = zero.interval(0.95)
    assert (zero.p, low) == (1.0, -high)
    assert high > 0.03


def test_accuracies_near_an_edge_are_no_surer_for_one_right_attempt() -> None:
    none, one = np.zeros((3, 25)), np.zeros((3, 25))
    one[0, 0] = 1 / 8
    without, with_one = (crossed_accuracy(values, 0.95).ci for values in (none, one))
    assert with_one.high - with_one.low >= without.high - without.low


@pytest.mark.parametrize(("seeds", "rate"), [(1, 0.9), (3, 0.9), (3, 0.02), (5, 0.5)])
def test_accuracies_are_covered(seeds: int, rate: float) -> None:
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(600):
        chances = rng.beta(4 * rate, 4 * (1 - rate), (1, 100)) + rng.normal(0, 0.01, (seeds, 1))
        low, high = crossed_accuracy(rng.binomial(4, chances.clip(0, 1), (seeds, 100)) / 4, 0.95).ci
        covered += low <= rate <= high
    assert covered / 600 >= 0.93


def test_contrasts_pair_seeds_and_take_common_problems() -> None:
    one = [{"x": 1.0, "y": 0.5, "z": 0.0}, {"x": 1.0, "y": 1.0}]
    other = [{"x": 0.0, "y": 0.5, "z": 1.0}, {"x": 0.5, "y": 0.5}]
    base = [{"x": 0.25, "y": 0.25}]
    assert contrast([one], [other]).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert contrast([one, other], [base]).tolist() == [[0.25, 0.25], [0.5, 0.5]]
    with pytest.raises(ValueError, match="cannot be paired"):
        contrast([one], [[*other, base[0]]])
