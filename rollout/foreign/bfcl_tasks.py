"""The multi-turn categories of BFCL v4, as the package bfcl-eval writes them: what users say, which functions there
are, and the gold calls.

The four categories are the same 200 tasks: as they are; with a function that comes late; with an argument that comes
late; and with long files and lists. None of the package's code runs here, and no gold call is evaluated: the call
format `python` reads them, arguments by position among them.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rollout.foreign.bfcl_classes import BASE, LONG, PACKAGE, documents
from rollout.foreign.packages import folder_of
from rollout.formats import load_format
from rollout.formats.limits import CALL_LIMITS
from rollout.records import Call, canonical_json, content_hash
from rollout.toolboxes.nesting import named_arguments
from rollout.toolboxes.schemas.toolbox import of_schemas


class Task(NamedTuple):
    """One task of a category."""

    id: str
    number: int
    """That of the task, the same in all categories."""
    group: str
    """Tasks of one group begin with the same world in the plainest category: they belong into one split."""
    classes: tuple[str, ...]
    state: str
    """What a world of these classes starts from, as canonical JSON."""
    texts: tuple[str, ...]
    """What the user says, of each turn; "" where functions appear, and nothing is said."""
    gold: tuple[tuple[Call, ...], ...]
    """The gold calls of each turn; () where nothing can be done in it yet."""
    hidden: tuple[str, ...]
    """Functions that are not there in the first turn; those that appear in none are left out of the task."""
    appear: tuple[tuple[str, ...], ...]
    """The functions that come with each turn."""


@lru_cache(maxsize=4)
def tasks(category: str) -> tuple[Task, ...]:
    """All tasks of a category, by number. Raises RequestError where the package is absent."""
    folder = folder_of(PACKAGE) / "data"
    answers = _rows(folder / "possible_answer" / f"BFCL_v4_{category}.json")
    gold = {row["id"]: row["ground_truth"] for row in answers}
    groups = [_group(row) for row in _rows(folder / f"BFCL_v4_{BASE}.json")]
    rows = _rows(folder / f"BFCL_v4_{category}.json")
    return tuple(_task(row, gold[row["id"]], groups, category == LONG) for row in rows)


def _task(row: Mapping[str, Any], gold: list[list[str]], groups: list[str], long_context: bool) -> Task:
    number, missed = int(row["id"].rpartition("_")[2]), row.get("missed_function", {})
    classes = tuple(row["involved_classes"])
    # As text: which folder is the first one, and how files are listed, follows from the order of keys.
    state: dict[str, Any] = {name: json.dumps(row["initial_config"].get(name, {})) for name in classes}
    calls = tuple(tuple(map(_call, turn)) for turn in gold)
    # A function that a gold call needs before its turn (of task 49) is there from the first one on.
    early = {call.name for turn in range(len(gold)) for call in calls[turn] if _comes(missed, call.name) > turn}
    appear = [tuple(name for name in missed.get(str(turn), ()) if name not in early) for turn in range(len(gold))]
    late = [name for names in appear for name in names]
    return Task(
        id=row["id"],
        number=number,
        group=groups[number],
        classes=classes,
        state=canonical_json(state | ({"long_context": True} if long_context else {})),
        texts=tuple("\n\n".join(message["content"].strip() for message in turn) for turn in row["question"]),
        gold=calls,
        hidden=tuple(sorted({*row.get("excluded_function", ()), *late})),
        appear=tuple(appear),
    )


def _comes(missed: Mapping[str, list[str]], name: str) -> int:
    """The turn with which a function comes; 0 for one that is there at once."""
    return next((int(turn) for turn, names in missed.items() if name in names), 0)


def _group(row: Mapping[str, Any]) -> str:
    return content_hash(canonical_json([sorted(row["involved_classes"]), row["initial_config"]]))[:12]


def _call(text: str) -> Call:
    """A gold call, read from its text. Raises CallSyntaxError for what is no call with literal arguments."""
    (call,) = load_format("python").parse(text, CALL_LIMITS, _functions())
    given = named_arguments(_functions()[call.name], json.loads(call.arguments))
    return Call(name=call.name, arguments=canonical_json(given))


@lru_cache(maxsize=1)
def _functions() -> Mapping[str, Any]:
    return of_schemas("bfcl", json.dumps([each for found in documents().values() for each in found]), "bfcl").functions


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
