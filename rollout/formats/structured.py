"""Dialects whose arguments have types, in notations of their own.

`gemma`    `<|tool_call>call:name{a:1,b:<|"|>text<|"|>}<tool_call|>`, repeated for parallel calls (Gemma 4)
`harmony`  `<|channel|>commentary to=functions.name <|constrain|>json<|message|>{"a": 1}`, one call a reply (gpt-oss)
`lfm2`     `<|tool_call_start|>[name(a=1, b="text")]<|tool_call_end|>`, a Python list of calls (LFM2)
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from rollout.formats import python_format, python_names
from rollout.formats.dialect import Dialect, after_blank
from rollout.formats.json_format import call_of, decode_at
from rollout.formats.limits import CallSyntaxError, Functions, ReplyLimits, check_count, prose_around_call
from rollout.formats.python_format import call_text, python_calls
from rollout.formats.python_names import with_own_names, with_python_names
from rollout.records import Call, ErrorCode, canonical_json

_GEMMA_QUOTE = '<|"|>'
_BARE = r'[^\s{}\[\],:"](?:[^\r\n{}\[\],:"]{0,198}[^\s{}\[\],:"])?'
_GEMMA_BARE = re.compile(_BARE)
_GEMMA_TOKEN = re.compile(
    r'"(?:\\.|[^"\\])*+"?'
    rf"|(?<=[{{,])\s*+(?P<key>{_BARE})\s*+:"
    r"|(?<=[:\[,])(?P<word>None|True|False)(?=[,\]}])",
    re.DOTALL,
)
"""A text as JSON has it, in which nothing else is read; a bare key; a word of Python's."""
_WORDS = {"None": "null", "True": "true", "False": "false"}
_PYTHON_WORDS = {"null": "None", "true": "True", "false": "False"}
_PYTHON_TOKEN = re.compile(
    r"""'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+"|\\.|(?<![\w.])(?:true|false|null)(?![\w(=])""", re.DOTALL
)


class GemmaFormat(Dialect):
    """The `gemma` dialect."""

    files = (*Dialect.files, __file__)
    name = "gemma"
    shape = '<|tool_call>call:name{argument:1,other:<|"|>text<|"|>}<tool_call|>'
    mark = re.compile(r"<\|tool_call>")
    head = re.compile(r"<\|tool_call>\s*+call:([^\s{}<>]{1,200})(?=\{)")
    close = "<tool_call|>"

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        structure = self._as_json(text)
        calls: list[Call] = []
        position = after_blank(structure, 0)
        if self.head.match(structure, position) is None:
            raise self.broken(text)
        while position < len(structure):
            head = self.head.match(structure, position)
            if head is None:
                raise prose_around_call()
            value, position = decode_at(structure, head.end(), limits)
            if not structure.startswith(self.close, position):
                message = f"{self.close} is missing after the call; write {self.shape}"
                raise CallSyntaxError(ErrorCode.BAD_SYNTAX, message)
            calls.append(call_of({"name": head[1], "arguments": value}))
            check_count(len(calls), limits)
            position = after_blank(structure, position + len(self.close))
        return tuple(calls)

    def _as_json(self, text: str) -> str:
        """The text with its quotes, its bare keys and Python's words as JSON writes them."""
        pieces = text.split(_GEMMA_QUOTE)
        if len(pieces) % 2 == 0:
            message = f"a text lacks its second {_GEMMA_QUOTE}; write {self.shape}"
            raise CallSyntaxError(ErrorCode.BAD_SYNTAX, message)
        for index in range(0, len(pieces), 2):
            pieces[index] = _GEMMA_TOKEN.sub(
                lambda at: f"{json.dumps(at['key'])}:" if at["key"] else _WORDS.get(at["word"], at[0]), pieces[index]
            )
        pieces[1::2] = [json.dumps(piece) for piece in pieces[1::2]]
        return "".join(pieces)

    def render(self, calls: Sequence[Call]) -> str:
        texts = []
        for call in calls:
            arguments = ",".join(f"{key}:{_gemma_text(value)}" for key, value in json.loads(call.arguments).items())
            texts.append(f"<|tool_call>call:{call.name}{{{arguments}}}{self.close}")
        return "".join(texts)


