"""Parameters of which branches tell (`allOf`, `anyOf`, `oneOf`, `if`): their names and whether they are required."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_ONE_OF, _CONDITIONAL = ("anyOf", "oneOf"), ("if", "then", "else")


def with_branches(schema: Schema) -> Schema:
    """A schema of type object that names every parameter of its branches itself, where no further one may be given.

    A parameter is required if it is beside the branches, in one of `allOf`, or in each of `anyOf` or `oneOf`. The
    branches stay, and calls are held to them.
    """
    if not any(key in schema for key in ("allOf", *_ONE_OF, *_CONDITIONAL)):
        return schema
    properties, required = dict(schema.get("properties") or {}), list(schema.get("required") or ())
    for branch in _branches(schema, "allOf"):
        required += branch.get("required") or ()
        _add(properties, [branch])
    for key in _ONE_OF:
        if branches := list(_branches(schema, key)):
            _add(properties, branches)
            first, *others = [branch.get("required") or () for branch in branches]
            required += [name for name in first if all(name in other for other in others)]
    _add(properties, [with_branches(schema[key]) for key in _CONDITIONAL if isinstance(schema.get(key), Mapping)])
    return {**schema, "properties": properties, "required": [*dict.fromkeys(required)]}


def _branches(schema: Schema, key: str) -> Iterator[Schema]:
    given = schema.get(key)
    return (with_branches(each) for each in (given if isinstance(given, list) else ()) if isinstance(each, Mapping))


def _add(properties: dict[str, Any], branches: list[Schema]) -> None:
    """Add the branches' parameters that are not there; one that they describe in several ways may be as any says."""
    found: dict[str, list[Any]] = {}
    for branch in branches:
        for name, each in (branch.get("properties") or {}).items():
            kinds = found.setdefault(name, [])
            if each not in kinds:
                kinds.append(each)
    for name, kinds in found.items():
        properties.setdefault(name, kinds[0] if len(kinds) == 1 else {"anyOf": kinds})
