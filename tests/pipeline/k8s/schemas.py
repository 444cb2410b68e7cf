"""What the API server refuses under strict validation, by the schemas in tests/data/schemas.

The schemas are structural: OpenAPI v3 with Kubernetes' extensions. `jsonschema` knows the common keywords; what the
server adds to them is said here. Nulls, which the server drops, are refused where a field is not nullable.
"""

import functools
import json
from collections.abc import Iterator
from typing import Any

import cel
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from tests.repository import DATA

FOLDER = DATA / "schemas"
_FORMATS = FormatChecker(formats=())


def faults(document: dict[str, Any]) -> list[str]:
    """Path and message of everything in a document that its kind's schema refuses."""
    kind = f"{document.get('apiVersion')}/{document.get('kind')}"
    if kind not in validators_by_kind():
        return [f"no schema is known for {kind}"]
    found = validators_by_kind()[kind].iter_errors(document)
    return sorted(f"{'.'.join(map(str, error.absolute_path))}: {error.message}"[:300] for error in found)


@functools.cache
def validators_by_kind() -> dict[str, Any]:
    """apiVersion/kind -> the validator of its documents."""
    tables = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    parts = {name: schema for table in tables for name, schema in table.get("$defs", {}).items()}
    kinds = {kind: schema for table in tables for kind, schema in table["kinds"].items()}
    return {kind: STRUCTURAL(schema | {"$defs": parts}, format_checker=_FORMATS) for kind, schema in kinds.items()}


def _type(validator: Any, wanted: str, value: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """`type`, with `nullable`; an object holds what is listed, unless its schema is a map or keeps unknown fields."""
    if value is None and schema.get("nullable"):
        return
    if not validator.is_type(value, wanted):
        yield ValidationError(f"{value!r} is not of type {wanted!r}")
    elif wanted == "object" and not {"additionalProperties", "x-kubernetes-preserve-unknown-fields"} & schema.keys():
        for key in value.keys() - schema.get("properties", {}).keys():
            yield ValidationError(f"unknown field {key!r}")


def _map_keys(_: Any, keys: list[str], value: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """A list that is a map has no two members with the same key; a key that is left out has the schema's default."""
    known = schema["items"]["properties"]
    seen: set[str] = set()
    for index, item in enumerate(value if isinstance(value, list) else ()):
        found = [item.get(key, known[key].get("default")) for key in keys if isinstance(item, dict)]
        if None in found:
            yield ValidationError(f"member {index} does not have the keys {keys}")
        elif repr(found) in seen:
            yield ValidationError(f"member {index} has the same keys as another: {found}")
        seen.add(repr(found))


def _list_type(_: Any, kind: str, value: Any, __: dict[str, Any]) -> Iterator[ValidationError]:
    if kind == "set" and isinstance(value, list) and len({json.dumps(item) for item in value}) < len(value):
        yield ValidationError(f"{value!r} is a set and names something twice")


def _rules(_: Any, rules: list[dict[str, str]], value: Any, __: dict[str, Any]) -> Iterator[ValidationError]:
    """Rules in the Common Expression Language. A new object is its own old one, for those that forbid a change."""
    for rule in rules:
        if not cel.evaluate(rule["rule"], {"self": value, "oldSelf": value}):
            yield ValidationError(rule["message"])


def _fits(bits: int, value: object) -> bool:
    return not isinstance(value, int) or -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


for _name, _bits in (("int32", 32), ("int64", 64)):
    _FORMATS.checks(_name)(functools.partial(_fits, _bits))

STRUCTURAL: Any = validators.extend(
    Draft202012Validator,
    {
        "type": _type,
        "x-kubernetes-list-map-keys": _map_keys,
        "x-kubernetes-list-type": _list_type,
        "x-kubernetes-validations": _rules,
    },
    # 3.0 is a number: the server takes it for no integer, as JSON Schema does.
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)
