"""Parameters of which branches tell: each can be given, none else, and what the branches ask for is asked for."""

from typing import Any

import pytest

from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox

A: dict[str, Any] = {"properties": {"a": {"type": "integer"}}, "required": ["a"]}
B: dict[str, Any] = {"properties": {"b": {"type": "string"}}, "required": ["b"]}
EITHER = {"type": "object", "oneOf": [A, B]}
BOTH = {"type": "object", "allOf": [A, {"allOf": [B]}]}
REFERRED = {"type": "object", "$ref": "#/$defs/of", "$defs": {"of": A}}
ONE_REQUIRED = {
    "properties": {**A["properties"], **B["properties"]},
    "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
}
TWO_KINDS = {"anyOf": [A, {"properties": {"a": {"type": "string"}}, "required": ["a"]}]}
CONDITIONAL = {**A, "if": {"properties": {"a": {"const": 1}}}, "then": B}
OPEN = {"type": "object", "additionalProperties": {"type": "string"}}


def error_of(parameters: dict[str, Any], arguments: dict[str, Any]) -> ErrorCode | None:
    toolbox = load_toolbox(f"schemas:{canonical_json([{'name': 'f', 'parameters': {'type': 'object', **parameters}}])}")
    return toolbox.open().call(Call(name="f", arguments=canonical_json(arguments))).error


@pytest.mark.parametrize(
    ("parameters", "arguments", "error"),
    [
        (EITHER, {"a": 1}, None),
        (EITHER, {"b": "x"}, None),
        (EITHER, {"a": 1, "b": "x"}, ErrorCode.OUT_OF_RANGE),
        (EITHER, {}, ErrorCode.OUT_OF_RANGE),
        (EITHER, {"a": 1, "c": 1}, ErrorCode.UNEXPECTED_ARGUMENT),
        (BOTH, {"a": 1, "b": "x"}, None),
        (BOTH, {"a": 1}, ErrorCode.MISSING_ARGUMENT),
        (REFERRED, {"a": 1}, None),
        (REFERRED, {"b": "x"}, ErrorCode.MISSING_ARGUMENT),
        (ONE_REQUIRED, {"b": "x"}, None),
        (ONE_REQUIRED, {}, ErrorCode.OUT_OF_RANGE),
        (TWO_KINDS, {"a": 1}, None),
        (TWO_KINDS, {"a": "x"}, None),
        (TWO_KINDS, {"a": None}, ErrorCode.MISTYPED_ARGUMENT),
        (CONDITIONAL, {"a": 1, "b": "x"}, None),
        (CONDITIONAL, {"a": 2}, None),
        (CONDITIONAL, {"a": 1}, ErrorCode.MISSING_ARGUMENT),
        (OPEN, {"anything": "x"}, None),
        (OPEN, {"anything": 1}, ErrorCode.MISTYPED_ARGUMENT),
        ({"properties": {"x": {"type": "number", "multipleOf": 1e-300}}}, {"x": 10**39}, None),
    ],
)
def test_calls_are_held_to_the_branches(
    parameters: dict[str, Any], arguments: dict[str, Any], error: ErrorCode | None
) -> None:
    found = error_of(parameters, arguments)
    assert (found is None) == (error is None)
    if error is not ErrorCode.MISTYPED_ARGUMENT:  # of several branches the validator may name another fault
        assert found == error


def test_a_signature_names_what_branches_name_and_that_more_may_be_given() -> None:
    schemas = [{"name": "both", "parameters": BOTH}, {"name": "more", "parameters": OPEN}]
    functions = load_toolbox(f"schemas:{canonical_json(schemas)}").functions
    assert functions["both"].signature == "both(a: int, b: str)"
    assert functions["more"].signature == "more(**others: str)"
