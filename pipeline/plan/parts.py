"""What a plan is put together from: engines of one kind, ranks of one arm, tasks that score; and what does not fit."""

from dataclasses import dataclass

from cluster.pool.placement import EnginePlacement, NodeResources
from pipeline.estimates.engine_memory import EngineMemory
from pipeline.estimates.hardware import GpuType, Machines, Node
from pipeline.estimates.packing import PlacedGroup
from pipeline.estimates.rank_memory import RankMemory
from pipeline.estimates.scoring_memory import ScoringMemory


def ray_names(gpu: GpuType) -> frozenset[str]:
    """Ray's names of a type: an A100-80G is an A100 too."""
    return frozenset({gpu.ray_type, gpu.ray_type.partition("-")[0]})


def allowed_types(machines: Machines, wanted: str) -> tuple[GpuType, ...]:
    """The types that a setting `gpu` allows, the fastest first."""
    return tuple(gpu for gpu in machines.gpu_types() if not wanted or wanted in ray_names(gpu))


def no_such_type(wanted: str, machines: Machines) -> str:
    """Why a setting `gpu` allows none."""
    there = ", ".join(sorted(set().union(*map(ray_names, machines.gpu_types())))) or "no GPUs"
    return f"gpu = {wanted!r}: no node has GPUs of that type; there are {there}"


def node_resources(machines: Machines, types: tuple[GpuType, ...]) -> list[NodeResources]:
    """The nodes with GPUs of these types, as a run would see them."""
    return [
        NodeResources(name=node.name, cpus=node.cpus, gpus=float(node.gpus), gpu_types=ray_names(node.gpu))
        for node in machines.nodes
        if node.gpu is not None and node.gpu in types
    ]


def slowest(machines: Machines, placed: PlacedGroup, types: frozenset[str]) -> GpuType:
    """Of the types that are used (of those allowed, where nothing was placed): the one that sets the pace."""
    used = used_types(machines, placed)
    candidates = [gpu for gpu in machines.gpu_types() if gpu.name in (used or types)]
    return min(candidates, key=lambda gpu: (gpu.memory_bytes if not used else 0, gpu.tflops, gpu.bandwidth_gbs))


def used_types(machines: Machines, placed: PlacedGroup) -> frozenset[str]:
    return frozenset(node.gpu.name for node in machines.nodes if node.gpu is not None and node.name in placed.nodes)


def node_with(machines: Machines, placed: PlacedGroup, gpu: GpuType) -> Node:
    """A node of the type that holds some of the group; any of the type where none does."""
    of_type = [node for node in machines.nodes if node.gpu == gpu]
    return next((node for node in of_type if node.name in placed.nodes), of_type[0])


def type_note(at: str, wanted: str, machines: Machines, placed: PlacedGroup) -> str:
    """Ray counts GPUs and does not look at their type: what to set where the plan uses some types only."""
    used = [gpu for gpu in machines.gpu_types() if gpu.name in used_types(machines, placed)]
    if wanted or not used or len(used) == len(machines.gpu_types()):
        return ""
    shared = sorted(frozenset.intersection(*map(ray_names, used)), key=len)
    others = [gpu for gpu in machines.gpu_types() if gpu not in used]
    names = [name for name in shared if not any(name in ray_names(gpu) for gpu in others)]
    said = f"{at} is planned on {' and '.join(gpu.name for gpu in used)} only, and Ray places by number of GPUs"
    if names:
        return f"{said}: add --set {at}.gpu='{names[0]}'"
    return f"{said}; no setting names these and no others: give them a cluster of their own"


CANNOT_RUN = ("engines.teacher", "engines.student", "training", "reference")
"""Areas whose faults mean that something cannot even load: then there is no time and no price."""
AREAS = (*CANNOT_RUN, "memory", "shm", "disk")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a plan does not fit. `area` (of `AREAS`) is what a remedy is looked for by."""

    area: str
    text: str
    where: str = ""
    """What it is about, where that is not the area as it stands."""

    def __str__(self) -> str:
        return f"{self.where or self.area}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlan:
    """The hosts of one kind: memory of one engine, where all of them go, and which sizes would fit."""

    kind: str
    memory: EngineMemory
    scripted: bool
    """Hosts that play known solutions and load no model."""
    placement: EnginePlacement
    """Of one engine, as a run reserves it."""
    placed: PlacedGroup
    gpu: GpuType | None
    node: Node
    """A node that holds one; the largest where none can be placed."""
    sizes: tuple[tuple[int, int], ...]
    """(tensor, pipeline) parallel sizes that fit on a node."""
    note: str
    """What to set so that Ray places them where the plan does; "" where it does anyway."""
    faults: tuple[str, ...]

    @property
    def a_node(self) -> int:
        """Engines on the fullest node; 1 where an engine crosses nodes."""
        return 1 if len(self.placement.bundles) > 1 else _fullest(self.placed)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankPlan:
    """The ranks of one arm."""

    arm: str
    memory: RankMemory
    placed: PlacedGroup
    gpu: GpuType | None
    node: Node
    note: str
    faults: tuple[str, ...]

    @property
    def a_node(self) -> int:
        return _fullest(self.placed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringPlan:
    """The tasks of stage `reference`, and where as many of them as there is room for go."""

    memory: ScoringMemory
    placed: PlacedGroup
    gpu: GpuType | None
    node: Node
    note: str
    meanwhile: bool
    """Whether they also run beside the teacher's engines."""
    faults: tuple[str, ...]


def _fullest(placed: PlacedGroup) -> int:
    return max((placed.nodes.count(name) for name in placed.nodes), default=1)
