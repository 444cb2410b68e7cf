"""Memory by stage, held against what there is: of every node of a cluster with its /dev/shm, or of one machine without
GPUs, whose processes were measured (`pipeline.estimates.cpu_processes`). And disk: what a run leaves behind, the
weights that it reads, and the nodes that have no room for them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.estimates import cpu_processes
from pipeline.estimates.amounts import Amount, count, total
from pipeline.estimates.cpu_processes import StageMemory
from pipeline.estimates.hardware import GIB, MIB, Machines, Node
from pipeline.estimates.rank_memory import saved_on_host
from pipeline.estimates.shapes import ModelShape
from pipeline.estimates.toolbox_processes import beside_driver, beside_host
from pipeline.plan.parts import Engines, Fault, Ranks, ScoringTasks
from pipeline.plan.ranks import groups_of, steps_of, told_by
from pipeline.plan.tokens import Demands
from pipeline.recipe import GIVEN_MODELS, Recipe
from training.config import DistillArm

_BYTES_PER_TOKEN = 16
"""Bytes of an episode or a score as it is stored, a token; 15 in the local recipe."""


def storage_of(recipe: Recipe, shapes: Mapping[str, ModelShape], demands: Demands) -> tuple[Amount, ...]:
    """Bytes of everything, once all arms are done."""
    base, arms, groups = shapes["base"], len(recipe.arms), demands.groups
    each = 2 if recipe.training.gpus_per_rank else 4
    # One is written every `checkpoint_steps` and at the end, and the oldest is removed once the next is whole. Steps
    # are estimated: there is room for one more than they need.
    checkpoints = sum(
        min(recipe.training.keep_checkpoints + 1, 1 + -(-steps_of(arm, groups) // recipe.training.checkpoint_steps))
        for arm in recipe.arms.values()
    )
    state = (2 + 12 if each == 2 else 4 + 12) + each
    tokens = groups.groups * (groups.prompt + groups.chains * groups.chain)
    sizes = {name: 4 if recipe.model(name).made else 2 for name in GIVEN_MODELS}
    models = (
        Amount(f"weights of {name}", shapes[name].weight_bytes(size), f"parameters x {size} bytes", "")
        for name, size in sizes.items()
    )
    episodes = (
        Amount(
            what,
            demand.attempts * demand.context * _BYTES_PER_TOKEN,
            f"{demand.attempts:,} x {_BYTES_PER_TOKEN} bytes a token",
            "measured",
        )
        for what, demand in (("episodes", demands.rollout), ("scores", demands.teacher.plus(demands.student)))
    )
    return (
        *models,
        *_told(recipe, shapes["teacher"], demands),
        Amount("models of the arms", arms * base.weight_bytes(each), f"{arms} arms x {each} bytes", "safetensors"),
        Amount(
            "checkpoints",
            checkpoints * base.parameters * state,
            f"{checkpoints} of {arms} arms (kept and under way) x {state} bytes a parameter",
            "DeepSpeed's shards and the gathered weights",
        ),
        *episodes,
        Amount("groups", tokens * 8, f"{groups.groups:,} groups x 8 bytes a token", "ids and marks in Arrow"),
    )


def _told(recipe: Recipe, teacher: ModelShape, demands: Demands) -> Iterator[Amount]:
    """What the teacher says of the chains of each arm that distils: as it came, and once more as the arm's examples."""
    for name, arm in recipe.arms.items():
        if not isinstance(arm, DistillArm):
            continue
        groups, rounds = groups_of(recipe, arm, demands), arm.rounds.rounds if arm.rounds is not None else 1
        tokens = rounds * groups.groups * groups.chains * groups.chain
        numbers = told.numbers if (told := told_by(arm, teacher)) is not None else 2
        how = f"{count(tokens)} tokens x {numbers:,} numbers x 4 bytes, twice; results of calls counted too"
        yield Amount(f"what the teacher says, for {name}", tokens * numbers * 4 * 2, how, "training/distill")


def storage_faults(machines: Machines, amounts: tuple[Amount, ...]) -> list[Fault]:
    """Nodes without room: for everything where there is one node only, else for the weights on each node."""
    if len(machines.nodes) == 1:
        what, needed = "models and the run", total(amounts)
    else:
        what = "the models' weights"
        needed = total(amount for amount in amounts if amount.what.startswith("weights of "))
    return [
        Fault(
            "disk",
            f"{what} need {needed / GIB:,.0f} GiB, it has {node.disk / GIB:,.0f} GiB: "
            f"{(needed - node.disk) / GIB:,.0f} GiB too little",
            f"disk of {node.name}",
        )
        for node in machines.nodes
        if node.disk and needed > node.disk
    ]


