"""How a chat template writes a reply with calls: found out by rendering probes through it.

A reply consists of a lead (a thought, or what the template writes in its place), the calls in some dialect, and the end
of turn. The template is shown calls in `tool_calls`; one that leaves those out is shown them as the message's text, in
the dialect that its prompt gives away.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rollout.formats import CallSyntaxError
from rollout.formats.dialect import Dialect
from rollout.formats.native_format import DIALECTS, load_dialect
from rollout.formats.tagged import TaggedFormat
from rollout.formats.thoughts import without_thought
from rollout.prompts.messages import REFUSALS, THOUGHT, thought_fields
from rollout.records import Call, Role, canonical_json

USER = "QzUserzQ"
RESULT = "QzResultzQ"
PROBE_CALLS = tuple(
    Call(name="probe_function", arguments='{"probe_argument":"probe \\"value\\""}', id=f"prob0000{index}")
    for index in (1, 2)
)
IN_TEXT = {"lfm2": "<|tool_list_start|>"}
"""Dialects of templates that show functions but leave out calls, by what their prompts name."""

Render = Callable[[list[dict[str, Any]], bool], str]
"""Messages, and whether the header of the next reply follows, to text. Raises REFUSALS."""
Mask = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """How one template writes replies with calls."""

    dialect: str
    as_text: bool
    """Whether `tool_calls` hold arguments as JSON text."""
    in_text: bool
    """Whether calls are the message's text."""
    head: str = ""
    """What stands before the calls of a last message: an empty thought, with some templates."""
    tail: str = ""
    """What follows the calls of a last message: the end of turn."""
    lead: str = ""
    """What stands between the header and the calls of a reply without a thought."""
    thought: tuple[str, str] | None = None
    """What stands before and after a thought; None where the template shows none after its header."""

    def message(self, calls: Sequence[Call], mask: Mask, thought: str = "") -> dict[str, Any]:
        """The reply as templates take it. `mask` replaces what spells control tokens."""
        thoughts, masked = thought_fields(thought), _masked(calls, mask)
        if self.in_text:
            return {"role": Role.ASSISTANT.value, "content": load_dialect(self.dialect).render(masked), **thoughts}
        made = []
        for call in masked:
            arguments = call.arguments if self.as_text else json.loads(call.arguments)
            made.append({"type": "function", "id": call.id, "function": {"name": call.name, "arguments": arguments}})
        return {"role": Role.ASSISTANT.value, "content": "", "tool_calls": made, **thoughts}

    def calls_text(self, render: Render, calls: Sequence[Call], mask: Mask) -> str:
        """The calls as the template writes them. Raises REFUSALS."""
        after = _after_header(render, [self.message(calls, mask)], False)
        if not after.startswith(self.head) or not after.endswith(self.tail):
            raise ValueError("calls stand in another place than the calls of a probe")
        return after[len(self.head) : len(after) - len(self.tail)]

    def readable(self, written: str, calls: Sequence[Call], mask: Mask) -> str:
        """`written`, the calls as the template writes them; as the dialect writes them where only that is read as the
        same calls: templates may put a text between quotes without escaping the quotes in it. Dialects without types
        are left as they are: what is read from them depends on the functions."""
        masked, dialect = _masked(calls, mask), load_dialect(self.dialect)
        if isinstance(dialect, TaggedFormat) or _is_read_as(dialect, written, masked):
            return written
        ours = dialect.render(masked)
        return ours if _is_read_as(dialect, ours, masked) else written

    def around_calls(
        self, render: Render, calls: Sequence[Call], mask: Mask, results: list[dict[str, Any]], thought: str = ""
    ) -> tuple[str, str]:
        """What the template writes after the user's text before and after the calls, where results follow them. Raises
        REFUSALS."""
        text = _from_user(render([_user(), self.message(calls, mask, thought), *results], True))
        before, calls_text, after = text.partition(self.calls_text(render, calls, mask))
        if not calls_text:
            raise ValueError("calls are written in another way once results follow them")
        return before, after


