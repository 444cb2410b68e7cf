"""What a recipe would place where, with its memory and its faults; `outcome` adds time, storage and money.

`make_plan` asks `models` for the models' shapes, `tokens` for the work, `engines` and `ranks` for processes and their
nodes, `memory` and `storage` for what the nodes hold. What does not fit is a fault of the plan, never an exception: the
rest is still worth reading. Nothing is started.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cluster.errors import RequestError
from cluster.pool.placement import NodeResources
from pipeline.decisions.decide import decide, described
from pipeline.decisions.standing import Standing, standing
from pipeline.estimates.amounts import Amount, total
from pipeline.estimates.cpu_processes import StageMemory
from pipeline.estimates.hardware import THIS_MACHINE, Machines
from pipeline.estimates.shapes import ModelShape
from pipeline.estimates.speed import CpuRates
from pipeline.licences import Judgement, judge_model
from pipeline.plan.engines import plan_engines
from pipeline.plan.memory import (
    OBJECT_STORE,
    NodeMemory,
    node_faults,
    node_memories,
    stage_faults,
    stage_memories,
    storage_faults,
    storage_of,
)
from pipeline.plan.models import model_shapes, refuse_wide_answers, unpinned, unsuited_rates, why_on_gpus
from pipeline.plan.parts import CANNOT_RUN, Engines, Fault, Ranks, ScoringTasks, ray_names
from pipeline.plan.ranks import plan_ranks, plan_scoring, rank_faults
from pipeline.plan.tokens import Demands, demands_of
from pipeline.recipe import NO_TRAIN_PROBLEMS, Recipe
from pipeline.run.findings import Findings, find_out
from pipeline.run.toolboxes import faults_line
from rollout.data import layout
from training.config import TrainingConfig
from training.fused_kernels import kernels_installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A recipe on machines: everything but time, storage and money, which `plan.outcome` adds."""

    recipe: Recipe
    training: TrainingConfig
    """The recipe's, with what the plan has decided."""
    decided: str
    """What that is, and why; empty where there is nothing to decide."""
    machines: Machines
    rates: CpuRates
    shapes: dict[str, ModelShape]
    demands: Demands
    engines: tuple[Engines, ...]
    ranks: tuple[Ranks, ...]
    scoring: ScoringTasks | None
    stages: tuple[StageMemory, ...]
    """Memory at each stage's peak, where the plan is for one machine without GPUs; else empty."""
    memories: tuple[NodeMemory, ...]
    """Memory of every node in use, the fullest first, where there are GPUs or several nodes; else empty."""
    licence: Judgement
    findings: Findings
    notes: tuple[str, ...]
    faults: tuple[Fault, ...]
    stands: Standing | None
    """Whether ranks stand beside the student's hosts between rounds; None where no arm learns in rounds."""

    @property
    def host_memory(self) -> tuple[Amount, ...]:
        """Memory of the fullest node: what is always there, then each stage's."""
        return (self.memories[0].base, *self.memories[0].stages) if self.memories else ()

    @property
    def shared_memory(self) -> tuple[Amount, ...]:
        """/dev/shm of the node that needs most of it."""
        return max((memory.shm for memory in self.memories), key=total, default=(OBJECT_STORE,))

    @property
    def can_run(self) -> bool:
        """Whether everything can load: without that there is no time and no price."""
        return not any(fault.area in CANNOT_RUN for fault in self.faults)

    @property
    def peak(self) -> StageMemory | None:
        """The stage that takes most memory, on a machine without GPUs."""
        return max(self.stages, key=lambda stage: stage.bytes, default=None)

    def engines_of(self, role: str) -> Engines | None:
        """The engines of the `teacher` or the `student`; None where they have nothing to do."""
        return next((engines for engines in self.engines if engines.name == role), None)


