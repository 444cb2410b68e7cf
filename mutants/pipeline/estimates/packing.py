"""Bundles on nodes: what Ray is asked for, and whether the nodes can ever give it.

First fit, the largest bundles first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cluster.pool.placement import Bundle
from pipeline.estimates.hardware import Machines, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRequest:
    """Placement groups of the same bundles that are needed at the same time. `strategy` is Ray's, within a group."""

    name: str
    bundles: tuple[Bundle, ...]
    """The bundles of all groups, group by group."""
    count: int = 1
    strategy: str = "PACK"

    @property
    def group(self) -> tuple[Bundle, ...]:
        """The bundles of one group."""
        return self.bundles[: len(self.bundles) // self.count]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedGroup:
    """The node's name for each bundle. `faults` say why they cannot be placed; then `nodes` is empty."""

    request: GroupRequest
    nodes: tuple[str, ...]
    faults: tuple[str, ...] = ()

    def on(self, node: str) -> list[Bundle]:
        """The bundles on a node, by its name; none where nothing was placed."""
        return [
            bundle for bundle, name in zip(self.request.bundles, self.nodes, strict=bool(self.nodes)) if name == node
        ]


@dataclass(slots=True)
class _Free:
    """What is left of a node."""

    node: Node
    cpus: float
    gpus: float

    def take(self, bundle: Bundle) -> bool:
        """Take the bundle off what is left, where it fits. Returns whether it did."""
        gpu = self.node.gpu
        if bundle.gpus and bundle.gpu_types and (gpu is None or gpu.name not in bundle.gpu_types):
            return False
        if self.cpus < bundle.cpus or self.gpus < bundle.gpus:
            return False
        self.cpus -= bundle.cpus
        self.gpus -= bundle.gpus
        return True


def place(request: GroupRequest, machines: Machines) -> PlacedGroup:
    """Put all groups on an empty cluster: the stages take turns, so each one has it for itself."""
    free, group = _empty(machines), request.group
    order = sorted(range(len(group)), key=lambda i: (-group[i].gpus, -group[i].cpus))
    found: list[str] = []
    for _ in range(request.count):
        here: dict[int, str] = {}
        for index in order:
            place_on = next((left.node for left in free if left.take(group[index])), None)
            if place_on is None:
                bundle, placed = group[index], len(found) + len(here)
                wanted = bundle.gpus and bundle.gpu_types and not bundle.gpu
                types = f" of type {' or '.join(sorted(bundle.gpu_types))}" if wanted else ""
                cpus = sum(node.cpus for node in machines.nodes)
                there = f"{len(machines.nodes)} node(s) with {machines.gpus} GPUs and {cpus:g} CPUs"
                fault = f"{len(request.bundles)} x ({bundle}{types}) asked for, {placed} can be placed on {there}"
                return PlacedGroup(request=request, nodes=(), faults=(fault,))
            here[index] = place_on.name
        found += [here[index] for index in range(len(group))]
    return PlacedGroup(request=request, nodes=tuple(found))


def most(group: Sequence[Bundle], machines: Machines, at_most: int = 1_000_000) -> int:
    """How many such groups the empty cluster holds."""
    free = _empty(machines)
    for held in range(at_most):
        if not all(any(left.take(bundle) for left in free) for bundle in group):
            return held
    return at_most


def _empty(machines: Machines) -> list[_Free]:
    """All nodes, those with the fastest GPUs first."""
    nodes = sorted(
        machines.nodes,
        key=lambda node: (node.gpu.tflops, node.gpu.bandwidth_gbs) if node.gpu else (0.0, 0.0),
        reverse=True,
    )
    return [_Free(node, node.cpus, float(node.gpus)) for node in nodes]
