"""Which chains that were written with help are learnt from on the prompt without it.

A chain is what followed its prompt, so on another prompt its token ids are the same. It is taken where it is right, and
where it could have been written without help: what it calls is shown without help, too, it does not speak of the help,
it worked out the answer that it was told, and its prompt ended as the one without help does, so that the ids are a
continuation of both.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from rollout.checkers.values import comparable
from rollout.groups import distinct_chains
from rollout.help import ANSWER
from rollout.prompts.rendering import shown_toolbox
from rollout.prompts.template import ChatTemplate
from rollout.records import Call, CallResult, Chain, Episode, Message, Outcome, Role

_SPOKEN_OF = re.compile(r"\bhints?\b", re.IGNORECASE)
"""The word with which prompts introduce what help says."""


class LeftOut(StrEnum):
    """Why a right chain that was written with help is not learnt from."""

    ANSWER_TOLD = "answer_told"
    """It was told the answer, and neither is that the result of one of its calls, nor did it make the gold calls."""
    HELP_MENTIONED = "help_mentioned"
    """It speaks of a hint, and the prompt without help has none."""
    FUNCTION_NOT_SHOWN = "function_not_shown"
    """It calls a function that the prompt without help does not show."""
    PROMPT_ENDS_OTHERWISE = "prompt_ends_otherwise"
    """The ids before its first reply are others without help."""
    TOO_LONG = "too_long"
    """With its prompt it has more tokens than `groups.max_tokens`."""


class Helped(msgspec.Struct, frozen=True, kw_only=True):
    """What became of right attempts with help, in one group or in several."""

    taken: int = 0
    """Those that groups hold."""
    left_out: dict[str, int] = {}
    """Why -> those that they do not."""

    def __add__(self, other: "Helped") -> "Helped":
        left_out = Counter(self.left_out) + Counter(other.left_out)
        return Helped(taken=self.taken + other.taken, left_out=dict(left_out))


def helped_chains(
    helped: Sequence[Episode],
    own: Episode,
    template: ChatTemplate,
    gold_calls: Sequence[Call],
    with_thoughts: bool = True,
    max_tokens: int = 0,
) -> tuple[list[Chain], Helped]:
    """The chains that are learnt from of attempts with help at one problem in one call format, and what became of all.

    `own`: an attempt without help, which has the prompt that is learnt on; `gold_calls`: those of the problem that end
    no turn.
    """
    right = [episode for episode in helped if episode.outcome is Outcome.RIGHT and episode.steps]
    whys = [left_out(episode, own, template, gold_calls) for episode in right]
    taken = [episode for episode, why in zip(right, whys, strict=True) if why is None]
    chains = distinct_chains(taken, template, with_thoughts)
    prompt = len(own.prompt_ids)
    fitting = [chain for chain in chains if not max_tokens or prompt + len(chain.token_ids) <= max_tokens]
    counts = Counter(why.value for why in whys if why is not None)
    if too_long := sum(chain.multiplicity for chain in chains) - sum(chain.multiplicity for chain in fitting):
        counts[LeftOut.TOO_LONG.value] = too_long
    return fitting, Helped(taken=sum(chain.multiplicity for chain in fitting), left_out=dict(counts))


def left_out(episode: Episode, own: Episode, template: ChatTemplate, gold_calls: Sequence[Call]) -> LeftOut | None:
    """Why a right attempt with help is not learnt from on the prompt of `own`; None if it is."""
    if ANSWER in episode.help and not _worked_out(episode, gold_calls):
        return LeftOut.ANSWER_TOLD
    if any(_SPOKEN_OF.search(step.text) for step in episode.steps) and not _SPOKEN_OF.search(own.prompt_text):
        return LeftOut.HELP_MENTIONED
    called = {result.call.name for result in _results(episode) if result.call is not None}
    if own.shown and not called <= set(own.shown):
        return LeftOut.FUNCTION_NOT_SHOWN
    header = _alike_at_end(template.prompt_ids([Message(role=Role.USER, content=())]), own.prompt_ids)
    if _alike_at_end(episode.prompt_ids, own.prompt_ids) < max(1, header):
        return LeftOut.PROMPT_ENDS_OTHERWISE
    return None


def _worked_out(episode: Episode, gold_calls: Sequence[Call]) -> bool:
    """Whether the answer follows from what the attempt did: one of its calls, other than the one that gave it, has the
    answer as its result, or it made all gold calls."""
    finish = shown_toolbox(episode).finish
    made = [each for each in _results(episode) if each.error is None and each.call and each.call.name != finish]
    answer = _value(episode.answer or "null")
    if any(_value(result.content) == answer for result in made):
        return True
    done = {(each.call.name, each.call.arguments) for each in made if each.call}
    return bool(gold_calls) and all((call.name, call.arguments) in done for call in gold_calls)


def _results(episode: Episode) -> list[CallResult]:
    return [result for step in episode.steps for result in step.results]


def _value(text: str) -> object:
    """A JSON value in a form in which equal ones are equal; a text that is none as it is."""
    try:
        return comparable(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _alike_at_end(one: Sequence[int], other: Sequence[int]) -> int:
    """How many of the last ids are the same."""
    alike = 0
    while alike < min(len(one), len(other)) and one[-1 - alike] == other[-1 - alike]:
        alike += 1
    return alike
