"""Functions that a model may call, made from typed Python functions with docstrings.

The docstring's first paragraph is the description; `Args:` describes parameters, `name: text` a line;
`Examples:` holds calls, one a line.
"""

import contextlib
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NotRequired, Required

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from typing_extensions import TypedDict

from cluster.errors import RequestError, first_line
from rollout.records import canonical_json
from rollout.toolboxes.mistakes import from_validation

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns|Raises|Examples?):[ \t]*$", re.MULTILINE)
_ARGUMENT = re.compile(r"^(\w+)(?:\s*\([^)]*\))?\s*:\s*(.*)$")
_NAME = re.compile(r"^[A-Za-z_]\w{0,63}$", re.ASCII)


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

        Raises RequestError for a function without docstring, a parameter without a type, `*args` or `**kwargs`.
        """
        name = name or implementation.__name__
        if not _NAME.match(name):
            raise RequestError(f"function {name!r}: a name has letters, digits and underscores, at most 64")
        paragraph, described, listed = _docstring(inspect.getdoc(implementation) or "")
        description = paragraph if description is None else description
        if not description:
            raise RequestError(f"function {name}: no docstring; describe in one sentence what it does")
        parameters = _parameters(name, implementation, method)
        shown = [
            f"{each.name}: {_type_text(kind)}" + ("" if each.default is each.empty else f" = {each.default!r}")
            for each, kind in parameters
        ]
        validator = _validator(name, parameters, described)
        return cls(
            name=name,
            description=description,
            parameters=_schema(validator, parameters),
            examples=listed if examples is None else examples,
            signature=f"{name}({', '.join(shown)})",
            implementation=implementation,
            method=method,
            validator=validator,
        )

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(self.parameters.get("properties", {}))

    @property
    def short_signature(self) -> str:
        """Name and parameters without types, `name(a, b)`, for short prompts."""
        return f"{self.name}({', '.join(self.parameter_names)})"

    def validate(self, arguments: str) -> dict[str, Any]:
        """The typed arguments in `arguments`, a JSON object as text. Raises CallRefused.

        JSON mode, strict: an array becomes a tuple and text an enum or a date where the signature says so, but
        never text a number, a float an integer or a truth value either.
        """
        assert self.validator is not None, f"{self.name} is validated by the process that runs it"
        try:
            return self.validator.validate_json(arguments)
        except ValidationError as error:
            raise from_validation(
                self.name, self.signature, error.errors(include_url=False, include_context=False, include_input=False)
            ) from None


def _docstring(text: str) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """The description, the texts of the arguments and the examples in a docstring."""
    description, *sections = _SECTION.split(text)
    arguments, examples = dict[str, str](), list[str]()
    for heading, body in zip(sections[::2], sections[1::2], strict=True):
        for line in filter(None, map(str.strip, body.splitlines())):
            if heading.startswith("Example"):
                examples.append(line.removeprefix(">>> "))
            elif heading not in ("Returns", "Raises"):
                if named := _ARGUMENT.match(line):
                    arguments[named[1]] = named[2]
                elif arguments:
                    arguments[[*arguments][-1]] += f" {line}"
    paragraph = re.split(r"\n\s*\n", description.strip())[0]
    return " ".join(paragraph.split()), arguments, tuple(examples)


_Parameters = list[tuple[inspect.Parameter, Any]]


def _parameters(name: str, implementation: Callable[..., Any], method: bool) -> _Parameters:
    try:
        hints = typing.get_type_hints(implementation, include_extras=True)
    except (NameError, TypeError) as error:
        raise RequestError(f"function {name}: its types do not resolve: {error}") from None
    parameters = list(inspect.signature(implementation).parameters.values())[int(method) :]
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise RequestError(
                f"function {name}: parameter {parameter} cannot be given by name; write it without * or /"
            )
        if parameter.name not in hints:
            raise RequestError(f"function {name}: parameter {parameter.name} has no type; add one")
    return [(parameter, hints[parameter.name]) for parameter in parameters]


def _validator(name: str, parameters: _Parameters, descriptions: Mapping[str, str]) -> TypeAdapter[dict[str, Any]]:
    # A TypedDict, not a model: any parameter name is free, and an omitted argument takes the function's own default.
    fields: dict[str, Any] = {}
    for parameter, kind in parameters:
        text = descriptions.get(parameter.name)
        described = Annotated[kind, Field(description=text)] if text else kind
        fields[parameter.name] = Required[described] if parameter.default is parameter.empty else NotRequired[described]
    make: Any = TypedDict
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    try:
        return TypeAdapter(with_config(config)(make(f"{name}_arguments", fields)))
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError) as error:
        reason = first_line(error)
        raise RequestError(f"function {name}: a parameter's type has no JSON schema: {reason}") from None


def _schema(validator: TypeAdapter[dict[str, Any]], parameters: _Parameters) -> dict[str, Any]:
    """The JSON schema of the arguments, with those defaults that JSON holds."""
    schema = without_keys(validator.json_schema(), "title")
    for parameter, _ in parameters:
        if parameter.default is not parameter.empty:
            with contextlib.suppress(TypeError, ValueError):
                canonical_json(parameter.default)
                schema["properties"][parameter.name].setdefault("default", parameter.default)
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


def _type_text(kind: Any) -> str:
    """A type as a signature shows it: short, without the names of modules."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return _type_text(inner[0])
    if kind is None or kind is type(None):
        return "None"
    if isinstance(kind, type) and not inner:
        return kind.__name__
    if origin is typing.Literal:
        return " | ".join(map(repr, inner))
    if origin in (typing.Union, types.UnionType):
        return " | ".join(map(_type_text, inner))
    if inner and origin is not None:
        members = ", ".join("..." if member is Ellipsis else _type_text(member) for member in inner)
        return f"{getattr(origin, '__name__', 'any')}[{members}]"
    return re.sub(r"\b(?:\w+\.)+", "", str(kind))
