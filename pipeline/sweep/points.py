"""A recipe with lists of values to few runs: points that differ in their arms alone are arms of one run. Pure.

[sweep]
seeds = [0, 1, 2]                        # every arm once a seed: the order of its data
"arms.dpo.beta" = [0.05, 0.1, 0.3]       # an axis: a key of the recipe and its values; axes are crossed
"arms.*.learning_rate" = [2e-5, 5e-5]    # of all arms

[sweep.variants.many]                    # a named set of values; variants are crossed with the axes
"problems.arithmetic.distractors" = 100

[sweep.compare."more wrong chains"]      # what is asked: mean of some rows minus mean of others
plus = ["dpo-w4"]
minus = ["dpo-w1"]

In one run engines, the teacher's and base's scores, groups and reference log-probabilities are shared anyway; what
differs elsewhere becomes a run of its own, which takes over what an earlier one has made (`pipeline.sweep.sharing`).
"""

import copy
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from cluster.config import Section, apply_settings, load_toml, parse
from cluster.errors import RequestError
from pipeline.recipe import GIVEN_MODELS, Recipe, resolved
from rollout.records import canonical_json, content_hash

MOST_ARMS = 500
MAIN = "main"
"""The run at which no setting is named."""
_OWN_KEYS = ("seeds", "variants", "compare")
_LONGEST_LABEL = 60


class Contrast(Section):
    """A question: the mean over the rows `plus` minus the mean over the rows `minus`, paired by seed and problem."""

    plus: tuple[str, ...] = Field(min_length=1)
    """Rows whose mean counts with a plus."""
    minus: tuple[str, ...] = Field(min_length=1)
    """Rows whose mean counts with a minus."""


class SweepSection(Section):
    """`[sweep]` without its axes."""

    seeds: tuple[int, ...] = ()
    """Every arm is trained once with each of these as its `seed`. Empty: arms keep their own seed."""
    variants: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Named sets of settings, each a table of recipe keys and values. Every variant is combined with every value of the
    axes."""
    compare: dict[str, Contrast] = Field(default_factory=dict)
    """Questions by name. Without any, every row is compared with base."""


@dataclass(frozen=True)
class Cell:
    """One arm at one point with one seed, and where it is trained."""

    row: str
    """The row of the table: the arm's name, with what was set for it; its cells differ in the seed alone."""
    seed: int
    run: str
    """The name of its run's folder."""
    arm: str
    """The arm's name in that run."""


@dataclass(frozen=True)
class _Setting:
    """One value of an axis, or one variant."""

    label: str
    values: Mapping[str, Any]

    def touches(self, prefixes: tuple[str, ...]) -> bool:
        return any(key.startswith(prefixes) for key in self.values)


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep comes to."""

    name: str
    directory: str
    """Where the sweep's folder lies, as a run's."""
    runs: Mapping[str, Recipe]
    """Folder's name -> recipe."""
    cells: tuple[Cell, ...]
    section: SweepSection
    axes: Mapping[str, tuple[Any, ...]]


def load_sweep(path: Path, settings: Sequence[str] = ()) -> SweepPlan:
    """Read, expand and validate a recipe with a `[sweep]`. Raises RequestError: what, at which point."""
    table = apply_settings(load_toml(path), settings)
    if "sweep" not in table:
        raise RequestError(f"recipe {path}: has no [sweep]; add one, or use `chainpref run`")
    return plan_sweep(table, f"recipe {path}")


def plan_sweep(table: Mapping[str, Any], where: str) -> SweepPlan:
    """`load_sweep` for a table that is read already."""
    rest = {key: value for key, value in table.items() if key != "sweep"}
    given = dict(table["sweep"]) if isinstance(table["sweep"], Mapping) else {}
    section = parse(SweepSection, {key: given.pop(key) for key in _OWN_KEYS if key in given}, f"{where}: sweep")
    axes = dict(_axes(given, where))
    base = parse(Recipe, rest, where)
    building = _Building()
    for point in _points(section, axes):
        here = f" at {', '.join(setting.label for setting in point)}" if point else ""
        recipe = parse(Recipe, _with(rest, point, where), f"{where}{here}")
        for seed in section.seeds or (None,):
            building.add(recipe, point, section, seed)
    plan = SweepPlan(
        name=base.run.name,
        directory=base.run.directory,
        runs=building.recipes(base),
        cells=tuple(building.cells),
        section=section,
        axes=axes,
    )
    _check(plan, where)
    return plan


