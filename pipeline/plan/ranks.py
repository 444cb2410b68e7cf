"""The ranks that train each arm, and the tasks of stage `reference`: one process for each of `training.ranks`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cluster.gpus import GPUS, GpuType
from pipeline.estimates import cpu_processes
from pipeline.estimates.hardware import Machines
from pipeline.estimates.packing import GroupRequest, PlacedGroup, most, place
from pipeline.estimates.rank_memory import RankMemory, RankRequest, ToldBy, rank_on_cpu, rank_on_gpu
from pipeline.estimates.scoring_memory import ScoringMemory, ScoringRequest, scoring_on_cpu, scoring_on_gpu
from pipeline.estimates.shapes import ModelShape
from pipeline.plan.parts import (
    Fault,
    MemoryT,
    Placed,
    Ranks,
    ScoringTasks,
    allowed_types,
    no_such_type,
    node_with,
    slowest,
    type_note,
)
from pipeline.plan.tokens import Demands, GroupFigures
from pipeline.recipe import Recipe
from training.config import ArmConfig, DistillArm, DpoArm, SftArm, TrainingConfig, decided

_PADDING = 1.1
"""SFT's rows are padded to the longest of a batch, by assumption to a tenth more."""
GROUPS_PER_UNIT = 8
"""Groups of a unit of what the teacher says: equal to that of `training.distill.targets`, which a test checks."""
_ONE_WAY, _BOTH_WAYS, _LIKELIEST = 7, 11, 4
"""Float32 tensors of the size of a part's logits that a KL over the vocabulary holds, a divergence between the two, and
one over the likeliest tokens: counted in `tests/pipeline/estimates/test_distilled_memory.py`."""
_NO_GPUS = "gpus_per_rank asks for GPUs and the machines have none; set it to 0, or name others with --cluster"


def plan_ranks(
    recipe: Recipe, arm_name: str, shapes: Mapping[str, ModelShape], machines: Machines, demands: Demands
) -> Ranks:
    """The ranks of one arm, of a recipe in which nothing of training is `auto`."""
    training, request = recipe.training, rank_request(recipe, arm_name, shapes, demands)

    def memory_on(gpu: GpuType | None) -> RankMemory:
        return rank_on_gpu(request, gpu) if gpu else rank_on_cpu(request, cpu_processes.RANK)

    return _place(arm_name, "training", training, machines, memory_on)


def rank_request(recipe: Recipe, arm_name: str, shapes: Mapping[str, ModelShape], demands: Demands) -> RankRequest:
    """What one rank of an arm is asked for. `shapes`: those of `base` and of the `teacher`."""
    training, arm, shape = recipe.training, recipe.arms[arm_name], shapes["base"]
    alone = isinstance(arm, SftArm) and arm.rows == "chains"
    return RankRequest(
        shape=shape,
        training=training,
        gradient_checkpointing=decided(arm.gradient_checkpointing),
        longest_chain=demands.longest_chain,
        trl_head=alone,
        typical_tokens=min(
            float(decided(training.tokens_per_micro_step)), tokens_per_step(arm, demands.groups) / training.ranks
        ),
        mean_depth=(demands.groups.prompt + demands.groups.chain) / 2 if alone else _taken(arm, demands.groups).depth,
        teacher=told_by(arm, shapes["teacher"]),
    )


def told_by(arm: ArmConfig, teacher: ModelShape) -> ToldBy | None:
    """What the teacher says to ranks of an arm at a row's predictions; None where that is nothing."""
    if not isinstance(arm, DistillArm) or arm.compare == "sampled":
        return None
    if arm.compare == "top_k":
        return ToldBy(numbers=2 * arm.top_k, floats=_LIKELIEST)
    floats = _ONE_WAY if arm.beta in (0, 1) else _BOTH_WAYS
    return ToldBy(numbers=teacher.hidden, floats=floats, head=float(teacher.vocab * teacher.hidden))


def plan_scoring(
    recipe: Recipe, shapes: Mapping[str, ModelShape], machines: Machines, demands: Demands
) -> ScoringTasks | None:
    """The tasks that score chains, as many as there is room for at a time; None where no arm needs it."""
    if not recipe.scorer:
        return None
    training, shape = recipe.training, shapes[recipe.scorer]
    meanwhile = training.score_meanwhile if training.score_meanwhile is not None else training.gpus_per_rank > 0
    meanwhile = meanwhile and "base" in recipe.reference_starts and demands.rollout.attempts > 0
    groups = demands.groups
    states = GROUPS_PER_UNIT * groups.chains * groups.chain * shape.hidden if recipe.scorer == "teacher" else 0.0
    request = ScoringRequest(shape=shape, training=training, meanwhile=meanwhile, states=states)

    def memory_on(gpu: GpuType | None) -> ScoringMemory:
        return scoring_on_gpu(request, gpu) if gpu else scoring_on_cpu(request, cpu_processes.SCORE_TASK)

    tasks = _place("reference", "reference", training, machines, memory_on)
    # Where there are no GPUs of the type asked for, the ranks' fault says so; references exist for arms only.
    missing = training.gpus_per_rank and not allowed_types(machines, training.gpu)
    return replace(tasks, faults=()) if missing else tasks


