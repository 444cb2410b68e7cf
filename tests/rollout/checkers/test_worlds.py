"""Checkers of worlds: conditions one by one, what they give credit for, and what nobody may slip past them."""

import json
from typing import Any

import msgspec
import pytest

from cluster.errors import RequestError, WorkError
from rollout.checkers import check, is_users, require_checker
from rollout.checkers.worlds import TurnDone, Verdict, World, gold_of, judge_attempt, judge_world
from rollout.records import Call, CallResult, ErrorCode, canonical_json

BEFORE = {"lamp": {"on": False, "level": 3}, "door": "shut", "log": []}


def call(name: str, error: ErrorCode | None = None, **arguments: Any) -> CallResult:
    return CallResult(call=Call(name=name, arguments=canonical_json(arguments)), content="null", error=error)


def turn(*results: CallResult, answer: Any = None, **state: Any) -> TurnDone:
    world = canonical_json({**BEFORE, **state})
    return TurnDone(results=results, answer=canonical_json(answer), state=world)


def ending(inner: dict[str, Any] | None) -> TurnDone:
    """A turn that `finish` ended, with a call inside it or none."""
    answer = "done" if inner is None else {"$call": inner}
    return msgspec.structs.replace(turn(), ended_by=(call("finish", answer=answer),))


def attempt(*turns: TurnDone) -> World:
    return World(before=canonical_json(BEFORE), turns=turns)


def verdict(gold: dict[str, Any], *turns: TurnDone, right: World | None = None) -> Verdict:
    attempted = attempt(*turns)
    return judge_world(gold_of(json.dumps(gold), len(turns)), attempted, right or attempt(*[turn()] * len(turns)))


LIT = {"on": True, "level": 3}


