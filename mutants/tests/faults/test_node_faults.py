"""Nodes with addresses of their own: one cut off in the middle of a rollout, one killed in the middle of a training
step, one that comes late and is used. Nothing is lost, nothing is there twice."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults import arm
from tests.faults.machines import Machines, alive, machines, wait_until_alive
from tests.faults.rollouts import HOST, ROOT, Harmed, assert_whole, prepare
from tests.integration.test_whole_path import heed_interrupts
from training.ranks.metrics import read_metrics

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

STEPS = 60
RANK = "ray::RayTrainWorker"


@pytest.fixture(scope="module")
def network() -> Iterator[Machines]:
    """A head that carries nothing, and a node with room for one host or rank; others are booted as they are needed."""
    with machines(["head", "one", "two", "late"]) as made:
        made.boot("head", 0)
        wait_until_alive(made, "head")
        made.boot("one", 1)
        wait_until_alive(made, "one")
        yield made


@dataclass
class Distant(Harmed):
    """A rollout whose driver is on the head, and whose hosts are on other nodes."""

    network: Machines | None = field(default=None, kw_only=True)

    def start(self) -> "subprocess.Popen[str]":
        assert self.network is not None
        command = [sys.executable, "-m", "pipeline", "rollout", str(self.recipe), "--run", str(self.run)]
        with (self.folder / "driver.log").open("a") as log:
            return subprocess.Popen(
                [*self.network.enter("head"), *command, "--set", f"cluster.address={self.network.cluster}"],
                env={**self.network.environment, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=heed_interrupts,
            )


def until(what: Callable[[], object], process: "subprocess.Popen[str]", said: Callable[[], str]) -> float:
    """Seconds until `what` is true. Fails when the process ends before."""
    began = time.monotonic()
    while not what():
        assert process.poll() is None, said()
        assert time.monotonic() - began < 600, said()
        time.sleep(0.05)
    return time.monotonic() - began


def test_a_node_is_cut_off_in_the_middle_of_a_rollout_and_a_late_one_goes_on(network: Machines, tmp_path: Path) -> None:
    made = prepare(tmp_path, **{"count = 2\ncpus = 0.5": "count = 1\ncpus = 0.5", "train = 64": "train = 32"})
    harmed = Distant(made.folder, made.recipe, network=network)
    driver = harmed.start()
    until(lambda: len(harmed.committed()) >= 2, driver, harmed.said)
    assert network.runs(HOST) == ["one"]

    network.cut("one")
    cut = time.monotonic()
    time.sleep(1)  # what was being committed is
    before = harmed.committed()
    assert len(before) < harmed.units
    network.boot("two", 1)
    wait_until_alive(network, "two")
    until(lambda: len(harmed.committed()) > len(before), driver, harmed.said)
    seconds = time.monotonic() - cut
    print(f"\nnode cut off: next unit committed after {seconds:.1f} s, on a node that joined since")  # noqa: T201
    assert "two" in network.runs(HOST)
    network.mend("one")  # what is left of the first host there may go on now, and loses against what is committed
    harmed.finish(driver)
    assert before.items() <= harmed.committed().items()
    assert_whole(harmed, infrastructure=True)


def test_a_node_of_a_rank_is_killed_in_the_middle_of_a_step(network: Machines, tmp_path: Path) -> None:
    asked = arm.request(tmp_path, STEPS)
    for name in ("one", "two"):
        if name not in alive(network):
            network.kill(name)
            network.boot(name, 1)
            wait_until_alive(network, name)
    log = tmp_path / "driver.log"

    def said() -> str:
        texts = [path.read_text()[-2000:] for path in (log, *sorted((tmp_path / "logs").glob("*"))) if path.is_file()]
        return "\n".join(texts)

    def steps() -> int:
        return len(read_metrics(asked.metrics_path))

    with log.open("w") as output:
        driver = subprocess.Popen(
            [
                *network.enter("head"),
                sys.executable,
                "-m",
                "tests.faults.arm",
                str(tmp_path),
                network.cluster,
                str(STEPS),
            ],
            cwd=ROOT,
            env=dict(network.environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    until(lambda: steps() >= 5, driver, said)
    assert network.runs(RANK) == ["one", "two"], "a rank on each of two nodes"
    network.kill("two")
    killed = time.monotonic()
    before = steps()
    assert before < STEPS
    network.boot("late", 1)
    wait_until_alive(network, "late")
    until(lambda: steps() > before, driver, said)
    seconds = time.monotonic() - killed
    print(f"\nnode of a rank killed: next step after {seconds:.1f} s, with a node that joined since")  # noqa: T201
    assert network.runs(RANK) == ["one", "late"]
    assert driver.wait(timeout=900) == 0, said()
    rows = read_metrics(asked.metrics_path)
    assert [row["step"] for row in rows] == list(range(1, STEPS + 1)), "every step once"
    assert "resumes from" in Path(f"{asked.log_path}.rank0").read_text()
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert (asked.model_dir / "model.safetensors").is_file()
