"""The ranks of a plan's arms, and the tasks that score chains before them: both own what `training` says of a rank."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pipeline.estimates import cpu_processes as plan_memory
from pipeline.estimates.engine_memory import EngineRequest
from pipeline.estimates.hardware import GPUS, MIB, GpuType, Machines
from pipeline.estimates.packing import GroupRequest, PlacedGroup, most, place
from pipeline.estimates.rank_memory import RankMemory, RankRequest, rank_on_cpu, rank_on_gpu
from pipeline.estimates.scoring_memory import ScoringMemory, ScoringRequest, scoring_on_cpu, scoring_on_gpu
from pipeline.estimates.shapes import ModelShape, weight_bytes_each
from pipeline.plan.parts import RankPlan, ScoringPlan, allowed_types, no_such_type, node_with, slowest, type_note
from pipeline.plan.tokens import GroupFigures, Loads
from pipeline.recipe import Recipe
from rollout.config import HostsConfig
from training.config import ArmConfig, SftArm, TrainingConfig
from training.ranks.zero import uses_bf16

_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}


def engine_request(
    recipe: Recipe, kind: str, shape: ModelShape, mean_context: float, gpu: GpuType | None
) -> EngineRequest:
    """The engines of `kind` (`teacher` or `student`); on the CPU where `gpu` is None."""
    config: HostsConfig = getattr(recipe.engines, kind)
    engine = config.engine
    plain = _BYTES.get(engine.dtype, 4.0 if gpu is None else 2.0)
    cache = None if engine.kv_cache_mb is None else float(engine.kv_cache_mb * MIB)
    return EngineRequest(
        role=kind,
        shape=shape,
        count=config.count,
        tensor_parallel=engine.tensor_parallel,
        pipeline_parallel=engine.pipeline_parallel,
        max_context=engine.max_context,
        max_running=engine.max_running,
        mean_context=mean_context,
        weight_bytes_each=weight_bytes_each(shape, engine.quantization, plain),
        kv_bytes_each=plain,
        kv_cache=cache,
        gpu_memory=engine.gpu_memory,
        eager=engine.eager,
        live_episodes=config.live_episodes,
        cpus=config.cpus,
    )


def rank_request(recipe: Recipe, arm: ArmConfig, shape: ModelShape, groups: GroupFigures, longest: int) -> RankRequest:
    """The ranks that train one arm."""
    training, zero = recipe.training, recipe.training.zero
    on_gpu = training.gpus_per_rank > 0
    return RankRequest(
        shape=shape,
        ranks=training.ranks,
        gpus_a_rank=training.gpus_per_rank,
        cpus_a_rank=training.cpus_per_rank,
        zero_stage=zero.stage,
        bf16=on_gpu if zero.bf16 == "auto" else zero.bf16 == "on",
        offload_optimizer=zero.offload_optimizer == "cpu",
        offload_parameters=zero.offload_param == "cpu",
        checkpointing=arm.gradient_checkpointing,
        tokens=training.tokens_per_micro_step,
        longest_chain=longest,
        bucket=zero.reduce_bucket_size,
        prefetch=zero.stage3_prefetch_bucket_size,
        logits_everywhere=isinstance(arm, SftArm),
        typical_tokens=min(float(training.tokens_per_micro_step), tokens_a_step(arm, groups) / training.ranks),
    )


def tokens_a_step(arm: ArmConfig, groups: GroupFigures) -> float:
    """Tokens of one optimizer step over all ranks, of the chains that the arm takes of a group."""
    taken = replace(
        groups,
        right=min(groups.right, arm.max_right or groups.right),
        wrong=min(groups.wrong, arm.max_wrong or groups.wrong),
    )
    if isinstance(arm, SftArm):
        return arm.groups_per_step * taken.right * (groups.prompt + groups.chain) * 1.1  # padded to the longest
    return arm.groups_per_step * taken.tree


def steps_of(arm: ArmConfig, groups: GroupFigures) -> int:
    """Optimizer steps of an arm."""
    if arm.max_steps > 0:
        return arm.max_steps
    count = groups.right_groups if isinstance(arm, SftArm) else groups.groups
    return round(-(-count // arm.groups_per_step) * arm.num_train_epochs)


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
