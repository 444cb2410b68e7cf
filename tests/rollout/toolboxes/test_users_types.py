"""Parameters of users' functions: every kind of type, and strict all the way down."""

import json
from pathlib import Path
from typing import Any

import pytest

from rollout.records import ErrorCode
from rollout.toolboxes import Toolbox
from rollout.toolboxes.isolation.users import load_users
from tests.rollout.toolboxes.users_files import CASES, called, written

SHAPED: list[tuple[str, dict[str, Any], str]] = [
    ("with_enum", {"mood": "calm"}, '"CALM/<Level.LOW: 1>"'),
    ("with_dataclass", {"point": {"x": 3, "y": 4}}, "5.0"),
    ("with_dataclass_default", {}, "5.0"),
    ("with_model", {"person": {"name": "A", "age": 4, "friends": [{"name": "B", "age": 5}]}}, '"A 4 1"'),
    ("with_typed_dict", {"trip": {"start": "x"}}, "\"[('start', 'x')]\""),
    ("with_named_tuple", {"pair": [1, 2]}, "3"),
    ("with_optional", {"c": [1]}, '"None 3 [1]"'),
    ("with_optional", {"a": None, "b": "x"}, "\"None 'x' None\""),
    ("with_nested", {"rows": [[1]], "table": {"a": [{"b": 1.5}]}}, "2.5"),
    ("with_none_default", {"a": None}, '"None"'),
    ("with_none_default", {}, '"None"'),
    ("with_tuple_set", {"pair": [1, "a"], "many": [1], "several": [1, 1]}, "\"(1, 'a') (1,) {1}\""),
    ("with_bytes", {"a": "abc"}, "3"),
    ("with_path", {"a": "x/y"}, '"x/y"'),
    ("keyword_only", {"a": 1}, "3"),
    ("with_literal_mix", {"a": None}, '"None"'),
    ("with_intdict", {"a": {"1": "x"}}, "\"{1: 'x'}\""),
    ("list", {"of": 3}, "3"),
    ("class_", {"self": 1, "cls": 2}, '"1 2 1 j s"'),
    ("asynchronous", {"a": 1}, "2"),
    ("generator", {"n": 3}, "[0,1,2]"),
    ("async_generator", {"n": 3}, "[0,1,2]"),
]


@pytest.fixture(scope="module")
def shapes() -> Toolbox:
    return load_users(str(CASES / "shapes.py"))


@pytest.mark.parametrize(("name", "arguments", "content"), SHAPED)
def test_parameters_of_every_kind(shapes: Toolbox, name: str, arguments: dict[str, Any], content: str) -> None:
    result = called(shapes, name, **arguments)
    assert (result.error, result.content) == (None, content)


def test_signatures_say_what_may_be_written(shapes: Toolbox) -> None:
    signatures = [function.signature for function in shapes.functions.values()]
    assert "with_none_default(a: int | None = None)" in signatures
    assert "with_enum(mood: Mood, level: Level = 1)" in signatures
    assert shapes.functions["with_enum"].parameters["properties"]["level"]["default"] == 1


STRICT = '''
from dataclasses import dataclass
from typing import NamedTuple, TypedDict, Union

from pydantic import BaseModel


class Line(BaseModel):
    count: int
    name: str = ""


class Loose(BaseModel):
    model_config = {"extra": "allow", "strict": False}
    count: int


@dataclass
class Data:
    count: int
    name: str = ""


class Typed(TypedDict, total=False):
    count: int
    name: str


@dataclass
class Deep:
    line: Line
    typed: Typed


class Nest(BaseModel):
    lines: list[Line] = []
    by_name: dict[str, Typed] = {}
    either: Union[Line, Data, None] = None
    data: Data | None = None


def line(x: Line) -> int:
    """Take it."""
    return 1


def loose(x: Loose) -> int:
    """Take it."""
    return 1


def data(x: Data) -> int:
    """Take it."""
    return 1


def typed(x: Typed) -> int:
    """Take it."""
    return 1


def lines(x: list[Line]) -> int:
    """Take it."""
    return 1


def values(x: dict[str, Line]) -> int:
    """Take it."""
    return 1


def union(x: Line | list[Data] | None) -> int:
    """Take it."""
    return 1


def deep(x: Deep) -> int:
    """Take it."""
    return 1


def nest(x: Nest) -> int:
    """Take it."""
    return 1
'''
RIGHT, TEXT, EXTRA = {"count": 4}, {"count": "4"}, {"count": 4, "colour": "red"}
PLACES: dict[str, list[Any]] = {
    "line": ["{}"],
    "loose": ["{}"],
    "data": ["{}"],
    "typed": ["{}"],
    "lines": ["[{}]"],
    "values": ['{{"a":{}}}'],
    "union": ["{}", "[{}]"],
    "deep": ['{{"line":{},"typed":{{}}}}', '{{"line":{{"count":1}},"typed":{}}}'],
    "nest": ['{{"lines":[{}]}}', '{{"by_name":{{"a":{}}}}}', '{{"either":{}}}', '{{"data":{}}}'],
}


@pytest.mark.parametrize(("name", "place"), [(name, place) for name, places in PLACES.items() for place in places])
def test_strict_all_the_way_down(tmp_path: Path, name: str, place: str) -> None:
    toolbox = load_users(written(tmp_path, STRICT))
    assert called(toolbox, name, x=json.loads(place.format(json.dumps(RIGHT)))).error is None
    for wrong in (TEXT, EXTRA, {"count": 4.0}, {"count": True}):
        result = called(toolbox, name, x=json.loads(place.format(json.dumps(wrong))))
        assert result.error in (ErrorCode.MISTYPED_ARGUMENT, ErrorCode.UNEXPECTED_ARGUMENT), (wrong, result)
