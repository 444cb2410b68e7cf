"""Rows of `episodes.examples_file`: read, and held against the recipe's problems.

A row is data of a file. It starts no program and runs no code: of toolboxes that only a row names, those of this
project are looked up and no other one is loaded; problems whose toolbox it is bring one that the recipe has named.
"""

import itertools
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from cluster.errors import RequestError
from rollout.json_text import parse_json, short
from rollout.problems.duplicates import HeldOut
from rollout.problems.imported.rows import require_whole_characters
from rollout.records import Call, Problem, UserTurn, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.loading import have_same_functions, is_built_in

_FORM = 'write {"text": ..., "calls": [{"name": ..., "arguments": {...}}, ...]}, the finishing call last'
_OF_TURN, _OF_CALL = ("text", "calls"), ("name", "arguments")
_OF_ROW = (*_OF_TURN, "toolbox", "state", "turns")
"""The keys that objects of a file may have."""


def rows_of_file(path: str) -> tuple[Problem, ...]:
    """The worked conversations of a file, as problems. Raises RequestError for a row that is none, and for no row."""
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")  # JSON may hold other separators of lines
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise RequestError(f"episodes.examples_file = {path!r} cannot be read: {error}") from None
    return _of_lines(path, tuple(lines))


def refuse_unnamed(rows: Iterable[Problem], named: Iterable[str]) -> None:
    """Raise RequestError for a row whose toolbox runs code that is not this project's, and is none of `named`, those of
    a recipe's problems: no problem would be shown the row, and a row alone has no toolbox loaded."""
    strange = [row for row in rows if row.toolbox and not is_built_in(row.toolbox)]
    known = set(named if strange else ())
    for row in strange:
        if not any(have_same_functions(row.toolbox, each) for each in known):
            raise RequestError(
                f"{row.id}: toolbox {short(row.toolbox)} is that of no problem of this recipe, and rows alone load "
                "none; name it as its section of problems does, or take the row out"
            )


def refuse_held_out(rows: Sequence[Problem], problems: Sequence[Problem]) -> None:
    """Raise RequestError for a row that is like one of `problems`: prompts of other problems, and those that a student
    is trained with, would show it with its answer."""
    held_out = HeldOut(problems if rows else ())
    for row in itertools.chain(*map(_with_its_turns, rows)):
        arguments = tuple(json.loads(row.all_gold_calls[-1].arguments).values())
        gold = canonical_json(arguments[0]) if arguments else ""
        # A toolbox without state begins with null, and takes {} as well.
        states = [row.state, "null"] if row.state == "{}" else [row.state]
        answered = [msgspec.structs.replace(row, gold=gold, state=state) for state in states]
        like = next((found for each in answered if (found := held_out.like(each) or held_out.within(each))), None)
        if like is not None and has_functions_of(row, like):
            raise RequestError(
                f"{row.id}: this worked conversation is like the held-out problem {like.id} ({like.source}); take it "
                "out of episodes.examples_file, or its answer is shown"
            )


def has_functions_of(example: Problem, problem: Problem) -> bool:
    """Whether an example is for a problem's toolbox, distractors aside; a row that names none is for every toolbox."""
    return not example.toolbox or have_same_functions(example.toolbox, problem.toolbox)


def _with_its_turns(row: Problem) -> list[Problem]:
    """A row, and each of its turns as a problem of its own, if it has several."""
    turns = [(row.text, row.gold_calls), *((turn.text, turn.gold_calls) for turn in row.turns)]
    alone = (msgspec.structs.replace(row, text=text, gold_calls=calls, turns=()) for text, calls in turns)
    return [row, *alone] if row.turns else [row]


@lru_cache(maxsize=8)
def _of_lines(path: str, lines: tuple[str, ...]) -> tuple[Problem, ...]:
    seen = dict[tuple[object, ...], str]()
    rows = [_of_row(f"{path}:{number}", line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise RequestError(f"episodes.examples_file = {path!r} holds no row; {_FORM}, or leave examples_file out")
    for row in rows:
        shown = (row.text, row.toolbox, row.state, row.gold_calls, row.turns)
        if (first := seen.setdefault(shown, row.id)) != row.id:
            raise RequestError(
                f"{row.id}: the same conversation as {first}; a prompt would show it twice: take one out"
            )
        try:
            if row.toolbox and is_built_in(row.toolbox):  # one that is not there is said, also where no problem has it
                load_toolbox(row.toolbox)
        except RequestError as error:
            raise RequestError(f"{row.id}: {error}") from None
    return tuple(rows)


def _of_row(where: str, line: str) -> Problem:
    """A row {"text": ..., "calls": [{"name": ..., "arguments": {...}}, ...]}, with `toolbox`, `state` and `turns`,
    which are further {"text": ..., "calls": ...}, if it has them. Raises RequestError."""
    fault = f"{where}: no worked conversation"
    row = _object(parse_json(line, where, _FORM), _OF_ROW, "a row", fault)
    try:
        require_whole_characters(row, where, "the row")
    except RecursionError:
        raise RequestError(f"{fault}: it is nested too deep; {_FORM}") from None
    toolbox, later = row.get("toolbox", ""), row.get("turns", [])
    if not isinstance(toolbox, str):
        raise RequestError(f"{fault}: toolbox is {short(toolbox)}; write its name")
    if not isinstance(later, list):
        raise RequestError(f'{fault}: turns is {short(later)}; write a list of {{"text": ..., "calls": [...]}}')
    of_first = {key: value for key, value in row.items() if key in _OF_TURN}
    (text, calls), *turns = [_turn(each, fault) for each in (of_first, *later)]
    return Problem(
        id=where,
        family="example",
        split="train",
        template=where,
        text=text,
        toolbox=toolbox,
        gold="",
        gold_calls=calls,
        turns=tuple(UserTurn(text=said, gold_calls=answered) for said, answered in turns),
        state=canonical_json(row.get("state")),
    )


def _turn(turn: Any, fault: str) -> tuple[str, tuple[Call, ...]]:
    """What the user says in a turn, and the calls that answer it. Raises RequestError."""
    values = _object(turn, _OF_TURN, "a turn", fault)
    text, calls = values.get("text"), values.get("calls")
    if not isinstance(text, str) or not text.strip():
        raise RequestError(f"{fault}: text is {short(text)}; {_FORM}")
    if not isinstance(calls, list) or not calls:
        raise RequestError(f"{fault}: calls is {short(calls)}; {_FORM}")
    return text, tuple(_call(call, fault) for call in calls)


def _call(call: Any, fault: str) -> Call:
    values = _object(call, _OF_CALL, "a call", fault)
    name, arguments = values.get("name"), values.get("arguments")
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise RequestError(f"{fault}: a call has a name, and an object as arguments: {short(call)}; {_FORM}")
    return Call(name=name, arguments=canonical_json(arguments))


def _object(value: Any, keys: Sequence[str], what: str, fault: str) -> dict[str, Any]:
    """A JSON object with none but these keys. Raises RequestError."""
    if not isinstance(value, dict):
        raise RequestError(f"{fault}: {what} is {short(value)}; {_FORM}")
    if unknown := sorted(value.keys() - set(keys)):
        raise RequestError(
            f"{fault}: {what} has the key {unknown[0]!r}, which nothing reads; keys are {', '.join(keys)}"
        )
    return value
