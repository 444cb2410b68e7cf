"""From a plan to groups of pods: each kind of node that the plan uses becomes a group that asks for what it places."""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cluster.errors import RequestError
from pipeline.estimates.amounts import total
from pipeline.estimates.hardware import GIB, Node
from pipeline.estimates.packing import PlacedGroup
from pipeline.plan.make import Plan
from pipeline.plan.outcome import storage


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerGroup:
    """Equal pods: how many at most, and what each one asks for."""

    name: str
    """As Kubernetes takes it, but perhaps too long, or another group's."""
    pods: int
    cpus: float
    memory: int
    """Bytes."""
    gpus: int = 0
    gpu_type: str = ""
    ray_type: str = ""
    """Ray's name of the same."""

    @property
    def requests(self) -> dict[str, Any]:
        """As in a container's `resources.requests`; whole CPUs and GiB, rounded up."""
        asked: dict[str, Any] = {"cpu": str(math.ceil(self.cpus)), "memory": f"{math.ceil(self.memory / GIB)}Gi"}
        return asked | ({"nvidia.com/gpu": self.gpus} if self.gpus else {})

    @property
    def limits(self) -> dict[str, Any]:
        """As in `resources.limits`. CPUs have none: idle ones are for whoever wants them."""
        room = {"memory": f"{math.ceil(_HEADROOM * self.memory / GIB)}Gi"}
        return room | ({"nvidia.com/gpu": self.gpus} if self.gpus else {})


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


NAME_LIMIT = 47
"""Of a RayJob, and of its groups of pods; KubeRay appends to them."""


_HEADROOM = 1.3
"""A plan's memory is meant to be within 30 % of what is measured; a pod beyond its limit is killed."""


def object_name(text: str) -> str:
    """`text` as a label of RFC 1035, which Kubernetes takes as a name. It may be too long for one."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return name if re.match(r"[a-z]", name) else f"run-{name}".rstrip("-")


def limited_name(text: str, what: str) -> str:
    """The same; raises RequestError, which names `what` it comes from, where it is too long."""
    name = object_name(text)
    if len(name) > NAME_LIMIT:
        raise RequestError(
            f"{what} gives the name {name!r} of {len(name)} characters; Kubernetes takes {NAME_LIMIT}: shorten it"
        )
    return name
