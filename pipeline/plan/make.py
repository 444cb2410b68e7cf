"""`chainpref plan`: what a recipe would place where, its memory, time, storage and money. Starts nothing.

Translates the recipe into the planner's requests (`plan_requests`), asks for sizes and places, and puts the answers
together. What does not fit is a fault of the plan, never an exception: the rest is still worth reading.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from cluster.errors import RequestError
from pipeline.estimates import cpu_processes as plan_memory
from pipeline.estimates.amounts import Amount, total
from pipeline.estimates.hardware import GIB, GPUS, Machines, Node
from pipeline.estimates.shapes import ModelShape
from pipeline.estimates.speed import CpuRates
from pipeline.licences import Judgement, judge_model
from pipeline.plan.engines import plan_engines
from pipeline.plan.memory import OBJECT_STORE, NodeMemory, node_faults, node_memories
from pipeline.plan.models import model_shapes, needs_gpus, unpinned, unsuited_rates
from pipeline.plan.parts import CANNOT_RUN, EnginePlan, Fault, RankPlan, ScoringPlan
from pipeline.plan.ranks import plan_ranks, plan_scoring
from pipeline.plan.storage import storage_faults, storage_of
from pipeline.plan.tokens import Loads, loads_of
from pipeline.recipe import GIVEN_MODELS, NO_TRAIN_PROBLEMS, Recipe


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
    scoring: ScoringPlan | None
    stages: tuple[plan_memory.StageMemory, ...]
    """Memory of the one machine, where there are no GPUs; else empty."""
    memories: tuple[NodeMemory, ...]
    """Of every node in use, the fullest first, where there are GPUs or several nodes; else empty."""
    licence: Judgement
    notes: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def host_memory(self) -> tuple[Amount, ...]:
        """Of the fullest node: what is always there, then each stage's."""
        return (self.memories[0].base, *self.memories[0].stages) if self.memories else ()

    @property
    def shared_memory(self) -> tuple[Amount, ...]:
        """/dev/shm of the node that needs most of it."""
        return max((memory.shm for memory in self.memories), key=total, default=(OBJECT_STORE,))

    @property
    def can_run(self) -> bool:
        """Whether everything can load: without that, time and money are nobody's."""
        return not any(fault.area in CANNOT_RUN for fault in self.faults)

    @property
    def peak(self) -> plan_memory.StageMemory | None:
        """The stage that takes most memory, on a machine without GPUs."""
        return max(self.stages, key=lambda stage: stage.bytes, default=None)

    def engines_of(self, kind: str) -> EnginePlan | None:
        return next((engine for engine in self.engines if engine.kind == kind), None)


def make_plan(recipe: Recipe, machines: Machines, rates: CpuRates, loads: Loads | None = None) -> Plan:
    """Plan `recipe` on `machines`. `loads`: the tokens, where they were counted before. Raises RequestError for what
    cannot be planned, or would be refused by a run."""
    _refuse_without_problems(recipe)
    notes: list[str] = []
    shapes = model_shapes(recipe)
    machines = _assumed(recipe, shapes, machines, notes)
    alone = not machines.gpus and len(machines.nodes) == 1
    loads = loads or loads_of(recipe, machines.gpus > 0)
    engines = tuple(
        plan_engines(recipe, kind, shapes[model], machines, loads)
        for kind, model in (("teacher", "teacher"), ("student", "base"))
        if loads.needs(kind)
    )
    ranks = tuple(plan_ranks(recipe, name, shapes["base"], machines, loads) for name in recipe.arms)
    scoring = plan_scoring(recipe, shapes["base"], machines, loads)
    stages = _stages(recipe, shapes, engines, ranks, loads) if alone else ()
    memories = () if alone else node_memories(machines, engines, ranks, scoring)
    faults = [Fault(f"engines.{plan.kind}", fault) for plan in engines for fault in plan.faults]
    faults += _rank_faults(ranks)
    faults += [Fault("reference", fault) for fault in scoring.faults] if scoring else []
    faults += [*_machine_faults(machines, stages), *node_faults(memories)]
    faults += storage_faults(machines, storage_of(recipe, shapes, loads))
    parts = [part for part in (*engines, *ranks, scoring) if part is not None]
    typed = dict.fromkeys(part.note for part in parts if part.note)
    placed = {name for part in parts for name in part.placed.nodes}
    teacher, student = recipe.models.teacher, recipe.models.student.source or "the student"
    return Plan(
        recipe=recipe,
        machines=machines,
        rates=rates,
        shapes=shapes,
        loads=loads,
        engines=engines,
        ranks=ranks,
        scoring=scoring,
        stages=stages,
        memories=memories,
        licence=judge_model(teacher.licence, teacher.source, student),
        notes=(*notes, *typed, *_idle(machines, placed), *unpinned(recipe), *unsuited_rates(recipe, shapes)),
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


def _idle(machines: Machines, placed: Set[str]) -> list[str]:
    """Nodes with GPUs that cost and do nothing."""
    idle = [node.name for node in machines.nodes if node.gpus and node.name not in placed]
    if not idle or not placed:
        return []
    named = ", ".join(idle[:4]) + (", ..." if idle[4:] else "")
    return [
        f"{len(idle)} of {len(machines.nodes)} nodes hold nothing ({named}): raise engines.teacher.count, "
        "engines.student.count and training.ranks, or leave them out"
    ]


def _rank_faults(ranks: Sequence[RankPlan]) -> list[Fault]:
    """Each fault once, with the arms that have it; without a name where all have."""
    arms: dict[str, list[str]] = {}
    for rank in ranks:
        for fault in rank.faults:
            arms.setdefault(fault, []).append(rank.arm)
    return [
        Fault("training", text, "" if len(names) == len(ranks) else f"training of {', '.join(names)}")
        for text, names in arms.items()
    ]


def _stages(
    recipe: Recipe,
    shapes: dict[str, ModelShape],
    engines: tuple[EnginePlan, ...],
    ranks: tuple[RankPlan, ...],
    loads: Loads,
) -> tuple[plan_memory.StageMemory, ...]:
    """Memory at each stage's peak on a machine without GPUs."""
    found = []
    tiny = [shapes[name] for name in GIVEN_MODELS if recipe.model(name).tiny is not None]
    if tiny:
        found.append(plan_memory.makers(tiny, 2 * max(loads.tiny_tokens.values())))
    scored, rolls_out = bool(recipe.reference_starts), loads.rollout.attempts > 0
    found += [plan_memory.rollouts(engine.memory) for engine in engines if engine.kind == "teacher" and rolls_out]
    if scored:
        found.append(plan_memory.references(recipe.training.ranks, shapes["base"]))
    if ranks:
        found.append(plan_memory.training(max((rank.memory for rank in ranks), key=lambda m: m.used), scored))
    found += [
        plan_memory.evaluations(engine.memory, recipe.training.ranks, scored)
        for engine in engines
        if loads.scored(engine.kind).attempts
    ]
    return tuple(found)


def _machine_faults(machines: Machines, stages: tuple[plan_memory.StageMemory, ...]) -> list[Fault]:
    room = machines.nodes[0].memory
    return [
        Fault(
            "memory",
            f"{stage.bytes / GIB:.1f} GiB of memory, and the machine has {room / GIB:.1f} GiB",
            f"stage {stage.stage}",
        )
        for stage in stages
        if stage.bytes > room
    ]


def _refuse_without_problems(recipe: Recipe) -> None:
    """As a run does when it makes its problems."""
    if recipe.arms and not any(family.train for family in recipe.problems.values()):
        raise RequestError(NO_TRAIN_PROBLEMS)
