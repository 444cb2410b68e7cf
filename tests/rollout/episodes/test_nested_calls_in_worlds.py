"""Calls inside others, also inside what ends a turn, are held to the conditions of worlds however they are written."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from rollout.checkers.required import made_calls
from rollout.checkers.worlds import World, gold_of, judge_world
from rollout.data.shards import decode_rows, encode_rows
from rollout.episodes.execution import execute_now
from rollout.episodes.worlds import turn_done
from rollout.formats import load_format
from rollout.formats.limits import CALL_LIMITS
from rollout.records import CallResult, Episode, ErrorCode, canonical_json
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.loading import load_in_process, with_turns
from rollout.toolboxes.toolbox import Toolbox
from rollout.toolboxes.values import MAX_MEMBERS
from tests.rollout.data.rows import episode as an_episode

DESK = with_turns("docs/examples/tickets.py:Desk")
STATE = canonical_json({"tickets": [{"id": 1, "title": "Printer"}, {"id": 2, "title": "Mouse"}]})
CLOSE_2 = {"name": "close", "arguments": {"ticket": 2}}
OWNED = {"name": "assign", "arguments": {"owner": "ticket 2 is Bob's"}}
SHOWN = 'assign(owner="ticket 2 is Bob\'s")'
FIND = {"name": "find", "arguments": {"word": "printer"}}


@pytest.fixture(scope="module", params=["in this process", "in a worker"])
def desk(request: pytest.FixtureRequest) -> Iterator[Toolbox]:
    if request.param == "in this process":
        yield load_in_process(DESK)
        return
    toolbox = IsolatedToolbox.start(DESK, workers=1)
    yield toolbox
    toolbox.stop()


def attempted(desk: Toolbox, replies: Sequence[str], longest: int = CALL_LIMITS.max_result_chars) -> World:
    session, results = desk.open(STATE), list[CallResult]()
    before, limits = session.state(), CALL_LIMITS.model_copy(update={"max_result_chars": longest})
    for reply in replies:
        results += execute_now(reply, load_format("python"), session, limits)
    return World(before=before, turns=(turn_done(results, session.state()),))


def why(attempt: World, conditions: dict[str, Any]) -> str:
    found = judge_world(gold_of(json.dumps({"end": conditions}), 1), attempt, attempt).why
    return found.removeprefix("the end: ")


@pytest.mark.parametrize(
    ("conditions", "replies", "fault"),
    [
        ({"never": ["close"]}, ['finish(close(2, "solved"))'], "close() was called"),
        ({"calls": [FIND], "acts": True}, ['finish(find("printer"))'], ""),
        ({"never": [CLOSE_2]}, ['find(close(2, "solved"))', 'finish("x")'], "close(ticket=2) was called"),
        ({"calls": [CLOSE_2]}, ['find(close(2, "solved"))', 'finish("x")'], ""),
        ({"never": [CLOSE_2]}, ['assign(close(2, "solved"), "Ann")', 'finish("x")'], "close(ticket=2) was called"),
        ({"acts": True}, ['Reasoning("hm")', 'finish("x")'], "nothing was called"),
        ({"calls": [CLOSE_2]}, ['assign(close(2, "solved"), "Ann")', 'finish("x")'], ""),
        ({"never": ["close"]}, ['find(close(9, "solved"))', 'nosuch(close(2, "solved"))', 'finish("x")'], ""),
        ({"never": ["assign"]}, ['find(assign(9, "Ann"))', 'assign(close(2, "solved"), "Ann")', 'finish("x")'], ""),
        ({"never": [OWNED]}, ['assign(1, assign(2, "Bob"))', 'finish("x")'], f"{SHOWN} was called"),
        ({"calls": [OWNED]}, ['assign(1, assign(2, "Bob"))', 'finish("x")'], ""),
        ({"calls": [OWNED]}, ['assign(assign(1, assign(2, "Bob")), "Ann")', 'finish("x")'], ""),
        ({"calls": [OWNED]}, ['finish(assign(1, assign(2, "Bob")))'], ""),
    ],
)
def test_what_was_called_inside_others_counts(
    desk: Toolbox, conditions: dict[str, Any], replies: list[str], fault: str
) -> None:
    assert why(attempted(desk, replies), conditions) == fault


def test_a_call_whose_result_is_too_long_was_made(desk: Toolbox) -> None:
    attempt = attempted(desk, ['assign(1, assign(2, "Bob"))', 'close(1, "solved")', 'finish("x")'], longest=5)
    assert [result.error for result in attempt.turns[0].results] == [ErrorCode.OUTPUT_TOO_LARGE] * 2
    assert why(attempt, {"never": ["close"]}) == "close() was called"
    assert why(attempt, {"never": [OWNED]}) == f"{SHOWN} was called"
    assert why(attempt, {"calls": [{"name": "assign", "arguments": {"owner": "Bob"}}, OWNED], "in_order": True}) == ""


class Shelf:
    """A box whose content is too long for a result."""

    def __init__(self, _: Any) -> None:
        self.put_in: list[int] = []

    def empty(self) -> list[int]:
        """Empty it."""
        return [0] * (MAX_MEMBERS + 1)

    def put(self, value: list[int]) -> int:
        """Put numbers in."""
        self.put_in += value
        return len(value)


def test_what_is_too_long_to_be_put_into_another_call_was_made_and_the_other_was_not() -> None:
    attempt = attempted(Toolbox.of_class("shelf", Shelf).in_turns(), ["put(value=empty())", "finish()"])
    assert attempt.turns[0].results[0].error is ErrorCode.OUTPUT_TOO_LARGE
    assert why(attempt, {"never": ["empty"]}) == "empty() was called"
    assert why(attempt, {"calls": [{"name": "empty"}], "never": ["put"]}) == ""


def test_functions_of_users_see_every_call_with_the_values_that_it_was_made_with(desk: Toolbox) -> None:
    done = attempted(desk, ['assign(1, assign(2, "Bob"))', 'assign(9, assign(2, "Eve"))', 'finish(find("x"))']).turns[0]
    outer = {"name": "assign", "arguments": {"ticket": 1, "owner": "ticket 2 is Bob's"}}
    first, second = done.plain["calls"]
    assert (first["arguments"], first["error"]) == (outer["arguments"], None)
    assert first["made"] == [{"name": "assign", "arguments": {"ticket": 2, "owner": "Bob"}}, outer]
    assert second["error"] == "function_raised"
    assert second["made"] == [{"name": "assign", "arguments": {"ticket": 2, "owner": "Eve"}}]
    assert done.plain["ended_by"]["arguments"] == {"answer": []}
    assert done.plain["ended_by"]["made"][0] == {"name": "find", "arguments": {"word": "x"}}


def test_records_keep_what_was_made_and_old_ones_are_read_without_it(desk: Toolbox) -> None:
    (result,) = attempted(desk, ['assign(1, assign(2, "Bob"))', 'finish("x")']).turns[0].results
    plain = msgspec.structs.replace(result, made=None)
    one = an_episode()
    step = msgspec.structs.replace(one.steps[0], results=(result, plain))
    kept = msgspec.structs.replace(one, steps=(step, *one.steps[1:]))
    (read,) = decode_rows(Episode, encode_rows(Episode, [kept]).payload, "shard")
    assert read == kept
    old = msgspec.to_builtins(result)
    del old["made"]
    older = msgspec.convert(old, CallResult)
    assert [call.name for call, _ in made_calls(older)] == ["assign", "assign"]


def test_records_hold_arguments_by_name_however_the_call_ends(desk: Toolbox) -> None:
    (failed,) = execute_now('assign(close(2, "solved"), "Ann")', load_format("python"), desk.open(STATE))
    assert failed.call is not None
    assert failed.error is not None
    inner = {"$call": {"name": "close", "arguments": {"ticket": 2, "reason": "solved"}}}
    assert json.loads(failed.call.arguments) == {"ticket": inner, "owner": "Ann"}
