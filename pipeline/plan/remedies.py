"""What may be changed in a recipe that does not fit, and the harm of it: nothing, time, data, the model itself."""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cluster.config import apply_settings, parse
from cluster.errors import RequestError
from pipeline.estimates.amounts import total
from pipeline.estimates.engine_memory import EngineMemory, EngineRequest, engine_on_gpu, resized
from pipeline.estimates.hardware import MIB
from pipeline.estimates.packing import most
from pipeline.estimates.rank_memory import longest_row
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.parts import AREAS, EnginePlan, Fault, allowed_types
from pipeline.plan.tokens import Loads, longest_chain
from pipeline.recipe import Recipe, resolved
from rollout.config import HostsConfig

_AT_ONCE = 3
"""Changes of one set at most."""


_TRIES = 300
"""Sets planned for one area at most."""


_ELSE = {
    "reference": "no setting helps: take larger GPUs, or a smaller student",
    "memory": "no setting helps on these machines: take nodes with more memory, or a smaller model",
    "shm": "give the nodes a larger /dev/shm",
    "disk": "keep the run elsewhere (run.directory), or take larger disks",
}


_OTHERWISE = "no setting helps on these machines: take more or larger ones, or a smaller model"


Settings = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to set, as `--set` takes it, so that `area` fits; no settings: nothing that was tried helps."""

    area: str
    settings: Settings
    else_: str = ""


@dataclass(frozen=True, slots=True)
class Remedies:
    """One for each area that does not fit, and what they come to together: the faults that are left with all set."""

    each: tuple[Remedy, ...]
    together: Settings
    left: tuple[Fault, ...]

    @property
    def enough(self) -> bool:
        return bool(self.together) and not self.left


def remedies(plan: Plan) -> Remedies:
    """Of a plan that does not fit; empty where it does."""
    found: list[Remedy] = []
    together: Settings = ()
    for area in AREAS:
        if area not in _areas(plan):
            continue
        better = _better(plan, area)
        if better is None:
            found.append(Remedy(area, (), _ELSE.get(area, _OTHERWISE)))
            continue
        settings, plan = better
        found.append(Remedy(area, settings))
        together = _merged((*together, *settings))
    return Remedies(tuple(found), together, plan.faults)


def _better(plan: Plan, area: str) -> tuple[Settings, Plan] | None:
    """The least harmful settings without this area's faults and without new ones, and the plan with them.

    Where none helps, wrong switches are put right first: what else may be changed then is another list.
    """
    wanted = _areas(plan) - {area}
    changes = changes_for(plan, area)
    if found := _searched(plan, changes, wanted):
        return found
    switches = _merged(setting for change in changes if change.harm == RIGHT for setting in change.settings)
    righted = _planned(plan, switches) if switches else None
    if righted is None or not (found := _searched(righted, changes_for(righted, area), wanted)):
        return None
    return _merged((*switches, *found[0])), found[1]


@dataclass(frozen=True, slots=True)
class Change:
    """Settings that belong together. Of the same harm, the one that is named first is tried first."""

    harm: float
    settings: Settings

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(setting.partition("=")[0] for setting in self.settings)


def _searched(plan: Plan, changes: Sequence[Change], wanted: set[str]) -> tuple[Settings, Plan] | None:
    """The first set of changes that leaves faults in the areas `wanted` only."""
    for settings in itertools.islice(_sets(changes), _TRIES):
        again = _planned(plan, settings)
        if again is not None and _areas(again) <= wanted:
            return settings, again
    return None


def _planned(plan: Plan, settings: Settings) -> Plan | None:
    """The plan with other settings; None where no recipe has them."""
    try:
        changed = changed_recipe(plan.recipe, settings)
        return make_plan(changed, plan.machines, plan.rates, with_loads(plan.loads, changed))
    except RequestError:
        return None


def _merged(settings: Iterable[str]) -> Settings:
    """What is set last counts."""
    return tuple({setting.partition("=")[0]: setting for setting in settings}.values())


def changed_recipe(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """The recipe with settings on top. Raises RequestError where it allows none such."""
    return parse(Recipe, apply_settings(resolved(recipe), settings), "the recipe")


def with_loads(loads: Loads, recipe: Recipe) -> Loads:
    """Tokens that were counted before, for a recipe of the same conversations whose chains may be longer or shorter."""
    return replace(loads, longest_chain=longest_chain(recipe, loads.talks))


def _areas(plan: Plan) -> set[str]:
    return {fault.area for fault in plan.faults}


def _sets(changes: Sequence[Change]) -> Iterator[Settings]:
    """Sets of changes that set nothing twice: by the worst of each, then the second worst, the fewest first."""
    sets = [
        chosen
        for size in range(1, _AT_ONCE + 1)
        for chosen in itertools.combinations(changes, size)
        if sum(len(change.keys) for change in chosen) == len(frozenset().union(*(change.keys for change in chosen)))
    ]
    sets.sort(key=lambda chosen: sorted((change.harm for change in chosen), reverse=True))
    return (tuple(setting for change in chosen for setting in change.settings) for chosen in sets)


RIGHT = 0.0
"""A wrong switch is put right; nothing is lost."""


_ROOM = 1.0
"""What is free is used, or what stood idle is given back."""


_FEWER = 2.0
"""Less at a time."""


_SLOWER = 3.0
"""The same in more time."""


_DATA = 5.0
"""Long conversations or chains are lost."""


_MODEL = 6.0
"""Another model, in effect."""


_SIZES = 8
"""Parallel sizes that are tried."""


def changes_for(plan: Plan, area: str) -> list[Change]:
    """What may help an area of faults."""
    if area.startswith("engines."):
        engines = plan.engines_of(area.removeprefix("engines."))
        return list(_of_engines(plan, engines)) if engines is not None else []
    if area in ("training", "reference"):
        return list(_of_ranks(plan))
    if area == "disk":
        return _options(_ROOM, [f"training.keep_checkpoints={kept}" for kept in _halves(_kept(plan), 1)])
    return list(_of_nodes(plan))


def _of_engines(plan: Plan, engines: EnginePlan) -> Iterator[Change]:
    at, memory, request = f"engines.{engines.kind}", engines.memory, engines.memory.request
    hosts: HostsConfig = getattr(plan.recipe.engines, engines.kind)
    if hosts.device == "gpu" and not plan.machines.gpus:
        yield Change(RIGHT, (f"{at}.device='auto'",))
    if hosts.gpu:
        yield Change(_FEWER if allowed_types(plan.machines, hosts.gpu) else RIGHT, (f"{at}.gpu=''",))
    if request.shape.max_context and request.max_context > request.shape.max_context:
        yield Change(RIGHT, (f"{at}.engine.max_context={request.shape.max_context}",))
    yield from _cpus(f"{at}.cpus", hosts.cpus, bool(engines.placed.faults))
    yield from _count(plan, at, engines)
    if engines.scripted:
        if request.gpus > 1:
            one = (f"{at}.engine.tensor_parallel=1", f"{at}.engine.pipeline_parallel=1")
            yield Change(RIGHT, one)
            yield Change(_ROOM, (*one, f"{at}.count={min(request.count, max(1, plan.machines.gpus))}"))
        return
    if engines.gpu is None:
        if plan.machines.gpus and hosts.device == "cpu":
            yield Change(RIGHT, (f"{at}.device='auto'",))
        yield from _of_cpu_engines(at, memory)
        return
    if request.gpu_memory < 0.9:
        yield Change(_ROOM, (f"{at}.engine.gpu_memory=0.9",))
    left = int((memory.capacity * max(0.9, request.gpu_memory) - total(memory.parts)) / MIB)
    if request.kv_cache is not None and left > 0:
        yield Change(_ROOM, (f"{at}.engine.kv_cache_mb={left}",))
    yield from _sizes(plan, at, engines, request, _ROOM, ())
    if request.kv_cache is not None:
        yield from _sizes(plan, at, engines, replace(request, kv_cache=None), _ROOM + 0.5, ())
    yield from _options(_FEWER, [f"{at}.engine.max_running={fewer}" for fewer in _halves(request.max_running, 16)])
    if not request.eager:
        yield Change(_SLOWER, (f"{at}.engine.eager=true",))
    yield from _options(_DATA, [f"{at}.engine.max_context={length}" for length in _halves(request.max_context, 512)])
    if request.weight_bytes_each > 1:
        smaller = replace(request, weight_bytes_each=1.0)
        yield from _sizes(plan, at, engines, smaller, _MODEL, (f"{at}.engine.quantization='fp8'",))


def _of_cpu_engines(at: str, memory: EngineMemory) -> Iterator[Change]:
    """A worker for each part of the model; a cache for one context at least, and for no more than all at a time."""
    request = memory.request
    if request.gpus > 1:
        yield Change(RIGHT, (f"{at}.engine.tensor_parallel=1", f"{at}.engine.pipeline_parallel=1"))
    for contexts in (request.max_running, 1):
        cache = contexts * request.max_context * memory.kv_bytes_per_token / request.gpus
        yield Change(_ROOM + 1 / contexts, (f"{at}.engine.kv_cache_mb={math.ceil(cache / MIB)}",))
    yield from _options(_DATA, [f"{at}.engine.max_context={length}" for length in _halves(request.max_context, 512)])


def _sizes(
    plan: Plan, at: str, engines: EnginePlan, request: EngineRequest, harm: float, also: Settings
) -> Iterator[Change]:
    """Parallel sizes that fit some type of GPU, the fewest GPUs first: with as many engines, or as many as there is
    room for."""
    for step, (tensor, pipeline) in enumerate(_fitting(plan, engines, request)[:_SIZES]):
        size: Settings = (f"{at}.engine.tensor_parallel={tensor}", f"{at}.engine.pipeline_parallel={pipeline}")
        if request.kv_cache is None and engines.memory.request.kv_cache is not None:
            size += (f"{at}.engine.kv_cache_mb={_cache_mib(plan, engines, resized(request, tensor, pipeline))}",)
        yield Change(harm + step / 100, (*also, *size))
        held = plan.machines.gpus // (tensor * pipeline)
        if 0 < held < request.count:
            yield Change(max(harm, _FEWER) + step / 100, (*also, *size, f"{at}.count={held}"))


def _cache_mib(plan: Plan, engines: EnginePlan, request: EngineRequest) -> int:
    """What is left for the KV cache on the type of GPU that has least, of those that the engine fits on."""
    hosts: HostsConfig = getattr(plan.recipe.engines, engines.kind)
    found = [engine_on_gpu(request, gpu) for gpu in allowed_types(plan.machines, hosts.gpu)]
    return int(min(memory.kv_cache.bytes for memory in found if not memory.faults) / MIB)


def _fitting(plan: Plan, engines: EnginePlan, request: EngineRequest) -> list[tuple[int, int]]:
    """On one node, and across nodes where TP fills one and each node has a stage of PP or several."""
    hosts: HostsConfig = getattr(plan.recipe.engines, engines.kind)
    found: set[tuple[int, int]] = set()
    for gpu in allowed_types(plan.machines, hosts.gpu):
        a_node = max(node.gpus for node in plan.machines.nodes if node.gpu == gpu)
        gpus = sum(node.gpus for node in plan.machines.nodes if node.gpu == gpu)
        for tensor in range(1, a_node + 1):
            deepest = min(gpus // tensor, request.shape.layers)
            for pipeline in range(1, deepest + 1):
                whole = tensor * pipeline <= a_node or tensor == a_node
                if whole and not engine_on_gpu(resized(request, tensor, pipeline), gpu).faults:
                    found.add((tensor, pipeline))
                    break  # more stages hold no more than they must
    return sorted(found, key=lambda size: (size[0] * size[1], size[1]))


def _of_ranks(plan: Plan) -> Iterator[Change]:
    training, zero = plan.recipe.training, plan.recipe.training.zero
    tokens, longest = training.tokens_per_micro_step, plan.loads.longest_chain
    on_gpu = training.gpus_per_rank > 0
    if on_gpu and training.gpus_per_rank != 1 and plan.machines.gpus:
        yield Change(RIGHT, ("training.gpus_per_rank=1",))
    if training.gpu:
        yield Change(_FEWER if allowed_types(plan.machines, training.gpu) else RIGHT, ("training.gpu=''",))
    placed = [rank.placed for rank in plan.ranks] + ([plan.scoring.placed] if plan.scoring else [])
    yield from _cpus("training.cpus_per_rank", training.cpus_per_rank, any(one.faults for one in placed))
    if longest > tokens:
        yield Change(_ROOM, (f"training.tokens_per_micro_step={-(-longest // 256) * 256}",))
    yield from _rank_counts(plan)
    if zero.stage < 3:
        yield Change(_ROOM, ("training.zero.stage=3",))
    yield from _options(_FEWER, [f"training.tokens_per_micro_step={row}" for row in _halves(tokens, max(256, longest))])
    yield from _checkpointing(plan.recipe)
    if on_gpu and zero.bf16 != "off" and any(not gpu.bf16 for gpu in plan.machines.gpu_types()):
        yield Change(_SLOWER, ("training.zero.bf16='off'",))
    if on_gpu and zero.bf16 == "off" and all(gpu.bf16 for gpu in plan.machines.gpu_types()):
        yield Change(RIGHT, ("training.zero.bf16='auto'",))
    if zero.offload_optimizer == "none":
        yield Change(_SLOWER, ("training.zero.offload_optimizer='cpu'",))
        both = ("training.zero.offload_optimizer='cpu'", "training.zero.offload_param='cpu'")
        yield Change(_SLOWER + 0.5, both if zero.stage == 3 else ("training.zero.stage=3", *both))
    if on_gpu and not plan.machines.gpus:
        yield Change(RIGHT, ("training.gpus_per_rank=0",))
    held = min((longest_row(rank.memory.request) for rank in plan.ranks), default=tokens)
    for row in dict.fromkeys((held, tokens, *_halves(min(tokens, longest), 256))):
        if 256 <= row < longest:
            shorter = (f"groups.max_tokens={row}",)
            also = () if row >= held else (f"training.tokens_per_micro_step={row}",)
            yield Change(_DATA + 1 / row, (*also, *shorter))


def _rank_counts(plan: Plan) -> Iterator[Change]:
    """As many ranks as there is room for, or half of it: fewer where they have no room, more to share the states."""
    training = plan.recipe.training
    bundle = replace(training.bundle, gpus=float(training.gpus_per_rank > 0))  # one or none, whatever is asked
    fits = frozenset(rank.gpu.name for rank in plan.ranks if rank.gpu is not None and not rank.memory.faults)
    allowed = frozenset(gpu.name for gpu in allowed_types(plan.machines, training.gpu))
    held = [most((replace(bundle, gpu_types=types),), plan.machines, 4096) for types in (fits or allowed, allowed)]
    counts = dict.fromkeys(count for count in (*held, held[-1] // 2) if count not in (0, training.ranks))
    yield from _options(_ROOM + 0.5, [f"training.ranks={count}" for count in counts])


def _checkpointing(recipe: Recipe) -> Iterator[Change]:
    without = [name for name, arm in recipe.arms.items() if not arm.gradient_checkpointing]
    if without:
        yield Change(_FEWER, tuple(f"arms.{_quoted(name)}.gradient_checkpointing=true" for name in without))


def _of_nodes(plan: Plan) -> Iterator[Change]:
    """Less at a time in a node's own memory."""
    training, machines = plan.recipe.training, plan.machines
    if machines.gpus and not training.gpus_per_rank and plan.ranks:
        yield Change(RIGHT, ("training.gpus_per_rank=1",))
    if plan.scoring is not None and plan.scoring.meanwhile:
        yield Change(_ROOM, ("training.score_meanwhile=false",))
    for engines in plan.engines:
        at, request = f"engines.{engines.kind}", engines.memory.request
        if machines.gpus and engines.gpu is None:
            yield Change(RIGHT, (f"{at}.device='auto'",))
        if engines.gpu is None and not engines.scripted and engines.memory.kv_cache.bytes > 64 * MIB:
            yield Change(_FEWER, (f"{at}.engine.kv_cache_mb=64",))
        yield from _options(_FEWER, [f"{at}.count={fewer}" for fewer in _halves(request.count, 1)])
    yield from _options(_FEWER, [f"training.ranks={fewer}" for fewer in _halves(training.ranks, 1)])
    if training.zero.offload_param == "cpu":
        yield Change(_ROOM, ("training.zero.offload_param='none'",))
    if training.zero.offload_optimizer == "cpu":
        yield Change(_ROOM, ("training.zero.offload_optimizer='none'",))
    if not training.gpus_per_rank:
        yield from _checkpointing(plan.recipe)


def _count(plan: Plan, at: str, engines: EnginePlan) -> Iterator[Change]:
    """As many engines as there is room for."""
    held = most(engines.placed.request.group, plan.machines, engines.memory.request.count)
    if 0 < held < engines.memory.request.count:
        yield Change(_ROOM, (f"{at}.count={held}",))


def _cpus(key: str, cpus: float, no_room: bool) -> Iterator[Change]:
    """CPUs that are reserved, where that keeps something from its place."""
    if no_room:
        yield from _options(_ROOM, [f"{key}={fewer}" for fewer in _halves(int(cpus), 1)])


def _options(harm: float, settings: Sequence[str]) -> list[Change]:
    """One of these, the first one that helps."""
    return [Change(harm + step / 100, (setting,)) for step, setting in enumerate(settings)]


def _kept(plan: Plan) -> int:
    return plan.recipe.training.keep_checkpoints


def _halves(value: int, least: int) -> Iterator[int]:
    while value // 2 >= least:
        value //= 2
        yield value


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
