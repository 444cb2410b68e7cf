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
from rollout.formats import CallFormat, load_format
from rollout.formats.native import call_id
from rollout.formats.native_format import load_dialect
from rollout.formats.shown import as_tool
from rollout.prompts.messages import MARK, REFUSALS, THOUGHT, before_end
from rollout.prompts.opening import Opening
from rollout.prompts.reply_form import PROBE_CALLS, find_form, result_message, takes_several
from rollout.prompts.template import ChatTemplate
from rollout.records import Call, CallResult, Example, ExampleTurn, Role, canonical_json, content_hash
from rollout.toolboxes import Toolbox

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

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
_FAILED_CALL = Call(name="none", arguments="{}")
"""Takes the place of a call if the template needs one and the reply has none."""
_NUMBER = re.compile(r"^-?(?:0|[1-9]\d*)(?:\.\d+)?$")
_REMEDY = "use call format json or python with this model"
_MAX_BOUND = 256
"""Number of toolboxes whose templates are cached; with retrieval every problem has its own."""


def open_template(
    model_dir: str | Path, call_format: str, forbid_thoughts: bool = False
) -> tuple[ChatTemplate, CallFormat]:
    """The template of a model's tokenizer, and the format in which its replies are read.

    Raises RequestError for an unknown format, for a tokenizer without a chat template and, if the format is `native`,
    for a template that does not show functions; with `forbid_thoughts` for one that cannot turn them off.
    """
    if call_format == NATIVE:
        native = NativeTemplate.from_model(model_dir, forbid_thoughts)
        return native, native.call_format
    template = ChatTemplate.from_model(model_dir, forbid_thoughts)
    # It renders for the first time here, where nothing waits: the process that renders takes a second to start.
    _ = template.stop_ids
    return template, load_format(call_format)


def tools_of(toolbox: Toolbox, verbosity: str = "full") -> list[dict[str, Any]]:
    """The functions in the form that chat templates take, as `as_tool` shows each one."""
    return [as_tool(function, verbosity) for function in toolbox.functions.values()]


