"""Native tool calls: the tokenizer's own chat template shows the functions and brings the results back.

`NativeTemplate(tokenizer)` finds out by rendering in which dialect the template writes calls, whether it wants their
arguments as an object or as text, and whether it takes several calls in one message. It refuses a template that does
not render the functions. `for_toolbox` returns the template for one toolbox.

A reply in which no call could be read is answered like a call, by one tool message with the error, so that roles
alternate as every template expects. Only what stands between a reply and the next one is rendered. So the ids of a
longer conversation begin with those of the shorter one, even if the template would write the history in another way
(without its thoughts, say).
"""

import copy
import json
import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster.errors import RequestError
from rollout.formats import CallFormat, CallSyntaxError, load_format
from rollout.formats.native import call_id
from rollout.formats.shown import as_tool
from rollout.formats.thoughts import without_thought
from rollout.prompts.opening import Opening
from rollout.prompts.template import MARK, REFUSALS, ChatTemplate
from rollout.records import Call, CallResult, Example, ExampleTurn, Role, canonical_json, content_hash
from rollout.toolboxes import Toolbox

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

DIALECTS = ("hermes", "mistral", "mistral_args", "llama")
NATIVE = "native"
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
"""Takes the place of a call if the template needs one and the reply has none."""
_NUMBER = re.compile(r"^-?(?:0|[1-9]\d*)(?:\.\d+)?$")
_REMEDY = "use call format json or python with this model"
_MAX_BOUND = 256
"""Number of toolboxes whose templates are cached; with retrieval every problem has its own."""


def open_template(model_dir: str | Path, call_format: str) -> tuple[ChatTemplate, CallFormat]:
    """The template of a model's tokenizer, and the format in which its replies are read.

    Raises RequestError for an unknown format, for a tokenizer without a chat template and, if the format is `native`,
    for a template that does not show functions.
    """
    if call_format == NATIVE:
        native = NativeTemplate.from_model(model_dir)
        return native, native.call_format
    template = ChatTemplate.from_model(model_dir)
    # It renders for the first time here, where nothing waits: the process that renders takes a second to start.
    _ = template.stop_ids
    return template, load_format(call_format)


def tools_of(toolbox: Toolbox, verbosity: str = "full") -> list[dict[str, Any]]:
    """The functions in the form that chat templates take, as `as_tool` shows each one."""
    return [as_tool(function, verbosity) for function in toolbox.functions.values()]


