"""Verdicts on attempts at tasks of tau2-bench: ours, the package's, and why they differ."""

import random
from dataclasses import replace

import pytest

from benchmarks.worlds.tau2.attempts import Attempt, damaged, gold_attempt
from benchmarks.worlds.tau2.compared import their_judge
from benchmarks.worlds.tau2.ours import Judge, explanation, is_right, plain, played
from rollout.foreign.tau2 import tasks
from rollout.records import Call, canonical_json

pytestmark = pytest.mark.real


def gold(domain: str, id: str) -> Attempt:
    return gold_attempt(domain, next(task for task in tasks(domain) if task.id == id))


def told(attempt: Attempt, answer: str) -> Attempt:
    return replace(attempt, answers=(attempt.answers[0], answer), kind="told")


def called(attempt: Attempt, **arguments: object) -> Attempt:
    """The attempt with other arguments of its last call."""
    *before, last = attempt.calls[1]
    changed = Call(
        name=last.name, arguments=canonical_json({**plain(attempt)["turns"][1][-1]["arguments"], **arguments})
    )
    return replace(attempt, calls=(attempt.calls[0], (*before, changed)), kind="called")


def both(attempt: Attempt, judge: Judge) -> tuple[bool, bool, tuple[str, ...] | None]:
    episode, theirs = played(attempt), judge(plain(attempt))
    return is_right(episode), theirs["right"], explanation(attempt, episode, theirs, judge)


def test_verdicts_agree_or_a_rule_says_why() -> None:
    """Task 2 asks for "10", 37 for "481.50" and "camera"; 0 exchanges, 7 of the airline cancels."""
    ten, camera = gold("retail", "2"), gold("retail", "37")
    with their_judge() as judge:
        for attempt in (gold("retail", "0"), gold("airline", "7"), gold("airline", "0"), ten, camera):
            assert both(attempt, judge) == (True, True, ())
        assert both(told(ten, "There are 100."), judge) == (False, True, ("inside",))
        assert both(told(ten, "There are 1,0."), judge) == (False, True, ("commas",))
        assert both(told(ten, "There are eleven."), judge) == (False, False, ())
        assert both(told(camera, "$481.5 for the camera"), judge) == (True, False, ("spelling",))
        assert both(replace(ten, answers=ten.answers[:1]), judge) == (False, False, ())
        exchange = gold("retail", "0")
        assert both(called(exchange, note="x"), judge)[:2] == (False, False)
        assert both(replace(exchange, calls=(exchange.calls[0], ())), judge) == (False, False, ())


def test_a_verdict_for_no_reason_is_not_explained() -> None:
    """Planted: the package's side says the opposite of the database, then of what was told."""
    attempt = gold("retail", "2")
    episode = played(attempt)
    with their_judge() as judge:
        theirs = judge(plain(attempt))
        for part in ("db", "communicate"):
            assert explanation(attempt, episode, {**theirs, part: not theirs[part]}, judge) is None


def test_damage_changes_something_and_follows_from_the_seed() -> None:
    whole = gold("airline", "7")
    first, again = ([damaged(whole, random.Random(seed)) for seed in range(60)] for _ in range(2))
    assert first == again
    assert len({each.kind for each in first}) > 15
    assert all(each.kind == "nothing" or (each.calls, each.answers) != (whole.calls, whole.answers) for each in first)