def _axes(given: Mapping[str, Any], where: str, at: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Keys and values; a key may be quoted or stand as nested tables."""
    for key, value in given.items():
        name = f"{at}{key}"
        if isinstance(value, Mapping):
            yield from _axes(value, where, f"{name}.")
        elif not isinstance(value, list) or not value:
            raise RequestError(f"{where}: sweep.{name} = {value!r}: give a list of values")
        elif "." not in name:
            own = ", ".join(_OWN_KEYS)
            raise RequestError(f"{where}: sweep.{name}: no key of a recipe, as arms.dpo.beta, and none of {own}")
        else:
            yield name, tuple(value)


def _points(section: SweepSection, axes: Mapping[str, tuple[Any, ...]]) -> Iterator[tuple[_Setting, ...]]:
    variants = [_Setting(name, values) for name, values in section.variants.items()]
    sides = [[_Setting(_value_label(key, value), {key: value}) for value in values] for key, values in axes.items()]
    yield from itertools.product(*([variants] if variants else []), *sides)


def _with(table: Mapping[str, Any], point: tuple[_Setting, ...], where: str) -> dict[str, Any]:
    """A copy of the recipe's table with every setting in its place; `*` stands for every arm."""
    result = copy.deepcopy(dict(table))
    for key, value in (item for setting in point for item in setting.values.items()):
        for keys in _paths(key, result):
            node = result
            for part in keys[:-1]:
                node = node.setdefault(part, {})
                if not isinstance(node, dict):
                    raise RequestError(f"{where}: sweep.{key}: {part!r} is a value, not a section")
            node[keys[-1]] = copy.deepcopy(value)
    return result


def _paths(key: str, table: Mapping[str, Any]) -> list[list[str]]:
    first, _, rest = key.partition(".")
    if first != "arms":
        return [key.split(".")]
    # Arms' names may hold dots: the longest one that fits is meant.
    arms = table.get("arms", {})
    if rest.startswith("*."):
        return [["arms", arm, *rest[2:].split(".")] for arm in arms]
    named = [arm for arm in arms if rest.startswith(f"{arm}.")]
    if not named:
        return [key.split(".")]
    arm = max(named, key=len)
    return [["arms", arm, *rest[len(arm) + 1 :].split(".")]]


@dataclass
class _Slot:
    """One run in the making."""

    recipe: Recipe
    arms: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name -> the arm's section as plain values."""
    known: dict[str, str] = field(default_factory=dict)
    """What an arm is -> its name here."""


@dataclass
class _Building:
    """Runs and cells as points are added."""

    slots: dict[str, _Slot] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """What a run shares -> its folder's name."""
    cells: list[Cell] = field(default_factory=list)

    def add(self, recipe: Recipe, point: tuple[_Setting, ...], section: SweepSection, seed: int | None) -> None:
        whole = resolved(recipe)
        arms = whole.pop("arms", {})
        run = self._slot(recipe, whole, _label(setting for setting in point if not _of_arms_alone(setting)))
        slot = self.slots[run]
        named: dict[str, str] = {"base": "base"}
        for name, _ in recipe.arms_in_order():
            arm = {**arms[name], "start": named[arms[name]["start"]]}
            arm["seed"] = arm["seed"] if seed is None else seed
            what = canonical_json([name, arm])
            row = _row(name, point, recipe)
            if what not in slot.known:
                wanted = f"{row}.s{seed}" if len(section.seeds) > 1 else row
                slot.known[what] = _free(wanted, slot.arms)
                slot.arms[slot.known[what]] = arm
            named[name] = slot.known[what]
            cell = Cell(row=row_of(row, run), seed=arm["seed"], run=run, arm=named[name])
            if cell not in self.cells:
                self.cells.append(cell)

    def recipes(self, base: Recipe) -> dict[str, Recipe]:
        """Folder's name -> the run's recipe with all its arms."""
        found = {}
        for run, slot in self.slots.items():
            table = resolved(slot.recipe)
            name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{base.run.name}-{run}")[:64]
            table["run"] |= {"name": name}
            table["arms"] = slot.arms
            found[run] = parse(Recipe, table, f"sweep {base.run.name}, run {run}")
        return found

    def _slot(self, recipe: Recipe, shared: dict[str, Any], label: str) -> str:
        shared["run"] = {key: value for key, value in shared["run"].items() if key != "name"}
        what = canonical_json(shared)
        if what not in self.names:
            self.names[what] = _free(label or MAIN, self.slots)
            self.slots[self.names[what]] = _Slot(recipe)
        return self.names[what]


def row_of(model: str, run: str) -> str:
    """The name of a model's row: with the run that it is of, where there are several."""
    return model if run == MAIN else f"{model} @ {run}"


def _of_arms_alone(setting: _Setting) -> bool:
    return all(key.startswith("arms.") for key in setting.values)


def _row(arm: str, point: tuple[_Setting, ...], recipe: Recipe) -> str:
    """The arm's name and what was set for it, or for an arm that it starts from."""
    line = [arm]
    while (start := recipe.arms[line[-1]].start) != "base":
        line.append(start)
    prefixes = tuple(f"arms.{name}." for name in (*line, "*"))
    label = _label(setting for setting in point if setting.touches(prefixes))
    return f"{arm}.{label}" if label else arm


def _value_label(key: str, value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(value)
    name = key.rpartition(".")[2]
    return f"{name}={text}" if len(text) <= 20 else f"{name}={content_hash(text)[:6]}"


def _label(settings: Iterable[_Setting]) -> str:
    """Settings in a few letters that a folder and a unit may be named by."""
    label = re.sub(r"[^A-Za-z0-9._+=-]", "_", "+".join(setting.label for setting in settings))
    return label if len(label) <= _LONGEST_LABEL else f"{label[:50]}-{content_hash(label)[:6]}"


def _free(name: str, taken: Mapping[str, Any]) -> str:
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if one not in taken)


def _check(plan: SweepPlan, where: str) -> None:
    arms = sum(len(recipe.arms) for recipe in plan.runs.values())
    if arms > MOST_ARMS:
        raise RequestError(f"{where}: the sweep has {arms} arms in {len(plan.runs)} runs; at most {MOST_ARMS}")
    rows = {cell.row for cell in plan.cells} | {row_of(name, run) for run in plan.runs for name in GIVEN_MODELS}
    for question, contrast in plan.section.compare.items():
        for row in (*contrast.plus, *contrast.minus):
            if row not in rows:
                known = ", ".join(sorted(rows))
                raise RequestError(f"{where}: sweep.compare.{question}: no row {row!r}; there are {known}")
