"""The smallest change that makes a recipe fit: candidates in the order of what they cost, each one planned again."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cluster.config import apply_settings, parse
from cluster.errors import RequestError
from cluster.placement import Bundle
from cluster.planner.engines import fitting_sizes
from cluster.planner.placement import most
from cluster.planner.ranks import longest_row
from pipeline.plan import EnginePlan, Plan, make_plan
from pipeline.plan_tokens import longest_chain
from pipeline.recipe import Recipe, resolved

_AREAS = ("engines.teacher", "engines.student", "training", "stage", "node")
Settings = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to set, as `--set` takes it, so that `area` fits; no settings: nothing that was tried helps."""

    area: str
    settings: Settings
    else_: str = ""


def remedies(plan: Plan) -> tuple[Remedy, ...]:
    """One for each area of the plan that does not fit."""
    return tuple(_remedy(plan, area) for area in _AREAS if _faults(plan, area))


def _remedy(plan: Plan, area: str) -> Remedy:
    for settings in _candidates(plan, area):
        try:
            changed = _changed(plan.recipe, settings)
        except RequestError:
            continue
        loads = replace(plan.loads, longest_chain=longest_chain(changed, plan.loads.talks))
        if not _faults(make_plan(changed, plan.machines, plan.rates, loads), area):
            return Remedy(area, settings)
    return Remedy(area, (), "no setting alone helps on these machines: take more or larger ones, or a smaller model")


def _faults(plan: Plan, area: str) -> list[str]:
    return [fault for fault in plan.faults if fault.startswith(area)]


def _changed(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    return parse(Recipe, apply_settings(resolved(recipe), settings), "the recipe")


def _candidates(plan: Plan, area: str) -> Iterator[Settings]:
    if area.startswith("engines."):
        engines = plan.engines_of(area.removeprefix("engines."))
        if engines is not None:
            yield from _for_engines(plan, engines)
    elif area == "training":
        yield from _for_training(plan)
    elif area == "node":
        yield ("training.zero.offload_optimizer='none'",)
        yield from _for_training(plan)
    else:
        yield from _for_machine(plan)


def _for_engines(plan: Plan, engines: EnginePlan) -> Iterator[Settings]:
    at, request = f"engines.{engines.kind}", engines.memory.request
    yield from _count(plan, at, request.gpus if engines.gpu else 0, request.cpus)
    yield (f"{at}.engine.eager=true",)
    sizes = _sizes(plan, engines)
    for tensor, pipeline in sizes:
        size = (f"{at}.engine.tensor_parallel={tensor}", f"{at}.engine.pipeline_parallel={pipeline}")
        yield size[:1] if pipeline == request.pipeline_parallel else size
        for count in _count(plan, at, tensor * pipeline, request.cpus):
            yield (*size, *count)
    for context in _halves(request.max_context, 512):
        yield (f"{at}.engine.max_context={context}",)
    if sizes:
        return
    for tensor in (1, 2, 4, 8):
        quantised = (f"{at}.engine.quantization='fp8'", f"{at}.engine.tensor_parallel={tensor}")
        for count in ((), *_count(plan, at, tensor, request.cpus)):
            yield (*quantised, *count)


def _sizes(plan: Plan, engines: EnginePlan) -> list[tuple[int, int]]:
    """Sizes that fit some type of GPU, the fewest GPUs first."""
    found = set(engines.sizes)
    for gpu in plan.machines.gpu_types():
        node = max(node.gpus for node in plan.machines.nodes if node.gpu == gpu)
        found |= set(fitting_sizes(engines.memory.request, gpu, node))
    return sorted(found, key=lambda size: (size[0] * size[1], size[1]))


def _count(plan: Plan, at: str, gpus: float, cpus: float) -> Iterator[Settings]:
    """As many engines as there is room for; the setting alone."""
    held = most(Bundle(cpus=cpus, gpus=gpus), plan.machines)
    if held:
        yield (f"{at}.count={held}",)


def _for_training(plan: Plan) -> Iterator[Settings]:
    training = plan.recipe.training
    tokens, longest = training.tokens_per_micro_step, plan.loads.longest_chain
    most_tokens = min((longest_row(rank.memory.request) for rank in plan.ranks), default=tokens)
    if longest > most_tokens:
        yield (f"groups.max_tokens={most_tokens}",)
    if longest > tokens:
        yield (f"training.tokens_per_micro_step={-(-longest // 256) * 256}",)
    checkpointing = tuple(f"arms.{_quoted(name)}.gradient_checkpointing=true" for name in plan.recipe.arms)
    yield checkpointing
    for fewer in _halves(tokens, max(256, longest)):
        yield (f"training.tokens_per_micro_step={fewer}",)
        yield (*checkpointing, f"training.tokens_per_micro_step={fewer}")
    whole = ("training.zero.stage=3",) if training.zero.stage < 3 else ()
    if whole:
        yield whole
    offload = (*whole, "training.zero.offload_optimizer='cpu'")
    yield offload
    yield (*offload, *checkpointing)
    held = most(Bundle(cpus=training.cpus_per_rank, gpus=training.gpus_per_rank), plan.machines)
    for ranks in sorted({held, held // 2} - {0}, reverse=True):
        yield (f"training.ranks={ranks}",)
        yield (f"training.ranks={ranks}", *checkpointing)
        yield (f"training.ranks={ranks}", *checkpointing, *offload)
        yield (
            f"training.ranks={ranks}",
            *checkpointing,
            *offload,
            f"training.tokens_per_micro_step={max(256, longest)}",
        )
    if training.gpus_per_rank and not plan.machines.gpus:
        yield ("training.gpus_per_rank=0",)
    yield (*offload, *checkpointing, "training.zero.offload_param='cpu'")


def _for_machine(plan: Plan) -> Iterator[Settings]:
    """Less at a time on a machine without GPUs."""
    yield ("training.ranks=1",)
    for kind in ("teacher", "student"):
        yield (f"engines.{kind}.count=1",)
    yield ("engines.teacher.engine.kv_cache_mb=64", "engines.student.engine.kv_cache_mb=64")
    yield ("engines.teacher.count=1", "engines.student.count=1", "training.ranks=1")


def _halves(value: int, least: int) -> Iterator[int]:
    while value // 2 >= least:
        value //= 2
        yield value


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
