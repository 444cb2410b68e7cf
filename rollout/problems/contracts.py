"""Contracts between a problem, its checker and its toolbox, which hold before an engine starts.

By the checker alone: the gold answer is right, twice; the same answer in another spelling is right; an empty answer and
malformed ones are not. By execution: the state opens, `finish` takes the gold answer, the gold chain comes to it, and
where there is state, to end at once with nothing in hand is not right. It may be in a problem with `nothing_to_do`: no
function fits, something is missing, or the state must stay as it is.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from functools import lru_cache
from typing import Any, NamedTuple

from cluster.errors import ChainprefError, WorkError
from rollout.checkers import NUMERIC, check, takes_either_order
from rollout.checkers.notation import LONGEST
from rollout.checkers.numbers import read_quantity
from rollout.checkers.worlds import (
    WORLD,
    TurnDone,
    World,
    asks_for_gold_calls,
    gold_of,
    is_world,
    judge_attempt,
    names_nothing,
)
from rollout.episodes.execution import execute_now
from rollout.episodes.worlds import gold_turns, gold_world, idle_world, turn_done
from rollout.formats import CallFormat
from rollout.formats.limits import CALL_LIMITS, CallLimits
from rollout.problems.story import Draft
from rollout.prompts.turns import turn_toolboxes
from rollout.records import Call, CallResult, ErrorCode, Problem, canonical_json
from rollout.toolboxes import CallRefused, Function, load_toolbox

EMPTY: tuple[Any, ...] = ("", " ", None, [], {})
"""Answers that say nothing."""
_MALFORMED = ("\u0000", "no such answer", {"no such key": None}, [["no such member"]])
_SAYS_DONE = frozenset({"done", "ok", "okay", "success", "finished", "completed", "true"})
"""What an answer says, in small letters, that is given whatever the state is."""
REMEDY = "where doing nothing is right, say so with nothing_to_do"
_NO_GOLD_CALLS = "as_gold and told_as_gold compare with gold calls, and the problem has none"
_IDLE_IS_RIGHT = f"to end every turn at once is right; list conditions that ask for more, or {REMEDY}"


def place(problem: Problem) -> str:
    """Where a person finds the problem: file and line of an imported one, and its id."""
    is_place = problem.source != "generated" and not problem.source.startswith("variant of ")
    return f"{problem.source}: {problem.id}" if is_place else problem.id


@lru_cache(maxsize=2**16)
def answer_faults(checker: str, gold: str, nothing_to_do: bool) -> tuple[str, ...]:
    """What is wrong with a gold answer and its checker, without the toolbox. Many problems share a gold answer."""
    try:
        return tuple(_answer_faults(checker, gold, nothing_to_do))
    except ChainprefError as error:
        return (str(error),)


def _answer_faults(checker: str, gold: str, nothing_to_do: bool) -> Iterator[str]:
    if is_world(checker):  # what is right is known by execution alone
        return
    if (verdict := _twice(checker, gold, gold)) is not None:
        yield f"checker {checker} does not accept the gold answer {gold} itself: {verdict}"
        return
    for answer in respelled(checker, json.loads(gold)):
        if isinstance(answer, str) and len(answer) > LONGEST:
            continue
        if (verdict := _twice(checker, canonical_json(answer), gold)) is not None:
            yield f"checker {checker} refuses {answer!r}, the gold answer {gold} in another spelling: {verdict}"
    for answer in () if nothing_to_do else (*EMPTY, *_MALFORMED):
        text = canonical_json(answer)
        if _twice(checker, text, gold) is None:
            kind = "an empty answer" if answer in EMPTY else "an answer of another kind"
            yield f"{kind}, {text}, is right for the gold answer {gold}; {REMEDY}"
            return


def _twice(checker: str, answer: str, gold: str) -> ErrorCode | None:
    """The verdict on an answer. Raises WorkError where a second one differs."""
    first, second = check(checker, answer, gold), check(checker, answer, gold)
    if first is not second:
        raise WorkError(f"checker {checker} gives two verdicts on {answer}; let it depend on its two arguments alone")
    return first


def respelled(checker: str, gold: Any) -> Iterator[Any]:
    """The gold answer in other spellings that `checker` documents; none for a user's checker."""
    kind = checker.partition(":")[0]
    if kind == NUMERIC:
        quantity = read_quantity(gold)
        if isinstance(gold, str):
            yield f" {gold}\n"
        elif quantity is not None and quantity.is_integer:
            yield from (f"{int(quantity.value):,}", f" {int(quantity.value)}.0")
        else:
            yield repr(gold)
    elif kind == "set":
        yield f" {gold} " if isinstance(gold, str) else [*reversed(gold), *gold[:1]]
    elif takes_either_order(checker):
        yield dict(zip(gold, reversed(gold.values()), strict=True))
    elif kind == "exact":
        yield _json_equal(gold)


