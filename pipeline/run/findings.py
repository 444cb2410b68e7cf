"""What is found out about a recipe's problems before anything starts: by a plan, which then says it. A run finds it out
when it draws its problems, and says it itself."""

import itertools
from typing import NamedTuple

from pipeline.recipe import Recipe
from pipeline.run.draws import draw_problems, dropped_line
from pipeline.run.toolboxes import uncontained
from pipeline.run.workload import EXECUTED
from rollout.problems import everything, generate, is_imported
from rollout.problems.checking import CheckReport, check_golds
from rollout.problems.config import SPLITS
from rollout.records import Problem


class Findings(NamedTuple):
    """What was found out about a recipe's problems."""

    golds: CheckReport
    """What became of the gold answers that were held to their checkers and executed."""
    notes: tuple[str, ...]


LEFT_TO_THE_RUN = Findings(check_golds([]), ())
"""What a plan knows of the problems of a run that is about to draw and check them."""


def find_out(recipe: Recipe) -> Findings:
    """Draw the imported problems that are at hand, and the first ones of generated families, and check them. Raises
    RequestError for what a run would refuse."""
    problems: list[Problem] = []
    for family in recipe.problems.values():
        if is_imported(family):
            problems += itertools.chain(*everything(family).splits.values()) if family.at_hand else ()
            continue
        for split in SPLITS:
            problems += generate(family.first(split, EXECUTED), split) if family.count(split) else ()
    golds = check_golds(problems, sample=EXECUTED, seed=recipe.run.seed, limits=recipe.episodes.calls)
    # Generated problems share no template with held-out ones: only imported ones are dropped.
    at_hand = {name: family for name, family in recipe.problems.items() if is_imported(family) and family.at_hand}
    dropped = draw_problems(recipe.model_copy(update={"problems": at_hand})).dropped
    notes = [dropped_line(section, counts) for section, counts in dropped.items()]
    notes += [f"problems.{section}: {note}" for section, each in at_hand.items() for note in everything(each).notes]
    return Findings(golds, (*notes, *uncontained(recipe)))
