"""A node is preempted while a rank trains on it: no step is done twice, and none counts as a failure."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.cluster.jobs.protected import ROOT, Head, protected_head
from tests.faults import arm
from tests.pipeline.k8s.kubernetes import K8S
from training.ranks.checkpoints import MANIFEST, listed, verify
from training.ranks.metrics import read_metrics

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.timeout(1200)]

STEPS = 400
RANK = "ray::RayTrainWorker"


def test_ranks_leave_a_preempted_node_and_lose_no_step(tmp_path: Path) -> None:
    # Checkpoints of their own never come: whatever is resumed from was saved because of the notice.
    asked = arm.request(tmp_path, STEPS, max_failures=0, checkpoint_steps=1000)
    log = tmp_path / "driver.log"
    with protected_head(cpus=1, workers=1) as head, log.open("w") as output:
        command = [sys.executable, "-m", "tests.faults.arm", str(tmp_path), head.gcs, str(STEPS), "0", "1000"]
        driver = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | head.credentials, stdout=output, stderr=subprocess.STDOUT
        )

        def until(what: Callable[[], object]) -> None:
            deadline = time.monotonic() + 300
            while not what():
                assert driver.poll() is None, log.read_text()[-4000:]
                assert time.monotonic() < deadline, log.read_text()[-4000:]
                time.sleep(0.05)

        until(lambda: len(read_metrics(asked.metrics_path)) >= 5)
        _, worker = ranked_raylets(head)
        notice = subprocess.Popen(
            [str(K8S / "image" / "drain"), "120", str(worker.pid)],
            env=os.environ | head.credentials | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            stdout=subprocess.DEVNULL,
        )
        told = time.monotonic()
        until(lambda: [path for path in listed(asked.checkpoint_dir) if (path / MANIFEST).exists()])
        stopped = verify(listed(asked.checkpoint_dir)[-1]).step
        assert stopped < STEPS
        head.add(cpus=1)
        until(lambda: len(read_metrics(asked.metrics_path)) > stopped)
        print(f"\nnode of a rank preempted: training went on within {time.monotonic() - told:.1f} s")  # noqa: T201
        assert worker.pid not in [raylet.pid for raylet in ranked_raylets(head)]
        assert driver.wait(timeout=600) == 0, log.read_text()[-4000:]
        assert notice.wait(timeout=180) == 0
    rows = read_metrics(asked.metrics_path)
    assert [row["step"] for row in rows] == list(range(1, STEPS + 1)), "every step once"
    assert (asked.model_dir / "model.safetensors").is_file()


def ranked_raylets(head: Head) -> list[psutil.Process]:
    """The raylets that have a rank, the oldest (the head's) first."""
    found = set()
    for process in psutil.Process(head.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            parent = process.parent()
            if process.cmdline()[:1] and process.cmdline()[0].startswith(RANK) and parent is not None:
                found.add(parent)
    return sorted(found, key=lambda raylet: raylet.create_time())
