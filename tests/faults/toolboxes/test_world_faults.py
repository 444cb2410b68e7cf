"""Workers that hold BFCL's worlds, and the hosts that started them, killed in the middle of a rollout."""

import time
from pathlib import Path

import pytest

from rollout.records import Episode, Outcome
from rollout.toolboxes.isolation.processes import Worker
from tests.faults.rollouts import RECIPE, Harmed, assert_whole, prepare
from tests.faults.seed import seeded
from tests.faults.toolboxes.harm import episodes, kill_in_the_middle

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.real, pytest.mark.timeout(1800)]

WORLDS = "bfcl:all#turns"
IN_TURNS = """[problems.bfcl_turns]
family = "bfcl"
task = "multi_turn_base"
max_turns = 2
class_distractors = 4
train = 16
test = 2
"""


def on_worlds(folder: Path, median_s: float) -> Harmed:
    """Attempts in two turns, of which two in five go wrong; what they do depends on problem and sample alone."""
    folder.mkdir()
    start, end = RECIPE.index("[problems.arithmetic]"), RECIPE.index("[episodes]")
    template = RECIPE[:start] + IN_TURNS + RECIPE[end:]
    changes = {
        "wrong = 0.4": 'wrong = 0.4, mistakes = ["no_call", "wrong_answer", "missing_argument"]',
        "median_s = 0.04": f"median_s = {median_s}",
        "samples = 16": "samples = 32",
        # A machine that starts workers again and again is slow, which is not what is tested.
        "[episodes]": "[episodes]\ncalls = { deadline = 60.0 }",
    }
    return prepare(folder, template=template, **changes)


def is_worker(line: list[str]) -> bool:
    return any(each.endswith("bootstrap.py") for each in line[:4]) and WORLDS in line[-1]


def seconds_to_start() -> float:
    """How long a worker takes to start here and now: killed more often than that, no call would ever be answered."""
    worker, started = Worker(WORLDS), time.monotonic()
    worker.start()
    seconds = time.monotonic() - started
    worker.stop()
    return seconds


def done(episode: Episode) -> tuple[object, ...]:
    """What an attempt came to, and what every call in it gave back: one made twice would show in what comes after."""
    results = tuple((result.call, result.content, result.error) for step in episode.steps for result in step.results)
    return episode.outcome, episode.stop, episode.error, episode.credit, episode.why, results


def test_30_kills_of_worlds_and_3_of_their_hosts(tmp_path: Path) -> None:
    harmed, start_s = on_worlds(tmp_path / "harmed", median_s=1.0), seconds_to_start()
    pause = (0.3 * start_s, 2.0 * start_s)
    kill_in_the_middle(harmed, is_worker, seeded(), pause, first=2, frozen_s=1.0)
    assert_whole(harmed)
    spared = on_worlds(tmp_path / "spared", median_s=0.04)
    spared.finish(spared.start())
    found, right = ({(one.problem_id, one.sample): one for one in episodes(each)} for each in (harmed, spared))
    assert {one.outcome for one in right.values()} == {Outcome.RIGHT, Outcome.WRONG}
    assert max(step.turn for one in right.values() for step in one.steps) == 1
    assert {name: done(one) for name, one in found.items()} == {name: done(one) for name, one in right.items()}
