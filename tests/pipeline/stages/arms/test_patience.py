"""What patience changes: which rounds come, and which policy is kept; and where it would change nothing."""

import itertools
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from cluster.errors import RequestError
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from rollout.data import layout
from rollout.rounds import RoundsConfig
from tests.pipeline.plan.planned import planned
from tests.repository import RECIPES
from training.config import SftArm


def outcome(run: Run, config: dict[str, Any], shares: Sequence[int]) -> tuple[int, str]:
    """How many rounds come, and the policy that is kept, where so many of ten attempts of each round are right. The
    settings are not validated."""
    arm = SftArm(method="sft").model_copy(update={"rounds": RoundsConfig.model_construct(**config)})
    rounds, records = ArmRounds(run, "own", arm), list[RoundRecord]()
    while not rounds.ended(records):
        at = len(records)
        record = RoundRecord(number=at, outcomes={"right": shares[at], "wrong": 10 - shares[at]}, tokens=0)
        best = rounds.best([*records, record])
        policy = "" if best >= 0 else layout.round_model("own", at)
        records.append(msgspec.structs.replace(record, best=best, policy=policy))
    return len(records), rounds.final(records)


@pytest.mark.parametrize(("count", "stale"), [(n, stale) for n in range(1, 6) for stale in range(n)])
def test_patience_is_refused_where_it_changes_nothing_and_nowhere_else(tmp_path: Path, count: int, stale: int) -> None:
    run = Run(recipe=load_recipe(RECIPES / "local.toml"), folder=tmp_path, console=Console(quiet=True))
    settings = {"rounds": count, "max_staleness": stale}
    courses = list(itertools.product(range(3), repeat=count))
    plain = [outcome(run, settings, shares) for shares in courses]
    for patience in (1, 2, 9):
        patient = settings | {"patience": patience}
        changes = [outcome(run, patient, shares) for shares in courses] != plain
        refusal = rf"patience = {patience}: {count} rounds.* set rounds to {stale + 3} at least"
        with nullcontext() if changes else pytest.raises(ValueError, match=refusal):
            RoundsConfig(**patient)


def test_patience_is_refused_where_every_round_has_the_same_problems() -> None:
    arm = 'arms.own={{ method = "sft", rounds = {{ fresh = false, patience = {} }} }}'
    with pytest.raises(RequestError, match=r"arms.own.*patience = 2: with fresh = false .* leave patience out"):
        load_recipe(RECIPES / "local.toml", [arm.format(2)])
    load_recipe(RECIPES / "local.toml", [arm.format(0)])


@pytest.mark.parametrize(
    ("rounds", "said"),
    [
        ("rounds = 2, problems = {most}", ""),
        ("rounds = 9, problems = 1, fresh = false", ""),
        ("rounds = 4, problems = {most}", "4 x {most} problems are more than the {all} train problems; from r002 on"),
        ("rounds = 4, problems = {most}, patience = 1", "learnt from before, and patience measures policies on these"),
        ("rounds = 3, problems = {half}", "3 x {half} problems are more than the {all} train problems; from r001 on"),
        ("rounds = 2, problems = 100000", "so that each round attempts all of them; from r001 on"),
        ("rounds = 1, problems = 100000", "so that each round attempts all of them; raise"),
        ("fresh = false, problems = 100000", "problems = 100,000 are more than the {all} train problems, so that each"),
    ],
)
def test_the_plan_says_where_problems_come_again(rounds: str, said: str) -> None:
    there = sum(family.train for family in load_recipe(RECIPES / "local.toml").problems.values())
    numbers = {"all": there, "most": there // 2, "half": there // 2 + 1}
    arm = f'arms.own={{ method = "sft", rounds = {{ {rounds.format(**numbers)} }} }}'
    notes = [note for note in planned("local", "", arm).notes if note.startswith("arms.own.rounds")]
    assert len(notes) == bool(said)
    assert all(said.format(**numbers) in note for note in notes)
