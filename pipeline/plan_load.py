"""What a recipe asks of its engines and ranks, in attempts and tokens."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.plan_tokens import NOTHING, GroupFigures, Load, Talk, groups_of, load_of, longest_chain, talk_of
from pipeline.recipe import ModelSection, Recipe
from pipeline.suites import suite_samples
from rollout.problems.config import FamilyConfig

_BLOCK = {True: 16, False: 128}
"""Tokens of a block of the prefix cache in vLLM 0.32, on GPUs and on CPUs."""
_PADDING = 1.1
"""Rows of a batch are of like length, not of equal."""


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
    for name, model in (("teacher", recipe.models.teacher), ("base", recipe.models.student)):
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
