"""Problems of the package reasoning-gym, and its own verdicts on answers to them.

A problem's checker is named `reasoning_gym:TASK:SEED:INDEX`, and `:OPTIONS` behind it (JSON) where there are any: from
them the package makes the problem again, with all that its `score_answer` wants to know.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from cluster.errors import RequestError
from rollout.foreign.asking import TooLong, ask
from rollout.records import ErrorCode, canonical_json

PACKAGE = "reasoning_gym"
BATCH = 20
"""Problems that are asked for at once."""
_DRAWING_S, _SCORING_S = 300.0, 30.0
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{0,9}[1-9])?", re.ASCII)
"""A number that JSON writes in no other way, if a float holds its digits."""
_COUNT = re.compile(r"[0-9]{1,18}")


class Found(NamedTuple):
    """A problem of a task: its text, its gold answer as canonical JSON (a number where it is plainly one), its checker,
    and what it is an instance of ("": of nothing)."""

    text: str
    gold: str
    checker: str
    template: str


def problems(task: str, seed: int, options: tuple[str, ...]) -> Iterator[list[Found]]:
    """The problems of a task in the order of `seed` (less than 2^32), without end, some at a time.

    Raises RequestError for a task that does not exist, cannot be used, or does not have one of `options`.
    """
    start = 0
    while True:
        yield _drawn(task, seed, start, options)
        start += BATCH


@lru_cache(maxsize=512)  # a run draws the same problems for its plan, its checks and itself
def _drawn(task: str, seed: int, start: int, options: tuple[str, ...]) -> list[Found]:
    try:
        made = ask(PACKAGE, "draw", _DRAWING_S, task=task, seed=seed, start=start, count=BATCH, options=options)
    except TooLong:
        raise RequestError(
            f"reasoning_gym: {BATCH} problems of task {task!r} took longer than {_DRAWING_S:.0f} s; make them easier "
            "with options"
        ) from None
    behind = f":{canonical_json(options)}" if options else ""
    return [
        Found(
            each["text"],
            _as_json(each["gold"]),
            f"{PACKAGE}:{task}:{each['seed']}:{each['index']}{behind}",
            each["template"],
        )
        for each in made["problems"]
    ]


def _as_json(gold: str) -> str:
    # More digits than a float holds are a text: `judge` gives the package its own gold answer back, digit by digit.
    is_number = _NUMBER.fullmatch(gold) and canonical_json(json.loads(gold)) == gold
    return gold if is_number else canonical_json(gold)


def names() -> list[str]:
    """All tasks that the package has, those that are not taken included."""
    found: list[str] = ask(PACKAGE, "tasks", _SCORING_S)
    return found


def is_checker(name: str) -> bool:
    """Whether `name` is that of a problem's own checker. Raises RequestError where it begins like one and is none."""
    kind, *rest = name.split(":", 4)
    if kind != PACKAGE or len(rest) < 2:
        return False
    # By ASCII: other digits are decimal, too, and an integer of thousands of digits does not read.
    if len(rest) < 3 or not all(_COUNT.fullmatch(each) for each in rest[1:3]):
        raise RequestError(f"checker {name!r}: write {PACKAGE}:TASK:SEED:INDEX")
    _options(name)
    return True


def _options(name: str) -> list[str]:
    """The options behind a checker's name. Raises RequestError for what is no list of texts."""
    text = ":".join(name.split(":", 4)[4:])
    try:
        options = json.loads(text or "[]")
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, list) or not all(isinstance(each, str) for each in options):
        form = f'{PACKAGE}:TASK:SEED:INDEX:["KEY=VALUE"]'
        raise RequestError(f"checker {name!r}: its options {text[:40]!r} are no list of texts; write {form}")
    return options


def judge(name: str, answer: Any, gold: Any) -> ErrorCode | None:
    """The verdict of the task's `score_answer`: right is a score of 1.

    What is no text is given to it as JSON. An answer that it cannot read, or that takes it too long, is malformed.
    Raises RequestError where the package is absent, or makes another problem.
    """
    _, task, seed, index = name.split(":", 4)[:4]
    answer, gold = (each if isinstance(each, str) else canonical_json(each) for each in (answer, gold))
    where = {"task": task, "seed": int(seed), "index": int(index), "options": _options(name)}
    try:
        score = ask(PACKAGE, "score", _SCORING_S, **where, gold=gold, answer=answer)
    except TooLong:
        return ErrorCode.ANSWER_MALFORMED
    if score is None:
        return ErrorCode.ANSWER_MALFORMED
    return None if score >= 1.0 else ErrorCode.ANSWER_WRONG
