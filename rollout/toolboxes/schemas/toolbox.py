"""Toolboxes of schemas alone: functions without Python behind them, whose calls are checked and not executed.

`path/to/tools.json`   a file with a list of schemas, as below
`schemas:[...]`        the list itself, as canonical JSON: what rows of a data set bring

`reading.py` says what a schema may look like.

A call that fits its schema is accepted, and the model reads `ACCEPTED`; the episode ends with `finish`. Its answer is
the list of the calls that were accepted, in whatever replies they stood; what `finish` is given is for people.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cluster.errors import RequestError
from rollout.records import Call, ErrorCode, canonical_json, content_hash
from rollout.toolboxes.function import Function, schema_text
from rollout.toolboxes.mcp.naming import is_server
from rollout.toolboxes.mistakes import CallRefused, one_line, quoted, shortened
from rollout.toolboxes.nesting import CALL
from rollout.toolboxes.schemas import branches, multiples, patterns, plain, reading, type_words
from rollout.toolboxes.schemas.plain import surely_fits
from rollout.toolboxes.schemas.reading import identifier, parameters_schema, read_schemas
from rollout.toolboxes.source import hash_of_files
from rollout.toolboxes.toolbox import Session, Toolbox

INLINE = "schemas:"
ACCEPTED = "accepted; make the calls that are still needed, or finish"
_DESCRIPTION = "End: every call that is needed has been made, or none of the functions fits. Say so in the answer."
_CODES = {
    "required": (ErrorCode.MISSING_ARGUMENT, "an argument is missing"),
    "additionalProperties": (ErrorCode.UNEXPECTED_ARGUMENT, "there is an argument too many"),
    "type": (ErrorCode.MISTYPED_ARGUMENT, "an argument has the wrong type"),
}

_NEWER = (
    "prefixItems",
    "dependentSchemas",
    "dependentRequired",
    "minContains",
    "unevaluatedItems",
    "unevaluatedProperties",
)
"""What draft 7 knows nothing of. It checks schemas ten times as fast as 2020-12, and says the same of all others."""


@dataclass(frozen=True)
class SchemaFunction(Function):
    """A function of which only the schema is known. `name` is an identifier; `written` is the schema's own name."""

    written: str = ""

    def fits(self, argument: str, value: Any) -> bool:
        """Whether the schema has this argument, and takes this value for it."""
        schema = self.parameters["properties"].get(argument)
        return schema is not None and bool(_validator(canonical_json(schema)).is_valid(value))

    @property
    def defaults(self) -> dict[str, Any]:
        """The arguments that may be left out and have a default that fits, with it."""
        optional = self.parameters["properties"].keys() - {*self.parameters["required"]}
        found = {name: self.parameters["properties"][name] for name in sorted(optional)}
        return {
            name: schema["default"]
            for name, schema in found.items()
            if isinstance(schema, dict) and "default" in schema and self.fits(name, schema["default"])
        }

    def validate(self, arguments: str) -> dict[str, Any]:
        """The arguments, strictly: no text for a number, no 2.0 for an integer, none that is not declared. Raises
        CallRefused."""
        given: dict[str, Any] = json.loads(arguments)
        if surely_fits(self.parameters, given):
            return given
        errors = sorted(_validator(canonical_json(self.parameters)).iter_errors(given), key=_depth)
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
    return name.startswith(INLINE) or (name.endswith(".json") and not is_server(name))


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
    functions = []
    for number, schema in enumerate(read_schemas(text, where)):
        try:
            functions.append(function_of_schema(json.dumps(schema)))
        except RequestError as error:
            raise RequestError(f"{where}: function {number}, {error}") from None
    names = [function.name for function in functions]
    for function_name in names:
        if names.count(function_name) > 1:
            raise RequestError(f"{where}: two functions are called {function_name!r}; rename one")
    free = [each for each in ("finish", "end_of_calls", "end_all_calls") if each not in names]
    if not free:
        raise RequestError(f"{where}: functions are called 'finish', 'end_of_calls' and 'end_all_calls'; rename one")
    finish = _finishing(free[0])
    by_name: dict[str, Function] = {function.name: function for function in (*functions, finish)}
    shown = canonical_json([[each.name, each.description, each.parameters] for each in by_name.values()])
    return SchemaToolbox(name=name, functions=by_name, finish=finish.name, hash=content_hash(shown, _own_code()))


