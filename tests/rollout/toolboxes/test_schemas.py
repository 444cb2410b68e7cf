"""Toolboxes of schemas alone: calls are checked, not executed."""

import json
from pathlib import Path

import pytest

from cluster.errors import RequestError
from rollout.checkers import check
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.loading import is_built_in, without_interpreter
from rollout.toolboxes.schemas import INLINE, SchemaFunction, identifier

WEATHER = {
    "name": "weather.get",
    "description": "Give the weather 100%@+ of a city.",
    "parameters": {
        "type": "dict",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 1},
            "share": {"type": "float"},
            "units": {"type": "array", "items": {"type": "string"}, "enum": ["C", "F"]},
            "place": {"type": "dict", "properties": {"lat": {"type": "float"}}, "required": ["lat"]},
            "other": {"type": "any"},
        },
        "required": ["city"],
    },
}
OPENAI = {"type": "function", "function": WEATHER}
XLAM = {"name": "add", "description": "Add.", "parameters": {"a": {"type": "int"}, "b": {"type": "int, optional"}}}


def inline(*schemas: object) -> str:
    return INLINE + canonical_json(list(schemas))


def called(toolbox: str, name: str, **arguments: object) -> CallResult:
    return load_toolbox(toolbox).open().call(Call(name=name, arguments=canonical_json(arguments)))


@pytest.mark.parametrize("schema", [WEATHER, OPENAI], ids=["bare", "openai"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"city": "Paris"}, None),
        ({"city": "Paris", "days": 2, "share": 1, "units": ["C"], "place": {"lat": 2.5}, "other": [None]}, None),
        ({"city": "Paris", "place": {"lat": 2, "lon": 3}}, None),
        ({}, ErrorCode.MISSING_ARGUMENT),
        ({"city": "Paris", "town": 1}, ErrorCode.UNEXPECTED_ARGUMENT),
        ({"city": 3}, ErrorCode.MISTYPED_ARGUMENT),
        ({"city": None}, ErrorCode.MISTYPED_ARGUMENT),
        ({"city": "Paris", "days": 2.0}, ErrorCode.MISTYPED_ARGUMENT),
        ({"city": "Paris", "days": True}, ErrorCode.MISTYPED_ARGUMENT),
        ({"city": "Paris", "share": "1"}, ErrorCode.MISTYPED_ARGUMENT),
        ({"city": "Paris", "place": {"lat": "1"}}, ErrorCode.MISTYPED_ARGUMENT),
        ({"city": "Paris", "place": {}}, ErrorCode.MISSING_ARGUMENT),
        ({"city": "Paris", "days": 0}, ErrorCode.OUT_OF_RANGE),
        ({"city": "Paris", "units": ["K"]}, ErrorCode.OUT_OF_RANGE),
    ],
)
def test_arguments_are_held_to_the_schema(schema: object, arguments: dict[str, object], code: ErrorCode | None) -> None:
    result = called(inline(schema), "weather_get", **arguments)
    assert result.error is code, result
    assert "\n" not in result.content


def test_the_answer_is_the_list_of_accepted_calls_by_their_own_names_whatever_finish_is_given() -> None:
    toolbox = load_toolbox(inline(WEATHER, XLAM))
    session = toolbox.open()
    for name, arguments in (
        ("weather_get", {"city": "Paris"}),
        ("weather_get", {"city": 3}),
        ("add", {"a": 1}),
        ("add", {"a": {"$call": {"name": "add", "arguments": {"a": 1}}}}),
        ("finish", {"answer": "done"}),
    ):
        session.call(Call(name=name, arguments=canonical_json(arguments)))
    expected = [{"name": "weather.get", "arguments": {"city": "Paris"}}, {"name": "add", "arguments": {"a": 1}}]
    assert session.answer == canonical_json(expected)
    empty = toolbox.open()
    empty.call(Call(name="finish", arguments='{"answer":"nothing fits"}'))
    assert empty.answer == "[]"


def test_xlams_parameters_are_required_unless_they_say_otherwise() -> None:
    function = load_toolbox(inline(XLAM)).functions["add"]
    assert isinstance(function, SchemaFunction)
    assert function.parameters["required"] == ["a"]
    assert function.signature == "add(a: int, b: int = None)"


def test_names_of_such_toolboxes(tmp_path: Path) -> None:
    name = inline(WEATHER)
    assert is_built_in(name)
    assert without_interpreter(name) == (name, "")
    assert len(load_toolbox(f"{name}+5@3").functions) == 7
    file = tmp_path / "tools.json"
    file.write_text(json.dumps([OPENAI, XLAM]))
    assert [*load_toolbox(str(file)).functions] == ["weather_get", "add", "finish"]
    assert load_toolbox(name).hash != load_toolbox(inline(XLAM)).hash
    assert identifier("2-b.c") == "_2_b_c"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "are no JSON"),
        ("[3]", "schema 0 is no object with a name"),
        ('["name"]', "schema 0 is no object with a name"),
        ("7", "is no list of schemas"),
        ('[{"name": ""}]', "schema 0 is no object with a name"),
        ('[{"name": "f", "parameters": [1]}]', "no object; write a JSON schema"),
        ('[{"name": "f", "parameters": {"type": "object", "properties": {"a": {"enum": 3}}}}]', "no JSON schema"),
        ('[{"name": "f.g"}, {"name": "f_g"}]', "two functions are called 'f_g'"),
    ],
)
def test_what_is_no_schema_is_refused_in_one_line(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "tools.json"
    file.write_text(text)
    with pytest.raises(RequestError) as refusal:
        load_toolbox(str(file))
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_function_that_is_called_finish_leaves_the_end_another_name() -> None:
    toolbox = load_toolbox(inline({"name": "finish", "parameters": {"type": "object", "properties": {}}}))
    assert toolbox.finish == "end_of_calls"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ([{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}], None),
        ([{"name": "g", "arguments": {}}, {"name": "f", "arguments": {"a": 1.0}}], None),
        ([{"name": "g", "arguments": {}}], ErrorCode.ANSWER_WRONG),
        ([{"name": "g", "arguments": {}}] * 2, ErrorCode.ANSWER_WRONG),
        ([{"name": "f", "arguments": {"a": True}}, {"name": "g", "arguments": {}}], ErrorCode.ANSWER_WRONG),
        ([], ErrorCode.ANSWER_WRONG),
        ([{"name": "f"}], ErrorCode.ANSWER_MALFORMED),
        ("f(1)", ErrorCode.ANSWER_MALFORMED),
    ],
)
def test_checker_calls(answer: object, code: ErrorCode | None) -> None:
    gold = [{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}]
    assert check("calls", canonical_json(answer), canonical_json(gold)) is code
    with pytest.raises(RequestError, match="is no list of calls"):
        check("calls", "[]", '{"a":1}')