_RANK = 6 * GIB
"""A rank on a GPU, beside what it offloads: it pins buffers. Assumed."""


_PROCESS = 3 * GIB
"""A process of an engine on GPUs: it pins and maps some GiB. Assumed."""


_SHM_PER_GPU, _SHM_PER_RANK = 0.25 * GIB, 0.5 * GIB
"""/dev/shm of NCCL and vLLM between processes, for a GPU of an engine and for a rank. Assumed."""


OBJECT_STORE = Amount(
    "Ray's object store", 200.0 * MIB, "cluster/jobs/session.py; a cluster of your own may take more", "in /dev/shm"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMemory:
    """Memory of one node: what is always there, and what each stage adds; the stages take turns."""

    node: Node
    base: Amount
    stages: tuple[Amount, ...]
    shm: tuple[Amount, ...]

    @property
    def used(self) -> float:
        return self.base.bytes + max((stage.bytes for stage in self.stages), default=0.0)


def node_memories(
    machines: Machines,
    engines: Sequence[Engines],
    ranks: Sequence[Ranks],
    scoring: ScoringTasks | None,
    *,
    beside: bool = False,
) -> tuple[NodeMemory, ...]:
    """Memory of every node that holds something, the fullest first. `beside`: whether the student's engines stay up
    while ranks train."""
    found = []
    for node in machines.nodes:
        stages = [amount for each in engines if (amount := _engines(each, node, scoring))]
        trained = [amount for rank in ranks if (amount := _ranks(rank, node))]
        if trained:
            most_trained = max(trained, key=lambda amount: amount.bytes)
            kept = [_engines(each, node, None) for each in engines if beside and each.name == "student"]
            both = [most_trained, *(amount for amount in kept if amount is not None)]
            how = ", ".join(amount.how for amount in both)
            stages.append(Amount(most_trained.what, total(both), how, most_trained.source))
        if scoring is not None and (tasks := len(scoring.placed.on(node.name))):
            each_task = scoring.memory.used if scoring.gpu is None else total(scoring.memory.on_host)
            how = f"{tasks} tasks x {each_task / GIB:.1f} GiB"
            stages.append(Amount("reference", tasks * each_task, how, "assumed"))
        base = Amount("Ray and the driver", 4 * GIB, "a node's own processes", "assumed")
        if not node.gpu:
            processes = cpu_processes.RAY + cpu_processes.DRIVER
            base = Amount("Ray and the driver", processes, "8 processes", "docs/planning.md")
        # /dev/shm: Ray's object store is always there, and the stages take turns.
        workers = [_SHM_PER_GPU * sum(bundle.gpus for bundle in each.placed.on(node.name)) for each in engines]
        workers += [_SHM_PER_RANK * len(rank.placed.on(node.name)) for rank in ranks if rank.gpu is not None]
        most = max(workers, default=0.0)
        between = Amount("NCCL and vLLM between processes", most, "0.25 GiB a GPU, 0.5 GiB a rank", "assumed")
        shm = (OBJECT_STORE, between) if most else (OBJECT_STORE,)
        if stages:
            found.append(NodeMemory(node=node, base=base, stages=tuple(stages), shm=shm))
    return tuple(sorted(found, key=lambda memory: -memory.used))


def node_faults(memories: Iterable[NodeMemory]) -> list[Fault]:
    """Nodes that hold more than they have. Of nodes of one kind with the same need, the first one is named, and how
    many more there are."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for memory in memories:
        node, shm = memory.node, total(memory.shm)
        if memory.used > node.memory:
            most = max(memory.stages, key=lambda stage: stage.bytes)
            text = (
                f"{memory.used / GIB:.0f} GiB of host memory needed (most for {most.what}), it has "
                f"{node.memory / GIB:.0f} GiB: {(memory.used - node.memory) / GIB:.0f} GiB too little"
            )
            found.setdefault(("memory", node.kind, text), []).append(node.name)
        if shm > node.shm:
            text = (
                f"/dev/shm of {shm / GIB:.1f} GiB needed, it has {node.shm / GIB:.1f} GiB: "
                f"{(shm - node.shm) / GIB:.1f} GiB too little"
            )
            found.setdefault(("shm", node.kind, text), []).append(node.name)
    return [
        Fault(area, text, f"node {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else ""))
        for (area, _, text), names in found.items()
    ]


def stage_memories(
    recipe: Recipe,
    shapes: Mapping[str, ModelShape],
    engines: Sequence[Engines],
    ranks: Sequence[Ranks],
    scoring: ScoringTasks | None,
    demands: Demands,
    *,
    cores: float,
    beside: bool = False,
) -> tuple[StageMemory, ...]:
    """Memory at each stage's peak on a machine without GPUs that has so many `cores`. `beside`: whether the student's
    engines stay up while ranks train."""
    found = []
    tiny = [name for name in GIVEN_MODELS if recipe.model(name).tiny is not None]
    warm = [[name] for name in GIVEN_MODELS if recipe.model(name).warm is not None]
    makers = [
        cpu_processes.makers(
            [shapes[name] for name in together], 2 * max(demands.learnt_tokens[name] for name in together)
        )
        for together in ([tiny] if tiny else []) + warm
    ]
    if makers:
        found.append(max(makers, key=lambda stage: stage.bytes))
    families, rolls_out = tuple(recipe.problems.values()), demands.rollout.attempts > 0
    idle = cpu_processes.idle_workers(recipe.training.ranks, cores, bool(recipe.scorer), rolls_out)
    driver = beside_driver(families)
    found += [
        cpu_processes.rollouts(each.memory, (driver, beside_host(families, recipe.hosts(each.name))))
        for each in engines
        if each.name == "teacher" and rolls_out
    ]
    if scoring is not None:
        found.append(cpu_processes.references(len(scoring.placed.nodes) or 1, scoring.memory))
    if ranks:
        kept = next((each.memory for each in engines if beside and each.name == "student"), None)
        largest = max((rank.memory for rank in ranks), key=lambda m: m.used)
        found.append(cpu_processes.training(largest, idle, kept))
    held_out = {"teacher": demands.teacher, "student": demands.student}
    found += [
        cpu_processes.evaluations(each.memory, idle, (driver, beside_host(families, recipe.hosts(each.name))))
        for each in engines
        if held_out[each.name].attempts
    ]
    return tuple(found)


def stage_faults(stages: Sequence[StageMemory], memory: float) -> list[Fault]:
    """The stages that need more than the machine's `memory` in bytes."""
    return [
        Fault(
            "memory",
            f"{stage.bytes / GIB:.1f} GiB of memory, and the machine has {memory / GIB:.1f} GiB: "
            f"{(stage.bytes - memory) / GIB:.1f} GiB too little",
            f"stage {stage.stage}",
        )
        for stage in stages
        if stage.bytes > memory
    ]


def _engines(engines: Engines, node: Node, scoring: ScoringTasks | None) -> Amount | None:
    """Engines on a node; with the teacher's, the tasks that score beside them on the GPUs that they leave free."""
    bundles = engines.placed.on(node.name)
    if not bundles:
        return None
    gpus = sum(bundle.gpus for bundle in bundles)
    # The actor, with the engine's core, is in the bundle that has CPUs; a bundle a GPU elsewhere has the worker alone.
    many = sum(bundle.cpus > 0 for bundle in bundles)
    found, how = (gpus + 2 * many) * _PROCESS, f"{many} engines, {gpus:g} GPUs"
    if engines.scripted or engines.gpu is None:
        found = many * engines.memory.used
    if engines.name == "teacher" and scoring and scoring.memory.request.meanwhile and scoring.gpu is not None:
        free = int(node.gpus - gpus) if node.gpu == scoring.gpu else 0
        tasks = min(free, scoring.memory.request.training.ranks)
        if tasks > 0:
            found, how = found + tasks * total(scoring.memory.on_host), f"{how}; {tasks} tasks score meanwhile"
    return Amount(f"engines.{engines.name}", found, how, "assumed")


def _ranks(ranks: Ranks, node: Node) -> Amount | None:
    """An arm's ranks on a node."""
    many = len(ranks.placed.on(node.name))
    if not many:
        return None
    if ranks.gpu is None:
        used = ranks.memory.used
        return Amount("training", many * used, f"{many} ranks of {ranks.name} x {used / GIB:.1f} GiB", "")
    off, request = total(ranks.memory.on_host), ranks.memory.request
    saved, saving = saved_on_host(request).bytes, 1 if request.stage == 3 else many
    how = (
        f"{many} ranks x (6 GiB + {off / GIB:.1f} GiB of offloaded states), {saving} x {saved / GIB:.1f} GiB of "
        "weights while they are saved"
    )
    return Amount("training", many * (_RANK + off) + saving * saved, how, "assumed; ZeRO-Offload; accelerate")
