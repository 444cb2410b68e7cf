"""Native tool calls: the tokenizer's own chat template shows the functions and brings the results back.

`NativeTemplate(tokenizer)` finds by rendering which dialect the template writes calls in, whether it wants their
arguments as an object or as text, and whether it takes several calls in one message. A template that does not render
the functions is refused. `for_toolbox` gives the template for one toolbox.

A reply in which no call could be read is answered like a call: one tool message with the error. So roles alternate
as every template wants, and a longer conversation's ids begin with the shorter one's.
"""

import json
import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from cluster.errors import RequestError
from rollout.formats import CallFormat, CallSyntaxError, load_format
from rollout.formats.native import call_id, without_thought
from rollout.records import Call, Role, canonical_json, content_hash
from rollout.template import _MARK, ChatTemplate
from rollout.toolboxes import Toolbox

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

DIALECTS = ("hermes", "mistral", "mistral_args", "llama")
_PROBE_TOOL = {
    "type": "function",
    "function": {
        "name": "probe_function",
        "description": "Probe description.",
        "parameters": {
            "type": "object",
            "properties": {"probe_argument": {"type": "string", "description": "Probe."}},
            "required": ["probe_argument"],
        },
    },
}
_PROBE_CALL = Call(name="probe_function", arguments='{"probe_argument":"probe \\"value\\""}', id="prob00001")
_FAILED_CALL = Call(name="none", arguments="{}")
"""Stands for a reply without a call where the template needs one."""
_NUMBER = re.compile(r"^-?(?:0|[1-9]\d*)(?:\.\d+)?$")
_REFUSALS = (TemplateError, TypeError, ValueError, KeyError, AttributeError)


def tools_of(toolbox: Toolbox) -> list[dict[str, Any]]:
    """The functions as chat templates take them."""
    return [
        {
            "type": "function",
            "function": {
                "name": function.name,
                "description": function.description,
                "parameters": dict(function.parameters),
            },
        }
        for function in toolbox.functions.values()
    ]


