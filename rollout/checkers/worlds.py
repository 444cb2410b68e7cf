"""Checkers of worlds: they judge what an attempt did, by the state it left, its calls and what it said, turn by turn.

`world`                  conditions that the gold answer lists: `{"turns": [CONDITIONS, ...], "end": CONDITIONS}`
`world:module:function`  a user's `function(attempt, gold) -> bool | list[float]` on decoded values

docs/checkers.md says what conditions there are. Nothing that a model wrote is evaluated.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from cluster.errors import RequestError, WorkError
from rollout.checkers.users import call_users, users_function
from rollout.checkers.values import comparable
from rollout.records import Call, CallResult, ErrorCode, canonical_json
from rollout.toolboxes.microchain import BUILT_INS
from rollout.toolboxes.nesting import CALL

WORLD = "world"
_LONGEST = 300
_DIGITS = r"(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)"
_NUMBER = re.compile(rf"-?{_DIGITS}", re.ASCII)
"""A whole number or decimal; no id with zeros in front."""
_NUMBER_INSIDE = re.compile(rf"(?<![\w.])((?<![\w.)\]]-)-)?[$\u20ac\u00a3]?(?<!\w)({_DIGITS})(?!\w|\.\d)", re.ASCII)
"""One that is no part of another word. Its sign stands before it or before its currency, and after no word: the line
of 5-10 is none."""
_SEPARATOR = re.compile(r"(?<=\d)[,'\u2019\u00a0\u2009\u202f](?=\d{3}(?!\d))")
"""Between thousands: a comma, an apostrophe, or a space that does not break; a plain one stands between two numbers."""


class TurnDone(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one of the user's turns."""

    results: tuple[CallResult, ...] = ()
    """Of the calls that were made in it, in order, without what ended it."""
    ended_by: tuple[Call, ...] = ()
    """The call that ended it, of all turns those that did: it may hold calls, which were made."""
    answer: str | None = None
    """What ended it, as canonical JSON; None if nothing did."""
    state: str | None = None
    """The world at its end, as canonical JSON; None if it did not end."""

    @property
    def plain(self) -> dict[str, Any]:
        """As functions of users see it."""
        calls = [
            {
                "name": made.call.name,
                "arguments": json.loads(made.call.arguments),
                "result": made.content,
                "error": None if made.error is None else made.error.value,
            }
            for made in self.results
            if made.call is not None
        ]
        answer, state = json.loads(self.answer or "null"), json.loads(self.state or "null")
        ended_by = [{"name": call.name, "arguments": json.loads(call.arguments)} for call in self.ended_by]
        return {
            "calls": calls,
            "answer": answer,
            "ended": self.answer is not None,
            "ended_by": ended_by[0] if ended_by else None,
            "state": state,
        }

    def made(self) -> list[tuple[Call, bool]]:
        """Every call that was made, those inside others too, with whether it had success."""
        last = (CallResult(call=call, content="") for call in self.ended_by)
        endings = ((call, good) for result in last for call, good in made_calls(result) if call is not result.call)
        return [*(each for result in self.results for each in made_calls(result)), *endings]


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


class RightCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that has to be made, or must not be: of the arguments, those that matter."""

    name: str
    arguments: dict[str, Any] = {}


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
            failed = (each.call for each in done.results if each.call is not None and each.error is not None)
            called = any(call.name not in BUILT_INS for call in (*failed, *(call for call, _ in made)))
            yield _wrong("" if called else "nothing was called")
        if self.state is not msgspec.UNSET:
            yield _wrong(_difference(state, self.state))
        if self.as_gold:
            yield _wrong(_difference(state, json.loads(gold.state or "null")))
        told = Counter(result.content for result in until if result.error is None)
        for result in gold.results if self.told_as_gold else ():
            told[result.content] -= 1
            yield _wrong(f"nothing came back as {result.content[:80]}" if told[result.content] < 0 else "")
        for path in self.unchanged:
            yield _wrong(_difference(_part(state, path), _part(json.loads(before), path), path))
        yield from missing_calls(self, [call for call, good in made if good])
        for never in self.never:
            banned = RightCall(name=never) if isinstance(never, str) else never
            yield _wrong(f"{_written(banned)} was called" if any(_is(call, banned) for call, _ in made) else "")
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


def names_nothing(gold: Gold, before: str, functions: Mapping[str, Collection[str]], finish: str) -> Iterator[str]:
    """What is said of parts that the world has not at the beginning, of functions and arguments that are not there, and
    of what no answer lacks: it would hold whatever was done. `functions` holds the arguments' names of each."""
    state = json.loads(before)
    for conditions in (*gold.turns, gold.end):
        banned = [RightCall(name=each) if isinstance(each, str) else each for each in conditions.never]
        for named in (*banned, *conditions.calls):
            if named.name not in functions or named.name == finish:
                yield f"{named.name!r} is none of the functions" if named.name != finish else f"{finish!r} ends turns"
                continue
            unknown = [name for name in named.arguments if name not in functions[named.name]]
            yield from (f"{named.name} has no argument {name!r}" for name in unknown)
        missing = [path for path in conditions.unchanged if _part(state, path) is _MISSING]
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


