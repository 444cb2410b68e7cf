"""Checkers of worlds: they judge what an attempt did, by the state it left, its calls and what it said, turn by turn.

`world`                  conditions that the gold answer lists: `{"turns": [CONDITIONS, ...], "end": CONDITIONS}`
`world:module:function`  a user's `function(attempt, gold) -> bool | list[float]` on decoded values

docs/checkers.md says what conditions there are. Nothing that a model wrote is evaluated.
"""

import itertools
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from cluster.errors import RequestError, WorkError
from rollout.checkers.parts import MISSING, difference, part_of
from rollout.checkers.required import RightCall, is_like, made_calls, missing_calls, written
from rollout.checkers.said import as_read, contains
from rollout.checkers.users import call_users, users_function
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes.microchain import BUILT_INS
from rollout.toolboxes.mistakes import as_called_here

WORLD = "world"
_LONGEST = 300


class TurnDone(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one of the user's turns."""

    results: tuple[CallResult, ...] = ()
    """Of the calls that were made in it, in order, without what ended it."""
    ended_by: tuple[CallResult, ...] = ()
    """Of the call that ended it, of all turns of those that did: it may hold calls, which were made."""
    answer: str | None = None
    """What ended it, as canonical JSON; None if nothing did."""
    state: str | None = None
    """The world at its end, as canonical JSON; None if it did not end."""

    @property
    def plain(self) -> dict[str, Any]:
        """As functions of users see it."""
        answer, state = json.loads(self.answer or "null"), json.loads(self.state or "null")
        return {
            "calls": [_plain_result(result) for result in self.results if result.call is not None],
            "answer": answer,
            "ended": self.answer is not None,
            "ended_by": _plain_result(self.ended_by[0]) if self.ended_by else None,
            "state": state,
        }

    def made(self) -> list[tuple[Call, bool]]:
        """Every call that was made, those inside others too, with whether it had success."""
        endings = (list(made_calls(ended))[:-1] for ended in self.ended_by)  # what ended it is no call of its
        return [*(each for result in self.results for each in made_calls(result)), *itertools.chain(*endings)]


def _plain_result(result: CallResult) -> dict[str, Any]:
    """A call with what came of it: its arguments, with the values of calls inside it where it had success, and every
    call that was made of it."""
    assert result.call is not None
    made = [call for call, _ in made_calls(result)]
    call = made[-1] if result.error is None else result.call
    return {
        **_plain_call(call),
        "result": result.content,
        "error": None if result.error is None else result.error.value,
        "made": list(map(_plain_call, made)),
    }


def _plain_call(call: Call) -> dict[str, Any]:
    return {"name": call.name, "arguments": json.loads(call.arguments)}


class World(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt at a problem, or its gold calls, as checkers see it."""

    before: str
    """The world at the beginning, as canonical JSON."""
    turns: tuple[TurnDone, ...]
    """Each of the problem's turns, also those that the attempt did not come to."""

    @property
    def whole(self) -> TurnDone:
        """All turns as one; it has ended if all have."""
        answers = [turn.answer for turn in self.turns]
        said = None if None in answers else canonical_json("\n".join(as_read(answer) for answer in answers))
        results = tuple(result for turn in self.turns for result in turn.results)
        ended_by = tuple(call for turn in self.turns for call in turn.ended_by)
        return TurnDone(results=results, ended_by=ended_by, answer=said, state=self.turns[-1].state)


class Verdict(NamedTuple):
    """What a checker of worlds says of an attempt."""

    error: ErrorCode | None
    """None if it is right."""
    credit: tuple[float, ...]
    """The shares of conditions that hold: of each turn, then of the end, where the gold answer has some."""
    why: str
    """The first condition that does not hold, in words; "" if all do."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What has to hold of a turn, or at the end of all of them."""

    state: Any = msgspec.UNSET
    """The world, whole."""
    as_gold: bool = False
    """The world is the one to which the gold calls come."""
    told_as_gold: bool = False
    """What the gold calls gave back came back from calls until then, as often, whatever their order."""
    unchanged: tuple[str, ...] = ()
    """Parts of the world, as keys joined by dots, that are as they were at the beginning; "" is all of it."""
    acts: bool = False
    """A call was made, with success or without; a thought is none."""
    calls: tuple[RightCall, ...] = ()
    """Calls that were made, with success."""
    in_order: bool = False
    """Whether `calls` came one after the other."""
    never: tuple[str | RightCall, ...] = ()
    """Functions, or calls, that were not made with success."""
    says: tuple[str, ...] = ()
    """What the answer contains, whatever its capitals and white space."""

    def broken(
        self, done: TurnDone, before: str, gold: TurnDone, until: Sequence[CallResult]
    ) -> Iterator[tuple[ErrorCode, str] | None]:
        """For each condition None, or what is wrong. `until`: the results of all turns until the end of this one."""
        state = json.loads(done.state or "null")
        made = done.made()
        if self.acts:
            outer = (each.call for each in done.results if each.call is not None)
            called = any(call.name not in BUILT_INS for call in (*outer, *(call for call, _ in made)))
            yield _wrong("" if called else "nothing was called")
        if self.state is not msgspec.UNSET:
            yield _wrong(difference(state, self.state))
        if self.as_gold:
            yield _wrong(difference(state, json.loads(gold.state or "null")))
        told = Counter(result.content for result in until if result.error is None)
        for result in gold.results if self.told_as_gold else ():
            told[result.content] -= 1
            yield _wrong(f"nothing came back as {result.content[:80]}" if told[result.content] < 0 else "")
        for path in self.unchanged:
            yield _wrong(difference(part_of(state, path), part_of(json.loads(before), path), path))
        yield from map(_wrong, missing_calls(self.calls, [call for call, good in made if good], self.in_order))
        for never in self.never:
            banned = RightCall(name=never) if isinstance(never, str) else never
            yield _wrong(f"{written(banned)} was called" if any(is_like(call, banned) for call, _ in made) else "")
        for text in self.says:
            lacks = not contains(as_read(done.answer), text)
            yield (ErrorCode.ANSWER_WRONG, f"the answer lacks {text!r}") if lacks else None


class Gold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gold answer of checker `world`."""

    turns: tuple[Conditions, ...] = ()
    """For each turn what holds at its end, of what happened in it; () where only the end counts."""
    end: Conditions = Conditions()
    """What holds after the last turn, of what happened in all of them."""


def gold_of(text: str, turns: int) -> Gold:
    """The conditions for a problem of so many turns. Raises RequestError for what is no list of conditions."""
    try:
        gold = msgspec.json.decode(text, type=Gold)
    except msgspec.DecodeError as error:
        raise RequestError(f"checker {WORLD}: the gold answer lists no conditions: {error}") from None
    if gold.turns and len(gold.turns) != turns:
        raise RequestError(
            f"checker {WORLD}: the gold answer has conditions for {len(gold.turns)} turns, and the problem has "
            f"{turns}; write {{}} for a turn without any"
        )
    return gold


def is_world(checker: str) -> bool:
    """Whether a checker judges worlds."""
    return checker == WORLD or checker.startswith(f"{WORLD}:")


def judge_attempt(checker: str, gold: str, attempt: World, right: World) -> Verdict:
    """The verdict of a checker of worlds on an attempt; `right` is what the gold calls do. Raises RequestError for a
    gold answer or a user's function that does not read, WorkError for a user's function that fails."""
    function = checker.partition(":")[2]
    if not function:
        return judge_world(gold_of(gold, len(attempt.turns)), attempt, right)
    seen = {"before": json.loads(attempt.before), "turns": [turn.plain for turn in attempt.turns]}
    found = call_users(checker, users_function("checker", function), seen, json.loads(gold))
    shares = [float(found)] if isinstance(found, bool) else found if isinstance(found, list) else []
    if not shares or not all(isinstance(each, int | float) and 0 <= each <= 1 for each in shares):
        raise WorkError(f"checker {checker} returned {found!r}; return True or False, or a list of numbers from 0 to 1")
    error = None if all(each == 1 for each in shares) else ErrorCode.STATE_WRONG
    return Verdict(error, tuple(map(float, shares)), "")


def asks_for_gold_calls(gold: Gold) -> bool:
    """Whether a condition compares with the gold calls."""
    return any(each.as_gold or each.told_as_gold for each in (*gold.turns, gold.end))


def names_nothing(
    gold: Gold, before: str, functions: Mapping[str, Collection[str] | None], finish: str
) -> Iterator[str]:
    """What is said of parts that the world has not at the beginning, of functions and arguments that are not there, and
    of what no answer lacks: it would hold whatever was done. `functions` holds the arguments' names of each, None for
    one that takes arguments of any name."""
    state = json.loads(before)
    for conditions in (*gold.turns, gold.end):
        banned = [RightCall(name=each) if isinstance(each, str) else each for each in conditions.never]
        for named in (*banned, *conditions.calls):
            if named.name == finish:
                yield f"{finish!r} ends turns"
            elif named.name not in functions:
                yield f"{named.name!r} is none of the functions{as_called_here(named.name, functions)}"
            elif (arguments := functions[named.name]) is not None:
                unknown = [name for name in named.arguments if name not in arguments]
                yield from (f"{named.name} has no argument {name!r}" for name in unknown)
        missing = [path for path in conditions.unchanged if part_of(state, path) is MISSING]
        yield from (f"unchanged: the world has no {path!r} at the beginning" for path in missing)
        yield from (f"says: {text!r} is in every answer" for text in conditions.says if not text.strip())


def judge_world(gold: Gold, attempt: World, right: World) -> Verdict:
    """The verdict on an attempt; `right` is what the gold calls do."""
    credit, whys = list[float](), list[tuple[ErrorCode, str]]()
    parts = [(f"turn {number}", each, number - 1) for number, each in enumerate(gold.turns, start=1)]
    for where, conditions, at in (*parts, ("the end", gold.end, -1)):
        if where == "the end" and gold.turns and conditions == Conditions():
            continue
        done, gold_done = (each.turns[at] if at >= 0 else each.whole for each in (attempt, right))
        until = [result for turn in attempt.turns[: at + 1 or None] for result in turn.results]
        found = list(conditions.broken(done, attempt.before, gold_done, until)) or [None]
        if done.answer is None:
            found = [(ErrorCode.NO_ANSWER, "it was not ended")] * len(found)
        credit.append(found.count(None) / len(found))
        whys += [(code, f"{where}: {why}") for code, why in filter(None, found)]
    code, why = whys[0] if whys else (None, "")
    return Verdict(code, tuple(credit), why[:_LONGEST])


def _wrong(why: str) -> tuple[ErrorCode, str] | None:
    return (ErrorCode.STATE_WRONG, why) if why else None