class NativeTemplate(ChatTemplate):
    """A chat template with functions. Raises RequestError for one that does not render them."""

    native = True

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", more_ends: Sequence[int] = ()) -> None:
        super().__init__(tokenizer, more_ends)
        self._tools: list[dict[str, Any]] = [_PROBE_TOOL]
        self._bound: dict[tuple[str, str], NativeTemplate] = {}
        try:
            text = self._rendered([_user()], True)
        except REFUSALS as error:
            raise RequestError(f"chat template of {self._name!r} refuses functions ({error}); {_REMEDY}") from error
        if any(word not in text for word in ("probe_function", "Probe description.", "probe_argument")):
            raise RequestError(f"chat template of {self._name!r} does not render functions; {_REMEDY}")
        self.dialect, self._as_text = self._find_dialect()
        try:
            self._render_between((("probe_function", "prob00001"), ("probe_function", "prob00002")))
        except RequestError:
            self.parallel = False

    def _clear(self) -> None:
        super()._clear()
        self._between = lru_cache(maxsize=64)(self._render_between)

    def for_toolbox(self, toolbox: Toolbox, verbosity: str = "full") -> "NativeTemplate":
        """The template with this toolbox's functions. No text of theirs becomes a control token."""
        key = (toolbox.hash, verbosity)
        if key not in self._bound:
            if len(self._bound) >= _MAX_BOUND:
                del self._bound[next(iter(self._bound))]
            # What does not depend on the functions is costly: it is computed once and copied.
            _ = (self.tokenizer_hash, self.hash, self.stop_ids, self._bare_numbers)
            bound = copy.copy(self)
            bound._tools = self._control.mask(tools_of(toolbox, verbosity))
            bound._clear()
            self._bound[key] = bound
        return self._bound[key]

    @cached_property
    def call_format(self) -> CallFormat:
        """The format in which replies are parsed: the template's own dialect."""
        return load_format(self.dialect)

    @cached_property
    def hash(self) -> str:
        return content_hash(NATIVE, str(self._tokenizer.chat_template))

    @cached_property
    def stop_ids(self) -> tuple[int, ...]:
        """Like ChatTemplate's; what ends a reply with a call comes last."""
        ends = super().stop_ids
        frame = self._between((("probe_function", "prob00001"),))[0]
        end = self._turn_end(frame)
        return ends if end is None else (*(each for each in ends if each != end), end)

    def shown_hash(self, opening: Opening) -> str:
        return content_hash(*opening.parts, canonical_json(self._tools))

    def opening_ids(self, opening: Opening, call_format: CallFormat) -> list[int]:
        """Like ChatTemplate's; calls and results of worked conversations are written as the template writes them."""
        if not opening.examples:
            return super().opening_ids(opening, call_format)
        return self._join(*self._quoted(*self._opening(opening, self.closes_examples)))

    @cached_property
    def closes_examples(self) -> bool:
        """Whether a worked conversation needs more at its end than the finishing call, which ends an episode: an empty
        result and the reply "Done.", for templates that want a result after every call, and a reply after it."""
        turn = ExampleTurn(call=_PROBE_CALL, result="")
        probe = Opening(examples=(Example(text="", turns=(turn,)),), text="")
        for closing in (False, True):
            try:
                self._opening(probe, closing)
            except (*REFUSALS, RequestError) as error:
                refusal = error
            else:
                return closing
        raise RequestError(f"chat template of {self._name!r} refuses worked conversations: {refusal}") from refusal

    def _opening(self, opening: Opening, closing: bool) -> tuple[tuple[str, ...], list[str]]:
        """The frames around the texts of an opening, and the texts."""
        messages, contents = self._opening_messages(opening, closing)
        return self._frames(self._rendered(messages, True), [f"text {at}" for at in range(len(contents))]), contents

    def _opening_messages(self, opening: Opening, closing: bool) -> tuple[list[dict[str, Any]], list[str]]:
        """Messages with a mark in place of each text, and the texts."""
        contents: list[str] = []
        messages: list[dict[str, Any]] = []

        def mark(text: str) -> str:
            contents.append(text)
            return MARK.format(len(contents) - 1)

        if opening.system and self.has_system_role:
            messages.append({"role": Role.SYSTEM.value, "content": mark(opening.system)})
        *asked, problem = opening.user_texts(self.has_system_role)
        for text, example in zip(asked, opening.examples, strict=True):
            messages.append({"role": Role.USER.value, "content": mark(text)})
            for turn in example.turns:
                number = len(messages)
                name = self._control.mask(turn.call.name)
                call = Call(name=name, arguments=turn.call.arguments, id=call_id(turn.call, number))
                messages.append(self._assistant([call]))
                if turn is not example.turns[-1] or closing:
                    messages.append(_tool(call, mark(turn.result)))
            if closing:
                messages.append({"role": Role.ASSISTANT.value, "content": mark("Done.")})
        messages.append({"role": Role.USER.value, "content": mark(problem)})
        return messages, contents

    def feedback_ids(self, reply_ids: Sequence[int], results_text: str) -> list[int]:
        """Like ChatTemplate's, for a reply without a call: one tool message."""
        return self._feedback(reply_ids, [_FAILED_CALL], [results_text])

    def results_ids(
        self, reply_ids: Sequence[int], results: Sequence[CallResult], call_format: CallFormat
    ) -> list[int]:
        """Like ChatTemplate's; each result is a tool message of its own, with its call's name and id."""
        contents = [result.content for result in results]
        if len(results) > 1 and not self.parallel:
            return self.feedback_ids(reply_ids, "\n".join(contents))
        return self._feedback(reply_ids, [result.call or _FAILED_CALL for result in results], contents)

    def calls_ids(self, calls: Sequence[Call], call_format: CallFormat) -> list[int]:
        """Like ChatTemplate's; the reply is written as the template itself writes it."""
        named = [
            Call(name=self._control.mask(call.name), arguments=call.arguments, id=call_id(call, at))
            for at, call in enumerate(calls)
        ]
        written = without_thought(self._written(named))
        return [*self._after_header(self._header, [written], []), self.stop_ids[-1]]

    def _feedback(self, reply_ids: Sequence[int], calls: list[Call], contents: list[str]) -> list[int]:
        frames = list(self._between(tuple((call.name, call_id(call, index)) for index, call in enumerate(calls))))
        return self._after(reply_ids, *self._quoted(frames, contents))

    def _quoted(self, frames: Sequence[str], contents: Sequence[str]) -> tuple[list[str], list[str]]:
        """Frames and contents, where a template puts results between quotes: as JSON text, or numbers without them."""
        frames, contents = list(frames), list(contents)
        for index, content in enumerate(contents):
            if frames[index].endswith('"') and frames[index + 1].startswith('"'):
                if self._bare_numbers and _NUMBER.match(content):
                    frames[index], frames[index + 1] = frames[index][:-1], frames[index + 1][1:]
                else:
                    contents[index] = json.dumps(content, ensure_ascii=False)[1:-1]
        return frames, contents

    @cached_property
    def _bare_numbers(self) -> bool:
        """Whether the template writes a number as a result without the quotes that it puts around text."""
        messages = [_user(), self._assistant([_PROBE_CALL]), _tool(_PROBE_CALL, "7315")]
        text = self._rendered(messages, True)
        return "7315" in text and '"7315"' not in text

    def _rendered(self, messages: list[dict[str, Any]], header: bool, tools: list[dict[str, Any]] | None = None) -> str:
        return super()._rendered(messages, header, self._tools if tools is None else tools)

    def _render_between(self, calls: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
        """The frames before, between and after the contents of the results of calls with these names and ids."""
        made = [Call(name=self._control.mask(name), arguments="{}", id=identifier) for name, identifier in calls]
        results = [_tool(call, MARK.format(index)) for index, call in enumerate(made)]
        try:
            # Some templates write an empty thought, but only before the last reply.
            written = without_thought(self._written(made))
            text = self._rendered([_user(), self._assistant(made), *results], True)
            text = text[text.index(written) + len(written) :]
        except REFUSALS as error:
            raise RequestError(f"chat template of {self._name!r} refuses {len(made)} results: {error}") from error
        return self._frames(text, ["a tool's result"] * len(made))

    def _written(self, calls: Sequence[Call]) -> str:
        """What the template writes for a reply with these calls, without the end of turn. Raises what the template
        raises."""
        header = self._rendered([_user()], True)
        whole = self._rendered([_user(), self._assistant(calls)], False)
        if not whole.startswith(header):
            raise ValueError("a reply does not follow its header")
        text = whole[len(header) :].strip()
        ends = [token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special]
        while end := next((end for end in ends if text.endswith(end)), None):
            text = text.removesuffix(end).rstrip()
        return text

    def _assistant(self, calls: Sequence[Call]) -> dict[str, Any]:
        made = []
        for call in calls:
            arguments = self._control.mask(json.loads(call.arguments))
            function = {"name": call.name, "arguments": canonical_json(arguments) if self._as_text else arguments}
            made.append({"type": "function", "id": call.id, "function": function})
        return {"role": "assistant", "content": "", "tool_calls": made}

    def _find_dialect(self) -> tuple[str, bool]:
        """The dialect that reads what the template writes, and whether the template takes arguments as text."""
        for self._as_text in (False, True):
            try:
                text = self._written([_PROBE_CALL])
            except REFUSALS:
                continue
            for dialect in DIALECTS:
                try:
                    (call,) = load_format(dialect).parse(text)
                except (CallSyntaxError, ValueError):
                    continue
                if (call.name, call.arguments) == (_PROBE_CALL.name, _PROBE_CALL.arguments):
                    return dialect, self._as_text
        raise RequestError(f"chat template of {self._name!r} writes calls in no form known here; {_REMEDY}")


def _user() -> dict[str, Any]:
    return {"role": "user", "content": "QzUserzQ"}


def _tool(call: Call, content: str) -> dict[str, Any]:
    return {"role": Role.TOOL.value, "name": call.name, "tool_call_id": call.id, "content": content}
