"""Rounds that stop because the arm wrote enough tokens, or took long enough."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.errors import RequestError
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from rollout.data import layout
from rollout.rounds import RoundsConfig
from tests.repository import RECIPES
from training.config import GrpoArm


def rounds(folder: Path, **settings: Any) -> ArmRounds:
    run = Run(recipe=load_recipe(RECIPES / "local.toml"), folder=folder, console=Console(quiet=True))
    return ArmRounds(run, "own", GrpoArm(method="grpo", rounds=RoundsConfig(**settings)))


def record(number: int, best: int = -1) -> RoundRecord:
    """A round of 100 tokens, 10 of them with help, that took 30 s."""
    policy = layout.round_model("own", number)
    outcomes = {"right": 9 - number, "wrong": 1}
    return RoundRecord(
        number=number, outcomes=outcomes, tokens=90, helped_tokens=10, seconds=30.0, policy=policy, best=best
    )


@pytest.mark.parametrize(
    ("settings", "count", "why"),
    [
        ({}, 4, ""),
        ({"max_own_tokens": 1}, 1, "100 tokens are written (max_own_tokens = 1)"),
        ({"max_own_tokens": 200}, 2, "200 tokens are written (max_own_tokens = 200)"),
        ({"max_own_tokens": 201}, 3, "300 tokens are written (max_own_tokens = 201)"),
        ({"max_own_tokens": 400}, 4, ""),
        ({"max_seconds": 30.5}, 2, "they took 60 s (max_seconds = 30.5)"),
        ({"max_seconds": 1e6, "max_own_tokens": 300}, 3, "300 tokens are written (max_own_tokens = 300)"),
    ],
)
def test_no_round_begins_beyond_a_budget(tmp_path: Path, settings: dict[str, Any], count: int, why: str) -> None:
    arm, records = rounds(tmp_path, rounds=4, **settings), list[RoundRecord]()
    while not arm.ended(records):
        records.append(record(len(records)))
    assert (len(records), arm.stopped(records)) == (count, why)
    assert arm.final(records).endswith(layout.round_model("own", count - 1)), "the last policy is kept"


def test_rounds_of_older_versions_took_no_time_that_is_known(tmp_path: Path) -> None:
    arm = rounds(tmp_path, rounds=4, max_seconds=1.0)
    assert not arm.ended([RoundRecord(number=0, outcomes={}, tokens=0)])


def test_patience_speaks_first_and_its_best_policy_is_kept(tmp_path: Path) -> None:
    arm = rounds(tmp_path, rounds=4, patience=1, max_own_tokens=300)
    worse = [record(0), record(1), record(2, best=1)]
    assert arm.stopped(worse) == "the best policy attempted round 1"
    assert arm.stopped(worse[:2]) == ""


@pytest.mark.parametrize("setting", ["max_own_tokens = 0", "max_seconds = 0.0", "max_seconds = -1.0"])
def test_a_budget_of_nothing_is_refused(setting: str) -> None:
    with pytest.raises(RequestError, match=rf"arms\.own.*{setting.split()[0]}"):
        load_recipe(RECIPES / "local.toml", [f'arms.own={{ method = "grpo", rounds = {{ {setting} }} }}'])
