"""Reads schemas of functions as data sets write them, into strict JSON schemas that refer to nothing.

A schema is OpenAI's `{"type": "function", "function": {"name", "description", "parameters"}}`, the inner object alone,
or xLAM's, whose `parameters` are the arguments themselves. Types are those of `type_words.py`. A `$ref` to another part
of the same parameters is written out; one to elsewhere, or to a schema that contains itself, is refused.
"""

import itertools
import keyword
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from cluster.errors import RequestError
from rollout.json_text import parse_json
from rollout.toolboxes.mistakes import quoted
from rollout.toolboxes.schemas.branches import with_branches
from rollout.toolboxes.schemas.patterns import matcher
from rollout.toolboxes.schemas.type_words import or_null, says_optional, schema_of_type

MOST_PARTS = 20_000
"""Schemas inside one function's parameters, references written out."""
MOST_DEEP = 64
"""Schemas inside each other. Replies with brackets more than 32 deep are not read anyway."""
MOST_BRACKETS = 200
"""Brackets inside each other in a schema's JSON, values such as defaults included: what reads it recurses, and how deep
it can depends on who called."""
_WITH_NAMES = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_OF_LISTS = (*_LISTS, "enum", "required")
_INNER = (
    "items",
    "additionalProperties",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
)
"""Keywords of JSON Schema whose values are schemas by name, schemas in a list, lists, and a schema alone."""
_NOT_KEPT = ("optional", "title", "$defs", "definitions", "$schema", "$id", "$comment", "$anchor")
_NOTES = ("description", "title", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment")
"""Keywords that hold no value to anything: beside a `$ref` they are those of the place."""
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
"""Texts of a JSON text, and the brackets between them."""
_OBJECTS = (*_WITH_NAMES, *_INNER, "default", "const", "example", "dependencies", "contentSchema", "externalDocs")
"""Keywords of JSON Schema and OpenAPI under which an object may stand."""
_OF_FUNCTIONS = ("function", "returns", "return", "response", "responses", "output", "example", "examples")
"""Keys of a function under which objects may stand that are not its parameters."""
_WORDS = {"string", "integer", "number", "boolean", "array", "object", "str", "int", "float", "bool", "list", "dict"}
_OF_SCHEMAS = {"type", "description", "properties", "$ref", "enum", *_LISTS}
_OF_OBJECTS = ("properties", "required", "additionalProperties", "$ref", *_LISTS)


def read_schemas(value: Any, where: str) -> list[dict[str, Any]]:
    """The inner objects of a list of schemas, or of its JSON text, each with `name`, `description` and `parameters`.

    Raises RequestError for what is no such list.
    """
    if isinstance(value, str):
        text = value
        value = parse_json(text, f"{where}: the text of its schemas", "write a list of them")
        require_shallow(text, where)
    value = [value] if isinstance(value, dict) else value
    if not isinstance(value, list):
        raise RequestError(f"{where}: {quoted(repr(value))} is no list of schemas; write one")
    found = []
    for number, each in enumerate(value):
        inner = each.get("function", each) if isinstance(each, dict) else each
        if isinstance(each, dict) and each.get("type", "function") != "function":
            raise RequestError(f"{where}: schema {number} is of type {quoted(repr(each['type']))}, no function")
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str) or not inner["name"].strip():
            remedy = 'write {"name": ..., "parameters": ...}'
            raise RequestError(f"{where}: schema {number} is no object with a name; {remedy}")
        for key, held in () if inner.get("parameters") else (*inner.items(), *each.items()):
            first = held[0] if held and isinstance(held, list) else held
            if key not in _OF_FUNCTIONS and first and isinstance(first, Mapping):
                fault = f"schema {number} has {key!r} and its function no parameters"
                raise RequestError(f"{where}: {fault}; write them as 'parameters' of the function")
        found.append(inner)
    return found


def require_shallow(text: str, where: str) -> None:
    """Raise RequestError where brackets stand too deep in a JSON text."""
    depths = itertools.accumulate(1 if sign in "[{" else -1 for sign in _BRACKETS.findall(text) if sign[0] != '"')
    if max(depths, default=0) > MOST_BRACKETS:
        raise RequestError(f"{where}: brackets of a schema stand more than {MOST_BRACKETS} deep; nest less")


