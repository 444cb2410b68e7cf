"""Checks whether an answer is the gold answer. Both are canonical JSON.

`exact`            equal as JSON; text without the white space around it; 3 and 3.0 are equal
`numeric`          numbers, or text that is one ("1,234.50", "$5"), within a relative and absolute tolerance of 1e-6;
                   `numeric:0.01` sets another
`set`              lists with the same members, whatever their order and number; text is split at commas
`either_order`     objects of two members that are equal, or equal with their two values exchanged
`module:function`  a user's `function(answer, gold) -> bool` on decoded values
"""

import importlib
import json
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cluster.errors import RequestError, WorkError
from rollout.records import ErrorCode, canonical_json

TOLERANCE = 1e-6
_NUMBER = re.compile(r"^[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,300})?(?:\.\d{0,300})?(?:[eE][-+]?\d{1,3})?$")

Checker = Callable[[Any, Any], ErrorCode | None]


def check(checker: str, answer: str, gold: str) -> ErrorCode | None:
    """None if `answer` is accepted, else why not: `answer_wrong`, or `answer_malformed` if it cannot be read.

    Raises RequestError for an unknown checker or a gold answer that it cannot read.
    """
    try:
        value = json.loads(answer)
    except ValueError:
        return ErrorCode.ANSWER_MALFORMED
    return _checker(checker)(value, json.loads(gold))


@lru_cache(maxsize=64)
def _checker(name: str) -> Checker:
    kind, _, option = name.partition(":")
    if name in _PLAIN:
        return _PLAIN[name]
    if kind == "numeric":
        try:
            return _numeric_within(float(option))
        except ValueError:
            raise RequestError(f"checker {name!r}: {option!r} is no tolerance; write numeric:0.01") from None
    if option:
        return _users(name, kind, option)
    raise RequestError(f"checker {name!r}: no such checker; known: exact, numeric, set, either_order, MODULE:FUNCTION")


def takes_either_order(checker: str) -> bool:
    """Whether `checker` accepts the gold answer with its two values exchanged."""
    return _PLAIN.get(checker) is _either_order


def _exact(answer: Any, gold: Any) -> ErrorCode | None:
    return None if _plain(answer) == _plain(gold) else ErrorCode.ANSWER_WRONG


def _numeric_within(tolerance: float) -> Checker:
    def numeric(answer: Any, gold: Any) -> ErrorCode | None:
        expected, given = _number(gold), _number(answer)
        if expected is None:
            raise RequestError(f"checker numeric: the gold answer {gold!r} is no number; use exact")
        if given is None:
            return ErrorCode.ANSWER_MALFORMED
        right = math.isclose(given, expected, rel_tol=tolerance, abs_tol=tolerance)
        return None if right else ErrorCode.ANSWER_WRONG

    return numeric


def _set(answer: Any, gold: Any) -> ErrorCode | None:
    expected, given = _members(gold), _members(answer)
    if expected is None:
        raise RequestError(f"checker set: the gold answer {gold!r} is no list; use exact")
    if given is None:
        return ErrorCode.ANSWER_MALFORMED
    return None if given == expected else ErrorCode.ANSWER_WRONG


def _either_order(answer: Any, gold: Any) -> ErrorCode | None:
    if not isinstance(answer, dict) or answer.keys() != gold.keys():
        return ErrorCode.ANSWER_WRONG
    exchanged = list(answer.values()) == [gold[key] for key in reversed(list(answer))]
    return None if answer == gold or exchanged else ErrorCode.ANSWER_WRONG


EITHER_ORDER = "either_order"
_PLAIN: dict[str, Checker] = {
    "exact": _exact,
    "numeric": _numeric_within(TOLERANCE),
    "set": _set,
    EITHER_ORDER: _either_order,
    # Its name in the records of older runs.
    "rollout.problems.subtasks:same_in_either_order": _either_order,
}


def _users(name: str, module: str, function: str) -> Checker:
    try:
        accepts = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise RequestError(f"checker {name!r}: {error}; name an importable MODULE:FUNCTION") from None
    if not callable(accepts):
        raise RequestError(f"checker {name!r}: {function} is no function")

    def users(answer: Any, gold: Any) -> ErrorCode | None:
        try:
            accepted = accepts(answer, gold)
        except Exception as error:
            raise WorkError(f"checker {name} raised {type(error).__name__}: {error} for answer {answer!r}") from error
        if not isinstance(accepted, bool):
            raise WorkError(f"checker {name} returned {accepted!r} for answer {answer!r}; return True or False")
        return None if accepted else ErrorCode.ANSWER_WRONG

    return users


def _plain(value: Any) -> Any:
    """A form in which equal JSON values compare equal: True differs from 1, text is stripped, 3.0 becomes 3."""
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip().removeprefix("$").removesuffix("%").strip()
        if not _NUMBER.match(text) or not any(character.isdigit() for character in text):
            return None
        value = text.replace(",", "")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _members(value: Any) -> set[str] | None:
    if isinstance(value, str):
        value = [item for item in value.split(",") if item.strip()]
    return {canonical_json(_plain(item)) for item in value} if isinstance(value, list) else None
