"""Damaged answers: gold calls with one thing changed, drawn by seed. Some changes leave them right, but none their
JSON as it was."""

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from rollout.foreign.bfcl import Question
from rollout.records import canonical_json

Pool = Sequence[tuple[str, Question]]
"""Questions, each behind its category."""
Calls = list[dict[str, Any]]
"""Each with `name`, as the schema writes it, and `arguments`."""


def drawn(kind: str, pool: Pool, rng: random.Random) -> tuple[str, Question, Calls] | None:
    """A question whose gold calls this kind of change alters, with its category and the altered calls; None where the
    pool has none."""
    for category, question in rng.sample(pool, len(pool)):
        if (calls := damaged(kind, question, rng)) is not None:
            return category, question, calls
    return None


def damaged(kind: str, question: Question, rng: random.Random) -> Calls | None:
    """The question's gold calls with a change of this kind; None where it alters no character of their JSON."""
    changed = KINDS[kind](as_calls(question), question, rng)
    # Python's == takes 1, 1.0 and true for equal.
    return None if canonical_json(changed) == canonical_json(as_calls(question)) else changed


def as_calls(question: Question) -> Calls:
    """The gold calls, decoded."""
    return [{"name": each.name, "arguments": json.loads(each.arguments)} for each in question.gold]


def at_a_value(
    wanted: type | tuple[type, ...], change: Callable[[Any, random.Random], Any], inside: bool = False
) -> Callable[[Calls, Question, random.Random], Calls]:
    """A change of one value of these types, at whatever depth of whatever argument; `inside`: in a list or object."""

    def changed(calls: Calls, question: Question, rng: random.Random) -> Calls:
        places = [
            (holder, key)
            for call in calls
            for holder, key in _places(call["arguments"])
            if isinstance(holder[key], wanted) and (wanted is bool or not isinstance(holder[key], bool))
            if not inside or holder is not call["arguments"]
        ]
        if places:
            holder, key = rng.choice(places)
            holder[key] = change(holder[key], rng)
        return calls

    return changed


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


def without_argument(calls: Calls, question: Question, rng: random.Random) -> Calls:
    """One argument of a call is left out."""
    arguments = rng.choice(calls)["arguments"]
    if arguments:
        del arguments[rng.choice(sorted(arguments))]
    return calls


def with_argument(calls: Calls, question: Question, rng: random.Random) -> Calls:
    """A call has an argument that its function does not."""
    rng.choice(calls)["arguments"][rng.choice(("note", "verbose", "limit"))] = rng.choice(("x", True, 3))
    return calls


def other_function(calls: Calls, question: Question, rng: random.Random) -> Calls:
    """A call names another function, of the question or of none."""
    names = [schema["name"] for schema in question.schemas]
    rng.choice(calls)["name"] = rng.choice([*names, f"{names[0]}_all", names[0].upper()])
    return calls


def without_call(calls: Calls, question: Question, rng: random.Random) -> Calls:
    """One call is left out."""
    del calls[rng.randrange(len(calls))]
    return calls


def call_twice(calls: Calls, question: Question, rng: random.Random) -> Calls:
    """One call stands twice."""
    return [*calls, copy.deepcopy(rng.choice(calls))]


def shuffled(calls: Calls, question: Question, rng: random.Random) -> Calls:
    """The calls stand in another order."""
    rng.shuffle(calls)
    return calls


def other_allowed(calls: Calls, question: Question, rng: random.Random) -> Calls:
    """An argument has another of the values that BFCL allows for it."""
    number = rng.randrange(len(calls))
    allowed = next(iter(question.possible[number].values()))
    if not allowed:
        return calls
    name = rng.choice(sorted(allowed))
    value = rng.choice(allowed[name])
    if value == "":
        calls[number]["arguments"].pop(name, None)
    elif not isinstance(value, dict | list):
        calls[number]["arguments"][name] = value
    return calls


def respaced(text: str, rng: random.Random) -> str:
    """The text with other spaces or punctuation."""
    return rng.choice((text.replace(" ", ""), f"{text}.", text.replace(",", ""), text.replace(" ", "-")))


def whole(value: float, rng: random.Random) -> float:
    """A whole float as an integer; another one as it is."""
    return int(value) if value.is_integer() else value


KINDS: dict[str, Callable[[Calls, Question, random.Random], Calls]] = {
    "argument left out": without_argument,
    "argument too many": with_argument,
    "other function": other_function,
    "call left out": without_call,
    "call twice": call_twice,
    "order of calls": shuffled,
    "other allowed value": other_allowed,
    "other text": at_a_value(str, lambda value, rng: f"{value} {rng.choice(('x', 'or so', '2'))}"),
    "other case": at_a_value(str, lambda value, rng: rng.choice((value.upper(), value.lower(), value.title()))),
    "other punctuation": at_a_value(str, respaced),
    "other number": at_a_value((int, float), lambda value, rng: value + rng.choice((-1, 1, 10))),
    "number as text": at_a_value((int, float), lambda value, rng: str(value)),
    "integer as float": at_a_value(int, lambda value, rng: float(value)),
    "integer inside as float": at_a_value(int, lambda value, rng: float(value), inside=True),
    "whole float as integer": at_a_value(float, whole),
    "whole float inside as integer": at_a_value(float, whole, inside=True),
    "float cut to an integer": at_a_value(float, lambda value, rng: int(value)),
    "text as number": at_a_value(str, lambda value, rng: rng.choice((0, 7, 2.5))),
    "truth value as text": at_a_value(bool, lambda value, rng: str(value)),
    "truth value as number": at_a_value(bool, lambda value, rng: int(value)),
    "number as truth value": at_a_value((int, float), lambda value, rng: bool(value)),
    "other truth value": at_a_value(bool, lambda value, rng: not value),
    "null": at_a_value((str, int, float, list, dict), lambda value, rng: None),
    "value in a list": at_a_value((str, int, float), lambda value, rng: [value]),
    "list reversed": at_a_value(list, lambda value, rng: value[::-1]),
    "list without its last": at_a_value(list, lambda value, rng: value[:-1]),
    "key of an object too many": at_a_value(dict, lambda value, rng: {**value, "note": "x"}),
    "key of an object left out": at_a_value(dict, lambda value, rng: dict(list(value.items())[:-1])),
}
