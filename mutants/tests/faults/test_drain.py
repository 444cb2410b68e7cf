"""A pod that is about to end: `k8s/image/drain` tells Ray, and nothing new is put on its node."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.pipeline.k8s.kubernetes import K8S

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

CODE = """
import os, subprocess, sys, time
import psutil, ray
from ray.cluster_utils import Cluster

drain = sys.argv[1]
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
worker = cluster.add_node(num_cpus=2, resources={"worker": 1})
ray.init(address=cluster.address, log_to_driver=False)

@ray.remote(num_cpus=1)
class Busy:
    def node(self):
        return ray.get_runtime_context().get_node_id()

held = Busy.remote()
home = ray.get(held.node.remote())
raylet = next(p.pid for p in psutil.Process().children(recursive=True)
              if p.name() == "raylet" and f"--node_id={home}" in p.cmdline())
done = subprocess.run([drain, "6", str(raylet)], capture_output=True, text=True, timeout=120)
print("status", done.returncode, done.stderr)
print("held still answers", ray.get(held.node.remote()) == home)
late = Busy.remote()
ready, _ = ray.wait([late.node.remote()], timeout=8)
print("late was placed", bool(ready))
ray.shutdown()
cluster.shutdown()
"""


@pytest.fixture
def folder() -> Iterator[str]:
    """A short path: Ray puts sockets below it."""
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as path:
        yield path


def test_a_drained_node_keeps_what_runs_and_gets_nothing_new(folder: str) -> None:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment = outside | {
        "PATH": f"{Path(sys.executable).parent}:{outside['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "d" * 40,
        "RAY_TMPDIR": folder,
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(K8S / "image" / "drain")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "status 0" in done.stdout, done.stdout + done.stderr[-2000:]
    assert "did not take the notice" not in done.stdout
    assert "held still answers True" in done.stdout
    assert "late was placed False" in done.stdout
    assert not [p for p in psutil.process_iter() if p.name() == "raylet" and folder in " ".join(p.cmdline())]
