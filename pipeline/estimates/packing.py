"""Bundles on nodes: what Ray is asked for, and whether it can ever be given. First fit, the largest bundles first."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cluster.pool.placement import Bundle
from pipeline.estimates.hardware import Machines, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRequest:
    """Placement groups of the same bundles that are needed at the same time. `strategy` is Ray's, within a group."""

    name: str
    bundles: tuple[Bundle, ...]
    """Those of all groups, group by group."""
    count: int = 1
    strategy: str = "PACK"

    @property
    def group(self) -> tuple[Bundle, ...]:
        """The bundles of one group."""
        return self.bundles[: len(self.bundles) // self.count]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedGroup:
    """Where the bundles go: the node's name for each. `faults`: why they can't be placed; empty where they can."""

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
    node: Node
    cpus: float = field(init=False)
    gpus: float = field(init=False)

    def __post_init__(self) -> None:
        self.cpus, self.gpus = self.node.cpus, float(self.node.gpus)

    def take(self, bundle: Bundle) -> None:
        self.cpus -= bundle.cpus
        self.gpus -= bundle.gpus

    def takes(self, bundle: Bundle) -> bool:
        if bundle.gpus and bundle.gpu_types and (self.node.gpu is None or self.node.gpu.name not in bundle.gpu_types):
            return False
        return self.cpus >= bundle.cpus and self.gpus >= bundle.gpus


def place(request: GroupRequest, machines: Machines) -> PlacedGroup:
    """Put all groups on an empty cluster: the stages take turns, so each one has it for itself."""
    free = sorted((_Free(node) for node in machines.nodes), key=_speed, reverse=True)
    group = request.group
    order = sorted(range(len(group)), key=lambda i: (-group[i].gpus, -group[i].cpus))
    found: list[str] = []
    for _ in range(request.count):
        here: dict[int, str] = {}
        for index in order:
            bundle = group[index]
            room = next((slot for slot in free if slot.takes(bundle)), None)
            if room is None:
                placed = len(found) + len(here)
                return PlacedGroup(request=request, nodes=(), faults=(_why(request, bundle, placed, machines),))
            room.take(bundle)
            here[index] = room.node.name
        found += [here[index] for index in range(len(group))]
    return PlacedGroup(request=request, nodes=tuple(found))


def most(group: Sequence[Bundle], machines: Machines, at_most: int = 1_000_000) -> int:
    """How many such groups the empty cluster holds."""
    free = sorted((_Free(node) for node in machines.nodes), key=_speed, reverse=True)
    for held in range(at_most):
        for bundle in group:
            room = next((slot for slot in free if slot.takes(bundle)), None)
            if room is None:
                return held
            room.take(bundle)
    return at_most


def _speed(slot: _Free) -> tuple[float, float]:
    gpu = slot.node.gpu
    return (gpu.tflops, gpu.bandwidth_gbs) if gpu else (0.0, 0.0)


def _why(request: GroupRequest, bundle: Bundle, placed: int, machines: Machines) -> str:
    wanted = bundle.gpus and bundle.gpu_types and not bundle.gpu
    types = f" of type {' or '.join(sorted(bundle.gpu_types))}" if wanted else ""
    there = f"{len(machines.nodes)} node(s) with {machines.gpus} GPUs and {sum(n.cpus for n in machines.nodes):g} CPUs"
    return f"{len(request.bundles)} x ({bundle}{types}) asked for, {placed} can be placed on {there}"
