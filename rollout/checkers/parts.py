"""Parts of worlds, as decoded JSON, and where two differ."""

import re
from typing import Any

from rollout.checkers.values import exact
from rollout.records import canonical_json

MISSING = object()
"""The part of a world that is not there."""


def part_of(state: Any, path: str) -> Any:
    """The part of a world that a path names; `MISSING` where there is none."""
    for key in path.split(".") if path else ():
        if isinstance(state, dict):
            state = state.get(key, MISSING)
        else:
            there = isinstance(state, list) and re.fullmatch(r"[0-9]{1,9}", key) and int(key) < len(state)
            state = state[int(key)] if there else MISSING
    return state


def difference(found: Any, right: Any, path: str = "") -> str:
    """Where two worlds differ first, in words; "" where they are equal. Numbers are equal by their value, texts letter
    by letter."""
    if found is MISSING or right is MISSING:
        return "" if found is right else f"{path} is {'missing' if found is MISSING else 'there, and should not be'}"
    if isinstance(found, dict) and isinstance(right, dict):
        for key in sorted(found.keys() | right.keys()):
            here = f"{path}.{key}" if path else key
            if key not in found or key not in right:
                return f"{here} is {'missing' if key in right else 'there, and should not be'}"
            if why := difference(found[key], right[key], here):
                return why
        return ""
    if isinstance(found, list) and isinstance(right, list) and len(found) == len(right):
        pairs = (difference(*both, f"{path}.{at}") for at, both in enumerate(zip(found, right, strict=True)))
        return next(filter(None, pairs), "")
    if _same(found, right):
        return ""
    return f"{path or 'the world'} is {_short(found)}, right is {_short(right)}"


def _same(found: Any, right: Any) -> bool:
    if isinstance(found, bool) is not isinstance(right, bool):
        return False
    mixed = isinstance(found, int | float) and isinstance(right, int | float) and type(found) is not type(right)
    return exact(found) == exact(right) if mixed else bool(found == right)


def _short(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) <= 80 else f"{text[:80]}..."