class NativeTemplate(ChatTemplate):
    """A chat template with functions. Raises RequestError for one that does not render them."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", toolbox: Toolbox | None = None) -> None:
        super().__init__(tokenizer)
        self._tools = [_PROBE_TOOL] if toolbox is None else tools_of(toolbox)
        self._bound: dict[str, NativeTemplate] = {}
        self._between = lru_cache(maxsize=64)(self._render_between)
        if toolbox is None:
            self._check_tools()
            self.dialect, self._as_text = self._find_dialect()
            self.parallel = self._takes_two()
            """Whether a message may hold several calls."""

    def for_toolbox(self, toolbox: Toolbox) -> "NativeTemplate":
        """The template with this toolbox's functions. Raises RequestError where one spells a control token."""
        if toolbox.hash not in self._bound:
            self._bound[toolbox.hash] = self._bind(toolbox)
        return self._bound[toolbox.hash]

    @cached_property
    def call_format(self) -> CallFormat:
        """The format to parse replies with: the template's own dialect."""
        return load_format(self.dialect)

    @cached_property
    def hash(self) -> str:
        return content_hash(str(self._tokenizer.chat_template), canonical_json(self._tools))

    def feedback_ids(self, reply_ids: Sequence[int], results_text: str) -> list[int]:
        """As in ChatTemplate; `results_text` has one result a line, and each becomes a tool message of its own."""
        try:
            calls = list(self.call_format.parse(self.decode_reply(reply_ids)))
        except CallSyntaxError:
            calls = []
        contents = results_text.split("\n")
        if len(calls) != len(contents) or (len(calls) > 1 and not self.parallel):
            calls, contents = [_FAILED_CALL], [" ".join(contents)]
        return self._feedback(reply_ids, calls, contents)

    def _feedback(self, reply_ids: Sequence[int], calls: list[Call], contents: list[str]) -> list[int]:
        pieces = list(self._between(tuple((call.name, call_id(call, index)) for index, call in enumerate(calls))))
        for index, content in enumerate(contents):
            if pieces[index].endswith('"') and pieces[index + 1].startswith('"'):
                if self._bare_numbers and _NUMBER.match(content):
                    pieces[index], pieces[index + 1] = pieces[index][:-1], pieces[index + 1][1:]
                else:
                    contents[index] = json.dumps(content, ensure_ascii=False)[1:-1]
        ids = self._template_ids(pieces[0])
        if reply_ids and ids and reply_ids[-1] == ids[0]:
            ids = ids[1:]
        for content, after in zip(contents, pieces[1:], strict=True):
            ids += self.encode(content) + self._template_ids(after)
        return ids

    def _template_ids(self, text: str) -> list[int]:
        return list(self._backend.encode(text, add_special_tokens=False).ids)

    @cached_property
    def _bare_numbers(self) -> bool:
        """Whether the template writes a result that is a number without the quotes that it puts around text."""
        messages = [_user(), self._assistant([_PROBE_CALL])]
        messages.append({"role": "tool", "name": _PROBE_CALL.name, "tool_call_id": _PROBE_CALL.id, "content": "7315"})
        text = self._rendered(messages, True)
        return "7315" in text and '"7315"' not in text

    def _bind(self, toolbox: Toolbox) -> "NativeTemplate":
        bound = NativeTemplate(self._tokenizer, toolbox)
        shown = json.dumps(bound._tools, ensure_ascii=False)
        found = self._control_pattern.search(shown) if self._control_pattern else None
        if found:
            fault = f"a description holds {found[0]!r}, a control token of the model"
            raise RequestError(f"toolbox {toolbox.name}: {fault}; reword it")
        bound.dialect, bound._as_text, bound.parallel = self.dialect, self._as_text, self.parallel
        return bound

    def _render(self, roles: tuple[Role, ...], header: bool) -> str:
        messages = [{"role": role.value, "content": _MARK.format(index)} for index, role in enumerate(roles)]
        return self._rendered(messages, header)

    def _rendered(self, messages: list[dict[str, Any]], header: bool) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                messages, tools=self._tools, tokenize=False, add_generation_prompt=header
            )
        )

    def _render_between(self, calls: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
        """The text before, between and after the contents of the results of calls with these names and ids."""
        made = [Call(name=name, arguments="{}", id=identifier) for name, identifier in calls]
        messages = [_user(), self._assistant(made)]
        for index, call in enumerate(made):
            content = _MARK.format(index)
            messages.append({"role": "tool", "name": call.name, "tool_call_id": call.id, "content": content})
        try:
            # Some templates write an empty thought before the last reply only.
            written = without_thought(self._written(made))
            rest = self._rendered(messages, True)
            rest = rest[rest.index(written) + len(written) :]
        except _REFUSALS as error:
            raise RequestError(f"chat template of {self._name!r} refuses {len(made)} results: {error}") from error
        pieces = []
        for index in range(len(made)):
            before, mark, rest = rest.partition(_MARK.format(index))
            if not mark:
                raise RequestError(f"chat template of {self._name!r} leaves out a tool's result")
            pieces.append(before)
        return (*pieces, rest)

    def _written(self, calls: list[Call]) -> str:
        """What the template writes for a reply with these calls, without what ends the turn. Raises as Jinja does."""
        header = self._rendered([_user()], True)
        whole = self._rendered([_user(), self._assistant(calls)], False)
        if not whole.startswith(header):
            raise ValueError("a reply does not follow its header")
        text = whole[len(header) :].strip()
        ends = [token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special]
        while end := next((end for end in ends if text.endswith(end)), None):
            text = text.removesuffix(end).rstrip()
        return text

    def _assistant(self, calls: list[Call]) -> dict[str, Any]:
        def function(call: Call) -> dict[str, Any]:
            arguments = call.arguments if self._as_text else json.loads(call.arguments)
            return {"name": call.name, "arguments": arguments}

        made = [{"type": "function", "id": call.id, "function": function(call)} for call in calls]
        return {"role": "assistant", "content": "", "tool_calls": made}

    def _check_tools(self) -> None:
        try:
            text = self._rendered([_user()], True)
        except _REFUSALS as error:
            raise RequestError(f"chat template of {self._name!r} refuses functions: {error}") from error
        if any(word not in text for word in ("probe_function", "Probe description.", "probe_argument")):
            remedy = "use call format json or python with this model"
            raise RequestError(f"chat template of {self._name!r} does not render functions; {remedy}")

    def _find_dialect(self) -> tuple[str, bool]:
        """Which dialect reads what the template writes, and whether the template takes arguments as text."""
        for self._as_text in (False, True):
            try:
                text = self._written([_PROBE_CALL])
            except _REFUSALS:
                continue
            for dialect in DIALECTS:
                try:
                    (call,) = load_format(dialect).parse(text)
                except (CallSyntaxError, ValueError):
                    continue
                if (call.name, call.arguments) == (_PROBE_CALL.name, _PROBE_CALL.arguments):
                    return dialect, self._as_text
        remedy = "use call format json or python with this model"
        raise RequestError(f"chat template of {self._name!r} writes calls in no form known here; {remedy}")

    def _takes_two(self) -> bool:
        try:
            self._render_between((("probe_function", "prob00001"), ("probe_function", "prob00002")))
        except RequestError:
            return False
        return True

    @property
    def _name(self) -> str:
        return str(self._tokenizer.name_or_path)


def _user() -> dict[str, Any]:
    return {"role": "user", "content": "QzUserzQ"}
