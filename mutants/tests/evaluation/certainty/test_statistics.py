"""Intervals and tests: against direct computations, and on planted and null effects."""

import math

import numpy as np
import pytest
from scipy import stats

from evaluation.certainty import statistics
from evaluation.certainty.statistics import Values
from evaluation.config import EvaluationConfig

CONFIG = EvaluationConfig()
FAST = EvaluationConfig(bootstrap=300, permutations=399)


def rates(values: Values) -> dict[str, float]:
    return {f"p{index:04d}": float(value) for index, value in enumerate(values)}


def attempts(rng: np.random.Generator, chances: Values, samples: int) -> Values:
    """Per-problem rates of `samples` attempts."""
    return np.asarray(rng.binomial(samples, chances) / samples, dtype=np.float64)


def test_wilson_agrees_with_its_formula() -> None:
    right, n, z = 37, 50, stats.norm.isf(0.025)
    share = right / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert statistics.wilson(right, n, 0.95) == pytest.approx((centre - half, centre + half))


def test_interval_is_clustered_by_problem() -> None:
    """Many attempts at few problems that are all or nothing are no more sure than one attempt each."""
    values = [1.0] * 20 + [0.0] * 20
    low, high = statistics.mean_interval(values, CONFIG, statistics.generator(0))
    naive = 2 * 1.96 * math.sqrt(0.25 / (40 * 100))
    clustered = 2 * 1.96 * math.sqrt(0.25 / 40)
    assert high - low == pytest.approx(clustered, rel=0.15)
    assert high - low > 5 * naive


@pytest.mark.parametrize("values", [[1.0] * 30, [0.0] * 30, [0.5] * 30, [1.0]])
def test_interval_of_equal_values_is_not_a_point(values: list[float]) -> None:
    low, high = statistics.mean_interval(values, CONFIG, statistics.generator(0))
    assert 0.0 <= low <= values[0] <= high <= 1.0
    assert high - low > 0.05


def test_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        chances = rng.beta(2, 1, size=120)
        low, high = statistics.mean_interval(list(attempts(rng, chances, 4)), FAST, rng)
        covered += low <= 2 / 3 <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_mcnemar_agrees_with_the_binomial_test() -> None:
    a = rates(np.array([1] * 30 + [0] * 12 + [1] * 8, dtype=float))
    b = rates(np.array([1] * 30 + [1] * 12 + [0] * 8, dtype=float))
    found = statistics.paired_greedy(a, b, CONFIG, statistics.generator(0))
    assert found is not None
    assert (found.better, found.worse) == (8, 12)
    assert found.p == pytest.approx(stats.binomtest(8, 20).pvalue)
    assert found.difference == pytest.approx(-4 / 50)


def test_sign_flip_agrees_with_full_enumeration() -> None:
    differences = np.array([0.5, 0.25, -0.25, 0.75, 0.5, 0.25, -0.5, 0.5, 0.25, 0.0])
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(differences))).reshape(len(differences), -1)
    means = (signs * differences[:, None]).mean(axis=0)
    exact = float((np.abs(means) >= abs(differences.mean()) - 1e-12).mean())
    found = statistics.paired_sampled(
        rates(differences), rates(np.zeros(10)), EvaluationConfig(permutations=50_000), statistics.generator(0)
    )
    assert found is not None
    assert found.p == pytest.approx(exact, abs=0.01)


def test_only_problems_of_both_arms_are_compared() -> None:
    found = statistics.paired_sampled({"x": 1.0, "y": 0.5, "z": 1.0}, {"y": 0.0, "z": 1.0, "w": 0.0}, FAST, _rng())
    assert found is not None
    assert (found.n, found.difference) == (2, 0.25)
    assert statistics.paired_sampled({"x": 1.0}, {"y": 1.0}, FAST, _rng()) is None


def test_arms_that_never_differ_are_not_said_to_be_the_same() -> None:
    same = rates(np.ones(40))
    for compare in (statistics.paired_sampled, statistics.paired_greedy):
        found = compare(same, same, CONFIG, _rng())
        assert found is not None
        assert (found.difference, found.p) == (0.0, 1.0)
        assert found.ci.low < -0.05 < 0.05 < found.ci.high


