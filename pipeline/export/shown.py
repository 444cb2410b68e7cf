"""What a model was shown beside the messages of an episode: its functions, and the problem's own text."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from cluster.errors import CorruptionError
from rollout.formats import load_format
from rollout.prompts.native_template import NATIVE, tools_of
from rollout.prompts.rendering import shown_toolbox
from rollout.records import Episode, Problem
from rollout.toolboxes import Toolbox, load_toolbox


def tools_shown(episode: Episode, problem: Problem) -> list[dict[str, Any]]:
    """The functions of an episode in the form of APIs and chat templates.

    A chat template showed them as they are here. In the other formats the prompt's text described them; they are then
    given in full, with those that the format adds, and as they are today (`has_changed`). Raises RequestError where
    the toolbox is gone, or has changed since a template showed it.
    """
    verbosity = "full"
    if episode.call_format == NATIVE:
        verbosity = episode.verbosity
        shown_toolbox(episode)
    return _tools(episode.toolbox or problem.toolbox, episode.shown, verbosity, episode.call_format)


def has_changed(episode: Episode, problem: Problem) -> bool:
    """Whether the functions are not those any more that the episode was made with."""
    return _toolbox(episode.toolbox or problem.toolbox, episode.shown).hash != episode.provenance.toolbox_hash


def own_text(episode: Episode, problem: Problem) -> str:
    """The problem's text, without what the prompt said about functions. Raises CorruptionError where the prompt does
    not end with it."""
    if not episode.prompt_text.endswith(problem.text):
        raise CorruptionError(f"episode {episode.id}: its prompt does not end with the text of its problem")
    return problem.text


@lru_cache(maxsize=64)
def _toolbox(name: str, shown: tuple[str, ...]) -> Toolbox:
    toolbox = load_toolbox(name)
    return toolbox.subset(shown) if shown else toolbox


@lru_cache(maxsize=64)
def _tools(name: str, shown: tuple[str, ...], verbosity: str, call_format: str) -> list[dict[str, Any]]:
    toolbox = _toolbox(name, shown)
    added = load_format(call_format).built_ins
    return tools_of(replace(toolbox, functions={**toolbox.functions, **added}), verbosity)
