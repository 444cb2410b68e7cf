"""Recipes: TOML in, validated and frozen types out.

Each configuration type lives with the code that it configures and derives from `Section`. A recipe is validated whole
before anything starts. An unknown key is an error that names the nearest known one.
"""

import copy
import difflib
import json
import tomllib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cluster.errors import RequestError, first_line
from cluster.shown import holds_credential


class Section(BaseModel):
    """Base of every configuration type: frozen, strict about unknown keys and about types, its numbers finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


SectionT = TypeVar("SectionT", bound=Section)

Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What every generator of random numbers takes: Python's, NumPy's and, by transformers, torch's."""


def load_toml(path: Path, kind: str = "recipe") -> dict[str, Any]:
    """Read a TOML file. Raises RequestError, which calls it a `kind`, when it is absent or does not parse."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        examples = "recipes/ holds examples" if kind == "recipe" else "name another one"
        raise RequestError(f"{kind} {path}: no such file; {examples}") from None
    except IsADirectoryError:
        raise RequestError(f"{kind} {path}: is a folder; name a .toml file") from None
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError, and an integer of thousands of digits
        raise RequestError(f"{kind} {path}: not TOML: {first_line(error)}") from None


def apply_settings(table: Mapping[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """A copy of `table` with every "section.key=value" of `settings` applied; values are TOML literals.

    A value that is no TOML literal is taken as a string, so that `--set run.name=mine` needs no quotes. Without a
    value, as in `--set models.teacher.tiny=`, the key is taken away; `''` is the empty string. Raises RequestError,
    also for a text in which a credential, a NUL character or half of a surrogate pair stands.
    """
    result = copy.deepcopy(dict(table))
    for setting in settings:
        dotted, separator, text = setting.partition("=")
        keys = _keys(dotted.strip())
        if not separator or not all(keys):
            raise RequestError(f"--set {setting}: write it as section.key=value")
        node, taken_away = result, not text.strip()
        for key in keys[:-1]:
            node = node.get(key, {}) if taken_away else node.setdefault(key, {})
            if not isinstance(node, dict):
                raise RequestError(f"--set {setting}: {key!r} is a value, not a section")
        if taken_away:
            if keys[-1] not in node:
                raise RequestError(f"--set {setting}: there is no such key to take away; leave the setting out")
            del node[keys[-1]]
            continue
        try:
            node[keys[-1]] = tomllib.loads(f"value = {text.strip()}")["value"]
        except (ValueError, RecursionError):
            node[keys[-1]] = text.strip()
    for key, text in _texts(result, ""):
        if "\0" in text:
            raise RequestError(f"{key}: holds a NUL character, which no path and no name has; remove it")
        if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
            raise RequestError(
                f"{key} = {text!r}: holds half of a character, as bytes that are no UTF-8 do; write it anew"
            )
        if holds_credential(text):
            raise RequestError(
                f"{key} = {text!r}: holds a credential, and a recipe is copied into the run's folder and its report; "
                "give it by the environment (HF_TOKEN, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
            )
    return result


def _texts(node: Any, at: str) -> Iterator[tuple[str, str]]:
    """Every text of a table, keys included, with the dotted key at which it stands."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield at or "a key", str(key)
            yield from _texts(value, f"{at}.{key}" if at else str(key))
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, at)
    elif isinstance(node, str):
        yield at, node


def parse(section: type[SectionT], table: Mapping[str, Any], where: str) -> SectionT:
    """Validate `table` as `section`. Raises RequestError: one line with key, value and remedy, for the first fault."""
    try:
        # By way of JSON: there pydantic's strict mode takes a list for a tuple and text for an enum or a path.
        return section.model_validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        raise RequestError(f"{where}: {_one_line(section, error, table)}") from None


def _one_line(section: type[Section], error: ValidationError, table: Mapping[str, Any]) -> str:
    faults = error.errors()
    first = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    written, kinds = _resolve(section, first["loc"], table, absent=first["type"] == "missing")
    path = ".".join(map(str, written))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if first["type"] in ("union_tag_not_found", "union_tag_invalid"):
        key = first["ctx"]["discriminator"].strip("'")
        _, kinds = _resolve(section, (*first["loc"], key), table, absent=True)
        there = " or ".join(repr(tag) for kind in kinds for tag in get_args(kind.model_fields[key].annotation))
        given = first["input"]
        fault = f" = {given[key]!r}: input should be {there}" if key in given else f" is missing; set it to {there}"
        return f"{path}.{key}{fault}{more}"
    if first["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return f"{path} = {first['input']!r}: is a section, not a value; write its keys under [{path}]{more}"
    if first["type"] == "extra_forbidden":
        known = [name for kind in kinds for name in kind.model_fields]
        near = difflib.get_close_matches(str(written[-1]), known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
        return f"unknown key {path}; {hint}{more}"
    if first["type"] == "missing":
        if isinstance(written[-1], int):
            short = ".".join(map(str, written[:-1]))
            return f"{short} = {first['input']!r}: value {written[-1] + 1} is missing; add it{more}"
        return f"{path} is missing; add it{more}"
    if first["type"] == "value_error":
        return f"{path}{': ' if path else ''}{first['ctx']['error']}{more}"
    return f"{path} = {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}{more}"


def _resolve(
    section: type[Section], loc: Sequence[int | str], table: Mapping[str, Any], absent: bool
) -> tuple[list[int | str], list[type[Section]]]:
    """The part of `loc` that stands in the recipe, and the sections that its last key may belong to. `absent`: the last
    part is a key that is missing, and counts as if it stood there.

    pydantic's `loc` also holds tags and names of a union's members, which nobody wrote; they say which member it is.
    """
    written: list[int | str] = []
    kinds: list[Any] = [section]
    standing: list[Any] = kinds
    node: Any = table
    for position, part in enumerate(loc):
        in_list = isinstance(node, list) and isinstance(part, int) and part < len(node)
        here = in_list or (isinstance(node, Mapping) and part in node)
        if not here and not (absent and position == len(loc) - 1):
            kinds = [kind for kind in kinds if _is_section(kind) and _named(kind, str(part))] or kinds
            continue
        written.append(part)
        standing = kinds
        kinds = [member for kind in kinds for member in _below(kind, part)]
        node = node[part] if here else None
    return written, [kind for kind in standing if _is_section(kind)]


def _below(kind: Any, part: int | str) -> list[Any]:
    """The types that may stand at `part` of a value of type `kind`."""
    if _is_section(kind):
        field = kind.model_fields.get(str(part))
        return _members(field.annotation) if field else []
    return _members(get_args(kind)[-1]) if get_args(kind) else []


def _members(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [member for argument in get_args(annotation) for member in _members(argument)]
    return [annotation]


def _named(kind: type[Section], tag: str) -> bool:
    literals = (get_args(field.annotation) for field in kind.model_fields.values())
    return kind.__name__ == tag or any(tag in values for values in literals)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _keys(dotted: str) -> list[str]:
    """The parts of a dotted TOML key, quoted ones too; `arms.sft+dpo.beta` needs no quotes here."""
    try:
        node: Any = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return dotted.split(".")
    keys: list[str] = []
    while isinstance(node, dict):
        key, node = next(iter(node.items()))
        keys.append(key)
    return keys
