"""What the signal cost: the teacher's tokens and the seconds of the run, a point gained over the baseline. Pure."""

from collections.abc import Mapping, Sequence

from evaluation.figures import Comparison, Cost, Range, TrainingFigures

SIGNAL_STAGES = ("rollout", "groups", "reference")
"""Stages that make the data; training comes from the arms, and models and evaluation are not counted."""


def signal_costs(
    comparisons: Sequence[Comparison],
    baseline: str,
    data: Mapping[str, int],
    seconds: Mapping[str, float],
    training: Mapping[str, TrainingFigures],
) -> tuple[Cost, ...]:
    """The cost of every trained arm's gain over the baseline on every suite.

    All rollouts of the run count for each suite, because an arm learns from all of them; for an arm that learnt in
    rounds alone, from its own chains, they count nothing.
    """
    costs = []
    for row in comparisons:
        if row.b != baseline or row.a not in training:
            continue
        shown = row.significant and row.difference > 0 and row.interval[0] > 0
        written, spent = spending(row.a, data, seconds, training)
        costs.append(
            Cost(
                arm=row.a,
                suite=row.suite,
                teacher_tokens=_a_point(written, row.difference) if shown else None,
                teacher_tokens_ci=_bounds(written, row.interval) if shown else None,
                seconds=_a_point(spent, row.difference) if shown else None,
                seconds_ci=_bounds(spent, row.interval) if shown else None,
            )
        )
    return tuple(costs)


def spending(
    arm: str, data: Mapping[str, int], seconds: Mapping[str, float], training: Mapping[str, TrainingFigures]
) -> tuple[float | None, float]:
    """The tokens that the teacher wrote for an arm and the arms that it starts from, None where nobody counted
    them, and the seconds that they took. A model that was not trained took nothing."""
    arms = with_starts(arm, training)
    taught = any(training[name].from_teacher for name in arms)
    made = sum(seconds.get(stage, 0.0) for stage in SIGNAL_STAGES) if taught else 0.0
    return data.get("teacher_tokens") if taught else 0.0, made + sum(training[name].seconds for name in arms)


def with_starts(arm: str, training: Mapping[str, TrainingFigures]) -> list[str]:
    """The arm and the arms that it starts from; none for a model that was not trained."""
    found = []
    while arm in training:
        found.append(arm)
        arm = training[arm].start
    return found


def _a_point(spent: float | None, gain: float) -> float | None:
    return None if spent is None else spent / (100 * gain)


def _bounds(spent: float | None, gain: Range) -> Range | None:
    return None if spent is None else (spent / (100 * gain[1]), spent / (100 * gain[0]))
