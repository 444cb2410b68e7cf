"""Replies in the shapes of public reports are read as their writers meant them, or refused by the right name."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import pytest
from pydantic import BaseModel

from rollout.episodes.execution import execute_now
from rollout.formats import FORMATS, CallSyntaxError, load_format
from rollout.records import ErrorCode
from rollout.toolboxes.toolbox import Toolbox
from tests.repository import DATA


def add(a: int | float, b: int | float) -> int | float:
    """Add."""
    return a + b


def note(text: str) -> str:
    """Note."""
    return text


def flag(on: bool) -> bool:
    """Flag."""
    return on


def pair(size: tuple[int, int]) -> list[int]:
    """Pair."""
    return list(size)


TOOLBOX = Toolbox.of_functions("reported", [add, note, flag, pair])


def test_every_reported_reply_has_its_results_or_its_error_code() -> None:
    """`want`: a result for each call, or the code of the error; each was compared with what the report asks for."""
    cases = [json.loads(line) for line in (DATA / "replies.jsonl").read_text().splitlines()]
    assert len(cases) > 80
    wrong = []
    for case in cases:
        results = execute_now(case["reply"], load_format(case["format"]), TOOLBOX.open())
        found = [result.error.value if result.error else result.content for result in results]
        if found != case["want"]:
            wrong.append((case, found))
    assert wrong == []


PROSE = (
    "72 clips in total.",
    "72",
    "-3.5 degrees",
    "72, 73",
    "72: the answer",
    "[72] clips",
    "{72} clips in total.",
    "[see above] 72 clips",
    '"72 clips" is the answer',
    "true, as said",
    "null and void",
    "NaN is no number",
    "Infinity is the answer",
    "1e999 clips",
    "9" * 60 + " clips",
    "The answer is {72}.",
    "I need the sum of [1, 2].",
    "[1, 2]",
    "**72**",
)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", PROSE)
def test_a_reply_without_a_call_is_not_a_call_in_every_format(name: str, text: str) -> None:
    with pytest.raises(CallSyntaxError) as caught:
        load_format(name).parse(text)
    assert caught.value.code is ErrorCode.NOT_A_CALL


@pytest.mark.parametrize("name", ["json", "llama"])
@pytest.mark.parametrize("around", ["72 clips. {}", "[1] {}", "{} That is it.", "First: {} 72"])
def test_a_call_with_text_around_it_is_prose_around_a_call(name: str, around: str) -> None:
    key = "parameters" if name == "llama" else "arguments"
    with pytest.raises(CallSyntaxError) as caught:
        load_format(name).parse(around.replace("{}", f'{{"name": "add", "{key}": {{"a": 1, "b": 2}}}}'))
    assert caught.value.code is ErrorCode.PROSE_AROUND_CALL


@pytest.mark.parametrize(
    "reply",
    [
        *PROSE,
        '{"name": "add"}',
        '{"name": "add", "arguments": {"a": 1, "b": 2}}',
        '{"name": "add", "parameters": {"a": 1, "b": 2}}}',
        '{"name": "add", "parameters": {"a": 1,}}',
        '{"name": 3, "parameters": {}}',
        '[{"name": "add", "parameters": {}}]',
        "<|python_tag|>add.call(a=1)",
    ],
)
def test_the_hint_of_llama_names_the_key_of_llama(reply: str) -> None:
    with pytest.raises(CallSyntaxError) as caught:
        load_format("llama").parse(reply)
    assert '"arguments": {...}' not in caught.value.message
    assert '"parameters"' in caught.value.message or "at character" in caught.value.message


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Size:
    width: int
    height: int = 3


class Order(BaseModel):
    colour: Colour
    sizes: list[Size]
    note: str | None = None


def paint(colour: Colour, kind: Literal["oil", "water"] = "oil") -> str:
    """Paint."""
    return colour.value


def place(order: Order, left: dict[str, Size]) -> str:
    """Order."""
    return order.colour.value


@pytest.mark.parametrize("verbosity", ["names", "signatures", "full"])
def test_python_prompts_show_the_values_of_enums_and_the_fields_of_classes(verbosity: str) -> None:
    toolbox = Toolbox.of_functions("types", [paint, place])
    lines = load_format("python").instructions(toolbox, verbosity).splitlines()
    assert "Colour: 'red' | 'blue'" in lines
    assert "Size: {'width': int, 'height': int = 3}" in lines
    assert "Order: {'colour': Colour, 'sizes': list[Size], 'note': str | None = None}" in lines
    assert len(set(lines)) == len(lines)
    session = toolbox.open()
    reply = "place(order={'colour': 'blue', 'sizes': [{'width': 1}]}, left={'a': {'width': 2}})"
    (result,) = execute_now(reply, load_format("python"), session)
    assert result.content == '"blue"'
