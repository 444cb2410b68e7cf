"""What a round learns from: which chains its groups hold, and whether there is anything to learn."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.run.folder import Run
from pipeline.stages.arms.policies import ArmRounds
from pipeline.stages.arms.round import Round
from tests.pipeline.commands.rounds_made import Damage, make_attempts, with_arms
from tests.repository import DATA
from training.config import DpoArm, GrpoArm, RoundsConfig

ROUNDS = RoundsConfig(rounds=2, problems=2, samples=3)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    shutil.copytree(DATA / "run-f013669", tmp_path / "run")
    return with_arms(tmp_path / "run")


def test_groups_of_rewards_hold_chains_that_are_too_long(run: Run) -> None:
    """The mean of a group is of all; what is too long is left out of the loss, in training."""
    cut = run.recipe.groups.model_copy(update={"max_tokens": 100})
    run = replace(run, recipe=run.recipe.model_copy(update={"groups": cut}))
    held = {}
    for arm in (GrpoArm(method="grpo", rounds=ROUNDS), DpoArm(method="dpo", rounds=ROUNDS)):
        each = Round(ArmRounds(run, f"cut-{arm.method}", arm), [])
        make_attempts(each, Damage())
        held[arm.method] = ({work.groups.max_tokens for work in each.group_works()}, each.max_tokens)
    assert held == {"grpo": ({0}, 100), "dpo": ({100}, 0)}
