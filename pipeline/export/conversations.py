"""An episode as the messages of a conversation: with calls as the text that the model wrote, or as structured calls.

Structured calls are what APIs and chat templates call `tool_calls`: name and arguments, and a result with the id of its
call. A reply in which no call was read, or whose call no API would take, stays text. What the model was told about it
comes as a tool's message where chat templates take it, as in the run itself: a user's message in its place would move
the functions in templates that show them before the last one. OpenAI's API takes a tool's message after a call only,
so there it is a user's.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from rollout.formats import load_format
from rollout.formats.thoughts import split_reply
from rollout.prompts.messages import before_end
from rollout.records import Call, Episode, ErrorCode, Example, content_hash

Message = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""The names that OpenAI takes for functions."""
_NO_CALL = {"role": "tool", "tool_call_id": "000000000", "name": "none"}
"""What a template is told that a message answers where there was no call."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One assistant message. `text` is what is no call, `calls` are its calls with their ids, `results` one text for
    each call; where there are no calls, the one text that came back. The last message of an episode has no results, nor
    has a text that ended a turn."""

    text: str
    calls: tuple[tuple[str, Call], ...] = ()
    results: tuple[str, ...] = ()
    said: str | None = None
    """What the user says next, if the message ended a turn; the result of what ended it is empty."""


def opening_turns(episode: Episode, closed: bool) -> Iterator[Iterator[Turn]]:
    """The replies of each worked conversation of the prompt, with structured calls. `closed`: the finishing call has a
    result, too, an empty one, and a last reply follows."""
    for number, example in enumerate(episode.examples):
        yield _worked_turns(example, number, closed)


def _worked_turns(example: Example, number: int, closed: bool) -> Iterator[Turn]:
    for index, turn in enumerate(example.turns):
        last = index == len(example.turns) - 1
        results = () if last and not closed else (turn.result,)
        yield Turn("", ((_call_id(turn.call, -1 - number, index), turn.call),), results, turn.said or None)
    if closed:
        yield Turn("Done.")


def text_steps(episode: Episode, result_role: str) -> list[list[Message]]:
    """For each step the reply as it was written, and its results in one message of `result_role`; or what the user said
    next, if it ended a turn."""
    render, steps = load_format(episode.call_format).render_results, list[list[Message]]()
    for index, step in enumerate(episode.steps):
        said = _said_after(episode, index)
        told = render(step.results if said is None else before_end(step.results))
        then: Message = {"role": result_role, "content": told}
        if said is not None:
            then = {"role": "user", "content": f"{told}\n{said}" if told else said}
        steps.append([{"role": "assistant", "content": step.text}, then])
    return [*steps[:-1], steps[-1][:1]]


def _said_after(episode: Episode, index: int) -> str | None:
    """What the user said after the step with this index, if it ended a turn that was not the last one of the steps."""
    step, following = episode.steps[index], episode.steps[index + 1 : index + 2]
    return episode.said[step.turn] if any(each.turn > step.turn for each in following) else None


def without_thoughts(episode: Episode) -> Episode:
    """The episode with replies that begin with no thought, as students learn them from chains without thoughts."""
    parse = load_format(episode.call_format).parse
    steps = (msgspec.structs.replace(step, text=split_reply(step.text, parse)[1]) for step in episode.steps)
    return msgspec.structs.replace(episode, steps=tuple(steps))


def call_steps(episode: Episode, parallel: bool = True) -> Iterator[list[Turn]]:
    """For each step its reply with structured calls. Without `parallel`, several calls in one reply become as many
    messages, each with its result."""
    for index, step in enumerate(episode.steps):
        last, said = index == len(episode.steps) - 1, _said_after(episode, index)
        calls = [result.call for result in step.results if result.call is not None]
        known = len(calls) == len(step.results) and all(_NAME.fullmatch(call.name) for call in calls)
        if not calls or not known or ErrorCode.REPLY_CUT in step.errors:
            shown = list(step.results) if said is None else before_end(step.results)
            told = load_format(episode.call_format).render_results(shown)
            yield [Turn(step.text, results=(told,) if not last and shown else (), said=said)]
            continue
        thought = step.text.removesuffix(split_reply(step.text, load_format(episode.call_format).parse)[1]).strip()
        named = tuple((_call_id(call, index, at), call) for at, call in enumerate(calls))
        shown = list(step.results) if said is None else before_end(step.results)
        contents = (result.content if any(result is each for each in shown) else "" for result in step.results)
        results = () if last else tuple(contents)
        if parallel:
            yield [Turn(thought, named, results, said)]
        else:
            turns = [Turn("" if at else thought, (one,), results[at : at + 1]) for at, one in enumerate(named)]
            yield [*turns[:-1], replace(turns[-1], said=said)]


def _call_id(call: Call, step: int, position: int) -> str:
    """Nine digits, as many as the strictest chat templates take. An episode may make a call twice, and ids that models
    write may repeat: so the id follows from the place, too."""
    return content_hash(call.id, call.name, call.arguments, str(step), str(position))[:9]


def call_messages(turn: Turn, arguments_as_text: bool, closed: bool = False) -> list[Message]:
    """Messages with `tool_calls`: as OpenAI's API takes them, where arguments are JSON text, or as chat templates take
    them, where they are an object, every content is text and a result names its function. `closed`: where a call ends a
    turn, its result and a reply stand before what the user says."""
    if turn.said is not None:
        asked, before = {"role": "user", "content": turn.said}, replace(turn, said=None)
        if turn.calls and not closed and len(turn.calls) == 1:
            before = replace(before, results=())
        done = [{"role": "assistant", "content": "Done."}] if turn.calls and closed else []
        return [*call_messages(before, arguments_as_text, closed), *done, asked]
    reply: Message = {"role": "assistant"}
    if turn.text or not turn.calls or not arguments_as_text:
        reply["content"] = turn.text
    if not turn.calls and arguments_as_text:
        return [reply, *({"role": "user", "content": content} for content in turn.results)]
    if not turn.calls:
        return [reply, *({**_NO_CALL, "content": content} for content in turn.results)]
    reply["tool_calls"] = [
        {"id": key, "type": "function", "function": {"name": call.name, "arguments": arguments}}
        for key, call in turn.calls
        for arguments in [call.arguments if arguments_as_text else json.loads(call.arguments)]
    ]
    messages = [reply]
    for (key, call), content in zip(turn.calls, turn.results, strict=False):
        name = {} if arguments_as_text else {"name": call.name}
        messages.append({"role": "tool", "tool_call_id": key, **name, "content": content})
    return messages


def sharegpt_messages(turn: Turn) -> list[Message]:
    """Messages of LLaMA-Factory's tool format: a reply is a `function_call` whose value is one call, or a list of
    several, as JSON after the thought; results are one `observation`."""
    calls = [{"name": call.name, "arguments": json.loads(call.arguments)} for _, call in turn.calls]
    written = json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False) if calls else ""
    value = "\n".join(part for part in (turn.text, written) if part)
    messages: list[Message] = [{"from": "function_call" if calls else "gpt", "value": value}]
    if turn.results:
        messages.append({"from": "observation", "value": "\n".join(turn.results)})
    if turn.said is not None:
        done = [{"from": "gpt", "value": "Done."}] if turn.calls else []
        messages += [*done, {"from": "human", "value": turn.said}]
    return messages


def is_reply(message: Message) -> bool:
    """Whether a model wrote a message, and not a function or a user."""
    return message.get("role") == "assistant" or message.get("from") in ("gpt", "function_call")
