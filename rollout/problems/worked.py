"""Worked conversations for prompts: those of a user's file for the toolboxes that it names, else gold calls of train
problems; all are executed.

A generated family draws them among its train templates and train cores, which no held-out problem shares, with a seed
of their own; where a suite's functions have other names, so have theirs. An imported family takes its train rows. Of
both, those like a held-out problem of any section, in the same words or in other ones, are left out; a user's file that
holds one is refused. No problem is shown itself as an example.
"""

import itertools
import random
from collections.abc import Sequence
from functools import cache, lru_cache

import msgspec

from cluster.errors import RequestError
from rollout.checkers import check
from rollout.checkers.worlds import is_world
from rollout.config import EpisodeConfig
from rollout.problems import FamilyConfig, everything, generate, is_imported
from rollout.problems.duplicates import HeldOut
from rollout.problems.worked_rows import has_functions_of, refuse_held_out, rows_of_file
from rollout.prompts.turns import turn_toolboxes
from rollout.records import Example, ExampleTurn, Problem
from rollout.toolboxes import Session, load_toolbox

_SEEDS_APART = 2_000_003
"""Added to a family's seed, so that the examples are other problems than the recipe's and than those of the corpus."""
_POOL = 8
"""Worked problems of a family for each one that a prompt shows."""


def with_examples(
    problems: Sequence[Problem],
    family: FamilyConfig,
    split: str,
    config: EpisodeConfig,
    section: str = "its section of problems",
    held_out: HeldOut | None = None,
) -> list[Problem]:
    """The problems of a family's split, each with `config.examples` worked conversations, chosen by its id. `section`:
    the recipe's that has the family, for messages. `held_out`: the problems of all suites, whose answers no prompt may
    show.

    Raises RequestError where there are too few, where a gold call does not execute, or where a row of the file is like
    a held-out problem.
    """
    rows = rows_of_file(config.examples_file) if config.examples_file else ()
    if split != "train":  # also where they show none: prompts of other sections would show their answers
        refuse_held_out(rows, problems)
    if not config.examples:
        return list(problems)

    @cache  # where no row of the file fits
    def of_family() -> list[Problem]:
        pool = _of_family(family, split, config.examples, section)
        return [each for each in pool if held_out is None or held_out.like(each) is None]

    def shown(problem: Problem) -> Problem:
        pool = [row for row in rows if has_functions_of(row, problem)] or of_family()
        return msgspec.structs.replace(problem, examples=_chosen(problem, pool, config.examples))

    return [shown(problem) for problem in problems]


def work(problem: Problem) -> Example:
    """A problem's gold chain as a conversation, executed; of several turns those before the first in which functions
    come or go, since a prompt describes its own problem's. Raises RequestError for one that does not solve it."""
    session = turn_toolboxes(problem, load_toolbox(problem.toolbox))[0].open(problem.state)
    try:
        turns = _worked_turns(problem, session)
    finally:
        session.close()
    assert session.answer is not None
    judged = problem.gold and not problem.turns and not is_world(problem.checker)
    if judged and (error := check(problem.checker, session.answer, problem.gold)) is not None:
        raise RequestError(f"example {problem.id}: its calls answer {session.answer}, which is {error.value}")
    return Example(text=problem.text, turns=tuple(turns))


def _worked_turns(problem: Problem, session: Session) -> list[ExampleTurn]:
    turns = list[ExampleTurn]()
    alike = itertools.takewhile(lambda turn: turn.gold_calls and not (turn.appear or turn.vanish), problem.turns)
    asked = [("", problem.gold_calls), *((turn.text, turn.gold_calls) for turn in alike)]
    for number, (said, calls) in enumerate(asked, start=1):
        if said:
            turns[-1] = msgspec.structs.replace(turns[-1], said=said)
            session.next_turn(session.toolbox)
        for call in calls:
            result = session.call(call)
            if result.error is not None:
                raise RequestError(f"example {problem.id}: {call.name}({call.arguments}) fails: {result.content}")
            turns.append(ExampleTurn(call=call, result="" if session.answer is not None else result.content))
        if session.answer is None:
            where = f"of turn {number} " if problem.turns else ""
            raise RequestError(
                f"example {problem.id}: its calls {where}do not finish; end them with {session.toolbox.finish}"
            )
    return turns


def others_like(problem: Problem, pool: Sequence[Problem]) -> list[Problem]:
    """Those of the pool that have a problem's functions and are other problems than it."""
    return [each for each in pool if has_functions_of(each, problem) and _is_other(each, problem)]


def _chosen(problem: Problem, pool: Sequence[Problem], count: int) -> tuple[Example, ...]:
    """`count` of the pool's problems that have this one's functions, drawn by its id."""
    fitting = others_like(problem, pool)
    if len(fitting) < count:
        raise RequestError(
            f"episodes.examples = {count}: only {len(fitting)} worked conversations with the functions of "
            f"{problem.toolbox!r} for problem {problem.id}; ask for fewer, or give examples_file"
        )
    drawn = random.Random(f"examples:{problem.id}").sample(fitting, count)
    return tuple(worked(msgspec.structs.replace(each, toolbox=each.toolbox or problem.toolbox)) for each in drawn)


def _is_other(example: Problem, problem: Problem) -> bool:
    """Whether an example is another problem, in its text and in its calls."""
    return example.text != problem.text and (not problem.gold_calls or example.gold_calls != problem.gold_calls)


@lru_cache(maxsize=4096)
def worked(problem: Problem) -> Example:
    """As `work`, once for each problem."""
    return work(problem)


@lru_cache(maxsize=64)
def _of_family(family: FamilyConfig, split: str, count: int, section: str) -> tuple[Problem, ...]:
    """Train problems of a family with gold calls, in the form that they have in `split`."""
    if is_imported(family):
        pool = everything(family).splits["train"]
    elif family.tests_alone:
        pool = ()
    else:
        size = {"train": _POOL * count, "test": _POOL * count, "seed": family.seed + _SEEDS_APART}
        renamed = split == "variant-functions"
        pool = tuple(generate(family.model_copy(update=size), split if renamed else "train", base="train"))
    pool = tuple(each for each in pool if each.gold_calls)
    if not pool:
        name = " ".join(filter(None, (family.family, family.task, family.name)))
        with_chains = "" if family.tests_alone else "set its calls_column if it has one, "
        without = " and leave out its train, which no section with settings of its own has" if family.train else ""
        raise RequestError(
            f"episodes.examples = {count}: family {name} has no train problems with gold calls to work; {with_chains}"
            f"give rows for its toolbox in episodes.examples_file, or set examples = 0 in {section}{without}"
        )
    return pool
