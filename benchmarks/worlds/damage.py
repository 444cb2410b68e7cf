"""Damaged trajectories: gold calls of several turns with one thing changed, drawn by seed. Some changes leave them
right."""

import json
import random
from collections.abc import Callable
from typing import Any

import msgspec

from rollout.foreign.bfcl_classes import documents, functions_of
from rollout.foreign.bfcl_tasks import Task
from rollout.records import Call, canonical_json

Turns = list[list[Call]]
"""The calls of each turn, without what ends it."""


def damaged(task: Task, rng: random.Random) -> tuple[str, Turns]:
    """The kind of a change that this task's gold calls allow, and the changed calls."""
    while True:
        kind = rng.choice(sorted(_KINDS))
        before = [list(calls) for calls in task.gold]
        changed = _KINDS[kind](task, [list(calls) for calls in before], rng)
        if changed != before or kind == "nothing":
            return kind, changed


Change = Callable[[Task, Turns, random.Random], Turns]


def at_a_call(change: Callable[[Task, list[Call], int, random.Random], list[Call]]) -> Change:
    """A change of a turn's calls at one of them."""

    def changed(task: Task, turns: Turns, rng: random.Random) -> Turns:
        turn, at = rng.choice([(turn, at) for turn, calls in enumerate(turns) for at in range(len(calls))])
        turns[turn] = change(task, turns[turn], at, rng)
        return turns

    return changed


def at_a_value(wanted: type | tuple[type, ...], change: Callable[[Any, random.Random], Any]) -> Change:
    """A change of one value of these types, at whatever depth of a call's arguments."""

    def at(task: Task, calls: list[Call], at: int, rng: random.Random) -> list[Call]:
        arguments = json.loads(calls[at].arguments)
        places = [
            (holder, key)
            for holder, key in _places(arguments)
            if isinstance(holder[key], wanted) and (wanted is bool or not isinstance(holder[key], bool))
        ]
        if places:
            holder, key = rng.choice(places)
            holder[key] = change(holder[key], rng)
        return [*calls[:at], _with(calls[at], arguments), *calls[at + 1 :]]

    return at_a_call(at)


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


def _with(call: Call, arguments: Any) -> Call:
    return msgspec.structs.replace(call, arguments=canonical_json(arguments))


def _schema(name: str) -> Any:
    return next(each for found in documents().values() for each in found if each["name"] == name)["parameters"]


def without_argument(task: Task, calls: list[Call], at: int, rng: random.Random) -> list[Call]:
    """One argument of a call is left out."""
    arguments = json.loads(calls[at].arguments)
    if arguments:
        del arguments[rng.choice(sorted(arguments))]
    return [*calls[:at], _with(calls[at], arguments), *calls[at + 1 :]]


def with_default(task: Task, calls: list[Call], at: int, rng: random.Random) -> list[Call]:
    """An argument that was left out is given its default, or null."""
    arguments, known = json.loads(calls[at].arguments), _schema(calls[at].name)["properties"]
    free = sorted(known.keys() - arguments.keys())
    if free:
        name = rng.choice(free)
        arguments[name] = known[name].get("default")
    return [*calls[:at], _with(calls[at], arguments), *calls[at + 1 :]]


def with_argument(task: Task, calls: list[Call], at: int, rng: random.Random) -> list[Call]:
    """A call has an argument that its function does not."""
    arguments = json.loads(calls[at].arguments) | {rng.choice(("note", "verbose")): True}
    return [*calls[:at], _with(calls[at], arguments), *calls[at + 1 :]]


def other_function(task: Task, calls: list[Call], at: int, rng: random.Random) -> list[Call]:
    """A call names another function, with the same arguments."""
    name = rng.choice([*functions_of(task.classes), "no_such_function"])
    return [*calls[:at], msgspec.structs.replace(calls[at], name=name), *calls[at + 1 :]]


def made_up(task: Task, rng: random.Random) -> Call:
    """A call of some function of the task's classes, with a value of the right type for each required argument."""
    name = rng.choice(functions_of(task.classes))
    schema, arguments = _schema(name), dict[str, Any]()
    values = {"string": "x", "integer": 1, "float": 1.5, "number": 1.5, "boolean": True, "array": [], "dict": {}}
    for each in schema.get("required", ()):
        kinds = schema["properties"][each]["type"]
        arguments[each] = values[kinds[0] if isinstance(kinds, list) else kinds]
    return Call(name=name, arguments=canonical_json(arguments))


def looking(task: Task, rng: random.Random) -> Call:
    """A call of a function that takes nothing."""
    names = [name for name in functions_of(task.classes) if not _schema(name).get("required")]
    return Call(name=rng.choice(names), arguments="{}") if names else made_up(task, rng)


