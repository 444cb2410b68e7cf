"""Rows and toolbox files of other people in which anything stands anywhere: left out or refused, never a traceback."""

import contextlib
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from cluster.config import parse
from cluster.errors import RequestError
from rollout.formats import load_format
from rollout.problems import everything
from rollout.problems.config import FamilyConfig
from rollout.problems.imported.chats import UNREADABLE, has_later_turns, hermes_turns
from rollout.problems.imported.rows import LeftOut, Row
from rollout.problems.imported.tool_rows import convert
from rollout.toolboxes import load_toolbox
from tests.repository import ROOT

DATA = ROOT / "tests/data/rows"
FAMILIES = ("xlam", "hermes", "openai")
ROWS = {family: list(map(json.loads, (DATA / f"{family}.jsonl").read_text().splitlines())) for family in FAMILIES}
DEEP = [
    json.loads(begin * depth + "{}" + end * depth)
    for depth in (40, 150, 900)
    for begin, end in (("[", "]"), ('{"a":', "}"), ('{"properties":{"a":', "}}"), ('{"default":[', "]}"))
    if depth * (begin + end).count("]") < 900 and depth * begin.count("{") < 900
]
ODD: list[Any] = [
    *(None, True, 0, 5, -1, 1.5, float("inf"), 10**400, "", "x", "\ud800", "#", [], {}, [[]], [{}], [5], [None]),
    *({"": {}}, {"a": 5}, {"\ud800": 1}, {"$ref": "#"}, {"type": []}, {"enum": [{}]}, {"default": "\ud800"}),
    *({"type": "integer", "default": "[" * 3000}, "0x" + "f" * 9000, "1" * 9000, "[" * 5000, "-" * 5000 + "1"),
    *("[[{}]]", "{{}:1}", '"\\ud800"', '{"a":' * 3000, "<tool_call>", "</tool_call>", "<tools>{{}:1}</tools>"),
    *(f"<tool_call>{inner}</tool_call>" for inner in ("{{}:1}", "5", "[[{}]]", "{'a': ...}", "\0", "0x" + "f" * 9000)),
    '<tool_call>{"name": "weather.now", "arguments": "\\ud800"}</tool_call>',
    *DEEP,
]  # fmt: skip
KEYS = [
    "name", "arguments", "parameters", "properties", "required", "type", "items", "enum", "default", "$ref",
    "anyOf", "pattern", "minimum", "multipleOf", "function", "tool_calls", "function_call", "role", "from",
    "value", "content", "weight", "additionalProperties", "const", "nullable",
]  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*at, key))


