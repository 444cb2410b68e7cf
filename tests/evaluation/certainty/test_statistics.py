"""Tests between two arms: against direct computations, and on planted and null effects."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evaluation.certainty import correction, statistics
from evaluation.certainty.intervals import Values, with_unseen
from evaluation.config import EvaluationConfig

CONFIG = EvaluationConfig()
FAST = EvaluationConfig(permutations=399)


def rates(values: Values) -> dict[str, float]:
    return {f"p{index:04d}": float(value) for index, value in enumerate(values)}


def attempts(rng: np.random.Generator, chances: Values, samples: int) -> Values:
    """Per-problem rates of `samples` attempts."""
    return np.asarray(rng.binomial(samples, chances) / samples, dtype=np.float64)


def test_mcnemar_agrees_with_the_binomial_test() -> None:
    a = rates(np.array([1] * 30 + [0] * 12 + [1] * 8, dtype=float))
    b = rates(np.array([1] * 30 + [1] * 12 + [0] * 8, dtype=float))
    found = statistics.paired_greedy(a, b)
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
    for found in (statistics.paired_sampled(same, same, CONFIG, _rng()), statistics.paired_greedy(same, same)):
        assert found is not None
        assert (found.difference, found.p, found.wilcoxon_p) in ((0.0, 1.0, 1.0), (0.0, 1.0, None))
        low, high = found.interval(0.95)
        assert low < -0.05 < 0.05 < high


def test_corrections_against_hand_worked_numbers() -> None:
    assert correction.adjust([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert correction.adjust([]) == []
    # The smallest of three is compared with 0.05 / 3, the next with 0.05 / 2; it fails, so the last has that, too.
    assert correction.holm_levels([0.01, 0.04, 0.03], 0.05) == pytest.approx([0.05 / 3, 0.05 / 2, 0.05 / 2])
    assert correction.holm_levels([0.02, 0.01], 0.05) == pytest.approx([0.05, 0.05 / 2])
    # A p-value that is equal to its level is not below it.
    assert correction.holm_levels([0.03, 0.025], 0.05) == [0.025, 0.025]


@pytest.mark.long
def test_a_p_value_is_below_its_level_where_its_corrected_one_is_below_the_level_of_all() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        values = list(rng.random(rng.integers(1, 12)) ** 4)
        levels, adjusted = correction.holm_levels(values, 0.05), correction.adjust(values)
        assert [p < level for p, level in zip(values, levels, strict=True)] == [p < 0.05 for p in adjusted]


@pytest.mark.parametrize("level", [0.05, 0.05 / 20])
def test_minimum_detectable_difference_is_found_with_its_power(level: float) -> None:
    rng = np.random.default_rng(3)
    spread = rng.normal(0, 0.3, size=150)
    least = correction.minimum_detectable(spread, level)
    assert least is not None
    deviation = with_unseen(spread).std(ddof=1)
    quantiles = stats.norm.isf(level / 2) + stats.norm.isf(0.2)
    assert least == pytest.approx(quantiles * deviation / math.sqrt(152), rel=0.03)
    found = sum(stats.ttest_1samp(rng.normal(least, deviation, 152), 0).pvalue < level for _ in range(600))
    assert 0.74 <= found / 600 <= 0.86


def test_minimum_detectable_difference_is_unknown_where_it_would_be_the_whole() -> None:
    assert correction.minimum_detectable(np.array([0.0, 1.0]), 0.05) is None
    assert correction.minimum_detectable(np.array([-1.0, 0.0, 1.0]), 0.05) is None
    without_spread = correction.minimum_detectable(np.zeros(20), 0.05)
    assert without_spread is not None
    assert without_spread > 0.1


def test_many_comparisons_can_still_be_significant() -> None:
    clear, none = rates(np.ones(60)), rates(np.zeros(60))
    config = correction.enough_permutations(EvaluationConfig(permutations=99), 400)
    found = statistics.paired_sampled(clear, none, config, _rng())
    assert found is not None
    assert found.p * 400 < 0.05
    assert correction.enough_permutations(CONFIG, 20) == CONFIG


def _rng() -> np.random.Generator:
    return statistics.generator(0)


def test_every_seed_and_every_name_has_a_stream_of_its_own() -> None:
    given = [(0,), (1,), (2**32 - 1,), (0, "a"), (0, "b"), (0, "a", "b"), (0, "ab"), (0, "b", "a")]
    drawn = [statistics.generator(*one).integers(2**63) for one in given]  # type: ignore[arg-type]
    assert len(set(drawn)) == len(given)
    assert [statistics.generator(*one).integers(2**63) for one in given] == drawn  # type: ignore[arg-type]
    assert statistics.generator(-1).integers(2**63) == drawn[2], "any integer is a seed"


def test_resamples_are_drawn_in_batches_of_bounded_memory() -> None:
    """As many signs at once as there are doubles in 16 MiB, a byte each."""
    drawn: list[tuple[int, object]] = []

    class Recorded(np.random.Generator):
        def integers(self, *given: Any, **options: Any) -> Any:
            drawn.append((math.prod(options["size"]), options.get("dtype")))
            return super().integers(*given, **options)

    values = rates(np.random.default_rng(0).choice([-0.25, 0.25, 0.5], 4000))
    zeros = dict.fromkeys(values, 0.0)
    statistics.paired_sampled(values, zeros, EvaluationConfig(permutations=999), Recorded(np.random.PCG64(0)))
    assert sum(size for size, _ in drawn) == 999 * 4000
    assert max(size for size, _ in drawn) == 2_000_000
    assert {kind for _, kind in drawn} == {np.int8}


@pytest.mark.long
@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25]), min_size=1, max_size=12))
def test_wilcoxons_p_is_a_number_for_any_differences(values: list[float]) -> None:
    found = statistics.paired_sampled(rates(np.array(values)), rates(np.zeros(len(values))), FAST, _rng())
    assert found is not None
    assert found.wilcoxon_p is not None
    assert 0 < found.wilcoxon_p <= 1


def rejections(effect: float, simulations: int, seed: int) -> tuple[float, float]:
    """Share of simulations in which the sampled and the greedy test reject at 5 %. The arms differ by `effect`."""
    rng = np.random.default_rng(seed)
    sampled = greedy = 0
    for _ in range(simulations):
        chances = rng.beta(3, 3, size=150) * (1 - effect)
        better = chances + effect
        one = statistics.paired_sampled(rates(attempts(rng, better, 4)), rates(attempts(rng, chances, 4)), FAST, rng)
        two = statistics.paired_greedy(rates(attempts(rng, better, 1)), rates(attempts(rng, chances, 1)))
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
@pytest.mark.parametrize("level", [0.05, 0.05 / 20])
def test_effects_of_the_minimum_detectable_size_are_found_at_the_stated_power(level: float) -> None:
    """By what the verdict asks for: the permutation test at the corrected level, and an interval clear of zero."""
    rng = np.random.default_rng(4)
    config = correction.enough_permutations(FAST, round(0.05 / level))
    effect = 0.05 if level == 0.05 else 0.07
    chances = rng.beta(3, 3, size=(500, 150)) * (1 - effect)
    found = []
    for row in chances:
        one = statistics.paired_sampled(
            rates(attempts(rng, row + effect, 4)), rates(attempts(rng, row, 4)), config, rng
        )
        assert one is not None
        least = correction.minimum_detectable(one.differences, level)
        assert least is not None
        found.append((one.p < level and one.interval(1 - level).low > 0, least))
    power = float(np.mean([hit for hit, _ in found]))
    least = float(np.mean([size for _, size in found]))
    # Power of a two-sided z-test at `level` where 80 % power is at `least`.
    quantile = float(stats.norm.isf(level / 2))
    expected = float(stats.norm.cdf(effect / least * (quantile + stats.norm.isf(0.2)) - quantile))
    assert power == pytest.approx(expected, abs=0.06)
