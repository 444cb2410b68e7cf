"""JSON that other people wrote, read strictly: no key stands twice in an object, and every number is one."""

import json
from typing import Any

from cluster.errors import RequestError


def parse_json(text: str | bytes, where: str, remedy: str = "write it as JSON") -> Any:
    """The value that is written in `text`. Raises RequestError."""
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", None) or str(error)
        shown = f" is {short(text)}," if isinstance(text, str) else ":"
        raise RequestError(f"{where}{shown} not JSON: {reason}; {remedy}") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, for `json.loads`. Raises ValueError where a key stands twice."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return values


def no_constant(name: str) -> float:
    """Refuse NaN and infinities, for `json.loads`. Raises ValueError."""
    raise ValueError(f"{name} is no JSON number")


def short(value: Any) -> str:
    """The beginning of a value, for messages."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