@pytest.mark.parametrize(
    ("conditions", "done", "why"),
    [
        ({"state": BEFORE}, turn(), ""),
        ({"state": {**BEFORE, "lamp": {"on": False, "level": 3.0}}}, turn(), ""),
        ({"state": {**BEFORE, "lamp": {"on": 0, "level": 3}}}, turn(), "lamp.on is false, right is 0"),
        ({"state": {**BEFORE, "door": "shut "}}, turn(), 'door is "shut", right is "shut "'),
        ({"state": {**BEFORE, "log": [1]}}, turn(), "log is [], right is [1]"),
        ({"state": {**BEFORE, "new": 1}}, turn(), "new is missing"),
        ({"state": {"lamp": BEFORE["lamp"], "door": "shut"}}, turn(), "log is there, and should not be"),
        ({"state": None}, turn(), "the world is"),
        ({"state": {**BEFORE, "log": 10**23}}, turn(log=1e23), ""),
        ({"state": {**BEFORE, "log": int(1e23)}}, turn(log=1e23), "log is 1e+23, right is 99999999999999991611392"),
        ({"state": {**BEFORE, "log": 2**53 + 1}}, turn(log=2.0**53), "log is 9007199254740992.0, right is"),
        ({"state": {**BEFORE, "log": -0.0}}, turn(log=0), ""),
        ({"as_gold": True}, turn(lamp=LIT), "lamp.on is true, right is false"),
        ({"as_gold": True}, turn(), ""),
        ({"acts": True}, turn(), "nothing was called"),
        ({"acts": True}, turn(call("light", ErrorCode.FUNCTION_RAISED)), ""),
        ({"acts": True}, turn(CallResult(call=None, content="?", error=ErrorCode.NOT_A_CALL)), "nothing was called"),
        ({"unchanged": [""]}, turn(), ""),
        ({"unchanged": ["door", "lamp.level"]}, turn(lamp=LIT), ""),
        ({"unchanged": ["lamp"]}, turn(lamp=LIT), "lamp.on is true, right is false"),
        ({"unchanged": ["log.0"]}, turn(log=["x"]), "log.0 is there, and should not be"),
        ({"calls": [{"name": "light"}]}, turn(call("light", level=2)), ""),
        ({"calls": [{"name": "light", "arguments": {"level": 2.0}}]}, turn(call("light", level=2, slow=True)), ""),
        ({"calls": [{"name": "light", "arguments": {"level": 3}}]}, turn(call("light", level=2)), "light(level=3)"),
        ({"calls": [{"name": "light"}]}, turn(call("light", ErrorCode.FUNCTION_RAISED)), "light() is missing"),
        ({"calls": [{"name": "light"}] * 2}, turn(call("light")), "light() is missing"),
        (
            {"calls": [{"name": "light"}, {"name": "light", "arguments": {"level": 2}}]},
            turn(call("light", level=2), call("light", level=1)),
            "",
        ),
        ({"calls": [{"name": "a"}, {"name": "b"}]}, turn(call("b"), call("a")), ""),
        (
            {"calls": [{"name": "a"}, {"name": "b"}], "in_order": True},
            turn(call("b"), call("a")),
            "b() is missing, after",
        ),
        ({"calls": [{"name": "a"}, {"name": "b"}], "in_order": True}, turn(call("a"), call("c"), call("b")), ""),
        ({"never": ["burn"]}, turn(call("light")), ""),
        ({"never": ["burn"]}, turn(call("burn", ErrorCode.FUNCTION_RAISED)), ""),
        ({"never": ["burn"]}, turn(call("burn")), "burn() was called"),
        ({"never": [{"name": "burn", "arguments": {"what": "all"}}]}, turn(call("burn", what="dust")), ""),
        ({"never": ["burn"]}, turn(call("light", level={"$call": {"name": "burn", "arguments": {}}})), "burn() was"),
        (
            {"never": ["burn"]},
            turn(call("light", ErrorCode.FUNCTION_RAISED, level=[{"$call": {"name": "burn", "arguments": {}}}])),
            "burn() was called",
        ),
        ({"calls": [{"name": "b"}]}, turn(call("a", x={"$call": {"name": "b", "arguments": {}}})), ""),
        (
            {"calls": [{"name": "b"}]},
            turn(call("a", ErrorCode.FUNCTION_RAISED, x={"$call": {"name": "b", "arguments": {}}})),
            "b() is missing",
        ),
        ({"says": ["the LAMP  is on"]}, turn(answer="Now the lamp\nis on."), ""),
        ({"says": ["1500"]}, turn(answer="It costs $1,500.00 or so; 1,500."), ""),
        ({"says": ["15"]}, turn(answer="1500 and 115 and 15.5 and 015 and 15th"), "the answer lacks '15'"),
        ({"says": ["481.5", "-60", "-7"]}, turn(answer="$481.50 of -60.0, -$7"), ""),
        ({"says": ["10.5"]}, turn(answer="Your balance is -10.50."), "the answer lacks '10.5'"),
        ({"says": ["5", "10"]}, turn(answer="the range is 5-10"), ""),
        ({"says": ["-10"]}, turn(answer="the range is 5-10"), "the answer lacks '-10'"),
        ({"says": [".5"]}, turn(answer="it is 10.5"), "the answer lacks '.5'"),
        ({"says": [".5", "1234"]}, turn(answer="0.50 of 1'234 or 1\u202f234"), ""),
        ({"says": ["5100"]}, turn(answer="orders 5 100"), "the answer lacks '5100'"),
        (
            {"calls": [{"name": "f", "arguments": {"a": 1}}, {"name": "f", "arguments": {"b": 2}}]},
            turn(call("f", a=1, b=2), call("f", a=1, b=3)),
            "",
        ),
        ({"calls": [{"name": "f"}, {"name": "f"}]}, turn(call("f")), "f() is missing"),
        ({"never": ["b"]}, ending({"name": "b", "arguments": {}}), "b() was called"),
        ({"calls": [{"name": "b"}], "acts": True}, ending({"name": "b", "arguments": {}}), ""),
        ({"never": ["finish"]}, ending(None), ""),
        ({"acts": True}, ending(None), "nothing was called"),
        ({"acts": True}, turn(call("Reasoning", thought="hm")), "nothing was called"),
        ({"says": ["481.5"]}, turn(answer="481.51, 1481.50 and 481.5.1"), "the answer lacks '481.5'"),
        ({"says": ["007"]}, turn(answer="7"), "the answer lacks '007'"),
        ({"says": ["lamp"]}, turn(answer="clamps"), "the answer lacks 'lamp'"),
        ({"says": ["7"]}, turn(answer=7), ""),
        ({"says": ["on"]}, turn(), "the answer lacks 'on'"),
        ({"says": ["100", "200", "300"]}, turn(answer=[100, 200, 300]), ""),
        ({"says": ["100200300"]}, turn(answer=[100, 200, 300]), "the answer lacks '100200300'"),
        ({"says": ["a", "b c"]}, turn(answer=["x\na", {"k": ["b  c"]}]), ""),
        ({"says": ["481.5", "total: 481.50"]}, turn(answer={"total": "481.50", "parts": [481.5, 120]}), ""),
        ({"says": ["101", "102", "101,102", "101102"]}, turn(answer="Rooms 101,102"), ""),
        ({"says": ["rooms 101", "room 7"]}, turn(answer="Rooms 101,102 and room 7,100,2"), ""),
        ({"says": ["500"]}, turn(answer="It costs 1,500."), "the answer lacks '500'"),
        ({"says": ["500"]}, turn(answer="$100,500, 100,500.50 or 100,500 \u20ac"), "the answer lacks '500'"),
        ({"says": ["costs 1"]}, turn(answer="It costs 1,500."), "the answer lacks 'costs 1'"),
        ({"says": ["1234567"]}, turn(answer="12,34,567"), ""),
        ({"says": ["34567"]}, turn(answer="12,34,567"), "the answer lacks '34567'"),
        ({"says": ["30"]}, turn(answer="1,30,4"), ""),
        ({"says": ["500"]}, turn(answer="-\u00a5500"), "the answer lacks '500'"),
        ({"says": ["-500", "7"]}, turn(answer="-\u20b9500 of \u20ba7"), ""),
        ({"says": ["\u20ac5"]}, turn(answer="$5"), "the answer lacks"),
        ({"says": ["caf\u00e9", "it's"]}, turn(answer="Cafe\u0301: it\u2019s open"), ""),
        ({"says": ["cafe\u0301"]}, turn(answer=["caf\u00e9"]), ""),
        ({"says": ["\u53d6\u6d88", "5\u4e2a", "abc"]}, turn(answer="\u8ba2\u53555\u4e2a\u53d6\u6d88abc\u3002"), ""),
        ({"says": ["bc"]}, turn(answer="\u53d6abc\u3002"), "the answer lacks 'bc'"),
        ({"says": ["\u0431\u0430"]}, turn(answer="\u0431\u0430\u043d"), "the answer lacks"),
    ],
)
def test_conditions(conditions: dict[str, Any], done: TurnDone, why: str) -> None:
    for gold, where in (({"end": conditions}, "the end"), ({"turns": [conditions]}, "turn 1")):
        found = verdict(gold, done)
        assert (found.error is None) == (why == "")
        assert why in found.why
        if why:
            assert found.why.startswith(f"{where}: ")
            assert found.error is (ErrorCode.ANSWER_WRONG if "says" in conditions else ErrorCode.STATE_WRONG)
            assert sum(found.credit) < len(found.credit)