def _place(
    name: str, stage: str, training: TrainingConfig, machines: Machines, memory_on: Callable[[GpuType | None], MemoryT]
) -> Placed[MemoryT]:
    """Ranks or scoring tasks on the types of GPU that they fit, where there are any; `memory_on(None)`: on a CPU."""
    types = allowed_types(machines, training.gpu) if training.gpus_per_rank else ()
    if training.gpus_per_rank and not types:
        return Placed(
            name=name,
            memory=memory_on(GPUS["H100"]),
            placed=PlacedGroup(request=GroupRequest(name=stage, bundles=()), nodes=()),
            gpu=GPUS["H100"],
            node=machines.nodes[0],
            note="",
            faults=(no_such_type(training.gpu, machines) if machines.gpus else _NO_GPUS,),
        )
    found: dict[str, MemoryT] = {gpu.name: memory_on(gpu) for gpu in types} or {"": memory_on(None)}
    fits = frozenset(kind for kind, memory in found.items() if not memory.faults) or frozenset(found)
    bundle = replace(training.bundle, gpu_types=fits if types else frozenset())
    # All ranks work at the same time; a task waits for another where there is no room, and one at least is needed.
    count = training.ranks if stage == "training" else max(1, most((bundle,), machines, training.ranks))
    placed = place(GroupRequest(name=stage, bundles=(bundle,) * count), machines)
    gpu = slowest(machines, placed, fits) if types else None
    memory_of_one = found[gpu.name if gpu else ""]
    return Placed(
        name=name,
        memory=memory_of_one,
        placed=placed,
        gpu=gpu,
        node=node_with(machines, placed, gpu) if gpu else machines.nodes[0],
        note=type_note("training", training.gpu, machines, placed) if gpu else "",
        faults=(*memory_of_one.faults, *placed.faults),
    )


def rank_faults(ranks: Sequence[Ranks]) -> list[Fault]:
    """Each fault of training once, with the arms that have it; without their names where all have it."""
    arms: dict[str, list[str]] = {}
    for rank in ranks:
        for text in rank.faults:
            arms.setdefault(text, []).append(rank.name)
    return [
        Fault("training", text, "" if len(names) == len(ranks) else f"training of {', '.join(names)}")
        for text, names in arms.items()
    ]


def tokens_per_step(arm: ArmConfig, groups: GroupFigures) -> float:
    """Tokens of one optimizer step over all ranks, of the chains that the arm takes from a group."""
    taken = _taken(arm, groups)
    if isinstance(arm, SftArm) and arm.rows == "tree":
        return arm.groups_per_step * replace(taken, wrong=0).tree
    if isinstance(arm, SftArm):
        return arm.groups_per_step * taken.right * (groups.prompt + groups.chain) * _PADDING
    return arm.groups_per_step * taken.tree


def splits_groups(arm: ArmConfig, groups: GroupFigures, tokens_per_micro_step: int) -> bool:
    """Whether the arm's average group is larger than a row."""
    return isinstance(arm, DpoArm) and _taken(arm, groups).tree > tokens_per_micro_step


def _taken(arm: ArmConfig, groups: GroupFigures) -> GroupFigures:
    """The groups with the chains that the arm takes of them."""
    right = min(groups.right, arm.max_right or groups.right)
    wrong = min(groups.wrong, arm.max_wrong or groups.wrong)
    if arm.balanced:
        right = wrong = min(right, wrong)
    return replace(groups, right=right, wrong=wrong)


def steps_of(arm: ArmConfig, groups: GroupFigures) -> int:
    """Optimizer steps of an arm."""
    if arm.max_steps > 0:
        return arm.max_steps
    return round(-(-_groups_of(arm, groups) // arm.groups_per_step) * arm.num_train_epochs)


def steps_in_all(recipe: Recipe, arm: ArmConfig, demands: Demands) -> int:
    """Optimizer steps of an arm, in all of its rounds."""
    return steps_of(arm, groups_of(recipe, arm, demands)) * (arm.rounds.rounds if arm.rounds is not None else 1)


def passes_of(arm: ArmConfig, groups: GroupFigures) -> float:
    """How often an arm sees each of its groups, on average."""
    return (
        steps_of(arm, groups) * arm.groups_per_step / max(1, _groups_of(arm, groups))
        if arm.max_steps > 0
        else (arm.num_train_epochs)
    )


def groups_of(recipe: Recipe, arm: ArmConfig, demands: Demands) -> GroupFigures:
    """The groups that one update of an arm is trained on: the teacher's, or, by assumption as likely to have right and
    wrong chains, those of a round."""
    problems = sum(family.train for family in recipe.problems.values())
    if arm.rounds is None or not problems:
        return demands.groups
    share, groups = min(1.0, arm.rounds.problems / problems), demands.groups
    return replace(groups, groups=round(groups.groups * share), right_groups=round(groups.right_groups * share))


def _groups_of(arm: ArmConfig, groups: GroupFigures) -> int:
    """The groups that an arm learns from. SFT needs no wrong chain."""
    return groups.right_groups if isinstance(arm, SftArm) and not arm.balanced else groups.groups
