"""Types as data sets write them, read as JSON Schema: `str, optional`, `List[int]`, `Dict[str, Any]`, `dict`, `float`.

The words are those of JSON Schema, of Python's annotations, of xLAM's rows and of BFCL's, and `int[]`. What stands
behind a comma at the end (`optional`, `default 5`) or in brackets behind a plain type (`string (ISO date)`) is a
remark. A word that is none of a type (`Callable[[float], float]`, `datetime`) stands for any value, like `Any`.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

_PLAIN = {
    "string": "string",
    "str": "string",
    "integer": "integer",
    "int": "integer",
    "long": "integer",
    "number": "number",
    "float": "number",
    "double": "number",
    "boolean": "boolean",
    "bool": "boolean",
    "null": "null",
    "none": "null",
    "nonetype": "null",
}
_LISTS = ("array", "list", "set", "frozenset", "sequence", "iterable", "collection")
_TUPLES = ("tuple",)
_OBJECTS = ("object", "dict", "mapping", "hashmap")
_UNIONS = ("union", "optional")
_WORD = re.compile(r"(?P<name>[a-z_][\w.]*)\s*(?:(?P<open>[\[(<])(?P<inner>.*)[\])>])?", re.DOTALL | re.IGNORECASE)
_CLOSING = {"[": "]", "(": ")", "<": ">", "{": "}"}
_LONGEST, _MOST_BRACKETS = 2_000, 32
"""Characters and opening brackets of a type that is read; a longer text is none."""


@lru_cache(maxsize=1024)
def schema_of_type(words: str) -> Mapping[str, Any]:
    """The JSON schema of a type, which is not to be changed; {} for any value. Never raises."""
    if len(words) > _LONGEST or sum(map(words.count, _CLOSING)) > _MOST_BRACKETS:
        return {}
    return _union([_single(each) for each in _parts(_parts(words, ",")[0], r"\||\bor\b")])


def says_optional(words: str) -> bool:
    """Whether a type's own words say that the argument may be left out."""
    return "optional" in words.lower()


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that OpenAPI 3.0 calls `nullable`, as JSON Schema says it."""
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    more: dict[str, Any] = {"type": [*kinds, "null"]} if kinds and "null" not in kinds else {}
    if isinstance(schema.get("anyOf"), list):
        more["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        more["enum"] = [*schema["enum"], None]
    return {**schema, **more}


def _single(text: str) -> Mapping[str, Any]:
    if (element := text.strip().removesuffix("[]")) != text.strip():  # TypeScript's and Java's `string[]`
        alone = element.strip().lower().rpartition(".")[2] in (*_LISTS, *_TUPLES)
        return _array([] if alone else [schema_of_type(element)])
    match = _WORD.fullmatch(text.strip())
    if match is None:
        member = re.fullmatch(r"(?:list|array)\s+of\s+(\w+?)s?", text.strip(), re.IGNORECASE)
        return _array([schema_of_type(member[1])]) if member else {}
    name, inner = match["name"].lower().rpartition(".")[2], match["inner"]
    if name in _PLAIN:
        return {"type": _PLAIN[name]}
    members = _parts(inner, ",") if inner and inner.strip() else []
    if name == "literal":
        return _literal(members)
    if name in _UNIONS:
        found = [schema_of_type(each) for each in members]
        return _union([*found, *([{"type": "null"}] if name == "optional" and found else [])])
    if name in _TUPLES and members and members[-1].strip() != "...":
        fields = [schema_of_type(each) for each in members]
        return {"type": "array", "prefixItems": fields, "items": False, "minItems": len(fields)}
    if name in _LISTS or name in _TUPLES:
        return _array([schema_of_type(each) for each in members[:1]])
    if name in _OBJECTS:
        values = schema_of_type(members[1]) if len(members) == 2 else {}
        return {"type": "object", "additionalProperties": values} if values else {"type": "object"}
    return {}


def _array(items: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"type": "array", **({"items": items[0]} if items and items[0] else {})}


def _union(members: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A value of one of the types; any value where one of them takes any."""
    if not members or not all(members):
        return {}
    different = [each for number, each in enumerate(members) if each not in members[:number]]
    if len(different) == 1:
        return different[0]
    if all(each.keys() == {"type"} and isinstance(each["type"], str) for each in different):
        return {"type": [each["type"] for each in different]}
    return {"anyOf": different}


def _literal(members: Sequence[str]) -> Mapping[str, Any]:
    try:
        values = [ast.literal_eval(each.strip()) for each in members]
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    return {"enum": values} if values and all(isinstance(each, bool | int | str) for each in values) else {}


def _parts(text: str, separator: str) -> list[str]:
    """`text` divided where the pattern `separator` stands in no brackets."""
    parts, start, closing = list[str](), 0, list[str]()
    for match in re.finditer(rf"(?P<separator>{separator})|\w<|[\[({{\])}}>]", text):
        sign = match[0][-1]
        if sign in _CLOSING and not match["separator"]:
            closing.append(_CLOSING[sign])
        elif closing and sign == closing[-1]:
            closing.pop()
        elif match["separator"] and not closing:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]
