"""A recipe without arms and without held-out problems: rollouts and groups, and then the run is complete."""

from pathlib import Path

from rich.console import Console

from cluster.config import load_toml, parse
from pipeline.recipe import Recipe
from pipeline.run.folder import Run
from pipeline.run.recipes import written
from pipeline.run.workload import make_workload
from pipeline.stages import evaluate, report, train
from rollout.data import layout
from tests.repository import RECIPES

LOCAL = RECIPES / "local.toml"


def test_what_is_not_asked_for_is_complete(tmp_path: Path) -> None:
    table = load_toml(LOCAL)
    del table["arms"]
    for family in table["problems"].values():
        family |= {"train": 4, "test": 0}
    console = Console(record=True, width=200)
    recipe = parse(Recipe, table, "the recipe")
    (tmp_path / layout.RECIPE).write_bytes(written(recipe, "test"))
    run = Run(recipe=recipe, folder=tmp_path, console=console)
    assert not report.complete(run)
    make_workload(run)
    assert all(stage.complete(run) for stage in (train, evaluate, report))
    report.show(run)
    assert "nothing is scored" in console.export_text()
