"""`chainpref plan`: what a recipe would place where, its memory, time, storage and money. Starts nothing.

Translates the recipe into the planner's requests (`plan_requests`), asks for sizes and places, and puts the answers
together. What does not fit is a fault of the plan, never an exception: the rest is still worth reading.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cluster.placement import Bundle
from cluster.planner.amounts import Amount
from cluster.planner.engines import EngineMemory, EngineRequest, engine_on_cpu, engine_on_gpu, fitting_sizes
from cluster.planner.licences import Judgement, judge_outputs
from cluster.planner.machines import GIB, GPUS, GpuType, Machines, Node
from cluster.planner.placement import GroupRequest, PlacedGroup, place
from cluster.planner.ranks import RankMemory, rank_on_cpu, rank_on_gpu
from cluster.planner.shapes import ModelShape
from cluster.planner.speed import CpuRates
from pipeline import plan_memory
from pipeline.plan_load import Loads, loads_of
from pipeline.plan_models import model_shapes, needs_gpus, unpinned, unsuited_rates
from pipeline.plan_requests import engine_request, rank_request
from pipeline.plan_storage import storage_faults, storage_of
from pipeline.recipe import Recipe
from rollout.config import HostsConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlan:
    """The hosts of one kind: memory of one engine, where all of them go, and which sizes would fit."""

    kind: str
    memory: EngineMemory
    placed: PlacedGroup
    gpu: GpuType | None
    node: Node
    """A node that holds one; the largest where none can be placed."""
    sizes: tuple[tuple[int, int], ...]
    """(tensor, pipeline) parallel sizes that fit."""

    @property
    def a_node(self) -> int:
        """Engines on the fullest node; 1 where an engine crosses nodes."""
        fullest = max((self.placed.nodes.count(name) for name in self.placed.nodes), default=1)
        return max(1, fullest * self.memory.request.count // max(1, len(self.placed.request.bundles)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RankPlan:
    """The ranks of one arm."""

    arm: str
    memory: RankMemory
    placed: PlacedGroup
    gpu: GpuType | None
    node: Node

    @property
    def a_node(self) -> int:
        return max((self.placed.nodes.count(name) for name in self.placed.nodes), default=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything but time, storage and money, which `plan_outcome` adds."""

    recipe: Recipe
    machines: Machines
    rates: CpuRates
    shapes: dict[str, ModelShape]
    loads: Loads
    engines: tuple[EnginePlan, ...]
    ranks: tuple[RankPlan, ...]
    stages: tuple[plan_memory.StageMemory, ...]
    """Memory of the one machine, where there are no GPUs; else empty."""
    host_memory: tuple[Amount, ...]
    """Of the fullest node."""
    shared_memory: tuple[Amount, ...]
    licence: Judgement
    notes: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def peak(self) -> plan_memory.StageMemory | None:
        """The stage that takes most memory, on a machine without GPUs."""
        return max(self.stages, key=lambda stage: stage.bytes, default=None)

    def engines_of(self, kind: str) -> EnginePlan | None:
        return next((engine for engine in self.engines if engine.kind == kind), None)


def make_plan(recipe: Recipe, machines: Machines, rates: CpuRates, loads: Loads | None = None) -> Plan:
    """Plan `recipe` on `machines`. `loads`: the tokens, where they were counted before."""
    notes: list[str] = []
    shapes = model_shapes(recipe)
    machines = _assumed(recipe, shapes, machines, notes)
    on_gpus = machines.gpus > 0
    loads = loads or loads_of(recipe, on_gpus)
    engines = tuple(
        _engines(recipe, kind, shapes[model], machines, loads)
        for kind, model in (("teacher", "teacher"), ("student", "base"))
        if loads.needs(kind)
    )
    ranks = tuple(_ranks(recipe, name, shapes["base"], machines, loads) for name in recipe.arms)
    stages = () if on_gpus else _stages(recipe, shapes, engines, ranks, loads)
    faults = [fault for plan in engines for fault in _named(f"engines.{plan.kind}", plan.memory.faults, plan.placed)]
    faults += dict.fromkeys(fault for rank in ranks for fault in _named("training", rank.memory.faults, rank.placed))
    faults += _machine_faults(machines, stages)
    host = _host_memory(engines, ranks) if on_gpus else ()
    shared = _shared(engines, ranks)
    faults += _node_faults(machines, engines, ranks, host, shared)
    faults += storage_faults(machines, storage_of(recipe, shapes, loads))
    student = recipe.models.student.source or "the student"
    return Plan(
        recipe=recipe,
        machines=machines,
        rates=rates,
        shapes=shapes,
        loads=loads,
        engines=engines,
        ranks=ranks,
        stages=stages,
        host_memory=host,
        shared_memory=shared,
        licence=judge_outputs(recipe.models.teacher.licence, student),
        notes=(*notes, *unpinned(recipe), *unsuited_rates(recipe, shapes)),
        faults=tuple(faults),
    )


