"""Stored episodes judged again: their calls executed with the toolbox of today, their answers by the checker of today.

What the model wrote and read stays as it is; only the label may change. Where the toolbox of today answers a call
otherwise, nobody knows how the model would have gone on: such an episode is right if its answer is, and is not labelled
otherwise, because the model is not to blame for what it was told.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import chain, zip_longest
from typing import NamedTuple

import msgspec

from rollout.checkers.worlds import Verdict, is_world
from rollout.episodes.episode import judge
from rollout.episodes.execution import execute_now, is_only_thought
from rollout.episodes.worlds import judge_steps, unread
from rollout.formats import CallFormat
from rollout.formats.limits import CallLimits
from rollout.prompts.turns import turn_toolboxes
from rollout.records import CallResult, Episode, ErrorCode, Outcome, Problem, Step, StopReason
from rollout.toolboxes import CallRefused, Toolbox, load_toolbox

_EXECUTIONS = 3
"""How often an episode is executed at most whose calls fail today by the fault of machines."""


class Repeated(StrEnum):
    """What came of executing an episode's calls again."""

    SAME = "same"
    """Every result is the stored one."""
    MESSAGE = "message"
    """A call that failed fails with another code or text."""
    RESULT = "result"
    """A call gives another value, or fails where it did not, or the other way round."""
    RANDOM = "random"
    """Two executions of today differ: the toolbox is not deterministic, and the stored results count. Where a world is
    judged, of which nothing is stored, the stored label does."""


class Judged(NamedTuple):
    """An episode with its label of today."""

    episode: Episode
    repeated: Repeated
    difference: str
    """The first call that is answered otherwise, with both answers; "" where none is."""


class _Execution(NamedTuple):
    """What the calls of an episode give today."""

    results: tuple[tuple[CallResult, ...], ...]
    """Of each step. A step whose reply was cut has its stored ones."""
    answer: str | None
    """What the last turn ended with; None if it did not end, or if a world could not be read."""
    states: tuple[str, ...]
    """The world at the end of each turn that ended; () where nobody looks at it."""


def judge_again(problem: Problem, episode: Episode, call_format: CallFormat, limits: CallLimits) -> Judged:
    """The episode with the label that it has today, and today's hash of its toolbox.

    An episode that machines or a played user ended stays unlabelled, and nothing is executed for it. Raises
    RequestError for a toolbox or a checker that does not load, or a state that does not fit.
    """
    toolbox = _toolbox(problem.toolbox, episode.shown)
    provenance = msgspec.structs.replace(episode.provenance, toolbox_hash=toolbox.hash)
    episode = msgspec.structs.replace(episode, provenance=provenance)
    if not episode.outcome.labelled:
        return Judged(episode, Repeated.SAME, "")

    def executed(steps: Sequence[Step]) -> _Execution:
        """Today's, again where machines or the toolbox were at fault at a call of which `steps` hold another result."""
        for _ in range(_EXECUTIONS - 1):
            execution = _execute(problem, episode, toolbox, call_format, limits)
            if not _at_fault(steps, execution):
                return execution
        return _execute(problem, episode, toolbox, call_format, limits)

    found = executed(episode.steps)
    repeated, difference = _compared(episode.steps, found)
    verdict = _verdict(problem, episode, found)
    is_mended = verdict is not None and (verdict.credit, verdict.why) != (episode.credit, episode.why)
    if repeated is Repeated.RESULT or is_mended:
        # Executed a second time: what differs from the first is random.
        as_found = [msgspec.structs.replace(s, results=r) for s, r in zip(episode.steps, found.results, strict=True)]
        again = executed(as_found)
        if _compared(as_found, again)[0] is not Repeated.SAME or again.states != found.states:
            repeated = Repeated.RANDOM
    if repeated is Repeated.RANDOM and verdict is not None:
        return Judged(episode, repeated, difference)
    if repeated is Repeated.RESULT:  # its model would be told something else today
        finished = msgspec.structs.replace(episode, answer=found.answer, stop=StopReason.FINISHED)
        label = judge(problem, finished.stop, found.answer, list(episode.steps), verdict)
        if found.answer is not None and label[0] is Outcome.RIGHT:
            return Judged(_labelled(finished, *label, verdict), repeated, difference)
        unlabelled = msgspec.structs.replace(episode, stop=StopReason.INFRASTRUCTURE)
        return Judged(_labelled(unlabelled, Outcome.INFRASTRUCTURE, None, None), repeated, difference)
    if repeated is Repeated.MESSAGE:
        episode = msgspec.structs.replace(episode, steps=_with_codes(episode.steps, found))
    outcome, error = judge(problem, episode.stop, episode.answer, list(episode.steps), verdict)
    return Judged(_labelled(episode, outcome, error, verdict), repeated, difference)


