"""What is surely a fit is one for the validator, too; what is none is left to the validator."""

import random
from typing import Any

import pytest

from rollout.records import canonical_json
from rollout.toolboxes.schemas.plain import surely_fits
from rollout.toolboxes.schemas.toolbox import _validator

TYPES = ("string", "integer", "number", "boolean", "null", "array", "object")
NAMES = ("a", "b", "c")


def schema(drawn: random.Random, depth: int) -> Any:
    """A schema of keywords that are known, and of one that is not."""
    inner = depth and drawn.random() < 0.8
    keywords: dict[str, Any] = {"type": drawn.choice((drawn.choice(TYPES), drawn.sample(TYPES, 2)))}
    more: dict[str, Any] = {"enum": ["a", "b"], "minimum": drawn.randint(0, 2), "description": "x"}
    more["required"] = drawn.sample(NAMES, drawn.randint(0, 2))
    if inner:
        keywords["type"] = drawn.choice(("object", "array"))
        more["items"] = schema(drawn, depth - 1)
        more["properties"] = {name: schema(drawn, depth - 1) for name in drawn.sample(NAMES, drawn.randint(0, 2))}
        more["additionalProperties"] = drawn.choice((True, False, schema(drawn, depth - 1)))
    taken = [name for name in more if drawn.random() < 0.4]
    return {**(keywords if drawn.random() < 0.8 else {}), **{name: more[name] for name in taken}}


def value(drawn: random.Random, depth: int) -> Any:
    plain = (None, True, False, 0, 1, -2, 0.5, 2.0, "a", "x")
    if depth and drawn.random() < 0.6:
        members = [value(drawn, depth - 1) for _ in range(drawn.randint(0, 2))]
        return members if drawn.random() < 0.4 else dict(zip(drawn.sample(NAMES, len(members)), members, strict=True))
    return drawn.choice(plain)


def test_nothing_that_the_validator_refuses_is_sure() -> None:
    drawn, sure = random.Random(0), 0
    for _ in range(3000):
        one, other = schema(drawn, 2), value(drawn, 2)
        if surely_fits(one, other):
            sure += 1
            assert _validator(canonical_json(one)).is_valid(other), (one, other)
    assert sure > 100


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
