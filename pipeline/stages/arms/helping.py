"""Attempts that a policy does not make alone: with help in the prompt (RLAG), or after turns of the teacher (guided
distillation). Which there are, what each of them is given, and what a run refuses before it attempts anything."""

import random
from collections.abc import Iterator, Mapping, Sequence

from cluster.errors import RequestError
from pipeline.run.folder import Run
from pipeline.run.workload import train_problems
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.episodes.guide import Guide, replies_of
from rollout.help import can_help, helped
from rollout.hosts.episode_units import EpisodeUnit
from rollout.records import PreferenceGroup, Problem
from training.config import ArmConfig, DistillArm, DpoArm


def takes_of_teacher(arm: ArmConfig) -> bool:
    """Whether an arm in rounds takes chains of the teacher, or the beginnings of some."""
    if isinstance(arm, DpoArm):
        return arm.chosen_from in ("teacher", "both")
    return isinstance(arm, DistillArm) and arm.guide is not None


def spans(arm: ArmConfig) -> list[tuple[int, int]]:
    """For each round of an arm how many attempts a problem gets without and with help; [] where none has help."""
    rounds = arm.rounds
    assert rounds is not None, "an arm that learns in rounds"
    if isinstance(arm, DpoArm) and arm.help is not None:
        return [(rounds.samples, arm.help.samples or rounds.samples)] * rounds.rounds
    if isinstance(arm, DistillArm) and arm.guide is not None:
        guided = [arm.guide.samples(number, rounds) for number in range(rounds.rounds)]
        return [(rounds.samples - count, count) for count in guided]
    return []


def helpable(run: Run, arm: ArmConfig, problems: Sequence[Problem], taught: Sequence[str]) -> set[str]:
    """The problems for which there is any help, or a right chain of the teacher's with more than one reply. `taught`:
    names of the group units that hold its chains."""
    if isinstance(arm, DpoArm) and arm.help is not None:
        config = arm.help
        return {problem.id for problem in problems if can_help(problem, config)}
    if isinstance(arm, DistillArm) and arm.guide is not None:
        return {group.problem_id for group in _groups(run, taught) if _beginnings(group)}
    return set()


def with_help(arm: ArmConfig, problems: Mapping[str, Problem]) -> Mapping[str, Problem]:
    """The problems, as attempts with help show them; those of a guided arm as they are."""
    if not isinstance(arm, DpoArm) or arm.help is None:
        return problems
    config, train = arm.help, list(problems.values())
    return {name: helped(problem, config, train) for name, problem in problems.items() if can_help(problem, config)}


def refuse_missing_help(run: Run) -> None:
    """Raise RequestError where an arm asks for help that the run's train problems have not."""
    of_arms = [(name, arm) for name, arm in run.recipe.arms.items() if isinstance(arm, DpoArm) and arm.help is not None]
    problems = {problem.id: problem for problem in train_problems(run)} if of_arms else {}
    for name, arm in of_arms:
        try:
            found = with_help(arm, problems)
        except RequestError as error:
            raise RequestError(f"arms.{name}.{error}") from None
        if not found:
            raise RequestError(
                f"arms.{name}.help: none of the {len(problems)} train problems has what it shows; choose another kind"
            )


def guides(
    run: Run, arm: ArmConfig, units: Sequence[EpisodeUnit], taught: Sequence[str]
) -> dict[tuple[str, int], Guide]:
    """Problem and sample -> turns of the teacher with which an attempt of these units begins; {} where none does.

    Which chain, and how many of its replies, at least one and not the last one, is drawn by the arm's seed and the
    unit, so that an attempt that is made again begins in the same way.
    """
    if not isinstance(arm, DistillArm) or arm.guide is None:
        return {}
    unit_of = {name: unit for unit in units for name in unit.problem_ids}
    found: dict[tuple[str, int], Guide] = {}
    for group in (group for group in _groups(run, taught) if group.problem_id in unit_of):
        unit, beginnings = unit_of[group.problem_id], _beginnings(group)
        for sample in range(unit.sample_start, unit.sample_stop) if beginnings else ():
            draw = random.Random(f"{arm.seed} {unit.generation} {group.problem_id} {sample}")
            replies = draw.choice(beginnings)
            kept = replies[: draw.randrange(1, len(replies))]
            found.setdefault((group.problem_id, sample), Guide(prompt_ids=group.prompt_ids, replies=kept))
    return found


def _groups(run: Run, taught: Sequence[str]) -> Iterator[PreferenceGroup]:
    return read_groups(run.ledger(layout.groups(run.student)), taught) if taught else iter(())


def _beginnings(group: PreferenceGroup) -> list[tuple[tuple[int, ...], ...]]:
    """The replies of its right chains that have more than one."""
    return [replies for chain in group.right if len(replies := replies_of(chain)) > 1]