def _json_equal(value: Any) -> Any:
    """An equal JSON value: keys in the other order, integers as floats, text between white space."""
    if isinstance(value, dict):
        return {key: _json_equal(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return list(map(_json_equal, value))
    if isinstance(value, str):
        return f" {value}\n"
    small = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
    return float(value) if small else value


class Execution(NamedTuple):
    """What executing a problem's gold answer and gold chain showed."""

    faults: tuple[str, ...]
    needs_work: bool
    """Whether a session in which nothing was done yet refuses the gold answer; False without state."""


def world_executed(problem: Problem, call_formats: Iterable[CallFormat], limits: CallLimits = CALL_LIMITS) -> Execution:
    """Open a problem's world, do nothing in it, and execute the gold chain in every format; of a problem whose checker
    judges worlds. What nobody did is not right, unless the problem says so."""
    try:
        idle, right = idle_world(problem), gold_world(problem)
        nothing = judge_attempt(problem.checker, problem.gold, idle, right)
        faults = gold_faults(problem, call_formats, limits)
        if problem.checker == WORLD:
            gold, toolbox = gold_of(problem.gold, len(idle.turns)), load_toolbox(problem.toolbox)
            functions = {name: argument_names(each) for name, each in toolbox.functions.items()}
            faults += names_nothing(gold, right.before, functions, toolbox.finish)
            if asks_for_gold_calls(gold) and not any(gold_turns(problem)):
                faults.append(_NO_GOLD_CALLS)
    except (ChainprefError, CallRefused) as error:
        return Execution((error.message if isinstance(error, CallRefused) else str(error),), False)
    if nothing.error is None and not problem.nothing_to_do:
        faults.append(_IDLE_IS_RIGHT)
    if nothing.error is ErrorCode.STATE_WRONG and problem.nothing_to_do:
        faults.append(f"nothing_to_do says that doing nothing is right, and it is not: {nothing.why}")
    return Execution(tuple(faults), nothing.error is not None)


def compared_fault(problem: Problem) -> str:
    """What is wrong with labels that are compared with what the gold calls do, which are executed once, in no format;
    "" where nothing is."""
    if not any(gold_turns(problem)):
        return _NO_GOLD_CALLS
    try:
        right = gold_world(problem)
        nothing = [TurnDone(answer="null", state=right.before)] * len(right.turns)
        idle = judge_attempt(problem.checker, problem.gold, World(before=right.before, turns=tuple(nothing)), right)
        itself = judge_attempt(problem.checker, problem.gold, right, right)
    except ChainprefError as error:
        return str(error)
    if itself.error is not None:
        return f"the gold chain is {itself.error.value}: {itself.why}"
    return "" if problem.nothing_to_do or idle.error is not None else _IDLE_IS_RIGHT


def argument_names(function: Function) -> Collection[str] | None:
    """The names that a function's arguments may have; None where it takes others than those that it names."""
    others = function.parameters.get("additionalProperties"), function.parameters.get("patternProperties")
    return None if any(each not in (None, False, {}) for each in others) else function.parameter_names


def executed(
    problem: Problem,
    call_formats: Iterable[CallFormat],
    alternatives: Collection[str] = (),
    limits: CallLimits = CALL_LIMITS,
) -> Execution:
    """Open the problem's toolbox, finish at once with the gold answer, and execute the gold chain in every format.

    `alternatives`: the gold answers of other problems with this toolbox; where one is false, true says something.
    """
    if is_world(problem.checker):
        return world_executed(problem, call_formats, limits)
    try:
        arguments = canonical_json({"answer": json.loads(problem.gold)})
        with closing(turn_toolboxes(problem, load_toolbox(problem.toolbox))[0].open(problem.state)) as session:
            at_once = session.call(Call(name=session.toolbox.finish, arguments=arguments), {}, limits.deadline)
        is_right = session.answer is not None and check(problem.checker, session.answer, problem.gold) is None
        faults = gold_faults(problem, call_formats, limits)
    except ChainprefError as error:
        return Execution((str(error),), False)
    has_state, has_chain = problem.state != "null", any(gold_turns(problem))
    if at_once.error is not None and not has_chain and not (has_state and at_once.error is ErrorCode.FUNCTION_RAISED):
        # With state `finish` may ask for work first; then the gold chain shows that it takes the answer.
        faults.append(f"finish refuses the gold answer {problem.gold}: {at_once.content}")
    if is_right and has_state and not problem.nothing_to_do and _says_nothing(problem.gold, alternatives):
        faults.append(
            f"finishing at once with {problem.gold} is right, although nothing was done: let finish look at the state, "
            f"or ask for an answer that depends on it; {REMEDY}"
        )
    return Execution(tuple(faults), has_state and not is_right)


def gold_faults(problem: Problem, call_formats: Iterable[CallFormat], limits: CallLimits) -> list[str]:
    """What is wrong with the gold chain in each format; nothing where no turn has one."""
    if not any(gold_turns(problem)):
        return []
    found = ((each.name, gold_fault(problem, each, limits)) for each in call_formats)
    return [f"in format {name}: {fault}" for name, fault in found if fault]


def gold_fault(problem: Problem | Draft, call_format: CallFormat, limits: CallLimits = CALL_LIMITS) -> str | None:
    """Why the gold chain, one call a reply in `call_format`, gives no accepted answer; None where it gives one."""
    toolboxes = turn_toolboxes(problem, load_toolbox(problem.toolbox))
    done = list[TurnDone]()
    with closing(toolboxes[0].open(problem.state)) as session:
        for number, toolbox in enumerate(toolboxes):
            if number:
                session.next_turn(toolbox)
            calls = problem.turns[number - 1].gold_calls if number else problem.gold_calls
            of_turn = list[CallResult]()
            for gold_call in calls:
                reply = call_format.render((gold_call,))
                results = execute_now(reply, call_format, session, limits)
                if any(result.error for result in results):
                    # A class that keeps its state and looks at it in its methods opens without one.
                    lacks = "NoneType" in results[0].content and problem.state == "null"
                    hint = "; where the functions need a state, name its column with `state_column`" if lacks else ""
                    return f"{reply} fails: {results[0].content}{hint}"
                of_turn += results
            if session.answer is None:
                where = f" of turn {number + 1} does not end it" if problem.turns else " gives no answer"
                return f"the gold chain{where}"
            if is_world(problem.checker):
                done.append(turn_done(of_turn, session.state()))
        answer = session.answer
    if isinstance(problem, Problem) and done:
        right = gold_world(problem)
        verdict = judge_attempt(problem.checker, problem.gold, World(before=right.before, turns=tuple(done)), right)
        return f"the gold chain is {verdict.error.value}: {verdict.why}" if verdict.error else None
    assert answer is not None
    error = check(problem.checker, answer, problem.gold)
    return f"answer {answer} is {error.value}, gold is {problem.gold}" if error else None


def _says_nothing(gold: str, alternatives: Collection[str]) -> bool:
    """Whether a gold answer only says that the work is done."""
    value = json.loads(gold)
    if value is True:
        return "false" not in alternatives
    return value in EMPTY or (isinstance(value, str) and value.strip(" .!").lower() in _SAYS_DONE)
