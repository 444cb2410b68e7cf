"""One arm on one suite: attempts to the figures of `summary.json`. Pure but for the bootstrap's generator."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from evaluation.certainty.statistics import generator, mean_interval, wilson
from evaluation.config import EvaluationConfig
from evaluation.measures.attempts import Attempt, problem_rates, rates
from evaluation.measures.metrics import entropy, mean, pass_at_k, pass_hat_k, simpson
from rollout.records import Problem

Figures = dict[str, Any]


def suite_figures(attempts: Sequence[Attempt], problems: Mapping[str, Problem], config: EvaluationConfig) -> Figures:
    """All figures of one arm on one suite. A share that nothing was counted for is None, never 0.

    `n` is the number of problems with a counted greedy attempt, `samples` of counted sampled attempts. Error codes
    and `metrics` are over sampled attempts, or over greedy ones where none were sampled (`basis` says which).
    """
    arm, suite = attempts[0].arm, attempts[0].suite
    rng = generator(config.seed, "interval", arm, suite)
    greedy = [attempt for attempt in attempts if attempt.greedy]
    sampled = [attempt for attempt in attempts if not attempt.greedy]
    greedy_rates = problem_rates(greedy)
    sampled_rates = problem_rates(sampled)
    right = round(sum(greedy_rates.values()))
    basis = [attempt for attempt in (sampled or greedy) if attempt.counted]
    return {
        "n": len(greedy_rates),
        "problems": len({attempt.problem_id for attempt in attempts}),
        "samples": sum(attempt.counted for attempt in sampled),
        "infrastructure": sum(not attempt.counted for attempt in attempts),
        "truncated": sum(attempt.outcome == "truncated" for attempt in basis),
        "accuracy": mean(greedy_rates.values()),
        "ci": list(wilson(right, len(greedy_rates), config.confidence)) if greedy_rates else None,
        "sampled_accuracy": mean(sampled_rates.values()),
        "sampled_ci": list(mean_interval(list(sampled_rates.values()), config, rng)) if sampled_rates else None,
        "basis": "sampled" if sampled else "greedy",
        "attempts": len(basis),
        "errors": _counts(attempt.error for attempt in basis if attempt.error is not None),
        "step_errors": _counts(code for attempt in basis for code in attempt.step_errors),
        "steps": sum(attempt.steps for attempt in basis),
        "metrics": _metrics(basis),
        "forms": _counts(form for attempt in basis for form in attempt.forms),
        "subtask": _subtask(basis, problems, config),
        "by_difficulty": _sliced(basis, problems, config, lambda problem: problem.difficulty),
        "by_solution_length": _sliced(basis, problems, config, lambda problem: len(problem.gold_calls)),
    }


def _counts(items: Iterable[str]) -> dict[str, int]:
    return {str(item): count for item, count in sorted(Counter(items).items(), key=lambda pair: (-pair[1], pair[0]))}


def _metrics(attempts: Sequence[Attempt]) -> Figures:
    right = [attempt for attempt in attempts if attempt.right]
    failed = [attempt for attempt in attempts if attempt.failed_steps]
    steps = sum(attempt.steps for attempt in attempts)
    adherent = [attempt for attempt in attempts if attempt.adherent_steps is not None]
    accepted = sum(attempt.accepted for attempt in attempts)
    partial = [attempt.partial_match for attempt in attempts]
    return {
        "pass_at_k": _over_k(attempts, pass_at_k),
        "pass_hat_k": _over_k(attempts, pass_hat_k),
        "win_rate": mean(attempt.win for attempt in attempts),
        "name_f1": mean(attempt.name_f1 for attempt in attempts),
        "argument_f1": mean(attempt.argument_f1 for attempt in attempts),
        "lcs": mean(attempt.lcs for attempt in attempts),
        "partial_match": mean(partial),
        "full_match": mean(None if share is None else float(share == 1.0) for share in partial),
        "hallucinated_rate": mean(attempt.hallucinated for attempt in attempts),
        **_abstention(attempts),
        "subtask_score": mean(attempt.subtask for attempt in attempts),
        "format_validity": _ratio(sum(attempt.readable_steps for attempt in attempts), steps),
        "format_adherence": _ratio(
            sum(attempt.adherent_steps or 0 for attempt in adherent), sum(attempt.steps for attempt in adherent)
        ),
        "format_entropy": entropy(Counter(form for attempt in attempts for form in attempt.forms).values()),
        "diversity_text": _diversity(right, lambda attempt: attempt.text_key),
        "diversity_calls": _diversity(right, lambda attempt: attempt.calls_key),
        "diversity_structure": _diversity(right, lambda attempt: attempt.structure_key),
        "needed_share": _ratio(sum(attempt.needed or 0 for attempt in right), sum(a.accepted for a in right)),
        "redundancy": _ratio(sum(attempt.redundant for attempt in attempts), accepted),
        "calls_ratio": mean(attempt.accepted / attempt.gold_calls if attempt.gold_calls else None for attempt in right),
        "contradicted_share": _ratio(
            sum(attempt.contradicted for attempt in attempts), sum(attempt.numeric for attempt in attempts)
        ),
        "failed_step_share": _ratio(sum(attempt.failed_steps for attempt in attempts), steps),
        "recovery_rate": mean(attempt.right for attempt in failed),
        "tokens_per_right": _ratio(sum(attempt.tokens for attempt in attempts), len(right)),
        "calls_per_right": _ratio(sum(attempt.calls for attempt in attempts), len(right)),
    }


def _subtask(attempts: Sequence[Attempt], problems: Mapping[str, Problem], config: EvaluationConfig) -> Figures | None:
    """Name, score and interval of the suite's subtask; None where its problems are of none."""
    scored: dict[str, list[float]] = defaultdict(list)
    for attempt in attempts:
        if attempt.subtask is not None:
            scored[attempt.problem_id].append(attempt.subtask)
    if not scored:
        return None
    values = [sum(scores) / len(scores) for scores in scored.values()]
    rng = generator(config.seed, "subtask", attempts[0].arm, attempts[0].suite)
    family = problems[next(iter(scored))].family
    return {"family": family, "score": mean(values), "ci": list(mean_interval(values, config, rng))}


