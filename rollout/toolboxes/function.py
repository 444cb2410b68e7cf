"""Functions that a model may call, made from typed Python functions with docstrings."""

import ast
import contextlib
import inspect
import json
import re
import types
import typing
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NotRequired, Required

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from typing_extensions import TypedDict

from cluster.errors import RequestError, first_line
from rollout.records import Call, canonical_json
from rollout.toolboxes.docstrings import read_docstring
from rollout.toolboxes.mistakes import NotJson, TooLarge, from_validation
from rollout.toolboxes.values import as_json, stable_text, with_sorted_defaults

_NAME = re.compile(r"^[A-Za-z_]\w{0,63}$", re.ASCII)
_SCHEMA_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_NO_SCHEMA = (PydanticSchemaGenerationError, PydanticUserError, TypeError, NameError)


@dataclass(frozen=True)
class Function:
    """A function that a model may call: what the model reads of it, how its arguments are validated, and what runs.

    `parameters` is a JSON schema of type object; its properties stand in the order of the signature.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    examples: tuple[str, ...]
    signature: str
    """Name, parameters, types and defaults: `name(a: int, b: int = 2)`."""
    implementation: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    """What runs; None where another process runs it."""
    method: bool = False
    """Whether the implementation's first parameter is the instance of a toolbox with state."""
    validator: TypeAdapter[dict[str, Any]] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def from_callable(
        cls,
        implementation: Callable[..., Any],
        *,
        name: str | None = None,
        method: bool = False,
        description: str | None = None,
        examples: tuple[str, ...] | None = None,
    ) -> "Function":
        """Build from a typed function; with `method` the first parameter (self) is left out.

        Raises RequestError for a function without docstring, a parameter without a type, `*args` or `**kwargs`, a type
        that has no JSON schema, and a default whose text is another one in every process.
        """
        name = name or implementation.__name__
        where = place(name, implementation)
        if not _NAME.match(name):
            raise RequestError(f"{where}: a name has letters, digits and underscores, at most 64")
        docstring = read_docstring(inspect.getdoc(implementation) or "", name)
        if description is None and not docstring.description:
            lacks = "no description before its first section" if docstring.parameters else "no docstring"
            raise RequestError(f"{where}: {lacks}; describe in one sentence what it does")
        parameters = _parameters(where, implementation, method)
        shown = [
            f"{each.name}: {type_text(kind)}" + ("" if each.default is each.empty else f" = {_default(where, each)}")
            for each, kind in parameters
        ]
        validator, schema = _validator(where, name, parameters, docstring.parameters)
        return cls(
            name=name,
            description=docstring.description if description is None else description,
            parameters=_schema(schema, parameters),
            examples=docstring.examples if examples is None else examples,
            signature=f"{name}({', '.join(shown)})",
            implementation=by_name(implementation, method),
            method=method,
            validator=validator,
        )

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(self.parameters.get("properties", {}))

    @cached_property
    def example_calls(self) -> tuple[Call, ...]:
        """The calls that `examples` write, with every argument by its name; those with literal arguments only."""
        return tuple(call for text in self.examples if (call := self._example_call(text)) is not None)

    def _example_call(self, text: str) -> Call | None:
        with contextlib.suppress(ValueError, SyntaxError, TypeError):
            node = ast.parse(text, mode="eval").body
            if isinstance(node, ast.Call) and all(each.arg for each in node.keywords):
                by_position = [ast.literal_eval(each) for each in node.args]
                by_name = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
                given = {**dict(zip(self.parameter_names, by_position, strict=False)), **by_name}
                return Call(name=self.name, arguments=canonical_json(given))
        return None

    def validate(self, arguments: str) -> dict[str, Any]:
        """The typed arguments in `arguments`, a JSON object as text. Raises CallRefused.

        JSON mode, strict at every depth, whatever the configuration of a model inside says: an array becomes a tuple
        and text an enum or a date where the signature says so, but never text a number, a float an integer or a truth
        value either; and no object has a key that its type does not name.
        """
        assert self.validator is not None, f"{self.name} is validated by the process that runs it"
        try:
            return self.validator.validate_json(arguments, strict=True, extra="forbid")
        except ValidationError as error:
            raise from_validation(
                self.name, self.signature, error.errors(include_url=False, include_context=False, include_input=False)
            ) from None


def place(name: str, implementation: Callable[..., Any]) -> str:
    """Where people find a function: `shop.py:7: function price`."""
    code = getattr(inspect.unwrap(implementation), "__code__", None)
    if code is None or not Path(code.co_filename).is_file():
        return f"function {name}"
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}: function {name}"


def _default(where: str, parameter: inspect.Parameter) -> str:
    try:
        return stable_text(parameter.default)
    except NotJson as error:
        raise RequestError(f"{where}: the default of {parameter.name} is {error}; use None instead") from None


def by_name(implementation: Callable[..., Any], method: bool) -> Callable[..., Any]:
    """`implementation`, to be called with all arguments but the instance by their names."""
    signature = inspect.signature(implementation)
    positional = [each for each in signature.parameters.values() if each.kind is each.POSITIONAL_ONLY]
    if len(positional) <= int(method):
        return implementation

    def called(*instance: Any, **given: Any) -> Any:
        first = dict(zip(signature.parameters, instance, strict=False))
        ordered = {name: {**first, **given}[name] for name in signature.parameters if name in first or name in given}
        bound = inspect.BoundArguments(signature, OrderedDict(ordered))
        bound.apply_defaults()
        return implementation(*bound.args, **bound.kwargs)

    called.__module__, called.__doc__ = implementation.__module__, implementation.__doc__
    return called


