"""From a plan to groups of pods: each kind of node that the plan uses becomes a group that asks for what it places."""

import math
from collections import defaultdict
from collections.abc import Sequence

from cluster.errors import RequestError
from cluster.planner.amounts import total
from cluster.planner.machines import GIB, Node
from cluster.planner.placement import PlacedGroup
from pipeline.k8s_manifests import WorkerGroup, object_name
from pipeline.plan import Plan
from pipeline.plan_outcome import storage

TASKS = WorkerGroup(name="cpu", pods=1, cpus=4, memory=16 * GIB)
"""Beside pods with GPUs, whose CPUs the plan gives away to the last: building of groups, planning, the trainer's
controller."""
_ROOM = 1.5
"""A claim's size over what the plan stores: what is being compacted or replaced is there twice."""


def worker_groups(plan: Plan) -> tuple[WorkerGroup, ...]:
    """The pods that hold the plan. Raises RequestError where the plan does not fit its own machines."""
    if plan.faults:
        more = f" (and {len(plan.faults) - 1} more)" if len(plan.faults) > 1 else ""
        raise RequestError(f"the plan does not fit: {plan.faults[0]}{more}; see `chainpref plan`")
    placed = [engine.placed for engine in plan.engines] + [rank.placed for rank in plan.ranks]
    nodes = {node.name: node for node in plan.machines.nodes}
    by_kind: dict[str, list[Node]] = defaultdict(list)
    for name in dict.fromkeys(name for group in placed for name in group.nodes):
        by_kind[nodes[name].kind].append(nodes[name])
    groups = [_group(plan, kind, members, placed) for kind, members in by_kind.items()]
    return (*groups, TASKS) if any(group.gpus for group in groups) else tuple(groups)


def claim_gib(plan: Plan) -> int:
    """GiB of a claim for the run, with room."""
    return max(20, math.ceil(_ROOM * total(storage(plan)) / GIB))


def _group(plan: Plan, kind: str, members: Sequence[Node], placed: Sequence[PlacedGroup]) -> WorkerGroup:
    """Stages take turns, so a pod asks for the most that one of them puts on a node of this kind."""
    asked = [group.on(node.name) for node in members for group in placed]
    cpus = max(sum(bundle.cpus for bundle in bundles) for bundles in asked)
    gpus = max(sum(bundle.gpus for bundle in bundles) for bundles in asked)
    gpu = members[0].gpu
    named = kind not in ("this machine", "assumed")
    if not gpus:
        # Without GPUs a run is small: everything in one pod, with the places that the recipe gives a local Ray.
        cpus = max(cpus, plan.recipe.cluster.local_cpus)
    return WorkerGroup(
        name=object_name(kind) if named else ("gpu" if gpus else "cpu"),
        pods=len(members),
        cpus=cpus,
        memory=math.ceil(_memory(plan)),
        gpus=math.ceil(gpus),
        gpu_type=gpu.name if gpu is not None and gpus else "",
    )


def _memory(plan: Plan) -> float:
    """Bytes of the fullest pod: the plan's peak, and /dev/shm, which counts as the pod's memory."""
    if plan.peak is not None:
        return plan.peak.bytes + total(plan.shared_memory)
    base, *stages = [amount.bytes for amount in plan.host_memory]
    return base + max(stages, default=0.0) + total(plan.shared_memory)
