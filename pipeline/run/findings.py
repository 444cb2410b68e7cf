"""What is found out about a recipe's problems before anything starts: by a plan, which then says it. A run finds it out
when it draws its problems, and says it itself."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cluster.errors import RequestError
from pipeline.recipe import Recipe
from pipeline.run.draws import draw_problems, dropped_line
from pipeline.run.folder import Run
from pipeline.run.toolboxes import uncontained
from pipeline.run.workload import EXECUTED, outgrown, train_problems
from rollout.checkers.worlds import is_world
from rollout.problems import everything, generate, is_imported
from rollout.problems.checking import CheckReport, check_golds
from rollout.problems.config import SPLITS
from rollout.records import Problem
from training.config import ArmConfig, GrpoArm


class Findings(NamedTuple):
    """What was found out about a recipe's problems."""

    worlds: bool | None
    """Whether a train problem has a checker of worlds; None where some problems are not at hand."""

    golds: CheckReport
    """What became of the gold answers that were held to their checkers and executed."""
    notes: tuple[str, ...]


LEFT_TO_THE_RUN = Findings(None, check_golds([]), ())
"""What a plan knows of the problems of a run that is about to draw and check them."""


def find_out(recipe: Recipe) -> Findings:
    """Draw the imported problems that are at hand, and the first ones of generated families, and check them. Raises
    RequestError for what a run would refuse."""
    problems, train = list[Problem](), list[Problem]()
    for family in recipe.problems.values():
        if is_imported(family):
            problems += itertools.chain(*everything(family).splits.values()) if family.at_hand else ()
            continue
        for split in SPLITS:
            some = generate(family.first(split, EXECUTED), split) if family.count(split) else []
            problems += some
            train += some if split == "train" else ()
    golds = check_golds(problems, sample=EXECUTED, seed=recipe.run.seed, limits=recipe.episodes.calls)
    imported = {name: family for name, family in recipe.problems.items() if is_imported(family) and family.at_hand}
    # Generated problems share no template with held-out ones: only imported ones are dropped. But a file of worked
    # conversations may hold any.
    with_file = {name for name, family in recipe.problems.items() if family.at_hand and recipe.episodes.examples_file}
    drawn = draw_problems(recipe, imported.keys() | with_file)
    notes = [dropped_line(section, counts) for section, counts in drawn.dropped.items()]
    notes += [f"problems.{section}: {note}" for section, each in imported.items() for note in everything(each).notes]
    return Findings(worlds_among(recipe, [*train, *drawn.train]), golds, (*notes, *uncontained(recipe)))


def worlds_among(recipe: Recipe, train: Sequence[Problem]) -> bool | None:
    """Whether one of the train problems at hand has a checker of worlds; None where none has, and more are to come."""
    if any(is_world(problem.checker) for problem in train):
        return True
    return False if all(family.at_hand for family in recipe.problems.values() if family.train) else None


def refuse_rewards(arms: Mapping[str, ArmConfig], worlds: bool | None) -> None:
    """Raise RequestError where an arm has a reward that can give nothing. `worlds`: as in `Findings`."""
    for name, arm in arms.items():
        try:
            if isinstance(arm, GrpoArm) and arm.rewards is not None:
                arm.rewards.refuse_unmet(worlds)
        except RequestError as error:
            raise RequestError(f"arms.{name}.rewards.{error}") from None


def refuse_unmet_rewards(run: Run) -> None:
    """The same for the arms of a run. Before its problems are all drawn, nothing is known of them."""
    asked = any(isinstance(arm, GrpoArm) and arm.rewards and arm.rewards.world for arm in run.recipe.arms.values())
    known = asked and run.planned and not outgrown(run)
    refuse_rewards(run.recipe.arms, any(is_world(each.checker) for each in train_problems(run)) if known else None)