def put(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    if isinstance(value, dict):
        return {**value, at[0]: put(value[at[0]], at[1:], new)}
    return [put(each, at[1:], new) if place == at[0] else each for place, each in enumerate(value)]


def decoded(value: Any) -> Any:
    """A value with what its texts say as JSON."""
    if isinstance(value, str) and value.startswith(("[", "{")):
        with contextlib.suppress(ValueError):
            return decoded(json.loads(value))
    if isinstance(value, dict):
        return {key: decoded(each) for key, each in value.items()}
    return list(map(decoded, value)) if isinstance(value, list) else value


def damaged(draw: random.Random, value: Any) -> Any:
    """A value with something odd in place of a part, inside of a text, or beside other members."""
    at, odd = draw.choice([*places(value)]), draw.choice(ODD)
    old = reduce(lambda node, key: node[key], at, value)
    if isinstance(old, dict) and draw.random() < 0.4:
        odd = {**old, draw.choice(KEYS): odd}
    elif isinstance(old, list) and draw.random() < 0.3:
        odd = [*old, odd]
    elif isinstance(old, str) and isinstance(odd, str) and draw.random() < 0.5:
        cut = draw.randrange(len(old) + 1)
        odd = f"{old[:cut]}{odd}{old[cut:]}"
    return put(value, at, odd)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_in_which_anything_stands_gives_a_problem_or_is_left_out(family: str) -> None:
    config = parse(FamilyConfig, {"family": family, "path": "rows.jsonl"}, "test")
    draw, outcomes = random.Random(f"rows of {family}"), Counter[str]()
    for _ in range(500):
        row = damaged(draw, draw.choice([decoded, lambda value: value])(draw.choice(ROWS[family])))
        if not isinstance(row, dict):
            continue
        has_later_turns(row.get("conversations", row.get("messages")))
        try:
            draft = convert(Row("rows.jsonl:1", row), config)
        except LeftOut as left_out:
            outcomes[left_out.kind] += 1
        else:
            outcomes["a problem"] += 1
            load_format("json").instructions(load_toolbox(draft.toolbox), "full").encode()
    assert len(outcomes) >= 4
    assert outcomes["a problem"] >= 40


@pytest.mark.parametrize(("family", "column", "at", "odd"), [
    ("xlam", "answers", (0, "arguments"), {"\ud800": "\ud800"}),
    *(("openai", "messages", (-1, "tool_calls"), odd) for odd in (5, True, "x", {"a": 1})),
    *(("openai", "messages", (0, "role"), odd) for odd in ({}, [])),
    ("hermes", "conversations", (0, "from"), ["human"]),
    *(("hermes", "conversations", (-1, "value"), f"<tool_call>{odd}</tool_call>") for odd in ("{{}:1}", "-" * 9000)),
])  # fmt: skip
def test_a_value_of_another_kind_leaves_its_row_out(family: str, column: str, at: tuple[Any, ...], odd: Any) -> None:
    row = decoded(ROWS[family][0])
    turns = row[column] if family == "xlam" else [*row[column][:1], row[column][-1]][:2]
    reduce(lambda node, key: node[key], at[:-1], turns)[at[-1]] = odd
    with pytest.raises(LeftOut) as left_out:
        convert(
            Row("rows.jsonl:1", {**row, column: turns}), parse(FamilyConfig, {"family": family, "path": "x"}, "test")
        )
    assert left_out.value.kind == UNREADABLE


def test_a_toolbox_file_in_which_anything_stands_is_read_or_refused(tmp_path: Path) -> None:
    draw, refused = random.Random("toolbox files"), list[str]()
    tools = [decoded(row)["tools"] for family in ("xlam", "openai") for row in ROWS[family] if row.get("tools")]
    for number in range(400):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(damaged(draw, draw.choice(tools))))
        try:
            load_toolbox(str(file))
        except RequestError as error:
            refused.append(str(error))
    assert 100 < len(refused) < 400
    assert not any("\n" in line for line in refused)


@pytest.mark.parametrize("schema", [
    {"name": "f", "description": "\ud800", "parameters": {}},
    {"name": "\ud800", "parameters": {}},
    {"name": "f", "parameters": {"a": {"type": "list", "default": DEEP[0]}, "b": {"default": DEEP[-1]}}},
    {"name": "f", "parameters": {"a": {"description": {"enum": json.loads("[" * 300 + "]" * 300)}}}},
])  # fmt: skip
def test_schemas_that_nothing_could_write_or_read_again_are_refused(schema: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "tools.json"
    file.write_text(json.dumps([schema]))
    with pytest.raises(RequestError, match=r"tools\.json: (function 0, .* half of a surrogate pair|.* 200 deep)"):
        load_toolbox(str(file))


@pytest.mark.parametrize("reply", [
    "<tool_call>" * 300,
    "</tool_call>" * 300 + "<tool_call>" * 300,
    "<think></think>" * 300 + "</tool_call>",
])  # fmt: skip
def test_what_a_reply_costs_grows_with_its_length_alone(reply: str) -> None:
    """Nothing that reads or copies the rest of a text runs once for each of its tags."""
    called = Counter[str]()

    def count(_frame: Any, event: str, function: Any) -> None:
        called[getattr(function, "__name__", "") if event == "c_call" else ""] += 1

    sys.setprofile(count)
    try:
        with pytest.raises(RequestError, match="has no end"):
            hermes_turns([{"from": "gpt", "value": reply}], "rows.jsonl:1")
    finally:
        sys.setprofile(None)
    assert called["findall"] == 0
    assert called["strip"] < 10


@pytest.mark.parametrize(("family", "ending", "text"), [
    ("xlam", "jsonl", "\n"),
    ("hermes", "json", "[]"),
    ("openai", "json", ""),
    ("gsm8k", "jsonl", ""),
    ("csv", "csv", "text,answer\n"),
])  # fmt: skip
def test_a_source_without_a_row_is_refused(family: str, ending: str, text: str, tmp_path: Path) -> None:
    more = {"toolbox": "general"} if family == "csv" else {}
    file = tmp_path / f"rows.{ending}"
    file.write_text(text)
    with pytest.raises(RequestError, match=rf"rows\.{ending}: there is no row in it"):
        everything(parse(FamilyConfig, {"family": family, "path": str(file), **more}, "test"))
