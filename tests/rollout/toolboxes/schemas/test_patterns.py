"""Patterns of schemas against texts that a model wrote: what they accept, and that none takes forever."""

import re

import jsonschema
import pytest

from cluster.errors import RequestError
from rollout.records import Call, CallResult, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.schemas.toolbox import INLINE

FOREVER = r"^(a+)+$"
"""Python's `re` doubles its time with every further letter before a wrong one."""


def called(parameters: object, **arguments: object) -> CallResult:
    toolbox = load_toolbox(INLINE + canonical_json([{"name": "f", "parameters": parameters}]))
    return toolbox.open().call(Call(name="f", arguments=canonical_json(arguments)))


LONG = "a" * 5000 + "!"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "pattern": FOREVER}, LONG),
        ({"type": "array", "items": {"type": "string", "pattern": FOREVER}}, ["a", LONG]),
        ({"patternProperties": {FOREVER: {"type": "string"}}, "additionalProperties": {"type": "null"}}, {LONG: 1}),
        ({"patternProperties": {FOREVER: {}}, "additionalProperties": False}, {LONG: 1}),
    ],
)
@pytest.mark.timeout(120)
def test_no_text_takes_a_time_that_doubles_with_its_length(schema: dict[str, object], value: object) -> None:
    assert called({"properties": {"a": schema}}, a=value).error is not None


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", r"(?<!x)y", "("])
def test_what_the_engine_does_not_read_is_refused_before_a_call(pattern: str) -> None:
    for schema in ({"type": "string", "pattern": pattern}, {"type": "object", "patternProperties": {pattern: {}}}):
        with pytest.raises(RequestError, match="does not read") as refusal:
            called({"properties": {"a": schema}})
        assert "\n" not in str(refusal.value)
    with pytest.raises(RequestError, match="write additionalProperties"):
        called({"properties": {"a": {"patternProperties": {"^x": {}}, "unevaluatedProperties": False}}})


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({"type": "string", "pattern": r"^[A-Z]{3}-\d+$"}, ["ABC-1", "abc-1", "ABC-", "xABC-1", 3, ""]),
        ({"type": "string", "pattern": "b"}, ["abc", "ac", ""]),
        (
            {"patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": {"type": "string"}},
            [{"n_a": 1}, {"n_a": "1"}, {"m": "1"}, {"m": 1}, {"n_a": 1, "m": "x"}, {}, "n_a"],
        ),
        (
            {"properties": {"k": {}}, "patternProperties": {"^n_": {}}, "additionalProperties": False},
            [{"k": 1, "n_": 2}, {"k": 1, "o": 2}, {"o": 2}],
        ),
    ],
)
def test_the_verdict_is_jsonschemas_own(schema: dict[str, object], values: list[object]) -> None:
    for value in values:
        theirs = jsonschema.Draft202012Validator(schema).is_valid(value)
        assert (called({"properties": {"a": schema}}, a=value).error is None) == theirs, value


def test_a_line_break_at_the_end_is_no_end() -> None:
    assert re.search("^a$", "a\n")
    assert called({"properties": {"a": {"pattern": "^a$"}}}, a="a\n").error is not None
