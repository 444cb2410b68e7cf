"""How many tokens a recipe comes to, before anything ran: sample conversations, counted and multiplied.

A family's problems are generated and worked by the gold policy with some malformed steps, as the corpus of tiny
models does it. Characters become tokens at a fixed rate; what cannot be known beforehand (how often the teacher is
right, how many of its chains are distinct) is assumed, and said so.
"""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.recipe import Recipe
from rollout.problems import everything, generate, is_imported
from rollout.problems.config import SPLITS, FamilyConfig
from training.corpus import Conversation, Corpus

CHARS_A_TOKEN = 3.5
"""Of prompts, calls and results. Measured in the local recipe: 3.0 to 4.05; English text in large vocabularies: about
4, JSON about 3."""
_CONTROL = 3
"""Control tokens around a message: its role, its end, and the role that answers."""
_SAMPLES = 48
_WORDS = 1.5
"""A real model writes so many times what the bare call takes."""
_SLIPS = (0.1, 0.3)
"""How often a real model's step is malformed, and malformed again."""
_UNKNOWN = (300.0, 60.0, 30.0, 4.0)
"""Prompt, reply, result and steps of a family that cannot be generated here."""
DISTINCT_RIGHT, DISTINCT_WRONG = 0.2, 0.85
"""Distinct chains among right and among wrong ones: at temperature 1 right ones repeat, wrong ones seldom do."""
UNSHARED = 0.75
"""Share of a chain's tokens after the prompt that no earlier chain of its problem has (local recipe: 0.75)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One attempt at a problem, in tokens, on average. `reply` and `result` are of one step."""

    prompt: float
    reply: float
    result: float
    steps: float
    source: str

    @property
    def context(self) -> float:
        """Tokens of the whole conversation at its end."""
        return self.prompt + self.steps * self.reply + max(0.0, self.steps - 1) * self.result

    @property
    def written(self) -> float:
        return self.steps * self.reply

    def prefill(self, block: int) -> float:
        """Tokens of prompt read anew over all steps: what does not lie in whole blocks of the prefix cache."""
        read, known = 0.0, 0.0
        for step in range(math.ceil(self.steps)):
            weight = min(1.0, self.steps - step)
            context = self.prompt + step * (self.reply + self.result)
            # Other attempts at the problem have left its prompt in the cache.
            known = self.prompt if step == 0 else known
            read += weight * (context - (known // block) * block)
            known = context + self.reply
        return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Attempts of one model: what engines have to do."""

    attempts: int
    requests: float
    written: float
    prefill: float
    context: float
    """Tokens of a conversation at its end, on average."""

    def plus(self, other: "Load") -> "Load":
        attempts = self.attempts + other.attempts
        context = self.context * self.attempts + other.context * other.attempts
        return Load(
            attempts=attempts,
            requests=self.requests + other.requests,
            written=self.written + other.written,
            prefill=self.prefill + other.prefill,
            context=context / max(1, attempts),
        )


NOTHING = Load(attempts=0, requests=0, written=0, prefill=0, context=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """Preference groups as they may come out."""

    groups: int
    """With at least one pair."""
    right_groups: int
    """With at least one right chain."""
    right: float
    """Distinct right chains kept a group."""
    wrong: float
    prompt: float
    chain: float
    """Tokens of a chain without its prompt."""

    @property
    def chains(self) -> float:
        return self.right + self.wrong

    @property
    def tree(self) -> float:
        """Tokens of a group laid out as a tree."""
        return self.prompt + self.chains * self.chain * UNSHARED

    @property
    def pairs(self) -> float:
        return self.groups * self.right * self.wrong


def talk_of(recipe: Recipe, family: FamilyConfig, tiny: bool, noise: tuple[float, float] | None = None) -> Talk:
    """A mean conversation of a family. `noise`: how often a step is malformed, and malformed again.

    Assumed for data sets of the Hub, which is not asked. Raises RequestError for a family that a run would refuse too:
    one that is not known, a file that is not there.
    """
    if family.on_hub or (family.family == "gsm8k" and not family.path):
        return _assumed("not at hand here")
    count = _at_hand(family)
    if not count:
        return _assumed("its file has no train problems")
    malformed, again = noise or _SLIPS
    some = list(itertools.islice(_conversations(recipe, family, count, malformed, again), _SAMPLES))
    turns = [turn for conversation in some for turn in conversation.turns]
    if not turns:
        prompt = _mean(len(conversation.prompt) for conversation in some) / CHARS_A_TOKEN
        return Talk(prompt=prompt, reply=60, result=30, steps=4, source="prompts generated; no gold calls: assumed")
    words = 1.0 if tiny else _WORDS
    return Talk(
        prompt=_mean(len(conversation.prompt) for conversation in some) / CHARS_A_TOKEN + _CONTROL,
        reply=words * _mean(len(turn.reply) for turn in turns) / CHARS_A_TOKEN + 1,
        result=_mean(len(turn.results) for turn in turns) / CHARS_A_TOKEN + _CONTROL,
        steps=len(turns) / len(some),
        source=f"{len(some)} generated conversations at {CHARS_A_TOKEN:g} characters a token",
    )


def load_of(talk: Talk, attempts: int, block: int) -> Load:
    """What `attempts` such conversations ask of an engine whose prefix cache has blocks of `block` tokens."""
    return Load(
        attempts=attempts,
        requests=attempts * talk.steps,
        written=attempts * talk.written,
        prefill=attempts * talk.prefill(block),
        context=talk.context,
    )


def groups_of(recipe: Recipe, talks: dict[str, Talk]) -> GroupFigures:
    """What the rollouts may come to, where every share of right attempts is as likely as any other.

    Then of n attempts all are wrong with probability 1 / (n + 1), and all right with the same.
    """
    samples, rule = recipe.rollout.samples, recipe.groups
    problems = sum(family.train for family in recipe.problems.values())
    right = max(1.0, samples / 2 * DISTINCT_RIGHT)
    wrong = max(1.0, samples / 2 * DISTINCT_WRONG)
    weights = {name: family.train for name, family in recipe.problems.items() if family.train}
    whole = max(1, sum(weights.values()))
    prompt = sum(talks[name].prompt * weight for name, weight in weights.items()) / whole
    context = sum(talks[name].context * weight for name, weight in weights.items()) / whole
    return GroupFigures(
        groups=round(problems * max(0.0, 1 - 2 / (samples + 1))),
        right_groups=round(problems * samples / (samples + 1)),
        right=min(right, rule.max_right or right),
        wrong=min(wrong, rule.max_wrong or wrong),
        prompt=prompt,
        chain=max(1.0, context - prompt),
    )


def longest_chain(recipe: Recipe, talks: dict[str, Talk]) -> int:
    """Tokens that a chain with its prompt may come to: the engine's context, or what steps and replies allow."""
    episodes = recipe.episodes
    a_step = episodes.max_step_tokens + episodes.calls.max_result_chars / CHARS_A_TOKEN + _CONTROL
    prompt = max((talk.prompt for talk in talks.values()), default=0.0)
    most = min(float(recipe.engines.teacher.engine.max_context), 2 * prompt + episodes.max_steps * a_step)
    return int(min(most, recipe.groups.max_tokens or most))


def _assumed(why: str) -> Talk:
    prompt, reply, result, steps = _UNKNOWN
    return Talk(prompt=prompt, reply=reply, result=result, steps=steps, source=f"assumed: {why}")


def _at_hand(family: FamilyConfig) -> int:
    """Problems to look at. A file is read, and what the recipe asks of it is drawn, as a run does."""
    if not is_imported(family):
        return _SAMPLES
    for split in SPLITS:
        if family.count(split):
            generate(family, split)
    return min(_SAMPLES, len(everything(family)["train"]))


def _conversations(
    recipe: Recipe, family: FamilyConfig, count: int, malformed: float, again: float
) -> Iterable[Conversation]:
    episodes = recipe.episodes
    corpus = Corpus(
        (family,), episodes.call_format, episodes.verbosity, episodes.calls, episodes.max_failed_steps, count
    )
    return corpus.conversations("plan", malformed, again)


def _mean(values: Iterable[float]) -> float:
    all_values = list(values)
    return sum(all_values) / max(1, len(all_values))
