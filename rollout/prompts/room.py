"""Whether prompts leave room for a reply, before an engine starts."""

from collections.abc import Sequence
from typing import NamedTuple

from rollout.config import EpisodeConfig
from rollout.formats import CallFormat
from rollout.prompts.prompting import make_prompt
from rollout.prompts.template import ChatTemplate
from rollout.records import Problem

_LOOKED_AT = 32
"""Problems whose prompts are made, evenly spread over all of them."""


class Room(NamedTuple):
    """How long some prompts are."""

    prompts: int
    without: int
    """Those of them that leave no room for a token."""
    longest: int
    """Unit: tokens."""


def room_of(
    problems: Sequence[Problem], template: ChatTemplate, call_format: CallFormat, config: EpisodeConfig, context: int
) -> Room:
    """How many prompts of the problems fill a context of so many tokens; at most 32 of them are looked at."""
    count = min(_LOOKED_AT, len(problems))
    chosen = [problems[at * len(problems) // count] for at in range(count)]
    lengths = [len(make_prompt(problem, template, call_format, config).ids) for problem in chosen]
    return Room(len(lengths), sum(length >= context for length in lengths), max(lengths, default=0))