def test_credit_is_given_turn_by_turn_and_every_turn_has_to_be_right() -> None:
    gold = {
        "turns": [{"calls": [{"name": "light"}], "says": ["on"]}, {}, {"unchanged": ["door"], "never": ["burn"]}],
        "end": {"calls": [{"name": "light"}, {"name": "open"}]},
    }
    right = (turn(call("light"), answer="on"), turn(call("open")), turn())
    assert verdict(gold, *right) == Verdict(None, (1.0, 1.0, 1.0, 1.0), "")
    late = (turn(answer="on"), turn(call("light")), turn(call("open"), door="open"))
    found = verdict(gold, *late)
    assert found.credit == (0.5, 1.0, 0.5, 1.0), "a call of another turn counts at the end alone"
    assert (found.error, found.why) == (ErrorCode.STATE_WRONG, "turn 1: the call light() is missing")


def test_a_turn_that_was_not_reached_has_no_credit_and_makes_nothing_right() -> None:
    gold = {"turns": [{"unchanged": [""]}, {}], "end": {"never": ["burn"]}}
    never = TurnDone()
    assert verdict(gold, turn(), never).credit == (1.0, 0.0, 0.0)
    assert verdict(gold, turn(), never).error is ErrorCode.NO_ANSWER
    assert verdict({"end": {}}, turn(), never).error is ErrorCode.NO_ANSWER


