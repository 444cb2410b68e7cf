"""The checker `set`: an answer is right when it has the gold's members, whatever their order and number.

Members compare as values. A member that the gold has as a number may be given as text that spells it; one that it has
as text, as the number whose JSON is that text. A text as a whole is split: at the ends of its lines where it has
several, at semicolons where it has some, else at commas; `[...]`, `{...}` or LaTeX's `\\{...\\}` around it is left out,
and text that is a JSON list is that list.
"""

import json
import re
from collections.abc import Hashable, Sequence
from typing import Any

from cluster.errors import RequestError
from rollout.checkers.notation import unwrapped
from rollout.checkers.numbers import read_quantity
from rollout.checkers.values import comparable
from rollout.records import ErrorCode

_GROUPED = re.compile(r"(?<![0-9.])[1-9][0-9]{0,2},[0-9]{3}(?![0-9])", re.ASCII)
"""A comma that may separate two numbers, or thousands."""
_AND = re.compile(r"(?:^|\s+)(?:and|&)\s+")
_MARKED = re.compile(r"[-*•+–−]|\(?[0-9A-Za-z]{1,3}[.)]\s")
"""What a line of a list may begin with, beside its member; a minus, too."""
_BRACKETS = (("\\{", "\\}"), ("{", "}"), ("[", "]"))


def same_members(answer: Any, gold: Any) -> ErrorCode | None:
    """The checker. Raises RequestError for a gold answer that is no list."""
    members = _members(gold)
    if members is None:
        raise RequestError(f"checker set: the gold answer {gold!r} is no list that it reads; use a JSON list, or exact")
    expected = {_key(member, spelled=isinstance(gold, str)) for member in members}
    if isinstance(answer, str) and expected == {comparable(answer)}:
        return None  # the only member, which may hold a comma
    texts = [each for each in members if isinstance(each, str)]
    given = _members(answer, not any(map(_AND.search, texts)), not any("," in each for each in texts))
    if given is None:
        return ErrorCode.ANSWER_MALFORMED
    found = [_keys(member) & expected for member in given]
    return None if all(found) and expected == set().union(*found) else ErrorCode.ANSWER_WRONG


def _members(value: Any, conjunction: bool = False, commas: bool = True) -> Sequence[Any] | None:
    """The members of a list, or of a text that lists them; None for what is neither, or may be split in two ways.

    With `conjunction` the word "and" before the last members separates, too; without `commas` they may belong to a
    member.
    """
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        return None
    text = unwrapped(value)
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return listed
    for opening, closing in _BRACKETS:
        if text.startswith(opening) and text.removesuffix(".").endswith(closing):
            text = text.removesuffix(".")[len(opening) : -len(closing)].strip()
            break
    if "\n" in text:
        return _lines(text)
    separator = ";" if ";" in text else ","
    if text.startswith("(") or (separator == "," in text and (not commas or _GROUPED.search(text))):
        return None
    parts = [part.strip() for part in text.split(separator)]
    if conjunction:
        parts[-1:] = [part for part in _AND.split(parts[-1]) if part] or [""]
    if not parts[-1]:
        parts.pop()
    return None if "" in parts else [_unquoted(part) for part in parts]


def _lines(text: str) -> Sequence[Any] | None:
    """One member a line; None where lines hold marks of lists or of their members, which may belong to a member."""
    lines = [line for each in text.splitlines() if (line := each.strip())]
    if any(_MARKED.match(line) or "," in line or ";" in line for line in lines):
        return None
    return list(map(_unquoted, lines))


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _key(member: Any, spelled: bool) -> Hashable:
    """What a member of the gold is; `spelled`: it was cut out of a text, where numbers can only be spelled."""
    value = _spelled_number(member) if spelled else None
    return comparable(member) if value is None else value


def _keys(member: Any) -> set[Hashable]:
    """All that a member of the answer may be in the gold."""
    keys = {comparable(member)}
    if isinstance(member, str):
        keys.add(_spelled_number(member))
    elif isinstance(member, int | float) and not isinstance(member, bool):
        keys.add(("text", json.dumps(member)))
    return keys


def _spelled_number(text: str) -> Hashable:
    """The number that a text spells, with nothing beside it, in the form of `comparable`; None where it spells none."""
    quantity = read_quantity(text)
    return ("number", quantity.value) if quantity is not None and not quantity.unit else None
