"""The one change of the recipe that mends each fault of a plan, found by planning again.

For each kind of fault there is a short list of levers (a setting, or settings that belong together), the least costly
first: switches that are wrong on these machines, then what is free, what makes less run at a time, what is slower, and
last what loses data or changes the model. A lever is proposed if the plan with it lacks the fault and has no new one.
Faults are mended one after the other, so that all proposals together are planned, too.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cluster.config import apply_settings, parse
from cluster.errors import RequestError
from pipeline.estimates.amounts import total
from pipeline.estimates.engine_memory import EngineRequest, asked_bytes, engine_on_gpu
from pipeline.estimates.hardware import MIB
from pipeline.estimates.packing import most
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.parts import Engines, Fault, allowed_types
from pipeline.plan.tokens import Demands, longest_chain
from pipeline.recipe import Recipe, resolved
from training.config import decided

_OTHERWISE = {
    "reference": "take larger GPUs, or a smaller student",
    "memory": "take nodes with more memory, or a smaller model",
    "shm": "give the nodes a larger /dev/shm",
    "problems": "correct these rows or their checker: `chainpref problems RECIPE --check` lists all",
    "disk": "keep the run elsewhere (run.directory), or take larger disks",
}
_NONE_HELPS = "no single setting helps on these machines"

Settings = tuple[str, ...]
"""KEY=VALUE, as `--set` takes it."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to set against a fault; without settings, `otherwise` says what to do instead."""

    fault: Fault
    settings: Settings = ()
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Remedies:
    """One remedy for each fault that was met; `left` are the faults of the plan with all settings `together`."""

    each: tuple[Remedy, ...]
    together: Settings
    left: tuple[Fault, ...]


def remedies(plan: Plan) -> Remedies:
    """The remedies of a plan that does not fit; empty where it fits."""
    found: list[Remedy] = []
    while mended := next((better for fault in plan.faults if (better := _mended(plan, fault))), None):
        remedy, plan = mended
        found.append(remedy)
    for fault in plan.faults:
        instead = _OTHERWISE.get(fault.area, "take more or larger ones, or a smaller model")
        found.append(Remedy(fault, (), f"{_NONE_HELPS}: {instead}"))
    settings = (setting for remedy in found for setting in remedy.settings)
    together = {setting.partition("=")[0]: setting for setting in settings}
    return Remedies(tuple(found), tuple(together.values()), plan.faults)