def _with_defaults_of_their_types(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments' schemas; a default that does not fit and is the text of a value that does (`"10"` for an integer,
    `"False"`), or 10.0 for an integer, as data sets write them, is that value."""
    made = dict(properties)
    for name, schema in properties.items():
        default = schema.get("default") if isinstance(schema, dict) else None
        if isinstance(default, str | float) and not (validator := _validator(canonical_json(schema))).is_valid(default):
            try:
                if isinstance(default, float):
                    value = int(default) if default.is_integer() else default
                else:
                    value = default == "True" if default in ("True", "False") else json.loads(default)
                canonical_json(value)  # NaN is none
            except (ValueError, RecursionError):
                continue
            if validator.is_valid(value):
                made[name] = {**schema, "default": value}
    return made


@lru_cache(maxsize=8192)
def function_of_schema(text: str, takes_others: bool = False) -> SchemaFunction:
    """The function of a schema as JSON text: rows of a data set share them. `takes_others` as in `parameters_schema`.
    Raises RequestError."""
    schema = json.loads(text)
    try:
        canonical_json([schema["name"], schema.get("description")])
    except (ValueError, RecursionError) as error:
        what = "half of a surrogate pair" if isinstance(error, UnicodeEncodeError) else "no JSON value"
        raise RequestError(f"{schema['name']}: its name or description holds {what}; write it as text") from None
    parameters = parameters_schema(schema.get("parameters"), schema["name"], takes_others)
    try:
        _validator(canonical_json(parameters))
    except ValueError as error:
        raise RequestError(f"{schema['name']}: {one_line(str(error))}; correct its parameters") from None
    parameters = {**parameters, "properties": _with_defaults_of_their_types(parameters["properties"])}
    name, required = identifier(schema["name"].strip()), parameters["required"]
    shown = [
        f"{key}: {schema_text(kind)}" + ("" if key in required else f" = {_default_text(kind)}")
        for key, kind in sorted(parameters["properties"].items(), key=lambda item: item[0] not in required)
    ]
    if others := parameters["additionalProperties"]:
        shown.append(f"**others: {schema_text(others)}")
    return SchemaFunction(
        name=name,
        description=" ".join(str(schema.get("description") or "").split()),
        parameters=parameters,
        examples=(),
        signature=f"{name}({', '.join(shown)})",
        implementation=_accept,
        written=schema["name"].strip(),
    )


def _default_text(schema: Mapping[str, Any]) -> str:
    """What a signature shows behind an argument that may be left out: its default, or `...`, as Python's stubs have it,
    where it has none. A null that the schema does not take is none: a model that copied it would be refused."""
    default = schema.get("default", ...)
    is_none = default is ... or (default is None and not _validator(canonical_json(schema)).is_valid(None))
    return "..." if is_none else repr(default)


def _depth(error: Any) -> int:
    return len(error.path)


def _accept(**_arguments: Any) -> str:
    return ACCEPTED


@lru_cache(maxsize=1)
def _own_code() -> str:
    parts = (branches, multiples, patterns, plain, reading, type_words)
    return hash_of_files(__file__, *(str(part.__file__) for part in parts))


@lru_cache(maxsize=2)
def _finishing(name: str) -> Function:
    return Function.from_callable(_finish, name=name, description=_DESCRIPTION, examples=())


def _finish(answer: bool | int | float | str | list[Any] | dict[str, Any]) -> Any:
    """Give the final answer."""
    return answer


@lru_cache(maxsize=4096)
def _validator(parameters: str) -> Any:
    """A validator for a schema as JSON text. Raises ValueError for what is no schema."""
    import jsonschema

    schema = json.loads(parameters)
    is_newer = any(f'"{keyword}"' in parameters for keyword in _NEWER)
    kind = jsonschema.Draft202012Validator if is_newer else jsonschema.Draft7Validator
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValueError(f"it is no JSON schema: {error.message}") from None
    if '"patternProperties"' in parameters and '"unevaluatedProperties"' in parameters:
        raise ValueError("unevaluatedProperties beside patternProperties is not taken; write additionalProperties")
    return _strict_kind()(schema)


@lru_cache(maxsize=1)
def _strict_kind() -> Any:
    """A class of validators to which 2.0 is no integer, whose multiples are exact, and whose patterns take no time that
    grows without bounds."""
    import jsonschema

    kind = jsonschema.Draft202012Validator
    integer = kind.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    own = {**patterns.keywords(), **multiples.keywords()}
    return jsonschema.validators.extend(kind, validators=own, type_checker=integer)
