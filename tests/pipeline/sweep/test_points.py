"""A sweep's expansion: few runs, no arm twice, names that say what was set; wrong ones refused in one line."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import RequestError
from pipeline.recipe import load_recipe
from pipeline.sweep.points import load_sweep, plan_sweep
from tests.repository import ROOT

SWEEPS = sorted(path for path in (ROOT / "recipes").rglob("*.toml") if "\n[sweep" in path.read_text())
LOCAL = (ROOT / "recipes" / "local.toml").read_text()


def table(sweep: dict[str, Any]) -> dict[str, Any]:
    return {**tomllib.loads(LOCAL), "sweep": sweep}


def test_arms_that_differ_in_arms_alone_share_one_run() -> None:
    plan = plan_sweep(table({"seeds": [0, 1], "arms.dpo.beta": [0.1, 0.3]}), "here")
    assert list(plan.runs) == ["main"]
    arms = plan.runs["main"].recipe.arms
    # sft and sft+dpo do not depend on the beta of dpo, and are trained once a seed.
    assert set(arms) == {
        *(f"{name}.s{seed}" for name in ("sft", "sft+dpo", "dpo.beta=0.1", "dpo.beta=0.3") for seed in (0, 1)),
    }
    assert {arms[name].seed for name in arms if name.endswith("s1")} == {1}
    assert arms["sft+dpo.s1"].start == "sft.s1"
    assert {cell.row for cell in plan.cells} == {"sft", "sft+dpo", "dpo.beta=0.1", "dpo.beta=0.3"}
    assert len(plan.cells) == 8


def test_an_arm_follows_what_is_set_for_the_arm_that_it_starts_from() -> None:
    plan = plan_sweep(table({"arms.sft.learning_rate": [1e-5, 5e-5]}), "here")
    arms = plan.runs["main"].recipe.arms
    assert arms["sft+dpo.learning_rate=1e-05"].start == "sft.learning_rate=1e-05"
    assert arms["sft+dpo.learning_rate=5e-05"].start == "sft.learning_rate=5e-05"
    assert "dpo" in arms
    assert len(arms) == 5


def test_a_star_stands_for_every_arm() -> None:
    arms = plan_sweep(table({"arms.*.learning_rate": [1e-5]}), "here").runs["main"].recipe.arms
    assert {arm.learning_rate for arm in arms.values()} == {1e-5}


def test_what_differs_elsewhere_is_a_run_of_its_own() -> None:
    variants = {"few": {"groups.max_right": 1}, "hot": {"rollout.temperature": 1.3, "arms.dpo.beta": 0.5}}
    plan = plan_sweep(table({"run.seed": [0, 1], "variants": variants}), "here")
    assert list(plan.runs) == ["few+seed=0", "few+seed=1", "hot+seed=0", "hot+seed=1"]
    assert [run.recipe.run.seed for run in plan.runs.values()] == [0, 1, 0, 1]
    assert plan.runs["hot+seed=1"].recipe.rollout.temperature == 1.3
    assert plan.runs["hot+seed=1"].recipe.arms["dpo.hot"].beta == 0.5  # type: ignore[union-attr]
    assert {cell.row for cell in plan.cells if cell.run == "few+seed=0"} == {
        f"{name} @ few+seed=0" for name in ("sft", "dpo", "sft+dpo")
    }


def test_arms_keep_their_seeds_where_none_is_asked_for() -> None:
    given = table({"arms.dpo.beta": [0.1, 0.3]})
    given["arms"]["dpo"]["seed"] = 7
    plan = plan_sweep(given, "here")
    assert {(cell.row, cell.seed) for cell in plan.cells} >= {("dpo.beta=0.1", 7), ("sft", 0)}


@pytest.mark.parametrize("name", ["local", "smollm2"])
def test_a_recipe_with_replicates_is_the_recipe_but_for_its_name(name: str) -> None:
    plain, replicated = (
        tomllib.loads((ROOT / "recipes" / f"{each}.toml").read_text()) for each in (name, f"{name}-replicates")
    )
    assert replicated.pop("sweep")["replicates"].keys()
    assert (plain["run"].pop("name"), replicated["run"].pop("name")) == (name, f"{name}-replicates")
    assert replicated == plain


def test_replicates_are_runs_of_their_own_whose_rows_are_the_same() -> None:
    replicates = {
        f"m{seed}": {"models.teacher.tiny.seed": seed, "models.student.tiny.seed": seed + 10} for seed in (3, 4)
    }
    asked = {"plain": {"plus": ["dpo"], "minus": ["base"]}}
    plan = plan_sweep(table({"replicates": replicates, "compare": asked}), "here")
    assert list(plan.runs) == ["m3", "m4"]
    assert [run.recipe.models.teacher.tiny.seed for run in plan.runs.values()] == [3, 4]  # type: ignore[union-attr]
    assert len({repr(run.recipe.problems) + str(run.recipe.run.seed) for run in plan.runs.values()}) == 1
    assert {(cell.row, cell.run) for cell in plan.cells} == {
        (arm, run) for arm in ("sft", "dpo", "sft+dpo") for run in ("m3", "m4")
    }
    crossed = plan_sweep(table({"replicates": replicates, "groups.max_right": [1, 2]}), "here")
    assert list(crossed.runs) == ["m3+max_right=1", "m3+max_right=2", "m4+max_right=1", "m4+max_right=2"]
    assert {run.place for run in crossed.runs.values()} == {"max_right=1", "max_right=2"}


def test_questions_name_rows() -> None:
    asked = {"beta": {"plus": ["dpo.beta=0.3"], "minus": ["dpo.beta=0.1", "base"]}}
    plan = plan_sweep(table({"arms.dpo.beta": [0.1, 0.3], "compare": asked}), "here")
    assert plan.section.compare["beta"].minus == ("dpo.beta=0.1", "base")


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({"arms.dpo.betta": [0.1]}, "unknown key arms.dpo.betta; did you mean 'beta'?"),
        ({"arms.dpo.beta": [0.1, -1]}, "at beta=-1: arms.dpo.beta = -1"),
        ({"arms.dpo.beta": 0.1}, "sweep.arms.dpo.beta = 0.1: give a list of values"),
        ({"sedes": [0, 1]}, "sweep.sedes: no key of a recipe"),
        ({"seeds": ["a"]}, "seeds"),
        ({"seeds": [0], "compare": {"q": {"plus": ["nobody"], "minus": ["base"]}}}, "no row 'nobody'; there are base,"),
        (
            {"replicates": {"m": {"problems.fol.test": 9}}},
            "sweep.replicates.m.problems.fol.test: a replicate sets keys of models alone",
        ),
        ({"seeds": list(range(300))}, "900 arms in 1 runs; at most 500"),
    ],
)
def test_a_wrong_sweep_is_refused_in_one_line(sweep: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError) as caught:
        plan_sweep(table(sweep), "recipe x")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sweep_is_no_run_and_a_run_no_sweep(tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(f"{LOCAL}\n[sweep]\nseeds = [0]\narms.dpo.beta = [0.1]\n")
    assert list(load_sweep(path, ["run.name=other"]).runs) == ["main"]
    with pytest.raises(RequestError, match="run it with `chainpref sweep"):
        load_recipe(path)
    with pytest.raises(RequestError, match=r"has no \[sweep\]"):
        load_sweep(ROOT / "recipes" / "local.toml")


def examples() -> list[str]:
    text = (ROOT / "docs" / "experiments.md").read_text()
    return re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.split("\n")[1][:40])
def test_every_example_of_the_documentation_is_a_sweep_of_the_local_recipe(example: str) -> None:
    plan = plan_sweep({**tomllib.loads(LOCAL), **tomllib.loads(example)}, "docs/experiments.md")
    assert len(plan.runs) > 1 or len(plan.runs["main"].recipe.arms) > 3


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_sweep_of_the_repository_is_planned(path: Path) -> None:
    assert load_sweep(path).cells


def test_the_ablations_are_one_run_with_the_local_recipes_models_and_episodes() -> None:
    plan = load_sweep(ROOT / "recipes" / "ablations-local.toml")
    local = load_recipe(ROOT / "recipes" / "local.toml")
    recipe = plan.runs["main"].recipe
    assert list(plan.runs) == ["main"]
    for section in ("models", "problems", "episodes", "engines", "rollout", "groups", "training"):
        assert getattr(recipe, section) == getattr(local, section), section
    assert len(recipe.arms) == 12 * 3
    assert {name.split()[0] for name in plan.section.compare} == {"S8", "S10", "S11", "S15"}
    total = {name: arm.max_steps for name, arm in recipe.arms.items()}
    for name, arm in recipe.arms.items():
        whole = total[name] + (total[arm.start] if arm.start != "base" else 0)
        assert whole == (108 if name.startswith("sft+dpo") else 27 if name.startswith("sft-half.") else 54)


SAME = ("episodes", "engines", "rollout", "groups", "training")


def test_settings_are_chosen_with_other_models_and_on_another_split_than_they_are_reported_on() -> None:
    """The local recipe, three models chosen on, three reported: they differ in seeds, split and arms alone."""
    local = load_recipe(ROOT / "recipes" / "local.toml")
    chosen, reported = (load_sweep(ROOT / "recipes" / f"{name}.toml") for name in ("tune-local", "local-replicates"))
    for run in (*chosen.runs.values(), *reported.runs.values()):
        for section in SAME:
            assert getattr(run.recipe, section) == getattr(local, section), section
    seeds = [
        {(run.recipe.models.teacher.tiny.seed, run.recipe.models.student.tiny.seed) for run in sweep.runs.values()}  # type: ignore[union-attr]
        for sweep in (chosen, reported)
    ]
    assert [len(one) for one in seeds] == [3, 3]
    assert not seeds[0] & seeds[1]
    assert {run.recipe.evaluation.split for run in chosen.runs.values()} == {"validation"}
    for run in reported.runs.values():
        assert run.recipe.evaluation == local.evaluation
        assert run.recipe.problems == local.problems
        assert run.recipe.arms == local.arms


def test_rates_of_the_pretrained_student_are_chosen_with_other_conversations_and_on_another_split() -> None:
    chosen = load_recipe(ROOT / "recipes" / "smollm2-tune.toml")
    reported = [run.recipe for run in load_sweep(ROOT / "recipes" / "smollm2-replicates.toml").runs.values()]
    seeds = [
        {role.warm.seed for role in (each.models.teacher, each.models.student) if role.warm is not None}
        for each in (chosen, *reported)
    ]
    assert len(seeds[0]) == 2
    assert not any(seeds[0] & others for others in seeds[1:])
    assert chosen.evaluation.split == "validation"
    for each in reported:
        assert each.evaluation.split == "test"
        for section in SAME:
            assert getattr(chosen, section) == getattr(each, section), section
