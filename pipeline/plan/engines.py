"""The engines of a plan: what one takes, on which GPUs it fits, where all of them go."""

from dataclasses import replace

from cluster.pool.placement import EnginePlacement, place_engine
from pipeline.estimates import cpu_processes as plan_memory
from pipeline.estimates.amounts import Amount
from pipeline.estimates.engine_memory import EngineMemory, EngineRequest, engine_on_cpu, engine_on_gpu, fitting_sizes
from pipeline.estimates.hardware import GpuType, Machines
from pipeline.estimates.packing import GroupRequest, place
from pipeline.estimates.shapes import ModelShape
from pipeline.plan.parts import EnginePlan, allowed_types, no_such_type, node_resources, node_with, slowest, type_note
from pipeline.plan.ranks import engine_request
from pipeline.plan.tokens import Loads
from pipeline.recipe import Recipe
from rollout.config import HostsConfig


def plan_engines(recipe: Recipe, kind: str, shape: ModelShape, machines: Machines, loads: Loads) -> EnginePlan:
    """The engines of `kind` (`teacher` or `student`)."""
    hosts = recipe.hosts(kind)
    types = allowed_types(machines, hosts.gpu)
    if hosts.device == "cpu" or not types:
        request = engine_request(recipe, kind, shape, loads.context(kind), None)
        return _on_cpus(hosts, request, machines, _no_gpus(hosts, machines))
    return _on_gpus(recipe, hosts, kind, shape, machines, loads, types)


def _no_gpus(hosts: HostsConfig, machines: Machines) -> tuple[str, ...]:
    """Why engines that the recipe wants on GPUs have none."""
    if hosts.device == "gpu" and not machines.gpus:
        return ("device = 'gpu' and the machines have no GPU; use 'auto'",)
    if hosts.device != "cpu" and machines.gpus:
        return (no_such_type(hosts.gpu, machines),)
    return ()


def _on_cpus(hosts: HostsConfig, request: EngineRequest, machines: Machines, faults: tuple[str, ...]) -> EnginePlan:
    room = max(node.memory for node in machines.nodes)
    memory = engine_on_cpu(request, plan_memory.ENGINE_HOST, plan_memory.ENGINE_WORKER, room)
    if hosts.scripted is not None:
        memory = _scripted(memory)
    placement = place_engine(1, 1, hosts.cpus, (), use_gpus=False)
    placed = place(_group(request, placement), machines)
    return EnginePlan(
        kind=request.role,
        memory=memory,
        scripted=hosts.scripted is not None,
        placement=placement,
        placed=placed,
        gpu=None,
        node=max(machines.nodes, key=lambda node: (node.name in placed.nodes, node.memory)),
        sizes=(),
        note="",
        faults=(*faults, *memory.faults, *placed.faults),
    )


def _on_gpus(
    recipe: Recipe,
    hosts: HostsConfig,
    kind: str,
    shape: ModelShape,
    machines: Machines,
    loads: Loads,
    types: tuple[GpuType, ...],
) -> EnginePlan:
    found: dict[str, EngineMemory] = {}
    for gpu in types:
        memory = engine_on_gpu(engine_request(recipe, kind, shape, loads.context(kind), gpu), gpu)
        found[gpu.name] = _scripted(memory) if hosts.scripted is not None else memory
    request = found[types[0].name].request
    fits = frozenset(name for name, memory in found.items() if not memory.faults) or frozenset(found)
    placement = place_engine(
        request.tensor_parallel,
        request.pipeline_parallel,
        hosts.cpus,
        node_resources(machines, types),
        use_gpus=True,
        gpu=hosts.gpu,
    )
    placed = place(_group(request, placement, fits), machines)
    gpu = slowest(machines, placed, fits)
    memory = found[gpu.name]
    a_node = max(node.gpus for node in machines.nodes if node.gpu == gpu)
    return EnginePlan(
        kind=kind,
        memory=memory,
        scripted=hosts.scripted is not None,
        placement=placement,
        placed=placed,
        gpu=gpu,
        node=node_with(machines, placed, gpu),
        sizes=() if hosts.scripted is not None else tuple(fitting_sizes(memory.request, gpu, a_node)),
        note=type_note(f"engines.{kind}", hosts.gpu, machines, placed),
        faults=(*memory.faults, *placed.faults),
    )


def _group(request: EngineRequest, placement: EnginePlacement, types: frozenset[str] = frozenset()) -> GroupRequest:
    """A placement group an engine, as `cluster.pool.reservation` makes them."""
    return GroupRequest(
        name=f"engines.{request.role}",
        bundles=tuple(replace(bundle, gpu_types=types) for bundle in placement.bundles) * request.count,
        count=request.count,
        strategy=placement.strategy,
    )


def _scripted(memory: EngineMemory) -> EngineMemory:
    """A host that plays known solutions: only a tokenizer is loaded."""
    process = Amount("process", plan_memory.HOST, "scripted: no model is loaded", "docs/planning.md")
    nothing = Amount("KV cache", 0.0, "none", "")
    return replace(memory, parts=(process,), kv_cache=nothing, faults=())
