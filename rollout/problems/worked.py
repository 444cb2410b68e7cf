"""Worked conversations for prompts: those of a user's file for the toolboxes that it names, else gold calls of train
problems; all are executed.

A generated family draws them among its train templates and train cores, which no held-out problem shares, with a seed
of their own; where a suite's functions have other names, so have theirs. An imported family takes its train rows, from
which those like held-out ones have been dropped. No problem is shown itself as an example, and a user's file that
holds a held-out problem, in the same words or in other ones, is refused.
"""

import itertools
import json
import random
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from cluster.errors import RequestError
from rollout.checkers import check
from rollout.checkers.worlds import is_world
from rollout.config import EpisodeConfig
from rollout.problems import FamilyConfig, everything, generate, is_imported
from rollout.problems.duplicates import HeldOut
from rollout.prompts.turns import turn_toolboxes
from rollout.records import Call, Example, ExampleTurn, Problem, UserTurn, canonical_json
from rollout.toolboxes import Session, load_toolbox
from rollout.toolboxes.loading import have_same_functions

_SEEDS_APART = 2_000_003
"""Added to a family's seed, so that the examples are other problems than the recipe's and than those of the corpus."""
_POOL = 8
"""Worked problems of a family for each one that a prompt shows."""


def with_examples(
    problems: Sequence[Problem], family: FamilyConfig, split: str, config: EpisodeConfig
) -> list[Problem]:
    """The problems of a family's split, each with `config.examples` worked conversations, chosen by its id.

    Raises RequestError where there are too few, where a gold call does not execute, or where a row of the file is like
    a held-out problem.
    """
    if not config.examples:
        return list(problems)
    rows = _of_file(config.examples_file) if config.examples_file else ()
    if split != "train":
        _refuse_held_out(rows, problems)

    def shown(problem: Problem) -> Problem:
        of_file = [row for row in rows if _has_functions_of(row, problem)]
        pool = of_file or _of_family(family, split, config.examples)
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
    return [each for each in pool if _has_functions_of(each, problem) and _is_other(each, problem)]


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


def _has_functions_of(example: Problem, problem: Problem) -> bool:
    """Whether an example is for a problem's toolbox, distractors aside; a row that names none is for every toolbox."""
    return not example.toolbox or have_same_functions(example.toolbox, problem.toolbox)


def _is_other(example: Problem, problem: Problem) -> bool:
    """Whether an example is another problem, in its text and in its calls."""
    return example.text != problem.text and (not problem.gold_calls or example.gold_calls != problem.gold_calls)


def _refuse_held_out(rows: Sequence[Problem], problems: Sequence[Problem]) -> None:
    """Raise RequestError for a row that is like one of `problems`: prompts of other problems, and those that a student
    is trained with, would show it with its answer."""
    held_out = HeldOut(problems if rows else ())
    for row in itertools.chain(*map(_with_its_turns, rows)):
        arguments = tuple(json.loads(row.all_gold_calls[-1].arguments).values())
        answered = msgspec.structs.replace(row, gold=canonical_json(arguments[0]) if arguments else "")
        like = held_out.exact(answered) or held_out.near(answered)
        if like is not None and _has_functions_of(row, like):
            raise RequestError(
                f"{row.id}: this worked conversation is like the held-out problem {like.id} ({like.source}); take it "
                "out of episodes.examples_file, or its answer is shown"
            )


def _with_its_turns(row: Problem) -> list[Problem]:
    """A row, and each of its turns as a problem of its own, if it has several."""
    turns = [(row.text, row.gold_calls), *((turn.text, turn.gold_calls) for turn in row.turns)]
    alone = (msgspec.structs.replace(row, text=text, gold_calls=calls, turns=()) for text, calls in turns)
    return [row, *alone] if row.turns else [row]


@lru_cache(maxsize=4096)
def worked(problem: Problem) -> Example:
    """As `work`, once for each problem."""
    return work(problem)


@lru_cache(maxsize=64)
def _of_family(family: FamilyConfig, split: str, count: int) -> tuple[Problem, ...]:
    """Train problems of a family with gold calls, in the form that they have in `split`."""
    if is_imported(family):
        pool = everything(family).splits["train"]
    else:
        size = {"train": _POOL * count, "test": _POOL * count, "seed": family.seed + _SEEDS_APART}
        renamed = split == "variant-functions"
        pool = tuple(generate(family.model_copy(update=size), split if renamed else "train", base="train"))
    pool = tuple(each for each in pool if each.gold_calls)
    if not pool:
        name = family.name or family.task or family.family
        without = "and leave out its train, which no section with settings of its own has" if family.train else ""
        raise RequestError(
            f"episodes.examples = {count}: family {name} has no train problems with gold calls to work; set its "
            "calls_column if it has one, give rows for its toolbox in episodes.examples_file, or set examples = 0 in "
            f"its section {without}".rstrip()
        )
    return pool


def _of_file(path: str) -> tuple[Problem, ...]:
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")  # JSON may hold other separators of lines
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"episodes.examples_file = {path!r} cannot be read: {error}") from None
    return _of_lines(path, tuple(lines))


@lru_cache(maxsize=8)
def _of_lines(path: str, lines: tuple[str, ...]) -> tuple[Problem, ...]:
    rows = [(f"{path}:{number}", line) for number, line in enumerate(lines, start=1) if line.strip()]
    read = tuple(_of_row(where, line) for where, line in rows)
    for row in read:
        if row.toolbox:  # a toolbox that is not there is said, also where no problem has it
            load_toolbox(row.toolbox)
    return read


def _of_row(where: str, line: str) -> Problem:
    """A row {"text": ..., "calls": [{"name": ..., "arguments": {...}}, ...]}, with `toolbox`, `state` and `turns`,
    which are further {"text": ..., "calls": ...}, if it has them. Raises RequestError."""
    form = 'write {"text": ..., "calls": [{"name": ..., "arguments": {...}}, ...]}, the finishing call last'
    try:
        row: Any = json.loads(line)
        toolbox = row.get("toolbox", "")
        (text, calls), *later = [_turn(each) for each in (row, *row.get("turns", ()))]
        if not isinstance(toolbox, str):
            raise TypeError("toolbox is text")
        # No half of a surrogate pair.
        canonical_json([text, toolbox, *(call.name for call in calls), *(said for said, _ in later)])
        state = canonical_json(row.get("state"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RequestError(f"{where}: no worked conversation ({error!r}); {form}") from None
    return Problem(
        id=where,
        family="example",
        split="train",
        template=where,
        text=text,
        toolbox=toolbox,
        gold="",
        gold_calls=calls,
        turns=tuple(UserTurn(text=said, gold_calls=answered) for said, answered in later),
        state=state,
    )


def _turn(row: Any) -> tuple[str, tuple[Call, ...]]:
    """What the user says in a turn, and the calls that answer it."""
    text, calls = row["text"], tuple(_calls(row["calls"]))
    if not isinstance(text, str) or not text or not calls:
        raise TypeError("text is text, and calls is a list with at least one")
    return text, calls


def _calls(rows: Iterable[Any]) -> Iterable[Call]:
    for row in rows:
        if not isinstance(row["name"], str) or not isinstance(row["arguments"], dict):
            raise TypeError("a call has a name, and an object as arguments")
        yield Call(name=row["name"], arguments=canonical_json(row["arguments"]))
