"""Toolboxes of schemas alone: functions without Python behind them, whose calls are checked and not executed.

`path/to/tools.json`   a file with a list of schemas, as below
`schemas:[...]`        the list itself, as canonical JSON: what rows of a data set bring

A schema is OpenAI's `{"type": "function", "function": {"name", "description", "parameters"}}`, the inner object alone,
or xLAM's, whose `parameters` are the properties themselves. BFCL's and Python's types are read as JSON Schema's.

A call that fits its schema is accepted, and the model reads `ACCEPTED`; the episode ends with `finish`. Its answer is
the list of the calls that were accepted, in whatever replies they stood; what `finish` is given is for people.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cluster.errors import RequestError
from rollout.records import Call, ErrorCode, canonical_json, content_hash
from rollout.toolboxes.function import Function, schema_text
from rollout.toolboxes.mistakes import CallRefused, one_line, quoted, shortened
from rollout.toolboxes.nesting import CALL
from rollout.toolboxes.source import hash_of_files
from rollout.toolboxes.toolbox import Session, Toolbox

INLINE = "schemas:"
ACCEPTED = "accepted; make the calls that are still needed, or finish"
_DESCRIPTION = "End: every call that is needed has been made, or none of the functions fits. Say so in the answer."
_TYPES = {
    "dict": "object",
    "float": "number",
    "tuple": "array",
    "str": "string",
    "int": "integer",
    "bool": "boolean",
    "list": "array",
    "set": "array",
    "hashmap": "object",
    "none": "null",
    "double": "number",
    "long": "integer",
}
"""Types of other notations -> JSON Schema's."""
_PLAIN = ("object", "array", "string", "integer", "number", "boolean", "null")
_CODES = {
    "required": (ErrorCode.MISSING_ARGUMENT, "an argument is missing"),
    "additionalProperties": (ErrorCode.UNEXPECTED_ARGUMENT, "there is an argument too many"),
    "type": (ErrorCode.MISTYPED_ARGUMENT, "an argument has the wrong type"),
}


@dataclass(frozen=True)
class SchemaFunction(Function):
    """A function of which only the schema is known. `name` is an identifier; `written` is the schema's own name."""

    written: str = ""

    def fits(self, argument: str, value: Any) -> bool:
        """Whether the schema has this argument, and takes this value for it."""
        schema = self.parameters["properties"].get(argument)
        return schema is not None and bool(_validator(canonical_json(schema)).is_valid(value))

    def validate(self, arguments: str) -> dict[str, Any]:
        """The arguments, strictly: no text for a number, no 2.0 for an integer, none that is not declared. Raises
        CallRefused."""
        given: dict[str, Any] = json.loads(arguments)
        errors = sorted(_validator(canonical_json(self.parameters)).iter_errors(given), key=lambda each: len(each.path))
        if errors:
            error = min(errors, key=lambda each: [*_CODES, each.validator].index(each.validator))
            code, says = _CODES.get(str(error.validator), (ErrorCode.OUT_OF_RANGE, "an argument is out of range"))
            where = ".".join(map(str, error.path))
            fault = f"{says}{f' at {quoted(where)}' if where else ''}: {one_line(error.message)[:80]}"
            raise CallRefused(code, f"{self.name}: {fault}; use {shortened(self.signature)}")
        return given


@dataclass(frozen=True)
class SchemaToolbox(Toolbox):
    """Functions of schemas, and `finish`."""

    def open(self, state: str = "null") -> "SchemaSession":
        return SchemaSession(self, None)


class SchemaSession(Session):
    """The calls that were accepted in one episode."""

    def __init__(self, toolbox: Toolbox, instance: Any) -> None:
        super().__init__(toolbox, instance)
        self._accepted = list[dict[str, Any]]()

    def _called(self, call: Call, built_ins: Mapping[str, Function]) -> tuple[Call, str]:
        if f'"{CALL}"' in call.arguments:
            raise CallRefused(
                ErrorCode.WRONG_CALL_SHAPE,
                f"{quoted(call.name)}: nothing is executed, so no call stands inside another",
            )
        call, content = super()._called(call, built_ins)
        function = self.toolbox.functions.get(call.name)
        if isinstance(function, SchemaFunction):
            self._accepted.append({"name": function.written, "arguments": json.loads(call.arguments)})
        if self.answer is not None:
            self.answer = canonical_json(self._accepted)
        return call, content


def is_schemas(name: str) -> bool:
    """Whether a toolbox's name, without distractors, is that of schemas."""
    return name.startswith(INLINE) or name.endswith(".json")


def load_schemas(name: str) -> Toolbox:
    """The toolbox of that name. Raises RequestError for a file or a schema that does not read."""
    if not name.startswith(INLINE):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise RequestError(
                f"toolbox {name!r}: {one_line(str(error), paths=True)}; name a file of schemas"
            ) from None
        return of_schemas(name, text, name)
    text = name.removeprefix(INLINE)
    return of_schemas(f"{INLINE}{content_hash(text)[:8]}", text, "its schemas")


def of_schemas(name: str, text: str, where: str) -> Toolbox:
    """A toolbox of the schemas in `text`, a JSON list. Raises RequestError with `where` for the first bad one."""
    functions = [
        _function(schema, f"{where}: function {number}") for number, schema in enumerate(read_schemas(text, where))
    ]
    names = [function.name for function in functions]
    for function_name in names:
        if names.count(function_name) > 1:
            raise RequestError(f"{where}: two functions are called {function_name!r}; rename one")
    finish = _finishing(next(each for each in ("finish", "end_of_calls") if each not in names))
    by_name: dict[str, Function] = {function.name: function for function in (*functions, finish)}
    shown = canonical_json([[each.name, each.description, each.parameters] for each in by_name.values()])
    return SchemaToolbox(name=name, functions=by_name, finish=finish.name, hash=content_hash(shown, _own_code()))


