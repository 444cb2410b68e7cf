"""Regular expressions of schemas, read by an engine whose time grows with the text alone.

A schema comes with a data set, and the text that it is held to was written by a model: Python's `re` may take longer
than a run lasts over one such pair. pydantic-core's engine (Rust's regex) knows neither lookaround nor back references,
and expressions with them are refused when the schema is read.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether the pattern is found in a text. Raises ValueError for a pattern that the engine does not read."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        raise ValueError(str(error).strip().splitlines()[-1].removeprefix("error: ")) from None
    return validator.isinstance_python


def keywords() -> dict[str, Callable[..., Iterator[Any]]]:
    """Those keywords of a JSON schema that hold a pattern to a text, for `jsonschema.validators.extend`."""
    return {"pattern": _pattern, "patternProperties": _pattern_properties, "additionalProperties": _additional}


def _pattern(validator: Any, pattern: str, text: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if validator.is_type(text, "string") and not matcher(pattern)(text):
        yield ValidationError(f"{text!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], value: Any, _schema: Any) -> Iterator[Any]:
    for pattern, inner in patterns.items() if validator.is_type(value, "object") else ():
        for key in filter(matcher(pattern), value):
            yield from validator.descend(value[key], inner, path=key, schema_path=pattern)


def _additional(validator: Any, allowed: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not validator.is_type(value, "object"):
        return
    known, patterns = schema.get("properties", {}), [*map(matcher, schema.get("patternProperties", {}))]
    others = [key for key in value if key not in known and not any(matches(key) for matches in patterns)]
    if validator.is_type(allowed, "object"):
        for key in others:
            yield from validator.descend(value[key], allowed, path=key)
    elif not allowed and others:
        names = ", ".join(map(repr, sorted(others))) + (" was" if len(others) == 1 else " were")
        yield ValidationError(f"Additional properties are not allowed ({names} unexpected)")
