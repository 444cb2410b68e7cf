"""What the oracle policy calls: gold chains, and attempts that go wrong in a given way."""

import json
from typing import get_args

import pytest

from cluster.engine.scripted import Mistake
from rollout.hosts.scripted_replies import UNKNOWN_FUNCTION, another, gold_chain, mistaken
from rollout.records import Call, Problem

CHAIN = (Call(name="add", arguments='{"a":1,"b":2}'), Call(name="finish", arguments='{"answer":3}'))


def problem(gold: str, calls: tuple[Call, ...] = ()) -> Problem:
    return Problem(
        id="p", family="own", split="train", template="t", text="?", toolbox="x", gold=gold, gold_calls=calls
    )


def test_without_a_gold_chain_the_gold_answer_is_the_chain() -> None:
    assert gold_chain(problem("3", CHAIN)) == CHAIN
    assert gold_chain(problem('["a"]')) == (Call(name="finish", arguments='{"answer":["a"]}'),)


@pytest.mark.parametrize(
    ("mistake", "first", "last"),
    [
        ("no_call", None, None),
        ("unknown_function", (UNKNOWN_FUNCTION, {"a": 1, "b": 2}), (UNKNOWN_FUNCTION, {"answer": 3})),
        ("missing_argument", ("add", {"b": 2}), ("finish", {})),
        ("wrong_answer", ("add", {"a": 1, "b": 2}), ("finish", {"answer": 9})),
    ],
)
def test_an_attempt_goes_wrong_in_its_way(mistake: Mistake, first: object, last: object) -> None:
    for step, wanted in ((0, first), (1, last), (7, last)):
        called = mistaken(CHAIN, step, mistake)
        assert (called and (called.name, json.loads(called.arguments))) == wanted
    assert mistake in get_args(Mistake)


def test_where_an_earlier_call_is_the_answer_that_one_goes_wrong() -> None:
    called = [mistaken(CHAIN, step, "wrong_answer", decides=0) for step in range(3)]
    assert [call and json.loads(call.arguments) for call in called] == [{"a": 3, "b": 6}, {"answer": 3}, {"answer": 3}]


@pytest.mark.parametrize("value", [0, -1, -7, 3, 2.5, "", "yes", True, False, None, [], [1], {}, {"a": 1}])
def test_another_answer_is_far_from_the_gold_one(value: object) -> None:
    found = another(value)
    assert found != value
    if isinstance(value, int | float) and not isinstance(value, bool):
        assert isinstance(found, int | float)
        assert abs(found - value) >= abs(value)
