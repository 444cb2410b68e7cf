"""The engines of a plan: the memory of one, the types of GPU that it fits, and the nodes that all of them go to."""

from dataclasses import replace

from cluster.gpus import GpuType
from cluster.pool.placement import place_engine
from pipeline.estimates import cpu_processes
from pipeline.estimates.amounts import Amount
from pipeline.estimates.engine_memory import EngineMemory, EngineRequest, engine_on_cpu, engine_on_gpu, fitting_sizes
from pipeline.estimates.hardware import Machines
from pipeline.estimates.packing import GroupRequest, place
from pipeline.estimates.shapes import ModelShape, weight_bytes_each
from pipeline.plan.models import why_on_gpus
from pipeline.plan.parts import Engines, allowed_types, no_such_type, node_resources, node_with, slowest, type_note
from rollout.config import HostsConfig

_OTHERS = "; name others with --cluster, or set device = 'cpu'"
_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}


def plan_engines(
    hosts: HostsConfig, role: str, shape: ModelShape, machines: Machines, mean_context: float, *, asked: bool = False
) -> Engines:
    """The engines of the `teacher` or the `student` (`role`), whose conversations take `mean_context` tokens; `asked`:
    as in `EngineRequest`.

    They are on GPUs of the types that they fit, or on CPUs where the recipe wants that or there are no GPUs for them.
    """
    types = allowed_types(machines, hosts.gpu) if hosts.device != "cpu" else ()
    faults: tuple[str, ...] = ()
    homeless = not machines.gpus and bool(why := why_on_gpus(hosts, shape))
    if homeless:
        faults = (f"{why}, and the machines have no GPU{_OTHERS}",)
    elif hosts.device != "cpu" and machines.gpus and not types:
        faults = (no_such_type(hosts.gpu, machines),)
    found: dict[str, EngineMemory] = {}
    for kind in types or (None,):
        request = replace(_request(hosts, role, shape, mean_context, kind), asked=asked)
        found[kind.name if kind else ""] = _memory(request, kind, machines)
    fits = frozenset(name for name, memory in found.items() if not memory.faults) or frozenset(found)
    size = (hosts.engine.tensor_parallel, hosts.engine.pipeline_parallel) if types else (1, 1)
    resources = node_resources(machines, types)
    placement = place_engine(*size, hosts.cpus, resources, use_gpus=bool(types), gpu=hosts.gpu if types else "")
    # A placement group an engine, as `cluster.pool.reservation` makes them.
    bundles = tuple(replace(bundle, gpu_types=fits if types else frozenset()) for bundle in placement.bundles)
    group = GroupRequest(
        name=f"engines.{role}", bundles=bundles * hosts.count, count=hosts.count, strategy=placement.strategy
    )
    placed = place(group, machines)
    gpu = slowest(machines, placed, fits) if types else None
    memory = found[gpu.name if gpu else ""]
    drafter = hosts.engine.speculative.model if hosts.engine.speculative else ""
    notes = (
        type_note(f"engines.{role}", hosts.gpu, machines, placed) if gpu else "",
        f"engines.{role}: the plan does not count the weights of {drafter}, which take from the KV cache"
        * bool(drafter),
    )
    gpus_per_node = max(node.gpus for node in machines.nodes if node.gpu == gpu) if gpu else 0
    largest = max(machines.nodes, key=lambda node: (node.name in placed.nodes, node.memory))
    return Engines(
        name=role,
        memory=memory,
        scripted=hosts.scripted is not None,
        placement=placement,
        placed=placed,
        gpu=gpu,
        node=node_with(machines, placed, gpu) if gpu else largest,
        sizes=tuple(fitting_sizes(memory.request, gpu, gpus_per_node)) if gpu and hosts.scripted is None else (),
        note="; ".join(filter(None, notes)),
        faults=(*faults, *placed.faults) if homeless else (*faults, *memory.faults, *placed.faults),
    )


def _memory(request: EngineRequest, gpu: GpuType | None, machines: Machines) -> EngineMemory:
    """Memory of one engine; that of a scripted host, which plays known solutions, is a tokenizer's only."""
    if gpu is not None:
        memory = engine_on_gpu(request, gpu)
    else:
        largest = max(node.memory for node in machines.nodes)
        beside = cpu_processes.beside_workers(request.gpus)
        memory = engine_on_cpu(request, beside, cpu_processes.ENGINE_WORKER, largest)
    if request.hosts.scripted is None:
        return memory
    process = Amount("process", cpu_processes.HOST, "scripted: no model is loaded", "docs/planning.md")
    return replace(memory, parts=(process,), kv_cache=Amount("KV cache", 0.0, "none", ""), faults=())


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
