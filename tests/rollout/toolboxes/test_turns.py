"""Sessions of several turns, in this process and in a worker: what ends a turn, what is left of earlier ones."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.isolation.isolated import IsolatedToolbox
from rollout.toolboxes.loading import have_same_functions, plain_name, with_interpreter, with_turns

DESK = "docs/examples/tickets.py:Desk"
STATE = canonical_json({"tickets": [{"id": 1, "title": "Printer is out of paper"}, {"id": 2, "title": "No light"}]})
DONE = Call(name="finish", arguments="{}")


def call(name: str, **arguments: object) -> Call:
    return Call(name=name, arguments=canonical_json(arguments))


CLOSE = call("close", ticket=1, reason="solved")


@pytest.fixture(scope="module")
def desk() -> Iterator[IsolatedToolbox]:
    toolbox = IsolatedToolbox.start(with_turns(DESK), workers=1)
    yield toolbox
    toolbox.stop()


def test_the_finishing_call_of_a_conversation_needs_no_answer(desk: IsolatedToolbox) -> None:
    plain = load_toolbox("arithmetic")
    assert plain.open().call(DONE).error is ErrorCode.MISSING_ARGUMENT
    for toolbox, state in ((load_toolbox("arithmetic#turns"), "null"), (desk, STATE)):
        session = toolbox.open(state)
        assert session.call(DONE).content == "null" == session.answer
        assert toolbox.turns
    assert load_toolbox("arithmetic#turns").hash != plain.hash
    assert load_toolbox("fol#turns").functions["finish"] == load_toolbox("fol").functions["finish"], "its own stays"


def test_a_world_goes_on_from_turn_to_turn(desk: IsolatedToolbox) -> None:
    session = desk.open(STATE)
    assert session.call(CLOSE).error is None
    assert session.call(call("finish", answer="closed")).content == '"closed"'
    refused = session.call(call("assign", ticket=2, owner="Ann"))
    assert refused.error is ErrorCode.WRONG_COUNT, "the turn has ended"
    session.next_turn(desk.subset(["close", "find"]))
    assert session.answer is None
    assert session.call(call("assign", ticket=2, owner="Ann")).error is ErrorCode.UNKNOWN_FUNCTION
    assert "closed already" in session.call(CLOSE).content


def test_a_world_survives_its_worker_in_a_later_turn(desk: IsolatedToolbox) -> None:
    """The calls of all turns are made again, not those that came after the end of one."""
    session = desk.open(STATE)
    session.call(CLOSE)
    session.call(DONE)
    assert session.call(call("close", ticket=2, reason="solved")).error is ErrorCode.WRONG_COUNT
    session.next_turn(desk)
    os.kill(desk.workers[0].process_id, signal.SIGKILL)
    assert "closed already" in session.call(CLOSE).content
    assert asyncio.run(session.call_async(call("close", ticket=2, reason="solved"), {}, 5.0)).error is None


def test_what_stop_answers_is_of_this_turn(desk: IsolatedToolbox) -> None:
    stop, built_ins = Call(name="Stop", arguments="{}"), {"Stop": object()}
    session = desk.open(STATE)
    session.call(call("find", word="light"))
    assert session.call(stop, built_ins).content == "[2]"  # type: ignore[arg-type]
    session.next_turn(desk)
    assert session.call(stop, built_ins).content == "null"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("arithmetic", "arithmetic#turns"),
        ("arithmetic+100@7", "arithmetic#turns+100@7"),
        ("arithmetic#turns+100@7", "arithmetic#turns+100@7"),
        ("a+b/x.py:T", "a+b/x.py:T#turns"),
        (with_interpreter("x.py", "old"), "x.py%old#turns"),
        ('schemas:[{"name":"#turns"}]+3@1', 'schemas:[{"name":"#turns"}]#turns+3@1'),
    ],
)
def test_names(name: str, made: str, tmp_path: Path) -> None:
    assert with_turns(name) == made == with_turns(made)
    assert plain_name(made) == plain_name(name)
    assert have_same_functions(name, made)
    assert not have_same_functions(name, "fol")
