"""What a plan is put together from: engines of one kind, ranks of one arm, tasks that score; and what does not fit."""

from dataclasses import dataclass

from cluster.placement import EnginePlacement
from cluster.planner.engines import EngineMemory
from cluster.planner.machines import GpuType, Node
from cluster.planner.placement import PlacedGroup
from cluster.planner.ranks import RankMemory
from cluster.planner.scoring import ScoringMemory

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
