"""A recipe with BFCL's whole categories is the recipe, and sections that hold all that can be solved."""

from pathlib import Path

import pytest
import tomli_w

from benchmarks.bfcl.whole import with_whole_categories
from pipeline.recipe import load_recipe, resolved

RECIPE = Path("recipes/smollm2.toml")
WHOLE = {"simple_python": 400, "multiple": 200, "parallel": 200, "parallel_multiple": 198, "irrelevance": 240}


@pytest.mark.real
@pytest.mark.parametrize("of_a_run", [False, True])
def test_only_sections_of_whole_categories_are_added(tmp_path: Path, of_a_run: bool) -> None:
    recipe = RECIPE
    if of_a_run:
        recipe = tmp_path / "recipe.toml"
        recipe.write_text(tomli_w.dumps({"code": {"version": "1"}, "recipe": resolved(load_recipe(RECIPE))}))
    (tmp_path / "whole.toml").write_text(with_whole_categories(recipe, ["base", "sft+dpo"]))
    whole, drawn = load_recipe(tmp_path / "whole.toml"), load_recipe(recipe)
    added = {name: each for name, each in whole.problems.items() if name not in drawn.problems}
    assert {name: each.test for name, each in added.items()} == {f"bfcl_{task}_whole": n for task, n in WHOLE.items()}
    assert all(each.models == ("base", "sft+dpo") and each.samples == 0 for each in added.values())
    assert whole.model_copy(update={"problems": drawn.problems}) == drawn


@pytest.mark.real
def test_a_model_that_the_recipe_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has no model grpo; it has teacher, base, sft, dpo"):
        with_whole_categories(RECIPE, ["base", "grpo"])


def test_a_recipe_without_bfcl_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has no section \[problems.bfcl_CATEGORY\]"):
        with_whole_categories(Path("recipes/local.toml"), ["base"])
