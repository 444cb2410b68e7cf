"""How calls contradict their functions' schemas, read as BFCL writes them.

This shares no code with the validator of sessions, which it holds to account: a refusal for which nothing is found here
is that validator's mistake.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rollout.checkers.values import comparable
from rollout.foreign.bfcl import Question, as_given

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "float": lambda value: type(value) in (int, float),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "tuple": lambda value: isinstance(value, list),
    "dict": lambda value: isinstance(value, dict),
    "any": lambda value: True,
}
_KEYWORDS = frozenset(
    ("type", "properties", "required", "items", "enum", "maximum", "description", "default", "optional", "format")
)
"""All that the schemas of functions have which gold answers call. The last four hold a value to nothing."""


def contradictions(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[str]:
    """The kinds of contradictions between a function's parameters and arguments, one for each place.

    `required`: something is missing. `unexpected`: an argument too many. `type`: an argument of another type. `member`:
    another type further inside. `enum`, `bound`: a value that is not among those listed, or too large.

    Raises ValueError for a keyword that is not known here, and KeyError for a type.
    """
    yield from ("required" for name in schema["required"] if name not in arguments)
    for name, value in arguments.items():
        if name in schema["properties"]:
            yield from _of_value(schema["properties"][name], value, "type")
        else:
            yield "unexpected"


def _of_value(schema: Mapping[str, Any], value: Any, another_type: str) -> Iterator[str]:
    """Of one value; `another_type` is what another type is called in its place."""
    if unknown := schema.keys() - {*_KEYWORDS}:
        raise ValueError(f"schemas have {sorted(unknown)}, of which the benchmark knows nothing")
    if not _TYPES[schema["type"]](value):
        yield another_type
        return
    enum = schema.get("enum") or []
    # Of a list its members are meant, where the enum lists no lists.
    held = value if isinstance(value, list) and not any(isinstance(each, list) for each in enum) else [value]
    yield from ("enum" for each in held if enum and comparable(each) not in map(comparable, enum))
    if "maximum" in schema and value > schema["maximum"]:
        yield "bound"
    if isinstance(value, dict):
        yield from ("required" for name in schema.get("required") or () if name not in value)
        for name, inner in (schema.get("properties") or {}).items():
            if name in value:
                yield from _of_value(inner, value[name], "member")
    if isinstance(value, list) and schema.get("items"):
        for each in value:
            yield from _of_value(schema["items"], each, "member")


def why_unsolvable(question: Question) -> str:
    """The kind of contradiction by which no call that BFCL allows fits its schema, `nothing allowed` where BFCL allows
    no value for an argument that has to be given; "" where a call does both."""
    schemas = schemas_of(question)
    calls = [(schemas[name], allowed) for possible in question.possible for name, allowed in possible.items()]
    return next(filter(None, (_why_no_call(schema, allowed) for schema, allowed in calls)), "")


def schemas_of(question: Question) -> dict[str, Any]:
    """Function -> its parameters, as BFCL writes both."""
    return {each["name"].strip(): each["parameters"] for each in question.schemas}


def _why_no_call(schema: Mapping[str, Any], allowed: Mapping[str, list[Any]]) -> str:
    for name in {**dict.fromkeys(schema["required"]), **allowed}:
        values, known = allowed.get(name), schema["properties"].get(name)
        if values is None:
            return "required"
        if "" in values and name not in schema["required"]:
            continue
        if known is None:
            return "unexpected"
        if not values:
            return "nothing allowed"
        given = [each for each in values if each != ""] or [""]  # "" says "may be left out", which this one may not
        found = [[*_of_value(known, as_given(each), "type")] for each in given]
        if all(found):
            return found[0][0]
    return ""
