"""From a recipe to neutral requests: engines, ranks, bundles. What the planner takes knows nothing of recipes."""

from dataclasses import replace

from cluster.planner.engines import EngineRequest
from cluster.planner.machines import MIB, GpuType
from cluster.planner.ranks import RankRequest
from cluster.planner.shapes import ModelShape, weight_bytes_each
from pipeline.plan_tokens import GroupFigures
from pipeline.recipe import Recipe
from rollout.config import HostsConfig
from training.config import ArmConfig, SftArm

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