def _verdict(problem: Problem, episode: Episode, found: _Execution) -> Verdict | None:
    """What a checker of worlds says of today's execution; None where an answer is checked."""
    if not is_world(problem.checker):
        return None
    steps = [msgspec.structs.replace(s, results=r) for s, r in zip(episode.steps, found.results, strict=True)]
    return judge_steps(problem, steps, found.states)


@lru_cache(maxsize=256)
def _toolbox(name: str, shown: tuple[str, ...]) -> Toolbox:
    toolbox = load_toolbox(name)
    return toolbox.subset(shown) if shown else toolbox


def _execute(
    problem: Problem, episode: Episode, toolbox: Toolbox, call_format: CallFormat, limits: CallLimits
) -> _Execution:
    toolboxes = turn_toolboxes(problem, load_toolbox(problem.toolbox), toolbox)
    session, results, turn = toolbox.open(problem.state), list[tuple[CallResult, ...]](), 0
    states, looked_at, is_read = list[str](), is_world(problem.checker), True
    try:
        for step in episode.steps:
            if step.turn > turn:
                turn = step.turn
                session.next_turn(toolbox if problem.user else toolboxes[turn])
            if ErrorCode.REPLY_CUT in step.errors:
                results.append(step.results)
            else:
                only_thought = is_only_thought(step.token_ids, step.thought_tokens)
                results.append(execute_now(step.text, call_format, session, limits, only_thought))
            if looked_at and session.answer is not None and len(states) == turn:
                try:
                    states.append(session.state())
                except CallRefused as fault:
                    results[-1], is_read = (*results[-1], unread(fault)), False
    finally:
        session.close()
    last = len(episode.said) if problem.user else len(problem.turns)
    return _Execution(tuple(results), session.answer if turn == last and is_read else None, tuple(states))


def _compared(steps: Sequence[Step], found: _Execution) -> tuple[Repeated, str]:
    """What is different today, and the first difference of the worst kind."""
    worst, difference = Repeated.SAME, ""
    for number, (step, results) in enumerate(zip(steps, found.results, strict=True)):
        for stored, today in zip(step.results, results, strict=False):
            codes, kind = (stored.error, today.error), Repeated.SAME
            if stored.error is not today.error or stored.content != today.content:
                # That the toolbox is at fault is another result than that the model is.
                material = None in codes or ErrorCode.TOOLBOX_FAULT in codes
                kind = Repeated.RESULT if material else Repeated.MESSAGE
            if kind is not Repeated.SAME and worst in (Repeated.SAME, Repeated.MESSAGE) and kind is not worst:
                worst, difference = kind, f"step {number}: {_shown(stored)}; today {_shown(today)}"
        if len(step.results) != len(results):
            return Repeated.RESULT, f"step {number}: {len(step.results)} results; today {len(results)}"
    return worst, difference


def _at_fault(steps: Sequence[Step], found: _Execution) -> bool:
    """Whether machines or the toolbox were at fault where they were not in these steps: next time they may not be."""
    pairs = (zip_longest(step.results, now) for step, now in zip(steps, found.results, strict=True))
    return any(
        today is not None
        and today.error in (ErrorCode.FUNCTION_TIMEOUT, ErrorCode.TOOLBOX_FAULT)
        and (before is None or before.error is not today.error)
        for before, today in chain.from_iterable(pairs)
    )


def _shown(result: CallResult) -> str:
    name = result.call.name if result.call is not None else "no call"
    return f"{name} -> {result.content[:200]!r}"


def _labelled(episode: Episode, outcome: Outcome, error: ErrorCode | None, verdict: Verdict | None) -> Episode:
    reward, credit = 1.0 if outcome is Outcome.RIGHT else 0.0, verdict.credit if verdict is not None else ()
    why = verdict.why if verdict is not None else ""
    return msgspec.structs.replace(episode, outcome=outcome, error=error, reward=reward, credit=credit, why=why)


def _with_codes(steps: Sequence[Step], found: _Execution) -> tuple[Step, ...]:
    """The steps with today's codes for calls that fail; what the model read stays."""
    return tuple(
        msgspec.structs.replace(
            step,
            results=tuple(
                msgspec.structs.replace(stored, error=today.error)
                for stored, today in zip(step.results, results, strict=True)
            ),
        )
        for step, results in zip(steps, found.results, strict=True)
    )
