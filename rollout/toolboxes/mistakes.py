"""What goes wrong in a call, with its error code and a short message: the model's mistakes, which the message helps to
repair, and the toolbox's own faults, for which no model is to blame."""

import errno
import re
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
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


MADE = (None, ErrorCode.OUTPUT_TOO_LARGE)
"""The codes of calls whose function came to its end, even if what it gave back was too long to be told."""


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


class NotJson(Exception):
    """A value that has no JSON form: the fault of the function that gave it back, whatever its arguments were."""


class TooLarge(Exception):
    """A value of more digits, members or levels than a result may hold."""


class Forbidden(PermissionError):
    """A function did what its process may not do: the fault of the toolbox, whatever its arguments were."""


_TOOLBOX_FAULTS = (NotJson, Forbidden)
_LACKING = (ImportError, NameError)
"""Faults of the toolbox where its own code lacks a module or a name. A SyntaxError is none: like a name in a text that
a function evaluates, it is of what may be the model's text."""
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_DENIED_BY_SQLITE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")


def from_exception(name: str, error: BaseException) -> CallRefused:
    """The refusal for an exception that a function raised: its message on one line, without paths or traceback.

    It is the toolbox's fault where this exception, or one that led to it, says that the function did what is forbidden
    to it, gave back what is no JSON, or lacks a module or a name.
    """
    own = any(is_toolbox_fault(each) for each in causes(error))
    try:
        text = one_line(str(error))
    except Exception:  # an exception of the user's own whose text raises one
        text = ""
    if isinstance(error, SystemExit):
        text = f"it ended itself (SystemExit: {text})"
    code = ErrorCode.TOOLBOX_FAULT if own else ErrorCode.FUNCTION_RAISED
    if isinstance(error, TooLarge):
        code = ErrorCode.OUTPUT_TOO_LARGE
    return CallRefused(code, f"{name}: {text or type(error).__name__}")


def causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what led to it, `from None` or not."""
    seen = set[int]()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is not None and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [current.__cause__, current.__context__]
            waiting += current.exceptions if isinstance(current, BaseExceptionGroup) else ()


def is_toolbox_fault(error: BaseException) -> bool:
    if isinstance(error, _LACKING):
        return not is_of_evaluated_text(error)
    if isinstance(error, _TOOLBOX_FAULTS) or (isinstance(error, OSError) and error.errno in _DENIED):
        return True
    return str(getattr(error, "sqlite_errorname", "")).startswith(_DENIED_BY_SQLITE)


def is_of_evaluated_text(error: ImportError | NameError) -> bool:
    """Whether a name or module is lacking in a text that was evaluated: where code of no file looked it up, or where an
    interpreter of expressions said so, in whose own code the name does not stand."""
    codes = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    code = next((each for each in reversed(codes) if not each.co_filename.startswith("<frozen ")), None)
    if code is None:
        return False
    if isinstance(error, UnboundLocalError | ImportError):
        return code.co_filename.startswith("<")
    looked_up = (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
    return code.co_filename.startswith("<") or error.name not in looked_up


def as_called_here(name: str, known: Collection[str]) -> str:
    """`; it is ... here` where a name that is no identifier is that of a known function, written as one; else ""."""
    here = re.sub(r"\W", "_", name[:64], flags=re.ASCII)
    return f"; it is {here} here" if here != name and here in known else ""


def one_line(text: str, paths: bool = False) -> str:
    """`text` on one line, halves of surrogate pairs replaced, at most `MAX_MESSAGE` characters; for a model without
    `paths`, which tell it of the machine."""
    whole = text[: 4 * MAX_MESSAGE].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return shortened(" ".join((whole if paths else _PATH.sub("(path)", whole)).split()))


def shortened(text: str) -> str:
    """At most `MAX_MESSAGE` characters of `text`."""
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 3] + "..."


def quoted(text: str) -> str:
    """A name that the model wrote, fit to stand in a message: printable and short."""
    shown = "".join(character if character.isprintable() else "?" for character in text[:40])
    return shown if len(text) <= 40 else shown + "..."
