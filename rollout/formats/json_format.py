"""Call format `json`: `{"name": "add", "arguments": {"a": 1, "b": 2}}`; a list of such objects for parallel calls.

A nested call stands as `{"$call": {"name": ..., "arguments": {...}}}` where a value may stand.
"""

import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from rollout.formats import thoughts
from rollout.formats.definitions import definitions
from rollout.formats.limits import (
    NO_FUNCTIONS,
    REPLY_LIMITS,
    CallSyntaxError,
    Functions,
    ReplyLimits,
    canonical,
    check_count,
    check_size,
    format_hash,
    prose_around_call,
    too_deep,
    too_many_digits,
)
from rollout.formats.shown import described, with_example, with_example_if_none
from rollout.formats.thoughts import read_after_thought
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes.function import Function
from rollout.toolboxes.mistakes import quoted
from rollout.toolboxes.nesting import CALL, POSITIONAL, is_nested
from rollout.toolboxes.toolbox import Toolbox

SHAPE = '{"name": ..., "arguments": {...}}'
BEGINNING = re.compile(r"\{(?!\s*[-\d])|\[\s*(?:[\[{]|\]?\Z)")
"""How a reply begins that is meant as a call: numbers and words, in brackets or not, begin prose."""
_MAX_STARTS = 8
"""How many opening brackets in a reply are tried as the beginning of a call after prose."""


class WithJsonArguments(ABC):
    """What the formats have in common that write arguments as JSON."""

    name = ""
    shape = ""
    files: tuple[str, ...] = (__file__, str(thoughts.__file__))
    """Its code, which its hash covers."""
    asked = "a call"
    built_ins: Mapping[str, Function] = MappingProxyType({})

    def __init__(self) -> None:
        self.hash = format_hash(self.name, *self.files)

    def instructions(self, toolbox: Toolbox, verbosity: str) -> str:
        """The functions: names alone, for models that know the format; or how to call them, with an example, and their
        signatures, or (`full`) their schemas, each with examples."""
        functions = toolbox.functions.values()
        if verbosity == "names":
            return " ".join(function.name for function in functions)
        asked = f"Reply with {self.asked} and nothing else: {self.shape}."
        if verbosity == "full":
            asked = with_example_if_none(asked, toolbox, self)
            return "\n".join([f"{asked} Functions:", *(described(each, self.example) for each in functions)])
        types = dict.fromkeys(line for function in functions for line in definitions(function))
        lines = [with_example(asked, toolbox, self), "Functions:"]
        return "\n".join([*lines, *(function.signature for function in functions), *types])

    def example(self, call: Call) -> Any:
        """A call as an example in a function's JSON object."""
        return self.render((call,))

    @abstractmethod
    def render(self, calls: Sequence[Call]) -> str:
        """The text of a reply that makes these calls."""

    def parse(
        self, text: str, limits: ReplyLimits = REPLY_LIMITS, functions: Functions = NO_FUNCTIONS
    ) -> tuple[Call, ...]:
        """The calls in a reply, after a thought or without one. Raises CallSyntaxError."""

        def read(text: str) -> tuple[Call, ...]:
            check_size(text, limits)
            return self.read(text, limits, functions)

        return read_after_thought(text, read)

    @abstractmethod
    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        """The calls in a text that is not empty, and within size and depth. Raises CallSyntaxError."""

    def render_results(self, results: Sequence[CallResult]) -> str:
        """One result a line, in the order of the calls."""
        return "\n".join(result.content for result in results)

    def no_call(self) -> CallSyntaxError:
        return CallSyntaxError(ErrorCode.NOT_A_CALL, f"the reply holds no call; write {self.shape}")


class JsonFormat(WithJsonArguments):
    """The `json` call format."""

    name = "json"
    shape = SHAPE
    asked = "one call"

    def example(self, call: Call) -> Any:
        return {"name": call.name, "arguments": json.loads(call.arguments)}

    def render(self, calls: Sequence[Call]) -> str:
        texts = [f'{{"name":{canonical_json(call.name)},"arguments":{call.arguments}}}' for call in calls]
        return texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        value = decode(text.strip(), limits, self.shape)
        if isinstance(value, list):
            check_count(len(value), limits)
            if value:
                return tuple(call_of(item) for item in value)
        elif isinstance(value, dict):
            return (call_of(value),)
        raise self.no_call()


def call_of(value: Any, arguments_key: str = "arguments", optional: Sequence[str] = ()) -> Call:
    """The call that a decoded object describes. Raises CallSyntaxError if it has another shape.

    `optional` names further keys that may stand in it; `id` among them becomes the call's id.
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


def decode(text: str, limits: ReplyLimits, shape: str) -> Any:
    """The JSON object or list of all of `text`, which is stripped, not empty, and within size and depth. Raises
    CallSyntaxError, which says to write a call in `shape`."""
    decoder = _decoder(limits)
    if not BEGINNING.match(text):
        raise _prose(text, decoder, shape)
    try:
        value, end = decoder.raw_decode(text)
    except json.JSONDecodeError as error:
        where = f"at character {error.pos + 1}"
        raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"not JSON {where}: {error.msg.lower()}; write {shape}") from None
    except RecursionError:
        raise too_deep("the call", "nest less") from None
    rest = text[end:].lstrip()
    if rest and rest[0] in "{[":
        raise CallSyntaxError(ErrorCode.BAD_SYNTAX, "several calls are written as one list: [{...}, {...}]")
    if rest and rest[0] in "]}),:":
        raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"not JSON: {quoted(rest[0])} too many at the end; write {shape}")
    if rest:
        raise _prose(text, decoder, shape)
    if "\\u" in text:
        canonical(value)
    return value


def decode_at(text: str, start: int, limits: ReplyLimits) -> tuple[Any, int]:
    """The JSON value that begins at `start`, and the position of its end. Raises CallSyntaxError."""
    try:
        value, end = _decoder(limits).raw_decode(text, start)
    except json.JSONDecodeError as error:
        where = f"at character {error.pos + 1}"
        raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"not JSON {where}: {error.msg.lower()}") from None
    except RecursionError:
        raise too_deep("the call", "nest less") from None
    if "\\u" in text:
        canonical(value)
    return value, end


def _prose(text: str, decoder: json.JSONDecoder, shape: str) -> CallSyntaxError:
    """The error of a reply that holds more than JSON: whether a call stands in it says which."""
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
                return prose_around_call()
        start = text.find("{", start + 1)
    return CallSyntaxError(ErrorCode.NOT_A_CALL, f"the reply holds no call; write {shape}")


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

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                message = f"the key {quoted(key)} stands twice in one object; write it once"
                raise CallSyntaxError(ErrorCode.BAD_SYNTAX, message)
            result[key] = value
        return result

    return json.JSONDecoder(parse_int=integer, parse_float=decimal, parse_constant=constant, object_pairs_hook=unique)
