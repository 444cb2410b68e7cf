"""What schemas of other hands hold: `true` and `false` for a schema, multiples of a decimal, encoded references."""

import json
from typing import Any

import pytest

from cluster.errors import RequestError
from rollout.records import ErrorCode
from rollout.toolboxes.mistakes import CallRefused
from rollout.toolboxes.schemas.multiples import is_multiple
from rollout.toolboxes.schemas.reading import read_schemas
from rollout.toolboxes.schemas.toolbox import SchemaFunction, function_of_schema


def function(takes_others: bool = False, **parameters: Any) -> SchemaFunction:
    schema = {"name": "f", "parameters": {"type": "object", **parameters}}
    return function_of_schema(json.dumps(schema), takes_others)


def refusal(of: SchemaFunction, **arguments: Any) -> ErrorCode | None:
    try:
        of.validate(json.dumps(arguments))
    except CallRefused as refused:
        return refused.code
    return None


@pytest.mark.parametrize("required", [[], ["x"]])
def test_an_argument_whose_schema_is_true_takes_anything(required: list[str]) -> None:
    read = function(properties={"x": True, "y": {"type": "string"}}, required=required)
    assert read.signature == ("f(x: Any, y: str = ...)" if required else "f(x: Any = ..., y: str = ...)")
    assert [refusal(read, x=value) for value in (1, None, {"a": []})] == [None] * 3
    assert read.fits("x", [1])
    assert read.defaults == {}


INT = {"type": "integer"}


@pytest.mark.parametrize(("parameters", "says"), [
    ({"a": INT, "required": ["a"]}, "'a' is a schema among keywords"),
    ({"type": "object", "a": INT}, "'a' is a schema among keywords"),
    ({"type": "object", "properties": {"x": INT}, "a": {"description": "Any."}}, "'a' is a schema among keywords"),
    ({"properties": {"x": {"type": "object", "y": INT}}}, "'y' is a schema among keywords"),
    ({"type": "object", "x": "string"}, "'x' is a schema among keywords"),
    ({"properties": {"x": {"enum": []}}}, "an enum is empty"),
])  # fmt: skip
def test_a_schema_that_loses_an_argument_or_takes_no_value_is_refused(parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        function_of_schema(json.dumps({"name": "f", "parameters": parameters}))


@pytest.mark.parametrize("key", ["args", "arguments", "params", "inputs", "input_schema", "required_parameters"])
@pytest.mark.parametrize("parameters", [{"x": INT}, {"type": "object", "properties": {"x": INT}}, [{"name": "x"}]])
def test_parameters_of_another_name_are_refused(key: str, parameters: Any) -> None:
    functions: list[dict[str, Any]] = [{"name": "f", key: parameters}, {"function": {"name": "f"}, key: parameters}]
    for function in (*functions, {"name": "f", "parameters": {}, key: parameters}):
        with pytest.raises(RequestError, match=f"schema 0 has '{key}' and its function no parameters; write"):
            read_schemas([function], "here")
        read_schemas([{**function, key: {}}], "here")
    with pytest.raises(RequestError, match="schema 0 has 'parameters' and its function no parameters"):
        read_schemas([{"type": "function", "function": {"name": "f"}, "parameters": {"x": INT}}], "here")
    read_schemas([{"name": "f", "returns": {"type": "integer"}, "tags": ["a"]}], "here")


@pytest.mark.parametrize("beside", [
    {"example": {"type": "a"}}, {"default": {"type": "a"}}, {"const": {"type": "a"}}, {"x-order": {"type": "a"}},
    {"format": "object"},
    {"$defs": {"type": {"type": "string"}}}, {"xml": {"name": "a"}}, {"additionalProperties": INT},
])  # fmt: skip
def test_objects_that_keywords_hold_are_no_arguments(beside: dict[str, Any]) -> None:
    assert list(function(properties={"x": {"type": "object", **beside}}).parameters["properties"]) == ["x"]


def test_an_argument_whose_schema_is_false_is_none() -> None:
    read = function(properties={"x": False, "y": {"type": "string"}}, required=["x"])
    assert read.signature == "f(y: str = ...)"
    assert (refusal(read, y="a"), refusal(read, x=1)) == (None, ErrorCode.UNEXPECTED_ARGUMENT)


@pytest.mark.parametrize(
    "argument",
    [
        {"anyOf": [True, {"type": "integer"}]},
        {"type": "array", "items": True},
        {"type": "array", "items": True, "enum": ["a"]},
        {"type": "object", "properties": {"a": True, "b": False}, "additionalProperties": True},
        {"type": "array", "prefixItems": [True], "items": False},
        {"not": False},
    ],
)
def test_true_and_false_stand_for_schemas_at_every_depth(argument: dict[str, Any]) -> None:
    assert refusal(function(properties={"x": argument}), x=None) in (None, ErrorCode.MISTYPED_ARGUMENT)
    branches = function(anyOf=[{"properties": {"x": argument}}, {"properties": {"x": True}}])
    assert refusal(branches, x=[3]) is None


@pytest.mark.parametrize(
    ("value", "of", "holds"),
    [
        (19.99, 0.01, True),
        (0.07, 0.01, True),
        (1.1, 0.1, True),
        (5, 0.01, True),
        (0, 0.3, True),
        (-0.3, 0.1, True),
        (19.995, 0.01, False),
        (7, 2, False),
        (10**400, 0.5, True),
        (10**400 + 1, 2, False),
        (float("inf"), 2, False),
    ],
)
def test_a_number_is_a_multiple_as_it_is_written(value: float, of: float, holds: bool) -> None:
    assert is_multiple(value, of) is holds
    read = function(properties={"p": {"type": "number", "multipleOf": of}})
    assert refusal(read, p=value) is (None if holds else ErrorCode.OUT_OF_RANGE)
    assert read.fits("p", value) is holds


def test_a_reference_is_decoded_as_that_of_an_address() -> None:
    definitions = {"My T": {"type": "string"}, "50%/ä": {"type": "integer"}}
    properties = {"a": {"$ref": "#/$defs/My%20T"}, "b": {"$ref": "#/$defs/50%25~1%C3%A4"}}
    read = function(properties=properties, **{"$defs": definitions})
    assert refusal(read, a="x", b=1) is None
    assert refusal(read, a=1) is refusal(read, b="x") is ErrorCode.MISTYPED_ARGUMENT


@pytest.mark.parametrize(
    ("more", "fits", "unfit"),
    [
        ({}, {"a": 1, "b": {"c": 2.5}}, {"a": "1"}),
        ({"additionalProperties": True}, {"b": 1}, {"a": "1", "b": 1}),
        ({"additionalProperties": {}}, {"b": 1}, {"a": "1", "b": 1}),
        ({"additionalProperties": {"type": "string"}}, {"b": "x"}, {"b": 1}),
        ({"additionalProperties": False}, {"a": 1}, {"b": 1}),
        ({"required": ["z"]}, {"z": 1}, {"a": 1}),
    ],
)
def test_a_schema_may_take_arguments_that_it_does_not_name(
    more: dict[str, Any], fits: dict[str, Any], unfit: dict[str, Any]
) -> None:
    read = function(takes_others=True, properties={"a": {"type": "integer"}}, **more)
    assert refusal(read, **fits) is None
    assert refusal(read, **unfit) is not None
    if more.get("additionalProperties") != {"type": "string"}:
        strict = function(properties={"a": {"type": "integer"}}, **more)
        assert refusal(strict, b=1) is ErrorCode.UNEXPECTED_ARGUMENT
