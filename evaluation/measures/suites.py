"""One arm on one suite: attempts to the figures of `summary.json`. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from evaluation.certainty.intervals import accuracy_interval, score_interval
from evaluation.config import EvaluationConfig
from evaluation.figures import Slice, SubtaskFigures, SuiteFigures
from evaluation.measures.attempts import Attempt, rates
from evaluation.measures.metrics import Metrics, entropy, mean, pass_at_k, pass_hat_k, simpson
from rollout.records import Outcome, Problem


def suite_figures(
    attempts: Sequence[Attempt], problems: Mapping[str, Problem], config: EvaluationConfig
) -> SuiteFigures:
    """All figures of one arm on one suite, from all its attempts there; `problems` by id."""
    greedy = [attempt for attempt in attempts if attempt.greedy]
    sampled = [attempt for attempt in attempts if not attempt.greedy]
    of_greedy, of_sampled = _slice(greedy, config), _slice(sampled, config)
    basis = [attempt for attempt in (sampled or greedy) if attempt.counted]
    return SuiteFigures(
        n=of_greedy.n,
        problems=len({attempt.problem_id for attempt in attempts}),
        samples=sum(attempt.counted for attempt in sampled),
        infrastructure=sum(attempt.outcome is Outcome.INFRASTRUCTURE for attempt in attempts),
        user=sum(attempt.outcome is Outcome.USER for attempt in attempts),
        truncated=sum(attempt.outcome == "truncated" for attempt in basis),
        accuracy=of_greedy.accuracy,
        ci=of_greedy.ci,
        sampled_accuracy=of_sampled.accuracy,
        sampled_ci=of_sampled.ci,
        basis="sampled" if sampled else "greedy",
        attempts=len(basis),
        errors=_counts(attempt.error for attempt in basis if attempt.error is not None),
        step_errors=_counts(code for attempt in basis for code in attempt.step_errors),
        steps=sum(attempt.steps for attempt in basis),
        metrics=_metrics(basis),
        forms=_counts(form for attempt in basis for form in attempt.forms),
        subtask=_subtask(basis, problems, config),
        by_difficulty=slices(_grouped(basis, problems, lambda problem: problem.difficulty), config),
        by_solution_length=slices(_grouped(basis, problems, lambda problem: len(problem.all_gold_calls)), config),
    )


def slices(groups: Mapping[int, Iterable[Attempt]], config: EvaluationConfig) -> dict[str, Slice]:
    """Number -> the accuracy of its attempts."""
    return {str(number): _slice(attempts, config) for number, attempts in sorted(groups.items())}


def _slice(attempts: Iterable[Attempt], config: EvaluationConfig) -> Slice:
    counts = list(rates(attempts).values())
    ci = accuracy_interval(counts, config.confidence) if counts else None
    return Slice(n=len(counts), accuracy=mean(right / n for right, n in counts), ci=ci)


def _counts(items: Iterable[str]) -> dict[str, int]:
    return {str(item): count for item, count in sorted(Counter(items).items(), key=lambda pair: (-pair[1], pair[0]))}


def _metrics(attempts: Sequence[Attempt]) -> Metrics:
    right = [attempt for attempt in attempts if attempt.right]
    failed = [attempt for attempt in attempts if attempt.failed_steps]
    steps = sum(attempt.steps for attempt in attempts)
    adherent = [attempt for attempt in attempts if attempt.adherent_steps is not None]
    partial = [attempt.partial_match for attempt in attempts]
    asked = [attempt for attempt in attempts if attempt.should_abstain is not None]
    true_claims = sum(attempt.abstained for attempt in asked if attempt.should_abstain)
    return Metrics(
        pass_at_k=_over_k(attempts, pass_at_k),
        pass_hat_k=_over_k(attempts, pass_hat_k),
        win_rate=mean(attempt.win for attempt in attempts),
        name_f1=mean(attempt.name_f1 for attempt in attempts),
        argument_f1=mean(attempt.argument_f1 for attempt in attempts),
        lcs=mean(attempt.lcs for attempt in attempts),
        partial_match=mean(partial),
        full_match=mean(None if share is None else float(share == 1.0) for share in partial),
        hallucinated_rate=mean(attempt.hallucinated for attempt in attempts),
        abstention_precision=_ratio(true_claims, sum(attempt.abstained for attempt in asked)),
        abstention_recall=_ratio(true_claims, sum(bool(attempt.should_abstain) for attempt in asked)),
        subtask_score=mean(attempt.subtask for attempt in attempts),
        format_validity=_ratio(sum(attempt.readable_steps for attempt in attempts), steps),
        format_adherence=_ratio(
            sum(attempt.adherent_steps or 0 for attempt in adherent), sum(attempt.steps for attempt in adherent)
        ),
        format_entropy=entropy(Counter(form for attempt in attempts for form in attempt.forms).values()),
        diversity_text=_diversity(right, lambda attempt: attempt.text_key),
        diversity_calls=_diversity(right, lambda attempt: attempt.calls_key),
        diversity_structure=_diversity(right, lambda attempt: attempt.structure_key),
        needed_share=_ratio(sum(attempt.needed or 0 for attempt in right), sum(a.accepted for a in right)),
        redundancy=_ratio(sum(attempt.redundant for attempt in attempts), sum(a.accepted for a in attempts)),
        calls_ratio=mean(attempt.accepted / attempt.gold_calls if attempt.gold_calls else None for attempt in right),
        contradicted_share=_ratio(
            sum(attempt.contradicted for attempt in attempts), sum(attempt.numeric for attempt in attempts)
        ),
        failed_step_share=_ratio(sum(attempt.failed_steps for attempt in attempts), steps),
        recovery_rate=mean(attempt.right for attempt in failed),
        turns_reached=mean(attempt.turns for attempt in attempts),
        credit=mean(attempt.credit for attempt in attempts),
        tokens_per_right=_ratio(sum(attempt.tokens for attempt in attempts), len(right)),
        calls_per_right=_ratio(sum(attempt.calls for attempt in attempts), len(right)),
    )


def _subtask(
    attempts: Sequence[Attempt], problems: Mapping[str, Problem], config: EvaluationConfig
) -> SubtaskFigures | None:
    """The subtask's own score, mean over problems; None where the suite's problems are of no subtask."""
    scored: dict[str, list[float]] = defaultdict(list)
    for attempt in attempts:
        if attempt.subtask is not None:
            scored[attempt.problem_id].append(attempt.subtask)
    if not scored:
        return None
    values = [sum(scores) / len(scores) for scores in scored.values()]
    family = problems[next(iter(scored))].family
    return SubtaskFigures(family=family, score=mean(values), ci=score_interval(values, config.confidence))


def _over_k(attempts: Sequence[Attempt], estimate: Callable[[int, int, int], float]) -> dict[str, float]:
    """Mean over problems for k = 1, 2, 4, ... up to what nine problems in ten have attempts for.

    Problems with fewer than k attempts are left out of the mean for k.
    """
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


def _grouped(
    attempts: Sequence[Attempt], problems: Mapping[str, Problem], key: Callable[[Problem], int]
) -> dict[int, list[Attempt]]:
    """Attempts by a property of their problems; the value 0 means that it is not known, and is left out."""
    groups: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        problem = problems.get(attempt.problem_id)
        if problem is not None and key(problem) > 0:
            groups[key(problem)].append(attempt)
    return groups


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
