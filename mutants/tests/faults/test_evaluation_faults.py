"""An evaluation killed at random points, and gone on with: the same set of scored samples, none twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.records import Score
from tests.faults.rollouts import ROOT, prepare
from tests.faults.seed import seeded
from tests.integration.test_whole_path import assert_gone, children

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.timeout(1500)]

RECIPE = """
[run]
name = "killed"

[models]
teacher = {{ source = "{model}" }}
student = {{ source = "{model}" }}

[problems.arithmetic]
family = "arithmetic"
test = 400
[problems.fol]
family = "fol"
test = 400

[engines.teacher]
live_episodes = 64
scripted = {{ median_s = 0.05, sigma = 0.5, wrong = 0.3 }}
[engines.student]
live_episodes = 64
scripted = {{ median_s = 0.05, sigma = 0.5, wrong = 0.6 }}

[evaluation]
samples = 3
bootstrap = 100
"""
UNITS = 2 * 2 * 8 * 2
"""Models x suites x blocks of problems x (greedy, sampled)."""


def evaluate(recipe: Path, run: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pipeline", "evaluate", str(recipe), "--run", str(run)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def records(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / layout.SCORES / "commits").glob("*.json")}


def kill(process: subprocess.Popen[str]) -> None:
    """The driver with -9; afterwards nothing of it is left, so that no host of its goes on beside the next one's."""
    family = children(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert_gone(family)


def test_killed_five_times_it_scores_every_sample_once(tmp_path: Path) -> None:
    harmed = prepare(tmp_path, template=RECIPE)
    recipe, run = harmed.recipe, harmed.run
    drawn = seeded()
    before: dict[str, bytes] = {}
    for _ in range(5):
        process = evaluate(recipe, run)
        # From before the first new unit to some units later.
        wanted, delay = len(before) + drawn.randrange(0, 9), drawn.uniform(0, 0.5)
        deadline = time.monotonic() + 240
        while len(records(run)) < wanted:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "it did not come that far"
            time.sleep(0.02)
        time.sleep(delay)
        kill(process)
        after = records(run)
        assert before.items() <= after.items(), "a committed unit was scored again"
        before = after
    assert len(before) < UNITS, "nothing was left to kill"

    process = evaluate(recipe, run)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    assert before.items() <= records(run).items()
    assert len(records(run)) == UNITS
    scored = [
        (score.model, score.suite, score.greedy, score.episode.problem_id, score.episode.sample)
        for score in read_rows(Score, Ledger(LocalStore(run), layout.SCORES))
    ]
    problems = {(suite, problem) for _, suite, _, problem, _ in scored}
    assert len(problems) == 800
    assert len(scored) == len(set(scored)) == 2 * 800 * (1 + 3)
    assert set(scored) == {
        (model, suite, greedy, problem, sample)
        for model in ("teacher", "base")
        for suite, problem in problems
        for greedy, samples in ((True, 1), (False, 3))
        for sample in range(samples)
    }
