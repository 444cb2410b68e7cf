"""What a run of a sweep takes over from one that is there: files that it would make just the same, as hard links.

Everything that is taken over is immutable (commit records, shards, models, problems, the plan) and named by its content
or its unit, so a link is as good as a copy; across file systems and buckets it is copied. Episodes keep the generation
that made them. The run that they are taken from is only read.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.errors import ChainprefError
from cluster.store.atomic import atomic_file, sync
from cluster.store.storage import Store
from pipeline.recipe import Recipe, resolved
from pipeline.run.folder import Run
from pipeline.stages import groups, models, rollout
from rollout.data import layout


@dataclass(frozen=True)
class _Layer:
    """Files that follow from a part of the recipe."""

    name: str
    decides: Callable[[Mapping[str, Any]], Any]
    """The part of the resolved recipe that they follow from."""
    stored: Callable[[Run], tuple[str, ...]]
    """Paths and prefixes in the run's store."""
    models: tuple[str, ...]
    complete: Callable[[Run], bool]


def _decides_episodes(table: Mapping[str, Any]) -> Any:
    tiny = [model.get("tiny") for model in (table["models"]["teacher"], table["models"]["student"])]
    return [
        table["run"]["seed"],
        table["problems"],
        table["episodes"],
        table["rollout"],
        table["engines"]["teacher"],
        table["models"]["teacher"],
        table["models"]["tokenizer"] if any(tiny) else None,
        table["evaluation"].get("split"),
    ]


def _decides_base(table: Mapping[str, Any]) -> Any:
    return [_decides_episodes(table), table["models"]["student"], table["models"]["student_name"]]


def _decides_groups(table: Mapping[str, Any]) -> Any:
    return [_decides_base(table), table["groups"]]


def _rolled_out(run: Run) -> bool:
    """Whether all episodes are there; whether their shards are compacted is each run's own affair."""
    return run.store.exists(layout.PLAN) and not rollout.missing_units(run)


# The plan comes last of all: once it is there, nothing more is taken over, so that a command that was killed meanwhile
# takes up again where it was.
_LAYERS = (
    _Layer("base", _decides_base, lambda run: (), ("base",), models.complete),
    _Layer(
        "groups",
        _decides_groups,
        lambda run: (layout.groups(run.student), layout.reference(run.student)),
        (),
        groups.complete,
    ),
    _Layer(
        "episodes",
        _decides_episodes,
        lambda run: (layout.PROBLEMS, layout.EPISODES, layout.PLAN),
        ("teacher",),
        _rolled_out,
    ),
)


def take_over(run: Run, sources: list[Run]) -> None:
    """Link into `run` what one of `sources` has complete and `run` would make just the same. Once: before its plan."""
    if run.store.exists(layout.PLAN):
        return
    for source in sources:
        taken = [layer for layer in _LAYERS if _fits(layer, source, run.recipe)]
        if taken and taken[-1] is _LAYERS[-1]:
            for layer in taken:
                for name in layer.models:
                    _link(source.model(name), run.model(name))
                for prefix in layer.stored(source):
                    _copy(source.store, run.store, prefix)
            names = [layer.name for layer in taken]
            run.events.add("taken over", source=str(source.folder), what=names)
            run.console.print(f"  {', '.join(names)} taken over from {source.folder}", highlight=False, soft_wrap=True)
            return


def shared_layers(recipe: Recipe, earlier: Sequence[Recipe]) -> tuple[str, ...]:
    """Names of the layers that a run takes over from the first of the `earlier` runs that has its episodes, once those
    runs are complete."""
    wanted = resolved(recipe)
    for source in earlier:
        there = resolved(source)
        layers = tuple(layer.name for layer in _LAYERS if layer.decides(there) == layer.decides(wanted))
        if _LAYERS[-1].name in layers:
            return layers
    return ()


def _fits(layer: _Layer, source: Run, recipe: Recipe) -> bool:
    if layer.decides(resolved(source.recipe)) != layer.decides(resolved(recipe)):
        return False
    try:
        return layer.complete(source)
    except ChainprefError:
        return False


def _copy(source: Store, target: Store, prefix: str) -> None:
    """All that is stored at or below `prefix`."""
    here, there = source.local(), target.local()
    if here is not None and there is not None:
        _link(here / prefix, there / prefix)
        return
    for path in [prefix] if source.exists(prefix) else source.list(prefix):
        target.create(path, source.read(path))


def _link(source: Path, target: Path) -> None:
    """Link a file, or all files below a folder; copy them where links are not possible. What is there stays."""
    if source.is_dir():
        for path in sorted(source.iterdir()):
            _link(path, target / path.name)
        if target.is_dir():
            sync(target)
    elif source.is_file() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            with source.open("rb") as original, atomic_file(target, replace=True) as copy:
                shutil.copyfileobj(original, copy)
