"""`chainpref jobs` on a real Ray head that asks for a token, with the token where the guide has it put."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.jobs.submission import FOLDER
from tests.cluster.jobs.protected import Head, protected_head
from tests.repository import ROOT

pytestmark = pytest.mark.engine

SUBMIT = f"""
import sys
from cluster.jobs.submission import Job, JobServer, send_token
send_token()
command = "echo here; exec sleep 600"
job = Job(id="mine", content="c", command=command, package=b"PK\\x05\\x06" + bytes(18), environment={{}},
          metadata={{"{FOLDER}": "/shared/runs/mine"}})
assert JobServer(sys.argv[1]).start(job, "mine")
"""


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    programs = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with protected_head(environment=programs) as running:
        yield running


def command(folder: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**outside, "PYTHONPATH": str(ROOT), "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_jobs_of_a_locked_cluster_are_listed_read_and_stopped(head: Head, tmp_path: Path) -> None:
    at = ("--address", head.dashboard)
    refused = command(tmp_path, "-m", "pipeline", "jobs", "list", *at)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1), refused.stderr
    assert "set RAY_AUTH_TOKEN" in refused.stderr

    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text(head.token)
    made = command(tmp_path, "-c", SUBMIT, head.dashboard)
    assert made.returncode == 0, made.stderr
    deadline = time.monotonic() + 120
    while "here" not in (log := command(tmp_path, "-m", "pipeline", "jobs", "logs", "mine", *at)).stdout:
        assert time.monotonic() < deadline, log
    listed = command(tmp_path, "-m", "pipeline", "jobs", "list", *at).stdout.splitlines()
    assert listed[1].split()[:2] == ["mine", "RUNNING"]
    assert listed[1].endswith("/shared/runs/mine")
    stopped = command(tmp_path, "-m", "pipeline", "jobs", "stop", "mine", *at)
    assert stopped.returncode == 0, stopped.stderr
    assert "job mine is STOPPED; what is committed stays" in stopped.stdout
    status = command(tmp_path, "-m", "pipeline", "jobs", "status", "mine", *at)
    assert "submitting it again goes on" in status.stdout

    # As the guide says of Ray's own command.
    ray = ("-m", "ray.scripts.scripts", "job", "status", "mine", *at)
    assert "AuthenticationError" in command(tmp_path, *ray).stderr
    told = command(tmp_path, *ray, RAY_AUTH_MODE="token")
    assert told.returncode == 0, told.stderr
    assert "stopped" in told.stdout.lower() + told.stderr.lower()
