"""An episode as the student's token ids, rendered once: the sampler's ids verbatim where the tokenizer is the
same, from the text where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass

from rollout.formats import load_format
from rollout.records import Episode, Message, Part, Role
from rollout.template import ChatTemplate


@dataclass(frozen=True, slots=True)
class RenderedEpisode:
    """What follows the prompt. `step` has one entry a token: the index of the step whose reply it belongs to, or -1."""

    token_ids: tuple[int, ...]
    step: tuple[int, ...]
    failed_steps: tuple[int, ...]


def render_prompt(episode: Episode, template: ChatTemplate) -> tuple[int, ...]:
    """The episode's prompt as ids of `template`'s tokenizer."""
    if _same_tokens(episode, template):
        return episode.prompt_ids
    return tuple(template.prompt_ids([Message(role=Role.USER, content=(Part(text=episode.prompt_text),))]))


def render_episode(episode: Episode, template: ChatTemplate) -> RenderedEpisode:
    """The episode's replies and what came between them, as ids of `template`'s tokenizer."""
    same = _same_tokens(episode, template)
    call_format = load_format(episode.call_format)
    ids: list[int] = []
    step_of: list[int] = []
    for index, step in enumerate(episode.steps):
        reply: Sequence[int] = step.token_ids if same else template.encode_reply(step.text)
        ids += reply
        step_of += [index] * len(reply)
        if index == len(episode.steps) - 1:
            break
        feedback: Sequence[int] = step.feedback_ids
        if not same:
            feedback = template.feedback_ids(reply, call_format.render_results(step.results))
        ids += feedback
        step_of += [-1] * len(feedback)
    failed = tuple(index for index, step in enumerate(episode.steps) if step.failed)
    return RenderedEpisode(tuple(ids), tuple(step_of), failed)


def _same_tokens(episode: Episode, template: ChatTemplate) -> bool:
    made_by = episode.provenance
    return made_by.tokenizer_hash == template.tokenizer_hash and made_by.template_hash == template.hash
