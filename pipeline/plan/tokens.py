"""How many tokens a recipe comes to, before anything ran: sample conversations, counted and multiplied.

A family's problems are generated and worked by the gold policy with some malformed steps, as the corpus of tiny models
does it. Characters become tokens at a fixed rate. What cannot be known beforehand (how often the teacher is right, how
many of its chains are distinct) is assumed, and the plan lists the assumptions.
"""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.estimates.speed import NO_DEMAND, Demand
from pipeline.recipe import GIVEN_MODELS, ModelSection, Recipe
from pipeline.run.suites import suite_models, suite_samples
from rollout.problems import everything, generate, is_imported
from rollout.problems.config import BFCL, SPLITS, FamilyConfig
from training.tiny.config import WarmConfig
from training.tiny.corpus import Corpus

_BLOCK = {True: 16, False: 128}
"""Tokens of a block of the prefix cache in vLLM 0.32, on GPUs and on CPUs."""
_PADDING = 1.1
"""A batch of the corpus is padded to its longest row, by assumption to a tenth more."""
_CHARS_PER_TOKEN = 3.5
"""Of prompts, calls and results. Measured in the local recipe: 3.0 to 4.05; English text in large vocabularies: about
4, JSON about 3."""
_CONTROL = 3
"""Control tokens around a message: its role, its end, and the role that answers."""
_SAMPLES = 48
"""Conversations of a family that are counted."""
_WORDS = 1.5
"""A real model's reply is taken to be so many times as long as the bare call."""
_MALFORMED = (0.1, 0.3)
"""How often a real model's step is malformed, and malformed again."""
_DISTINCT_RIGHT, _DISTINCT_WRONG = 0.2, 0.85
"""Distinct chains among right and among wrong ones: at temperature 1 right ones repeat, wrong ones seldom do."""
_UNSHARED = 0.75
"""Share of a chain's tokens after the prompt that no earlier chain of its problem has (local recipe: 0.75)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationLength:
    """One attempt at a problem of a family, in tokens, on average."""

    prompt: float
    reply: float
    """Tokens of one step's message."""
    result: float
    """Tokens of one step's results."""
    steps: float
    source: str

    @property
    def context(self) -> float:
        """Tokens of the whole conversation at its end."""
        return self.prompt + self.steps * self.reply + max(0.0, self.steps - 1) * self.result

    def prefill(self, block: int) -> float:
        """Tokens of prompt read anew over all steps: those outside of whole blocks that the prefix cache holds."""
        read, known = 0.0, 0.0
        for step in range(math.ceil(self.steps)):
            weight = min(1.0, self.steps - step)
            context = self.prompt + step * (self.reply + self.result)
            # Other attempts at the problem have left its prompt in the cache.
            known = self.prompt if step == 0 else known
            read += weight * (context - (known // block) * block)
            known = context + self.reply
        return read

    def demand(self, attempts: int, block: int) -> Demand:
        """What so many conversations ask of an engine whose prefix cache has blocks of `block` tokens."""
        return Demand(
            attempts=attempts,
            requests=attempts * self.steps,
            written=attempts * (self.steps * self.reply),
            prefill=attempts * self.prefill(block),
            context=self.context,
        )


_ASSUMED = ConversationLength(prompt=300, reply=60, result=30, steps=4, source="assumed")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """Preference groups as they may come out."""

    groups: int
    """Groups with at least one pair."""
    right_groups: int
    """Groups with at least one right chain."""
    right: float
    """Distinct right chains that are kept of a group."""
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
        return self.prompt + self.chains * self.chain * _UNSHARED

    @property
    def depth(self) -> float:
        """Tokens that a token of such a tree attends to, on average. Those of a chain that it shares with no other lie
        behind the prompt and what it shares."""
        own = self.chain * _UNSHARED
        behind = self.prompt + self.chain - own
        return (self.prompt**2 / 2 + self.chains * own * (behind + own / 2)) / self.tree

    @property
    def pairs(self) -> float:
        return self.groups * self.right * self.wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a recipe asks for in all: of engines, of groups, of models that learn the corpus."""

    lengths: dict[str, ConversationLength]
    """Family -> its conversations with the teacher."""
    rollout: Demand
    teacher: Demand
    """The teacher's attempts at held-out problems."""
    student: Demand
    """Attempts of base and of every arm at held-out problems."""
    groups: GroupFigures
    longest_chain: int
    learnt_tokens: dict[str, float]
    """Model that learns the corpus (`teacher`, `base`) -> tokens of one step, padding included, on average."""
    assumptions: tuple[str, ...]

    def of(self, role: str) -> Demand:
        """All that the engines of the `teacher` or the `student` have to do."""
        return self.rollout.plus(self.teacher) if role == "teacher" else self.student


def demands_of(recipe: Recipe, on_gpus: bool) -> Demands:
    """Count a recipe's tokens. Generates a few problems of every family; starts nothing and asks nobody.

    Raises RequestError for a family that a run would refuse, too: one that is not known, a file that is not there.
    """
    block, models = _BLOCK[on_gpus], recipe.models
    split, samples = recipe.evaluation.split, suite_samples(recipe)
    lengths: dict[str, ConversationLength] = {}
    rollout = teacher = student = NO_DEMAND
    for name, family in recipe.problems.items():
        lengths[name] = _length_with(recipe, family, models.teacher)
        rollout = rollout.plus(lengths[name].demand(family.train * recipe.rollout.samples, block))
        # Each suite's problems get a greedy attempt and the sampled ones, by every model that attempts it.
        suites = [name, *(f"{name}-{variant}" for variant in (family.variants if split == "test" else ()))]
        attempts = sum(family.count(split) * (1 + samples[suite]) for suite in suites)
        attempting = suite_models(recipe)[name]
        teacher = teacher.plus(lengths[name].demand(attempts if "teacher" in attempting else 0, block))
        of_student = _length_with(recipe, family, models.student)
        student = student.plus(of_student.demand(attempts * len({*attempting} - {"teacher"}), block))
    assumptions = [f"conversations of {name}: {length.source}" for name, length in lengths.items()]
    if models.teacher.learns is None:
        assumptions.append(
            "a real model's replies take half as much again as the bare calls, and 1 step in 10 is malformed"
        )
    return Demands(
        lengths=lengths,
        rollout=rollout,
        teacher=teacher,
        student=student,
        groups=_groups(recipe, lengths),
        longest_chain=longest_chain(recipe, lengths),
        learnt_tokens=_learnt_tokens(recipe),
        assumptions=(
            *assumptions,
            "every share of right attempts is as likely as any other: of n attempts all are wrong 1 time in n + 1",
            "of right chains 1 in 5 is distinct, of wrong ones 17 in 20; 3 tokens in 4 of a chain are its own",
        ),
    )


def longest_chain(recipe: Recipe, lengths: dict[str, ConversationLength]) -> int:
    """Tokens that a chain with its prompt may come to: the engine's context, or what steps and replies allow."""
    episodes = recipe.episodes
    per_step = episodes.max_step_tokens + episodes.calls.max_result_chars / _CHARS_PER_TOKEN + _CONTROL
    prompt = max((length.prompt for length in lengths.values()), default=0.0)
    most = min(float(recipe.engines.teacher.engine.max_context), 2 * prompt + episodes.max_steps * per_step)
    return int(min(most, recipe.groups.max_tokens or most))


def _length_with(recipe: Recipe, family: FamilyConfig, model: ModelSection) -> ConversationLength:
    """A mean conversation of a family with this model."""
    if (learns := model.learns) is None:
        return _length(recipe, family, _WORDS, _MALFORMED)
    return _length(recipe, family, 1.0, (learns.malformed, learns.malformed_again))


def _length(recipe: Recipe, family: FamilyConfig, words: float, malformed: tuple[float, float]) -> ConversationLength:
    """A mean conversation of a family. `words`: length of a reply over that of the bare call; `malformed`: how often a
    step is malformed, and malformed again. For data sets of the Hub, which is not asked, it is assumed."""
    if not family.at_hand:
        return replace(_ASSUMED, source="assumed: not at hand here")
    count = _SAMPLES
    if is_imported(family):
        # A file is read, and what the recipe asks of it is drawn, as a run does.
        for split in SPLITS:
            if family.count(split):
                generate(family, split)
        count = min(_SAMPLES, len(everything(family).splits["train"]))
    if not count:
        return replace(_ASSUMED, source="assumed: its file has no train problems")
    episodes = recipe.episodes.of_suite(family.episode_settings)
    corpus = Corpus((family,), episodes, count, split="test" if family.family == BFCL else "train")
    some = list(itertools.islice(corpus.conversations("plan", *malformed), _SAMPLES))
    turns = [turn for conversation in some for turn in conversation.turns]
    prompt = _mean(sum(map(len, one.opening_texts)) for one in some) / _CHARS_PER_TOKEN
    if not turns:
        return replace(_ASSUMED, prompt=prompt, source="prompts generated; no gold calls: assumed")
    return ConversationLength(
        prompt=prompt + _CONTROL,
        reply=words * _mean(len(turn.reply) for turn in turns) / _CHARS_PER_TOKEN + 1,
        result=_mean(len(turn.said or turn.results) for turn in turns) / _CHARS_PER_TOKEN + _CONTROL,
        steps=len(turns) / len(some),
        source=f"{len(some)} generated conversations at {_CHARS_PER_TOKEN:g} characters a token",
    )


def _groups(recipe: Recipe, lengths: dict[str, ConversationLength]) -> GroupFigures:
    """What the rollouts may come to, where every share of right attempts is as likely as any other.

    Then of n attempts all are wrong with probability 1 / (n + 1), and all right with the same.
    """
    samples, rule = recipe.rollout.samples, recipe.groups
    right, wrong = max(1.0, samples / 2 * _DISTINCT_RIGHT), max(1.0, samples / 2 * _DISTINCT_WRONG)
    train = {name: family.train for name, family in recipe.problems.items() if family.train}
    problems = sum(train.values())
    prompt = sum(lengths[name].prompt * weight for name, weight in train.items()) / max(1, problems)
    context = sum(lengths[name].context * weight for name, weight in train.items()) / max(1, problems)
    return GroupFigures(
        groups=round(problems * max(0.0, 1 - 2 / (samples + 1))),
        right_groups=round(problems * samples / (samples + 1)),
        right=min(right, rule.max_right or right),
        wrong=min(wrong, rule.max_wrong or wrong),
        prompt=prompt,
        chain=max(1.0, context - prompt),
    )


def _learnt_tokens(recipe: Recipe) -> dict[str, float]:
    """Tokens of one step of each model that learns the corpus: clean conversations first, then those with malformed
    steps; families come by the length of their problems."""
    weights = {name: family.corpus_parts for name, family in recipe.problems.items() if family.corpus_parts}
    found = {}
    for name in GIVEN_MODELS:
        learns = recipe.model(name).learns
        if learns is None:
            continue
        chosen = learns.families if isinstance(learns, WarmConfig) and learns.families else weights
        weights_here = {family: weights[family] for family in chosen}
        malformed = (learns.malformed, learns.malformed_again)
        parts = ((learns.clean_ratio, (0.0, 0.0)), (1 - learns.clean_ratio, malformed))
        length = sum(
            share * weight / sum(weights_here.values()) * _length(recipe, recipe.problems[family], 1.0, noise).context
            for share, noise in parts
            if share
            for family, weight in weights_here.items()
        )
        found[name] = length * learns.batch * _PADDING
    return found


def _mean(values: Iterable[float]) -> float:
    all_values = list(values)
    return sum(all_values) / max(1, len(all_values))
