"""The limits of replies, which are checked before anything parses them, and the errors that all formats share."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import Field

from cluster.config import Section
from rollout.formats.definitions import definitions
from rollout.formats.shown import described
from rollout.records import ErrorCode, canonical_json, content_hash
from rollout.toolboxes import nesting
from rollout.toolboxes.function import Function, schema_text
from rollout.toolboxes.mistakes import CallRefused
from rollout.toolboxes.source import hash_of_files


class ReplyLimits(Section):
    """Bounds on a reply: parsing one within them is always short."""

    max_reply_chars: int = Field(default=16_384, ge=1, le=1_000_000)
    """Longest reply that is parsed. Unit: characters."""
    max_depth: int = Field(default=16, ge=1, le=32)
    """Brackets inside brackets, at most. Unit: levels."""
    max_digits: int = Field(default=40, ge=1, le=300)
    """Longest number. Unit: characters."""
    max_calls: int = Field(default=16, ge=1)
    """Calls in one reply, at most. Unit: calls."""


REPLY_LIMITS = ReplyLimits()
Functions = Mapping[str, Function]
"""The functions that can be called, by name: some dialects write arguments without their types."""
NO_FUNCTIONS: Functions = MappingProxyType({})


class CallSyntaxError(CallRefused):
    """No call could be read in a reply. `code` is an error code about form; the model reads `message`."""


_STRINGS = re.compile(r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_BRACKETS = re.compile(r"[\[\](){}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_OPENING = "[({"


def check_size(text: str, limits: ReplyLimits) -> None:
    """Refuse a reply that is empty, too long or too deep or holds lone surrogates. Takes linear time. Raises
    CallSyntaxError."""
    if not text or text.isspace():
        raise CallSyntaxError(ErrorCode.EMPTY_REPLY, "the reply is empty; write a call")
    if len(text) > limits.max_reply_chars:
        message = (
            f"the reply has {len(text)} characters, at most {limits.max_reply_chars} are read; write only the call"
        )
        raise CallSyntaxError(ErrorCode.TOO_LARGE, message)
    if not text.isascii() and _SURROGATE.search(text):
        raise CallSyntaxError(
            ErrorCode.BAD_VALUE, "the reply holds half of a surrogate pair; write the character itself"
        )
    if text.count("[") + text.count("(") + text.count("{") > limits.max_depth and _depth(text) > limits.max_depth:
        raise CallSyntaxError(ErrorCode.TOO_LARGE, f"brackets stand more than {limits.max_depth} deep; nest less")


def _depth(text: str) -> int:
    deepest = depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in _OPENING else -1
        deepest = max(deepest, depth)
        depth = max(depth, 0)
    return deepest


def check_count(count: int, limits: ReplyLimits) -> None:
    """Refuse more calls than one reply may hold. Raises CallSyntaxError."""
    if count > limits.max_calls:
        message = f"{count} calls in one reply, at most {limits.max_calls} are executed; write fewer"
        raise CallSyntaxError(ErrorCode.WRONG_COUNT, message)


def too_many_digits(limits: ReplyLimits) -> CallSyntaxError:
    return CallSyntaxError(
        ErrorCode.BAD_VALUE, f"a number has more than {limits.max_digits} characters; write a shorter one"
    )


def too_deep(what: str, instead: str) -> CallSyntaxError:
    return CallSyntaxError(ErrorCode.TOO_LARGE, f"{what} is nested too deep; {instead}")


def prose_around_call() -> CallSyntaxError:
    return CallSyntaxError(ErrorCode.PROSE_AROUND_CALL, "there is text around the call; write only the call")


def canonical(value: Any) -> str:
    """`value` as canonical JSON. Raises CallSyntaxError if it holds text that UTF-8 cannot hold."""
    try:
        return canonical_json(value)
    except UnicodeEncodeError:
        message = "a text holds half of a surrogate pair; write the character itself"
        raise CallSyntaxError(ErrorCode.BAD_VALUE, message) from None


_SHOWN = tuple(each.__code__.co_filename for each in (definitions, described, schema_text))
"""The code that writes functions into prompts."""


def format_hash(name: str, *files: str) -> str:
    """Hash of a call format: of the code in `files`, of what shows functions in prompts, of limits and of nesting."""
    return content_hash(name, hash_of_files(*files, *_SHOWN, __file__, str(nesting.__file__)))


class CallLimits(ReplyLimits):
    """Bounds on a reply and on each of its calls."""

    deadline: float = Field(default=5.0, gt=0)
    """Time that one call of a user's function may take. Built-in functions bound their arguments instead. Unit:
    seconds."""
    max_result_chars: int = Field(default=4_096, ge=64)
    """Longest result that a model is shown. Unit: characters."""


CALL_LIMITS = CallLimits()