def read_schemas(value: Any, where: str) -> list[dict[str, Any]]:
    """The inner objects of a list of schemas, or of its JSON text, each with `name`, `description` and `parameters`.

    Raises RequestError for what is no such list.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise RequestError(f"{where}: the schemas are no JSON; write a list of them") from None
    value = [value] if isinstance(value, dict) else value
    if not isinstance(value, list):
        raise RequestError(f"{where}: {quoted(repr(value))} is no list of schemas; write one")
    found = []
    for number, each in enumerate(value):
        inner = each.get("function", each) if isinstance(each, dict) else each
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str) or not inner["name"].strip():
            remedy = 'write {"name": ..., "parameters": ...}'
            raise RequestError(f"{where}: schema {number} is no object with a name; {remedy}")
        found.append(inner)
    return found


def identifier(name: str) -> str:
    """A function's name as an identifier of at most 64 characters: `math.factorial` is `math_factorial`."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)[:64]
    return f"_{plain}"[:64] if plain[:1].isdigit() else plain


def _function(schema: Mapping[str, Any], where: str) -> SchemaFunction:
    parameters = parameters_schema(schema.get("parameters") or {}, f"{where}, {schema['name']}")
    try:
        _validator(canonical_json(parameters))
    except ValueError as error:
        raise RequestError(f"{where}, {schema['name']}: {one_line(str(error))}; correct its parameters") from None
    name, required = identifier(schema["name"].strip()), parameters["required"]
    shown = [
        f"{key}: {schema_text(kind)}" + ("" if key in required else f" = {kind.get('default')!r}")
        for key, kind in sorted(parameters["properties"].items(), key=lambda item: item[0] not in required)
    ]
    return SchemaFunction(
        name=name,
        description=" ".join(str(schema.get("description") or "").split()),
        parameters=parameters,
        examples=(),
        signature=f"{name}({', '.join(shown)})",
        implementation=_accept,
        written=schema["name"].strip(),
    )


def _accept(**_arguments: Any) -> str:
    return ACCEPTED


@lru_cache(maxsize=1)
def _own_code() -> str:
    return hash_of_files(__file__)


@lru_cache(maxsize=2)
def _finishing(name: str) -> Function:
    return Function.from_callable(_finish, name=name, description=_DESCRIPTION, examples=())


def _finish(answer: bool | int | float | str | list[Any] | dict[str, Any]) -> Any:
    """Give the final answer."""
    return answer


def parameters_schema(schema: Any, where: str) -> dict[str, Any]:
    """The parameters as a strict JSON schema of type object."""
    if not isinstance(schema, Mapping):
        raise RequestError(f"{where}: its parameters are {quoted(repr(schema))}, no object; write a JSON schema")
    if "properties" not in schema and "type" not in schema:
        # xLAM's: the properties alone. One without a default, whose type does not say so, is required.
        properties = {key: dict(each) for key, each in schema.items() if isinstance(each, Mapping)}
        required = [
            key for key, each in properties.items() if "default" not in each and "optional" not in _type_of(each)
        ]
        schema = {"properties": properties, "required": required}
    made: dict[str, Any] = _strict({**schema, "type": "object"}, where)
    made.setdefault("properties", {})
    made["required"] = [key for key in made.get("required") or () if key in made["properties"]]
    made["additionalProperties"] = False
    return made


def _strict(schema: Any, where: str) -> Any:
    """A schema with JSON Schema's types at every depth."""
    if not isinstance(schema, Mapping):
        return schema
    made = {key: value for key, value in schema.items() if value is not None and key not in ("optional", "title")}
    if isinstance(made.get("required"), bool):
        del made["required"]
    if "type" in made:
        kinds = made["type"] if isinstance(made["type"], list) else [_type_of(made).partition(",")[0].strip()]
        found = [json_type(str(kind)) for kind in kinds]
        if None in found:
            del made["type"]  # any value
        else:
            made["type"] = found[0] if len(found) == 1 else found
    for key in ("properties", "$defs", "definitions"):
        if isinstance(made.get(key), Mapping):
            made[key] = {name: _strict(each, where) for name, each in made[key].items()}
    for key in ("items", "additionalProperties"):
        if key in made:
            made[key] = _strict(made[key], where)
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(made.get(key), list):
            made[key] = [_strict(each, where) for each in made[key]]
    if made.get("type") == "array" and "enum" in made and not any(isinstance(each, list) for each in made["enum"]):
        made["items"] = {**(made.get("items") or {}), "enum": made.pop("enum")}  # it is meant of the members
    return made


def _type_of(schema: Mapping[str, Any]) -> str:
    return str(schema.get("type", "")).lower()


def json_type(kind: str) -> str | None:
    """JSON Schema's name of a type; None for any."""
    base = re.split(r"[\[(<]", kind.strip().lower())[0].strip()
    found = _TYPES.get(base, base)
    return found if found in _PLAIN else None


@lru_cache(maxsize=4096)
def _validator(parameters: str) -> Any:
    """A validator for a schema as JSON text. Raises ValueError for what is no schema."""
    import jsonschema

    schema = json.loads(parameters)
    try:
        jsonschema.Draft7Validator.check_schema(schema)  # ten times as fast as 2020-12's, and says the same of these
    except jsonschema.SchemaError as error:
        raise ValueError(f"it is no JSON schema: {error.message}") from None
    return _strict_kind()(schema)


@lru_cache(maxsize=1)
def _strict_kind() -> Any:
    """A class of validators to which 2.0 is no integer."""
    import jsonschema

    kind = jsonschema.Draft202012Validator
    integer = kind.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    return jsonschema.validators.extend(kind, type_checker=integer)
