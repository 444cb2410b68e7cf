"""Are a family's problems sound? Gold by its second way (while generating), by the prover with quantifiers, and by
executing every gold chain, as every call format writes it, to an accepted answer."""

import json
from collections.abc import Iterable, Sequence

import msgspec

from rollout.checkers import check
from rollout.execution import execute_now
from rollout.formats import CallFormat, load_format
from rollout.problems.proving import proved
from rollout.records import Problem
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.formulas import Fact, read_formula


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `check_problems` found."""

    problems: int
    executed: int
    """Gold chains that were executed; imported problems may have none."""
    faults: tuple[str, ...]
    """One line a fault: the problem's id, and what is wrong with it."""


def check_problems(problems: Sequence[Problem], formats: Iterable[str]) -> CheckReport:
    """Execute every gold chain in every format, and prove every theory. Generation has checked gold two ways."""
    call_formats = [load_format(name) for name in formats]
    faults: list[str] = []
    for problem in problems:
        faults += [f"{problem.id}: {fault}" for fault in _faults(problem, call_formats)]
    executed = sum(bool(problem.gold_calls) for problem in problems)
    return CheckReport(problems=len(problems), executed=executed, faults=tuple(faults))


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
    if problem.gold_calls:
        for call_format in call_formats:
            if fault := gold_fault(problem, call_format):
                yield f"in format {call_format.name}: {fault}"
    if problem.toolbox.startswith("fol"):
        state = json.loads(problem.state)
        goal = read_formula(state["goal"])
        assert isinstance(goal, Fact)
        verdict = proved([read_formula(line) for line in state["lines"]], goal, quantifiers=True)
        if verdict != json.loads(problem.gold):
            yield f"gold is {problem.gold}, z3 with quantifiers says {verdict}"
