"""Episodes that are labelled by the world which they leave, turn by turn."""

import asyncio
import itertools
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from cluster.engine.scripted import ScriptedEngine
from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.checkers.worlds import gold_of, names_nothing
from rollout.config import EpisodeConfig
from rollout.data.invariants import episode_faults
from rollout.data.shards import decode_rows, encode_rows
from rollout.episodes.episode import SampleSpec, run_episode
from rollout.episodes.replay import Repeated, _execute, judge_again
from rollout.episodes.worlds import gold_world
from rollout.formats import load_format
from rollout.formats.limits import CALL_LIMITS
from rollout.hosts.work import toolbox_faults
from rollout.problems.checking import check_golds, check_problems
from rollout.problems.contracts import argument_names
from rollout.records import Call, CallResult, Episode, ErrorCode, Outcome, Problem, StopReason, UserTurn, canonical_json
from rollout.toolboxes import CallRefused, Toolbox, load_toolbox
from rollout.toolboxes.isolation.isolated import IsolatedSession, IsolatedToolbox
from rollout.toolboxes.schemas.toolbox import of_schemas
from tests.rollout.conversations import chat_template, setting
from tests.rollout.episodes.test_turns import DONE, play

DESK = "docs/examples/tickets.py:Desk#turns"
STATE = {"tickets": [{"id": 1, "title": "Printer is out of paper"}, {"id": 2, "title": "No light"}]}


def call(name: str, /, **arguments: Any) -> Call:
    return Call(name=name, arguments=canonical_json(arguments))


ASSIGN, CLOSE = call("assign", ticket=1, owner="Ann"), call("close", ticket=1, reason="solved")
GOLD = {
    "turns": [{"as_gold": True}, {"as_gold": True, "says": ["closed"]}],
    "end": {"unchanged": ["tickets.2"], "never": [{"name": "close", "arguments": {"ticket": 2}}]},
}
PROBLEM = Problem(
    id="desk-1",
    family="desk",
    split="train",
    template="t",
    text="Give ticket 1 to Ann.",
    turns=(UserTurn(text="She is done. Close it.", gold_calls=(CLOSE, call("finish", answer="It is closed."))),),
    gold_calls=(ASSIGN, call("finish")),
    toolbox=DESK,
    state=canonical_json(STATE),
    gold=canonical_json(GOLD),
    checker="world",
)
JSON = load_format("json")


def written(*calls: Call) -> list[str]:
    return [JSON.render((each,)) for each in calls]


SAID = call("finish", answer="Ticket 1 is closed.")
RIGHT = [*written(ASSIGN), DONE, *written(CLOSE, SAID)]


def test_a_world_as_the_gold_calls_leave_it_is_right_whatever_the_way() -> None:
    episode = play(RIGHT, PROBLEM)
    assert (episode.outcome, episode.reward, episode.credit, episode.why) == (Outcome.RIGHT, 1.0, (1.0, 1.0, 1.0), "")
    roundabout = [*written(call("find", word="paper"), call("assign", ticket=9, owner="x"), ASSIGN), *RIGHT[1:]]
    assert play(roundabout, PROBLEM).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("replies", "credit", "error", "why"),
    [
        ([DONE, *written(CLOSE, SAID)], (0.0, 0.5, 1.0), ErrorCode.STATE_WRONG, 'turn 1: sent is [], right is ["Ann'),
        ([DONE, *written(ASSIGN, CLOSE, SAID)], (0.0, 1.0, 1.0), ErrorCode.STATE_WRONG, "turn 1: sent is []"),
        ([*RIGHT[:3], DONE], (1.0, 0.5, 1.0), ErrorCode.ANSWER_WRONG, "turn 2: the answer lacks 'closed'"),
        (
            [*RIGHT[:2], *written(CLOSE, call("close", ticket=2, reason="solved"), SAID)],
            (1.0, 0.5, 0.0),
            ErrorCode.STATE_WRONG,
            'turn 2: tickets.2.status is "solved", right is "open"',
        ),
        ([DONE, DONE], (0.0, 0.0, 1.0), ErrorCode.STATE_WRONG, "turn 1: "),
    ],
)
def test_every_turn_has_to_be_right(replies: Sequence[str], credit: Any, error: ErrorCode, why: str) -> None:
    episode = play(replies, PROBLEM)
    assert (episode.outcome, episode.reward, episode.error) == (Outcome.WRONG, 0.0, error)
    assert episode.credit == credit
    assert episode.why.startswith(why)


