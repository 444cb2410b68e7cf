"""The checker `numeric`: an answer is right when it is the gold number.

An integer gold compares exactly. Another gold allows for the rounding of doubles: a millionth of the gold, and never
more than a millionth. `numeric:0.01` asks for a tolerance, a share of the gold, which holds for integers too.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from cluster.errors import RequestError
from rollout.checkers.numbers import Quantity, read_quantity
from rollout.records import ErrorCode

DEFAULT_SLACK = Fraction(1, 10**6)
_ROUNDED_SLACK = Fraction(1, 10**15)
"""Share of a gold that a double holds only to its digits."""
_TOLERANCE = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE]-?[0-9]{1,2})?", re.ASCII)


def tolerance_of(option: str) -> Fraction:
    """The tolerance in `numeric:OPTION`. Raises RequestError unless it is from 0 up to, but not including, 1."""
    tolerance = Fraction(option) if _TOLERANCE.fullmatch(option) else None
    if tolerance is None or tolerance >= 1:
        raise RequestError(
            f"checker 'numeric:{option}': {option!r} is no tolerance; write a share of the gold from 0 to less than 1, "
            "as in numeric:0.01"
        )
    return tolerance


def numeric(tolerance: Fraction | None) -> Callable[[Any, Any], ErrorCode | None]:
    """A checker with this tolerance; None: the one that the gold's kind has."""

    def checker(answer: Any, gold: Any) -> ErrorCode | None:
        expected, given = read_quantity(gold), read_quantity(answer)
        if expected is None:
            raise RequestError(f"checker numeric: the gold answer {gold!r} is no number that it reads; use exact")
        if given is None or not _comparable(given, expected):
            return ErrorCode.ANSWER_MALFORMED
        if given.unit and expected.unit and given.unit != expected.unit:
            return ErrorCode.ANSWER_WRONG
        slack = _slack(expected, given) if tolerance is None else tolerance * abs(expected.value)
        return None if abs(given.value - expected.value) <= slack else ErrorCode.ANSWER_WRONG

    return checker


def _comparable(given: Quantity, expected: Quantity) -> bool:
    """Whether it can be said if `given` is `expected`: both name the same unit, or none but a mark for percent or a
    currency, and the answer is no double that may stand for one of several integers."""
    if given.has_words or expected.has_words:
        return given.unit == expected.unit
    return not (given.rounded and expected.is_integer)


def _slack(gold: Quantity, given: Quantity) -> Fraction:
    if gold.is_integer:
        return Fraction(0)
    if gold.rounded:
        return _ROUNDED_SLACK * abs(gold.value)
    return DEFAULT_SLACK * min(max(abs(gold.value), abs(given.value)), Fraction(1))
