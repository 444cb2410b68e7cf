"""Toolboxes of schemas alone: calls are checked, not executed."""

import json
from pathlib import Path

import pytest

from cluster.errors import RequestError
from rollout.checkers import check
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.loading import is_built_in, without_interpreter
from rollout.toolboxes.schemas.reading import identifier
from rollout.toolboxes.schemas.toolbox import INLINE, SchemaFunction

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
    assert function.signature == "add(a: int, b: int = ...)"


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
        ("{", "not JSON"),
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


def accepts(parameters: object, **arguments: object) -> bool:
    return called(inline({"name": "f", "parameters": parameters}), "f", **arguments).error is None


STOP = {"type": "object", "properties": {"city": {"type": "str"}}, "required": ["city"]}


def test_references_are_written_out() -> None:
    parameters = {
        "type": "object",
        "properties": {
            "to": {"$ref": "#/$defs/Stop", "description": "Where it ends."},
            "by": {"$ref": "#/properties/to", "minProperties": 2},
        },
        "$defs": {"Stop": STOP},
    }
    function = load_toolbox(inline({"name": "f", "parameters": parameters})).functions["f"]
    assert isinstance(function, SchemaFunction)
    assert "$ref" not in json.dumps(function.parameters)
    assert function.parameters["properties"]["to"]["description"] == "Where it ends."
    assert function.fits("to", {"city": "Bern"})
    assert accepts(parameters, to={"city": "Bern"})
    assert not accepts(parameters, to={"city": 3})
    assert not accepts(parameters, by={"city": "Bern"})
    assert accepts(parameters, by={"city": "Bern", "hour": 9})


def nested(depth: int) -> dict[str, object]:
    return {"type": "object", "properties": {"a": nested(depth - 1)}} if depth else {"type": "str"}


def doubled(count: int) -> dict[str, object]:
    """Definitions each of which has the next one twice."""
    two = [{"properties": {key: {"$ref": f"#/$defs/{number + 1}"} for key in "ab"}} for number in range(count)]
    return {"properties": {"a": {"$ref": "#/$defs/0"}}, "$defs": dict(enumerate([*two, {"type": "string"}]))}


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}}, "itself"),
        ({"properties": {"a": {"$ref": "#/properties/a"}}}, "itself"),
        ({"properties": {"a": {"$ref": "#"}}}, "itself"),
        ({"properties": {"a": {"$ref": "#/$defs/B"}}}, "leads to nothing"),
        ({"properties": {"a": {"$ref": "https://example.com/a.json"}}}, "leads elsewhere"),
        ({"properties": {"a": {"$dynamicRef": "#a"}}}, "is not read"),
        (doubled(20), "more than 20,000 schemas"),
        (nested(65), "more than 64 deep"),
        ({"properties": {"a": {"type": "string", "pattern": "("}}}, "does not read"),
        ({"properties": {"a": {"type": 3}}}, "write a word"),
        ({"properties": {"a": {"prefixItems": [{"enum": 3}]}}}, "no JSON schema"),
        ({"properties": {"a": "int"}}, "no JSON schema"),
        ({"properties": [], "type": "object"}, "'properties' is [], no object"),
        ({"properties": {}, "required": "a"}, "'required' is 'a', no list of names"),
        ({"properties": {}, "required": ["a", {}]}, "'required' is ['a', {}], no list of names"),
        ({"properties": {}, "allOf": [{"properties": [1]}]}, "'properties' is [1], no object"),
        ({"properties": {"a": {"type": "array", "enum": True}}}, "'enum' is True, no list"),
        ({"type": "string"}, "of type 'object'"),
        ({"a": "int"}, "the argument 'a' is 'int', no object"),
        ({"a": {"type": "int"}, "b": 3}, "the argument 'b' is 3, no object"),
        ("", "no object; write a JSON schema"),
        ([], "no object; write a JSON schema"),
    ],
)
def test_parameters_that_cannot_hold_a_call_are_refused_before_there_is_one(parameters: object, says: str) -> None:
    with pytest.raises(RequestError) as refusal:
        load_toolbox(inline({"name": "f", "parameters": parameters}))
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_arguments_of_xlam_may_have_the_names_of_keywords() -> None:
    parameters = {
        "type": {"type": "str", "description": "Kind."},
        "properties": {"type": "int", "description": "How many."},
    }
    assert accepts(parameters, type="flat", properties=3)
    assert not accepts(parameters, properties=3)
    assert not accepts(parameters, type=1, properties=3)


