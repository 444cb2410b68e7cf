"""What may change of the recipe of a run that has begun: the class of each key, and how two recipes differ. Pure.

`changes.toml` says the class of every key. A key that is fixed may still change while there is no data that follows
from it, which `Standing` says.
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from cluster.errors import RequestError
from pipeline.recipe import GIVEN_MODELS, Recipe, resolved
from training.ranks.zero import uses_bf16

KeyClass = Literal["free", "grows", "fixed"]
CLASSES: tuple[KeyClass, ...] = get_args(KeyClass)
TABLE = Path(__file__).with_suffix(".toml")
NAMED = ("problems", "arms")
"""Tables of sections whose names the recipe chooses. They may get new ones."""
_SHOWN = 5
_LONGEST = 60

KeyPath = tuple[str, ...]
"""The keys from a recipe's root to a value."""


@dataclass(frozen=True, slots=True)
class Change:
    """A key whose value differs; None where the recipe has none."""

    path: KeyPath
    old: Any
    new: Any

    def __str__(self) -> str:
        if len(self.path) == 2 and self.path[0] in NAMED:
            return f"{self.key} is {'gone' if self.new is None else 'new'}"
        return f"{self.key}: {_short(self.old)} -> {_short(self.new)}"

    @property
    def key(self) -> str:
        """The key as `--set` takes it."""
        return ".".join(self.path)

    @property
    def plans(self) -> bool:
        """Whether there is more to plan for because of it."""
        return self.path[0] == "problems" or (self.path[-1] == "samples" and self.path[0] in ("rollout", "evaluation"))


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a run."""

    planned: bool
    """Whether problems are drawn. Nothing of a run depends on its recipe before."""
    arms: Collection[str] = ()
    """The arms that have begun or are trained, also those that the recipe has no more."""
    half_trained: Collection[str] = ()
    """Those of them that have no model yet. They may be taken out of the recipe."""


@cache
def class_table() -> Mapping[KeyPath, KeyClass]:
    """Path of a key, with `*` for any name -> its class."""
    found: dict[KeyPath, KeyClass] = {}
    for section, lists in tomllib.loads(TABLE.read_text(encoding="utf-8")).items():
        for kind in CLASSES:
            for key in lists.get(kind, ()):
                path = (*section.split("."), key)
                assert path not in found, f"{TABLE.name}: {section}.{key} stands there twice"
                found[path] = kind
    return found


def key_class(path: KeyPath) -> KeyClass:
    """The class of a key. Raises KeyError for one that the table does not hold."""
    table = class_table()
    if path in table:
        return table[path]
    for pattern, kind in table.items():
        if len(pattern) == len(path) and all(part in ("*", name) for part, name in zip(pattern, path, strict=True)):
            return kind
    raise KeyError(".".join(path))


def changes(old: Recipe, new: Recipe) -> list[Change]:
    """Every key that differs, in the order of the recipe; a section of `NAMED` that is in one alone is one change."""
    before, after = dict(_values(old)), dict(_values(new))
    found: dict[KeyPath, Change] = {}
    for path in [*before, *(path for path in after if path not in before)]:
        if path[0] in NAMED:
            sections = [getattr(recipe, path[0]) for recipe in (old, new)]
            if (there := [path[1] in section for section in sections]) != [True, True]:
                found[path[:2]] = Change(path[:2], *(path[1] if one else None for one in there))
                continue
        if before.get(path) != after.get(path):
            found[path] = Change(path, before.get(path), after.get(path))
    return list(found.values())


def refused(old: Recipe, new: Recipe, standing: Standing) -> list[str]:
    """The changes that would change data that is there, one line each; what may only grow says so."""
    found = []
    for change in changes(old, new):
        if not standing.planned and change.key != "run.store":
            continue
        root, *rest = change.path
        if root == "arms":
            taken_out = change.path == ("arms", rest[0]) and change.new is None
            if rest[0] in standing.arms and not (taken_out and rest[0] in standing.half_trained):
                found.append(str(change))
        elif root in NAMED and len(rest) == 1:
            if change.new is None:
                found.append(str(change))
        elif (kind := key_class(change.path)) == "grows":
            if not _more(change, old, new):
                found.append(f"{change}, which may only grow")
            elif _was_learnt(change, old):
                found.append(f"{change}, where its models have learnt the further problems (pretrain)")
        elif kind == "fixed" and change.path[:2] != ("training", "zero"):
            found.append(str(change))
        elif kind == "fixed" and change.path[-1] == "bf16":
            auto = " (`auto` goes by training.gpus_per_rank)" if new.training.zero.bf16 == "auto" else ""
            found.append(f"{change}{auto}")
        elif kind == "fixed" and standing.half_trained:
            found.append(f"{change}, while {', '.join(sorted(standing.half_trained))} is half trained")
    return found


def refuse_changed(old: Recipe, new: Recipe, standing: Standing, where: str) -> None:
    """Raise RequestError when data of the run at `where`, made by the recipe `old`, would not follow from `new`."""
    lines = refused(old, new, standing)
    if lines:
        shown = "; ".join(lines[:_SHOWN]) + (f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else "")
        arms = ", or give a changed arm a name of its own" if any(line.startswith("arms.") for line in lines) else ""
        raise RequestError(
            f"run {where} has data that was made by another recipe ({shown}); put that back{arms}, or use --run DIR "
            "for a new run"
        )


def _values(recipe: Recipe) -> Iterator[tuple[KeyPath, Any]]:
    """Every value of a recipe with its path. `bf16` is the one that is used, whatever `auto` comes to."""

    def walk(table: Mapping[str, Any], at: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
        for key, value in table.items():
            if isinstance(value, Mapping):
                yield from walk(value, (*at, key))
            else:
                yield (*at, key), value

    table = resolved(recipe)
    table["training"]["zero"]["bf16"] = "on" if uses_bf16(recipe.training) else "off"
    return walk(table, ())


def _more(change: Change, old: Recipe, new: Recipe) -> bool:
    """Whether a value has become more: a number, or a list that holds all that it held."""
    if change.path[0] == "problems" and change.path[-1] == "samples":
        # Absent, it is that of all suites.
        before = old.evaluation.samples if change.old is None else change.old
        return bool(before <= (new.evaluation.samples if change.new is None else change.new))
    if change.path[0] == "problems" and change.path[-1] == "models":
        return not change.new or (bool(change.old) and set(change.old) <= set(change.new))  # none named: all of them
    if isinstance(change.old, Sequence):
        return set(change.old) <= set(change.new)
    return bool(change.old <= change.new)


def _was_learnt(change: Change, old: Recipe) -> bool:
    """Whether a growth takes problems to be attempted that the run's models were made from."""
    made_here = any(old.model(name).learns for name in GIVEN_MODELS)
    return (
        made_here and change.path[::2] == ("problems", "train") and old.problems[change.path[1]].teaches_spare_problems
    )


def _short(value: Any) -> str:
    text = "absent" if value is None else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
