"""Memory and /dev/shm of every node of a cluster: each is held against what is placed on it, stage by stage."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.estimates import cpu_processes as plan_memory
from pipeline.estimates.amounts import Amount, total
from pipeline.estimates.hardware import GIB, MIB, Machines, Node
from pipeline.plan.parts import (
    EnginePlan,
    Fault,
    RankPlan,
    ScoringPlan,
)

_RANK = 6 * GIB
"""A rank on a GPU, beside what is offloaded: it pins buffers. Assumed."""
_SHM_ENGINE, _SHM_RANK = 0.25 * GIB, 0.5 * GIB
"""NCCL and vLLM between processes, a GPU and a rank. Assumed."""
OBJECT_STORE = Amount(
    "Ray's object store", 200.0 * MIB, "cluster/jobs/session.py; a cluster of your own may take more", "in /dev/shm"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMemory:
    """One node: what is always there, then what each stage adds; the stages take turns."""

    node: Node
    base: Amount
    stages: tuple[Amount, ...]
    shm: tuple[Amount, ...]

    @property
    def used(self) -> float:
        return self.base.bytes + max((stage.bytes for stage in self.stages), default=0.0)


def node_memories(
    machines: Machines, engines: Sequence[EnginePlan], ranks: Sequence[RankPlan], scoring: ScoringPlan | None
) -> tuple[NodeMemory, ...]:
    """Every node that holds something, the fullest first."""
    found = [_node(node, engines, ranks, scoring) for node in machines.nodes]
    return tuple(sorted((memory for memory in found if memory.stages), key=lambda memory: -memory.used))


def node_faults(memories: Iterable[NodeMemory]) -> list[Fault]:
    """Nodes that hold more than they have; of one kind with the same need, the first and how many more."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for memory in memories:
        node, kind = memory.node, memory.node.kind
        if memory.used > node.memory:
            most = max(memory.stages, key=lambda stage: stage.bytes)
            text = (
                f"{memory.used / GIB:.0f} GiB of host memory needed (most for {most.what}), it has "
                f"{node.memory / GIB:.0f} GiB"
            )
            found.setdefault(("memory", kind, text), []).append(node.name)
        if total(memory.shm) > node.shm:
            text = f"/dev/shm of {total(memory.shm) / GIB:.1f} GiB needed, it has {node.shm / GIB:.1f} GiB"
            found.setdefault(("shm", kind, text), []).append(node.name)
    return [
        Fault(area, text, f"node {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else ""))
        for (area, _, text), names in found.items()
    ]


def _node(
    node: Node, engines: Sequence[EnginePlan], ranks: Sequence[RankPlan], scoring: ScoringPlan | None
) -> NodeMemory:
    stages = [amount for plan in engines if (amount := _engines(plan, node, scoring))]
    trained = [amount for rank in ranks if (amount := _ranks(rank, node))]
    if trained:
        stages.append(max(trained, key=lambda amount: amount.bytes))
    if scoring is not None and (tasks := len(scoring.placed.on(node.name))):
        stages.append(_tasks(scoring, tasks))
    base = (
        Amount("Ray and the driver", 4 * GIB, "a node's own processes", "assumed")
        if node.gpu
        else Amount("Ray and the driver", plan_memory.RAY + plan_memory.DRIVER, "8 processes", "docs/planning.md")
    )
    return NodeMemory(node=node, base=base, stages=tuple(stages), shm=_shm(node, engines, ranks))


def _engines(plan: EnginePlan, node: Node, scoring: ScoringPlan | None) -> Amount | None:
    """The engines on a node; with the teacher's, the tasks that score beside them on the GPUs that are left."""
    bundles = plan.placed.on(node.name)
    gpus = sum(bundle.gpus for bundle in bundles)
    # The actor, with the engine's core, is in the bundle that has CPUs; a bundle a GPU elsewhere has the worker alone.
    count = sum(bundle.cpus > 0 for bundle in bundles)
    if not bundles:
        return None
    found, how = host_bytes(plan, gpus, count), f"{count} engines, {gpus:g} GPUs"
    if plan.kind == "teacher" and scoring is not None and scoring.meanwhile and scoring.gpu is not None:
        free = int(node.gpus - gpus) if node.gpu == scoring.gpu else 0
        tasks = min(free, scoring.memory.request.tasks)
        if tasks > 0:
            found, how = found + tasks * total(scoring.memory.on_host), f"{how}; {tasks} tasks score meanwhile"
    return Amount(f"engines.{plan.kind}", found, how, "assumed")


def _ranks(rank: RankPlan, node: Node) -> Amount | None:
    count = len(rank.placed.on(node.name))
    if not count:
        return None
    if rank.gpu is None:
        used = rank.memory.used
        return Amount("training", count * used, f"{count} ranks of {rank.arm} x {used / GIB:.1f} GiB", "")
    off = total(rank.memory.on_host)
    how = f"{count} ranks x (6 GiB + {off / GIB:.1f} GiB of offloaded states)"
    return Amount("training", count * (_RANK + off), how, "assumed; ZeRO-Offload")


def _tasks(scoring: ScoringPlan, count: int) -> Amount:
    each = scoring.memory.used if scoring.gpu is None else total(scoring.memory.on_host)
    return Amount("reference", count * each, f"{count} tasks x {each / GIB:.1f} GiB", "assumed")


def _shm(node: Node, engines: Sequence[EnginePlan], ranks: Sequence[RankPlan]) -> tuple[Amount, ...]:
    """/dev/shm; stages take turns, but Ray's object store is always there."""
    workers = [_SHM_ENGINE * sum(bundle.gpus for bundle in plan.placed.on(node.name)) for plan in engines]
    workers += [_SHM_RANK * len(rank.placed.on(node.name)) for rank in ranks if rank.gpu is not None]
    most = max(workers, default=0.0)
    between = Amount("NCCL and vLLM between processes", most, "0.25 GiB a GPU, 0.5 GiB a rank", "assumed")
    return (OBJECT_STORE, between) if most else (OBJECT_STORE,)


def host_bytes(plan: EnginePlan, gpus: float, engines: int) -> float:
    """What `engines` engines with `gpus` GPUs take of a node's own memory."""
    if plan.scripted or plan.gpu is None:
        return engines * plan.memory.used
    return (gpus + 2 * engines) * PROCESS


PROCESS = 3 * GIB
"""A process of an engine on GPUs: it pins and maps some GiB. Assumed."""
