"""Intervals: against published formulas, on simulated truths, and never narrower for being luckier near the edges."""

import numpy as np
import pytest
from scipy import stats

from evaluation.certainty.intervals import (
    Values,
    accuracy_interval,
    difference_interval,
    score_interval,
    share_bounds,
)

Counts = list[tuple[int, int]]


def width(counts: Counts) -> float:
    low, high = accuracy_interval(counts, 0.95)
    return high - low


def clustered(rng: np.random.Generator, shape: tuple[int, int], rate: float, alike: float) -> Values:
    """Chances of problems with mean `rate` and intra-problem correlation `alike`."""
    if alike in (0.0, 1.0):
        return np.full(shape, rate) if alike == 0.0 else (rng.random(shape) < rate).astype(float)
    weight = (1 - alike) / alike
    return rng.beta(rate * weight, (1 - rate) * weight, shape)


@pytest.mark.parametrize(("right", "n"), [(0, 25), (1, 25), (7, 30), (29, 30), (30, 30), (1, 1)])
def test_one_attempt_a_problem_is_clopper_and_pearson(right: int, n: int) -> None:
    expected = stats.binomtest(right, n).proportion_ci(0.95, method="exact")
    found = accuracy_interval([(1, 1)] * right + [(0, 1)] * (n - right), 0.95)
    assert found == pytest.approx((expected.low, expected.high))


def test_far_from_the_edge_the_effective_number_is_that_of_korn_and_graubard() -> None:
    rng = np.random.default_rng(0)
    counts = [(int(right), 4) for right in rng.binomial(4, clustered(rng, (1, 20_000), 0.5, 0.3)[0])]
    rates = np.array([right / n for right, n in counts])
    effective = rates.mean() * (1 - rates.mean()) / (rates.var(ddof=1) / len(rates))
    right = effective * rates.mean()
    expected = (
        stats.beta.ppf(0.025, right, effective - right + 1),
        stats.beta.isf(0.025, right + 1, effective - right),
    )
    assert accuracy_interval(counts, 0.95) == pytest.approx(expected, abs=1e-5)


def test_one_of_eight_right_is_no_surer_than_none_of_25_problems() -> None:
    """The case that was reported: [0, .015] for 24 problems with 0 of 8 and one with 1 of 8."""
    none = accuracy_interval([(0, 8)] * 25, 0.95)
    one = accuracy_interval([(0, 8)] * 24 + [(1, 8)], 0.95)
    assert none == pytest.approx((0.0, 0.1372), abs=1e-4)
    assert one.high - one.low > none.high - none.low
    assert one.high > none.high


