"""Checkers decide whether an answer is the gold answer. Both are canonical JSON.

`exact`            equal as JSON; text without the white space around it; 3 and 3.0 are equal
`numeric`          the same number, however it is spelled; `numeric:0.01` sets a tolerance
`set`              lists with the same members, whatever their order and number; text is split
`either_order`     objects of two members that are equal, or equal with their two values exchanged
`module:function`  a user's `function(answer, gold) -> bool` on decoded values
`world`, `world:module:function`  what an attempt did, and the world that it left (`worlds.py`)
`calls`            the same calls, in any order; `calls:{"FUNCTION":{"ARGUMENT":DEFAULT}}` knows defaults
`bfcl:CATEGORY:ID`  what BFCL's own checker says of a list of calls, in a worker
`reasoning_gym:TASK:SEED:INDEX`  the `score_answer` of a problem of reasoning-gym, in a worker

A checker never evaluates anything. What may mean two things is malformed, never right. docs/checkers.md says what each
one takes, and how often they are wrong.
"""

import difflib
import json
import math
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from cluster.errors import RequestError, WorkError
from rollout.checkers.calls import CALLS, defaults_of, same_calls
from rollout.checkers.numeric import numeric, tolerance_of
from rollout.checkers.sets import same_members
from rollout.checkers.users import call_users, users_function
from rollout.checkers.values import comparable
from rollout.checkers.worlds import WORLD
from rollout.foreign import bfcl, reasoning_gym
from rollout.records import ErrorCode

Checker = Callable[[Any, Any], ErrorCode | None]

NUMERIC = "numeric"
EITHER_ORDER = "either_order"
USERS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
"""The name of a user's function."""


def check(checker: str, answer: str, gold: str) -> ErrorCode | None:
    """None if `answer` is accepted, else why not: `answer_wrong`, or `answer_malformed` if it cannot be read.

    Raises RequestError for an unknown checker or a gold answer that it cannot read, WorkError for a user's checker that
    fails.
    """
    decide = _checker(checker)
    try:
        expected = _decoded(gold)
        comparable(expected)
    except (ValueError, RecursionError):
        raise RequestError(
            f"checker {checker}: the gold answer {_short(gold)} is no JSON value that it reads"
        ) from None
    try:
        return decide(_decoded(answer), expected)
    except (_Unreadable, RecursionError):
        return ErrorCode.ANSWER_MALFORMED


class _Unreadable(ValueError):
    """A text is no JSON value."""


def _decoded(text: str) -> Any:
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite)
    except ValueError as error:
        raise _Unreadable(str(error)) from None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no finite number")
    return value


def require_checker(name: str) -> None:
    """Raise RequestError unless `name` is a checker's, as far as that is known without importing a user's module."""
    kind, colon, option = name.partition(":")
    if _of_package(name) or name == WORLD:
        return
    if kind == WORLD:
        if not USERS.fullmatch(option):
            raise RequestError(f"checker {name!r}: write {WORLD}, or {WORLD}:MODULE:FUNCTION")
    elif kind == NUMERIC:
        if colon:
            tolerance_of(option)
    elif kind == CALLS and colon:
        defaults_of(option)
    elif name not in _PLAIN and (kind in _PLAIN or not USERS.fullmatch(name)):
        near = difflib.get_close_matches(name, [NUMERIC, WORLD, *_PLAIN], n=1)
        known = ", ".join(sorted({NUMERIC, WORLD, *_PLAIN} - {_OLD_NAME}))
        hint = f"did you mean {near[0]!r}?" if near and near[0] != _OLD_NAME else f"known: {known}, MODULE:FUNCTION"
        raise RequestError(f"checker {name!r}: no such checker; {hint}")


def is_users(name: str) -> bool:
    """Whether a checker's name is that of a user's function. Raises RequestError for no checker's name."""
    require_checker(name)
    return name not in (*_PLAIN, WORLD) and name.partition(":")[0] not in (NUMERIC, CALLS) and not _of_package(name)


def _of_package(name: str) -> Any:
    """The module that asks a package for its own verdict, where `name` is that of one. Raises RequestError."""
    return next((module for module in (bfcl, reasoning_gym) if module.is_checker(name)), None)


@lru_cache(maxsize=64)
def _checker(name: str) -> Checker:
    require_checker(name)
    kind, colon, option = name.partition(":")
    if kind == WORLD:
        raise RequestError(f"checker {name}: it judges what was done, and an answer alone says nothing of that")
    if kind == NUMERIC:
        return numeric(tolerance_of(option) if colon else None)
    if kind == CALLS and colon:
        return same_calls(defaults_of(option))
    if (package := _of_package(name)) is not None:
        return partial(package.judge, name)
    return _PLAIN[name] if name in _PLAIN else _users(name)


def takes_either_order(checker: str) -> bool:
    """Whether `checker` accepts the gold answer with its two values exchanged."""
    return _PLAIN.get(checker) is _either_order


def _exact(answer: Any, gold: Any) -> ErrorCode | None:
    return None if comparable(answer) == comparable(gold) else ErrorCode.ANSWER_WRONG


def _either_order(answer: Any, gold: Any) -> ErrorCode | None:
    if not isinstance(gold, dict) or len(gold) != 2:
        raise RequestError(f"checker {EITHER_ORDER}: the gold answer {gold!r} is no object of two members; use exact")
    if not isinstance(answer, dict):
        return ErrorCode.ANSWER_MALFORMED
    exchanged = dict(zip(gold, reversed(gold.values()), strict=True))
    return None if comparable(answer) in (comparable(gold), comparable(exchanged)) else ErrorCode.ANSWER_WRONG


_OLD_NAME = "rollout.problems.subtasks:same_in_either_order"
"""What `either_order` is called in the records of older runs."""

_PLAIN: dict[str, Checker] = {
    "exact": _exact,
    "set": same_members,
    CALLS: same_calls({}),
    EITHER_ORDER: _either_order,
    _OLD_NAME: _either_order,
}


def _users(name: str) -> Checker:
    accepts = users_function("checker", name)

    def users(answer: Any, gold: Any) -> ErrorCode | None:
        accepted = call_users(name, accepts, answer, gold)
        if not isinstance(accepted, bool):
            raise WorkError(f"checker {name} returned {accepted!r} for answer {answer!r}; return True or False")
        return None if accepted else ErrorCode.ANSWER_WRONG

    return users


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
