"""Which units of scoring there are for every model; the hosts that make rollouts do them, too. Pure."""

from collections.abc import Mapping, Sequence
from itertools import product

import msgspec

from evaluation.config import EvaluationConfig
from rollout.records import Problem, content_hash

PROBLEMS_PER_UNIT = 50


class ScoreUnit(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts of one model at some problems of one suite: one greedy attempt each, or `samples` sampled ones."""

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
    """All units, model by model, so that a host loads each model's weights once.

    A unit's name says what it is, and ends in a hash of all that it depends on. `samples`: suite -> sampled attempts a
    problem, where that is not `config.samples`.
    """
    units = []
    for model, (suite, problems) in product(models, suites.items()):
        sampled = ("sampled", samples.get(suite, config.samples), config.temperature)
        for kind, attempts, temperature in (("greedy", 1, 0.0), sampled):
            for number, first in enumerate(range(0, len(problems) if attempts else 0, PROBLEMS_PER_UNIT)):
                ids = tuple(problem.id for problem in problems[first : first + PROBLEMS_PER_UNIT])
                digest = content_hash(generation, model, suite, kind, str(attempts), str(temperature), *ids)[:12]
                units.append(
                    ScoreUnit(
                        name=f"{model}-{suite}-{kind}-b{number:05d}-{digest}",
                        model=model,
                        suite=suite,
                        problem_ids=ids,
                        samples=attempts,
                        temperature=temperature,
                    )
                )
    return units
