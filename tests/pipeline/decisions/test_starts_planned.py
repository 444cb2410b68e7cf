"""What arms that are trained together start once, the plan counts once."""

import pytest

from pipeline.estimates.speed import ENGINE_END, ENGINE_START, RANKS_START, REFERENCE
from pipeline.plan.outcome import stage_times
from tests.pipeline.plan.planned import planned

ARMS = (
    'arms.plain={ method = "dpo" }',
    'arms.later={ method = "dpo", start = "sft" }',
    'arms.short={ method = "sft", rounds = { rounds = 2 } }',
    'arms.long={ method = "grpo", rounds = { rounds = 5 } }',
    'arms.after={ method = "sft", start = "sft", rounds = { rounds = 3 } }',
)


@pytest.mark.parametrize("beside", [True, False])
def test_processes_start_once_for_all_arms_that_are_trained_together(beside: bool) -> None:
    """Of the local recipe's arms sft and dpo start from base with `plain`, sft+dpo from sft with `later`. In rounds it
    is those of the longest arm: of short and long 5, and 3 of the one that starts from sft."""
    plan = planned("local", "", *ARMS, f"training.beside_hosts={str(beside).lower()}")
    (train,) = [stage for stage in stage_times(plan) if stage.name == "train"]

    def of(part: str) -> list[tuple[str, float]]:
        found = [(what.partition(part)[0], seconds / REFERENCE.process_s) for what, seconds in train.time]
        return [(what, seconds) for (what, seconds), (named, _) in zip(found, train.time, strict=True) if part in named]

    ranks = dict(of(": ranks' start"))
    assert ranks == {
        "sft": pytest.approx(RANKS_START),
        "sft+dpo": pytest.approx(RANKS_START),
        "short": pytest.approx(2 * RANKS_START),
        "long": pytest.approx(3 * RANKS_START),
        "after": pytest.approx(3 * RANKS_START),
    }
    each = plan.engines_of("student")
    assert each is not None
    crowd = max(1.0, 1.5 * each.memory.request.hosts.count / REFERENCE.cores)
    for part, one in ((": engine start", ENGINE_START * crowd), (": engine end", ENGINE_END)):
        expected = {"short": 1, "after": 1} if beside else {"short": 2, "long": 3, "after": 3}
        assert dict(of(part)) == {f"{arm}, attempts": pytest.approx(times * one) for arm, times in expected.items()}
