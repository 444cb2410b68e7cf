"""How many tokens a recipe comes to, before anything ran: sample conversations, counted and multiplied.

A family's problems are generated and worked by the gold policy with some malformed steps, as the corpus of tiny
models does it. Characters become tokens at a fixed rate; what cannot be known beforehand (how often the teacher is
right, how many of its chains are distinct) is assumed, and said so.
"""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.recipe import GIVEN_MODELS, ModelSection, Recipe
from pipeline.run.suites import suite_samples
from rollout.problems import everything, generate, is_imported
from rollout.problems.config import SPLITS, FamilyConfig
from training.tiny.corpus import Conversation, Corpus

_BLOCK = {True: 16, False: 128}
"""Tokens of a block of the prefix cache in vLLM 0.32, on GPUs and on CPUs."""


_PADDING = 1.1
"""Rows of a batch are of like length, not of equal."""


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


def longest_chain(recipe: Recipe, talks: dict[str, Talk]) -> int:
    """Tokens that a chain with its prompt may come to: the engine's context, or what steps and replies allow."""
    episodes = recipe.episodes
    a_step = episodes.max_step_tokens + episodes.calls.max_result_chars / CHARS_A_TOKEN + _CONTROL
    prompt = max((talk.prompt for talk in talks.values()), default=0.0)
    most = min(float(recipe.engines.teacher.engine.max_context), 2 * prompt + episodes.max_steps * a_step)
    return int(min(most, recipe.groups.max_tokens or most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """Counted once a recipe; `rollout`, `teacher` and `student` (base and arms) are what engines do."""

    talks: dict[str, Talk]
    rollout: Load
    teacher: Load
    student: Load
    groups: GroupFigures
    longest_chain: int
    tiny_tokens: dict[str, float]
    """Tiny model (`teacher`, `base`) -> tokens of one step of making it, padding included, on average."""
    assumptions: tuple[str, ...]

    def needs(self, kind: str) -> bool:
        """Whether engines of `kind` have anything to do."""
        return self.rollout.attempts + self.teacher.attempts > 0 if kind == "teacher" else self.student.attempts > 0

    def scored(self, kind: str) -> Load:
        """Attempts of `kind` at held-out problems."""
        return self.teacher if kind == "teacher" else self.student

    def context(self, kind: str) -> float:
        """Tokens of a conversation at its end."""
        return (self.rollout.plus(self.teacher) if kind == "teacher" else self.student).context


def loads_of(recipe: Recipe, on_gpus: bool) -> Loads:
    """Generates a few problems of every family; starts nothing, asks nobody."""
    block = _BLOCK[on_gpus]
    teacher, student = recipe.models.teacher, recipe.models.student
    talks = {
        name: talk_of(recipe, family, teacher.tiny is not None, _noise(teacher)) for name, family in _families(recipe)
    }
    students = {
        name: talk_of(recipe, family, student.tiny is not None, _noise(student)) for name, family in _families(recipe)
    }
    rollout = scored = learned = NOTHING
    for name, family in _families(recipe):
        rollout = rollout.plus(load_of(talks[name], family.train * recipe.rollout.samples, block))
        attempts = _attempts(recipe, name)
        scored = scored.plus(load_of(talks[name], attempts, block))
        learned = learned.plus(load_of(students[name], attempts * (1 + len(recipe.arms)), block))
    return Loads(
        talks=talks,
        rollout=rollout,
        teacher=scored,
        student=learned,
        groups=groups_of(recipe, talks),
        longest_chain=longest_chain(recipe, talks),
        tiny_tokens=_tiny_tokens(recipe),
        assumptions=_assumptions(recipe, talks),
    )


def _families(recipe: Recipe) -> Iterator[tuple[str, FamilyConfig]]:
    yield from recipe.problems.items()


def _attempts(recipe: Recipe, name: str) -> int:
    """Attempts of one model at a family's held-out problems, variants too: a greedy one and the sampled ones each."""
    split, samples = recipe.evaluation.split, suite_samples(recipe)
    family = recipe.problems[name]
    suites = [name, *(f"{name}-{variant}" for variant in (family.variants if split == "test" else ()))]
    return sum(family.count(split) * (1 + samples[suite]) for suite in suites)


def _noise(model: ModelSection) -> tuple[float, float] | None:
    return None if model.tiny is None else (model.tiny.malformed, model.tiny.malformed_again)


def _tiny_tokens(recipe: Recipe) -> dict[str, float]:
    """Clean conversations first, then those with malformed steps; families come by the length of their problems."""
    weights = {name: family.corpus_parts for name, family in recipe.problems.items() if family.corpus_parts}
    found = {}
    for name in GIVEN_MODELS:
        model = recipe.model(name)
        if model.tiny is None:
            continue
        parts = ((model.tiny.clean_ratio, (0.0, 0.0)), (1 - model.tiny.clean_ratio, _noise(model)))
        length = sum(
            share * weights[family] / sum(weights.values()) * talk_of(recipe, config, True, noise).context
            for share, noise in parts
            if share
            for family, config in _families(recipe)
            if family in weights
        )
        found[name] = length * model.tiny.batch * _PADDING
    return found


def _assumptions(recipe: Recipe, talks: dict[str, Talk]) -> tuple[str, ...]:
    """What stands behind the tokens, one line each."""
    lines = [f"conversations of {name}: {talk.source}" for name, talk in talks.items()]
    if recipe.models.teacher.tiny is None:
        lines.append("a real model's replies take half as much again as the bare calls, and 1 step in 10 is malformed")
    lines.append("every share of right attempts is as likely as any other: of n attempts all are wrong 1 time in n + 1")
    lines.append("of right chains 1 in 5 is distinct, of wrong ones 17 in 20; 3 tokens in 4 of a chain are its own")
    return tuple(lines)


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


NOTHING = Load(attempts=0, requests=0, written=0, prefill=0, context=0)


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