def test_corrections_against_hand_worked_numbers() -> None:
    assert statistics.adjust([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert statistics.adjust([0.01, 0.04, 0.03], "fdr_bh") == pytest.approx([0.03, 0.04, 0.04])
    assert statistics.adjust([None]) == [None]


def test_minimum_detectable_difference_is_found_with_its_power() -> None:
    rng = np.random.default_rng(3)
    spread = rng.normal(0, 0.3, size=150)
    least = statistics.minimum_detectable(spread, 0.05)
    assert least is not None
    assert least == pytest.approx((1.96 + 0.8416) * spread.std(ddof=1) / math.sqrt(150), rel=0.02)
    found = sum(stats.ttest_1samp(rng.normal(least, spread.std(ddof=1), 150), 0).pvalue < 0.05 for _ in range(600))
    assert 0.74 <= found / 600 <= 0.86


def test_minimum_detectable_difference_is_unknown_without_spread() -> None:
    assert statistics.minimum_detectable(np.ones(20), 0.05) is None
    assert statistics.minimum_detectable(np.array([0.0, 1.0]), 0.05) is None
    assert statistics.minimum_detectable(np.array([-1.0, 0.0, 1.0]), 0.05) is None


def test_many_comparisons_can_still_be_significant() -> None:
    clear, none = rates(np.ones(60)), rates(np.zeros(60))
    config = statistics.enough_permutations(EvaluationConfig(permutations=99), 400)
    found = statistics.paired_sampled(clear, none, config, _rng())
    assert found is not None
    assert found.p * 400 < 0.05
    assert statistics.enough_permutations(CONFIG, 20) == CONFIG


def _rng() -> np.random.Generator:
    return statistics.generator(0)


def rejections(effect: float, simulations: int, seed: int) -> tuple[float, float]:
    """Share of simulations in which the sampled and the greedy test reject at 5 %. The arms differ by `effect`."""
    rng = np.random.default_rng(seed)
    sampled = greedy = 0
    for _ in range(simulations):
        chances = rng.beta(3, 3, size=150) * (1 - effect)
        better = chances + effect
        one = statistics.paired_sampled(rates(attempts(rng, better, 4)), rates(attempts(rng, chances, 4)), FAST, rng)
        two = statistics.paired_greedy(rates(attempts(rng, better, 1)), rates(attempts(rng, chances, 1)), FAST, rng)
        assert one is not None
        assert two is not None
        sampled += one.p < 0.05
        greedy += two.p < 0.05
    return sampled / simulations, greedy / simulations


def test_planted_effects_are_found_and_null_effects_seldom() -> None:
    """A small simulation; `test_null_effects_at_full_size` is the large one."""
    sampled, greedy = rejections(0.15, 40, seed=0)
    assert sampled >= 0.9
    assert greedy >= 0.5
    sampled, greedy = rejections(0.0, 150, seed=1)
    assert 0.0 < sampled <= 0.10
    assert greedy <= 0.10


@pytest.mark.faults
def test_null_effects_at_full_size() -> None:
    """1,000 null simulations: 3 to 7 % rejections. McNemar's exact test may be conservative, never liberal."""
    sampled, greedy = rejections(0.0, 1000, seed=2)
    assert 0.03 <= sampled <= 0.07
    assert greedy <= 0.07


@pytest.mark.faults
def test_effects_of_the_minimum_detectable_size_are_found_at_the_stated_power() -> None:
    rng = np.random.default_rng(4)
    chances = rng.beta(3, 3, size=(500, 150)) * 0.95
    found = []
    for row in chances:
        one = statistics.paired_sampled(rates(attempts(rng, row + 0.05, 4)), rates(attempts(rng, row, 4)), FAST, rng)
        assert one is not None
        assert one.minimum_detectable is not None
        found.append((one.p < 0.05, one.minimum_detectable))
    power = float(np.mean([hit for hit, _ in found]))
    least = float(np.mean([size for _, size in found]))
    # Power of a two-sided z-test at 0.05 for a true effect of 0.05 when 80 % power is at `least`.
    expected = float(stats.norm.cdf(0.05 / least * (1.96 + 0.8416) - 1.96))
    assert power == pytest.approx(expected, abs=0.06)
