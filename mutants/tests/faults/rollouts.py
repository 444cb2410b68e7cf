"""A rollout as a process of its own, hosts without a model, and what must hold of it whatever was done to it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil

from cluster.store.ledger import Ledger
from cluster.store.storage import LocalStore
from pipeline.run.workload import Workload
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.records import Episode, Outcome, StopReason
from tests.integration.test_whole_path import assert_gone, children, heed_interrupts
from tests.repository import ROOT
from tests.rollout.conversations import tokenizer

RECIPE = """
[run]
name = "harmed"
[models]
teacher = {{ source = "{model}" }}
student = {{ source = "{model}" }}
[problems.arithmetic]
family = "arithmetic"
train = 64
test = 2
[episodes]
verbosity = "names"
[engines.teacher]
count = 2
cpus = 0.5
live_episodes = 16
silence_s = 20
engine = {{ max_context = 8192 }}
scripted = {{ median_s = 0.04, sigma = 0.7, wrong = 0.4, abort = 0.01 }}
[rollout]
samples = 16
problems_per_block = 8
samples_per_unit = 4
"""
HOST = "ray::RolloutHost"
PATIENCE_S = 180.0
"""Within which a harmed rollout must have committed something again. Not a measurement: it bounds what a test waits."""


@dataclass
class Harmed:
    """A run's folder, and the drivers that worked on it."""

    folder: Path
    recipe: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    recoveries: list[float] = field(default_factory=list)
    """Seconds from each harm to the next commit."""

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def units(self) -> int:
        """Planned ones."""
        return len(self.plan.episode_units)

    @property
    def plan(self) -> Workload:
        return msgspec.json.decode((self.run / layout.PLAN).read_bytes(), type=Workload)

    def start(self) -> subprocess.Popen[str]:
        with (self.folder / "driver.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "pipeline", "rollout", str(self.recipe), "--run", str(self.run)],
                env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=heed_interrupts,
            )

    def said(self) -> str:
        return (self.folder / "driver.log").read_text()[-4000:]

    def committed(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.run / "episodes" / "commits").glob("*.json")}

    def wait(self, process: subprocess.Popen[str], what: Callable[[], object]) -> bool:
        """Until `what` is true; False when the process ended before."""
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            if process.poll() is not None:
                return False
            assert time.monotonic() < deadline, f"it did not come that far: {self.said()}"
            time.sleep(0.02)
        return True

    def recovered(self, process: subprocess.Popen[str], before: int) -> None:
        """Wait for the first commit after a harm, and note how long it took."""
        began = time.monotonic()
        if self.wait(process, lambda: len(self.committed()) > before):
            self.recoveries.append(time.monotonic() - began)

    def finish(self, process: subprocess.Popen[str]) -> None:
        """The driver's own end, which must be a good one, and leave nobody behind."""
        family = children(process)
        assert process.wait(timeout=600) == 0, self.said()
        assert_gone(family)


def prepare(
    folder: Path, environment: Mapping[str, str] | None = None, template: str = RECIPE, **changes: str
) -> Harmed:
    """Recipe and problems in `folder`; `changes` replace what the recipe's template says, word by word."""
    model = folder / "model"
    tokenizer().save_pretrained(str(model))
    (model / "config.json").write_text("{}")
    text = template.format(model=model)
    for old, new in changes.items():
        text = text.replace(old, new)
    recipe = folder / "harmed.toml"
    recipe.write_text(text)
    harmed = Harmed(folder, recipe, environment or {})
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "models", str(recipe), "--run", str(harmed.run)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return harmed


def hosts(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Processes of rollout hosts below a driver."""
    found = []
    for child in children(process):
        try:
            if child.cmdline()[:1] and child.cmdline()[0].startswith(HOST):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def assert_whole(harmed: Harmed, infrastructure: bool = False) -> None:
    """Committed = planned, none twice, every hash verifies, outcomes fit their stops, and a second run is idle."""
    ledger = Ledger(LocalStore(harmed.run), "episodes")
    assert set(ledger.history()) == {unit.name for unit in harmed.plan.episode_units}
    episodes = list(read_rows(Episode, ledger))
    attempts = {(episode.problem_id, episode.sample) for episode in episodes}
    assert len(episodes) == len(attempts) == harmed.plan.episodes
    broken = [one for one in episodes if one.outcome is Outcome.INFRASTRUCTURE]
    assert infrastructure or not broken
    for episode in episodes:
        assert (episode.outcome is Outcome.INFRASTRUCTURE) == (episode.stop is StopReason.INFRASTRUCTURE)
        assert episode.outcome is not Outcome.RIGHT or episode.stop is StopReason.FINISHED
    command = [sys.executable, "-m", "pipeline", "verify", str(harmed.run)]
    verified = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stdout
    before = _files(harmed.run)
    harmed.finish(harmed.start())
    assert _files(harmed.run) == before, "a second run of what is finished wrote something"


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    stats = {str(path): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in stats.items()}
