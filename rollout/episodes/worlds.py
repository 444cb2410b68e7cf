"""What attempts and gold calls do to a world, as checkers of worlds see it."""

from collections.abc import Sequence
from functools import lru_cache

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.checkers.worlds import WORLD, TurnDone, Verdict, World, asks_for_gold_calls, gold_of, judge_attempt
from rollout.prompts.messages import before_end
from rollout.prompts.turns import turn_toolboxes
from rollout.records import Call, CallResult, ErrorCode, Problem, Step
from rollout.toolboxes import CallRefused, load_toolbox

_GOLD_S = 60.0
"""How long a gold call may take: more than one of an attempt, since nobody waits for it twice."""


def judge_steps(problem: Problem, steps: Sequence[Step], states: Sequence[str]) -> Verdict:
    """The verdict of the problem's checker, one of worlds, on an attempt; `states` holds the world at the end of each
    turn that ended. Raises RequestError and WorkError as `judge_attempt`."""
    turns = list[TurnDone]()
    # Who plays the user decides how many turns there are.
    last = max((step.turn for step in steps), default=0) if problem.user else len(problem.turns)
    for number in range(last + 1):
        results = tuple(result for step in steps if step.turn == number for result in step.results)
        turns.append(turn_done(results, states[number] if number < len(states) else None))
    right = gold_world(problem)
    return judge_attempt(problem.checker, problem.gold, World(before=right.before, turns=tuple(turns)), right)


def unread(fault: CallRefused) -> CallResult:
    """What stands in an episode where the world at the end of a turn cannot be read."""
    return CallResult(call=None, content=f"Error: {fault.message}", error=fault.code)


def turn_done(results: Sequence[CallResult], state: str | None) -> TurnDone:
    """A turn with these results; it ended if its `state` at the end is known. What ended it is no call of its."""
    ended = next((result for result in reversed(results) if result.error is None), None)
    if state is None or ended is None:
        return TurnDone(results=tuple(results), state=state)
    ended_by = () if ended.call is None else (ended,)
    return TurnDone(results=tuple(before_end(results)), ended_by=ended_by, answer=ended.content, state=state)


@lru_cache(maxsize=4096)
def gold_world(problem: Problem) -> World:
    """What the gold calls do, one after the other; without any nothing is done. It is made once for all attempts at a
    problem, and blocks. Raises as `world_of`; where labels are compared with it, also RequestError for a gold call that
    fails, and InfrastructureError for one that does so by the toolbox's fault."""
    world = world_of(problem, gold_turns(problem))
    if is_compared(problem):
        for result in (result for turn in world.turns for result in turn.results):
            _require_success(problem, result)
    return world


def is_compared(problem: Problem) -> bool:
    """Whether the problem's labels are compared with what its gold calls do. Raises RequestError for a gold answer that
    lists no conditions."""
    return problem.checker == WORLD and asks_for_gold_calls(gold_of(problem.gold, len(problem.turns) + 1))


def _require_success(problem: Problem, result: CallResult) -> None:
    if result.error is None:
        return
    written = "" if result.call is None else f"{result.call.name}({result.call.arguments})"
    what = f"toolbox {problem.toolbox}: gold call {written} of problem {problem.id} fails"
    if result.error is ErrorCode.TOOLBOX_FAULT:
        raise InfrastructureError(InfrastructureKind.SERVER_LOST, f"{what}: {result.content}")
    raise RequestError(
        f"{what}: {result.content}; labels are compared with what gold calls do: mend it, or leave it out"
    )


def idle_world(problem: Problem) -> World:
    """What an attempt comes to that ends every turn at once, without an answer. Raises as `world_of`."""
    done = Call(name=load_toolbox(problem.toolbox).finish, arguments="{}")
    return world_of(problem, [(done,)] * (len(problem.turns) + 1))


def world_of(problem: Problem, calls: Sequence[Sequence[Call]]) -> World:
    """What these calls do, those of each turn. A turn that they do not end has ended all the same. Raises RequestError
    for a state that does not fit, or that cannot be read, and InfrastructureError for a call that takes too long: the
    labels of all attempts depend on it."""
    toolboxes = turn_toolboxes(problem, load_toolbox(problem.toolbox))
    session, turns = toolboxes[0].open(problem.state), list[TurnDone]()
    try:
        before = session.state()
        for toolbox, of_turn in zip(toolboxes, calls, strict=True):
            if turns:
                session.next_turn(toolbox)
            results = [session.call(call, deadline=_GOLD_S) for call in of_turn]
            if any(result.error is ErrorCode.FUNCTION_TIMEOUT for result in results):
                what = f"a gold call of problem {problem.id} took longer than {_GOLD_S:.0f} s"
                raise InfrastructureError(InfrastructureKind.HOST_TIMEOUT, f"toolbox {problem.toolbox}: {what}")
            turns.append(turn_done(results, session.state()))
    except CallRefused as fault:
        raise RequestError(f"toolbox {problem.toolbox}, problem {problem.id}: {fault.message}") from None
    finally:
        session.close()
    return World(before=before, turns=tuple(turns))


def gold_turns(problem: Problem) -> tuple[tuple[Call, ...], ...]:
    """The gold calls of each turn."""
    return (problem.gold_calls, *(turn.gold_calls for turn in problem.turns))
