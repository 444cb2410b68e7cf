"""Expands a recipe with a [sweep] into few runs: points that differ only in their arms become arms of one run. Pure.

[sweep]
seeds = [0, 1, 2]                        # every arm once a seed: the order of its data
"arms.dpo.beta" = [0.05, 0.1, 0.3]       # an axis: a key of the recipe and its values; axes are crossed
"arms.*.learning_rate" = [2e-5, 5e-5]    # of all arms

[sweep.variants.many]                    # a named set of values; variants are crossed with the axes
"problems.arithmetic.distractors" = 100

[sweep.compare."more wrong chains"]      # a question: mean of some rows minus mean of others
plus = ["dpo-w4"]
minus = ["dpo-w1"]

[sweep.replicates.one]                   # the same experiment with other models; rows are means over replicates
"models.teacher.tiny.seed" = 1

[sweep.replicates.two]
"models.teacher.tiny.seed" = 3

The arms of one run share its engines, groups, reference log-probabilities and the scores of teacher and base. Points
that differ elsewhere become runs of their own, which take over what an earlier run has made (`pipeline.sweep.sharing`).
"""

import copy
import itertools
import re
import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from cluster.config import Section, Seed, apply_settings, load_toml, parse
from cluster.errors import RequestError
from pipeline.recipe import GIVEN_MODELS, Recipe, new_recipe, resolved
from rollout.records import canonical_json, content_hash

MOST_ARMS = 500
MAIN = "main"
"""Name of the run that has no setting of its own."""
_OWN_KEYS = ("seeds", "variants", "replicates", "compare")
_LONGEST_LABEL = 60


class Contrast(Section):
    """A question: the mean over the rows `plus` minus the mean over the rows `minus`, paired by seed and problem."""

    plus: tuple[str, ...] = Field(min_length=1)
    """Rows whose mean counts with a plus."""
    minus: tuple[str, ...] = Field(min_length=1)
    """Rows whose mean counts with a minus."""


class SweepSection(Section):
    """`[sweep]` without its axes."""

    seeds: tuple[Seed, ...] = ()
    """Every arm is trained once with each of these as its `seed`. Empty: arms keep their own seed."""
    variants: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Named sets of settings, each a table of recipe keys and values. Every variant is combined with every value of the
    axes."""
    replicates: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Named sets of settings of `models`: the whole sweep once with the models of each, on the same problems. A row is
    its mean over replicates, and intervals hold for other models."""
    compare: dict[str, Contrast] = Field(default_factory=dict)
    """Questions by name. Without any, every row is compared with base."""


@dataclass(frozen=True)
class Cell:
    """One arm at one point with one seed, and where it is trained."""

    row: str
    """The row of the table: the arm's name with its settings. The cells of a row differ in the seed only."""
    seed: int
    run: str
    """The name of its run's folder."""
    arm: str
    """The arm's name in that run."""


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep."""

    recipe: Recipe
    place: str
    """What rows call it: the run's name but for its replicate."""
    replicate: str
    """"" where the sweep has none."""


@dataclass(frozen=True)
class SweepPlan:
    """The runs of a sweep and the cells of its table."""

    name: str
    command: str
    """The command that runs the sweep."""
    directory: str
    """Folder that holds the sweep's own folder."""
    runs: Mapping[str, SweepRun]
    """By the name of its folder."""
    cells: tuple[Cell, ...]
    section: SweepSection
    axes: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class _Setting:
    """One value of an axis, or one variant: recipe keys and their values."""

    label: str
    values: Mapping[str, Any]


_Point = tuple[_Setting, ...]


def load_sweep(path: Path, settings: Sequence[str] = ()) -> SweepPlan:
    """Read, expand and validate a recipe with a `[sweep]`. Raises RequestError, which names the point at fault."""
    table = apply_settings(load_toml(path), settings)
    if "sweep" not in table:
        raise RequestError(f"recipe {path}: has no [sweep]; add one, or use `chainpref run`")
    command = shlex.join(["chainpref", "sweep", str(path), *(f"--set={setting}" for setting in settings)])
    return plan_sweep(table, f"recipe {path}", command)


def plan_sweep(table: Mapping[str, Any], where: str, command: str = "") -> SweepPlan:
    """Expand the table of a recipe with a `[sweep]`, like `load_sweep`."""
    rest = {key: value for key, value in table.items() if key != "sweep"}
    given = dict(table["sweep"]) if isinstance(table["sweep"], Mapping) else {}
    section = parse(SweepSection, {key: given.pop(key) for key in _OWN_KEYS if key in given}, f"{where}: sweep")
    axes = dict(_axes(given, where))
    base = new_recipe(rest, where)
    sides = [[_setting(key, value) for value in values] for key, values in axes.items()]
    if section.variants:
        sides.insert(0, [_Setting(name, values) for name, values in section.variants.items()])
    drafts: dict[str, _Draft] = {}
    cells: dict[Cell, None] = {}
    for replicate, point in itertools.product(_replicates(section, where), itertools.product(*sides)):
        settings = (replicate, *point) if replicate.label else point
        at = f" at {', '.join(setting.label for setting in settings)}" if settings else ""
        recipe = new_recipe(_with(rest, settings, where), f"{where}{at}")
        draft = _draft_of(recipe, point, replicate.label, drafts)
        for seed in section.seeds or (None,):
            cells |= dict.fromkeys(draft.add(recipe, point, seed, len(section.seeds) > 1))
    runs = {draft.name: draft.run_of(base.run.name) for draft in drafts.values()}
    arms = sum(len(run.recipe.arms) for run in runs.values())
    if arms > MOST_ARMS:
        raise RequestError(f"{where}: the sweep has {arms} arms in {len(runs)} runs; at most {MOST_ARMS}")
    rows = {cell.row for cell in cells} | {row_of(name, run.place) for run in runs.values() for name in GIVEN_MODELS}
    for question, contrast in section.compare.items():
        for row in (*contrast.plus, *contrast.minus):
            if row not in rows:
                known = ", ".join(sorted(rows))
                raise RequestError(f"{where}: sweep.compare.{question}: no row {row!r}; there are {known}")
    return SweepPlan(base.run.name, command, base.run.directory, runs, tuple(cells), section, axes)