def make_plan(
    recipe: Recipe,
    machines: Machines,
    rates: CpuRates,
    demands: Demands | None = None,
    findings: Findings | None = None,
) -> Plan:
    """Plan `recipe` on `machines`; `demands` and `findings`: its tokens, and what is known of its problems, where they
    were counted and looked at before. Raises RequestError for what cannot be planned, or would be refused by a run."""
    if recipe.arms and not any(family.train for family in recipe.problems.values()):
        raise RequestError(NO_TRAIN_PROBLEMS)
    shapes = model_shapes(recipe)
    refuse_wide_answers(recipe.arms, shapes["teacher"].vocab)
    machines = _as_ray_sees(machines, recipe)
    alone = not machines.gpus and len(machines.nodes) == 1
    demands = demands or demands_of(recipe, machines.gpus > 0)
    engines = tuple(
        plan_engines(
            recipe.hosts(role),
            role,
            shapes[model],
            machines,
            demands.of(role).context,
            asked=role == "teacher" and recipe.asks_engines,
        )
        for role, model in (("teacher", "teacher"), ("student", "base"))
        if demands.of(role).attempts
    )
    # What is not installed here may well be where the machines are.
    fused = machines.source != THIS_MACHINE or kernels_installed()
    choice = decide(recipe, shapes, machines, demands, fused=fused)
    settled = choice.applied(recipe)
    ranks = tuple(plan_ranks(settled, arm, shapes, machines, demands) for arm in recipe.arms)
    scoring = plan_scoring(settled, shapes, machines, demands)
    on_gpus = any(why_on_gpus(recipe.hosts(each.name), each.memory.request.shape) for each in engines)
    # What CPUs would hold of what waits for GPUs is of no interest.
    homeless = not machines.gpus and (on_gpus or (bool(ranks) and recipe.training.gpus_per_rank > 0))
    stands = _standing(recipe, machines, engines)
    beside = stands is not None and stands.beside
    stages = (
        stage_memories(recipe, shapes, engines, ranks, scoring, demands, cores=machines.nodes[0].cpus, beside=beside)
        if alone and not homeless
        else ()
    )
    memories = () if alone or homeless else node_memories(machines, engines, ranks, scoring, beside=beside)
    findings = findings or find_out(recipe)
    processes = [part for part in (*engines, *ranks, scoring) if part is not None]
    teacher, student = recipe.models.teacher, recipe.models.student.source.partition("@")[0] or "the student"
    return Plan(
        recipe=recipe,
        training=settled.training,
        # Where the ranks' GPUs are missing, a fault says so.
        decided=described(choice, recipe, taken=machines.source != THIS_MACHINE)
        if choice.gpus or not recipe.training.gpus_per_rank
        else "",
        machines=machines,
        rates=rates,
        shapes=shapes,
        demands=demands,
        engines=engines,
        ranks=ranks,
        scoring=scoring,
        stages=stages,
        memories=memories,
        licence=judge_model(teacher.licence, teacher.source, student),
        findings=findings,
        notes=(
            *dict.fromkeys(part.note for part in processes if part.note),
            *([str(stands)] if stands is not None else []),
            *_repeated(recipe),
            *_warmed_again(recipe),
            *_idle(machines, {name for part in processes for name in part.placed.nodes}),
            *unpinned(recipe),
            *findings.notes,
            *unsuited_rates(recipe, shapes),
        ),
        faults=(
            *(Fault("problems", faults_line(findings.golds.faults)) for _ in findings.golds.faults[:1]),
            *(Fault(f"engines.{each.name}", text) for each in engines for text in each.faults),
            *rank_faults(ranks),
            *(Fault("reference", text) for text in (scoring.faults if scoring else ())),
            *stage_faults(stages, machines.nodes[0].memory),
            *node_faults(memories),
            *storage_faults(machines, storage_of(recipe, shapes, demands)),
        ),
        stands=stands,
    )


def _standing(recipe: Recipe, machines: Machines, engines: Sequence[Engines]) -> Standing | None:
    """How hosts and ranks stand in the rounds of the recipe's arms. Raises RequestError for what cannot be."""
    placements = {each.name: each.placement for each in engines}
    if not any(arm.rounds is not None for arm in recipe.arms.values()) or not {"teacher", "student"} <= set(placements):
        return None
    nodes = [
        NodeResources(
            name=node.name,
            cpus=node.cpus,
            gpus=float(node.gpus),
            gpu_types=ray_names(node.gpu) if node.gpu else frozenset(),
        )
        for node in machines.nodes
    ]
    return standing(recipe, lambda kind: placements[kind], nodes)


def _as_ray_sees(machines: Machines, recipe: Recipe) -> Machines:
    """This machine with the CPUs that a run tells Ray of; other machines as they are."""
    if machines.source != THIS_MACHINE:
        return machines
    cpus = float(recipe.cluster.local_cpus)
    return replace(machines, nodes=tuple(replace(node, cpus=cpus) for node in machines.nodes))


def _repeated(recipe: Recipe) -> list[str]:
    """A note on each arm whose rounds ask for more problems than there are, so that some come again."""
    there, notes = sum(family.train for family in recipe.problems.values()), []
    for name, rounds in ((name, arm.rounds) for name, arm in recipe.arms.items()):
        if rounds is None or rounds.problems * (rounds.rounds if rounds.fresh else 1) <= there:
            continue
        said = f"arms.{name}.rounds: {rounds.rounds} x {rounds.problems:,} problems"
        said = said if rounds.fresh else f"arms.{name}.rounds.problems = {rounds.problems:,}"
        said += f" are more than the {there:,} train problems"
        said += ", so that each round attempts all of them" if rounds.problems >= there else ""
        if rounds.fresh and (first := max(1, there // rounds.problems)) < rounds.rounds:
            said += f"; from {layout.round_name(first)} on some have been learnt from before"
            said += ", and patience measures policies on these, too" if rounds.patience else ""
        notes.append(f"{said}; raise problems.*.train, or lower rounds.problems")
    return notes


def _warmed_again(recipe: Recipe) -> list[str]:
    """A note on each arm whose learning rate begins at 0 in each round."""
    return [
        f"arms.{name}.lr_scheduler_type = {arm.lr_scheduler_type!r}: the schedule begins anew in each round, and one "
        'of several steps begins with a rate of 0; take "constant", or warmup_ratio = 0'
        for name, arm in recipe.arms.items()
        if arm.rounds is not None and arm.warmup_ratio and arm.lr_scheduler_type != "constant"
    ]


def _idle(machines: Machines, placed: set[str]) -> list[str]:
    """A note on the nodes with GPUs that would cost money and do nothing."""
    idle = [node.name for node in machines.nodes if node.gpus and node.name not in placed]
    if not idle or not placed:
        return []
    named = ", ".join(idle[:4]) + (", ..." if idle[4:] else "")
    return [
        f"{len(idle)} of {len(machines.nodes)} nodes hold nothing ({named}): raise engines.teacher.count, "
        "engines.student.count and training.ranks, or leave them out"
    ]