def _abstention(attempts: Sequence[Attempt]) -> Figures:
    """Precision and recall of saying that a problem cannot be solved; None where no family of the suite knows that."""
    asked = [attempt for attempt in attempts if attempt.should_abstain is not None]
    hits = sum(attempt.abstained for attempt in asked if attempt.should_abstain)
    return {
        "abstention_precision": _ratio(hits, sum(attempt.abstained for attempt in asked)),
        "abstention_recall": _ratio(hits, sum(bool(attempt.should_abstain) for attempt in asked)),
    }


def _over_k(attempts: Sequence[Attempt], estimate: Callable[[int, int, int], float]) -> dict[str, float]:
    """Mean over problems for k = 1, 2, 4, ... up to what nine problems in ten have attempts for; the rest drop out."""
    counted = list(rates(attempts).values())
    sizes = sorted((n for _, n in counted), reverse=True)
    most = sizes[int(0.9 * (len(sizes) - 1))] if sizes else 0
    figures: dict[str, float] = {}
    k = 1
    while k <= most:
        values = [estimate(n, right, k) for right, n in counted if n >= k]
        figures[str(k)] = sum(values) / len(values)
        k *= 2
    return figures


def _diversity(right: Sequence[Attempt], key: Callable[[Attempt], str]) -> float | None:
    """Mean over problems with at least two right attempts."""
    by_problem: dict[str, list[str]] = defaultdict(list)
    for attempt in right:
        by_problem[attempt.problem_id].append(key(attempt))
    return mean(simpson(keys) for keys in by_problem.values())


def _sliced(
    attempts: Sequence[Attempt],
    problems: Mapping[str, Problem],
    config: EvaluationConfig,
    key: Callable[[Problem], int],
) -> dict[str, Figures]:
    """Accuracy by a property of problems, the value 0 (not known) left out."""
    slices: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        problem = problems.get(attempt.problem_id)
        if problem is not None and key(problem) > 0:
            slices[key(problem)].append(attempt)
    figures: dict[str, Figures] = {}
    for value, members in sorted(slices.items()):
        values = list(problem_rates(members).values())
        rng = generator(config.seed, "slice", members[0].arm, members[0].suite, str(value))
        figures[str(value)] = {
            "n": len(values),
            "accuracy": mean(values),
            "ci": list(mean_interval(values, config, rng)),
        }
    return figures


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
