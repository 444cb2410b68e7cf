"""A model's mistake in a call: its error code, and the short message that helps to repair it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rollout.records import ErrorCode

MAX_MESSAGE = 200
"""Characters of a message that goes back to the model."""

_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.\-+@ ]+){2,}[\\/]?")
_RANGE_ERRORS = frozenset(
    {
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "multiple_of",
        "finite_number",
        "string_too_short",
        "string_too_long",
        "string_pattern_mismatch",
        "too_short",
        "too_long",
        "literal_error",
        "enum",
        "value_error",
        "assertion_error",
        "date_from_datetime_inexact",
        "date_past",
        "date_future",
        "datetime_past",
        "datetime_future",
        "decimal_max_digits",
        "decimal_max_places",
        "decimal_whole_digits",
        "json_invalid",
    }
)


class CallRefused(Exception):
    """A call that is not executed, or whose execution failed: data for the model, never an error for people."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def from_validation(name: str, signature: str, errors: Sequence[Mapping[str, Any]]) -> CallRefused:
    """The refusal for pydantic's `errors` of one call: a missing argument comes before an unexpected one, that before
    a mistyped one, that before one out of range; among equals the first counts."""
    ranked = sorted((_rank(error), index) for index, error in enumerate(errors))
    code, error = _ORDER[ranked[0][0]], errors[ranked[0][1]]
    where = ".".join(str(part) for part in error["loc"][:1]) or "arguments"
    if code is ErrorCode.MISSING_ARGUMENT:
        fault = f"argument {quoted(where)} is missing"
    elif code is ErrorCode.UNEXPECTED_ARGUMENT:
        fault = f"there is no argument {quoted(where)}"
    elif code is ErrorCode.MISTYPED_ARGUMENT:
        fault = f"argument {quoted(where)} has the wrong type"
    else:
        fault = f"argument {quoted(where)}: {_reason(error)}"
    return CallRefused(code, f"{name}: {fault}; use {shortened(signature)}")


_ORDER = (
    ErrorCode.MISSING_ARGUMENT,
    ErrorCode.UNEXPECTED_ARGUMENT,
    ErrorCode.OUT_OF_RANGE,
    ErrorCode.MISTYPED_ARGUMENT,
)


def _rank(error: Mapping[str, Any]) -> int:
    kind, depth = error["type"], len(error["loc"])
    if kind == "missing" and depth == 1:
        return 0
    if kind == "extra_forbidden" and depth == 1:
        return 1
    # In a union each member complains: the one whose type fitted and whose value did not is the one that explains.
    return 2 if kind in _RANGE_ERRORS else 3


def _reason(error: Mapping[str, Any]) -> str:
    text = str(error["msg"])
    text = text.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return one_line(text[:1].lower() + text[1:])


def from_exception(name: str, error: BaseException) -> CallRefused:
    """The refusal for an exception that a function raised: its message on one line, without paths or traceback."""
    text = one_line(str(error)) or type(error).__name__
    return CallRefused(ErrorCode.FUNCTION_RAISED, f"{name}: {text}")


def one_line(text: str) -> str:
    """`text` on one line, paths replaced, at most `MAX_MESSAGE` characters."""
    return shortened(" ".join(_PATH.sub("(path)", text[: 4 * MAX_MESSAGE]).split()))


def shortened(text: str) -> str:
    """At most `MAX_MESSAGE` characters of `text`."""
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 3] + "..."


def quoted(text: str) -> str:
    """A name that the model wrote, fit to stand in a message: printable and short."""
    shown = "".join(character if character.isprintable() else "?" for character in text[:40])
    return shown if len(text) <= 40 else shown + "..."
