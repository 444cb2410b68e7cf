"""Arguments made up for functions without examples are ones that the functions take."""

import datetime
import decimal
import enum
import json
import math
import uuid
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, StringConstraints

from rollout.toolboxes.function import Function
from rollout.toolboxes.made_up import NothingFits, made_up, values_of


class Size(enum.Enum):
    SMALL = "S"
    LARGE = "L"


class Item(BaseModel):
    name: Annotated[str, StringConstraints(min_length=6, max_length=8)]
    share: Annotated[float, Field(gt=0, lt=1)]
    parts: "list[Item]" = []


class Tree(BaseModel):
    left: "Tree | None"
    right: "Tree | None"


class Pair(NamedTuple):
    one: int
    two: Annotated[int, Field(ge=7)]


def function_of(kind: Any) -> Function:
    def f(x: Any) -> None:
        """Do it."""

    f.__annotations__["x"] = kind
    return Function.from_callable(f)


TYPES = {
    "between 0 and 1": Annotated[float, Field(gt=0, lt=1)],
    "a probability": Annotated[float, Field(ge=0, le=1)],
    "a step beyond the greatest": Annotated[int, Field(multiple_of=7, le=6)],
    "a step at the least": Annotated[int, Field(multiple_of=7, gt=7)],
    "a step of less than one": Annotated[float, Field(multiple_of=0.25, gt=0, lt=0.5)],
    "a step of tenths": Annotated[float, Field(multiple_of=0.1, gt=0.25)],
    "negative": Annotated[int, Field(lt=0)],
    "negative float": Annotated[float, Field(lt=-0.5, gt=-1)],
    "large": Annotated[int, Field(gt=10**30)],
    "almost infinite": Annotated[float, Field(gt=1e308)],
    "almost nothing": Annotated[float, Field(gt=0, lt=1e-300)],
    "one double": Annotated[float, Field(gt=1.0, lt=1.0000000000000004)],
    "all four bounds": Annotated[int, Field(ge=3, gt=4, le=9, lt=6)],
    "a decimal": Annotated[decimal.Decimal, Field(gt=0, lt=1, decimal_places=2)],
    "one of two": Annotated[int, Field(ge=5)] | None,
    "short text": Annotated[str, Field(max_length=2)],
    "long text": Annotated[str, Field(min_length=40)],
    "letters": Annotated[str, Field(pattern=r"^[A-Z]{3}$")],
    "a code": Annotated[str, Field(pattern=r"^[A-Z]{2}-?\d{4}$")],
    "a time": Annotated[str, Field(pattern=r"^\d\d:\d\d$")],
    "a list of some": Annotated[list[int], Field(min_length=3, max_length=4)],
    "an empty list": Annotated[list[int], Field(max_length=0)],
    "a set": Annotated[set[int], Field(min_length=5)],
    "a set of texts": Annotated[set[Annotated[str, Field(max_length=1)]], Field(min_length=9)],
    "a set of pairs": Annotated[set[tuple[int, int]], Field(min_length=3)],
    "a set of an enum": Annotated[set[Size], Field(min_length=2)],
    "a tuple": tuple[int, Annotated[float, Field(lt=0)], str],
    "any tuple": tuple[int, ...],
    "a named tuple": Pair,
    "a mapping of some": Annotated[dict[str, int], Field(min_length=2)],
    "a mapping by number": Annotated[dict[int, int], Field(min_length=1)],
    "a mapping by enum": Annotated[dict[Literal["a", "b"], int], Field(min_length=1)],
    "a mapping by pattern": Annotated[dict[Annotated[str, Field(pattern="^[A-Z]$")], int], Field(min_length=1)],
    "a model": Item,
    "a model that holds itself": Tree,
    "a date": datetime.date,
    "a time of a day": datetime.datetime,
    "a fourth uuid": uuid.UUID,
    "anything": Any,
    "a choice": Literal[3, "a"],
}


@pytest.mark.parametrize("what", TYPES)
def test_a_function_takes_what_is_made_up_for_it(what: str) -> None:
    function = function_of(TYPES[what])
    function.validate(made_up(function).arguments)


