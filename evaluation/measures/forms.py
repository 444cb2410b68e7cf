"""The forms of replies, and which calls of an attempt were needed, repeated or contradicted. Pure and light."""

import functools
import json
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from evaluation.measures.metrics import signature
from rollout.records import CallResult, Step

LONGEST_READ = 20_000
"""Characters of a reply that decide its form; the rest is not read."""


class Form(StrEnum):
    """What a reply looks like on the surface, whether or not it can be executed."""

    JSON = "json"
    """An object with `name` and `arguments`, or a list of them."""
    JSON_PARAMETERS = "json, parameters"
    """The same with `parameters` in the place of `arguments`, as Llama 3.1 and later are trained to write."""
    JSON_OTHER_KEYS = "json, other keys"
    JSON_BROKEN = "broken json"
    PYTHON = "python call"
    TAGGED = "tagged"
    """Begins with a tag such as <tool_call> or [TOOL_CALLS]."""
    FENCED = "fenced"
    """Begins with a code fence."""
    PROSE_AND_CALL = "prose and call"
    PROSE = "prose"
    EMPTY = "empty"


ASKED: dict[str, frozenset[Form]] = {
    "json": frozenset({Form.JSON}),
    "python": frozenset({Form.PYTHON}),
    "native": frozenset({Form.TAGGED, Form.JSON, Form.JSON_PARAMETERS}),
}
"""Call format -> the forms that adhere to it."""

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TAG = re.compile(r"<|\[[A-Z_]{3,}\]")
_PYTHON_CALL = re.compile(r"[A-Za-z_][\w.]*\s*\(")


def form_of(text: str) -> Form:
    """The form of one reply."""
    text = text[:LONGEST_READ].strip()
    if not text:
        return Form.EMPTY
    if text.startswith("```"):
        return Form.FENCED
    if _TAG.match(text):
        return Form.TAGGED
    if text[0] in "{[":
        return _json_form(text)
    if _PYTHON_CALL.match(text):
        return Form.PYTHON
    return Form.PROSE_AND_CALL if "{" in text or _PYTHON_CALL.search(text) else Form.PROSE


def _json_form(text: str) -> Form:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Form.JSON_BROKEN
    calls = value if isinstance(value, list) and value else [value]
    for form, key in ((Form.JSON, "arguments"), (Form.JSON_PARAMETERS, "parameters")):
        if all(isinstance(call, dict) and {"name", key} <= call.keys() for call in calls):
            return form
    return Form.JSON_OTHER_KEYS


def adheres(form: Form, call_format: str) -> bool | None:
    """Whether a reply of this form is in the call format that was asked for; None for a format that is not in ASKED."""
    asked = ASKED.get(call_format)
    return None if asked is None else form in asked


def accepted(steps: Sequence[Step]) -> list[CallResult]:
    """The results of calls that were executed without an error, in order, the finish included."""
    return [result for step in steps for result in step.results if result.call is not None and result.error is None]


def redundant_calls(results: Sequence[CallResult]) -> int:
    """How many successful calls repeat an earlier one, with the same name and arguments."""
    signatures = [signature(result.call) for result in results if result.call is not None]
    return len(signatures) - len(set(signatures))


def needed_calls(results: Sequence[CallResult]) -> int:
    """How many calls the last one rests on, itself included: a backward slice (Weiser 1981) over values.

    A call rests on the first earlier one whose result holds a value of its arguments: an equal number, or a text of
    which two words in three stand in the arguments ("Max is cold" for `name="Max", given="cold"`), or the last one
    where the arguments are a sentence alone (`rule="All cold are red"`). An answer that no result holds, such as
    "yes", rests on the call before it. It is an estimate: equal values by chance count as need, and functions that
    work by changing a state are not seen.
    """
    if not results:
        return 0
    given = [_values(result.content) for result in results]
    needed: set[int] = set()
    queue = [len(results) - 1]
    while queue:
        index = queue.pop()
        if index in needed:
            continue
        needed.add(index)
        call = results[index].call
        if call is None:
            continue
        sources = _sources(_values(call.arguments), given[:index])
        if not sources and index == len(results) - 1 and index:
            sources = {index - 1}
        queue += sources
    return len(needed)


def contradicted_calls(results: Sequence[CallResult], text: str) -> tuple[int, int]:
    """(calls with a number that stands neither in `text` nor in an earlier result, calls with a number).

    Such a number was miscopied, invented or worked out without a call. The last call, the finish, is looked at too.
    """
    known = {_scalar(float(number)) for number in _NUMBER.findall(text)}
    contradicted = counted = 0
    for result in results:
        if result.call is None:
            continue
        numbers = {_scalar(leaf) for leaf in _json_leaves(result.call.arguments) if _is_number(leaf)}
        counted += bool(numbers)
        contradicted += not numbers <= known
        known |= {_scalar(leaf) for leaf in _json_leaves(result.content) if _is_number(leaf)}
    return contradicted, counted


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)


def _json_leaves(text: str, otherwise: Sequence[Any] = ()) -> Sequence[Any]:
    """The scalars of a JSON text; `otherwise` where it is none."""
    try:
        return list(_leaves(json.loads(text)))
    except (ValueError, RecursionError):
        return otherwise


class _Values(NamedTuple):
    """What a JSON text holds: its scalars as texts, and of its texts the words, each with its last one."""

    scalars: frozenset[str]
    texts: tuple[tuple[frozenset[str], str], ...]


def _sources(wanted: _Values, given: Sequence[_Values]) -> set[int]:
    """For each wanted value, the index of the first result that holds it."""
    words = frozenset[str]().union(*(words for words, _ in wanted.texts)) | wanted.scalars
    found: set[int] = set()
    for scalar in wanted.scalars:
        found.update([next((at for at, values in enumerate(given) if scalar in values.scalars), -1)])
    seen: set[frozenset[str]] = set()
    for at, values in enumerate(given):
        for text, last in values.texts:
            named = last in words and not wanted.scalars  # a sentence alone names no subject to tell results apart by
            if text not in seen and (named or len(text & words) * 3 >= len(text) * 2):
                found.add(at)
                seen.add(text)
    return found - {-1}


@functools.lru_cache(maxsize=16384)
def _values(text: str) -> _Values:
    leaves = _json_leaves(text, [text])
    texts = [_WORD.findall(leaf.lower()) for leaf in leaves if isinstance(leaf, str)]
    scalars = [_scalar(leaf) for leaf in leaves if not isinstance(leaf, str) or len(leaf.split()) == 1]
    return _Values(frozenset(scalars), tuple((frozenset(text), text[-1]) for text in texts if len(text) > 1))


def _scalar(leaf: Any) -> str:
    if isinstance(leaf, float) and leaf.is_integer():
        return str(int(leaf))
    return str(leaf).strip().lower()


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value
