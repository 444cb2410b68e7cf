"""What a run of a sweep takes over from an earlier run: files that it would make just the same, as hard links.

Everything that is taken over is immutable (commit records, shards, models, problems, the plan) and named by its content
or its unit, so a link is as good as a copy; across file systems and buckets it is copied. Episodes keep the generation
that made them. The earlier run is only read.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cluster.errors import ChainprefError
from cluster.store.atomic import atomic_file, sync
from cluster.store.ledger import LEDGER_PARTS
from pipeline.recipe import Recipe
from pipeline.run.folder import Run
from pipeline.run.workload import outgrown, read_workload, take_plan
from pipeline.stages import groups, models, rollout
from rollout.data import layout


def take_over(run: Run, sources: list[Run]) -> None:
    """Link into `run` what the first of `sources` that has its episodes would make just the same.

    The plan is written last: once it is there, nothing more is taken over, so a command that was killed meanwhile takes
    over the rest.
    """
    if run.planned:
        return
    for source in sources:
        layers = [layer for layer in _same(run.recipe, source.recipe) if _complete(layer, source)]
        if "episodes" not in layers:
            continue
        if "base" in layers:
            link(source.model("base"), run.model("base"))
        link(source.model("teacher"), run.model("teacher"))
        groups_too = [layout.groups(source.student), layout.reference(source.student)] if "groups" in layers else []
        # Below the same prefixes lie the rounds of the source's own arms, which stay where they are.
        parts = (*LEDGER_PARTS, layout.DATASET_STATE, layout.DATASET_INFO)
        prefixes = [f"{ledger}/{part}" for ledger in (*groups_too, layout.EPISODES) for part in parts]
        for prefix in (*prefixes, layout.PROBLEMS):
            here, there = source.store.local(prefix), run.store.local(prefix)
            if here is not None and there is not None:
                link(here, there)
            else:
                for path in [prefix] if source.store.exists(prefix) else source.store.list(prefix):
                    run.store.create(path, source.store.read(path))
        take_plan(run, read_workload(source))
        run.events.add("taken over", source=str(source.folder), what=layers)
        run.console.out(f"  {', '.join(layers)} taken over from {source.folder}")
        return


def shared_layers(recipe: Recipe, earlier: Sequence[Recipe]) -> tuple[str, ...]:
    """What a run will take over from the first of the `earlier` runs that has its episodes, once that is complete."""
    return next((tuple(layers) for source in earlier if (layers := _same(recipe, source))), ())


def _same(recipe: Recipe, source: Recipe) -> list[str]:
    """The layers (base, groups, episodes) that both recipes make the same; none where the episodes differ."""
    if _decides_episodes(recipe) != _decides_episodes(source):
        return []
    ours, theirs = recipe.models, source.models
    if (ours.student, ours.student_name) != (theirs.student, theirs.student_name):
        return ["episodes"]
    return ["base", "groups", "episodes"] if recipe.groups == source.groups else ["base", "episodes"]


def _decides_episodes(recipe: Recipe) -> tuple[Any, ...]:
    """The parts of a recipe that episodes follow from."""
    made = recipe.models.teacher.tiny or recipe.models.student.tiny
    return (
        recipe.run.seed,
        recipe.problems,
        recipe.episodes,
        recipe.rollout,
        recipe.engines.teacher,
        recipe.models.teacher,
        recipe.models.tokenizer if made else None,
        recipe.evaluation.split,
    )


def _complete(layer: str, source: Run) -> bool:
    try:
        if layer == "episodes":  # whether their shards are compacted does not matter
            return source.planned and not outgrown(source) and not rollout.missing_units(source)
        return models.complete(source) if layer == "base" else groups.complete(source)
    except ChainprefError:
        return False


def link(source: Path, target: Path) -> None:
    """Link a file, or all files below a folder; copy them where links are not possible. What is there stays."""
    if source.is_dir():
        for path in sorted(source.iterdir()):
            link(path, target / path.name)
        if target.is_dir():
            sync(target)
    elif source.is_file() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            with source.open("rb") as original, atomic_file(target, replace=True) as copy:
                shutil.copyfileobj(original, copy)