def changed_recipe(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """The recipe with settings on top. Raises RequestError for settings that it does not allow."""
    return parse(Recipe, apply_settings(resolved(recipe), settings), "the recipe")


def with_demands(demands: Demands, recipe: Recipe) -> Demands:
    """Tokens that were counted before, for a recipe of the same conversations whose chains may be longer or shorter."""
    return replace(demands, longest_chain=longest_chain(recipe, demands.lengths))


def _mended(plan: Plan, fault: Fault) -> tuple[Remedy, Plan] | None:
    """The first lever that mends the fault, and the plan with it.

    Behind a wrong switch other faults of the same area may come to light, which could not be seen before: they are no
    reason against it, and are mended next.
    """
    gone, before = _kind(fault), set(map(_kind, plan.faults))
    switches = list(_switches(plan, fault))
    for settings in (*switches, *_levers(plan, fault)):
        try:
            recipe = changed_recipe(plan.recipe, settings)
            again = make_plan(recipe, plan.machines, plan.rates, with_demands(plan.demands, recipe), plan.findings)
        except RequestError:
            continue
        after = set(map(_kind, again.faults))
        hidden = {_kind(other) for other in again.faults if other.area == fault.area} if settings in switches else set()
        if gone not in after and after <= before | hidden:
            return Remedy(fault, settings), again
    return None


def _kind(fault: Fault) -> str:
    """A fault without its numbers: with other numbers it is the same fault."""
    return re.sub(r"\d[\d.,]*", "N", f"{fault.area}: {fault}")


def _switches(plan: Plan, fault: Fault) -> Iterator[Settings]:
    """Settings of the fault's area that are wrong on these machines or for this model, put right."""
    training, machines = plan.recipe.training, plan.machines
    if fault.area in ("training", "reference"):
        if training.gpu and not allowed_types(machines, training.gpu):
            yield ("training.gpu=''",)
        if training.gpus_per_rank and training.gpus_per_rank != bool(machines.gpus):
            yield (f"training.gpus_per_rank={int(machines.gpus > 0)}",)
    for engines in plan.engines:
        at, request = f"engines.{engines.name}", engines.memory.request
        wrong_device = request.hosts.device == ("cpu" if machines.gpus else "gpu")
        if wrong_device and (fault.area == at or (fault.area == "memory" and machines.gpus)):
            yield (f"{at}.device='auto'",)
        if fault.area == at:
            if request.hosts.gpu and not allowed_types(machines, request.hosts.gpu):
                yield (f"{at}.gpu=''",)
            if request.gpus > 1 and (engines.scripted or engines.gpu is None):
                yield (f"{at}.engine.tensor_parallel=1", f"{at}.engine.pipeline_parallel=1")
            if 0 < request.shape.max_context < request.engine.max_context:
                yield (f"{at}.engine.max_context={request.shape.max_context}",)


def _levers(plan: Plan, fault: Fault) -> Iterator[Settings]:
    """What may mend a fault beside switches, the least costly first."""
    if fault.area.startswith("engines."):
        engines = plan.engines_of(fault.area.removeprefix("engines."))
        if engines is not None:
            yield from _of_engines(plan, engines)
    elif fault.area in ("training", "reference"):
        yield from _of_ranks(plan)
    elif fault.area == "disk":
        yield from _halved("training.keep_checkpoints", plan.recipe.training.keep_checkpoints, 1)
    else:
        yield from _of_nodes(plan)


def _of_engines(plan: Plan, engines: Engines) -> Iterator[Settings]:
    """Levers for engines that fit no device, or find no place."""
    at, memory, request = f"engines.{engines.name}", engines.memory, engines.memory.request
    hosts, engine = request.hosts, request.engine
    held = most(engines.placed.request.group, plan.machines, hosts.count)
    if 0 < held < hosts.count:
        yield (f"{at}.count={held}",)
    if engines.placed.faults:
        yield from _halved(f"{at}.cpus", int(hosts.cpus), 1)
    if engines.gpu is None:
        for contexts in (engine.max_running, 1):
            cache = contexts * engine.max_context * memory.kv_bytes_per_token / request.gpus
            yield (f"{at}.engine.kv_cache_mb={math.ceil(cache / MIB)}",)
    else:
        if engine.gpu_memory < 0.9:
            yield (f"{at}.engine.gpu_memory=0.9",)
        if (asked := asked_bytes(request, on_gpu=True)) is not None:
            yield (f"{at}.engine.gpu_memory={math.floor(100 * (1 - asked.bytes / memory.capacity)) / 100:g}",)
        left = int((memory.capacity * max(0.9, engine.gpu_memory) - total(memory.parts)) / MIB)
        if engine.kv_cache_mb is not None and left > 0:
            yield (f"{at}.engine.kv_cache_mb={left}",)
        for (tensor, pipeline), cache_mb in _sizes(plan, request)[:4]:
            held = max(1, plan.machines.gpus // (tensor * pipeline))
            size = (
                f"{at}.engine.tensor_parallel={tensor}" if tensor != engine.tensor_parallel else "",
                f"{at}.engine.pipeline_parallel={pipeline}" if pipeline != engine.pipeline_parallel else "",
                f"{at}.count={held}" if held < hosts.count else "",
                f"{at}.engine.kv_cache_mb={cache_mb}" if cache_mb else "",
            )
            yield tuple(filter(None, size))
        yield from _halved(f"{at}.engine.max_running", engine.max_running, 16)
        yield (f"{at}.engine.eager=true",)
    yield from _halved(f"{at}.engine.max_context", engine.max_context, 512)
    yield (f"{at}.engine.quantization='fp8'",)
    if hosts.gpu:
        yield (f"{at}.gpu=''",)


def _sizes(plan: Plan, request: EngineRequest) -> list[tuple[tuple[int, int], int]]:
    """(tensor, pipeline) parallel sizes that fit some type of GPU, the smallest first. With each come the MiB of
    KV cache that are left there, where the recipe's `kv_cache_mb` does not fit, else 0.

    They are on one node, or across nodes where TP fills one and each node has a stage of PP or several.
    """
    found: dict[tuple[int, int], int] = {}
    for gpu in allowed_types(plan.machines, request.hosts.gpu):
        nodes = [node.gpus for node in plan.machines.nodes if node.gpu == gpu]
        for tensor in range(1, max(nodes) + 1):
            for pipeline in range(1, min(sum(nodes) // tensor, request.shape.layers) + 1):
                sized = request.with_engine(tensor_parallel=tensor, pipeline_parallel=pipeline)
                free = engine_on_gpu(sized.with_engine(kv_cache_mb=None), gpu)
                on_one_node = tensor * pipeline <= max(nodes)
                if (on_one_node or tensor == max(nodes)) and not free.faults:
                    fits = not engine_on_gpu(sized, gpu).faults
                    found.setdefault((tensor, pipeline), 0 if fits else int(free.kv_cache.bytes / MIB))
                    break  # More stages than needed help nobody.
    return sorted(found.items(), key=lambda item: (item[0][0] * item[0][1], item[0][1]))


def _of_ranks(plan: Plan) -> Iterator[Settings]:
    """Levers for ranks and scoring tasks that fit no device, or find no place."""
    training, zero, stage = plan.training, plan.training.zero, decided(plan.training.zero.stage)
    tokens, longest = decided(training.tokens_per_micro_step), plan.demands.longest_chain
    if any(part.placed.faults for part in (*plan.ranks, plan.scoring) if part is not None):
        yield from _halved("training.cpus_per_rank", int(training.cpus_per_rank), 1)
    if longest > tokens:
        yield (f"training.tokens_per_micro_step={-(-longest // 256) * 256}",)
    # As many ranks as the machines hold: fewer that find a place, or more that share the states.
    allowed = frozenset(gpu.name for gpu in allowed_types(plan.machines, training.gpu))
    fits = frozenset(rank.gpu.name for rank in plan.ranks if rank.gpu is not None and not rank.memory.faults)
    for types in dict.fromkeys((fits or allowed, allowed)):
        if held := most((replace(training.bundle, gpu_types=types),), plan.machines, 4096):
            yield (f"training.ranks={held}",)
    if stage < 3:
        yield ("training.zero.stage=3",)
    yield from _halved("training.tokens_per_micro_step", tokens, max(256, longest))
    yield from _checkpointing(plan.recipe)
    if training.gpus_per_rank:
        other = "'auto'" if zero.bf16 == "off" else "'off'"
        yield (f"training.zero.bf16={other}",)
    yield ("training.zero.offload_optimizer='cpu'",)
    for recomputed in _checkpointing(plan.recipe):
        yield (*recomputed, "training.zero.offload_optimizer='cpu'")
    everything = ("training.zero.offload_optimizer='cpu'", "training.zero.offload_param='cpu'")
    yield everything if stage == 3 else ("training.zero.stage=3", *everything)
    longest_row = min((rank.memory.request.longest_row for rank in plan.ranks), default=tokens)
    if longest_row < longest:
        yield (f"groups.max_tokens={longest_row}",)
    if training.gpu:
        yield ("training.gpu=''",)


def _of_nodes(plan: Plan) -> Iterator[Settings]:
    """Levers for nodes whose memory or /dev/shm does not hold what is placed on them."""
    training, zero = plan.recipe.training, plan.recipe.training.zero
    if plan.scoring is not None and plan.scoring.memory.request.meanwhile:
        yield ("training.score_meanwhile=false",)
    if plan.stands is not None and plan.stands.beside:
        yield ("training.beside_hosts=false",)
    if plan.machines.gpus and not training.gpus_per_rank and plan.ranks:
        yield ("training.gpus_per_rank=1",)
    for engines in plan.engines:
        at = f"engines.{engines.name}"
        if engines.gpu is None and engines.memory.kv_cache.bytes > 64 * MIB:
            yield (f"{at}.engine.kv_cache_mb=64",)
        yield from _halved(f"{at}.count", engines.memory.request.hosts.count, 1)
    yield from _halved("training.ranks", training.ranks, 1)
    if zero.offload_param == "cpu":
        yield ("training.zero.offload_param='none'",)
    if zero.offload_optimizer == "cpu":
        yield ("training.zero.offload_optimizer='none'",)
    if not training.gpus_per_rank:
        yield from _checkpointing(plan.recipe)


def _checkpointing(recipe: Recipe) -> Iterator[Settings]:
    """Gradient checkpointing in all arms."""
    without = [name for name, arm in recipe.arms.items() if not arm.gradient_checkpointing]
    quoted = (name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"' for name in without)
    if without:
        yield tuple(f"arms.{name}.gradient_checkpointing=true" for name in quoted)


def _halved(key: str, value: int, least: int) -> Iterator[Settings]:
    """Half of a value, a quarter of it, and so on."""
    while value // 2 >= least:
        value //= 2
        yield (f"{key}={value}",)
