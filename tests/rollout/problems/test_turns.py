"""Problems of several turns: rows that read and rows that do not, ids, duplicates, and what scripted engines play."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.config import parse
from cluster.errors import RequestError
from rollout.formats import load_format
from rollout.hosts.scripted_replies import OraclePolicy
from rollout.problems import FamilyConfig, generate
from rollout.problems.drawing import finished
from rollout.problems.duplicates import HeldOut
from rollout.problems.story import Draft
from rollout.records import Call, Problem, UserTurn
from tests.rollout.conversations import chat_template
from tests.rollout.episodes.test_turns import TURNS, play_with

FINISH = {"name": "finish", "arguments": {}}
ROW = {"text": "Add 1 and 2.", "answer": 3, "turns": ["And 3?", "And 4?"]}


def read(tmp_path: Path, *rows: dict[str, Any], **more: Any) -> list[Problem]:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = {"family": "jsonl", "path": str(path), "test_path": str(path), "toolbox": "arithmetic", "test": len(rows)}
    return generate(parse(FamilyConfig, {**table, "turns_column": "turns", **more}, "turns"), "test")


def test_texts_and_objects_are_turns(tmp_path: Path) -> None:
    turns = ["And 3?", {"text": "And 4?", "vanish": ["div"], "calls": [FINISH]}, {"appear": ["div"]}]
    (problem,) = read(tmp_path, {**ROW, "turns": turns})
    assert problem.turns == (
        UserTurn(text="And 3?"),
        UserTurn(text="And 4?", vanish=("div",), gold_calls=(Call(name="finish", arguments="{}"),)),
        UserTurn(text="", appear=("div",)),
    )
    assert problem.toolbox == "arithmetic#turns"
    assert problem.all_text == "Add 1 and 2.\n\nAnd 3?\n\nAnd 4?"


@pytest.mark.parametrize(
    ("turns", "says"),
    [
        ("And 3?", "is no list of turns"),
        ({"text": "x"}, "calls\": [...]}: {'text': 'x'}"),
        (["x", {"text": " ", "calls": [{"name": "finish", "arguments": {}}]}], "'turns': in turn 3 nothing is said"),
        ([{"text": "x", "calls": ['{"name": "\\ud83d", "arguments": {}}']}], "half of a surrogate pair"),
        ([{"text": "x", "calls": [{"name": "add", "arguments": '{"a": "\\ud83d"}'}]}], "half of a surrogate pair"),
        ([3], "is no list of turns"),
        ([{"text": "x", "apear": ["mul"]}], "'apear'"),
        ([{"text": 3}], "is no list of turns"),
        ([{"text": "x", "appear": "mul"}], "write a list of functions' names"),
        ([{"text": "x", "calls": ["finish()"]}], "not JSON"),
        (["\ud800 x"], "half of a surrogate pair"),
        ([{"text": "x", "appear": ["\ud800"]}], "half of a surrogate pair"),
        ([{"text": "x", "calls": [{"name": "add", "arguments": {"a": "\ud800"}}]}], "half of a surrogate pair"),
        ([{"text": "x", "appear": ["mul"], "vanish": ["mul"]}], "'mul' appears and vanishes in one turn"),
        (None, "'turns' is empty"),
    ],
)
def test_rows_that_do_not_read_are_refused_with_their_place(tmp_path: Path, turns: Any, says: str) -> None:
    with pytest.raises(RequestError, match=r"rows\.jsonl:2: ") as caught:
        read(tmp_path, ROW, {**ROW, "text": "Add.", "turns": turns})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("calls", [{"name": "add", "arguments": {"a": "\ud83d"}}]),
        ("calls", [{"name": "\ud83d", "arguments": {}}]),
        ("hidden", ["\ud83d"]),
    ],
)
def test_half_of_a_character_is_refused_in_every_column(tmp_path: Path, column: str, value: Any) -> None:
    with pytest.raises(RequestError, match=rf"rows\.jsonl:2: '{column}' holds half of a surrogate pair"):
        read(tmp_path, {**ROW, column: []}, {**ROW, "text": "Add.", column: value}, **{f"{column}_column": column})


def test_rows_name_no_function_that_judges_worlds(tmp_path: Path) -> None:
    row = {**ROW, "checker": "world:os:system"}
    with pytest.raises(RequestError, match="a function that rows alone may not have run"):
        read(tmp_path, row, checker_column="checker", checker="world")


def test_a_world_alone_makes_a_conversation(tmp_path: Path) -> None:
    (problem,) = read(
        tmp_path, {**ROW, "answer": {"end": {"calls": [{"name": "add"}]}}}, turns_column="", checker="world"
    )
    assert (problem.toolbox, problem.turns) == ("arithmetic#turns", ())


def test_ids_cover_turns_and_are_the_old_ones_without_them() -> None:
    draft = Draft(text="t", gold="1", gold_calls=(), toolbox="arithmetic", checker="exact", template="t", difficulty=1)
    names = [
        finished(msgspec.structs.replace(draft, **more), "mine", "train").id
        for more in ({}, {"turns": (UserTurn(text="x"),)}, {"turns": (UserTurn(text="y"),)}, {"hidden": ("add",)})
    ]
    assert len(set(names)) == 4
    assert names[0] == "mine-train-d901df2e1f95", "as it was before problems had turns"


def test_problems_that_differ_in_a_later_turn_are_no_duplicates(tmp_path: Path) -> None:
    one, other = read(tmp_path, ROW, {**ROW, "turns": ["And 3?", "Divide by 7."], "answer": 9})
    assert HeldOut([one]).exact(other) is None
    assert HeldOut([one]).exact(one) is one


@pytest.mark.parametrize("call_format", ["json", "python", "hermes"])
def test_the_oracle_plays_all_turns(call_format: str) -> None:
    done = Call(name="finish", arguments="{}")
    problem = msgspec.structs.replace(
        TURNS,
        gold_calls=(Call(name="add", arguments='{"a":3,"b":4}'), done),
        turns=(
            UserTurn(text="And twice that?", gold_calls=(Call(name="mul", arguments='{"a":7,"b":2}'), done)),
            UserTurn(text="Say it.", gold_calls=(Call(name="finish", arguments='{"answer":14}'),)),
        ),
    )
    outcomes = []
    for wrong in (0.0, 1.0):
        policy = OraclePolicy(wrong, 0, ("wrong_answer",))
        policy.learn([problem], chat_template(), load_format(call_format))
        replies = [chat_template().decode_reply(policy([], f"{problem.id}#0.{step}")) for step in range(5)]
        outcomes.append(play_with(replies, call_format, 0, problem).outcome.value)
    assert outcomes == ["right", "wrong"]
