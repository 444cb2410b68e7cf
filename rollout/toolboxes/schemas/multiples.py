"""`multipleOf`, by the numbers as they are written: 19.99 is a multiple of 0.01, which its binary form is not."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any


def keywords() -> dict[str, Callable[..., Iterator[Any]]]:
    """The keyword of a JSON schema, for `jsonschema.validators.extend`."""
    return {"multipleOf": multiple_of}


def is_multiple(value: int | float, of: int | float) -> bool:
    """Whether `value` is a whole number of times `of`; what is not finite is no multiple, and has none."""
    if not all(type(each) is int or math.isfinite(each) for each in (value, of)):
        return False
    return (_as_written(value) / _as_written(of)).denominator == 1


def _as_written(number: int | float) -> Fraction:
    return Fraction(number) if type(number) is int else Fraction(repr(number))


def multiple_of(validator: Any, of: int | float, value: Any, _schema: Any) -> Iterator[Any]:
    """The error of a value that is no multiple, if it is none."""
    from jsonschema import ValidationError

    if validator.is_type(value, "number") and not is_multiple(value, of):
        yield ValidationError(f"{value!r} is not a multiple of {of!r}")
