"""Accuracy by the number of functions that a problem offers: retrieval among many is where models fail (Floworks)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cluster.errors import ChainprefError
from evaluation.certainty.statistics import generator, mean_interval
from evaluation.config import EvaluationConfig
from evaluation.measures.attempts import Attempt, problem_rates
from evaluation.measures.metrics import mean
from rollout.records import Problem

Cells = Mapping[tuple[str, str], Sequence[Attempt]]


def toolbox_sizes(problems: Iterable[Problem]) -> dict[str, int]:
    """Toolbox's name -> how many functions it has, the finish included. One that cannot be loaded here is left out."""
    from rollout.toolboxes import load_toolbox

    sizes: dict[str, int] = {}
    for name in {problem.toolbox for problem in problems}:
        try:
            sizes[name] = len(load_toolbox(name).functions)
        except ChainprefError:
            continue
    return sizes


def by_functions(cells: Cells, problems: Mapping[str, Problem], config: EvaluationConfig) -> dict[str, Any]:
    """Family -> arm -> number of functions -> {n, accuracy, ci}, over all suites of a family that has several numbers.

    Variant suites are left out: their problems are changed in other ways, too. Attempts are the sampled ones of a suite
    that has some, else the greedy ones.
    """
    sizes = toolbox_sizes(problems.values())
    found: dict[str, dict[str, dict[int, list[Attempt]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for (arm, _), attempts in cells.items():
        sampled = any(not attempt.greedy for attempt in attempts)
        for attempt in attempts:
            problem = problems.get(attempt.problem_id)
            if problem is None or attempt.greedy is sampled or problem.split.startswith("variant"):
                continue
            if (size := sizes.get(problem.toolbox)) is not None:
                found[problem.family][arm][size].append(attempt)
    return {
        family: {
            arm: {str(size): _figures(arm, family, size, of_size[size], config) for size in sorted(of_size)}
            for arm, of_size in arms.items()
        }
        for family, arms in sorted(found.items())
        if len({size for of_size in arms.values() for size in of_size}) > 1
    }


def _figures(arm: str, family: str, size: int, attempts: Sequence[Attempt], config: EvaluationConfig) -> dict[str, Any]:
    values = list(problem_rates(attempts).values())
    rng = generator(config.seed, "functions", arm, family, str(size))
    ci = list(mean_interval(values, config, rng)) if values else None
    return {"n": len(values), "accuracy": mean(values), "ci": ci}
