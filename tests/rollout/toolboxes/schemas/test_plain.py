"""What is surely a fit is one for the validator, too; what is none is left to the validator."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.records import canonical_json
from rollout.toolboxes.schemas.plain import surely_fits
from rollout.toolboxes.schemas.toolbox import _validator

TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
LEAVES = st.fixed_dictionaries({}, optional={"type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True)})
MORE = {"enum": st.just(["a", "b"]), "description": st.text(max_size=2), "minimum": st.integers(0, 2)}
NAMES = st.sampled_from(["a", "b", "c"])


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords = {
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "additionalProperties": st.booleans() | inner,
        "items": inner,
        **MORE,
    }
    return st.fixed_dictionaries({}, optional={"type": TYPES, **keywords})


SCHEMAS = st.recursive(LEAVES, objects, max_leaves=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([0.5, 2.0, "a", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


@given(SCHEMAS, VALUES)
def test_nothing_that_the_validator_refuses_is_sure(schema: Any, value: Any) -> None:
    assert not surely_fits(schema, value) or _validator(canonical_json(schema)).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value", "sure"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}, {"a": "x"}, True),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}, {"b": "x"}, False),
        ({"type": "array", "items": {"type": "number"}}, [1, 2.5], True),
        ({"type": "number"}, True, False),
        ({"type": "integer"}, 2.0, False),
        ({"type": "integer", "minimum": 0}, 2, False),
    ],
)
def test_plain_calls_are_sure(schema: Any, value: Any, sure: bool) -> None:
    assert surely_fits(schema, value) is sure