def test_each_turn_is_held_to_the_gold_calls_of_its_own() -> None:
    right = attempt(turn(lamp=LIT), turn())
    gold = {"turns": [{"as_gold": True}, {"as_gold": True}]}
    assert verdict(gold, turn(lamp=LIT), turn(), right=right).error is None
    assert verdict(gold, turn(), turn(), right=right).credit == (0.0, 1.0)
    assert verdict({"end": {"as_gold": True}}, turn(), turn(), right=right).error is None


def test_what_gold_calls_told_has_to_have_come_back_until_then() -> None:
    def told(*contents: str, error: ErrorCode | None = None) -> TurnDone:
        looked = [msgspec.structs.replace(call("look", error), content=content) for content in contents]
        return turn(*looked)

    gold = {"turns": [{"told_as_gold": True}, {"told_as_gold": True}]}
    right = attempt(told("3"), told("4", "4"))
    for turns, credit in (
        ((told("5", "3"), told("4", "4")), (1.0, 1.0)),
        ((told("3", "4"), told("4")), (1.0, 1.0)),
        ((told("3"), told("4")), (1.0, 0.5)),
        ((told(), told("4", "3", "4")), (0.0, 1.0)),
        ((told("3", error=ErrorCode.FUNCTION_RAISED), told("4", "4")), (0.0, 1.0)),
    ):
        assert verdict(gold, *turns, right=right).credit == credit
    whole = {"end": {"told_as_gold": True}}
    assert verdict(whole, told("4"), told("3", "4"), right=right).error is None
    found = verdict(whole, told("4"), told("3"), right=right)
    assert (found.error, found.why) == (ErrorCode.STATE_WRONG, "the end: nothing came back as 4")


@pytest.mark.parametrize(
    ("gold", "says"),
    [
        ("3", "lists no conditions"),
        ('{"turn": []}', "unknown field `turn`"),
        ('{"end": {"call": []}}', "unknown field `call`"),
        ('{"end": {"calls": [{"arguments": {}}]}}', "missing required field `name`"),
        ('{"end": {"says": "x"}}', "Expected `array`"),
        ('{"turns": [{}]}', "conditions for 1 turns, and the problem has 2; write {} for a turn without any"),
    ],
)
def test_what_lists_no_conditions_is_refused_in_one_line(gold: str, says: str) -> None:
    with pytest.raises(RequestError) as caught:
        gold_of(gold, 2)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def everything_lit(attempt: Any, gold: Any) -> Any:
    if gold == "raise":
        raise KeyError("lamp")
    lit = [turn["state"]["lamp"]["on"] and turn["ended"] for turn in attempt["turns"]]
    return all(lit) if gold == "all" else list(map(float, lit)) if gold == "each" else gold


def test_a_users_function_sees_all_of_it() -> None:
    name = f"world:{__name__}:everything_lit"
    require_checker(name)
    assert is_users(name)
    assert not is_users("world")

    def judged(gold: Any, *turns: TurnDone) -> Verdict:
        return judge_attempt(name, json.dumps(gold), attempt(*turns), attempt())

    assert judged("all", turn(lamp=LIT)) == Verdict(None, (1.0,), "")
    assert judged("each", turn(lamp=LIT), turn()) == Verdict(ErrorCode.STATE_WRONG, (1.0, 0.0), "")
    for bad in (3, [], [2.0], ["x"], None):
        with pytest.raises(WorkError, match="return True or False, or a list of numbers from 0 to 1"):
            judged(bad, turn(lamp=LIT))
    with pytest.raises(WorkError, match="raised KeyError"):
        judged("raise", turn(lamp=LIT))


@pytest.mark.parametrize("name", ["world:", "world:x", "worlds", "world:a:b:c"])
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(RequestError):
        require_checker(name)


def test_an_answer_alone_is_not_judged() -> None:
    with pytest.raises(RequestError, match="it judges what was done"):
        check("world", "1", "1")
