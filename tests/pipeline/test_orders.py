"""The orders of a shop that recipes name: each row asks for something, and its gold calls do it, on the server."""

from pathlib import Path

import pytest

from pipeline.recipe import load_recipe
from rollout.problems import everything
from rollout.problems.checking import check_golds
from tests.pipeline.plan.planned import RECIPES

RECIPE_FILES = (RECIPES / "worlds-local.toml", RECIPES.parent / "docs" / "examples" / "orders.toml")


@pytest.mark.parametrize("recipe", RECIPE_FILES, ids=lambda path: path.stem)
def test_every_row_is_sound_and_not_those_alone_that_a_run_executes(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(RECIPES.parent)
    rows = everything(load_recipe(recipe).problems["orders"]).splits
    problems = [problem for of_split in rows.values() for problem in of_split]
    report = check_golds(problems)
    assert report.faults == ()
    assert report.executed == report.needing_work == len(problems) >= 36
