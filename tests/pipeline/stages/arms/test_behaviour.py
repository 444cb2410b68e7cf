"""A round's recorded log-probabilities are held against the policy that sampled, of every arm that learns by them."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from pipeline.stages.arms import behaviour
from pipeline.stages.arms.policies import ArmRounds
from pipeline.stages.arms.round import Round
from rollout.data.group_rows import read_groups
from rollout.group_units import build_group_unit
from rollout.rounds import RoundsConfig
from tests.pipeline.commands.rounds_made import Damage, make_attempts, with_arms
from tests.repository import DATA
from tests.training.trainers.test_policy import plain_logps
from tests.training.tree.trees import tiny_model
from training.config import ArmConfig, DistillArm, DpoArm, GrpoArm, SftArm
from training.distill.examples import distill_chains
from training.selection import arm_group

ROUNDS = RoundsConfig(rounds=3, problems=3, samples=4, max_staleness=1)
MEASURED: dict[str, ArmConfig] = {
    "rewarded": GrpoArm(method="grpo", rounds=ROUNDS),
    "sampled": DistillArm(method="distill", compare="sampled", rounds=ROUNDS),
}
OTHERS: dict[str, ArmConfig] = {
    "vocabulary": DistillArm(method="distill", rounds=ROUNDS),
    "likeliest": DistillArm(method="distill", compare="top_k", rounds=ROUNDS),
    "pairs": DpoArm(method="dpo", rounds=ROUNDS),
    "copied": SftArm(method="sft", rounds=ROUNDS),
}


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's tasks run here."""

    def remote(function: Any) -> Any:
        return SimpleNamespace(options=lambda **options: SimpleNamespace(remote=function))

    monkeypatch.setattr("ray.remote", remote)
    monkeypatch.setattr("cluster.jobs.session.results", list)
    monkeypatch.setattr(behaviour, "await_ranks", lambda run, ranks: None)


def attempted(folder: Path, name: str, arm: ArmConfig) -> Round:
    """A round of the arm whose groups are built, attempted by a model of its own."""
    shutil.copytree(DATA / "run-f013669", folder / "run")
    run = with_arms(folder / "run", {name: arm})
    each = Round(ArmRounds(run, name, arm), [])
    make_attempts(each, Damage())
    for work in each.group_works():
        build_group_unit(work)
    return each


@pytest.mark.parametrize("name", MEASURED)
def test_it_is_the_mean_over_what_all_episodes_wrote(name: str, tmp_path: Path, in_process: None) -> None:
    each = attempted(tmp_path, name, MEASURED[name])
    model = tiny_model("llama", vocab_size=len(AutoTokenizer.from_pretrained(DATA / "student")))
    model.save_pretrained(tmp_path / "policy")
    each.policy = str(tmp_path / "policy")
    off = tokens = 0.0
    plain = DistillArm(method="distill", rounds=ROUNDS)
    for group in read_groups(each.run.ledger(each.groups)):
        found = distill_chains(arm_group(group, plain), plain)
        assert found is not None
        for chain, logps, times in found.sampled:
            off += times * float((plain_logps(model, chain).detach() - torch.tensor(logps)).abs().sum())
            tokens += times * chain.length
    assert behaviour.behaviour_difference(each) == pytest.approx(off / tokens, rel=1e-3)


@pytest.mark.parametrize("name", OTHERS)
def test_arms_that_do_not_learn_by_them_have_none(name: str) -> None:
    each: Any = SimpleNamespace(arm=OTHERS[name], run=None)
    assert behaviour.behaviour_difference(each) is None
