"""From a plan to groups of pods: each kind of node that the plan uses becomes a group that asks for what it places."""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cluster.errors import RequestError
from pipeline.estimates.amounts import total
from pipeline.estimates.hardware import GIB, THIS_MACHINE, Node
from pipeline.estimates.packing import PlacedGroup
from pipeline.plan.make import Plan
from pipeline.plan.outcome import storage

NAME_LIMIT = 47
"""Characters of the name of a RayJob and of its groups of pods; KubeRay appends to them."""
_HEADROOM = 1.3
"""A pod's memory limit over its request: a plan is meant to be within 30 % of what is measured, and a pod beyond its
limit is killed."""
_CLAIM_HEADROOM = 1.5
"""A claim's size over what the plan stores: what is being compacted or replaced is there twice."""
_ALLOCATABLE = 0.95
"""Share of a node that pods get, about: the system, the kubelet and daemons have the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerGroup:
    """A group of equal pods: how many at most, and what each one asks for."""

    name: str
    """A name that Kubernetes takes, but that may be too long, or be another group's."""
    pods: int
    cpus: float
    memory: int
    """Bytes."""
    gpus: int = 0
    gpu_type: str = ""
    ray_type: str = ""
    """Ray's name of the GPU's type."""

    @property
    def requests(self) -> dict[str, Any]:
        """A container's `resources.requests`: whole CPUs and GiB, rounded up."""
        asked: dict[str, Any] = {"cpu": str(math.ceil(self.cpus)), "memory": f"{math.ceil(self.memory / GIB)}Gi"}
        return asked | ({"nvidia.com/gpu": self.gpus} if self.gpus else {})

    @property
    def limits(self) -> dict[str, Any]:
        """A container's `resources.limits`. CPUs have none, so that a pod may use idle ones."""
        memory = {"memory": f"{math.ceil(_HEADROOM * self.memory / GIB)}Gi"}
        return memory | ({"nvidia.com/gpu": self.gpus} if self.gpus else {})


HEAD = WorkerGroup(name="head", pods=1, cpus=4, memory=16 * GIB)
"""The head's pod, equal to that of the templates under k8s/."""
TASKS = WorkerGroup(name="cpu", pods=1, cpus=4, memory=16 * GIB)
"""A pod beside those with GPUs, whose CPUs are all reserved: it builds groups, plans, and holds the trainer's
controller."""


def worker_groups(plan: Plan) -> tuple[WorkerGroup, ...]:
    """The pods that hold the plan. Raises RequestError where the plan does not fit its own machines."""
    if plan.faults:
        more = f" (and {len(plan.faults) - 1} more)" if len(plan.faults) > 1 else ""
        raise RequestError(f"the plan does not fit: {plan.faults[0]}{more}; see `chainpref plan`")
    # The fullest pod has the plan's peak, and /dev/shm, which counts as the pod's memory.
    base, *stages = [amount.bytes for amount in plan.host_memory] or [0.0]
    peak = plan.peak.bytes if plan.peak is not None else base + max(stages, default=0.0)
    memory = math.ceil(peak + total(plan.shared_memory))
    groups = [_group(plan, kind, members, memory) for kind, members in _used(plan).items()]
    return (*groups, TASKS) if any(group.gpus for group in groups) else tuple(groups)


def claim_gib(plan: Plan) -> int:
    """GiB of a claim for the run, with headroom."""
    return max(20, math.ceil(_CLAIM_HEADROOM * total(storage(plan)) / GIB))


def size_notes(plan: Plan, groups: Sequence[WorkerGroup]) -> tuple[str, ...]:
    """Notes on pods for which there may be no node, as a cluster file describes the nodes."""
    if any(node.kind == THIS_MACHINE for node in plan.machines.nodes):
        return ()
    kinds = list(zip(groups, _used(plan).values(), strict=False))  # TASKS is of no kind
    left = {node.name: (_ALLOCATABLE * node.cpus, _ALLOCATABLE * node.memory) for node in plan.machines.nodes}
    notes = []
    for group, members in kinds:
        cpus, memory = math.ceil(group.cpus), group.memory
        for node in members:
            left[node.name] = (left[node.name][0] - cpus, left[node.name][1] - memory)
        if min(left[members[0].name]) < 0:
            notes.append(
                f"{group.name}: a pod asks for {cpus} of its node's {members[0].cpus:g} CPUs and "
                f"{math.ceil(memory / GIB)} of its {members[0].memory / GIB:g} GiB, and a node keeps some for itself; "
                "put into the cluster file what `kubectl describe node` says is allocatable"
            )
    for pod in (HEAD, *(group for group in groups if group == TASKS)):
        node_name = next((name for name, (cpus, free) in left.items() if cpus >= pod.cpus and free >= pod.memory), None)
        if node_name is None:
            size = f"{pod.cpus:g} CPUs and {pod.memory // GIB} GiB"
            notes.append(f"{pod.name}: no node of the cluster file has {size} beside the other pods; it needs one more")
        else:
            left[node_name] = (left[node_name][0] - pod.cpus, left[node_name][1] - pod.memory)
    return tuple(notes)


def _placed(plan: Plan) -> list[PlacedGroup]:
    return [*(engines.placed for engines in plan.engines), *(ranks.placed for ranks in plan.ranks)]


def _used(plan: Plan) -> dict[str, list[Node]]:
    """Kind -> the nodes of that kind that something is placed on."""
    nodes = {node.name: node for node in plan.machines.nodes}
    by_kind: dict[str, list[Node]] = defaultdict(list)
    for name in dict.fromkeys(name for group in _placed(plan) for name in group.nodes):
        by_kind[nodes[name].kind].append(nodes[name])
    return by_kind


def _group(plan: Plan, kind: str, members: Sequence[Node], memory: int) -> WorkerGroup:
    """The pods on nodes of a kind. Stages take turns, so a pod asks for the most that one of them puts on a node."""
    asked = [group.on(node.name) for node in members for group in _placed(plan)]
    cpus = max(sum(bundle.cpus for bundle in bundles) for bundles in asked)
    gpus = max(sum(bundle.gpus for bundle in bundles) for bundles in asked)
    gpu = members[0].gpu if gpus else None
    if not gpus:
        # Without GPUs a run is small: everything is in one pod, which has as many CPUs as the recipe tells a local Ray.
        # On a smaller node the processes share its cores, as they do on a small machine.
        cpus = max(cpus, min(plan.recipe.cluster.local_cpus, members[0].cpus))
    return WorkerGroup(
        name=("gpu" if gpus else "cpu") if kind == THIS_MACHINE else object_name(kind),
        pods=len(members),
        cpus=cpus,
        memory=memory,
        gpus=math.ceil(gpus),
        gpu_type=gpu.name if gpu else "",
        ray_type=gpu.ray_type if gpu else "",
    )


def object_name(text: str) -> str:
    """`text` as a label of RFC 1035, which Kubernetes takes as a name if it is not too long."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return name if re.match(r"[a-z]", name) else f"run-{name}".rstrip("-")


def limited_name(text: str, what: str) -> str:
    """`object_name` of `text`. Raises RequestError where it is too long, which names `what` it comes from."""
    name = object_name(text)
    if len(name) > NAME_LIMIT:
        raise RequestError(
            f"{what} gives the name {name!r} of {len(name)} characters; Kubernetes takes {NAME_LIMIT}: shorten it"
        )
    return name