def test_what_does_not_come_to_its_end_is_not_right_and_keeps_its_credit() -> None:
    cut = play(RIGHT, PROBLEM, EpisodeConfig(max_steps=3))
    assert (cut.outcome, cut.stop, cut.credit) == (Outcome.TRUNCATED, StopReason.STEP_LIMIT, (1.0, 0.0, 0.0))
    failed = play([*RIGHT[:3], "no call", "no call"], PROBLEM)
    assert (failed.outcome, failed.error, failed.credit[0]) == (Outcome.WRONG, ErrorCode.NOT_A_CALL, 1.0)


def test_records_keep_credit_and_reason() -> None:
    episodes = [play(RIGHT, PROBLEM), play([DONE, DONE], PROBLEM)]
    encoded = encode_rows(Episode, episodes)
    assert encoded.rejected == ()
    assert list(decode_rows(Episode, encoded.payload, "shard")) == episodes
    assert [fault for each in episodes for fault in episode_faults(each)] == []
    (right, _), replace_of = episodes, msgspec.structs.replace
    backwards = replace_of(right, steps=(replace_of(right.steps[0], turn=1), *right.steps[1:]))
    skipped = replace_of(right, said=(*right.said, "And?"))
    for broken, says in (
        (backwards, "answers turns [1, 0, 1, 1]"),
        (skipped, "spoke 2 more times"),
        (replace_of(right, said=()), "spoke 0 more times"),
        (replace_of(right, credit=(1.5,)), "which is no share"),
    ):
        (fault,) = episode_faults(broken)
        assert says in fault


@pytest.mark.parametrize("replies", [RIGHT, [DONE, DONE], [*RIGHT[:3], DONE], [*RIGHT[:2], "no call", "no call"]])
def test_a_stored_episode_is_judged_by_its_world_again(replies: Sequence[str]) -> None:
    episode = play(replies, PROBLEM)
    again = judge_again(PROBLEM, episode, JSON, CALL_LIMITS)
    assert (again.repeated, again.episode) == (Repeated.SAME, episode)
    strict = msgspec.structs.replace(PROBLEM, gold=canonical_json({"end": {"never": ["close", "assign"]}}))
    label = judge_again(strict, episode, JSON, CALL_LIMITS).episode
    if episode.stop is StopReason.FINISHED:
        assert (label.outcome is Outcome.RIGHT) == (list(replies) == [DONE, DONE])


