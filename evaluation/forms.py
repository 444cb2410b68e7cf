"""How replies look and how steps hang together: forms of replies, needed and repeated calls. Pure and light."""

import json
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from evaluation.metrics import signature
from rollout.records import CallResult, ErrorCode, Step

LONGEST_READ = 20_000
"""Characters of a reply that are looked at."""


class Form(StrEnum):
    """What a reply looks like on the surface, whether or not it can be executed."""

    JSON = "json"
    """An object with `name` and `arguments`, or a list of them."""
    JSON_OTHER_KEYS = "json, other keys"
    JSON_BROKEN = "broken json"
    PYTHON = "python call"
    TAGGED = "tagged"
    """Begins with a tag such as <tool_call>."""
    FENCED = "fenced"
    """Begins with a code fence."""
    PROSE_AND_CALL = "prose and call"
    PROSE = "prose"
    EMPTY = "empty"


ASKED: dict[str, frozenset[Form]] = {
    "json": frozenset({Form.JSON}),
    "python": frozenset({Form.PYTHON}),
    "native": frozenset({Form.TAGGED, Form.JSON}),
}
"""Call format -> the forms that adhere to it."""

UNREADABLE = frozenset(
    {
        ErrorCode.NOT_A_CALL,
        ErrorCode.EMPTY_REPLY,
        ErrorCode.PROSE_AROUND_CALL,
        ErrorCode.BAD_SYNTAX,
        ErrorCode.BAD_VALUE,
        ErrorCode.NOT_LITERAL,
        ErrorCode.WRONG_CALL_SHAPE,
        ErrorCode.TOO_LARGE,
        ErrorCode.REPLY_CUT,
    }
)
"""Codes of replies from which no call could be read."""

_PYTHON_CALL = re.compile(r"[A-Za-z_][\w.]*\s*\(")


def form_of(text: str) -> Form:
    """The form of one reply."""
    text = text[:LONGEST_READ].strip()
    if not text:
        return Form.EMPTY
    if text.startswith("```"):
        return Form.FENCED
    if text[0] in "{[":
        return _json_form(text)
    if text[0] == "<":
        return Form.TAGGED
    if _PYTHON_CALL.match(text):
        return Form.PYTHON
    return Form.PROSE_AND_CALL if "{" in text or _PYTHON_CALL.search(text) else Form.PROSE


def _json_form(text: str) -> Form:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Form.JSON_BROKEN
    calls = value if isinstance(value, list) and value else [value]
    right_keys = all(isinstance(call, dict) and {"name", "arguments"} <= call.keys() for call in calls)
    return Form.JSON if right_keys else Form.JSON_OTHER_KEYS


def adheres(form: Form, call_format: str) -> bool | None:
    """Whether a reply of this form is in the format asked for; None for a format that is not known here."""
    asked = ASKED.get(call_format)
    return None if asked is None else form in asked


def readable(step: Step) -> bool:
    """Whether a call could be read from the reply."""
    return not UNREADABLE.intersection(step.errors)


def accepted(steps: Sequence[Step]) -> list[CallResult]:
    """The results of calls that were executed without an error, in order, the finish included."""
    return [result for step in steps for result in step.results if result.call is not None and result.error is None]


def redundant_calls(results: Sequence[CallResult]) -> int:
    """How many successful calls repeat an earlier one, with the same name and arguments."""
    signatures = [signature(result.call) for result in results if result.call is not None]
    return len(signatures) - len(set(signatures))


def needed_calls(results: Sequence[CallResult]) -> int:
    """How many calls the last one rests on, itself included: a backward slice (Weiser 1981) over values.

    A call is needed when a value in its result stands among the arguments of a needed later call; of several
    calls that gave the same value, the first. Chance equality of values counts as need: an upper bound.
    """
    if not results:
        return 0
    wanted: set[str] = set()
    first_with: dict[str, int] = {}
    for index, result in enumerate(results[:-1]):
        for value in _values(result.content):
            first_with.setdefault(value, index)
    needed: set[int] = set()
    queue = [len(results) - 1]
    while queue:
        index = queue.pop()
        if index in needed:
            continue
        needed.add(index)
        call = results[index].call
        wanted = set(_values(call.arguments)) if call is not None else set()
        queue += [first_with[value] for value in wanted if first_with.get(value, index) < index]
    return len(needed)


def _values(text: str) -> Iterator[str]:
    """The leaves of a JSON text; of any other text the text itself and its words."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        stripped = text.strip()
        yield stripped
        yield from (word.strip(".,:;") for word in stripped.split()[:64])
        return
    yield from _leaves(value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))
    else:
        yield str(value)
