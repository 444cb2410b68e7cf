"""Arms that go through rounds together: none holds up another. Their rounds have ended; nothing is attempted."""

from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from cluster.errors import WorkError
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.stages import train
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from rollout.data import layout
from tests.repository import DATA

ROUNDS = "rounds = { rounds = 1, problems = 2, samples = 4 }"
ARMS = (
    f'arms.idle={{ method = "dpo", {ROUNDS} }}',
    f'arms.grpo={{ method = "grpo", {ROUNDS} }}',
    f'arms.behind={{ method = "sft", start = "grpo", {ROUNDS} }}',
    f'arms.after_idle={{ method = "sft", start = "idle", {ROUNDS} }}',
)
SCRIPTED = ("engines.teacher.scripted={}", "engines.student.scripted={}")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run whose arms have ended their only round: `idle` learnt nothing in it."""
    whole = load_recipe(DATA / "smallest.toml", [*ARMS, *SCRIPTED])
    recipe = whole.model_copy(
        update={"arms": {name: whole.arms[name] for name in ("idle", "grpo", "behind", "after_idle")}}
    )
    run = Run(recipe=recipe, folder=tmp_path, console=Console(quiet=True))
    ended = RoundRecord(number=0, outcomes={"right": 1, "wrong": 7}, tokens=100, steps=2, trained_tokens=50.0)
    run.model("base").mkdir(parents=True)
    for name in ("idle", "grpo", "behind"):
        policy = "" if name == "idle" else layout.round_model(name, 0)
        if policy:
            (run.folder / policy).mkdir(parents=True)
            (run.folder / policy / "config.json").write_text(name)
        ArmRounds(run, name, recipe.arms[name]).keep(msgspec.structs.replace(ended, policy=policy))
    return run


def test_an_arm_that_learnt_nothing_holds_up_no_other(run: Run) -> None:
    for _ in range(2):  # also a second try, which finds the others done
        with pytest.raises(WorkError, match=r"^arm idle: in no round was there a chain .* take arms\.idle out of the"):
            train.work(run)
        for name in ("grpo", "behind"):
            assert (run.model(name) / "config.json").read_text() == name
        assert not run.model("idle").exists()
        assert not run.model("after_idle").exists()
    trained = [row["arm"] for row in run.events.read() if row["event"] == "arm trained"]
    assert trained == ["grpo", "behind"]