def _assumed(recipe: Recipe, shapes: Mapping[str, ModelShape], machines: Machines, notes: list[str]) -> Machines:
    """Machines as Ray will see them; H100s where the recipe wants GPUs and the machine at hand has none."""
    if machines.gpus or machines.source != "this machine":
        return machines
    if not needs_gpus(recipe, shapes):
        return replace(
            machines, nodes=tuple(replace(node, cpus=float(recipe.cluster.local_cpus)) for node in machines.nodes)
        )
    notes.append("no machines were named and this one has no GPU: planned for one node of 8 x H100; see --cluster")
    node = Node(
        name="assumed",
        kind="assumed",
        gpu=GPUS["H100"],
        gpus=8,
        cpus=192,
        memory=2048 * GIB,
        shm=1024 * GIB,
        network_gbs=50,
        storage_gbs=2,
        disk=0,
        price_hour=0,
    )
    return Machines(nodes=(node,), source="assumed: 1 node of 8 x H100")


def _engines(recipe: Recipe, kind: str, shape: ModelShape, machines: Machines, loads: Loads) -> EnginePlan:
    hosts: HostsConfig = getattr(recipe.engines, kind)
    context = loads.context(kind)
    if not machines.gpus:
        request = engine_request(recipe, kind, shape, context, None)
        memory = engine_on_cpu(request, plan_memory.ENGINE_PROCESSES)
        bundles = (Bundle(cpus=hosts.cpus),) * hosts.count
        placed = place(GroupRequest(name=f"engines.{kind}", bundles=bundles), machines)
        return EnginePlan(kind=kind, memory=memory, placed=placed, gpu=None, node=machines.nodes[0], sizes=())
    found = {}
    for gpu in machines.gpu_types():
        request = engine_request(recipe, kind, shape, context, gpu)
        found[gpu.name] = engine_on_gpu(request, gpu)
    fits = frozenset(name for name, memory in found.items() if not memory.faults)
    request = next(iter(found.values())).request
    bundles = _engine_bundles(request, fits or frozenset(found), machines)
    placed = place(GroupRequest(name=f"engines.{kind}", bundles=bundles * hosts.count), machines)
    gpu = _slowest(machines, placed, fits or frozenset(found))
    return EnginePlan(
        kind=kind,
        memory=found[gpu.name],
        placed=placed,
        gpu=gpu,
        node=_node(machines, placed, gpu),
        sizes=tuple(fitting_sizes(found[gpu.name].request, gpu, _gpus_a_node(machines, gpu))),
    )


def _engine_bundles(request: EngineRequest, types: frozenset[str], machines: Machines) -> tuple[Bundle, ...]:
    """One bundle on one node; a bundle a GPU where no node holds the engine, as `cluster.placement` has it."""
    if request.gpus <= max(node.gpus for node in machines.nodes):
        return (Bundle(cpus=request.cpus, gpus=request.gpus, gpu_types=types),)
    first = Bundle(cpus=request.cpus, gpus=1, gpu_types=types)
    return (first, *[Bundle(cpus=0, gpus=1, gpu_types=types)] * (request.gpus - 1))


def _ranks(recipe: Recipe, name: str, shape: ModelShape, machines: Machines, loads: Loads) -> RankPlan:
    training = recipe.training
    request = rank_request(recipe, recipe.arms[name], shape, loads.groups, loads.longest_chain)
    if not training.gpus_per_rank:
        bundles = (Bundle(cpus=training.cpus_per_rank),) * training.ranks
        placed = place(GroupRequest(name="training", bundles=bundles), machines)
        memory = rank_on_cpu(request, plan_memory.RANK)
        return RankPlan(arm=name, memory=memory, placed=placed, gpu=None, node=machines.nodes[0])
    found = {gpu.name: rank_on_gpu(request, gpu) for gpu in machines.gpu_types()}
    if not found:
        placed = PlacedGroup(request=GroupRequest(name="training", bundles=()), nodes=(), faults=(_NO_GPUS,))
        memory = rank_on_gpu(request, GPUS["H100"])
        return RankPlan(arm=name, memory=memory, placed=placed, gpu=GPUS["H100"], node=machines.nodes[0])
    fits = frozenset(kind for kind, memory in found.items() if not memory.faults)
    bundle = Bundle(cpus=training.cpus_per_rank, gpus=training.gpus_per_rank, gpu_types=fits or frozenset(found))
    placed = place(GroupRequest(name="training", bundles=(bundle,) * training.ranks), machines)
    gpu = _slowest(machines, placed, fits or frozenset(found))
    return RankPlan(arm=name, memory=found[gpu.name], placed=placed, gpu=gpu, node=_node(machines, placed, gpu))


_NO_GPUS = "training.gpus_per_rank asks for GPUs and the machines have none; set it to 0, or name other machines"


def _slowest(machines: Machines, placed: PlacedGroup, types: frozenset[str]) -> GpuType:
    """Of the types that are used (of those allowed, where nothing was placed): the one that sets the pace."""
    used = {node.gpu.name for node in machines.nodes if node.gpu is not None and node.name in placed.nodes}
    candidates = [gpu for gpu in machines.gpu_types() if gpu.name in (used or types)]
    return min(candidates, key=lambda gpu: (gpu.memory_bytes if not used else 0, gpu.tflops, gpu.bandwidth_gbs))