def identifier(name: str) -> str:
    """A function's name as an identifier of at most 64 characters: `math.factorial` is `math_factorial`."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)[:64]
    return f"_{plain}"[:64] if plain[:1].isdigit() or keyword.iskeyword(plain) else plain


def parameters_schema(schema: Any, where: str, takes_others: bool = False) -> dict[str, Any]:
    """The parameters as a strict JSON schema of type object; with `takes_others` one that takes arguments which it does
    not name, where the schema itself says so or says nothing of them. Raises RequestError for what cannot be one."""
    schema = {} if schema is None else schema
    if not isinstance(schema, Mapping):
        raise RequestError(f"{where}: its parameters are {quoted(repr(schema))}, no object; write a JSON schema")
    if _are_arguments(schema, where):
        required = [
            key
            for key, each in schema.items()
            if not ("default" in each or says_optional(str(each.get("type"))) or each.get("optional") is True)
            and each.get("required") is not False
        ]
        schema = {"properties": schema, "required": required}
    made: dict[str, Any] = _Reader(schema, where).read(schema)
    if "object" not in (kinds := made.get("type", "object")):
        raise RequestError(f"{where}: its parameters are of type {kinds!r}; write a JSON schema of type 'object'")
    made = dict(with_branches({"properties": {}, **made}))
    made["type"] = "object"
    # A schema may be true, which anything fits, and false, which nothing does: no model is shown such an argument.
    made["properties"] = {
        key: {} if each is True else each for key, each in made["properties"].items() if each is not False
    }
    made["required"] = [key for key in made.get("required", ()) if takes_others or key in made["properties"]]
    others = made.get("additionalProperties", True)
    are_free = others is True or others == {}
    made["additionalProperties"] = others if isinstance(others, Mapping) and others else takes_others and are_free
    return made


def _are_arguments(schema: Mapping[str, Any], where: str) -> bool:
    """Whether parameters are the arguments themselves, as xLAM writes them, which may be called `type` or
    `properties`, too. Raises RequestError where they are neither that nor a JSON schema."""
    properties = schema.get("properties")
    is_argument = isinstance(properties, Mapping) and any(
        isinstance(properties.get(key), str) for key in ("type", "description")
    )
    if isinstance(schema.get("type"), str | list) or ("properties" in schema and not is_argument):
        return False
    other = [key for key, each in schema.items() if not isinstance(each, Mapping)]
    if other and not any(key in schema for key in _OF_OBJECTS):
        shown = quoted(repr(schema[other[0]]))
        raise RequestError(f"{where}: the argument {other[0]!r} is {shown}, no object; write its type in one")
    return not other


class _Reader:
    """Reads the schemas inside one function's parameters."""

    def __init__(self, root: Mapping[str, Any], where: str) -> None:
        self._root = root
        self._where = where
        self._left = MOST_PARTS
        self._depth = 0

    def read(self, schema: Any, within: tuple[str, ...] = ()) -> Any:
        """A schema with JSON Schema's types and without references, at every depth; what is no object, as it stands.

        `within`: the references that are being written out. Raises RequestError.
        """
        if not isinstance(schema, Mapping):
            return schema
        self._depth += 1
        if self._depth > MOST_DEEP:
            raise RequestError(f"{self._where}: its parameters are nested more than {MOST_DEEP} deep; nest less")
        made = self._read(schema, within)
        self._depth -= 1
        return made

    def _read(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> Any:
        self._left -= 1
        if self._left < 0:
            raise RequestError(f"{self._where}: more than {MOST_PARTS:,} schemas, references written out; make it less")
        if schema.get("$ref") is not None:
            return self._referred(schema, within)
        made: dict[str, Any] = {}
        for key, value in schema.items():
            if key in ("$dynamicRef", "$recursiveRef"):
                raise RequestError(f"{self._where}: {key} is not read; write the schema itself")
            if (
                key in _NOT_KEPT
                or (value is None and key != "const")
                or (key == "required" and isinstance(value, bool))
            ):
                continue
            if key == "type":
                words = value if isinstance(value, list) else [value]
                if not words or not all(isinstance(each, str) for each in words):
                    raise RequestError(f"{self._where}: a type is {quoted(repr(value))}; write a word")
                for inner, each in schema_of_type(" | ".join(words)).items():
                    made.setdefault(inner, each)
            elif key in _WITH_NAMES and isinstance(value, Mapping):
                made[key] = {name: self.read(each, within) for name, each in value.items()}
            elif key == "items" and isinstance(value, list):  # drafts before 2020-12
                made["prefixItems"] = [self.read(each, within) for each in value]
                if "additionalItems" in schema:
                    made["items"] = self.read(schema["additionalItems"], within)
            elif key in _LISTS and isinstance(value, list):
                made[key] = [self.read(each, within) for each in value]
            elif key in _INNER:
                made[key] = self.read(value, within)
            elif key != "additionalItems":
                made[key] = value
        self._refuse_unreadable(made)
        if made.get("type") == "array" and "enum" in made and not any(isinstance(each, list) for each in made["enum"]):
            items = made.get("items")  # the enum is meant of the members
            made["items"] = {**(items if isinstance(items, Mapping) else {}), "enum": made.pop("enum")}
        return or_null(made) if made.pop("nullable", None) is True else made

    def _referred(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> Any:
        """What a `$ref` stands for, with what stands beside it."""
        name = schema["$ref"]
        if name in within:
            raise RequestError(f"{self._where}: the schema {quoted(name)} contains itself; write it out to some depth")
        target = self._at(name)
        beside = {key: value for key, value in schema.items() if key not in ("$ref", "$defs", "definitions")}
        if isinstance(target, Mapping) and beside.keys() <= {*_NOTES}:
            return self.read({**target, **beside}, (*within, name))
        return {"allOf": [self.read(target, (*within, name)), self.read(beside, within)]}

    def _at(self, name: Any) -> Any:
        """The part of the parameters that a JSON pointer in a URI's fragment (RFC 6901, section 6) names."""
        found: Any = self._root
        if not isinstance(name, str) or (name != "#" and not name.startswith("#/")):
            raise RequestError(f"{self._where}: $ref {quoted(repr(name))} leads elsewhere; write '#/$defs/NAME'")
        for part in unquote(name).split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, Mapping) and key in found:
                found = found[key]
            else:
                raise RequestError(f"{self._where}: $ref {quoted(name)} leads to nothing; define it under '$defs'")
        return found

    def _refuse_unreadable(self, schema: Mapping[str, Any]) -> None:
        """Raise RequestError for a keyword whose value is none of its kind, for a schema under what is no keyword, and
        for a pattern that does not read."""
        for key in (*_WITH_NAMES, *_OF_LISTS):
            shape, called = (Mapping, "object") if key in _WITH_NAMES else (list, "list")
            names = schema.get(key, ()) if key == "required" else ()
            if key in schema and not (isinstance(schema[key], shape) and all(isinstance(each, str) for each in names)):
                fault = f"{key!r} is {quoted(repr(schema[key]))}, no {called}{' of names' * (key == 'required')}"
                raise RequestError(f"{self._where}: it is no JSON schema: {fault}; correct its parameters")
        if schema.get("enum") == []:
            raise RequestError(f"{self._where}: an enum is empty, so no value fits; name its values, or leave it out")
        is_bare = schema.get("type") == "object" and "properties" not in schema
        for key, value in schema.items():
            is_text = key in ("type", "format", "title", "description", "default", "const", "example", "pattern")
            is_known = key in _OBJECTS or key.startswith("x-")
            is_word = is_bare and not is_text and isinstance(value, str) and value in _WORDS
            if is_word or (not is_known and isinstance(value, Mapping) and _OF_SCHEMAS & value.keys()):
                fault = f"{quoted(repr(key))} is a schema among keywords, where no argument is read"
                raise RequestError(f"{self._where}: {fault}; write it under 'properties'")
        patterns = schema.get("patternProperties")
        for pattern in (schema.get("pattern"), *(patterns if isinstance(patterns, Mapping) else ())):
            try:
                matcher(pattern or "")
            except (ValueError, TypeError) as error:
                raise RequestError(
                    f"{self._where}: the pattern {quoted(repr(pattern))} does not read: {error}"
                ) from None
