"""The single-turn categories of BFCL v4, from the package bfcl-eval, and its own verdicts on calls.

The package's questions and answers are read; none of its code runs here. `ast_checker` runs in a worker. A problem's
checker is named `bfcl:CATEGORY:ID`.
"""

import difflib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from cluster.errors import RequestError
from rollout.foreign.asking import TooLong, ask
from rollout.foreign.bfcl_classes import MULTI_TURN, PACKAGE
from rollout.foreign.packages import folder_of
from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes.mistakes import CallRefused
from rollout.toolboxes.schemas.toolbox import INLINE, SchemaFunction, load_schemas

KIND = "bfcl"
NON_LIVE = ("simple_python", "multiple", "parallel", "parallel_multiple")
LIVE = {"live_simple": 258, "live_multiple": 1053, "live_parallel": 16, "live_parallel_multiple": 24}
"""Category -> the problems that the package has of it."""
IRRELEVANT = ("irrelevance", "live_irrelevance")
CATEGORIES = (*NON_LIVE, *LIVE, *IRRELEVANT)
NOT_TAKEN = {
    "simple_java": "its arguments are Java, not JSON",
    "simple_javascript": "its arguments are JavaScript, not JSON",
    "live_relevance": "it has no gold answers",
}
_SECONDS = 30.0
_ABSENT = object()


class Question(NamedTuple):
    """One problem of a category."""

    id: str
    text: str
    schemas: list[dict[str, Any]]
    """The functions, as the package writes them."""
    gold: tuple[Call, ...]
    """Calls that are right: of each argument the first value that BFCL allows. () where none is."""
    possible: list[dict[str, dict[str, list[Any]]]]
    """Function -> argument -> the values that BFCL allows, "" among them where it may be left out; a call each."""
    fault: str = ""
    """How the gold answer contradicts the functions' own schemas: no call fits both. "" where it does not."""


@lru_cache(maxsize=16)
def questions(category: str) -> tuple[Question, ...]:
    """All problems of a category. Raises RequestError for one that is not taken, and where the package is absent."""
    if category in NOT_TAKEN:
        raise RequestError(f"bfcl: category {category!r} is not taken: {NOT_TAKEN[category]}")
    if category not in CATEGORIES:
        known = (*CATEGORIES, *MULTI_TURN)
        near = difflib.get_close_matches(category, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise RequestError(f"bfcl: category {category!r}: there is none of that name; {hint}")
    folder = folder_of(PACKAGE) / "data"
    rows = _rows(folder / f"BFCL_v4_{category}.json")
    answers: Mapping[str, Any] = {}
    if category not in IRRELEVANT:
        answers = {
            row["id"]: row["ground_truth"] for row in _rows(folder / "possible_answer" / f"BFCL_v4_{category}.json")
        }
    return tuple(_question(row, answers.get(row["id"], [])) for row in rows)


def is_checker(name: str) -> bool:
    """Whether `name` is that of a problem's own checker. Raises RequestError where it begins like one and is none."""
    kind, _, rest = name.partition(":")
    if kind != KIND:
        return False
    category, _, id = rest.partition(":")
    if category not in CATEGORIES or not id:
        raise RequestError(f"checker {name!r}: write {KIND}:CATEGORY:ID")
    return True


def judge(name: str, answer: Any, gold: Any) -> ErrorCode | None:
    """BFCL's verdict on a list of calls, each an object of `name` and `arguments`."""
    _, category, id = name.split(":", 2)
    if not is_calls(answer):
        return ErrorCode.ANSWER_MALFORMED
    try:
        return None if verdict(category, id, answer)["valid"] else ErrorCode.ANSWER_WRONG
    except TooLong:
        return ErrorCode.ANSWER_MALFORMED


def verdict(category: str, id: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """`valid`, and of what is not valid the `error` by BFCL's name. Raises TooLong."""
    found: dict[str, Any] = ask(PACKAGE, "judge", _SECONDS, category=category, id=id, calls=calls)
    return found


def verdict_on_turns(category: str, id: str, turns: list[list[list[dict[str, Any]]]]) -> dict[str, Any]:
    """`valid`, and the `error` by BFCL's name, of a multi-turn task's calls: of each step of each turn. Raises
    TooLong."""
    found: dict[str, Any] = ask(PACKAGE, "judge_turns", _SECONDS, category=category, id=id, turns=turns)
    return found


def is_calls(value: Any) -> bool:
    """Whether a decoded value is a list of calls."""
    return isinstance(value, list) and all(
        isinstance(each, dict)
        and each.keys() == {"name", "arguments"}
        and isinstance(each["name"], str)
        and isinstance(each["arguments"], dict)
        for each in value
    )


def _question(row: Mapping[str, Any], possible: list[dict[str, dict[str, list[Any]]]]) -> Question:
    messages = [message["content"].strip() for message in row["question"][0] if message["content"].strip()]
    functions = {}
    if possible:
        schemas = load_schemas(INLINE + canonical_json(row["function"])).functions.values()
        functions = {each.written: each for each in schemas if isinstance(each, SchemaFunction)}
    gold = tuple(
        Call(name=name, arguments=canonical_json(gold_arguments(functions[name], allowed)))
        for each in possible
        for name, allowed in each.items()
    )
    unmet = (_nothing_allowed(functions[name], allowed) for each in possible for name, allowed in each.items())
    faults = [*unmet, *(fault_of(functions[call.name], call) for call in gold)]
    return Question(row["id"], "\n\n".join(messages), row["function"], gold, possible, next(filter(None, faults), ""))


def _nothing_allowed(function: SchemaFunction, allowed: Mapping[str, list[Any]]) -> str:
    empty = [name for name in function.parameters["required"] if not allowed.get(name, [""])]
    return f"{function.name}: the gold answer allows no value for {empty[0]!r}, which has to be given" if empty else ""


def fault_of(function: SchemaFunction, call: Call) -> str:
    """Why a session refuses a gold call; "" where it accepts it."""
    try:
        function.validate(call.arguments)
    except CallRefused as refusal:
        return refusal.message
    return ""


def gold_arguments(function: SchemaFunction, allowed: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Of each argument the first allowed value that fits the schema; where none does, it is left out if it may be."""
    chosen = {}
    for name, values in allowed.items():
        candidates = [as_given(value) for value in values if value != ""]
        fitting = [value for value in candidates if function.fits(name, value)]
        if fitting:
            chosen[name] = fitting[0]
        elif "" not in values or name in function.parameters["required"]:
            chosen[name] = candidates[0] if candidates else ""
    return chosen


def as_given(value: Any) -> Any:
    """A value as a call has it: BFCL gives a list of allowed values for each key of an object, too."""
    if isinstance(value, dict) and all(isinstance(each, list) for each in value.values()):
        inner = {key: next((each for each in values if each != ""), _ABSENT) for key, values in value.items()}
        return {key: as_given(each) for key, each in inner.items() if each is not _ABSENT}
    return [as_given(each) for each in value] if isinstance(value, list) else value


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