def find_form(render: Render, special: Sequence[str]) -> ReplyForm | None:
    """How a template writes replies with calls; None if no dialect reads them. `special`: the special tokens' texts.
    Raises ValueError if a reply does not follow its header."""
    prompt = render([_user()], True)
    in_text = [ReplyForm(name, as_text=False, in_text=True) for name, named in IN_TEXT.items() if named in prompt]
    for form in (*(ReplyForm("hermes", as_text, in_text=False) for as_text in (False, True)), *in_text):
        try:
            after = _after_header(render, [form.message(PROBE_CALLS[:1], _as_is)], False)
        except REFUSALS:
            continue
        calls = without_thought(after)
        for dialect in (form.dialect,) if form.in_text else DIALECTS:
            end = _end_of_calls(calls, dialect, special)
            if end is not None:
                head = after[: len(after) - len(calls)]
                return _with_leads(replace(form, dialect=dialect, head=head, tail=calls[end:]), render)
    return None


def result_message(call: Call, content: str) -> dict[str, Any]:
    """A result as templates take it."""
    return {"role": Role.TOOL.value, "name": call.name, "tool_call_id": call.id, "content": content}


def takes_several(form: ReplyForm, render: Render) -> bool:
    """Whether the template writes all calls of a reply, and all results."""
    try:
        read = load_dialect(form.dialect).parse(form.calls_text(render, PROBE_CALLS, _as_is))
        results = [result_message(call, f"{RESULT}{index}") for index, call in enumerate(PROBE_CALLS)]
        _, after = form.around_calls(render, PROBE_CALLS, _as_is, results)
    except (*REFUSALS, CallSyntaxError):
        return False
    return len(read) == len(PROBE_CALLS) and all(result["content"] in after for result in results)


def _masked(calls: Sequence[Call], mask: Mask) -> list[Call]:
    return [
        Call(name=each.name, arguments=canonical_json(mask(json.loads(each.arguments))), id=each.id) for each in calls
    ]


def _end_of_calls(text: str, dialect: str, special: Sequence[str]) -> int | None:
    """Where the calls end in what a template writes, before special tokens that they can do without; None if the
    dialect does not read them."""
    end = len(text) if _reads(dialect, text) else None
    while (cut := text.rstrip()) and (token := next((each for each in special if cut.endswith(each)), None)):
        text = cut.removesuffix(token)
        if _reads(dialect, text):
            end = len(text)
        elif end is not None:
            break
    return end


def _reads(dialect: str, text: str) -> bool:
    try:
        (call,) = load_dialect(dialect).parse(text)
    except (CallSyntaxError, ValueError):
        return False
    return (call.name, call.arguments) == (PROBE_CALLS[0].name, PROBE_CALLS[0].arguments)


def _is_read_as(dialect: Dialect, text: str, calls: Sequence[Call]) -> bool:
    try:
        read = dialect.parse(text)
    except CallSyntaxError:
        return False
    return [(each.name, each.arguments) for each in read] == [(each.name, each.arguments) for each in calls]


def _with_leads(form: ReplyForm, render: Render) -> ReplyForm:
    """The form with what stands before its calls. Raises ValueError if a reply does not follow its header."""
    header = _from_user(render([_user()], True))
    results = [result_message(PROBE_CALLS[0], RESULT)]
    plain, thinking = (
        form.around_calls(render, PROBE_CALLS[:1], _as_is, results, thought)[0] for thought in ("", THOUGHT)
    )
    thought = None
    if thinking.startswith(header) and thinking.count(THOUGHT) == 1:
        before, _, after = thinking[len(header) :].partition(THOUGHT)
        thought = (before, after)
    if plain.startswith(header):
        lead = plain[len(header) :]
    elif header.rstrip().endswith("</think>"):
        # The header holds an empty thought, because the model is not to think; histories are written without it.
        lead = ""
    elif thought is not None:
        # The header opens a thought that the template closes at once, in a history without one.
        lead = "".join(thought)
    else:
        raise ValueError("a reply does not follow its header")
    return replace(form, lead=lead, thought=thought)


def _after_header(render: Render, messages: list[dict[str, Any]], header: bool) -> str:
    """What the template writes after the header of the reply, or after what it has in common with it."""
    start = _from_user(render([_user()], True))
    text = _from_user(render([_user(), *messages], header))
    if text.startswith(start):
        return text[len(start) :]
    opened = start.rpartition("<think>")[0]
    if not opened or not text.startswith(opened):
        raise ValueError("a reply does not follow its header")
    return text[len(opened) :]


def _from_user(text: str) -> str:
    return text[text.rindex(USER) :]


def _user() -> dict[str, Any]:
    return {"role": Role.USER.value, "content": USER}


def _as_is(value: Any) -> Any:
    return value
