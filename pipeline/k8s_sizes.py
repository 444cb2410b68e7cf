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

HEAD = WorkerGroup(name="head", pods=1, cpus=4, memory=16 * GIB)
"""As the templates under k8s/ have it."""
TASKS = WorkerGroup(name="cpu", pods=1, cpus=4, memory=16 * GIB)
"""Beside pods with GPUs, whose CPUs the plan gives away to the last: building of groups, planning, the trainer's
controller."""
_ALLOCATABLE = 0.95
"""Share of a node that pods get, about: the system, the kubelet and daemons have the rest."""
_NO_CLUSTER = ("this machine", "assumed")
"""Kinds of nodes that no cluster file names."""
_ROOM = 1.5
"""A claim's size over what the plan stores: what is being compacted or replaced is there twice."""


def worker_groups(plan: Plan) -> tuple[WorkerGroup, ...]:
    """The pods that hold the plan. Raises RequestError where the plan does not fit its own machines."""
    if plan.faults:
        more = f" (and {len(plan.faults) - 1} more)" if len(plan.faults) > 1 else ""
        raise RequestError(f"the plan does not fit: {plan.faults[0]}{more}; see `chainpref plan`")
    groups = [_group(plan, kind, members) for kind, members in _used(plan).items()]
    return (*groups, TASKS) if any(group.gpus for group in groups) else tuple(groups)


def claim_gib(plan: Plan) -> int:
    """GiB of a claim for the run, with room."""
    return max(20, math.ceil(_ROOM * total(storage(plan)) / GIB))


def size_notes(plan: Plan, groups: Sequence[WorkerGroup]) -> tuple[str, ...]:
    """Which pods may find no node that holds them, as a cluster file describes the nodes."""
    if any(node.kind in _NO_CLUSTER for node in plan.machines.nodes):
        return ()
    kinds = list(zip(groups, _used(plan).values(), strict=False))  # TASKS is of no kind
    asked = {node.name: group for group, members in kinds for node in members}
    left = {node.name: _left(node, asked.get(node.name)) for node in plan.machines.nodes}
    notes = [
        f"{group.name}: a pod asks for {_share(group, members[0])}, and a node keeps some for itself; put into the "
        "cluster file what `kubectl describe node` says is allocatable"
        for group, members in kinds
        if min(left[members[0].name]) < 0
    ]
    for pod in (HEAD, *(group for group in groups if group == TASKS)):
        place = next((name for name, (cpus, memory) in left.items() if cpus >= pod.cpus and memory >= pod.memory), None)
        if place is None:
            size = f"{pod.cpus:g} CPUs and {pod.memory // GIB} GiB"
            notes.append(f"{pod.name}: no node of the cluster file has {size} beside the other pods; it needs one more")
        else:
            left[place] = (left[place][0] - pod.cpus, left[place][1] - pod.memory)
    return tuple(notes)


def _left(node: Node, group: WorkerGroup | None) -> tuple[float, float]:
    """CPUs and bytes that pods find on a node beside one of `group`; below zero where it finds no room itself."""
    cpus, memory = _ALLOCATABLE * node.cpus, _ALLOCATABLE * node.memory
    return (cpus, memory) if group is None else (cpus - math.ceil(group.cpus), memory - group.memory)


def _share(group: WorkerGroup, node: Node) -> str:
    return (
        f"{math.ceil(group.cpus)} of its node's {node.cpus:g} CPUs and "
        f"{math.ceil(group.memory / GIB)} of its {node.memory / GIB:g} GiB"
    )


def _used(plan: Plan) -> dict[str, list[Node]]:
    """Kind -> the nodes of that kind that something is placed on."""
    nodes = {node.name: node for node in plan.machines.nodes}
    by_kind: dict[str, list[Node]] = defaultdict(list)
    for name in dict.fromkeys(name for group in _placed(plan) for name in group.nodes):
        by_kind[nodes[name].kind].append(nodes[name])
    return by_kind


def _placed(plan: Plan) -> list[PlacedGroup]:
    return [engine.placed for engine in plan.engines] + [rank.placed for rank in plan.ranks]


def _group(plan: Plan, kind: str, members: Sequence[Node]) -> WorkerGroup:
    """Stages take turns, so a pod asks for the most that one of them puts on a node of this kind."""
    asked = [group.on(node.name) for node in members for group in _placed(plan)]
    cpus = max(sum(bundle.cpus for bundle in bundles) for bundles in asked)
    gpus = max(sum(bundle.gpus for bundle in bundles) for bundles in asked)
    gpu = members[0].gpu
    if not gpus:
        # Without GPUs a run is small: everything in one pod, with the places that the recipe gives a local Ray.
        # On a smaller node they share its cores, as they do on a small machine.
        cpus = max(cpus, min(plan.recipe.cluster.local_cpus, members[0].cpus))
    return WorkerGroup(
        name=("gpu" if gpus else "cpu") if kind in _NO_CLUSTER else object_name(kind),
        pods=len(members),
        cpus=cpus,
        memory=math.ceil(_memory(plan)),
        gpus=math.ceil(gpus),
        gpu_type=gpu.name if gpu is not None and gpus else "",
        ray_type=gpu.ray_type if gpu is not None and gpus else "",
    )


def _memory(plan: Plan) -> float:
    """Bytes of the fullest pod: the plan's peak, and /dev/shm, which counts as the pod's memory."""
    if plan.peak is not None:
        return plan.peak.bytes + total(plan.shared_memory)
    base, *stages = [amount.bytes for amount in plan.host_memory]
    return base + max(stages, default=0.0) + total(plan.shared_memory)
