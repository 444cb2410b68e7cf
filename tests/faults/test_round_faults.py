"""The driver of an arm in rounds, killed again and again: it ends as if nobody had killed it, and with real engines
every episode is committed once and every policy is proven."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipeline.commands.verify import contradictions, hash_files
from pipeline.run.folder import read_run
from pipeline.stages.arms.policies import ArmRounds
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.records import Episode
from tests.faults.seed import seeded
from tests.integration.test_rounds import chains_of
from tests.integration.test_whole_path import assert_gone, children
from tests.repository import DATA, ROOT
from training.ranks.metrics import read_metrics

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.timeout(3600)]

KILLS = 10
ARM = "online"
SCRIPTED = "{ wrong = 0.5, median_s = 0.05 }"


def as_teacher() -> tuple[str, str]:
    """Settings of a student that learns as long as the smallest recipe's teacher, from other conversations. The
    recipe's own is never right, and learns nothing."""
    lines = (DATA / "smallest.toml").read_text().splitlines()
    (teacher,) = (line.removeprefix("teacher = ") for line in lines if line.startswith("teacher = "))
    return f"models.student={teacher}", "models.student.tiny.seed=3"


def command(folder: Path, rounds: int, settings: tuple[str, ...], max_staleness: int = 0) -> "subprocess.Popen[str]":
    """`chainpref run` of the smallest recipe with one arm, which learns in rounds."""
    recipe = folder.parent / "rounds.toml"
    if not recipe.exists():
        text = (DATA / "smallest.toml").read_text()
        head, _, rest = text.partition("[arms.sft]")
        arm = f'[arms.{ARM}]\nmethod = "grpo"\ngroups_per_step = 2\n'
        arm += f"rounds = {{ rounds = {rounds}, problems = 4, samples = 6, max_staleness = {max_staleness} }}\n\n"
        recipe.write_text(f"{head}{arm}[evaluation]{rest.partition('[evaluation]')[2]}")
    options = [part for setting in ("training.ranks=1", *settings) for part in ("--set", setting)]
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", "run", str(recipe), "--run", str(folder), *options],
        cwd=ROOT,
        stdout=(folder.parent / f"{folder.name}.log").open("a"),
        stderr=subprocess.STDOUT,
        text=True,
    )


def sessions(folder: Path) -> int:
    """How many commands have come to the rounds."""
    events = folder / layout.EVENTS
    return events.read_text().count('"event":"rounds"') if events.exists() else 0


def killed_at_random(
    folder: Path, rounds: int, settings: tuple[str, ...], most_s: float, max_staleness: int = 0
) -> None:
    """Kill the driver `KILLS` times inside the rounds, then let it end."""
    drawn = seeded()
    for _ in range(KILLS):
        before = sessions(folder)
        process = command(folder, rounds, settings, max_staleness)
        # From the rounds on: what comes before has tests of its own.
        while sessions(folder) == before and process.poll() is None:
            time.sleep(0.2)
        time.sleep(drawn.uniform(0, most_s))
        if process.poll() is not None:
            pytest.fail("the rounds were over before the last kill")
        family = children(process)
        process.kill()
        process.wait()
        assert_gone(family)
    last = command(folder, rounds, settings, max_staleness)
    assert last.wait() == 0, (folder.parent / f"{folder.name}.log").read_text()[-3000:]


def learnt(folder: Path, rounds: int) -> dict[str, Any]:
    """All that follows from the rounds: what the policies wrote, how the losses fell, and every policy's weights."""
    run = read_run(folder, Console(quiet=True))
    ledgers = [run.ledger(layout.round_groups(run.student, ARM, number)) for number in range(rounds)]
    rows = read_metrics(folder / layout.checkpoints(ARM) / layout.METRICS)
    return {
        "chains": [(chain.token_ids, chain.label) for ledger in ledgers for chain in chains_of(ledger)],
        "losses": [(row["step"], row["loss"]) for row in rows],
        "policies": [(folder / layout.round_model(ARM, at) / "model.safetensors").read_bytes() for at in range(rounds)],
        "weights": (run.model(ARM) / "model.safetensors").read_bytes(),
    }


def assert_verified(folder: Path) -> None:
    run = read_run(folder, Console(quiet=True))
    assert hash_files(run).faults == []
    assert list(contradictions(run)) == []


@pytest.mark.parametrize("max_staleness", [0, 2])
def test_five_rounds_killed_at_10_random_points_end_bit_equal(tmp_path: Path, max_staleness: int) -> None:
    settings = (f"engines.teacher.scripted={SCRIPTED}", f"engines.student.scripted={SCRIPTED}")
    whole = command(tmp_path / "whole", 5, settings, max_staleness)
    assert whole.wait() == 0, (tmp_path / "whole.log").read_text()[-3000:]
    killed_at_random(tmp_path / "killed", 5, settings, 25, max_staleness)
    assert learnt(tmp_path / "killed", 5) == learnt(tmp_path / "whole", 5)
    assert_verified(tmp_path / "killed")


def test_rounds_of_a_real_engine_killed_at_10_random_points(tmp_path: Path) -> None:
    rounds = 5
    # A session's first round takes 17 to 30 s on two cores: with longer waits all five are over before the last kill.
    killed_at_random(tmp_path / "killed", rounds, as_teacher(), 30, max_staleness=1)
    run = read_run(tmp_path / "killed", Console(quiet=True))
    arm = ArmRounds(run, ARM, run.recipe.arms[ARM])
    for number, units in enumerate(arm.plan().rounds):
        ledger = run.ledger(layout.round_episodes(ARM, number))
        made = [(each.problem_id, each.sample) for each in read_rows(Episode, ledger)]
        planned = [
            (problem, sample)
            for unit in units
            for problem in unit.problem_ids
            for sample in range(unit.sample_start, unit.sample_stop)
        ]
        assert sorted(made) == sorted(planned), "every attempt once"
        differences = [each.probe_difference for each in read_rows(Episode, ledger)]
        assert all(found is not None and found < 1e-3 for found in differences), "no attempt of an unproven policy"
    assert [record.number for record in arm.records()] == list(range(rounds))
    assert any(record.policy for record in arm.records()[:-2]), "a policy that was learnt, too, attempted a round"
    assert_verified(tmp_path / "killed")
