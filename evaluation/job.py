"""Which units of scoring there are for every model; the hosts that make rollouts do them, too. Pure."""

from collections.abc import Mapping, Sequence
from itertools import product

import msgspec

from rollout.records import Problem, content_hash

PROBLEMS_PER_UNIT = 50


class SuitePart(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts that every model makes at some problems of a suite. A suite has several where a run has grown."""

    suite: str
    start: int
    stop: int
    """The problems `start` to `stop` (exclusive) of the suite."""
    greedy: bool
    """Whether there is a greedy attempt at each."""
    first: int
    last: int
    """The sampled attempts at each: their numbers are `first` to `last` (exclusive)."""


def grown_parts(
    before: Sequence[SuitePart], suites: Mapping[str, int], samples: Mapping[str, int]
) -> tuple[SuitePart, ...]:
    """`before` and what is missing of `suites` (suite -> problems) with `samples` (suite -> sampled attempts at each).

    Neither may be less than it was. Old problems get the further samples, new ones all attempts.
    """
    parts = list(before)
    for suite, problems in suites.items():
        own = [part for part in before if part.suite == suite]
        had, sampled = (max((getattr(part, name) for part in own), default=0) for name in ("stop", "last"))
        assert had <= problems, f"{suite}: {had} problems became {problems}"
        if had and sampled < samples[suite]:
            parts.append(SuitePart(suite=suite, start=0, stop=had, greedy=False, first=sampled, last=samples[suite]))
        if had < problems:
            parts.append(SuitePart(suite=suite, start=had, stop=problems, greedy=True, first=0, last=samples[suite]))
    return tuple(parts)


class ScoreUnit(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts of one model at some problems of one suite: one greedy attempt each, or `samples` sampled ones."""

    name: str
    model: str
    suite: str
    problem_ids: tuple[str, ...]
    samples: int
    temperature: float
    first_sample: int = 0

    @property
    def attempts(self) -> int:
        return len(self.problem_ids) * self.samples

    @property
    def sample_numbers(self) -> range:
        """The numbers of its attempts at each problem."""
        return range(self.first_sample, self.first_sample + self.samples)


def plan_scores(
    models: Sequence[str],
    suites: Mapping[str, Sequence[Problem]],
    parts: Sequence[SuitePart],
    temperature: float,
    generation: str,
) -> list[ScoreUnit]:
    """All units, model by model, so that a host loads each model's weights once.

    A unit's name says what it is, and ends in a hash of all that it depends on; further parts leave the units of those
    before as they are. `temperature`: of the sampled attempts.
    """
    units = []
    for model, part in product(models, parts):
        greedy, sampled = ("greedy", 0, int(part.greedy), 0.0), ("sampled", part.first, part.last, temperature)
        for kind, first_sample, last_sample, heat in (greedy, sampled):
            samples = last_sample - first_sample
            for first in range(part.start, part.stop, PROBLEMS_PER_UNIT) if samples > 0 else ():
                ids = tuple(p.id for p in suites[part.suite][first : min(first + PROBLEMS_PER_UNIT, part.stop)])
                later = (f"from {first_sample}",) if first_sample else ()
                digest = content_hash(generation, model, part.suite, kind, str(samples), str(heat), *later, *ids)[:12]
                units.append(
                    ScoreUnit(
                        name=f"{model}-{part.suite}-{kind}-b{first // PROBLEMS_PER_UNIT:05d}-{digest}",
                        model=model,
                        suite=part.suite,
                        problem_ids=ids,
                        samples=samples,
                        temperature=heat,
                        first_sample=first_sample,
                    )
                )
    return units
