"""The forms in which models were trained to write calls. Each one is a call format.

`hermes`   `<tool_call>\\n{"name": ..., "arguments": {...}}\\n</tool_call>`, one block a call (Qwen, Hermes); thoughts
           in `<think>...</think>` may stand before the first, also without the `<think>` that a template has written
`mistral`  `[TOOL_CALLS] [{"name": ..., "arguments": {...}, "id": "abcdefghi"}]`; ids have 9 letters or digits and
           may be left out
`mistral_args`  `[TOOL_CALLS]name[CALL_ID]abcdefghi[ARGS]{...}`, repeated for parallel calls (tokenizers v11 and later)
`llama`    `{"name": ..., "parameters": {...}}`, one call a reply (Llama 3.1 and later)

They can be used with any tokenizer, and then describe the functions in the prompt's text. With
`rollout.prompts.native_template` the tokenizer's own chat template does that.
"""

import re
from collections.abc import Sequence

from rollout.formats.dialect import Dialect, after_blank
from rollout.formats.json_format import BEGINNING, call_of, decode, decode_at
from rollout.formats.limits import (
    CallSyntaxError,
    Functions,
    ReplyLimits,
    check_count,
    prose_around_call,
)
from rollout.records import Call, ErrorCode, canonical_json, content_hash

_CALL_ID = re.compile(r"^[A-Za-z0-9]{9}\Z")
_ARGS_HEAD = re.compile(r"\[TOOL_CALLS\]\s*([^\s\[\]{}]{1,200})(?:\[CALL_ID\]([A-Za-z0-9]{9}))?\s*\[ARGS\]\s*")
_TOOL_CALLS = "[TOOL_CALLS]"
_OPEN, _CLOSE = "<tool_call>", "</tool_call>"


class HermesFormat(Dialect):
    """The `hermes` call format."""

    files = (*Dialect.files, __file__)
    name = "hermes"
    mark = re.compile(r"<tool_call>")
    shape = '<tool_call>{"name": ..., "arguments": {...}}</tool_call>'

    def render(self, calls: Sequence[Call]) -> str:
        blocks = [
            f'{_OPEN}\n{{"name": {canonical_json(call.name)}, "arguments": {call.arguments}}}\n{_CLOSE}'
            for call in calls
        ]
        return "\n".join(blocks)

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        position = after_blank(text, 0)
        if not text.startswith(_OPEN, position):
            raise prose_around_call() if _OPEN in text else self.no_call()
        calls = []
        while position < len(text):
            if not text.startswith(_OPEN, position):
                raise prose_around_call()
            value, position = decode_at(text, after_blank(text, position + len(_OPEN)), limits)
            position = after_blank(text, position)
            if not text.startswith(_CLOSE, position):
                raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"{_CLOSE} is missing after the call; write {self.shape}")
            calls.append(call_of(value))
            check_count(len(calls), limits)
            position = after_blank(text, position + len(_CLOSE))
        return tuple(calls)


class MistralFormat(Dialect):
    """The `mistral` call format: a list of objects."""

    files = (*Dialect.files, __file__)
    name = "mistral"
    mark = re.compile(r"\[TOOL_CALLS\]")
    shape = '[TOOL_CALLS] [{"name": ..., "arguments": {...}}]'

    def render(self, calls: Sequence[Call]) -> str:
        objects = []
        for call in calls:
            identifier = f', "id": {canonical_json(call.id)}' if call.id else ""
            objects.append(f'{{"name": {canonical_json(call.name)}, "arguments": {call.arguments}{identifier}}}')
        return f"{_TOOL_CALLS} [{', '.join(objects)}]"

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        text = text.strip()
        if not text.startswith(_TOOL_CALLS):
            raise prose_around_call() if _TOOL_CALLS in text else self.no_call()
        value, end = decode_at(text, after_blank(text, len(_TOOL_CALLS)), limits)
        if end != len(text):
            raise prose_around_call()
        if not isinstance(value, list):
            raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f"the calls stand in a list; write {self.shape}")
        if not value:
            raise self.no_call()
        check_count(len(value), limits)
        calls = tuple(call_of(item, optional=("id",)) for item in value)
        if any(call.id and not _CALL_ID.match(call.id) for call in calls):
            raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, "an id has 9 letters or digits; leave it out")
        return calls


class MistralArgsFormat(Dialect):
    """The `mistral_args` call format: name and arguments between control tokens."""

    files = (*Dialect.files, __file__)
    name = "mistral_args"
    mark = _ARGS_HEAD
    shape = "[TOOL_CALLS]name[ARGS]{...}"

    def render(self, calls: Sequence[Call]) -> str:
        texts = []
        for call in calls:
            identifier = f"[CALL_ID]{call.id}" if call.id else ""
            texts.append(f"{_TOOL_CALLS}{call.name}{identifier}[ARGS]{call.arguments}")
        return "".join(texts)

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        text = text.strip()
        if not text.startswith(_TOOL_CALLS):
            raise prose_around_call() if _TOOL_CALLS in text else self.no_call()
        calls: list[Call] = []
        position = 0
        while position < len(text):
            head = _ARGS_HEAD.match(text, position)
            if head is None:
                if calls and not text.startswith(_TOOL_CALLS, position):
                    raise prose_around_call()
                raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"the call is broken; write {self.shape}")
            value, position = decode_at(text, head.end(), limits)
            calls.append(call_of({"name": head[1], "arguments": value, "id": head[2] or ""}, optional=("id",)))
            check_count(len(calls), limits)
            position = after_blank(text, position)
        return tuple(calls)


class LlamaFormat(Dialect):
    """The `llama` call format. It takes one call a reply, as its chat template does."""

    files = (*Dialect.files, __file__)
    name = "llama"
    mark = re.compile(r"\A\s*+(?:\{|<\|python_tag\|>)")
    shape = '{"name": ..., "parameters": {...}}'

    def render(self, calls: Sequence[Call]) -> str:
        """Several calls become one object a line, which `parse` refuses as wrong_count: the format takes one call."""
        return "\n".join(f'{{"name": {canonical_json(call.name)}, "parameters": {call.arguments}}}' for call in calls)

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        text = text.strip().removeprefix("<|python_tag|>").strip()
        if not text:
            raise self.no_call()
        if BEGINNING.match(text):
            value, end = decode_at(text, 0, limits)
            several = isinstance(value, list) and len(value) > 1
            if several or text[end:].lstrip(" \n\t\r;,").startswith(("{", "[")):
                message = "one call a reply; write the first, then wait for its result"
                raise CallSyntaxError(ErrorCode.WRONG_COUNT, message)
        value = decode(text, limits, self.shape)
        if not value:
            raise self.no_call()
        if not isinstance(value, dict):
            raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f"a call is an object; write {self.shape}")
        if value.get("type", "function") != "function":
            raise CallSyntaxError(ErrorCode.WRONG_CALL_SHAPE, f'"type" is "function" or left out; write {self.shape}')
        return (call_of(value, "parameters", optional=("type",)),)


def call_id(call: Call, position: int) -> str:
    """The call's own id, or else 9 hexadecimal digits that follow from the call and its position."""
    return call.id or content_hash(call.name, call.arguments, str(position))[:9]