_Parameters = list[tuple[inspect.Parameter, Any]]


def _parameters(where: str, implementation: Callable[..., Any], method: bool) -> _Parameters:
    try:
        hints = typing.get_type_hints(implementation, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        raise RequestError(f"{where}: its types do not resolve: {error}") from None
    parameters = list(inspect.signature(implementation).parameters.values())[int(method) :]
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise RequestError(
                f"{where}: parameter {parameter} cannot be given by name; name each parameter, or make it one list or "
                "dict"
            )
        if parameter.name not in hints:
            raise RequestError(f"{where}: parameter {parameter.name} has no type; add one")
    kinds = [(parameter, hints[parameter.name]) for parameter in parameters]
    # A default of None says that None may be given, too, as type checkers once took it.
    return [
        (each, typing.Union[kind, None] if each.default is None and not _takes_none(kind) else kind)  # noqa: UP007
        for each, kind in kinds
    ]


def _takes_none(kind: Any) -> bool:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return _takes_none(inner[0])
    if origin in (typing.Union, types.UnionType):
        return any(map(_takes_none, inner))
    return kind in (None, type(None), Any, object) or (origin is typing.Literal and None in inner)


def _validator(
    where: str, name: str, parameters: _Parameters, descriptions: Mapping[str, str]
) -> tuple[TypeAdapter[dict[str, Any]], dict[str, Any]]:
    """What validates the arguments, and their JSON schema."""
    # A TypedDict, not a model: any parameter name is free, and an omitted argument takes the function's own default.
    fields: dict[str, Any] = {}
    for parameter, kind in parameters:
        text = descriptions.get(parameter.name)
        described = Annotated[kind, Field(description=text)] if text else kind
        fields[parameter.name] = Required[described] if parameter.default is parameter.empty else NotRequired[described]
    make: Any = TypedDict
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    try:
        validator: TypeAdapter[dict[str, Any]] = TypeAdapter(with_config(config)(make(f"{name}_arguments", fields)))
        return validator, validator.json_schema()
    except _NO_SCHEMA:
        raise RequestError(f"{where}: {unwritable(parameters)}") from None


def unwritable(parameters: _Parameters) -> str:
    """Which parameter has a type without JSON schema, why, and what to do."""
    for parameter, kind in parameters:
        try:
            TypeAdapter(kind).json_schema()
        except _NO_SCHEMA as error:
            what = "is a function" if "Callable" in str(kind) else f"has no JSON schema ({first_line(error)})"
            return (
                f"parameter {parameter.name}: {type_text(kind)} {what}, which no model can write; begin the function's "
                "name with _ if it is no tool, or list the tools in FUNCTIONS"
            )
    return "its parameters have no JSON schema together; give it fewer, or plainer types"


def _schema(made: dict[str, Any], parameters: _Parameters) -> dict[str, Any]:
    """The JSON schema that a model reads, with those defaults that JSON holds, of the one that pydantic made."""
    schema = with_sorted_defaults(without_keys(made, "title"))
    for parameter, _ in parameters:
        if parameter.default is not parameter.empty:
            try:
                default = json.loads(as_json(parameter.default))
            except (NotJson, TooLarge):
                continue
            schema["properties"][parameter.name].setdefault("default", default)
    schema.setdefault("properties", {})
    schema.setdefault("required", [])
    return {"type": "object", **{key: value for key, value in schema.items() if key != "type"}}


def without_keys(schema: Any, *left_out: str, names: bool = False) -> Any:
    """A JSON schema without these keywords. `names`: the keys here are names of parameters, which all stay."""
    if isinstance(schema, Mapping):
        return {
            key: without_keys(value, *left_out, names=not names and key in ("properties", "$defs"))
            for key, value in schema.items()
            if names or key not in left_out
        }
    return [without_keys(item, *left_out) for item in schema] if isinstance(schema, list) else schema


def type_text(kind: Any) -> str:
    """A type as a signature shows it: short, without the names of modules."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return type_text(inner[0])
    if kind is None or kind is type(None):
        return "None"
    if isinstance(kind, type) and not inner:
        return kind.__name__
    if origin is typing.Literal:
        return " | ".join(map(repr, inner))
    if origin in (typing.Union, types.UnionType):
        return " | ".join(map(type_text, inner))
    if inner and origin is not None:
        members = ", ".join("..." if member is Ellipsis else type_text(member) for member in inner)
        return f"{getattr(origin, '__name__', 'any')}[{members}]"
    return re.sub(r"\b(?:\w+\.)+", "", str(kind))


def schema_text(schema: Any) -> str:
    """A JSON schema as a Python type, with the names of its definitions."""
    if not isinstance(schema, Mapping):
        return "Any"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema or "const" in schema:
        return " | ".join(map(repr, schema.get("enum", [schema.get("const")])))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(map(schema_text, schema[key]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(schema_text({**schema, "type": each}) for each in kind)
    if kind == "array":
        items = schema.get("prefixItems") or ([schema["items"]] if "items" in schema else [])
        return f"list[{', '.join(map(schema_text, items))}]" if items else "list"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {schema_text(values)}]" if isinstance(values, Mapping) else "dict"
    return _SCHEMA_TYPES.get(str(kind), "Any")
