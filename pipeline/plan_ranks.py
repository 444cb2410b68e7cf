"""The ranks of a plan's arms, and the tasks that score chains before them: both own what `training` says of a rank."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from cluster.planner.machines import GPUS, GpuType, Machines
from cluster.planner.placement import GroupRequest, PlacedGroup, most, place
from cluster.planner.ranks import RankMemory, rank_on_cpu, rank_on_gpu
from cluster.planner.scoring import ScoringMemory, ScoringRequest, scoring_on_cpu, scoring_on_gpu
from cluster.planner.shapes import ModelShape
from pipeline import plan_memory
from pipeline.plan_gpus import allowed_types, no_such_type, node_with, slowest, type_note
from pipeline.plan_load import Loads
from pipeline.plan_parts import RankPlan, ScoringPlan
from pipeline.plan_requests import rank_request
from pipeline.recipe import Recipe
from training.config import TrainingConfig
from training.zero import uses_bf16

MemoryT = TypeVar("MemoryT", RankMemory, ScoringMemory)
_NO_GPUS = "gpus_per_rank asks for GPUs and the machines have none; set it to 0, or name other machines"


def plan_ranks(recipe: Recipe, arm: str, shape: ModelShape, machines: Machines, loads: Loads) -> RankPlan:
    """The ranks of one arm."""
    training = recipe.training
    request = rank_request(recipe, recipe.arms[arm], shape, loads.groups, loads.longest_chain)
    if not training.gpus_per_rank:
        memory = rank_on_cpu(request, plan_memory.RANK)
        placed = place(_request("training", training, training.ranks), machines)
        node = machines.nodes[0]
        faults = (*memory.faults, *placed.faults)
        return RankPlan(arm=arm, memory=memory, placed=placed, gpu=None, node=node, note="", faults=faults)
    types, missing = _types(training, machines)
    memory, placed, gpu = _on_gpus(
        "training", training, training.ranks, machines, types, lambda gpu: rank_on_gpu(request, gpu)
    )
    return RankPlan(
        arm=arm,
        memory=memory,
        placed=placed,
        gpu=gpu,
        node=node_with(machines, placed, gpu) if types else machines.nodes[0],
        note=type_note("training", training.gpu, machines, placed),
        faults=missing or (*memory.faults, *placed.faults),
    )


def plan_scoring(recipe: Recipe, shape: ModelShape, machines: Machines, loads: Loads) -> ScoringPlan | None:
    """Stage `reference`: a task a rank, each with the whole model. None where no arm needs it."""
    if not recipe.reference_starts:
        return None
    training = recipe.training
    request = ScoringRequest(
        shape=shape, tasks=training.ranks, bf16=uses_bf16(training), tokens=training.tokens_per_micro_step
    )
    meanwhile = training.score_meanwhile if training.score_meanwhile is not None else training.gpus_per_rank > 0
    meanwhile = meanwhile and "base" in recipe.reference_starts and loads.rollout.attempts > 0
    if not training.gpus_per_rank:
        held = _at_a_time(training, machines, frozenset())
        placed = place(_request("reference", training, held), machines)
        return ScoringPlan(
            memory=scoring_on_cpu(request, plan_memory.SCORE_TASK),
            placed=placed,
            gpu=None,
            node=machines.nodes[0],
            note="",
            meanwhile=meanwhile,
            faults=placed.faults,
        )
    types, missing = _types(training, machines)
    memories = {gpu.name: scoring_on_gpu(request, gpu) for gpu in types}
    fits = frozenset(name for name, memory in memories.items() if not memory.faults) or frozenset(memories)
    memory, placed, gpu = _on_gpus(
        "reference",
        training,
        _at_a_time(training, machines, fits),
        machines,
        types,
        lambda gpu: scoring_on_gpu(request, gpu),
    )
    return ScoringPlan(
        memory=memory,
        placed=placed,
        gpu=gpu,
        node=node_with(machines, placed, gpu) if types else machines.nodes[0],
        note=type_note("training", training.gpu, machines, placed),
        meanwhile=meanwhile,
        # Without GPUs it is the ranks' fault, if there are ranks; and there are: references are for arms.
        faults=() if missing else (*memory.faults, *placed.faults),
    )


def _types(training: TrainingConfig, machines: Machines) -> tuple[tuple[GpuType, ...], tuple[str, ...]]:
    """The types that ranks may use; and why there are none."""
    types = allowed_types(machines, training.gpu)
    if types:
        return types, ()
    return (), (no_such_type(training.gpu, machines) if machines.gpus else _NO_GPUS,)


def _on_gpus(
    name: str,
    training: TrainingConfig,
    count: int,
    machines: Machines,
    types: tuple[GpuType, ...],
    memory_on: Callable[[GpuType], MemoryT],
) -> tuple[MemoryT, PlacedGroup, GpuType]:
    """Memory on the type that sets the pace, and the places, on types that fit where there are any."""
    if not types:
        nowhere = PlacedGroup(request=GroupRequest(name=name, bundles=()), nodes=())
        return memory_on(GPUS["H100"]), nowhere, GPUS["H100"]
    found = {gpu.name: memory_on(gpu) for gpu in types}
    fits = frozenset(kind for kind, memory in found.items() if not memory.faults) or frozenset(found)
    placed = place(_request(name, training, count, fits), machines)
    gpu = slowest(machines, placed, fits)
    return found[gpu.name], placed, gpu


def _request(name: str, training: TrainingConfig, count: int, types: frozenset[str] = frozenset()) -> GroupRequest:
    return GroupRequest(name=name, bundles=(replace(training.bundle, gpu_types=types),) * count)


def _at_a_time(training: TrainingConfig, machines: Machines, types: frozenset[str]) -> int:
    """Tasks that run together: one waits for another where there is no room, and one at least is asked for."""
    return max(1, most((replace(training.bundle, gpu_types=types),), machines, training.ranks))
