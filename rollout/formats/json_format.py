"""Call format `json`: `{"name": "add", "arguments": {"a": 1, "b": 2}}`; a list of such objects for parallel calls.

A nested call stands as `{"$call": {"name": ..., "arguments": {...}}}` where a value may stand.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from rollout.formats.limits import (
    REPLY_LIMITS,
    CallSyntaxError,
    ReplyLimits,
    check_count,
    check_size,
    format_hash,
    too_many_digits,
)
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes.function import Function
from rollout.toolboxes.mistakes import quoted
from rollout.toolboxes.nesting import CALL, POSITIONAL, is_nested
from rollout.toolboxes.toolbox import Toolbox

SHAPE = '{"name": ..., "arguments": {...}}'
JSON_SOURCE = __file__
_MAX_STARTS = 8
"""Places in a reply where a call is looked for behind prose."""


class JsonFormat:
    """The `json` call format."""

    name = "json"
    built_ins: Mapping[str, Function] = MappingProxyType({})

    def __init__(self) -> None:
        self.hash = format_hash(self.name, __file__)

    def instructions(self, toolbox: Toolbox, verbosity: str) -> str:
        """The functions: their names, their signatures without types, or (`full`) how to call and their schemas."""
        functions = toolbox.functions.values()
        if verbosity == "names":
            return " ".join(function.name for function in functions)
        if verbosity == "signatures":
            return " ".join(function.short_signature for function in functions)
        lines = [f"Reply with one call and nothing else: {SHAPE}. Functions:"]
        lines += [canonical_json(described(function)) for function in functions]
        return "\n".join(lines)

    def render(self, calls: Sequence[Call]) -> str:
        texts = [f'{{"name":{canonical_json(call.name)},"arguments":{call.arguments}}}' for call in calls]
        return texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"

    def parse(self, text: str, limits: ReplyLimits = REPLY_LIMITS) -> tuple[Call, ...]:
        check_size(text, limits)
        value = decode(text.strip(), limits)
        if isinstance(value, list):
            check_count(len(value), limits)
            if value:
                return tuple(call_of(item) for item in value)
        elif isinstance(value, dict):
            return (call_of(value),)
        raise CallSyntaxError(ErrorCode.NOT_A_CALL, f"the reply holds no call; write {SHAPE}")

    def render_results(self, results: Sequence[CallResult]) -> str:
        """One result a line, in the order of the calls."""
        return "\n".join(result.content for result in results)


def described(function: Function) -> dict[str, Any]:
    """A function as an object for prompts: name, description, parameters (JSON schema), examples if any."""
    entry = {"name": function.name, "description": function.description, "parameters": dict(function.parameters)}
    return {**entry, "examples": list(function.examples)} if function.examples else entry


def call_of(value: Any, arguments_key: str = "arguments", optional: Sequence[str] = ()) -> Call:
    """The call that a decoded object is. Raises CallSyntaxError for another shape.

    Of the keys in `optional`, `id` becomes the call's id.
    """
    keys = ("name", arguments_key)
    shape = SHAPE.replace("arguments", arguments_key)
    if not isinstance(value, dict):
        raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f"a call is an object; write {shape}")
    for key in keys:
        if key not in value:
            raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f'the call has no "{key}"; write {shape}')
    extra = next((key for key in value if key not in keys and key not in optional), None)
    if extra is not None:
        raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f"a call has no key {quoted(extra)}; write {shape}")
    name, arguments = value["name"], value[arguments_key]
    if not isinstance(name, str) or not name:
        raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f'"name" is the function\'s name in quotes; write {shape}')
    if not isinstance(arguments, dict):
        raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f'"{arguments_key}" is an object; write {shape}')
    text = canonical_json(arguments)
    if '"$' in text:
        _check_reserved(arguments)
    identifier = value.get("id", "")
    if not isinstance(identifier, str):
        raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, '"id" is text in quotes, or left out')
    return Call(name=name, arguments=text, id=identifier)


def _check_reserved(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _check_reserved(item)
    elif isinstance(value, dict):
        if POSITIONAL in value or (CALL in value and not is_nested(value)):
            shape = f'{{"{CALL}": {SHAPE}}}'
            raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f"a call inside a call is written {shape}")
        for item in value.values():
            _check_reserved(item)


def decode(text: str, limits: ReplyLimits) -> Any:
    """The JSON value that all of `text` is (stripped, not empty, within size and depth). Raises CallSyntaxError."""
    decoder = _decoder(limits)
    try:
        value, end = decoder.raw_decode(text)
    except json.JSONDecodeError as error:
        raise _explained(text, error, decoder) from None
    except RecursionError:
        raise CallSyntaxError(ErrorCode.TOO_LARGE, "the call is nested too deep; nest less") from None
    if end != len(text):
        raise _trailing(text[end:].lstrip())
    if "\\u" in text:
        check_encodable(value)
    return value


def decode_at(text: str, start: int, limits: ReplyLimits) -> tuple[Any, int]:
    """The JSON value that begins at `start`, and where it ends. Raises CallSyntaxError."""
    try:
        value, end = _decoder(limits).raw_decode(text, start)
    except json.JSONDecodeError as error:
        where = f"at character {error.pos + 1}"
        raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"not JSON {where}: {error.msg.lower()}") from None
    except RecursionError:
        raise CallSyntaxError(ErrorCode.TOO_LARGE, "the call is nested too deep; nest less") from None
    if "\\u" in text:
        check_encodable(value)
    return value, end


def check_encodable(value: Any) -> None:
    """Refuse text that UTF-8 cannot hold. Raises CallSyntaxError."""
    try:
        canonical_json(value)
    except UnicodeEncodeError:
        message = "a text holds half of a surrogate pair; write the character itself"
        raise CallSyntaxError(ErrorCode.BAD_VALUE, message) from None


def _trailing(rest: str) -> CallSyntaxError:
    if rest[0] in "{[":
        return CallSyntaxError(ErrorCode.BAD_SYNTAX, "several calls are written as one list: [{...}, {...}]")
    if rest[0] in "]}),:":
        return CallSyntaxError(ErrorCode.BAD_SYNTAX, f"not JSON: {quoted(rest[0])} too many at the end; write {SHAPE}")
    return CallSyntaxError(ErrorCode.PROSE_AROUND_CALL, "there is text after the call; write only the call")


def _explained(text: str, error: json.JSONDecodeError, decoder: json.JSONDecoder) -> CallSyntaxError:
    if text[0] in "{[":
        where = f"at character {error.pos + 1}"
        return CallSyntaxError(ErrorCode.BAD_SYNTAX, f"not JSON {where}: {error.msg.lower()}; write {SHAPE}")
    start = text.find("{")
    for _ in range(_MAX_STARTS):
        if start < 0:
            break
        try:
            value, _end = decoder.raw_decode(text, start)
        except (json.JSONDecodeError, RecursionError, CallSyntaxError):
            pass
        else:
            if isinstance(value, dict) and "name" in value:
                message = "there is text around the call; write only the call"
                return CallSyntaxError(ErrorCode.PROSE_AROUND_CALL, message)
        start = text.find("{", start + 1)
    return CallSyntaxError(ErrorCode.NOT_A_CALL, f"the reply holds no call; write {SHAPE}")


@lru_cache(maxsize=16)
def _decoder(limits: ReplyLimits) -> json.JSONDecoder:
    longest = limits.max_digits

    def integer(text: str) -> int:
        if len(text) > longest:
            raise too_many_digits(limits)
        return int(text)

    def decimal(text: str) -> float:
        value = float(text)
        if len(text) > longest:
            raise too_many_digits(limits)
        if not math.isfinite(value):
            raise CallSyntaxError(ErrorCode.BAD_VALUE, f"{quoted(text)} is too large for a number")
        return value

    def constant(text: str) -> float:
        raise CallSyntaxError(ErrorCode.BAD_VALUE, f"{text} is no JSON number; write a finite number")

    return json.JSONDecoder(parse_int=integer, parse_float=decimal, parse_constant=constant, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise CallSyntaxError(
            ErrorCode.BAD_SYNTAX, f"the key {quoted(twice)} stands twice in one object; write it once"
        )
    return result