def missing_calls(conditions: Conditions, made: Sequence[Call]) -> Iterator[tuple[ErrorCode, str] | None]:
    """For each required call None, or that it is missing. A call that was made counts for one of them: `in_order` the
    first that fits after those before, else so that as many as possible are there."""
    if conditions.in_order:
        left = list(made)
        for each in conditions.calls:
            at = next((index for index, call in enumerate(left) if _is(call, each)), None)
            left = left if at is None else left[at + 1 :]
            yield _wrong(f"the call {_written(each)} is missing, after the others" if at is None else "")
        return
    fits = [[index for index, call in enumerate(made) if _is(call, each)] for each in conditions.calls]
    for each, found in zip(conditions.calls, _assigned(fits, len(made)), strict=True):
        yield _wrong("" if found else f"the call {_written(each)} is missing")


def _assigned(fits: Sequence[Sequence[int]], calls: int) -> list[bool]:
    """Which required calls have a made one of their own, of those that fit: as many as can."""
    if not any(fits):
        return [False] * len(fits)
    from scipy.sparse import csr_matrix  # takes a second, and most gold answers require no calls
    from scipy.sparse.csgraph import maximum_bipartite_matching

    pairs = [(row, column) for row, columns in enumerate(fits) for column in columns]
    rows, columns = zip(*pairs, strict=True)
    graph = csr_matrix(([True] * len(pairs), (rows, columns)), shape=(len(fits), calls))
    return [bool(column >= 0) for column in maximum_bipartite_matching(graph, perm_type="column")]


def made_calls(result: CallResult) -> Iterator[tuple[Call, bool]]:
    """The calls of a result, those inside others first, and whether each had success: of one inside a call that failed
    nobody knows, so it counts as made where it must not be, and not where it has to be."""
    if result.call is not None:
        good = result.error is None
        yield from ((call, good) for call in _inner(json.loads(result.call.arguments)))
        if good:
            yield result.call, True


def _inner(value: Any) -> Iterator[Call]:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in members:
        yield from _inner(each)
    inner = value.get(CALL) if isinstance(value, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("name"), str):
        yield Call(name=inner["name"], arguments=canonical_json(inner.get("arguments", {})))


def _is(call: Call, right: RightCall) -> bool:
    if call.name != right.name:
        return False
    given = json.loads(call.arguments)
    return all(
        name in given and comparable(given[name]) == comparable(value) for name, value in right.arguments.items()
    )


def _written(call: RightCall) -> str:
    return f"{call.name}({', '.join(f'{name}={canonical_json(value)}' for name, value in call.arguments.items())})"


_MISSING = object()
"""The part of a world that is not there."""


def _part(state: Any, path: str) -> Any:
    """The part of a world that a path names; `_MISSING` where there is none."""
    for key in path.split(".") if path else ():
        if isinstance(state, dict):
            state = state.get(key, _MISSING)
        else:
            there = isinstance(state, list) and re.fullmatch(r"[0-9]{1,9}", key) and int(key) < len(state)
            state = state[int(key)] if there else _MISSING
    return state


def _difference(found: Any, right: Any, path: str = "") -> str:
    """Where two worlds differ first, in words; "" where they are equal. Numbers are equal by their value, texts letter
    by letter."""
    if found is _MISSING or right is _MISSING:
        return "" if found is right else f"{path} is {'missing' if found is _MISSING else 'there, and should not be'}"
    if isinstance(found, dict) and isinstance(right, dict):
        for key in sorted(found.keys() | right.keys()):
            here = f"{path}.{key}" if path else key
            if key not in found or key not in right:
                return f"{here} is {'missing' if key in right else 'there, and should not be'}"
            if why := _difference(found[key], right[key], here):
                return why
        return ""
    if isinstance(found, list) and isinstance(right, list) and len(found) == len(right):
        pairs = (_difference(*both, f"{path}.{at}") for at, both in enumerate(zip(found, right, strict=True)))
        return next(filter(None, pairs), "")
    if isinstance(found, bool) is isinstance(right, bool) and found == right:
        return ""
    return f"{path or 'the world'} is {_short(found)}, right is {_short(right)}"


def _short(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def as_read(answer: str | None) -> str:
    """An answer, canonical JSON, as the user reads it."""
    value = json.loads(answer or "null")
    return value if isinstance(value, str) else "" if value is None else canonical_json(value)


def contains(answer: str, text: str) -> bool:
    """Whether an answer contains a text, as whole words and whole numbers. A text that is a number is there if one of
    its value is: 481.50 for 481.5."""
    found, wanted = (" ".join(_SEPARATOR.sub("", each.casefold()).replace("\u2212", "-").split()) for each in (answer, text))
    if _NUMBER.fullmatch(wanted):
        values = (Decimal(f"{sign}{digits}") for sign, digits in _NUMBER_INSIDE.findall(found))
        return any(value == Decimal(wanted) for value in values)
    pattern = re.escape(wanted)
    before = r"(?<![\w.])" if wanted[:1].isdigit() else r"(?<!\w)" if wanted[:1].isalnum() else ""
    after = r"(?!\w|\.\d)" if wanted[-1:].isdigit() else r"(?!\w)" if wanted[-1:].isalnum() else ""
    return re.search(before + pattern + after, found) is not None
