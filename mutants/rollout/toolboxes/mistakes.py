"""Mistakes of a model in a call: each has an error code and a short message that helps to repair it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rollout.records import ErrorCode

MAX_MESSAGE = 200
"""The most characters that a message to the model has."""

_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.\-+@ ]+){2,}[\\/]?")
_RANGE_ERROR_TYPES = (
    "greater_than greater_than_equal less_than less_than_equal multiple_of finite_number string_too_short "
    "string_too_long string_pattern_mismatch too_short too_long literal_error enum value_error assertion_error "
    "date_from_datetime_inexact date_past date_future datetime_past datetime_future decimal_max_digits "
    "decimal_max_places decimal_whole_digits json_invalid"
)
"""pydantic's types of errors that say that a value is of the right type and yet not allowed."""
_RANGE_ERRORS = frozenset(_RANGE_ERROR_TYPES.split())


class CallRefused(Exception):
    """A call that is not executed, or whose execution failed: data for the model, never an error for people."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


_FAULTS = (
    (ErrorCode.MISSING_ARGUMENT, "argument {where} is missing"),
    (ErrorCode.UNEXPECTED_ARGUMENT, "there is no argument {where}"),
    (ErrorCode.OUT_OF_RANGE, "argument {where}: {reason}"),
    (ErrorCode.MISTYPED_ARGUMENT, "argument {where} has the wrong type"),
)
"""Codes and what the model is told. Where a call has several errors, the one that stands first here counts. In a union
each member complains: the one whose type fits and whose value does not is the one that explains, so a value out of
range comes before a mistyped one."""


def from_validation(name: str, signature: str, errors: Sequence[Mapping[str, Any]]) -> CallRefused:
    """The refusal for pydantic's `errors` of one call: for the first of those whose code comes first in `_FAULTS`."""
    error = min(errors, key=_rank)
    code, text = _FAULTS[_rank(error)]
    where = quoted(".".join(str(part) for part in error["loc"][:1]) or "arguments")
    reason = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    fault = text.format(where=where, reason=one_line(reason[:1].lower() + reason[1:]))
    return CallRefused(code, f"{name}: {fault}; use {shortened(signature)}")


def _rank(error: Mapping[str, Any]) -> int:
    """The place of an error's code in `_FAULTS`."""
    kind, depth = error["type"], len(error["loc"])
    if depth == 1 and kind in ("missing", "extra_forbidden"):
        return 0 if kind == "missing" else 1
    return 2 if kind in _RANGE_ERRORS else 3


def from_exception(name: str, error: BaseException) -> CallRefused:
    """The refusal for an exception that a function raised: its message on one line, without paths or traceback."""
    return CallRefused(ErrorCode.FUNCTION_RAISED, f"{name}: {one_line(str(error)) or type(error).__name__}")


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
