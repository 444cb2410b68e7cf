"""Renders an episode as the student's token ids: the sampler's ids verbatim if tokenizer and template are the same,
else from its text and calls.

With another tokenizer, formats that are written in the message (`json`, `python`, ...) are tokenised from their text.
Native calls are written as the student's own template writes them. A reply whose calls were read becomes the same calls
in the student's dialect. If its template takes one call a message, several calls become as many messages of the same
step, each with its result. A reply in which no call could be read stays the text that it was, without control tokens.

A thought before calls or a text is written as the student's template writes one. It is left out where that shows none,
and, also from ids of the same tokenizer, without `with_thoughts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cluster.errors import RequestError
from rollout.formats import CallFormat, load_format
from rollout.formats.thoughts import split_reply
from rollout.prompts.opening import Opening
from rollout.prompts.template import ChatTemplate
from rollout.records import CallResult, Episode, ErrorCode, Step
from rollout.toolboxes import Toolbox, load_toolbox


@dataclass(frozen=True, slots=True)
class RenderedEpisode:
    """What follows the prompt. `step` holds for each token the index of the step whose reply it belongs to, or -1 if
    the episode's model did not write it, which it did not in steps that a teacher wrote for it."""

    token_ids: tuple[int, ...]
    step: tuple[int, ...]
    failed_steps: tuple[int, ...]
    thought_tokens: tuple[int, ...]
    """For each step how many of its tokens are a thought, which comes first."""
    logprobs: tuple[float, ...]
    """The sampler's, 0 for tokens that the model did not write; () where the ids are not those that it sampled."""


def render_prompt(episode: Episode, template: ChatTemplate) -> tuple[int, ...]:
    """The episode's prompt as ids of `template`'s tokenizer. Raises RequestError if the template shows functions itself
    and the episode's functions have changed since."""
    if _same_tokens(episode, template):
        return episode.prompt_ids
    if template.native:
        template = template.for_toolbox(shown_toolbox(episode), episode.verbosity)
    opening = Opening(system=episode.system, examples=episode.examples, text=episode.prompt_text)
    return tuple(template.opening_ids(opening, load_format(episode.call_format)))


def render_episode(episode: Episode, template: ChatTemplate, with_thoughts: bool = True) -> RenderedEpisode:
    """The episode's replies and what came between them, as ids of `template`'s tokenizer."""
    call_format = load_format(episode.call_format)
    same = _same_tokens(episode, template)
    if same and not with_thoughts:
        same = not any(split_reply(step.text, call_format.parse)[0] for step in episode.steps)
    ids: list[int] = []
    step_of: list[int] = []
    logprobs: list[float] = []
    thoughts = [0] * len(episode.steps)
    feedback: Sequence[int] = ()
    for index, step in enumerate(episode.steps):
        messages = [(step.token_ids, step.results)] if same else _messages(step, template, call_format, with_thoughts)
        ended = not same and any(later.turn > step.turn for later in episode.steps[index + 1 : index + 2])
        for number, (reply, results) in enumerate(messages):
            if not number:
                thoughts[index] = template.thought_tokens(reply, call_format)
            ids += [*feedback, *reply]
            guided = index < episode.guided
            step_of += [-1] * len(feedback) + [-1 if guided else index] * len(reply)
            logprobs += [0.0] * len(feedback) + ([0.0] * len(reply) if guided else list(step.logprobs))
            if same:
                feedback = step.feedback_ids
            elif ended and number == len(messages) - 1:
                feedback = template.next_turn_ids(reply, results, episode.said[step.turn], call_format)
            else:
                feedback = template.results_ids(reply, results, call_format)
    failed = tuple(index for index, step in enumerate(episode.steps) if step.failed)
    return RenderedEpisode(tuple(ids), tuple(step_of), failed, tuple(thoughts), tuple(logprobs) if same else ())


def _messages(
    step: Step, template: ChatTemplate, call_format: CallFormat, with_thoughts: bool
) -> list[tuple[Sequence[int], Sequence[CallResult]]]:
    """The step's replies as ids, each with the results of its calls. There is more than one if the template takes one
    call a message."""
    calls = [result.call for result in step.results if result.call is not None]
    if ErrorCode.REPLY_CUT in step.errors:
        return [(template.encode(step.text), step.results)]
    thought, text = split_reply(step.text, call_format.parse)
    thought = thought if with_thoughts else ""
    if not template.native or len(calls) < len(step.results):
        says = not calls and not step.failed  # a text that ended a turn
        return [(template.encode_reply(text, thought, ends_turn=says), step.results)]
    if template.parallel:
        return [(template.calls_ids(calls, call_format, thought), step.results)]
    return [
        (template.calls_ids([call], call_format, "" if number else thought), (result,))
        for number, (call, result) in enumerate(zip(calls, step.results, strict=True))
    ]


def shown_toolbox(episode: Episode) -> Toolbox:
    """The functions that the episode's model was shown. Raises RequestError if they have changed since."""
    toolbox = load_toolbox(episode.toolbox)
    if episode.shown:
        toolbox = toolbox.subset(episode.shown)
    if toolbox.hash != episode.provenance.toolbox_hash:
        change = f"toolbox {episode.toolbox} changed since episode {episode.id} was made"
        raise RequestError(f"{change}; restore it, or make the episodes again in a new run")
    return toolbox


def _same_tokens(episode: Episode, template: ChatTemplate) -> bool:
    made_by = episode.provenance
    return made_by.tokenizer_hash == template.tokenizer_hash and made_by.template_hash == template.hash
