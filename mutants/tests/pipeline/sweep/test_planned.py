"""A sweep's time: what runs share is counted once."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.commands.plan import plan_command
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.outcome import stage_times
from pipeline.sweep.planned import sweep_times
from pipeline.sweep.points import load_sweep
from tests.pipeline.plan.planned import HERE
from tests.repository import RECIPES


def sweep(tmp_path: Path, axes: str) -> dict[str, Plan]:
    path = tmp_path / "sweep.toml"
    path.write_text((RECIPES / "local.toml").read_text() + f"\n[sweep]\n{axes}\n")
    return {run: make_plan(recipe, HERE, REFERENCE) for run, recipe in load_sweep(path).runs.items()}


def seconds(plans: dict[str, Plan]) -> dict[str, float]:
    return {stage.name: stage.seconds for stage in sweep_times(plans)}


def alone(plan: Plan) -> dict[str, float]:
    return {stage.name: stage.seconds for stage in stage_times(plan)}


def test_a_sweep_of_one_run_takes_what_the_run_takes(tmp_path: Path) -> None:
    plans = sweep(tmp_path, '"arms.dpo.beta" = [0.1, 0.3]')
    assert len(plans) == 1
    assert sweep_times(plans) == stage_times(next(iter(plans.values())))


def test_runs_that_differ_in_training_alone_share_everything_before_it(tmp_path: Path) -> None:
    plans = sweep(tmp_path, '"training.tokens_per_micro_step" = [8192, 16384]')
    first, second = map(alone, plans.values())
    total = seconds(plans)
    for shared in ("models", "rollout", "reference", "Ray's start and end"):
        assert total[shared] == first[shared]
    for own in ("train", "evaluate", "report"):
        assert total[own] == pytest.approx(first[own] + second[own])


def test_runs_with_other_groups_share_models_and_episodes(tmp_path: Path) -> None:
    plans = sweep(tmp_path, '"groups.max_wrong" = [2, 8]')
    first, second = map(alone, plans.values())
    total = seconds(plans)
    assert (total["models"], total["rollout"]) == (first["models"], first["rollout"])
    assert total["reference"] == pytest.approx(first["reference"] + second["reference"])


def test_runs_with_other_rollouts_share_the_tiny_models(tmp_path: Path) -> None:
    plans = sweep(tmp_path, '"rollout.samples" = [8, 16]')
    first, second = map(alone, plans.values())
    total = seconds(plans)
    assert total["models"] == first["models"]
    assert total["rollout"] == pytest.approx(first["rollout"] + second["rollout"])


def test_a_sweep_in_which_something_cannot_load_has_no_time(tmp_path: Path) -> None:
    assert sweep_times(sweep(tmp_path, '"training.ranks" = [2, 40]')) == ()


def test_a_sweep_is_planned_as_json(tmp_path: Path) -> None:
    sweep(tmp_path, '"groups.max_wrong" = [2, 8]')
    console = Console(record=True, width=300)
    plan_command(tmp_path / "sweep.toml", console, json=True)
    values = json.loads(console.export_text())
    assert len(values["runs"]) == 2
    each = [run["total_seconds"] for run in values["runs"].values()]
    assert max(each) < values["total_seconds"] < sum(each)
