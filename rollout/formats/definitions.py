"""The types that signatures name, as lines for prompts: the values of enums, the fields of objects."""

from collections.abc import Iterator, Mapping
from typing import Any

from rollout.toolboxes.function import Function, schema_text


def definitions(function: Function) -> Iterator[str]:
    """A line for each enum and each class that the parameters of `function` are made of, in the schema's order:
    `Color: 'red' | 'blue'`, `Address: {'street': str, 'floor': int = 0}`."""
    for name, schema in function.parameters.get("$defs", {}).items():
        yield f"{name}: {_definition(schema)}"


def _definition(schema: Mapping[str, Any]) -> str:
    if "properties" not in schema:
        return schema_text(schema)
    required = schema.get("required", ())
    fields = []
    for name, inner in schema["properties"].items():
        default = f" = {inner['default']!r}" if "default" in inner else "" if name in required else " (optional)"
        fields.append(f"{name!r}: {schema_text(inner)}{default}")
    return f"{{{', '.join(fields)}}}"
