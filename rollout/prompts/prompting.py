"""A problem's prompt: which of its functions are shown, and the ids that ask for the first reply.

With `retrieve`, the functions that fit the problem's text best are shown instead of all; with `prompt_tokens`, so
many of them that the prompt stays within that budget. A function that is not shown cannot be called either.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from rollout.config import EpisodeConfig
from rollout.formats import CallFormat, load_format
from rollout.prompts.template import ChatTemplate
from rollout.records import Message, Part, Problem, Role
from rollout.toolboxes import Toolbox, load_toolbox, retrieve


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the first request of an episode is made of."""

    text: str
    ids: tuple[int, ...]
    template: ChatTemplate
    """The model's template, with the functions shown where it shows functions itself."""
    toolbox: Toolbox
    """The functions shown: all that can be called."""
    shown: tuple[str, ...]
    """Their names where they are fewer than the problem's toolbox has; () for all of them."""
    hash: str
    """Of all that the prompt shows of problem and functions."""
    fits: bool = True
    """False when the problem alone is beyond `prompt_tokens`."""


def prompt_text(text: str, toolbox: Toolbox, call_format: CallFormat, verbosity: str) -> str:
    """The functions and the problem, as one user message: a role that every chat template has."""
    instructions = call_format.instructions(toolbox, verbosity)
    return f"{instructions}\n{text}" if instructions else text


def make_prompt(problem: Problem, template: ChatTemplate, call_format: CallFormat, config: EpisodeConfig) -> Prompt:
    """The prompt of a problem: the same for every attempt at it, and so made once."""
    return _made(problem, template, call_format.name, config)


@lru_cache(maxsize=512)
def _made(problem: Problem, template: ChatTemplate, format_name: str, config: EpisodeConfig) -> Prompt:
    call_format = load_format(format_name)
    toolbox = load_toolbox(problem.toolbox)
    size = len(toolbox.functions) - 1  # the finishing function is always shown
    most = size if config.retrieve is None else min(config.retrieve, size)

    def prompt(count: int) -> Prompt:
        kept = toolbox if count == size else retrieve(toolbox, problem.text, count)
        bound = template.for_toolbox(kept, config.verbosity)
        # A native template shows the functions itself.
        text = problem.text if bound.native else prompt_text(problem.text, kept, call_format, config.verbosity)
        return Prompt(
            text=text,
            ids=tuple(bound.prompt_ids([user_message(text)])),
            template=bound,
            toolbox=kept,
            shown=tuple(kept.functions) if count < size else (),
            hash=bound.shown_hash(text),
        )

    return prompt(most) if config.prompt_tokens is None else _largest(prompt, most, config.prompt_tokens)


def user_message(text: str) -> Message:
    """A user's message of one part."""
    return Message(role=Role.USER, content=(Part(text=text),))


def _largest(prompt: Callable[[int], Prompt], most: int, budget: int) -> Prompt:
    """The prompt with as many functions as `budget` tokens hold: counts are doubled, then halved in between."""
    best, fitting, beyond = prompt(0), 0, most + 1
    if len(best.ids) > budget:
        return replace(best, fits=False)
    step = 8
    while fitting + 1 < beyond:
        count = min(fitting + step, most) if beyond > most else (fitting + beyond) // 2
        made = prompt(count)
        if len(made.ids) <= budget:
            best, fitting = made, count
            step *= 2
        else:
            beyond = count
    return best
