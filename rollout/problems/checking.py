"""Are a family's problems sound? Gold by a cross-check, and by executing every gold chain, as every call format writes
it, to an accepted answer."""

from collections.abc import Iterable, Sequence

import msgspec

from cluster.errors import ChainprefError
from rollout.episodes.checkers import check
from rollout.episodes.execution import execute_now
from rollout.formats import CallFormat, load_format
from rollout.problems.cross_checks import cross_checked_gold, has_cross_check
from rollout.records import Problem
from rollout.toolboxes import load_toolbox


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `check_problems` found."""

    problems: int
    found_again: int
    """Problems whose gold answer was looked for a cross-check; there is none to an imported one."""
    executed: int
    """Gold chains that were executed in each format; imported problems may have none."""
    faults: tuple[str, ...]
    """One line a fault: the problem's id, and what is wrong with it."""


def check_problems(problems: Sequence[Problem], formats: Iterable[str]) -> CheckReport:
    """Find every gold answer again, and execute every gold chain in every format."""
    call_formats = [load_format(name) for name in formats]
    faults: list[str] = []
    for problem in problems:
        faults += [f"{problem.id}: {fault}" for fault in _faults(problem, call_formats)]
    return CheckReport(
        problems=len(problems),
        found_again=sum(map(has_cross_check, problems)),
        executed=sum(bool(problem.gold_calls) for problem in problems),
        faults=tuple(faults),
    )


def gold_fault(problem: Problem, call_format: CallFormat) -> str | None:
    """Why the gold chain, one call a reply, does not come to an accepted answer in `call_format`; None if it does."""
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


def _faults(problem: Problem, call_formats: list[CallFormat]) -> Iterable[str]:
    if has_cross_check(problem):
        try:
            again = cross_checked_gold(problem)
        except (ChainprefError, ValueError, LookupError) as error:
            yield f"the second way to its gold answer fails: {error}"
        else:
            if check(problem.checker, again, problem.gold) is not None:
                yield f"gold is {problem.gold}, the second way says {again}"
    if problem.gold_calls:
        for call_format in call_formats:
            if fault := gold_fault(problem, call_format):
                yield f"in format {call_format.name}: {fault}"