@pytest.mark.parametrize("problems", [5, 10, 25, 50, 200])
@pytest.mark.parametrize("attempts", [1, 2, 4, 8, 16])
def test_no_right_attempt_more_makes_an_interval_narrower_near_an_edge(problems: int, attempts: int) -> None:
    """Random data up to a mean of 1/20, one attempt made right; and the mirror image at the other edge."""
    rng = np.random.default_rng([problems, attempts])
    for _ in range(60):
        right = np.zeros(problems, dtype=int)
        for _ in range(rng.integers(0, max(1, problems * attempts // 20) + 1)):
            # Sometimes one problem gets all, sometimes many problems get one.
            at = int(rng.choice(np.flatnonzero(right < attempts))) if rng.random() < 0.5 else int(right.argmax())
            right[at] = min(attempts, right[at] + 1)
        if right.mean() / attempts > 1 / 20:
            continue
        more = right.copy()
        more[rng.choice(np.flatnonzero(right < attempts))] += 1
        before, after = ([(int(one), attempts) for one in counts] for counts in (right, more))
        assert width(after) >= width(before) - 1e-12
        mirrored = ([(n - one, n) for one, n in counts] for counts in (before, after))
        assert width(next(mirrored)) <= width(next(mirrored)) + 1e-12


@pytest.mark.parametrize("step", [1, 4, 8])
def test_widths_rise_up_to_a_fifth_as_problems_get_alike_right_attempts(step: int) -> None:
    widths = [width([(step, 8)] * right + [(0, 8)] * (50 - right)) for right in range(51) if right * step <= 80]
    assert widths == sorted(widths)


def test_intervals_of_equal_values_are_no_points_and_hold_their_mean() -> None:
    for value in (0.0, 0.5, 1.0):
        for problems in (1, 2, 30):
            low, high = score_interval([value] * problems, 0.95)
            assert 0.0 <= low <= value <= high <= 1.0
            assert high - low > 0.05


def test_problems_with_fewer_attempts_count_alike_and_are_less_sure() -> None:
    uneven = [(1, 2)] * 20 + [(3, 8)] * 20
    low, high = accuracy_interval(uneven, 0.95)
    assert low < (0.5 + 0.375) / 2 < high
    assert high - low > width([(4, 8)] * 20 + [(3, 8)] * 20)


@pytest.mark.parametrize("alike", [0.0, 0.2, 1.0])
@pytest.mark.parametrize(("problems", "rate"), [(10, 0.01), (25, 0.01), (25, 0.5), (200, 0.02), (200, 0.8)])
def test_intervals_cover_the_truth(problems: int, rate: float, alike: float) -> None:
    """A small part of the grid of `benchmarks.coverage`; 2,000 simulations are good to half a point."""
    rng = np.random.default_rng(7)
    rates = rng.binomial(8, clustered(rng, (2000, problems), rate, alike)) / 8
    low, high = share_bounds(rates.mean(axis=1), rates.var(axis=1, ddof=1), problems, 1 / 8, 0.95)
    assert np.mean((low <= rate) & (rate <= high)) >= 0.94


def test_the_benchmark_and_the_report_use_the_same_interval() -> None:
    counts = [(0, 8), (3, 8), (8, 8), (1, 8), (0, 8)]
    rates = np.array([right / n for right, n in counts])
    low, high = share_bounds(rates.mean(), rates.var(ddof=1), 5, 1 / 8, 0.95)
    assert accuracy_interval(counts, 0.95) == pytest.approx((float(low), float(high)))


def test_difference_interval_is_students_with_a_gain_and_a_loss_that_were_not_seen() -> None:
    differences = np.random.default_rng(2).normal(0.1, 0.3, 40).clip(-1, 1)
    expected = stats.ttest_1samp([*differences, 1.0, -1.0], 0).confidence_interval(0.95)
    assert difference_interval(differences, 0.95) == pytest.approx((expected.low, expected.high))


def test_an_interval_ends_where_differences_do() -> None:
    """Two problems that were not seen beside one: the t-interval alone would reach to -4.4 and 5.1."""
    assert difference_interval(np.array([1.0]), 0.95) == (-1.0, 1.0)


def test_whole_numbers_are_shares_too() -> None:
    found = share_bounds(np.array([0, 1]), np.array([0, 0]), 25, 1.0, 0.95)
    assert np.array(found) == pytest.approx(np.array(share_bounds(np.array([0.0, 1.0]), np.zeros(2), 25, 1.0, 0.95)))
    assert found[1][0] == pytest.approx(0.1372, abs=1e-4)


def test_one_problem_alone_shows_no_variance() -> None:
    low, high = share_bounds(0.5, 0.0, 1, 0.0, 0.95)
    assert score_interval([0.5], 0.95) == pytest.approx((float(low), float(high)))


def test_few_differences_are_no_surer_than_none() -> None:
    widths = []
    for gains in range(6):
        low, high = difference_interval(np.array([1 / 8] * gains + [0.0] * (25 - gains)), 0.95)
        assert low < 0 < high
        widths.append(high - low)
    assert widths == sorted(widths)
    assert widths[0] > 0.15


@pytest.mark.parametrize("lost", [0.0, 0.02, 0.2])
def test_difference_intervals_cover_the_truth(lost: float) -> None:
    """Problems are wholly lost with chance `lost`, or gained with chance 0.02; the others do not differ."""
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(1000):
        drawn = rng.random(50)
        low, high = difference_interval(np.where(drawn < lost, -1.0, np.where(drawn > 0.98, 1.0, 0.0)), 0.95)
        covered += low <= 0.02 - lost <= high
    assert covered / 1000 >= 0.94