def _node(machines: Machines, placed: PlacedGroup, gpu: GpuType) -> Node:
    of_type = [node for node in machines.nodes if node.gpu is not None and node.gpu.name == gpu.name]
    return next((node for node in of_type if node.name in placed.nodes), of_type[0])


def _gpus_a_node(machines: Machines, gpu: GpuType) -> int:
    return max(node.gpus for node in machines.nodes if node.gpu is not None and node.gpu.name == gpu.name)


def _named(where: str, faults: tuple[str, ...], placed: PlacedGroup) -> list[str]:
    return [f"{where}: {fault}" for fault in faults] + list(placed.faults)


def _stages(
    recipe: Recipe,
    shapes: dict[str, ModelShape],
    engines: tuple[EnginePlan, ...],
    ranks: tuple[RankPlan, ...],
    loads: Loads,
) -> tuple[plan_memory.StageMemory, ...]:
    """Memory at each stage's peak on a machine without GPUs."""
    found = []
    sections = {"teacher": recipe.models.teacher, "base": recipe.models.student}
    tiny = [shapes[name] for name, section in sections.items() if section.tiny is not None]
    if tiny:
        found.append(plan_memory.makers(tiny, 2 * max(loads.tiny_tokens.values())))
    scored = bool(recipe.reference_starts)
    for engine in engines:
        if engine.kind == "teacher":
            found.append(plan_memory.rollouts(engine.memory))
    if scored:
        found.append(plan_memory.references(recipe.training.ranks, shapes["base"]))
    if ranks:
        found.append(plan_memory.training(max((rank.memory for rank in ranks), key=lambda m: m.used), scored))
    for engine in engines:
        found.append(plan_memory.evaluations(engine.memory, recipe.training.ranks, scored))
    return tuple(found)


def _machine_faults(machines: Machines, stages: tuple[plan_memory.StageMemory, ...]) -> list[str]:
    room = max(node.memory for node in machines.nodes)
    return [
        f"stage {stage.stage}: {stage.bytes / GIB:.1f} GiB of memory, and the machine has {room / GIB:.1f} GiB"
        for stage in stages
        if stage.bytes > room
    ]


def _host_memory(engines: tuple[EnginePlan, ...], ranks: tuple[RankPlan, ...]) -> tuple[Amount, ...]:
    """What the fullest node's own memory holds. Constants are assumed: a process on a GPU pins and maps some GiB."""
    found = [Amount("Ray and the driver", 4 * GIB, "a node's own processes", "assumed")]
    for plan in engines:
        processes = plan.a_node * (plan.memory.request.gpus + 2)
        found.append(Amount(f"engines.{plan.kind}", processes * 3 * GIB, f"{processes} processes x 3 GiB", "assumed"))
    for rank in ranks[:1]:
        off = sum(amount.bytes for amount in rank.memory.on_host)
        found.append(
            Amount(
                "training",
                rank.a_node * (6 * GIB + off),
                f"{rank.a_node} ranks x (6 GiB + {off / GIB:.1f} GiB of offloaded states)",
                "assumed; ZeRO-Offload",
            )
        )
    return tuple(found)


def _shared(engines: tuple[EnginePlan, ...], ranks: tuple[RankPlan, ...]) -> tuple[Amount, ...]:
    """/dev/shm of the fullest node; stages take turns, but Ray's object store is always there."""
    workers = max(
        [plan.a_node * plan.memory.request.gpus * 0.25 for plan in engines if plan.gpu is not None]
        + [rank.a_node * 0.5 for rank in ranks[:1] if rank.gpu is not None]
        + [0.0]
    )
    found = [
        Amount("Ray's object store", 200 * (1 << 20), "cluster/session.py; a cluster of your own may take more", "")
    ]
    if workers:
        found.append(Amount("NCCL and vLLM between processes", workers * GIB, "0.25 to 0.5 GiB a GPU", "assumed"))
    return tuple(found)


def _node_faults(
    machines: Machines,
    engines: tuple[EnginePlan, ...],
    ranks: tuple[RankPlan, ...],
    host: tuple[Amount, ...],
    shared: tuple[Amount, ...],
) -> list[str]:
    faults = []
    nodes = [plan.node for plan in engines if plan.gpu is not None]
    nodes += [rank.node for rank in ranks if rank.gpu is not None]
    if nodes and host:
        least = min(nodes, key=lambda node: node.memory)
        base, rest = host[0].bytes, [amount.bytes for amount in host[1:]]
        needed = base + max(rest, default=0.0)
        if needed > least.memory:
            faults.append(
                f"node {least.name}: {needed / GIB:.0f} GiB of host memory needed, it has {least.memory / GIB:.0f} GiB"
            )
    needed = sum(amount.bytes for amount in shared)
    for node in {node.name: node for node in nodes}.values():
        if node.shm < needed:
            faults.append(
                f"node {node.name}: /dev/shm of {needed / GIB:.1f} GiB needed, it has {node.shm / GIB:.1f} GiB"
            )
    return faults
