"""Accuracy by the number of functions that a problem offers: retrieval among many is where models fail (Floworks)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from cluster.errors import ChainprefError
from evaluation.config import EvaluationConfig
from evaluation.figures import Slice
from evaluation.measures.attempts import Attempt
from evaluation.measures.suites import slices
from rollout.records import Problem

Cells = Mapping[tuple[str, str], Sequence[Attempt]]
"""(arm, suite) -> its attempts."""


def toolbox_sizes(problems: Iterable[Problem]) -> dict[str, int]:
    """Toolbox's name -> number of its functions, the finish included. Toolboxes that do not load here are left out."""
    from rollout.toolboxes import load_toolbox

    sizes: dict[str, int] = {}
    for name in {problem.toolbox for problem in problems}:
        try:
            sizes[name] = len(load_toolbox(name).functions)
        except ChainprefError:
            continue
    return sizes


def by_functions(
    cells: Cells, problems: Mapping[str, Problem], config: EvaluationConfig
) -> dict[str, dict[str, dict[str, Slice]]]:
    """Family -> arm -> number of functions -> accuracy, for families whose suites offer several numbers of functions.

    Variant suites are left out, because their problems differ in other ways, too. The sampled attempts of a suite
    count, or the greedy ones where it has no sampled ones.
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
        family: {arm: slices(of_size, config) for arm, of_size in arms.items()}
        for family, arms in sorted(found.items())
        if len({size for of_size in arms.values() for size in of_size}) > 1
    }
