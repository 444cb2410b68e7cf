"""Checks that a family's problems are sound: a cross-check finds the gold answer again, and every gold chain, in every
call format, executes to an accepted answer."""

from collections.abc import Iterable, Sequence

import msgspec

from cluster.errors import ChainprefError
from rollout.checkers import check
from rollout.episodes.execution import execute_now
from rollout.formats import CallFormat, load_format
from rollout.problems.cross_checks import cross_checked_gold, has_cross_check
from rollout.records import Problem
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.exercise import exercise_all


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `check_problems` found."""

    problems: int
    found_again: int
    """Problems whose gold answer was cross-checked; imported ones have no cross-check."""
    executed: int
    """Gold chains that were executed in each format; imported problems may have none."""
    faults: tuple[str, ...]
    """One line for each fault: the problem's id, and what is wrong with it."""


def check_problems(problems: Sequence[Problem], formats: Iterable[str]) -> CheckReport:
    """Exercise users' toolboxes, cross-check every gold answer, and execute every gold chain in every format."""
    call_formats = [load_format(name) for name in formats]
    faults = exercise_all(problems)
    for problem in problems:
        if has_cross_check(problem):
            try:
                gold = cross_checked_gold(problem)
            except (ChainprefError, ValueError, LookupError) as error:
                faults.append(f"{problem.id}: the cross-check of its gold answer fails: {error}")
            else:
                if check(problem.checker, gold, problem.gold) is not None:
                    faults.append(f"{problem.id}: gold is {problem.gold}, the cross-check says {gold}")
        for call_format in call_formats if problem.gold_calls else ():
            if fault := gold_fault(problem, call_format):
                faults.append(f"{problem.id}: in format {call_format.name}: {fault}")
    return CheckReport(
        problems=len(problems),
        found_again=sum(map(has_cross_check, problems)),
        executed=sum(bool(problem.gold_calls) for problem in problems),
        faults=tuple(faults),
    )


def gold_fault(problem: Problem, call_format: CallFormat) -> str | None:
    """Why the gold chain, one call a reply in `call_format`, gives no accepted answer; None where it gives one."""
    session = load_toolbox(problem.toolbox).open(problem.state)
    for gold_call in problem.gold_calls:
        reply = call_format.render((gold_call,))
        results = execute_now(reply, call_format, session)
        if any(result.error for result in results):
            return f"{reply} fails: {results[0].content}"
    if session.answer is None:
        return "the gold chain gives no answer"
    error = check(problem.checker, session.answer, problem.gold)
    return f"answer {session.answer} is {error.value}, gold is {problem.gold}" if error else None
