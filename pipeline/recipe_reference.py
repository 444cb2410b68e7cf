"""Writes docs/recipe-reference.md from the configuration types: `python -m pipeline.recipe_reference`.

A key's meaning is the docstring below its field; a last sentence `Unit: seconds.` there gives its unit.
"""

import ast
import inspect
import json
import textwrap
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from cluster.config import Section
from pipeline.recipe import Recipe
from pipeline.sweep.points import SweepSection

TARGET = Path(__file__).resolve().parents[1] / "docs" / "recipe-reference.md"
_HEAD = """# Recipe reference

Every key of a recipe and of a sweep, in the order of a recipe. `python -m pipeline.recipe_reference` writes this page
from the configuration types. Any key can be set on the command line: `--set section.key=value`.
"""
_SWEEP = """A recipe with a section `[sweep]` is run by `chainpref sweep`. Beside the keys below it holds axes: a key of
the recipe in quotes and the list of its values, such as `"arms.dpo.beta" = [0.05, 0.1]`. Axes are crossed. In
`"arms.*.learning_rate"` the `*` stands for every arm. docs/experiments.md has examples.
"""
_SCALARS = {str: "text", int: "integer", float: "number", bool: "true or false", Any: "any value"}
_BOUNDS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}", "multiple_of": "a multiple of {}"}


@dataclass(frozen=True, slots=True)
class Key:
    """A row of the reference."""

    name: str
    type: str
    default: str
    unit: str
    meaning: str


def reference() -> str:
    """The page, as Markdown."""
    parts = [_HEAD, *_tables(Recipe, ""), "## `[sweep]`\n", _SWEEP, *_tables(SweepSection, "sweep")]
    return "\n".join(parts)


def keys(section: type[Section]) -> Iterator[Key]:
    """The keys of one section. The meaning of a field without a docstring is empty."""
    meanings = _meanings(section)
    for name, field in section.model_fields.items():
        meaning, _, unit = meanings.get(name, "").partition(" Unit: ")
        value = field.get_default(call_default_factory=True)
        if field.is_required():
            default = "required"
        elif isinstance(value, Section) or value == {}:
            default = ""
        else:
            default = "absent" if value is None else f"`{json.dumps(value)}`"
        yield Key(name, _type_text(field), default, unit.rstrip("."), meaning)


def sections(root: type[Section], path: str) -> dict[type[Section], list[str]]:
    """Every section at or below `root` with the paths where it may stand, in the recipe's order."""
    found: dict[type[Section], list[str]] = {root: [path]}
    for name, field in root.model_fields.items():
        below = f"{path}.{name}".lstrip(".")
        for kind, suffix in _sections_in(field.annotation):
            for section, paths in sections(kind, below + suffix).items():
                found.setdefault(section, []).extend(paths)
    return found


def _tables(root: type[Section], path: str) -> Iterator[str]:
    for section, paths in sections(root, path).items():
        if section is not SweepSection:
            heading = " and ".join(f"`[{path}]`" for path in paths) if paths != [""] else "The sections"
            method = section.model_fields.get("method")
            yield f"## {heading}{f', method {_type_text(method)}' if method else ''}\n"
            yield f"{inspect.cleandoc(section.__doc__ or '')}\n"
        yield "| key | type | default | unit | meaning |\n|---|---|---|---|---|"
        for key in keys(section):
            yield f"| `{key.name}` | {key.type} | {key.default} | {key.unit} | {key.meaning} |"
        yield ""


def _meanings(section: type[Section]) -> dict[str, str]:
    """Field -> the docstring below it, of the section and of those that it inherits from."""
    found: dict[str, str] = {}
    for kind in reversed(section.__mro__[: section.__mro__.index(Section)]):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        assert isinstance(definition, ast.ClassDef)
        for field, text in pairwise(definition.body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return found


def _sections_in(annotation: Any) -> list[tuple[type[Section], str]]:
    """The sections that a value may hold, each with what its path has more: `.NAME` in a table of sections."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [(annotation, "")]
    suffix = ".NAME" if get_origin(annotation) is dict else ""
    below = [found for argument in get_args(annotation) for found in _sections_in(argument)]
    return [(kind, suffix + rest) for kind, rest in below]


def _type_text(field: FieldInfo) -> str:
    if field.annotation is not bool and _sections_in(field.annotation):
        return "section"
    return _bounded(field.annotation, field.metadata)


def _bounded(annotation: Any, metadata: Iterable[Any]) -> str:
    """A type with its bounds, which are in `metadata` and for some types below a pydantic `Field` there."""
    bounds = [bound for held in metadata for bound in getattr(held, "metadata", [held])]
    texts = [
        text.format(getattr(bound, name)) for bound in bounds for name, text in _BOUNDS.items() if hasattr(bound, name)
    ]
    return ", ".join([_annotation_text(annotation), *texts])


def _annotation_text(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1:])
    if origin is Literal:
        return ", ".join(f"`{json.dumps(value)}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_annotation_text(argument) for argument in arguments if argument is not types.NoneType)
    if origin is tuple:
        kind = "list of" if arguments[-1] is Ellipsis else f"list of {len(arguments)},"
        return f"{kind} {_annotation_text(arguments[0])}"
    return "table" if origin is dict else _SCALARS[annotation]


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