def more(make: Callable[[Task, random.Random], Call], where: Callable[[Task, Turns], list[int]]) -> Change:
    """One call more in one of some turns, anywhere in it."""

    def changed(task: Task, turns: Turns, rng: random.Random) -> Turns:
        if found := where(task, turns):
            calls = turns[rng.choice(found)]
            calls.insert(rng.randint(0, len(calls)), make(task, rng))
        return turns

    return changed


def moved(by: int) -> Change:
    """A call is made in the turn after, or before its own."""

    def changed(task: Task, turns: Turns, rng: random.Random) -> Turns:
        turn, at = rng.choice([(turn, at) for turn, calls in enumerate(turns) for at in range(len(calls))])
        if 0 <= turn + by < len(turns):
            call = turns[turn].pop(at)
            turns[turn + by].insert(0 if by > 0 else len(turns[turn + by]), call)
        return turns

    return changed


def swapped(task: Task, turns: Turns, rng: random.Random) -> Turns:
    """Two calls of a turn in each other's place."""
    several = [calls for calls in turns if len(calls) > 1]
    if several:
        calls = rng.choice(several)
        one, other = rng.sample(range(len(calls)), 2)
        calls[one], calls[other] = calls[other], calls[one]
    return turns


def at_once(task: Task, turns: Turns, rng: random.Random) -> Turns:
    """All calls of all turns in one of them."""
    whole = [call for calls in turns for call in calls]
    at = rng.randrange(len(turns))
    return [whole if turn == at else [] for turn in range(len(turns))]


def given_up(task: Task, turns: Turns, rng: random.Random) -> Turns:
    """Nothing is called from some turn on."""
    at = rng.randrange(len(turns))
    return [calls if turn < at else [] for turn, calls in enumerate(turns)]


def emptied(task: Task, turns: Turns, rng: random.Random) -> Turns:
    """Nothing is called in one turn; what it would have called may have been called before."""
    at = rng.randrange(len(turns))
    if at and rng.random() < 0.5:
        turns[at - 1] += turns[at]
    turns[at] = []
    return turns


def turns_swapped(task: Task, turns: Turns, rng: random.Random) -> Turns:
    """What two turns call is exchanged."""
    one, other = (rng.randrange(len(turns)) for _ in range(2))
    turns[one], turns[other] = turns[other], turns[one]
    return turns


def where_nothing_is_called(task: Task, turns: Turns) -> list[int]:
    return [turn for turn, calls in enumerate(turns) if not calls]


def anywhere(task: Task, turns: Turns) -> list[int]:
    return list(range(len(turns)))


def too_early(task: Task, rng: random.Random) -> Call:
    """A call of a function that is not there, or not from the first turn on."""
    late = [call for calls in task.gold for call in calls if call.name in task.hidden]
    return rng.choice(late) if late else made_up(task, rng)


_KINDS: dict[str, Change] = {
    "nothing": lambda task, turns, rng: turns,
    "call left out": at_a_call(lambda task, calls, at, rng: [*calls[:at], *calls[at + 1 :]]),
    "call twice": at_a_call(lambda task, calls, at, rng: [*calls[: at + 1], *calls[at:]]),
    "argument left out": at_a_call(without_argument),
    "argument too many": at_a_call(with_argument),
    "argument with its default": at_a_call(with_default),
    "other function": at_a_call(other_function),
    "order of calls": swapped,
    "call in the turn after": moved(1),
    "call in the turn before": moved(-1),
    "order of turns": turns_swapped,
    "all in one turn": at_once,
    "given up": given_up,
    "turn without a call": emptied,
    "one more look": more(looking, anywhere),
    "one more call": more(made_up, anywhere),
    "call where none can be right": more(made_up, where_nothing_is_called),
    "function that is not there": more(too_early, anywhere),
    "other text": at_a_value(str, lambda value, rng: rng.choice((f"{value} x", value.upper(), f"sort({value})"))),
    "other number": at_a_value((int, float), lambda value, rng: value + rng.choice((-1, 1, 10))),
    "integer as float": at_a_value(int, lambda value, rng: float(value)),
    "float as integer": at_a_value(float, lambda value, rng: int(value)),
    "number as text": at_a_value((int, float), lambda value, rng: str(value)),
    "text as number": at_a_value(str, lambda value, rng: rng.choice((0, 7, 2.5))),
    "other truth value": at_a_value(bool, lambda value, rng: not value),
    "truth value as number": at_a_value(bool, lambda value, rng: int(value)),
    "null": at_a_value((str, int, float, list), lambda value, rng: None),
    "list reversed": at_a_value(list, lambda value, rng: value[::-1]),
    "list without its last": at_a_value(list, lambda value, rng: value[:-1]),
}
