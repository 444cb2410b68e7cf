"""The run that a relabelling makes: the parent's recipe, problems, models and plan, under a name of its own."""

import hashlib
import importlib
import itertools
import re
from pathlib import Path

import msgspec

import rollout.checkers
from cluster.config import parse
from cluster.errors import CorruptionError, RequestError
from cluster.store.digests import SUMS, checked, sealed, write_sums
from pipeline.recipe import GIVEN_MODELS, Recipe, resolved
from pipeline.run.folder import Run, read_run
from pipeline.run.workload import outgrown, read_workload, suite_problems, train_problems, write_plan
from pipeline.sweep.sharing import link
from rollout.checkers.worlds import WORLD
from rollout.data import layout
from rollout.hosts.episode_units import in_generation
from rollout.records import content_hash
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.source import hash_of_code, hash_of_files

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Judges(msgspec.Struct, frozen=True, kw_only=True):
    """RUN/relabel.json: whose episodes are judged again, and with what."""

    source: str
    """The parent's folder."""
    parent: str
    """The parent's id."""
    toolboxes: dict[str, str]
    """Toolbox -> its hash."""
    checkers: dict[str, str]
    """Checker -> hash of its code."""


def new_recipe(source: Run, out: Path) -> Recipe:
    """The parent's recipe under the name of the folder `out`, its parent named. Raises RequestError for a bad name."""
    if not _NAME.fullmatch(out.name):
        raise RequestError(f"--out {out}: the folder's name is the run's; use letters, digits, dashes and underscores")
    if out.absolute() == source.folder:
        raise RequestError(f"--out {out}: is the run itself, whose labels stay; name another folder")
    table = resolved(source.recipe)
    table["run"] |= {"name": out.name, "directory": str(out.absolute().parent), "parent": source.recipe.run.name}
    # A bucket holds one run; the new one lies in its folder.
    table["run"].pop("store", None)
    return parse(Recipe, table, f"recipe of {source.folder}")


def judges_of(source: Run) -> Judges:
    """The toolboxes and checkers of today that the run's problems name. Raises RequestError for one that does not
    load."""
    problems = list(itertools.chain(train_problems(source), *suite_problems(source).values()))
    return Judges(
        source=str(source.folder),
        parent=source.id,
        toolboxes={name: load_toolbox(name).hash for name in sorted({problem.toolbox for problem in problems})},
        checkers={name: _checker_hash(name) for name in sorted({problem.checker for problem in problems})},
    )


def refuse_growth(source: Run, out: Path) -> None:
    """Raise RequestError for a parent that is to grow, or has grown since the run in `out` was begun."""
    if outgrown(source):
        raise RequestError(f"run {source.folder}: its recipe asks for more than is planned; `chainpref run` it first")
    if (out / layout.RELABEL).exists():
        run = read_run(out, source.console)
        wanted = {in_generation(unit, run.id) for unit in read_workload(source).episode_units}
        if run.planned and not wanted <= set(read_workload(run).episode_units):
            raise RequestError(f"run {out}: its parent has grown since it was begun; give --out another folder")


def begin(source: Run, run: Run, judges: Judges) -> None:
    """Write problems, models and plan into the new run. What is there stays; the plan is written last.

    Raises RequestError when the run was begun with other toolboxes or checkers, whose labels must not be mixed.
    """
    store = run.store
    store.create(layout.RELABEL, sealed(msgspec.json.format(msgspec.json.encode(judges), indent=1), "json"))
    begun = read_judges(run)
    if begun != judges:
        changed = [
            name
            for old, new in ((begun.toolboxes, judges.toolboxes), (begun.checkers, judges.checkers))
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
        what = ", ".join(changed) or "another parent run"
        raise RequestError(f"run {run.folder}: was begun with another {what}; give --out another folder")
    planned = read_workload(source)
    units = tuple(in_generation(unit, run.id) for unit in planned.episode_units)
    if run.planned:
        return
    for name in GIVEN_MODELS:
        link(source.model(name), run.model(name))
        if run.model(name).is_dir() and not (run.model(name) / SUMS).exists():
            write_sums(run.model(name))  # an earlier version made it
    files = {}
    for path in source.store.list(layout.PROBLEMS):
        data = source.store.read(path)
        store.create(path, data)
        files[path] = hashlib.sha256(data).hexdigest()
    workload = msgspec.structs.replace(
        planned,
        generation=run.id,
        parent=source.id,
        episode_units=units,
        recipe=run.recipes[-1].number,
        files=files,
    )
    write_plan(run, layout.PLAN, workload)


def read_judges(run: Run) -> Judges:
    """RUN/relabel.json. Raises CorruptionError when it is broken."""
    try:
        data = checked(run.store.read(layout.RELABEL), str(run.folder / layout.RELABEL), "begin again in a new folder")
        return msgspec.json.decode(data, type=Judges)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptionError(
            f"{run.folder / layout.RELABEL} is broken ({error}); begin again in a new folder"
        ) from None


def _checker_hash(name: str) -> str:
    """Hash of a checker's code: all of `rollout.checkers`, or the module of a user's function."""
    module, _, function = name.removeprefix(f"{WORLD}:").partition(":")
    if not rollout.checkers.is_users(name):
        files = sorted(Path(rollout.checkers.__file__).parent.glob("*.py"))
        return content_hash(name, hash_of_files(*map(str, files)))
    try:
        return hash_of_code(getattr(importlib.import_module(module), function))
    except (ImportError, AttributeError) as error:
        raise RequestError(f"checker {name!r}: cannot be imported ({error}); put its file where Python looks") from None