@pytest.mark.parametrize(
    "kind",
    [
        Annotated[int, Field(gt=3, lt=4)],
        Annotated[float, Field(gt=1, lt=1)],
        Annotated[int, Field(multiple_of=5, gt=5, lt=10)],
        Annotated[str, Field(min_length=5, max_length=4)],
        Annotated[str, Field(pattern=r"^INVOICE-\d{4}/[a-f]+$")],
        Annotated[set[bool], Field(min_length=3)],
        Annotated[list[Annotated[int, Field(gt=3, lt=4)]], Field(min_length=1)],
    ],
)
def test_where_nothing_is_known_to_fit_the_argument_is_named(kind: Any) -> None:
    with pytest.raises(NothingFits, match="argument x: no value is known that fits"):
        made_up(function_of(kind))


FOREIGN = {
    "anything": {"required": ["x"], "properties": {"x": True}},
    "not declared": {"required": ["x"]},
    "parts of anything": {"required": ["x"], "properties": {"x": {"allOf": [True, {"type": "integer"}]}}},
    "counts as decimals": {
        "required": ["x"],
        "properties": {"x": {"type": "array", "minItems": 2.0, "items": {"type": "string", "minLength": 5.0}}},
    },
    "keys by any name": {
        "required": ["x"],
        "properties": {"x": {"type": "object", "minProperties": 1.0, "propertyNames": True}},
    },
    "a bound that is no double": {"required": ["x"], "properties": {"x": {"type": "integer", "minimum": 10**400}}},
    "members of any kind": {"required": ["x"], "properties": {"x": {"type": "array", "minItems": 1, "items": True}}},
    "a choice of anything": {"required": ["x"], "properties": {"x": {"anyOf": [True, {"type": "null"}]}}},
}
WITHOUT_VALUES = {
    "nothing": {"required": ["x"], "properties": {"x": False}},
    "itself": {"required": ["x"], "properties": {"x": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"$ref": "#/$defs/x"}}},
    "more than anybody reads": {
        "required": ["x"],
        "properties": {
            "x": {
                "type": "array",
                "minItems": 1000,
                "items": {"type": "array", "minItems": 1000, "items": {"type": "array", "minItems": 1000}},
            }
        },
    },
    "itself by a choice": {
        "required": ["x"],
        "properties": {"x": {"$ref": "#/$defs/x"}},
        "$defs": {"x": {"allOf": [{"anyOf": [{"$ref": "#/$defs/x"}]}]}},
    },
}


def of_schema(parameters: dict[str, Any]) -> Function:
    return Function(name="f", description="", parameters=parameters, examples=(), signature="f(x)")


@pytest.mark.parametrize("what", FOREIGN)
def test_schemas_of_others_are_met_too(what: str) -> None:
    jsonschema.validate(json.loads(made_up(of_schema(FOREIGN[what])).arguments), FOREIGN[what])


@pytest.mark.parametrize("what", WITHOUT_VALUES)
def test_schemas_that_no_value_meets_come_to_an_end(what: str) -> None:
    with pytest.raises(NothingFits):
        made_up(of_schema(WITHOUT_VALUES[what]))


BOUNDS = st.one_of(st.integers(-30, 30), st.floats(-30, 30).map(lambda bound: round(bound, 3)))
SCHEMAS = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={
        **dict.fromkeys(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"), BOUNDS),
        "multipleOf": st.sampled_from([1, 2, 3, 7, 0.5, 0.25, 1.5]),
    },
)


@given(SCHEMAS)
def test_numbers_are_within_all_bounds_wherever_a_number_is(schema: dict[str, Any]) -> None:
    value = next(values_of(schema, {}), None)
    if value is not None:
        jsonschema.validate(value, schema)
        assert json.loads(json.dumps(value)) == value
        return
    low = max((schema[key] for key in ("minimum", "exclusiveMinimum") if key in schema), default=-math.inf)
    high = min((schema[key] for key in ("maximum", "exclusiveMaximum") if key in schema), default=math.inf)
    # No bound lies further out than 30, and a grid of eighths holds every multiple of the steps.
    grid = [Fraction(eighth, 8) for eighth in range(-8 * 40, 8 * 40)]
    if schema["type"] == "number" and "multipleOf" not in schema:
        assert low >= high
    assert not any(jsonschema.Draft202012Validator(schema).is_valid(float(each)) for each in grid)
