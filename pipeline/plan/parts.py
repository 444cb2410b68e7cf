"""What a plan is put together from: faults, processes and the nodes and types of GPU that they go to.

A type of GPU is chosen here, too: which types a setting allows, which one sets the pace of processes on several types,
and what to set so that Ray, which counts GPUs and does not look at their type, places processes where the plan does.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from cluster.gpus import GpuType
from cluster.pool.placement import EnginePlacement, NodeResources
from pipeline.estimates.engine_memory import EngineMemory
from pipeline.estimates.hardware import Machines, Node
from pipeline.estimates.packing import PlacedGroup
from pipeline.estimates.rank_memory import RankMemory
from pipeline.estimates.scoring_memory import ScoringMemory

CANNOT_RUN = ("engines.teacher", "engines.student", "training", "reference")
"""Areas whose faults mean that something cannot even load: then there is no time and no price."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a plan does not fit. `area`: one of CANNOT_RUN, problems, memory, shm, disk; it decides the remedies."""

    area: str
    text: str
    where: str = ""
    """What does not fit, where the area alone does not say it: nodes, arms or a stage."""

    def __str__(self) -> str:
        return f"{self.where or self.area}: {self.text}"


MemoryT = TypeVar("MemoryT", bound=EngineMemory | RankMemory | ScoringMemory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Generic[MemoryT]):
    """Processes of one kind: the memory of one, and where all of them go."""

    name: str
    """`teacher` or `student` (engines), the arm (ranks), or `reference` (scoring tasks)."""
    memory: MemoryT
    placed: PlacedGroup
    gpu: GpuType | None
    """The slowest type of GPU in use; None on CPUs."""
    node: Node
    """A node that holds some of them; where none can be placed, one that could be meant."""
    note: str
    """What to set so that Ray places them where the plan does; "" where it does anyway."""
    faults: tuple[str, ...]

    @property
    def per_node(self) -> int:
        """Processes on the fullest node."""
        return max((self.placed.nodes.count(name) for name in self.placed.nodes), default=1)


Ranks = Placed[RankMemory]
ScoringTasks = Placed[ScoringMemory]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines(Placed[EngineMemory]):
    """The engines of the teacher, or those of the student and every arm."""

    scripted: bool
    """Whether hosts play known solutions and load no model."""
    placement: EnginePlacement
    """Bundles of one engine, as a run reserves them."""
    sizes: tuple[tuple[int, int], ...]
    """(tensor, pipeline) parallel sizes that fit on a node."""

    @property
    def per_node(self) -> int:
        """Engines on the fullest node; 1 where an engine crosses nodes."""
        return 1 if len(self.placement.bundles) > 1 else super(Engines, self).per_node


def ray_names(gpu: GpuType) -> frozenset[str]:
    """Ray's names of a type: an A100-80G is an A100, too."""
    return frozenset({gpu.ray_type, gpu.ray_type.partition("-")[0]})


def allowed_types(machines: Machines, wanted: str) -> tuple[GpuType, ...]:
    """The types of GPU that a setting `gpu` allows, the fastest first; all of them where it is empty."""
    return tuple(gpu for gpu in machines.gpu_types() if not wanted or wanted in ray_names(gpu))


def no_such_type(wanted: str, machines: Machines) -> str:
    """The fault of a setting `gpu` that allows no type."""
    there = ", ".join(sorted(set().union(*map(ray_names, machines.gpu_types())))) or "no GPUs"
    return f"gpu = {wanted!r}: no node has GPUs of that type; there are {there}"


def node_resources(machines: Machines, types: tuple[GpuType, ...]) -> list[NodeResources]:
    """The nodes with GPUs of these types, as a run would see them."""
    return [
        NodeResources(name=node.name, cpus=node.cpus, gpus=float(node.gpus), gpu_types=ray_names(node.gpu))
        for node in machines.nodes
        if node.gpu is not None and node.gpu in types
    ]


def used_types(machines: Machines, placed: PlacedGroup) -> frozenset[str]:
    """Names of the types of GPU on the nodes that a group is placed on."""
    return frozenset(node.gpu.name for node in machines.nodes if node.gpu is not None and node.name in placed.nodes)


def slowest(machines: Machines, placed: PlacedGroup, types: frozenset[str]) -> GpuType:
    """The type that sets the pace, of those in use; of `types`, where nothing was placed."""
    used = used_types(machines, placed)
    candidates = [gpu for gpu in machines.gpu_types() if gpu.name in (used or types)]
    return min(candidates, key=lambda gpu: (gpu.memory_bytes if not used else 0, gpu.tflops, gpu.bandwidth_gbs))


def node_with(machines: Machines, placed: PlacedGroup, gpu: GpuType) -> Node:
    """A node of the type that holds some of the group; any of the type where none does."""
    of_type = [node for node in machines.nodes if node.gpu == gpu]
    return next((node for node in of_type if node.name in placed.nodes), of_type[0])


def type_note(at: str, wanted: str, machines: Machines, placed: PlacedGroup) -> str:
    """What to set where the plan uses some types of GPU only; "" where it uses all, or the recipe names its type.

    `at` is the recipe's section of the processes, `wanted` its setting `gpu`.
    """
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