class Faulty:
    """Gives, in place of the results of calls of these numbers, counted over all sessions, an error; and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: ErrorCode, at: Sequence[int]) -> None:
        self.calls = 0
        original = IsolatedSession.call

        def faulty(session: IsolatedSession, made: Call, *more: Any, **named: Any) -> CallResult:
            self.calls += 1
            if self.calls in at:
                return CallResult(call=made, content="Error: planted", error=error)
            return original(session, made, *more, **named)

        monkeypatch.setattr(IsolatedSession, "call", faulty)


@pytest.mark.parametrize("error", [ErrorCode.FUNCTION_TIMEOUT, ErrorCode.TOOLBOX_FAULT])
def test_a_call_that_fails_by_machines_today_is_made_again(monkeypatch: pytest.MonkeyPatch, error: ErrorCode) -> None:
    episode = play(RIGHT, PROBLEM)
    faulty = Faulty(monkeypatch, error, at=[1, 6])
    again = judge_again(PROBLEM, episode, JSON, CALL_LIMITS)
    assert (again.repeated, again.episode) == (Repeated.SAME, episode)
    assert faulty.calls == 3 * len(RIGHT)
    always = Faulty(monkeypatch, error, at=range(1, 1000))
    again = judge_again(PROBLEM, episode, JSON, CALL_LIMITS)
    assert (again.repeated, again.episode.outcome) == (Repeated.RESULT, Outcome.INFRASTRUCTURE)
    assert always.calls < 1000


class Dice:
    """A world that comes out otherwise each time, though every call gives the same."""

    thrown = itertools.count()

    def __init__(self, _: Any) -> None:
        self.eyes, self._told = -1, False

    def throw(self) -> str:
        """Throw."""
        self.eyes = next(self.thrown)
        return "thrown"

    def tell(self) -> int:
        """Tell."""
        return next(self.thrown)


def test_the_label_of_a_world_that_is_another_one_each_time_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = Toolbox.of_class("dice", Dice).in_turns()
    for module in ("prompts.prompting", "episodes.worlds", "episodes.replay"):
        monkeypatch.setattr(f"rollout.{module}.load_toolbox", lambda name: dice)
    Dice.thrown = itertools.count(6)
    simple = {"id": "dice-1", "turns": (), "gold_calls": (), "toolbox": "dice", "state": "{}"}
    problem = msgspec.structs.replace(PROBLEM, **simple, gold='{"end": {"state": {"eyes": 6}}}')
    for replies in ([*written(call("throw")), DONE], [*written(call("throw"), call("tell")), DONE]):
        Dice.thrown = itertools.count(6)
        episode = play(replies, problem)
        assert episode.outcome is Outcome.RIGHT
        again = judge_again(problem, episode, JSON, CALL_LIMITS)
        assert again.repeated is Repeated.RANDOM
        assert msgspec.structs.replace(again.episode, provenance=episode.provenance) == episode


def test_a_state_that_cannot_be_read_today_is_no_label(monkeypatch: pytest.MonkeyPatch) -> None:
    episode = play(RIGHT, PROBLEM)
    closed = list[bool]()

    def unreadable(session: IsolatedSession) -> str:
        raise CallRefused(ErrorCode.TOOLBOX_FAULT, "its state cannot be read: planted")

    monkeypatch.setattr(IsolatedSession, "state", unreadable)
    monkeypatch.setattr(IsolatedSession, "close", lambda session: closed.append(True))
    again = judge_again(PROBLEM, episode, JSON, CALL_LIMITS)
    assert (again.repeated, again.episode.outcome) == (Repeated.RESULT, Outcome.INFRASTRUCTURE)
    count = len(closed)

    def broken(*_: Any) -> Any:
        raise InfrastructureError(InfrastructureKind.SERVER_LOST, "planted")

    monkeypatch.setattr("rollout.episodes.replay.execute_now", broken)
    with pytest.raises(InfrastructureError):
        judge_again(PROBLEM, episode, JSON, CALL_LIMITS)
    assert len(closed) == count + 1


def test_gold_calls_that_fail_are_no_gold_world(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = msgspec.structs.replace(PROBLEM, gold_calls=(call("assign", ticket=9, owner="Ann"), call("finish")))
    with pytest.raises(RequestError, match=r'gold call assign\({"owner":"Ann","ticket":9}\) of problem desk-1 fails'):
        gold_world(broken)
    told = msgspec.structs.replace(broken, gold='{"end": {"says": ["closed"]}}')
    assert gold_world(told).before, "no label is compared with it"
    gold_world.cache_clear()
    Faulty(monkeypatch, ErrorCode.TOOLBOX_FAULT, at=[1])
    with pytest.raises(InfrastructureError, match="planted"):
        gold_world(PROBLEM)
    assert play(RIGHT, PROBLEM).outcome is Outcome.RIGHT


def test_all_gold_calls_that_labels_are_compared_with_are_executed() -> None:
    many = [msgspec.structs.replace(PROBLEM, id=f"desk-{number}") for number in range(12)]
    fails = msgspec.structs.replace(many[7], gold_calls=(call("assign", ticket=9, owner="Ann"), call("finish")))
    idle = msgspec.structs.replace(many[8], turns=(), gold_calls=(call("finish"),), gold='{"end": {"as_gold": true}}')
    wrong = msgspec.structs.replace(many[9], gold=canonical_json({"end": {"as_gold": True, "says": ["moved"]}}))
    none = msgspec.structs.replace(many[10], gold_calls=(), turns=(UserTurn(text="Close it."),))
    told = msgspec.structs.replace(fails, id="desk-told", gold='{"end": {"says": ["closed"]}}')
    everyone = [*many[:7], fails, idle, wrong, none, told]
    some = check_golds(everyone, sample=0)
    assert (some.faults, some.unexecuted) == ((), 11)
    assert "11 gold chains of worlds left to the run, 0 faults" in some.said
    found = check_golds(everyone, sample=0, all_worlds=True)
    assert [fault.partition(":")[0] for fault in found.faults] == ["desk-7", "desk-8", "desk-9", "desk-10"]
    for fault, says in zip(found.faults, ("gold call assign", "at once", "lacks 'moved'", "has none"), strict=True):
        assert says in fault
    assert found.unexecuted == 0
    assert "left to the run" not in found.said


def test_a_turn_that_ends_earlier_today_has_one_world() -> None:
    episode = play(RIGHT, PROBLEM)
    steps = tuple(msgspec.structs.replace(step, turn=0) for step in episode.steps)
    again = judge_again(PROBLEM, msgspec.structs.replace(episode, steps=steps), JSON, CALL_LIMITS)
    assert (again.repeated, again.episode.outcome) == (Repeated.RESULT, Outcome.INFRASTRUCTURE)
    found = _execute(PROBLEM, msgspec.structs.replace(episode, steps=steps), load_toolbox(DESK), JSON, CALL_LIMITS)
    assert len(found.states) == 1


def test_a_world_survives_its_worker() -> None:
    """Killed in the middle of an episode, between calls and turns: the label is the same, and nothing is done twice."""
    toolbox, template = load_toolbox(DESK), chat_template()
    assert isinstance(toolbox, IsolatedToolbox)

    def script(_: Sequence[int], request_id: str) -> Sequence[int]:
        for worker in toolbox.workers:
            process = worker._process
            if process is not None and process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
        return template.encode_reply(RIGHT[int(request_id.rsplit(".", 1)[1])])

    made = replace(setting(lambda _, step: DONE), engine=ScriptedEngine(script))
    episode = asyncio.run(run_episode(PROBLEM, SampleSpec(sample=0, temperature=1.0), made))
    assert (episode.outcome, episode.credit) == (Outcome.RIGHT, (1.0, 1.0, 1.0))


class Opaque:
    def __init__(self) -> None:
        self.thing = object()

    def touch(self) -> int:
        """Touch it."""
        return 1


class Told(Opaque):
    def _state(self) -> dict[str, int]:
        return {"things": 1}


def test_a_state_that_cannot_be_read_is_the_toolboxes_fault_and_no_label(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = {kind.__name__: Toolbox.of_class(kind.__name__, kind).in_turns() for kind in (Opaque, Told)}
    for module in ("prompts.prompting", "episodes.worlds"):
        monkeypatch.setattr(f"rollout.{module}.load_toolbox", boxes.__getitem__)
    simple = {"id": "opaque-1", "turns": (), "state": "null", "gold_calls": ()}
    gold = '{"end": {"calls": [{"name": "touch"}]}}'
    told = msgspec.structs.replace(PROBLEM, **simple, gold=gold, toolbox="Told")
    assert play([*written(call("touch")), DONE], told).outcome is Outcome.RIGHT
    opaque = play([*written(call("touch")), DONE], msgspec.structs.replace(told, toolbox="Opaque"))
    assert (opaque.outcome, opaque.error, opaque.credit) == (Outcome.INFRASTRUCTURE, ErrorCode.TOOLBOX_FAULT, ())
    (said,) = toolbox_faults([opaque])
    assert "its state cannot be read" in said
    assert "object" in said
    assert "_state" in said


def test_contracts_of_worlds() -> None:
    formats = ("json", "python", "hermes")
    assert check_problems([PROBLEM], formats).faults == ()

    def fault(**changes: Any) -> str:
        (found,) = check_problems([msgspec.structs.replace(PROBLEM, **changes)], ["json"]).faults
        return found

    idle = canonical_json({"turns": [{}, {}], "end": {"never": ["close"]}})
    alone = {"gold": idle, "gold_calls": (), "turns": (UserTurn(text="Close it."),)}
    assert "to end every turn at once is right" in fault(**alone)
    nothing = msgspec.structs.replace(PROBLEM, **alone, nothing_to_do=True)
    assert check_problems([nothing], ["json"]).faults == ()
    assert "doing nothing is right, and it is not: turn 1: sent is []" in fault(nothing_to_do=True)
    for said, why in (
        ({"unchanged": ["ticket.2"], "says": ["closed"]}, "unchanged: the world has no 'ticket.2' at the beginning"),
        (
            {"unchanged": ["sent.\u00b2"], "says": ["closed"]},
            "unchanged: the world has no 'sent.\u00b2' at the beginning",
        ),
        ({"never": ["remove"], "says": ["closed"]}, "'remove' is none of the functions"),
        ({"never": ["finish"], "says": ["closed"]}, "'finish' ends turns"),
        (
            {"never": [{"name": "close", "arguments": {"tiket": 2}}], "says": ["closed"]},
            "close has no argument 'tiket'",
        ),
        ({"says": ["closed", " "]}, "says: ' ' is in every answer"),
    ):
        assert why in fault(gold=canonical_json({"end": said}))
    assert "conditions for 1 turns" in fault(gold='{"turns": [{}]}')
    as_gold = '{"turns": [{"as_gold": true}, {"says": ["x"]}]}'
    assert "has none" in fault(gold=as_gold, gold_calls=(), turns=alone["turns"])
    later = (UserTurn(text="Close it.", gold_calls=(call("nope"), call("finish"))),)
    says = canonical_json({"end": {"says": ["x"]}})
    wire = fault(gold=says, gold_calls=(call("find-"), call("finish")))
    assert "unknown function find-; use one of" in wire
    assert "the gold chain of turn 1 does not end it" in fault(gold=says, gold_calls=(), turns=later)
    never = canonical_json({"end": {"never": ["assign"], "says": ["closed"]}})
    assert "the gold chain is state_wrong: the end: assign() was called" in fault(gold=never)


def test_a_turn_in_which_nothing_is_said_is_found_before_a_run() -> None:
    (desk,) = check_problems([msgspec.structs.replace(PROBLEM, turns=(UserTurn(text=""),))], ["json"]).faults
    sums = {"toolbox": "arithmetic#turns", "checker": "numeric", "gold": "3", "state": "null", "gold_calls": ()}
    alone = msgspec.structs.replace(PROBLEM, **sums, turns=(UserTurn(text=""),))
    (plain,) = check_problems([alone], ["json"]).faults
    for fault in (desk, plain):
        assert "in turn 2 nothing is said" in fault
    hidden = msgspec.structs.replace(alone, turns=(UserTurn(text="And?"),), hidden=("nosuch",))
    assert "none of its functions" in check_problems([hidden], ["json"]).faults[0]


def test_conditions_on_arguments_of_any_name_are_taken() -> None:
    schemas = [
        {"name": name, "description": "Put.", "parameters": {"type": "object", "properties": {}, **more}}
        for name, more in (
            ("shut", {"additionalProperties": False}),
            ("te-xts", {"additionalProperties": {"type": "string"}}),
        )
    ]
    box = of_schemas("schemas:x", json.dumps(schemas), "x")
    names = {name: argument_names(each) for name, each in box.functions.items()}
    noted = [{"name": name, "arguments": {"note": "x"}} for name in ("shut", "te_xts", "te-xts")]
    gold = gold_of(json.dumps({"end": {"calls": noted}}), 1)
    found = list(names_nothing(gold, "null", names, "finish"))
    assert found == ["shut has no argument 'note'", "'te-xts' is none of the functions; it is te_xts here"]
    assert box.open().call(call("te-xts")).content == "Error: unknown function te-xts; it is te_xts here"


def test_who_does_not_look_is_not_told() -> None:
    look = call("find", word="paper")
    gold = canonical_json({"turns": [{"told_as_gold": True, "unchanged": [""]}]})
    asks = msgspec.structs.replace(PROBLEM, gold=gold, gold_calls=(look, call("finish", answer="1")), turns=())
    assert check_problems([asks], ["json"]).faults == ()
    assert play([*written(look), DONE], asks).outcome is Outcome.RIGHT
    guessed = play(written(call("finish", answer="1")), asks)
    assert (guessed.error, guessed.why) == (ErrorCode.STATE_WRONG, "turn 1: nothing came back as [1]")


def test_doing_nothing_is_right_where_the_problem_says_so() -> None:
    stay = msgspec.structs.replace(
        PROBLEM, gold='{"end": {"unchanged": [""]}}', gold_calls=(), turns=PROBLEM.turns[:0], nothing_to_do=True
    )
    assert play([DONE], stay).outcome is Outcome.RIGHT
    assert play([*written(CLOSE), DONE], stay).error is ErrorCode.STATE_WRONG
