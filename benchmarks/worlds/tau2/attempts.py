"""Attempts at tasks of tau2-bench: the gold one, and damaged ones, with one thing changed that is drawn by seed."""

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rollout.foreign.tau2 import DOMAINS, Task, tasks
from rollout.problems.imported.tau2 import problem_of
from rollout.records import Call, canonical_json


@dataclass(frozen=True)
class Attempt:
    """What a model does in the two turns of a task's customer."""

    domain: str
    task: Task
    calls: tuple[tuple[Call, ...], ...]
    """Of each turn, without what ends it."""
    answers: tuple[Any, ...]
    """What ends each turn, decoded; fewer than turns where the attempt breaks off."""
    only_looks: bool = False
    """Whether the task's gold calls change nothing."""
    kind: str = "gold"

    @property
    def ended(self) -> bool:
        return len(self.answers) == len(self.calls)


def gold_attempts() -> list[Attempt]:
    """The gold attempts at all tasks of all domains, with those calls that the package's functions refuse."""
    return [gold_attempt(domain, task) for domain in DOMAINS for task in tasks(domain)]


def gold_attempt(domain: str, task: Task) -> Attempt:
    """The gold calls as the package has them: those before the first that changes something, then the others."""
    problem = problem_of(task, domain, "test")
    *writes, _ = problem.turns[0].gold_calls
    first = task.actions.index(writes[0]) if writes else len(task.actions)
    answer = json.loads(problem.turns[0].gold_calls[-1].arguments)["answer"]
    calls = (task.actions[:first], task.actions[first:])
    return Attempt(domain, task, calls, ("Shall I go on?", answer), only_looks=problem.nothing_to_do)


def damaged(gold: Attempt, rng: random.Random) -> Attempt:
    """The attempt with a change that it allows."""
    while True:
        kind = rng.choice(sorted(_KINDS))
        changed = _KINDS[kind](gold, rng)
        if changed is not None and (kind == "nothing" or changed != gold):
            return replace(changed, kind=kind)


_Change = Callable[[Attempt, random.Random], Attempt | None]


def _of_calls(change: Callable[[list[Call], Attempt, random.Random], list[Call] | None]) -> _Change:
    """A change of the calls of a turn that has some."""

    def changed(attempt: Attempt, rng: random.Random) -> Attempt | None:
        turn = rng.choice([at for at, calls in enumerate(attempt.calls) if calls] or [1])
        made = change(list(attempt.calls[turn]), attempt, rng)
        calls = tuple(tuple(made or ()) if at == turn else each for at, each in enumerate(attempt.calls))
        return None if made is None else replace(attempt, calls=calls)

    return changed


def _without_one(calls: list[Call], attempt: Attempt, rng: random.Random) -> list[Call] | None:
    if calls:
        del calls[rng.randrange(len(calls))]
    return calls


def _one_twice(calls: list[Call], attempt: Attempt, rng: random.Random) -> list[Call] | None:
    return [*calls, rng.choice(calls)] if calls else None


def _shuffled(calls: list[Call], attempt: Attempt, rng: random.Random) -> list[Call]:
    return rng.sample(calls, len(calls))


def _anothers(calls: list[Call], attempt: Attempt, rng: random.Random) -> list[Call]:
    other = rng.choice([each for each in tasks(attempt.domain) if each.actions])
    calls.insert(rng.randint(0, len(calls)), rng.choice(other.actions))
    return calls


def _other_function(calls: list[Call], attempt: Attempt, rng: random.Random) -> list[Call] | None:
    if not calls:
        return None
    at, others = rng.randrange(len(calls)), [each.name for task in tasks(attempt.domain) for each in task.actions]
    calls[at] = Call(name=rng.choice([*others, "undo"]), arguments=calls[at].arguments)
    return calls


def _of_arguments(change: Callable[[dict[str, Any], random.Random], None]) -> _Change:
    def changed(calls: list[Call], attempt: Attempt, rng: random.Random) -> list[Call] | None:
        if not calls:
            return None
        at = rng.randrange(len(calls))
        arguments = json.loads(calls[at].arguments)
        change(arguments, rng)
        calls[at] = Call(name=calls[at].name, arguments=canonical_json(arguments))
        return calls

    return _of_calls(changed)


def _at_a_value(wanted: type | tuple[type, ...], change: Callable[[Any, random.Random], Any]) -> _Change:
    """A change of one value of these types, at whatever depth of whatever argument."""

    def changed(arguments: dict[str, Any], rng: random.Random) -> None:
        places = [(holder, key) for holder, key in _places(arguments) if isinstance(holder[key], wanted)]
        if places:
            holder, key = rng.choice(places)
            holder[key] = change(holder[key], rng)

    return _of_arguments(changed)


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


