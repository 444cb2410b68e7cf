"""Dialects that write a call between tags, each argument in tags of its own and without its type.

`qwen_xml`  `<tool_call>\\n<function=name>\\n<parameter=a>\\n1\\n</parameter>\\n</function>\\n</tool_call>` (Qwen3.5 and
            later, Qwen3-Coder, Nemotron 3)
`glm`       `<tool_call>name\\n<arg_key>a</arg_key>\\n<arg_value>1</arg_value>\\n</tool_call>` (GLM-4.5 and later)
`atem`      ` to=name<|message|><atem:function_calls>\\n<atem:invoke name="name">\\n<atem:parameter name="a">1
            </atem:parameter>\\n</atem:invoke>\\n</atem:function_calls>` (Muse)

A text stands as it is, so the function's schema says whether `3` is a number (`rollout.formats.argument_types`).
"""

import json
import re
from collections.abc import Sequence

from rollout.formats import argument_types
from rollout.formats.argument_types import typed
from rollout.formats.dialect import Dialect, after_blank
from rollout.formats.json_format import call_of
from rollout.formats.limits import CallSyntaxError, Functions, ReplyLimits, check_count, prose_around_call
from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes.mistakes import quoted

_NAME = r"[^\s<>\"]{1,200}"


class TaggedFormat(Dialect):
    """What the three dialects have in common."""

    files = (*Dialect.files, __file__, str(argument_types.__file__))
    call_open: re.Pattern[str]
    argument_open: re.Pattern[str]
    argument_close: str
    call_close: re.Pattern[str]
    argument_form: str
    """How an argument is written: `{key}` and `{value}` stand in it."""
    call_form: str
    """How a call is written: `{name}` and `{arguments}` stand in it."""
    own_lines = False
    """Whether values stand on lines of their own."""
    between = "\n"

    def read(self, text: str, limits: ReplyLimits, functions: Functions) -> tuple[Call, ...]:
        calls: list[Call] = []
        position = after_blank(text, 0)
        if self.call_open.match(text, position) is None:
            raise self.broken(text)
        while position < len(text):
            head = self.call_open.match(text, position)
            if head is None:
                raise prose_around_call()
            name, arguments, position = head["name"], {}, head.end()
            while (end := self.call_close.match(text, position)) is None:
                argument = self.argument_open.match(text, position)
                if argument is None:
                    raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"the call is broken; write {self.shape}")
                if argument[1] in arguments:
                    message = f"the argument {quoted(argument[1])} stands twice; write it once"
                    raise CallSyntaxError(ErrorCode.BAD_SYNTAX, message)
                raw, position = self._value(text, argument.end())
                arguments[argument[1]] = typed(raw, name, argument[1], functions, limits)
            calls.append(call_of({"name": name, "arguments": arguments}))
            check_count(len(calls), limits)
            position = after_blank(text, end.end())
        return tuple(calls)

    def _value(self, text: str, start: int) -> tuple[str, int]:
        """The value that begins at `start`, and where what follows it begins: a closing tag inside a value is text."""
        at = start
        while (at := text.find(self.argument_close, at)) >= 0:
            after = after_blank(text, at + len(self.argument_close))
            if self.argument_open.match(text, after) or self.call_close.match(text, after):
                raw = text[start:at]
                return (raw.removeprefix("\n").removesuffix("\n") if self.own_lines else raw), after
            at += len(self.argument_close)
        missing = f"{self.argument_close} is missing after a value"
        raise CallSyntaxError(ErrorCode.BAD_SYNTAX, f"{missing}; write {self.shape}")

    def render(self, calls: Sequence[Call]) -> str:
        texts = []
        for call in calls:
            values = {
                key: value if isinstance(value, str) else canonical_json(value)
                for key, value in json.loads(call.arguments).items()
            }
            arguments = "".join(self.argument_form.format(key=key, value=value) for key, value in values.items())
            texts.append(self.call_form.format(name=call.name, arguments=arguments))
        return self.between.join(texts)


class QwenXmlFormat(TaggedFormat):
    """The `qwen_xml` dialect."""

    name = "qwen_xml"
    shape = "<tool_call>\n<function=name>\n<parameter=argument>\nvalue\n</parameter>\n</function>\n</tool_call>"
    mark = re.compile(r"<tool_call>\s*+<function=|<function=")
    call_open = re.compile(rf"<tool_call>\s*+<function=(?P<name>{_NAME})>\s*+")
    argument_open = re.compile(r"<parameter=([^<>\n]{1,200})>")
    argument_close = "</parameter>"
    call_close = re.compile(r"</function>\s*+</tool_call>")
    own_lines = True
    argument_form = "<parameter={key}>\n{value}\n</parameter>\n"
    call_form = "<tool_call>\n<function={name}>\n{arguments}</function>\n</tool_call>"


class GlmFormat(TaggedFormat):
    """The `glm` dialect."""

    name = "glm"
    shape = "<tool_call>name\n<arg_key>argument</arg_key>\n<arg_value>value</arg_value>\n</tool_call>"
    mark = re.compile(r"<tool_call>\s*+[^\s<{]|<arg_key>")
    call_open = re.compile(rf"<tool_call>\s*+(?P<name>{_NAME})\s*+")
    argument_open = re.compile(r"<arg_key>([^<>\n]{1,200})</arg_key>\s*+<arg_value>")
    argument_close = "</arg_value>"
    call_close = re.compile(r"</tool_call>")
    argument_form = "<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n"
    call_form = "<tool_call>{name}\n{arguments}</tool_call>"


class AtemFormat(TaggedFormat):
    """The `atem` dialect."""

    name = "atem"
    shape = (
        ' to=name<|message|><atem:function_calls>\n<atem:invoke name="name">\n'
        '<atem:parameter name="argument">value</atem:parameter>\n</atem:invoke>\n</atem:function_calls>'
    )
    mark = re.compile(r"<atem:")
    call_open = re.compile(
        rf"(?:to={_NAME}?<\|message\|>)?\s*+<atem:function_calls>\s*+<atem:invoke name=\"(?P<name>{_NAME})\">\s*+"
    )
    argument_open = re.compile(r'<atem:parameter name="([^"<>\n]{1,200})">')
    argument_close = "</atem:parameter>"
    call_close = re.compile(r"</atem:invoke>\s*+</atem:function_calls>(?:<\|eom\|>(?:<\|start\|>assistant)?)?")
    between = "<|eom|><|start|>assistant"
    argument_form = '<atem:parameter name="{key}">{value}</atem:parameter>\n'
    call_form = (
        ' to={name}<|message|><atem:function_calls>\n<atem:invoke name="{name}">\n'
        "{arguments}</atem:invoke>\n</atem:function_calls>"
    )
