"""The plan's choice where a recipe says `auto`: ZeRO's stage, recomputation, tokens of a row, fused kernels. Pure.

Every combination that fits the ranks' GPUs is timed as the plan times training (`pipeline.estimates.speed`), and the
fastest one is taken; of equally fast ones that with the lowest stage, without recomputation, with the longest rows.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from cluster.gpus import GpuType
from pipeline.decisions.values import ON_CPUS, Decided, Stage, asks
from pipeline.estimates.amounts import size
from pipeline.estimates.hardware import Machines
from pipeline.estimates.rank_memory import rank_on_gpu
from pipeline.estimates.scoring_memory import ScoringRequest, scoring_on_gpu
from pipeline.estimates.shapes import ModelShape
from pipeline.estimates.speed import training_on_gpus
from pipeline.plan.parts import allowed_types
from pipeline.plan.ranks import rank_request, splits_groups, tokens_per_step
from pipeline.plan.tokens import Demands
from pipeline.recipe import Recipe

_ROWS = range(16384, 0, -2048)
"""Tokens of the rows that are tried. Rows of 16,384 are no longer limited by the host on an H100, so longer ones gain
nothing (docs/performance.md)."""
_ROOM = 0.85
"""Share of a GPU's memory that may be planned. Of the three peaks that were measured two were 5 % above the plan, on
one GPU: how they grow with ranks is read in DeepSpeed's sources, not measured."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """A combination. `seconds`: of one step of every arm; `share`: of a GPU's memory that a rank needs at most, and
    `scoring` the same of a task of stage `reference`."""

    choice: Decided
    seconds: float
    share: float
    scoring: float
    faulty: bool
    """Whether anything is in the way of it, as a type without bfloat16, or a chain that is longer than a row."""
    needs: str

    @property
    def fits(self) -> bool:
        """Whether there is room for a rank."""
        return self.share <= _ROOM


def decide(
    recipe: Recipe,
    shapes: Mapping[str, ModelShape],
    machines: Machines,
    demands: Demands,
    *,
    fused: bool,
    kept: Decided | None = None,
) -> Decided:
    """Values for the recipe's settings that are `auto`. `fused`: whether liger-kernel is installed. `kept`: an earlier
    choice whose stage, recomputation and kernels have to stay, because an arm is half trained under them."""
    training = recipe.training
    if not training.gpus_per_rank:
        return replace(ON_CPUS, ranks=training.ranks, reason="ranks on CPUs")
    base = kept or Decided(fused_kernels="on" if fused else "off")
    types = allowed_types(machines, training.gpu)
    base = replace(base, ranks=training.ranks, gpus=tuple(gpu.name for gpu in types))
    if not types or not asks(recipe):
        return replace(base, reason="the ranks' GPUs are not known" if asks(recipe) else "the recipe gives every value")
    choices = list(_choices(base, recipe, demands, kept))
    # As everywhere in a plan, types that ranks do not fit in any case are left to others.
    alone = {gpu: [_tried(choice, recipe, shapes, machines, demands, (gpu,)) for choice in choices] for gpu in types}
    usable = tuple(gpu for gpu, tried in alone.items() if any(one.fits and not one.faulty for one in tried)) or types
    found = [_tried(choice, recipe, shapes, machines, demands, usable) for choice in choices]
    scores = min(one.scoring for one in found) <= _ROOM  # where it does not fit at all, nothing here helps
    fitting = [one for one in found if one.fits and (one.scoring <= _ROOM or not scores)]
    if not fitting:
        least = min(found, key=lambda one: one.share)
        why = f"nothing needs at most {_ROOM:.0%} of a GPU, and this least: {least.needs}"
        return replace(least.choice, reason=why)
    best = min(
        fitting,
        key=lambda one: (
            one.seconds,
            one.choice.stage,
            one.choice.gradient_checkpointing,
            -one.choice.tokens_per_micro_step,
        ),
    )
    why = f"the fastest of {len(fitting)} that need at most {_ROOM:.0%} of a GPU: {best.needs}"
    return replace(best.choice, reason=why)


def _choices(base: Decided, recipe: Recipe, demands: Demands, kept: Decided | None) -> Iterator[Decided]:
    """The combinations to try. A setting that the recipe gives, or that is kept, has one value."""
    training, zero = recipe.training, recipe.training.zero
    # DeepSpeed sums offloaded gradients in float32 under stage 3 only.
    stages: Sequence[Stage] = (3,) if "cpu" in (zero.offload_optimizer, zero.offload_param) else (1, 2, 3)
    recomputed = [False, True]
    if kept is not None:
        stages, recomputed = (kept.stage,), [kept.gradient_checkpointing]
    if zero.stage != "auto":
        stages = (zero.stage,)
    if all(arm.gradient_checkpointing != "auto" for arm in recipe.arms.values()):
        recomputed = recomputed[:1]
    rows = [tokens for tokens in _ROWS if tokens >= demands.longest_chain] or [-(-demands.longest_chain // 256) * 256]
    if training.tokens_per_micro_step != "auto":
        rows = [training.tokens_per_micro_step]
    for stage, again, tokens in itertools.product(stages, recomputed, rows):
        yield replace(base, stage=stage, gradient_checkpointing=again, tokens_per_micro_step=tokens)


def _tried(
    choice: Decided,
    recipe: Recipe,
    shapes: Mapping[str, ModelShape],
    machines: Machines,
    demands: Demands,
    types: tuple[GpuType, ...],
) -> _Tried:
    """The combination on the types of GPU that ranks may get: on the slowest one, and on the smallest one."""
    recipe = choice.applied(recipe)
    requests = {name: rank_request(recipe, name, shapes, demands) for name in recipe.arms}
    ranks = [rank_on_gpu(request, gpu) for request in requests.values() for gpu in types]
    fullest = max(ranks, key=lambda memory: memory.used / memory.capacity)
    scoring = 0.0
    if recipe.scorer:
        asked = ScoringRequest(shape=shapes[recipe.scorer], training=recipe.training)
        scoring = max(memory.used / memory.capacity for memory in (scoring_on_gpu(asked, gpu) for gpu in types))
    gpu = min(types, key=lambda gpu: gpu.tflops)
    node = next(node for node in machines.nodes if node.gpu == gpu)
    seconds = 0.0
    for name, request in requests.items():
        arm, groups = recipe.arms[name], demands.groups
        split = splits_groups(arm, groups, request.tokens)
        time = training_on_gpus(request, 1.0, tokens_per_step(arm, groups), gpu, node, node.gpus, split=split)
        seconds += sum(spent for what, spent in time if what in ("forward and backward", "optimizer off the GPU"))
    return _Tried(
        choice=choice,
        seconds=seconds,
        share=fullest.used / fullest.capacity,
        scoring=scoring,
        faulty=any(memory.faults for memory in ranks),
        needs=f"{size(fullest.used)} of {fullest.device}'s {size(fullest.capacity)}",
    )


def described(decided: Decided, recipe: Recipe, *, taken: bool = False) -> str:
    """What was decided for the recipe's settings that are `auto`, and why, in a line for people. `taken`: nobody has
    looked whether liger-kernel is installed."""
    applied, training = decided.applied(recipe), recipe.training
    found = []
    if training.zero.stage == "auto":
        found.append(f"zero.stage = {applied.training.zero.stage}")
    if training.tokens_per_micro_step == "auto":
        found.append(f"tokens_per_micro_step = {applied.training.tokens_per_micro_step}")
    if any(arm.gradient_checkpointing == "auto" for arm in recipe.arms.values()):
        found.append(f"gradient_checkpointing = {'true' if decided.gradient_checkpointing else 'false'}")
    why = f": {decided.reason}" if found else ""
    if training.fused_kernels == "auto" and training.gpus_per_rank:
        found.append(f"fused_kernels = '{decided.fused_kernels}'")
        there = "is taken to be installed" if taken else "is installed"
        why += f"; liger-kernel {there if decided.fused_kernels == 'on' else 'is not installed here'}"
    return f"auto: {', '.join(found)}{why}" if found else ""