def _gemma_text(value: Any) -> str:
    if isinstance(value, str):
        return f"{_GEMMA_QUOTE}{value}{_GEMMA_QUOTE}"
    if isinstance(value, dict):
        # A key with a mark in it can only be written as a text.
        keys = {key: key if _GEMMA_BARE.fullmatch(key) else _gemma_text(key) for key in value}
        return "{" + ",".join(f"{keys[key]}:{_gemma_text(inner)}" for key, inner in value.items()) + "}"
    return f"[{','.join(map(_gemma_text, value))}]" if isinstance(value, list) else canonical_json(value)


class HarmonyFormat(Dialect):
    """The `harmony` dialect."""

    files = (*Dialect.files, __file__)
    name = "harmony"
    shape = '<|channel|>commentary to=functions.name <|constrain|>json<|message|>{"argument": ...}'
    mark = re.compile(r"(?:<\|channel\|>(?:commentary|analysis)\s*+)?to=functions\.")
    head = re.compile(
        r"(?:to=functions\.(?P<first>[^\s<>]{1,200}))?\s*+<\|channel\|>(?:commentary|analysis)\s*+"
        r"(?:to=functions\.(?P<name>[^\s<>]{1,200}))?\s*+(?:<\|constrain\|>)?\s*+(?:json)?\s*+<\|message\|>\s*+"
    )
    close = re.compile(r"\s*+(?:<\|call\|>)?\s*+(?:<\|start\|>assistant)?\s*+")

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        calls: list[Call] = []
        position = after_blank(text, 0)
        while position < len(text):
            head = self.head.match(text, position)
            name = head and (head["name"] or head["first"])
            if head is None or not name or name != (head["first"] or name):  # two recipients of one call
                raise prose_around_call() if calls else self.broken(text)
            value, position = decode_at(text, head.end(), limits)
            calls.append(call_of({"name": name, "arguments": value}))
            check_count(len(calls), limits)
            end = self.close.match(text, position)
            position = end.end() if end else position
        return tuple(calls)

    def render(self, calls: Sequence[Call]) -> str:
        head = "<|channel|>commentary to=functions.{} <|constrain|>json<|message|>{}"
        return "<|call|><|start|>assistant".join(head.format(call.name, call.arguments) for call in calls)


class Lfm2Format(Dialect):
    """The `lfm2` dialect."""

    files = (*Dialect.files, __file__, str(python_format.__file__), str(python_names.__file__))
    name = "lfm2"
    shape = '<|tool_call_start|>[name(argument=1, other="text")]<|tool_call_end|>'
    mark = re.compile(r"<\|tool_call_start\|>")
    start, end = "<|tool_call_start|>", "<|tool_call_end|>"

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        text = text.strip()
        if not text.startswith(self.start):
            raise self.broken(text)
        inner, end, after = text.removeprefix(self.start).rpartition(self.end)
        if not end:
            message = f"{self.end} is missing after the call; write {self.shape}"
            raise CallSyntaxError(ErrorCode.BAD_SYNTAX, message)
        if after.strip():
            raise prose_around_call()
        if not inner.strip():
            raise self.no_call()
        names = dict[str, str]()
        try:
            calls = python_calls(with_python_names(_PYTHON_TOKEN.sub(_as_python, inner), names), limits)
        except CallSyntaxError as error:
            if error.code is ErrorCode.PROSE_AROUND_CALL:  # nothing stands around what is between the two marks
                raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"the call is broken; write {self.shape}") from None
            message = error.message
            for own, name in names.items():
                message = message.replace(name, own)
            raise CallSyntaxError(error.code, message) from None
        return tuple(with_own_names(call, names, limits) for call in calls)

    def render(self, calls: Sequence[Call]) -> str:
        texts = [call_text(call.name, json.loads(call.arguments)) for call in calls]
        return f"{self.start}[{', '.join(texts)}]{self.end}"


def _as_python(token: re.Match[str]) -> str:
    """A piece of what templates of LFM2 write, as Python writes it: JSON's words, line breaks within a text."""
    text = _PYTHON_WORDS.get(token[0], token[0])
    return text.replace("\n", "\\n").replace("\r", "\\r") if text[:1] in "'\"" else text
