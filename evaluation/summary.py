"""Scores to `report/summary.json`: every arm on every suite, every pair of arms compared, and what it says in words."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from cluster.errors import RequestError
from evaluation.certainty.statistics import (
    Paired,
    adjust,
    enough_permutations,
    generator,
    paired_greedy,
    paired_sampled,
)
from evaluation.config import EvaluationConfig
from evaluation.findings import findings
from evaluation.measures.attempts import Attempt, arm_order, measure_all, problem_rates
from evaluation.measures.functions import by_functions
from evaluation.measures.suites import suite_figures
from rollout.records import Problem, Score

CORRECTION = "holm"

MOST_PAIRED = 12
"""Arms of which every pair is compared; with more, each one with the baseline alone."""

Summary = dict[str, Any]


def build_summary(
    scores: Iterable[Score],
    problems: Iterable[Problem],
    data: Mapping[str, int],
    seconds: Mapping[str, float],
    versions: Mapping[str, str],
    config: EvaluationConfig,
) -> Summary:
    """All figures of a run as one JSON-serialisable dict; the same input gives the same dict.

    `scores` may be an iterator: each is measured once and let go. Raises RequestError when there is no score.

    Shape: `arms.NAME.suites.SUITE.{n, accuracy, ci, sampled_accuracy, sampled_ci, errors, ...}`,
    `comparisons[].{a, b, suite, difference, ci, p, p_adjusted, greedy_difference, ...}` with differences as a - b,
    `data`, `seconds.STAGE`, `versions`, `findings` (sentences). Shares are between 0 and 1, missing ones None.
    """
    by_id = {problem.id: problem for problem in problems}
    return summarise(list(measure_all(scores, by_id)), by_id, data, seconds, versions, config)


def summarise(
    attempts: Sequence[Attempt],
    problems: Mapping[str, Problem],
    data: Mapping[str, int],
    seconds: Mapping[str, float],
    versions: Mapping[str, str],
    config: EvaluationConfig,
) -> Summary:
    """`build_summary` for attempts that are measured already."""
    if not attempts:
        raise RequestError("the report has no scores; run `chainpref evaluate` first")
    cells: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        cells[attempt.arm, attempt.suite].append(attempt)
    arms = arm_order({arm for arm, _ in cells}, config.baseline)
    suites = sorted({suite for _, suite in cells})
    summary: Summary = {
        "arms": {
            arm: {
                "suites": {
                    suite: suite_figures(cells[arm, suite], problems, config)
                    for suite in suites
                    if (arm, suite) in cells
                }
            }
            for arm in arms
        },
        "by_functions": by_functions(cells, problems, config),
        "comparisons": compare_arms(cells, arms, suites, config),
        "data": dict(data),
        "seconds": dict(seconds),
        "versions": dict(versions),
        "evaluation": {**config.model_dump(), "correction": CORRECTION, "scores": len(attempts)},
    }
    summary["findings"] = findings(summary)
    return summary


def compare_arms(
    cells: Mapping[tuple[str, str], Sequence[Attempt]],
    arms: Sequence[str],
    suites: Sequence[str],
    config: EvaluationConfig,
) -> list[dict[str, Any]]:
    """Every pair of arms on every suite that both have; `b` is the one that stands first in `arms`.

    With more than MOST_PAIRED arms (a sweep has its own questions) only pairs with the first one. p-values are
    corrected over all comparisons of the run, sampled and greedy ones each as one family.
    """
    greedy = {cell: problem_rates(one for one in attempts if one.greedy) for cell, attempts in cells.items()}
    sampled = {cell: problem_rates(one for one in attempts if not one.greedy) for cell, attempts in cells.items()}
    rows: list[dict[str, Any]] = []
    wanted = [
        (a, b, suite)
        for suite in suites
        for b, a in combinations(arms, 2)
        if (len(arms) <= MOST_PAIRED or b == arms[0])
        if (a, suite) in cells and (b, suite) in cells
    ]
    config = enough_permutations(config, len(wanted))
    for a, b, suite in wanted:
        rng = generator(config.seed, "comparison", a, b, suite)
        of_sampled = paired_sampled(sampled[a, suite], sampled[b, suite], config, rng)
        of_greedy = paired_greedy(greedy[a, suite], greedy[b, suite], config, rng)
        if of_sampled is not None or of_greedy is not None:
            rows.append({"a": a, "b": b, "suite": suite, **_row(of_sampled, of_greedy)})
    for key in ("p", "greedy_p"):
        for row, adjusted in zip(rows, adjust([row[key] for row in rows], CORRECTION), strict=True):
            row[f"{key}_adjusted"] = adjusted
    level = 1 - config.confidence
    for row in rows:
        row["significant"] = row["p_adjusted"] is not None and row["p_adjusted"] < level
        row["greedy_significant"] = row["greedy_p_adjusted"] is not None and row["greedy_p_adjusted"] < level
    return rows


def _row(sampled: Paired | None, greedy: Paired | None) -> dict[str, Any]:
    main = sampled or greedy
    assert main is not None
    row: dict[str, Any] = {
        "measure": "sampled accuracy" if sampled else "greedy accuracy",
        "test": "sign-flip permutation" if sampled else "McNemar exact",
        "n": main.n,
        "difference": main.difference,
        "ci": list(main.interval),
        "p": main.p,
        "wilcoxon_p": main.wilcoxon_p,
        "minimum_detectable": main.minimum_detectable,
        "better": main.only_a,
        "worse": main.only_b,
    }
    row |= {
        "greedy_n": greedy.n if greedy else 0,
        "greedy_difference": greedy.difference if greedy else None,
        "greedy_ci": list(greedy.interval) if greedy else None,
        "greedy_p": greedy.p if greedy else None,
        "greedy_gained": greedy.only_a if greedy else None,
        "greedy_lost": greedy.only_b if greedy else None,
    }
    return row
