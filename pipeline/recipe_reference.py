"""Writes docs/recipe-reference.md from the configuration types: `python -m pipeline.recipe_reference`.

A key's meaning is the docstring below its field; a last sentence `Unit: seconds.` there gives its unit.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, get_args, get_origin

from cluster.config import Section
from pipeline.changes import CLASSES, class_table
from pipeline.recipe import Recipe
from pipeline.sweep.points import SweepSection

TARGET = Path(__file__).resolve().parents[1] / "docs" / "recipe-reference.md"
_HEAD = """# Recipe reference

Every key of a recipe and of a sweep, in the order of a recipe. `python -m pipeline.recipe_reference` writes this page
from the configuration types. Any key can be set on the command line: `--set section.key=value`. `--set section.key=`
takes a key away, such as `models.teacher.tiny` where a `source` takes its place; `''` is the empty string.

Every relative path in a recipe (problems, toolboxes, models, the run's folder, descriptions of nodes) begins at the
folder in which the command is started, wherever the recipe lies.
"""
_SWEEP = """A recipe with a section `[sweep]` is run by `chainpref sweep`. Beside the keys below it holds axes: a key of
the recipe in quotes and the list of its values, such as `"arms.dpo.beta" = [0.05, 0.1]`. Axes are crossed. In
`"arms.*.learning_rate"` the `*` stands for every arm. docs/experiments.md has examples.
"""
_CHANGES = """## What may change

When a run that has begun is gone on with: a key that is `free` may change at any time; one that `grows` may become
more, and the run does what is missing; one that is `fixed` would change data that is there, so that another value is
refused. New sections `[problems.NAME]` and `[arms.NAME]` may be added. `*` stands for any name.
[operations.md](operations.md#what-a-run-may-change) has more.
"""
_TYPES = {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false", "object": "table"}
_BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "multipleOf": "a multiple of {}",
}


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
    parts += [_CHANGES, *_classes(), ""]
    return "\n".join(parts)


def keys(section: type[Section]) -> Iterator[Key]:
    """The keys of one section. The meaning of a field without a docstring is empty."""
    meanings, schemas = _meanings(section), section.model_json_schema()["properties"]
    for name, field in section.model_fields.items():
        meaning, _, unit = meanings.get(name, "").partition(" Unit: ")
        value = field.get_default(call_default_factory=True)
        if field.is_required():
            default = "required"
        elif isinstance(value, Section) or value == {}:
            default = ""
        else:
            default = "absent" if value is None else f"`{json.dumps(value)}`"
        yield Key(name, _type_text(schemas[name]), default, unit.rstrip("."), meaning)


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
            heading = " and ".join(f"`[{path}]`" for path in dict.fromkeys(paths)) if paths != [""] else "The sections"
            method = section.model_json_schema()["properties"].get("method")
            yield f"## {heading}{f', method {_type_text(method)}' if method else ''}\n"
            yield f"{inspect.cleandoc(section.__doc__ or '')}\n"
        yield "| key | type | default | unit | meaning |\n|---|---|---|---|---|"
        for key in keys(section):
            yield f"| `{key.name}` | {key.type} | {key.default} | {key.unit} | {key.meaning} |"
        yield ""


def _classes() -> Iterator[str]:
    """The table of what may change, a row a section."""
    yield f"| section | {' | '.join(CLASSES)} |\n|---|{'---|' * len(CLASSES)}"
    for section, rows in groupby(class_table().items(), lambda item: item[0][:-1]):
        classes = [(path[-1], kind) for path, kind in rows]
        lists = [", ".join(f"`{key}`" for key, kind in classes if kind == wanted) for wanted in CLASSES]
        yield f"| `[{'.'.join(section)}]` | {' | '.join(lists)} |"


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


def _type_text(schema: Mapping[str, Any]) -> str:
    """The type that a field's JSON schema describes, with its bounds."""
    if "$ref" in json.dumps(schema):
        return "section"
    if "anyOf" in schema:
        return " or ".join(_type_text(member) for member in schema["anyOf"] if member["type"] != "null")
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return ", ".join(f"`{json.dumps(value)}`" for value in values)
    if "prefixItems" in schema:
        return f"list of {schema['minItems']}, {_type_text(schema['prefixItems'][0])}"
    if "items" in schema:
        return f"list of {_type_text(schema['items'])}"
    bounds = [text.format(schema[name]) for name, text in _BOUNDS.items() if name in schema]
    return ", ".join([_TYPES[schema["type"]], *bounds])


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
