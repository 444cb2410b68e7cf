"""Calls inside others, also inside what ends a turn, are held to the conditions of worlds however they are written."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rollout.checkers.worlds import World, gold_of, judge_world
from rollout.episodes.execution import execute_now
from rollout.episodes.worlds import turn_done
from rollout.formats import load_format
from rollout.records import CallResult, canonical_json
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.loading import load_in_process, with_turns
from rollout.toolboxes.toolbox import Toolbox

DESK = with_turns("docs/examples/tickets.py:Desk")
STATE = canonical_json({"tickets": [{"id": 1, "title": "Printer"}, {"id": 2, "title": "Mouse"}]})
CLOSE_2 = {"name": "close", "arguments": {"ticket": 2}}
FIND = {"name": "find", "arguments": {"word": "printer"}}


@pytest.fixture(scope="module", params=["in this process", "in a worker"])
def desk(request: pytest.FixtureRequest) -> Iterator[Toolbox]:
    if request.param == "in this process":
        yield load_in_process(DESK)
        return
    toolbox = IsolatedToolbox.start(DESK, workers=1)
    yield toolbox
    toolbox.stop()


def why(desk: Toolbox, conditions: dict[str, Any], *replies: str) -> str:
    session, results = desk.open(STATE), list[CallResult]()
    before = session.state()
    for reply in replies:
        results += execute_now(reply, load_format("python"), session)
    attempt = World(before=before, turns=(turn_done(results, session.state()),))
    return judge_world(gold_of(json.dumps({"end": conditions}), 1), attempt, attempt).why


@pytest.mark.parametrize(
    ("conditions", "replies", "fault"),
    [
        ({"never": ["close"]}, ['finish(close(2, "solved"))'], "close() was called"),
        ({"calls": [FIND], "acts": True}, ['finish(find("printer"))'], ""),
        ({"never": [CLOSE_2]}, ['find(close(2, "solved"))', 'finish("x")'], "close(ticket=2) was called"),
        ({"calls": [CLOSE_2]}, ['find(close(2, "solved"))', 'finish("x")'], ""),
        ({"never": [CLOSE_2]}, ['assign(close(2, "solved"), "Ann")', 'finish("x")'], "close(ticket=2) was called"),
        ({"acts": True}, ['Reasoning("hm")', 'finish("x")'], "nothing was called"),
    ],
)
def test_what_was_called_inside_others_counts(
    desk: Toolbox, conditions: dict[str, Any], replies: list[str], fault: str
) -> None:
    found = why(desk, conditions, *replies)
    assert found.removeprefix("the end: ") == fault


def test_records_hold_arguments_by_name_however_the_call_ends(desk: Toolbox) -> None:
    (failed,) = execute_now('assign(close(2, "solved"), "Ann")', load_format("python"), desk.open(STATE))
    assert failed.call is not None
    assert failed.error is not None
    inner = {"$call": {"name": "close", "arguments": {"ticket": 2, "reason": "solved"}}}
    assert json.loads(failed.call.arguments) == {"ticket": inner, "owner": "Ann"}
