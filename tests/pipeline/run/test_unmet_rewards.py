"""Rewards that can give nothing are refused by a plan, and by a run before it makes anything."""

from pathlib import Path

import pytest
from rich.console import Console

from cluster.config import load_toml
from cluster.errors import RequestError
from pipeline.commands.plan import plan_command
from pipeline.recipe import load_recipe
from pipeline.run.findings import refuse_rewards, worlds_among
from pipeline.run.folder import Run
from pipeline.stages.execute import run_all
from rollout.problems import FamilyConfig, generate
from tests.repository import RECIPES

LOST = 'function = { name = "no.such:fn", weight = 0.5 }'
WHY = r"^arms\.own\.rewards\.function: reward 'no.such:fn': No module named 'no'"


def own(rules: str) -> str:
    return f'arms.own={{ method = "grpo", rounds = {{}}, rewards = {{ {rules} }} }}'


@pytest.mark.parametrize(
    ("rules", "why"),
    [(LOST, WHY), ("label = 0.0, world = 1.0", r"^arms\.own\.rewards\.world = 1\.0: no train problem has a world")],
)
def test_a_plan_refuses_them(rules: str, why: str) -> None:
    with pytest.raises(RequestError, match=why):
        plan_command(RECIPES / "local.toml", Console(quiet=True), settings=[own(rules)])


def test_a_run_refuses_a_function_that_is_not_there_before_it_makes_anything(tmp_path: Path) -> None:
    recipe = load_recipe(RECIPES / "local.toml", [own(LOST)])
    with pytest.raises(RequestError, match=WHY):
        run_all(Run(recipe=recipe, folder=tmp_path, console=Console(quiet=True)))
    assert list(tmp_path.iterdir()) == []


def test_a_function_whose_module_fails_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_reward.py").write_text("few = 1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    recipe = load_recipe(RECIPES / "local.toml", [own('function = { name = "broken_reward:few", weight = 0.5 }')])
    with pytest.raises(RequestError, match="importing broken_reward raised ZeroDivisionError: division by zero; mend"):
        refuse_rewards(recipe.arms, None)


def test_worlds_are_rewarded_where_a_train_problem_has_one_or_may_have_one() -> None:
    family = FamilyConfig.model_validate(load_toml(RECIPES / "worlds-local.toml")["problems"]["orders"])
    alone = load_recipe(RECIPES / "local.toml", [own("world = 0.5")])
    recipe = alone.model_copy(update={"problems": alone.problems | {"orders": family}})
    orders = generate(family, "train")
    of_answers = generate(alone.problems["arithmetic"].first("train", 4), "train")
    assert worlds_among(recipe, [*of_answers, *orders[:1]]) is True
    assert worlds_among(alone, of_answers) is False
    away = FamilyConfig(family="hub", path="nobody/nothing", hub=True, toolbox="arithmetic", train=2)
    assert worlds_among(alone.model_copy(update={"problems": alone.problems | {"away": away}}), of_answers) is None
    for worlds in (True, None):
        refuse_rewards(alone.arms, worlds)
    with pytest.raises(RequestError, match="leave it out, or take problems with a checker of worlds"):
        refuse_rewards(alone.arms, False)
