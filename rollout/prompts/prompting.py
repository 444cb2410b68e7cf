"""Makes a problem's prompt: chooses the functions to show, and the ids that ask for the first reply.

`retrieve` limits the functions to those that fit the problem's text best; `prompt_tokens` limits them to as many as
keep the prompt within that length. A function that is not shown cannot be called.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rollout.config import EpisodeConfig
from rollout.formats import CallFormat
from rollout.formats.shown import as_tool
from rollout.prompts.opening import Opening
from rollout.prompts.template import ChatTemplate
from rollout.prompts.turns import LaterTurn, later_turns, turn_toolboxes
from rollout.records import Problem, canonical_json, content_hash
from rollout.toolboxes import Toolbox, load_toolbox, retrieve


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The prompt of an episode, and what can be called in it."""

    opening: Opening
    ids: tuple[int, ...]
    template: ChatTemplate
    """The model's template. If it shows functions itself, it is bound to those shown."""
    toolbox: Toolbox
    """The functions shown, which are all that can be called."""
    shown: tuple[str, ...]
    """Their names if they are fewer than the problem's toolbox has; () for all of them."""
    hash: str
    """Hash of everything that the prompt shows."""
    later: tuple[LaterTurn, ...] = ()
    """What comes when the model has ended the turn before."""
    fits: bool = True
    """False if the problem alone is longer than `prompt_tokens`."""


def open_problem(
    problem: Problem, toolbox: Toolbox, call_format: CallFormat, config: EpisodeConfig, native: bool = False
) -> Opening:
    """What a prompt says. `native`: the chat template shows the functions itself.

    Functions and problem are one user message, since every chat template has that role. With a system's text, or with
    worked conversations, the functions stand in the system's message, before all conversations.
    """
    described = "" if native else call_format.instructions(toolbox, config.verbosity)
    # Help comes first, so that the prompt ends as it does without any.
    text = "\n\n".join([*_help_parts(problem, toolbox), problem.text])
    if config.system or problem.system or problem.examples:
        system = "\n".join(filter(None, (config.system, problem.system, described)))
        return Opening(system=system, examples=problem.examples, text=text)
    return Opening(text=f"{described}\n{text}" if described else text)


def _help_parts(problem: Problem, toolbox: Toolbox) -> Iterator[str]:
    """What an attempt with help is told: the functions in full, in the form that chat templates are given, and the
    text."""
    if problem.help is not None and problem.help.documentation:
        tools = (canonical_json(as_tool(each, "full")) for each in toolbox.functions.values())
        yield "\n".join(["Hint: these are the functions in full.", *tools])
    if problem.help is not None and problem.help.text:
        yield problem.help.text


@lru_cache(maxsize=512)
def make_prompt(problem: Problem, template: ChatTemplate, call_format: CallFormat, config: EpisodeConfig) -> Prompt:
    """The prompt of a problem. It is cached, because it is the same for every attempt. Raises RequestError where turns
    change functions that the toolbox has not."""
    whole = load_toolbox(problem.toolbox)
    toolbox = turn_toolboxes(problem, whole)[0]
    size = len(toolbox.functions) - 1  # the finishing function is always shown
    most = size if config.retrieve is None else min(config.retrieve, size)

    used = {turn.call.name for example in problem.examples for turn in example.turns}

    def prompt(count: int) -> Prompt:
        kept = toolbox
        if count < size:
            # What the worked conversations call is shown, too: a prompt shows no call that it does not allow.
            fitting = retrieve(toolbox, problem.all_text, count).functions
            kept = whole.subset({*fitting, *(used & toolbox.functions.keys())})
        bound = template.for_toolbox(kept, config.verbosity)
        opening = open_problem(problem, kept, call_format, config, bound.native)
        later = later_turns(problem, whole, kept, call_format, config.verbosity, bound.native)
        shown_hash = bound.shown_hash(opening)
        return Prompt(
            opening=opening,
            ids=tuple(bound.opening_ids(opening, call_format)),
            template=bound,
            toolbox=kept,
            shown=tuple(kept.functions) if len(kept.functions) < len(whole.functions) else (),
            hash=content_hash(shown_hash, *(turn.text for turn in later)) if later else shown_hash,
            later=later,
        )

    return prompt(most) if config.prompt_tokens is None else _largest(prompt, most, config.prompt_tokens)


def _largest(prompt: Callable[[int], Prompt], most: int, budget: int) -> Prompt:
    """The prompt with the most functions that `budget` tokens hold. The step is doubled until the prompt is too long,
    then the count is found by bisection."""
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
