"""The types that signatures name, as lines for prompts: the values of enums, the fields of objects."""

from collections.abc import Iterator, Mapping
from typing import Any

from rollout.toolboxes.function import Function

_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def definitions(function: Function) -> Iterator[str]:
    """A line for each enum and each class that the parameters of `function` are made of, in the schema's order:
    `Color: 'red' | 'blue'`, `Address: {'street': str, 'floor': int = 0}`."""
    for name, schema in function.parameters.get("$defs", {}).items():
        yield f"{name}: {_definition(schema)}"


def _definition(schema: Mapping[str, Any]) -> str:
    if "properties" not in schema:
        return type_text(schema)
    required = schema.get("required", ())
    fields = []
    for name, inner in schema["properties"].items():
        default = f" = {inner['default']!r}" if "default" in inner else "" if name in required else " (optional)"
        fields.append(f"{name!r}: {type_text(inner)}{default}")
    return f"{{{', '.join(fields)}}}"


def type_text(schema: Any) -> str:
    """A JSON schema as a Python type, with the names of its definitions."""
    if not isinstance(schema, Mapping):
        return "Any"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema or "const" in schema:
        return " | ".join(map(repr, schema.get("enum", [schema.get("const")])))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(map(type_text, schema[key]))
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("prefixItems") or ([schema["items"]] if "items" in schema else [])
        return f"list[{', '.join(map(type_text, items))}]" if items else "list"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {type_text(values)}]" if isinstance(values, Mapping) else "dict"
    return _TYPES.get(str(kind), "Any")
