"""Scoring as work for the same hosts that make rollouts: which units there are for a model. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from evaluation.config import EvaluationConfig
from rollout.records import Problem, content_hash

PROBLEMS_PER_UNIT = 50


class ScoreUnit(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts of one model at some problems of one suite: one greedy one each, or `samples` sampled ones."""

    name: str
    model: str
    suite: str
    problem_ids: tuple[str, ...]
    samples: int
    temperature: float

    @property
    def attempts(self) -> int:
        return len(self.problem_ids) * self.samples


def plan_scores(
    models: Sequence[str],
    suites: Mapping[str, Sequence[Problem]],
    config: EvaluationConfig,
    generation: str,
    samples: Mapping[str, int],
) -> list[ScoreUnit]:
    """All units, model by model so that weights are replaced once a model. Names say what a unit is, in a hash too.

    `samples`: suite -> sampled attempts a problem, where it is not `config.samples`.
    """
    return [
        _unit(model, suite, kind, number, [problem.id for problem in block], attempts, temperature, generation)
        for model in models
        for suite, problems in suites.items()
        for kind, attempts, temperature in (
            ("greedy", 1, 0.0),
            ("sampled", samples.get(suite, config.samples), config.temperature),
        )
        if attempts
        for number, block in enumerate(_blocks(problems))
    ]


def _blocks(problems: Sequence[Problem]) -> list[Sequence[Problem]]:
    return [problems[first : first + PROBLEMS_PER_UNIT] for first in range(0, len(problems), PROBLEMS_PER_UNIT)]


def _unit(
    model: str, suite: str, kind: str, number: int, ids: list[str], samples: int, temperature: float, generation: str
) -> ScoreUnit:
    digest = content_hash(generation, model, suite, kind, str(samples), str(temperature), *ids)[:12]
    return ScoreUnit(
        name=f"{model}-{suite}-{kind}-b{number:05d}-{digest}",
        model=model,
        suite=suite,
        problem_ids=tuple(ids),
        samples=samples,
        temperature=temperature,
    )
