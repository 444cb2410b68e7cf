"""The test that an arm matches the teacher: agreement with scipy and statsmodels, size and power on known truths."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from evaluation.certainty.intervals import Values
from evaluation.certainty.statistics import Paired
from evaluation.certainty.verdicts import Verdicts
from evaluation.config import EvaluationConfig

MARGIN = 0.05
Draw = Callable[[np.random.Generator, int], Values]


def p_of(differences: Values, margin: float = MARGIN) -> float:
    return Paired(differences, 1.0, None).non_inferiority_p(margin)


def lost_wholly(rng: np.random.Generator, n: int) -> Values:
    """Few problems, each lost wholly: what a sample misses most easily."""
    return -(rng.random(n) < MARGIN).astype(float)


def lost_and_won(rng: np.random.Generator, n: int) -> Values:
    drawn = rng.random(n)
    return np.where(drawn < MARGIN + 0.03, -1.0, np.where(drawn > 0.97, 1.0, 0.0))


def worse_everywhere(rng: np.random.Generator, n: int) -> Values:
    chances = rng.beta(4, 1, n)
    return np.asarray((rng.binomial(4, chances * (1 - MARGIN / 0.8), n) - rng.binomial(4, chances, n)) / 4)


def failing_on_some(rng: np.random.Generator, n: int) -> Values:
    """The arm never solves some problems that the teacher solves nine times in ten."""
    arm = np.where(rng.random(n) < MARGIN / 0.9, 0.0, 0.9)
    return np.asarray((rng.binomial(16, arm, n) - rng.binomial(16, 0.9, n)) / 16)


def test_it_is_the_paired_t_test_of_scipy_and_statsmodels_where_the_variance_is_large() -> None:
    rng = np.random.default_rng(0)
    differences = worse_everywhere(rng, 120)
    seen = [*differences, 1.0, -1.0]
    expected = stats.ttest_1samp(seen, -MARGIN, alternative="greater").pvalue
    assert p_of(differences) == pytest.approx(expected)
    _, lower, _ = ttost_paired(np.array(seen), np.zeros(len(seen)), -MARGIN, 1.0)
    assert p_of(differences) == pytest.approx(lower[1])


def test_problems_on_which_nothing_differs_prove_little_where_they_are_few() -> None:
    """Of 25 problems a loss of 5 points shows none with chance 0.28; a t-test without a floor calls that certain."""
    assert p_of(np.zeros(25)) > 0.05
    assert p_of(np.zeros(400)) < 0.001


@pytest.mark.parametrize("draw", [lost_wholly, lost_and_won, worse_everywhere, failing_on_some])
@pytest.mark.parametrize("n", [25, 50, 200])
def test_a_loss_of_the_margin_is_seldom_called_a_match(draw: Draw, n: int) -> None:
    """Size at the border, at the level of one test and at that of the smallest p of six: 1,000 simulations each."""
    rng = np.random.default_rng([n, 1])
    values = np.array([p_of(draw(rng, n)) for _ in range(1000)])
    assert np.mean(values < 0.025) <= 0.04
    assert np.mean(values < 0.025 / 6) <= 0.012


def test_an_arm_as_good_as_the_teacher_is_found_with_the_power_that_theory_gives() -> None:
    rng = np.random.default_rng(2)
    n, found, spread = 400, [], []
    for _ in range(300):
        chances = rng.beta(4, 1, n)
        differences = (rng.binomial(4, chances) - rng.binomial(4, chances)) / 4
        found.append(p_of(differences) < 0.025)
        spread.append(differences.std(ddof=1))
    expected = stats.norm.cdf(MARGIN / (np.mean(spread) / np.sqrt(n)) - stats.norm.isf(0.025))
    assert np.mean(found) == pytest.approx(expected, abs=0.05)
    assert np.mean(found) > 0.9


@pytest.mark.long
def test_a_family_of_arms_at_the_border_errs_as_seldom_as_the_recipe_says() -> None:
    """Six arms, each worse than the teacher by the margin: any of them is called a match in 5 % of runs at most."""
    rng = np.random.default_rng(3)
    config = EvaluationConfig()
    claimed = []
    for _ in range(40):
        arms = {str(arm): Paired(worse_everywhere(rng, 100), 1.0, None) for arm in range(6)}
        claimed.append(any(one.shown for one in Verdicts(arms, arms, config).matches.values()))
    assert np.mean(claimed) <= 0.05


@pytest.mark.long
def test_a_match_is_claimed_only_where_the_interval_allows_it() -> None:
    rng = np.random.default_rng(4)
    config = EvaluationConfig()
    shown = 0
    for _ in range(40):
        arm = Paired((rng.binomial(4, 0.8, 200) - rng.binomial(4, 0.8, 200)) / 4 - rng.uniform(0, 0.05), 1.0, None)
        match = Verdicts({"arm": arm}, {"arm": arm}, config).matches["arm"]
        shown += match.shown
        assert not match.shown or arm.interval(config.confidence).low > -MARGIN
    assert 0 < shown < 40


def test_tests_of_matches_are_corrected_with_the_comparisons() -> None:
    rng = np.random.default_rng(5)
    arm = Paired(rng.normal(0.0, 0.2, 200).clip(-1, 1), 0.6, None)
    alone = Verdicts({"arm": arm}, {"arm": arm}, EvaluationConfig()).matches["arm"]
    others = {str(index): Paired(rng.normal(0, 0.3, 200), 0.5, None) for index in range(20)}
    among = Verdicts({"arm": arm} | others, {"arm": arm}, EvaluationConfig()).matches["arm"]
    assert (alone.p_adjusted, among.p_adjusted) == (pytest.approx(4 * alone.p), pytest.approx(44 * alone.p))