def row_of(model: str, place: str) -> str:
    """The name of a model's row. It names the place, too, unless that is the main one."""
    return model if place == MAIN else f"{model} @ {place}"


def _replicates(section: SweepSection, where: str) -> list[_Setting]:
    """The replicates as settings; one without a name or a setting where there are none. Raises RequestError."""
    for name, values in section.replicates.items():
        for key in values:
            if not key.startswith("models."):
                # Rows are paired by problem: replicates attempt the same ones.
                raise RequestError(f"{where}: sweep.replicates.{name}.{key}: a replicate sets keys of models alone")
    return [_Setting(name, values) for name, values in section.replicates.items()] or [_Setting("", {})]


def _axes(given: Mapping[str, Any], where: str, at: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Keys and their values. A key may be quoted, or written as nested tables. Raises RequestError."""
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


def _setting(key: str, value: Any) -> _Setting:
    text = value if isinstance(value, str) else canonical_json(value)
    shown = text if len(text) <= 20 else content_hash(text)[:6]
    return _Setting(f"{key.rpartition('.')[2]}={shown}", {key: value})


def _with(table: Mapping[str, Any], point: _Point, where: str) -> dict[str, Any]:
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
    """The places in the table that a key means. An arm's name may hold dots: the longest name that fits is meant."""
    first, _, rest = key.partition(".")
    arms = list(table.get("arms", {})) if first == "arms" else []
    if first == "arms" and rest.startswith("*."):
        return [["arms", arm, *rest[2:].split(".")] for arm in arms]
    if named := [arm for arm in arms if rest.startswith(f"{arm}.")]:
        arm = max(named, key=len)
        return [["arms", arm, *rest[len(arm) + 1 :].split(".")]]
    return [key.split(".")]


@dataclass
class _Draft:
    """One run while points are added to it."""

    name: str
    place: str
    replicate: str
    recipe: Recipe
    arms: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name -> the arm's section as plain values."""
    known: dict[str, str] = field(default_factory=dict)
    """An arm as JSON -> its name in this run."""

    def add(self, recipe: Recipe, point: _Point, seed: int | None, several_seeds: bool) -> Iterator[Cell]:
        """Add the arms of a point with one seed. Arms that are equal to one that is there share its name."""
        sections = resolved(recipe).get("arms", {})
        named = {"base": "base"}
        for name, _ in recipe.arms_in_order():
            arm = {**sections[name], "start": named[sections[name]["start"]]}
            arm["seed"] = arm["seed"] if seed is None else seed
            line = [name]
            while (start := recipe.arms[line[-1]].start) != "base":
                line.append(start)
            # The row names what was set for the arm, or for an arm that it starts from.
            prefixes = tuple(f"arms.{member}." for member in (*line, "*"))
            label = _label(one for one in point if any(key.startswith(prefixes) for key in one.values))
            row = f"{name}.{label}" if label else name
            what = canonical_json([name, arm])
            if what not in self.known:
                self.known[what] = _free(f"{row}.s{seed}" if several_seeds else row, self.arms)
                self.arms[self.known[what]] = arm
            named[name] = self.known[what]
            yield Cell(row=row_of(row, self.place), seed=arm["seed"], run=self.name, arm=named[name])

    def run_of(self, sweep: str) -> SweepRun:
        table = resolved(self.recipe)
        table["run"]["name"] = re.sub(r"[^A-Za-z0-9_-]", "_", f"{sweep}-{self.name}")[:64]
        table["arms"] = self.arms
        recipe = new_recipe(table, f"sweep {sweep}, run {self.name}")
        return SweepRun(recipe, self.place, self.replicate)


def _draft_of(recipe: Recipe, point: _Point, replicate: str, drafts: dict[str, _Draft]) -> _Draft:
    """The run that a point belongs to, which is made where there is none yet. `drafts`: by all that the arms of a run
    share, as JSON."""
    table = resolved(recipe)
    table.pop("arms", None)
    table["run"].pop("name")
    shared = canonical_json(table)
    if shared not in drafts:
        label = _label(setting for setting in point if not all(key.startswith("arms.") for key in setting.values))
        others = list(drafts.values())
        place = _free(label or MAIN, {draft.place for draft in others if draft.replicate == replicate})
        name = _free("+".join(filter(None, (replicate, label))) or MAIN, {draft.name for draft in others})
        drafts[shared] = _Draft(name, place, replicate, recipe)
    return drafts[shared]


def _label(settings: Iterable[_Setting]) -> str:
    """Settings in a few letters that may be part of a folder's or a unit's name."""
    label = re.sub(r"[^A-Za-z0-9._+=-]", "_", "+".join(setting.label for setting in settings))
    return label if len(label) <= _LONGEST_LABEL else f"{label[:50]}-{content_hash(label)[:6]}"


def _free(name: str, taken: Container[str]) -> str:
    """`name`, or with the first number that nobody has."""
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if one not in taken)
