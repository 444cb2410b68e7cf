"""Checks that problems are sound: contracts hold, a cross-check finds the gold answer again, and every gold chain, in
every call format, executes to an accepted answer."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from cluster.errors import ChainprefError
from rollout.checkers import check
from rollout.episodes.worlds import is_compared
from rollout.formats import load_format
from rollout.formats.limits import CALL_LIMITS, CallLimits
from rollout.problems.contracts import answer_faults, compared_fault, executed, place
from rollout.problems.cross_checks import cross_checked_gold, has_cross_check
from rollout.records import Problem, content_hash


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found."""

    problems: int
    found_again: int = 0
    """Problems whose gold answer was cross-checked; imported ones have no cross-check."""
    opened: int
    """Problems whose state was opened and whose gold answer was given to `finish`."""
    executed: int
    """Those of them whose gold chain was executed in each format; imported problems may have none."""
    nothing_to_do: int
    """Problems that say that doing nothing is right."""
    with_state: int
    needing_work: int
    """Those of the opened ones with state in which the gold answer is refused until something was done."""
    unexecuted: int = 0
    """Problems whose labels are compared with what their gold calls do, and whose gold calls were not executed."""
    faults: tuple[str, ...]
    """One line for each fault: file and line of an imported problem, its id, and what is wrong with it."""

    @property
    def about_state(self) -> str:
        """Of problems with state, and of those in which nothing is to be done, in words; "" where there are none."""
        states = (
            f"{self.needing_work:,} of {self.with_state:,} with state ask for work first, " if self.with_state else ""
        )
        return states + (f"in {self.nothing_to_do:,} doing nothing is right, " if self.nothing_to_do else "")

    @property
    def said(self) -> str:
        """The figures in words."""
        return (
            f"{self.problems:,} gold answers checked by their checkers, {self.opened:,} of them executed, "
            f"{self.about_state}{self.left_out}{len(self.faults):,} faults"
        )

    @property
    def left_out(self) -> str:
        """Of gold calls that labels depend on, and that nobody executed, in words; "" where there are none."""
        return f"{self.unexecuted:,} gold chains of worlds left to the run, " if self.unexecuted else ""


def check_problems(problems: Sequence[Problem], formats: Iterable[str]) -> CheckReport:
    """Hold every problem to its contracts, cross-check its gold answer, and execute its gold chain in every format."""
    report = check_golds(problems, formats)
    crossed = [problem for problem in problems if has_cross_check(problem)]
    faults = (f"{place(problem)}: {fault}" for problem in crossed for fault in _cross_faults(problem))
    return msgspec.structs.replace(report, found_again=len(crossed), faults=(*report.faults, *faults))


def check_golds(
    problems: Sequence[Problem],
    formats: Iterable[str] = ("json",),
    sample: int | None = None,
    seed: int = 0,
    limits: CallLimits = CALL_LIMITS,
    all_worlds: bool = False,
) -> CheckReport:
    """Hold every gold answer to its checker, and execute those of `sample` problems of each family, drawn by `seed`;
    None: those of all problems. `limits` are those of the episodes. `all_worlds`: execute the gold calls of the other
    problems once, too, where labels are compared with what they do."""
    faults = list[str]()
    golds, families = defaultdict[str, set[str]](set), defaultdict[str, list[Problem]](list)
    for problem in problems:
        found = answer_faults(problem.checker, problem.gold, problem.nothing_to_do)
        faults += (f"{place(problem)}: {fault}" for fault in found)
        golds[problem.toolbox].add(problem.gold)
        families[problem.family].append(problem)
    opened = [
        problem
        for family in families.values()
        for problem in sorted(family, key=lambda one: content_hash(str(seed), one.id))[
            : len(family) if sample is None else sample
        ]
    ]
    call_formats, needing_work = [load_format(name) for name in formats], 0
    for problem in opened:
        execution = executed(problem, call_formats, golds[problem.toolbox], limits)
        needing_work += execution.needs_work
        faults += (f"{place(problem)}: {fault}" for fault in execution.faults)
    done = {problem.id for problem in opened}
    left = [problem for problem in problems if problem.id not in done and _is_compared(problem)]
    for problem in left if all_worlds else ():
        if fault := compared_fault(problem):
            faults.append(f"{place(problem)}: {fault}")
    return CheckReport(
        problems=len(problems),
        unexecuted=0 if all_worlds else len(left),
        opened=len(opened),
        executed=sum(bool(problem.gold_calls) for problem in opened),
        nothing_to_do=sum(problem.nothing_to_do for problem in problems),
        with_state=sum(problem.state != "null" for problem in opened),
        needing_work=needing_work,
        faults=tuple(dict.fromkeys(faults)),
    )


def _is_compared(problem: Problem) -> bool:
    try:
        return is_compared(problem)
    except ChainprefError:
        return True


def _cross_faults(problem: Problem) -> Iterator[str]:
    try:
        gold = cross_checked_gold(problem)
        if check(problem.checker, gold, problem.gold) is not None:
            yield f"gold is {problem.gold}, the cross-check says {gold}"
    except (ChainprefError, ValueError, LookupError) as error:
        yield f"the cross-check of its gold answer fails: {error}"
