"""Metrics against independent implementations: sklearn, scipy, and slow direct ones."""

import itertools
import json
import random
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import f1_score

from evaluation.measures import metrics
from evaluation.measures.subtasks import SUBTASKS
from rollout.records import Call, canonical_json
from tests.evaluation.synthetic import call
from tests.repository import ROOT

COUNTS = st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n)))
WORDS = st.lists(st.sampled_from("abc"), max_size=7)


@given(COUNTS)
def test_pass_at_k_is_the_share_of_all_draws_with_a_right_one(case: tuple[int, int, int]) -> None:
    n, right, k = case
    draws = [any(index < right for index in draw) for draw in itertools.combinations(range(n), k)]
    assert metrics.pass_at_k(n, right, k) == pytest.approx(sum(draws) / len(draws))


@given(COUNTS)
def test_pass_hat_k_is_the_share_of_all_draws_that_are_right_throughout(case: tuple[int, int, int]) -> None:
    n, right, k = case
    draws = [all(index < right for index in draw) for draw in itertools.combinations(range(n), k)]
    assert metrics.pass_hat_k(n, right, k) == pytest.approx(sum(draws) / len(draws))


@pytest.mark.parametrize(("n", "right", "k"), [(3, 4, 1), (3, 1, 0), (3, 1, 4), (3, -1, 1)])
def test_impossible_draws_are_refused(n: int, right: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"k={k}"):
        metrics.pass_at_k(n, right, k)


@settings(max_examples=60)
@given(WORDS, WORDS)
def test_f1_agrees_with_sklearn_on_multisets(predicted: list[str], gold: list[str]) -> None:
    def numbered(items: list[str]) -> set[tuple[str, int]]:
        return {(item, index) for item, count in Counter(items).items() for index in range(count)}

    one, other = numbered(predicted), numbered(gold)
    labels = sorted(one | other)
    if not labels:
        assert metrics.f1(predicted, gold) == 1.0
        return
    expected = f1_score([label in other for label in labels], [label in one for label in labels], zero_division=0.0)
    assert metrics.f1(predicted, gold) == pytest.approx(float(expected))


def slow_lcs(one: list[str], other: list[str]) -> int:
    if not one or not other:
        return 0
    if one[0] == other[0]:
        return 1 + slow_lcs(one[1:], other[1:])
    return max(slow_lcs(one[1:], other), slow_lcs(one, other[1:]))


@given(WORDS, WORDS)
def test_lcs_agrees_with_the_recursive_definition(one: list[str], other: list[str]) -> None:
    assert metrics.lcs_length(one, other) == slow_lcs(one, other)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8))
def test_entropy_agrees_with_scipy(counts: list[int]) -> None:
    expected = float(stats.entropy(counts, base=2)) if sum(counts) else 0.0
    assert metrics.entropy(counts) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.sampled_from("abcd"), min_size=2, max_size=8))
def test_simpson_is_the_share_of_pairs_that_differ(items: list[str]) -> None:
    pairs = list(itertools.combinations(items, 2))
    assert metrics.simpson(items) == pytest.approx(sum(a != b for a, b in pairs) / len(pairs))


def test_diversity_of_one_item_is_unknown() -> None:
    assert metrics.simpson(["a"]) is None


GOLD = [call("mul", a=3, b=4), call("sub", a=12, b=5), call("finish", answer=7)]


def test_partial_and_full_match_by_hand() -> None:
    assert metrics.partial_match(GOLD, GOLD) == 1.0
    assert metrics.partial_match([GOLD[0], call("sub", a=12, b=6), GOLD[2]], GOLD) == pytest.approx(2 / 3)
    assert metrics.partial_match([*GOLD, call("finish", answer=7)], GOLD) == pytest.approx(3 / 4)
    assert metrics.partial_match([GOLD[1], GOLD[0], GOLD[2]], GOLD) == pytest.approx(1 / 3)
    assert metrics.partial_match([], GOLD) == 0.0


def test_arguments_count_by_function_name_and_value() -> None:
    predicted = [call("mul", a=3, b=4), call("sub", a=12, b=6), call("finish", answer=6)]
    # Slots: mul.a, mul.b and sub.a of five are right on both sides.
    assert metrics.argument_f1(predicted, GOLD) == pytest.approx(3 / 5)
    assert metrics.argument_f1([call("add", a=3, b=4)], [call("mul", a=3, b=4)]) == 0.0


def test_order_of_arguments_and_integral_floats_do_not_matter() -> None:
    assert metrics.signature(Call(name="f", arguments='{"b":2.0,"a":1}')) == metrics.signature(call("f", a=1, b=2))
    assert metrics.signature(call("f", a=1)) != metrics.signature(call("f", a="1"))
    assert metrics.signature(call("f", a=True)) != metrics.signature(call("f", a=1))


@pytest.mark.parametrize(
    ("answer", "gold", "wins"),
    [
        ("7", "7", True),
        ("7.0", "7", True),
        ('"7"', "7", True),
        ("7.4", "7", True),
        ("7.6", "7", False),
        ("3.14159", "3.14", True),
        ("3.149", "3.14", False),
        ('"yes"', '"yes"', True),
        ('"yes"', '"no"', False),
        ("[1,2.0]", "[1,2]", True),
        (None, "7", False),
        ("{broken", "7", False),
        ("NaN", "7", False),
        ("true", "1", False),
        ('"\\ud800"', '"a"', False),
    ],
)
def test_win_rounds_to_the_decimals_of_gold(answer: str | None, gold: str, wins: bool) -> None:
    assert metrics.win(answer, gold) is wins


def test_win_agrees_with_decimal_rounding_on_random_numbers() -> None:
    rng = random.Random(0)
    for _ in range(500):
        places = rng.randrange(4)
        gold = round(rng.uniform(-50, 50), places)
        answer = gold + rng.choice([0, 0.3, -0.3, 0.8]) * 10**-places
        decimals = len(str(gold).partition(".")[2].rstrip("0"))
        assert metrics.win(canonical_json(answer), json.dumps(gold)) is (round(answer, decimals) == gold)


def test_metrics_load_nothing_heavy() -> None:
    program = (
        "import sys, evaluation.measures.metrics, evaluation.measures.attempts; "
        "import evaluation.config, evaluation.report.chains; "
        "sys.exit(', '.join({'torch', 'ray', 'vllm', 'transformers', 'matplotlib', 'scipy'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_metric_is_documented_in_the_same_words() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    for name, meaning in metrics.MEANING.items():
        assert f"| `{name}` | {meaning} |" in text
    for family, subtask in SUBTASKS.items():
        assert f"| `{family}` | {subtask.name} | {subtask.meaning} |" in text
