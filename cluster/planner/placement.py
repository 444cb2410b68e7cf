"""Bundles on nodes: what Ray is asked for, and whether it can ever be given. First fit, the largest bundles first."""

from dataclasses import dataclass, field

from cluster.placement import Bundle
from cluster.planner.machines import Machines, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRequest:
    """Bundles that are needed at the same time. `strategy` is Ray's."""

    name: str
    bundles: tuple[Bundle, ...]
    strategy: str = "PACK"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedGroup:
    """Where a group's bundles go: the node's name for each. `faults`: why it can't be placed; empty where it can."""

    request: GroupRequest
    nodes: tuple[str, ...]
    faults: tuple[str, ...] = ()


@dataclass(slots=True)
class _Free:
    node: Node
    cpus: float = field(init=False)
    gpus: float = field(init=False)

    def __post_init__(self) -> None:
        self.cpus, self.gpus = self.node.cpus, float(self.node.gpus)

    def takes(self, bundle: Bundle) -> bool:
        if bundle.gpus and bundle.gpu_types and (self.node.gpu is None or self.node.gpu.name not in bundle.gpu_types):
            return False
        return self.cpus >= bundle.cpus and self.gpus >= bundle.gpus


def place(request: GroupRequest, machines: Machines) -> PlacedGroup:
    """Put a group on an empty cluster: the stages take turns, so each one has it for itself."""
    free = sorted((_Free(node) for node in machines.nodes), key=_speed, reverse=True)
    order = sorted(range(len(request.bundles)), key=lambda i: (-request.bundles[i].gpus, -request.bundles[i].cpus))
    found: dict[int, str] = {}
    for index in order:
        bundle = request.bundles[index]
        room = next((slot for slot in free if slot.takes(bundle)), None)
        if room is None:
            return PlacedGroup(request=request, nodes=(), faults=(_why(request, bundle, len(found), machines),))
        room.cpus -= bundle.cpus
        room.gpus -= bundle.gpus
        found[index] = room.node.name
    return PlacedGroup(request=request, nodes=tuple(found[index] for index in range(len(request.bundles))))


def most(bundle: Bundle, machines: Machines) -> int:
    """How many such bundles the empty cluster holds."""
    held = 0
    for node in machines.nodes:
        slot = _Free(node)
        while slot.takes(bundle) and held < 1_000_000:
            slot.cpus -= bundle.cpus
            slot.gpus -= bundle.gpus
            held += 1
    return held


def _speed(slot: _Free) -> tuple[float, float]:
    gpu = slot.node.gpu
    return (gpu.tflops, gpu.bandwidth_gbs) if gpu else (0.0, 0.0)


def _why(request: GroupRequest, bundle: Bundle, placed: int, machines: Machines) -> str:
    types = f" of type {' or '.join(sorted(bundle.gpu_types))}" if bundle.gpus and bundle.gpu_types else ""
    there = f"{len(machines.nodes)} node(s) with {machines.gpus} GPUs and {sum(n.cpus for n in machines.nodes):g} CPUs"
    return f"{request.name}: {len(request.bundles)} x ({bundle}{types}) asked for, {placed} can be placed on {there}"