def test_schemas_inside_others_have_their_types_read_too() -> None:
    tuples = {"type": "object", "properties": {"a": {"type": "array", "items": [{"type": "int"}, {"type": "str"}]}}}
    assert accepts(tuples, a=[1, "x"])
    assert not accepts(tuples, a=["x", 1])
    assert not accepts({"properties": {"a": {"not": {"type": "str"}}}}, a="x")
    assert accepts({"properties": {"a": {"not": {"type": "str"}}}}, a=1)
    assert not accepts({"properties": {"a": {"additionalProperties": {"type": "List[int]"}}}}, a={"x": ["y"]})


@pytest.mark.parametrize("tool", [{"type": "custom", "name": "f"}, {"name": "f", "input_schema": {"type": "object"}}])
def test_tools_of_other_kinds_are_refused(tool: dict[str, object]) -> None:
    with pytest.raises(RequestError, match="schema 0"):
        load_toolbox(inline(tool))


def test_what_openapi_calls_nullable_may_be_null() -> None:
    places = {"type": "array", "items": {"type": "string", "nullable": False}, "enum": ["north"], "nullable": True}
    properties = {
        "a": {"type": "string", "enum": ["x"], "nullable": True},
        "b": {"type": "int | List[int]", "nullable": True},
        "c": {"type": "string", "nullable": False},
        "d": places,
        "nullable": {"type": "boolean"},
    }
    toolbox = inline({"name": "f", "parameters": {"type": "object", "properties": properties}})
    for name, right, wrong in (
        ("a", ["x", None], ["y", 1]),
        ("b", [1, [1], None], ["1"]),
        ("c", ["x"], [None]),
        ("d", [["north"], None], [["south"], [None]]),
        ("nullable", [True], [None]),
    ):
        for value in right:
            assert called(toolbox, "f", **{name: value}).error is None, (name, value)
        for value in wrong:
            assert called(toolbox, "f", **{name: value}).error is not None, (name, value)


def test_names_that_end_calls_and_keywords_of_python() -> None:
    names = ["finish", "end_of_calls", "end_all_calls"]
    assert load_toolbox(inline(*({"name": name} for name in names[:2]))).finish == "end_all_calls"
    with pytest.raises(RequestError, match="rename one"):
        load_toolbox(inline(*({"name": name} for name in names)))
    assert identifier("import") == "_import"


def test_defaults_are_those_of_arguments_that_may_be_left_out() -> None:
    properties = {
        "a": {"type": "integer", "default": 1},
        "b": {"type": "integer", "default": ""},
        "c": {"type": "string"},
        "d": {"type": "string", "default": "x"},
        "e": {"type": "integer", "default": 10.0},
        "f": {"type": "integer", "default": 10.5},
        "h": {"type": "number", "default": 10.0},
    }
    parameters = {"type": "object", "properties": properties, "required": ["d"]}
    function = load_toolbox(inline({"name": "f", "parameters": parameters})).functions["f"]
    assert isinstance(function, SchemaFunction)
    assert function.defaults == {"a": 1, "e": 10, "h": 10.0}
    assert [type(function.defaults[name]) for name in "eh"] == [int, float]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ([{"name": "f", "arguments": {"a": 1}}], None),
        ([{"name": "f", "arguments": {"a": 1, "b": 2}}], None),
        ([{"name": "f", "arguments": {"a": 1, "b": 2.0, "c": "x"}}], None),
        ([{"name": "f", "arguments": {"a": 1, "b": 3}}], ErrorCode.ANSWER_WRONG),
        ([{"name": "f", "arguments": {"b": 2}}], ErrorCode.ANSWER_WRONG),
        ([{"name": "g", "arguments": {"a": 1, "b": 2}}], ErrorCode.ANSWER_WRONG),
    ],
)
def test_an_argument_with_its_default_is_as_if_left_out(answer: object, code: ErrorCode | None) -> None:
    gold = [{"name": "f", "arguments": {"a": 1, "c": "x"}}]
    assert check('calls:{"f":{"b":2,"c":"x"}}', canonical_json(answer), canonical_json(gold)) is code


@pytest.mark.parametrize("option", ["", "{", "[]", '{"f":3}', '"f"'])
def test_defaults_that_are_none_are_refused(option: str) -> None:
    with pytest.raises(RequestError, match="DEFAULT"):
        check(f"calls:{option}", "[]", "[]")
