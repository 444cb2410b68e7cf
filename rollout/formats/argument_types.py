"""Values of arguments that a dialect writes without their type: `3` may be a number or a text.

What a function's schema says decides. Where it leaves both open, what reads as JSON is JSON.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rollout.formats.json_format import decode_at
from rollout.formats.limits import CallSyntaxError, Functions, ReplyLimits
from rollout.records import ErrorCode
from rollout.toolboxes.nesting import CALL, is_nested

ANY = frozenset({"string", "other", "null"})
_NESTED = re.compile(rf'\s*\{{\s*"{re.escape(CALL)}"')
_WORDS = {"True": True, "False": False, "None": None}
"""How templates write truth values and null that show values by Python's `str`."""
_DEEPEST = 16


def typed(raw: str, name: str, argument: str, functions: Functions, limits: ReplyLimits) -> Any:
    """The value that `raw` stands for as this argument of the function `name`; of an unknown one, as JSON if it can be
    read so. Raises CallSyntaxError for a number that
    is too long and for what is nested too deep; what cannot be of the argument's type stays text, which its validation
    then refuses."""
    kinds = ANY
    if name in functions:
        parameters = functions[name].parameters
        inner = parameters.get("properties", {}).get(argument)
        kinds = frozenset(_kinds(inner, parameters.get("$defs", {}))) if inner is not None else ANY
    text = raw.strip()
    if "null" in kinds and text in ("null", "None"):
        return None
    if kinds <= {"string", "null"} and not _NESTED.match(raw):
        return raw
    if text in _WORDS and "string" not in kinds:
        return _WORDS[text]
    try:
        value, end = decode_at(text, 0, limits)
    except CallSyntaxError as error:
        if error.code is not ErrorCode.BAD_SYNTAX and "string" not in kinds:
            raise
        return raw
    if end != len(text) or (kinds <= {"string", "null"} and not is_nested(value)):
        return raw
    return raw if isinstance(value, str) and "string" in kinds else value


def _kinds(schema: Any, definitions: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Which of `string`, `null` and `other` a schema takes."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        yield from ANY
        return
    if "$ref" in schema:
        yield from _kinds(definitions.get(str(schema["$ref"]).rpartition("/")[2]), definitions, depth + 1)
        return
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(key), list):
            for choice in schema[key]:
                yield from _kinds(choice, definitions, depth + 1)
            return
    values = (
        schema["enum"] if isinstance(schema.get("enum"), list) else [schema["const"]] if "const" in schema else None
    )
    if values is not None:
        yield from ("string" if isinstance(each, str) else "null" if each is None else "other" for each in values)
        return
    types = schema.get("type", sorted(ANY))
    for each in types if isinstance(types, list) else [types]:
        yield each if each in ("string", "null") else "other"
