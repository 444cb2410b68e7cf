"""The engines of a plan: the memory of one, the types of GPU that it fits, and the nodes that all of them go to."""

from dataclasses import replace

from cluster.pool.placement import place_engine
from pipeline.estimates import cpu_processes
from pipeline.estimates.amounts import Amount
from pipeline.estimates.engine_memory import EngineMemory, EngineRequest, engine_on_cpu, engine_on_gpu, fitting_sizes
from pipeline.estimates.hardware import GpuType, Machines
from pipeline.estimates.packing import GroupRequest, place
from pipeline.estimates.shapes import ModelShape, weight_bytes_each
from pipeline.plan.parts import Engines, allowed_types, no_such_type, node_resources, node_with, slowest, type_note
from rollout.config import HostsConfig

_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}


def plan_engines(hosts: HostsConfig, role: str, shape: ModelShape, machines: Machines, mean_context: float) -> Engines:
    """The engines of the `teacher` or the `student` (`role`), whose conversations take `mean_context` tokens."""
    types = allowed_types(machines, hosts.gpu)
    if hosts.device == "cpu" or not types:
        return _on_cpus(_request(hosts, role, shape, mean_context, None), machines)
    scripted = hosts.scripted is not None
    found: dict[str, EngineMemory] = {}
    for gpu in types:
        memory = engine_on_gpu(_request(hosts, role, shape, mean_context, gpu), gpu)
        found[gpu.name] = _without_model(memory) if scripted else memory
    fits = frozenset(name for name, memory in found.items() if not memory.faults) or frozenset(found)
    placement = place_engine(
        hosts.engine.tensor_parallel,
        hosts.engine.pipeline_parallel,
        hosts.cpus,
        node_resources(machines, types),
        use_gpus=True,
        gpu=hosts.gpu,
    )
    # A placement group an engine, as `cluster.pool.reservation` makes them.
    group = GroupRequest(
        name=f"engines.{role}",
        bundles=tuple(replace(bundle, gpu_types=fits) for bundle in placement.bundles) * hosts.count,
        count=hosts.count,
        strategy=placement.strategy,
    )
    placed = place(group, machines)
    gpu = slowest(machines, placed, fits)
    memory = found[gpu.name]
    gpus_per_node = max(node.gpus for node in machines.nodes if node.gpu == gpu)
    return Engines(
        name=role,
        memory=memory,
        scripted=scripted,
        placement=placement,
        placed=placed,
        gpu=gpu,
        node=node_with(machines, placed, gpu),
        sizes=() if scripted else tuple(fitting_sizes(memory.request, gpu, gpus_per_node)),
        note=type_note(f"engines.{role}", hosts.gpu, machines, placed),
        faults=(*memory.faults, *placed.faults),
    )


def _on_cpus(request: EngineRequest, machines: Machines) -> Engines:
    """Engines that the recipe wants on CPUs, or that find no GPU."""
    hosts = request.hosts
    faults: tuple[str, ...] = ()
    if hosts.device == "gpu" and not machines.gpus:
        faults = ("device = 'gpu' and the machines have no GPU; use 'auto'",)
    elif hosts.device != "cpu" and machines.gpus:
        faults = (no_such_type(hosts.gpu, machines),)
    largest = max(node.memory for node in machines.nodes)
    memory = engine_on_cpu(request, cpu_processes.ENGINE_HOST, cpu_processes.ENGINE_WORKER, largest)
    if hosts.scripted is not None:
        memory = _without_model(memory)
    placement = place_engine(1, 1, hosts.cpus, (), use_gpus=False)
    group = GroupRequest(
        name=f"engines.{request.role}",
        bundles=placement.bundles * hosts.count,
        count=hosts.count,
        strategy=placement.strategy,
    )
    placed = place(group, machines)
    return Engines(
        name=request.role,
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


def _request(
    hosts: HostsConfig, role: str, shape: ModelShape, mean_context: float, gpu: GpuType | None
) -> EngineRequest:
    """What one engine is asked to hold on GPUs of one type, or on CPUs (None), which compute in float32."""
    plain = _BYTES.get(hosts.engine.dtype, 4.0 if gpu is None else 2.0)
    return EngineRequest(
        role=role,
        shape=shape,
        hosts=hosts,
        mean_context=mean_context,
        weight_bytes_each=weight_bytes_each(shape, hosts.engine.quantization, plain),
        kv_bytes_each=plain,
    )


def _without_model(memory: EngineMemory) -> EngineMemory:
    """Memory of a scripted host: it plays known solutions and loads a tokenizer only."""
    process = Amount("process", cpu_processes.HOST, "scripted: no model is loaded", "docs/planning.md")
    nothing = Amount("KV cache", 0.0, "none", "")
    return replace(memory, parts=(process,), kv_cache=nothing, faults=())