class NativeTemplate(ChatTemplate):
    """A chat template with functions. Raises RequestError for one that does not render them."""

    native = True

    def __init__(
        self, tokenizer: "PreTrainedTokenizerBase", more_ends: Sequence[int] = (), forbid_thoughts: bool = False
    ) -> None:
        self._tools: list[dict[str, Any]] = [_PROBE_TOOL]
        super().__init__(tokenizer, more_ends, forbid_thoughts)
        self._bound: dict[tuple[str, str], NativeTemplate] = {}
        try:
            text = self._rendered([_user()], True)
        except REFUSALS as error:
            raise RequestError(f"chat template of {self._name!r} refuses functions ({error}); {_REMEDY}") from error
        if any(word not in text for word in ("probe_function", "Probe description.", "probe_argument")):
            raise RequestError(f"chat template of {self._name!r} does not render functions; {_REMEDY}")
        special = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
        try:
            form = find_form(self._rendered, special)
        except REFUSALS as error:
            raise RequestError(f"chat template of {self._name!r}: {error}; {_REMEDY}") from error
        if form is None:
            raise RequestError(f"chat template of {self._name!r} writes calls in no form known here; {_REMEDY}")
        self._form = form
        self.dialect = form.dialect
        self.parallel = takes_several(form, self._rendered)

    def _clear(self) -> None:
        super()._clear()
        self._between = lru_cache(maxsize=64)(self._render_between)
        self._turn_end_frames = lru_cache(maxsize=64)(self._render_turn_end)

    def for_toolbox(self, toolbox: Toolbox, verbosity: str = "full") -> "NativeTemplate":
        """The template with this toolbox's functions. No text of theirs becomes a control token."""
        key = (toolbox.hash, verbosity)
        if key not in self._bound:
            if len(self._bound) >= _MAX_BOUND:
                del self._bound[next(iter(self._bound))]
            # What does not depend on the functions is costly: it is computed once and copied.
            _ = (self.tokenizer_hash, self.hash, self.stop_ids, self._bare_numbers, self.drops_thoughts)
            bound = copy.copy(self)
            bound._tools = self._control.mask(tools_of(toolbox, verbosity))
            bound._clear()
            self._bound[key] = bound
        return self._bound[key]

    @cached_property
    def call_format(self) -> CallFormat:
        """The format in which replies are parsed: the template's own dialect."""
        return load_dialect(self.dialect)

    @cached_property
    def hash(self) -> str:
        return content_hash(NATIVE, str(self._tokenizer.chat_template), *self._switches)

    @cached_property
    def stop_ids(self) -> tuple[int, ...]:
        """Like ChatTemplate's; what ends a reply with a call comes last."""
        ends = self._text_stops
        end = self._turn_end(self._between((("probe_function", "prob00001"),))[0])
        return ends if end is None else (*(each for each in ends if each != end), end)

    @cached_property
    def _ends_with_text(self) -> bool:
        """Whether a reply with calls ends as a reply without them does."""
        return self.stop_ids[-1] == self._text_stops[-1]

    @cached_property
    def _openers(self) -> frozenset[int]:
        """Like ChatTemplate's; of what ends a reply with a call, what the results begin with: a template writes it only
        with them, or before each one."""
        end = self.stop_ids[-1]
        spelling = str(self._tokenizer.added_tokens_decoder[end].content)
        if self._ends_with_text:
            return self._text_openers
        again = self.parallel and spelling in self._between(tuple((each.name, each.id) for each in PROBE_CALLS))[1]
        return self._text_openers | ({end} if again or spelling not in self._form.tail else set())

    @property
    def calls_in_text(self) -> bool:
        """Whether the template leaves out calls and is given them as a message's text."""
        return self._form.in_text

    @property
    def shows_thoughts(self) -> bool:
        """Whether the template shows a thought before calls, after the header that it writes itself."""
        return self._form.thought is not None

    @cached_property
    def drops_thoughts(self) -> bool:
        """Like ChatTemplate's; also of thoughts before calls, which some templates show nowhere else."""
        call = PROBE_CALLS[0]
        reply = self._form.message([call], self._control.mask, THOUGHT)
        messages = [_user(), reply, result_message(call, "QzResultzQ"), _user()]
        try:
            dropped = self.shows_thoughts and THOUGHT not in self._rendered(messages, True)
        except REFUSALS:
            dropped = False
        return dropped or super().drops_thoughts

    def shown_hash(self, opening: Opening) -> str:
        return content_hash(*opening.parts, canonical_json(self._tools), *self._history_parts)

    def opening_ids(self, opening: Opening, call_format: CallFormat) -> list[int]:
        """Like ChatTemplate's; calls and results of worked conversations are written as the template writes them."""
        if not opening.examples:
            return super().opening_ids(opening, call_format)
        return self._join(*self._quoted(*self._opening(opening, self.closes_examples)))

    @cached_property
    def closes_examples(self) -> bool:
        """Whether a worked conversation needs more at its end than the finishing call, which ends an episode: an empty
        result and the reply "Done.", for templates that want a result after every call, and a reply after it."""
        turn = ExampleTurn(call=PROBE_CALLS[0], result="")
        probe = Opening(examples=(Example(text="", turns=(turn,)),), text="")
        for closing in (False, True) if self._ends_with_text else (True, False):
            try:
                self._opening(probe, closing)
            except (*REFUSALS, RequestError) as error:
                refusal = error
            else:
                return closing
        raise RequestError(f"chat template of {self._name!r} refuses worked conversations: {refusal}") from refusal

    @cached_property
    def closes_turns(self) -> bool:
        """Whether an empty result and the reply "Done." stand between a call that ended a turn and the next message."""
        return len(self._turn_end_frames(((PROBE_CALLS[0].name, PROBE_CALLS[0].id),))) > 2

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
                messages.append(self._form.message([call], self._control.mask))
                ends = turn.said or turn is example.turns[-1]
                if not ends or closing:
                    messages.append(result_message(call, mark(turn.result)))
                if ends and closing:
                    messages.append({"role": Role.ASSISTANT.value, "content": mark("Done.")})
                if turn.said:
                    messages.append({"role": Role.USER.value, "content": mark(turn.said)})
        messages.append({"role": Role.USER.value, "content": mark(problem)})
        return messages, contents

    def feedback_ids(self, reply_ids: Sequence[int], results_text: str) -> list[int]:
        """Like ChatTemplate's, for a reply without a call: one tool message; or the user's, where the reply has ended
        as one to the user does, and one with calls ends otherwise."""
        if not self._ends_with_text and reply_ids and reply_ids[-1] in self._text_stops:
            return super().feedback_ids(reply_ids, results_text)
        return self._feedback(reply_ids, [_FAILED_CALL], [results_text])

    def results_ids(
        self, reply_ids: Sequence[int], results: Sequence[CallResult], call_format: CallFormat
    ) -> list[int]:
        """Like ChatTemplate's; each result is a tool message of its own, with its call's name and id."""
        contents = [result.content for result in results]
        if (len(results) > 1 and not self.parallel) or all(result.call is None for result in results):
            return self.feedback_ids(reply_ids, "\n".join(contents))
        return self._feedback(reply_ids, [result.call or _FAILED_CALL for result in results], contents)

    def next_turn_ids(
        self, reply_ids: Sequence[int], results: Sequence[CallResult], text: str, call_format: CallFormat
    ) -> list[int]:
        """Like ChatTemplate's. After a reply with calls the template gets their results, and a reply "Done.", where it
        wants them before the user's message; the result of what ended the turn is empty."""
        calls = [result.call for result in results if result.call is not None]
        if len(calls) < len(results):
            return super().next_turn_ids(reply_ids, results, text, call_format)
        told = [result.content if any(result is each for each in before_end(results)) else "" for result in results]
        frames = self._turn_end_frames(tuple((call.name, call_id(call, index)) for index, call in enumerate(calls)))
        contents = [*told, text] if len(frames) > 2 else [text]
        return self._after(reply_ids, *self._quoted(frames, contents))

    def calls_ids(self, calls: Sequence[Call], call_format: CallFormat, thought: str = "") -> list[int]:
        """Like ChatTemplate's; the reply is written as the template itself writes it. A thought that the template does
        not show after its header is left out."""
        named = [
            Call(name=self._control.mask(call.name), arguments=call.arguments, id=call_id(call, at))
            for at, call in enumerate(calls)
        ]
        mask = self._control.mask
        written = self._form.readable(self._form.calls_text(self._rendered, named, mask), named, mask)
        if thought and self._form.thought is not None:
            before, after = self._form.thought
            ids = self._after_header(self._header, [before, after + written], [thought])
        else:
            ids = self._after_header(self._header, [self._form.lead + written], [])
        return [*ids, self.stop_ids[-1]]

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
        call = PROBE_CALLS[0]
        messages = [_user(), self._form.message([call], self._control.mask), result_message(call, "7315")]
        text = self._rendered(messages, True)
        return "7315" in text and '"7315"' not in text

    def _rendered(self, messages: list[dict[str, Any]], header: bool, tools: list[dict[str, Any]] | None = None) -> str:
        return super()._rendered(messages, header, self._tools if tools is None else tools)

    def _render_turn_end(self, calls: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
        """The frames between a reply with these calls, the last of which ended a turn, and the next reply: around the
        user's text, or around the results and it."""
        made = [Call(name=self._control.mask(name), arguments="{}", id=identifier) for name, identifier in calls]
        results = [result_message(call, MARK.format(index)) for index, call in enumerate(made)]
        done = {"role": Role.ASSISTANT.value, "content": "Done."}
        asked = {"role": Role.USER.value, "content": MARK.format(len(made))}
        alone = {"role": Role.USER.value, "content": MARK.format(0)}
        # Where a call ends with what results begin with, there are results.
        short = [] if self.closes_examples or self.stop_ids[-1] in self._openers else [[*results, asked]]
        if short and len(made) == 1:
            short = [[alone]]
        for messages in (*short, [*results, done, asked]):
            try:
                _, text = self._form.around_calls(self._rendered, made, self._control.mask, messages)
                return self._frames(text, ["what follows a turn"] * (1 if messages == [alone] else len(made) + 1))
            except (*REFUSALS, RequestError) as error:
                refusal = error
        raise RequestError(f"chat template of {self._name!r} refuses a user who speaks again: {refusal}") from refusal

    def _render_between(self, calls: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
        """The frames before, between and after the contents of the results of calls with these names and ids."""
        made = [Call(name=self._control.mask(name), arguments="{}", id=identifier) for name, identifier in calls]
        results = [result_message(call, MARK.format(index)) for index, call in enumerate(made)]
        try:
            _, text = self._form.around_calls(self._rendered, made, self._control.mask, results)
        except REFUSALS as error:
            raise RequestError(f"chat template of {self._name!r} refuses {len(made)} results: {error}") from error
        return self._frames(text, ["a tool's result"] * len(made))


def _user() -> dict[str, Any]:
    return {"role": "user", "content": "QzUserzQ"}
