"""What a round's sampler recorded, held against the policy that sampled: where that is an older one than the policy
that is trained, the trainer does not have it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cluster import telemetry
from cluster.pool.placement import type_resource
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from pipeline.decisions.values import decided_recipe
from pipeline.stages.arms.round import Round
from pipeline.stages.needs import await_ranks
from rollout.data.group_rows import read_groups
from training.config import DistillArm, GrpoArm, TrainingConfig, decided

if TYPE_CHECKING:
    from training.sampled import Sampled


def behaviour_difference(each: Round) -> float | None:
    """Mean absolute difference, in nats a token, of the recorded log-probabilities of a round's chains from what the
    trainer's side says under the policy that sampled them; None of an arm that does not learn by its ratio to them.
    Needs Ray."""
    import ray

    from cluster.jobs.session import results

    arm, run = each.arm, each.run
    if not (isinstance(arm, GrpoArm) or (isinstance(arm, DistillArm) and arm.compare == "sampled")):
        return None
    await_ranks(run, 1)
    training = decided_recipe(run).training
    bundle, tasks = training.bundle, training.ranks
    task = ray.remote(_share_of_difference).options(
        num_cpus=bundle.cpus, num_gpus=bundle.gpus, resources=type_resource(bundle.gpu), max_retries=3
    )
    share = (run.store.uri, each.groups, each.policy, arm, training, each.max_tokens)
    found = results([task.remote(*share, rank, tasks) for rank in range(tasks)])
    tokens = sum(number for _, number in found)
    return sum(total for total, _ in found) / tokens if tokens else None


def _share_of_difference(
    run_uri: str,
    groups: str,
    source: str,
    arm: GrpoArm | DistillArm,
    training: TrainingConfig,
    max_tokens: int,
    rank: int,
    tasks: int,
) -> tuple[float, int]:
    """Every `tasks`-th group's, starting at `rank`, on a worker."""
    from training.distill.examples import distill_chains
    from training.fused_kernels import uses_fused_kernels
    from training.policy_examples import policy_examples
    from training.ranks.zero import precision
    from training.sampled import sampler_difference
    from training.selection import arm_groups

    telemetry.reset()  # the worker process may have scored a share before
    stored = arm_groups(read_groups(Ledger(open_store(run_uri), groups)), arm)
    mine = (group for index, group in enumerate(stored) if index % tasks == rank)
    examples: Iterable[Sampled]
    if isinstance(arm, GrpoArm):
        examples = policy_examples(mine, arm, max_tokens)
    else:
        examples = filter(None, (distill_chains(group, arm) for group in mine))
    return sampler_difference(
        source,
        examples,
        tokens_per_micro_step=decided(training.tokens_per_micro_step),
        precision=precision(training),
        fused_kernels=uses_fused_kernels(training),
        device="cuda" if training.gpus_per_rank > 0 else "cpu",
    )