def _argument_left_out(arguments: dict[str, Any], rng: random.Random) -> None:
    if arguments:
        del arguments[rng.choice(sorted(arguments))]


def _argument_too_many(arguments: dict[str, Any], rng: random.Random) -> None:
    arguments[rng.choice(("note", "verbose"))] = rng.choice(("x", True))


def _of_answer(change: Callable[[str, str, random.Random], Any]) -> _Change:
    """A change of the last answer at one of the texts that have to be said."""

    def changed(attempt: Attempt, rng: random.Random) -> Attempt | None:
        if not attempt.task.tells:
            return None
        return replace(
            attempt,
            answers=(attempt.answers[0], change(attempt.answers[1], rng.choice(attempt.task.tells), rng)),
        )

    return changed


def _respelled(answer: str, told: str, rng: random.Random) -> str:
    """A number with thousands separators, or with more or fewer zeros behind its point."""
    if not re.fullmatch(r"\d+(\.\d+)?", told):
        return answer.replace(told, told.upper())
    spelled = [f"{float(told):,.2f}", f"{float(told):.3f}", f"{float(told):,}", f"${told}"]
    return answer.replace(told, rng.choice(spelled))


def _around(answer: str, told: str, rng: random.Random) -> str:
    """In the middle of a longer word or number."""
    return answer.replace(told, rng.choice((f"1{told}", f"{told}0", f"{told}x", f"un{told}", f"{told}.5")))


def _spaced(answer: str, told: str, rng: random.Random) -> str:
    return answer.replace(told, rng.choice((told.replace(" ", "  "), told.replace(" ", "\n"), " ".join(told))))


def _with_commas(answer: str, told: str, rng: random.Random) -> str:
    return answer.replace(told, rng.choice((told.replace(" ", ", "), ",".join(told), f"{told[:2]},{told[2:]}")))


def _told_first(attempt: Attempt, rng: random.Random) -> Attempt:
    return replace(attempt, answers=(attempt.answers[1], "Done."))


def _all_at_once(attempt: Attempt, rng: random.Random) -> Attempt:
    return replace(attempt, calls=((*attempt.calls[0], *attempt.calls[1]), ()))


_KINDS: Mapping[str, _Change] = {
    "nothing": lambda attempt, rng: attempt,
    "call left out": _of_calls(_without_one),
    "call twice": _of_calls(_one_twice),
    "order of calls": _of_calls(_shuffled),
    "call of another task": _of_calls(_anothers),
    "other function": _of_calls(_other_function),
    "all calls left out": lambda attempt, rng: replace(attempt, calls=((), ())),
    "second turn's calls left out": lambda attempt, rng: replace(attempt, calls=(attempt.calls[0], ())),
    "all calls in the first turn": _all_at_once,
    "argument left out": _of_arguments(_argument_left_out),
    "argument too many": _of_arguments(_argument_too_many),
    "other text": _at_a_value(str, lambda value, rng: f"{value}{rng.choice(('x', ' ', '1'))}"),
    "other case": _at_a_value(str, lambda value, rng: rng.choice((value.upper(), value.lower(), value.title()))),
    "other number": _at_a_value((int, float), lambda value, rng: value + rng.choice((-1, 1, 50))),
    "number as text": _at_a_value((int, float), lambda value, rng: str(value)),
    "integer as float": _at_a_value(int, lambda value, rng: float(value)),
    "text as number": _at_a_value(str, lambda value, rng: int(value) if value.isdecimal() else 7),
    "null": _at_a_value((str, int, list), lambda value, rng: None),
    "value in a list": _at_a_value((str, int), lambda value, rng: [value]),
    "list reversed": _at_a_value(list, lambda value, rng: value[::-1]),
    "list without its last": _at_a_value(list, lambda value, rng: value[:-1]),
    "key of an object too many": _at_a_value(dict, lambda value, rng: {**value, "note": "x"}),
    "key of an object left out": _at_a_value(dict, lambda value, rng: dict(list(value.items())[:-1])),
    "not told": _of_answer(lambda answer, told, rng: answer.replace(told, "it")),
    "told in other spelling": _of_answer(_respelled),
    "told inside of a word": _of_answer(_around),
    "told with other spaces": _of_answer(_spaced),
    "told with commas": _of_answer(_with_commas),
    "told in other case": _of_answer(lambda answer, told, rng: answer.replace(told, told.swapcase())),
    "told in the first turn": _told_first,
    "told as a list": _of_answer(lambda answer, told, rng: [answer]),
    "breaks off": lambda attempt, rng: replace(attempt, answers=attempt.answers[: rng.randint(0, 1)]),
}
