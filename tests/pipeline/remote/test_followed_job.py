"""What `chainpref submit` says and ends with, whatever becomes of the job."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cluster.jobs.submission import CONTENT, KEY
from tests.integration.planted import PLANTED, leaks
from tests.integration.test_whole_path import heed_interrupts
from tests.pipeline.remote.job_server import JobServerDouble, job_server
from tests.repository import ROOT

NAMED = ("--id", "mine", "--run", "/shared/runs/mine")
TOKEN = "5ec2e7" * 10


def start(double: JobServerDouble, folder: Path, *options: str) -> "subprocess.Popen[str]":
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pipeline",
            "submit",
            str(ROOT / "recipes" / "local.toml"),
            *NAMED,
            *options,
        ],
        cwd=folder,
        # The address that is given wins over the environment's.
        env={**outside, "PYTHONPATH": str(ROOT), "RAY_AUTH_TOKEN": TOKEN, "RAY_ADDRESS": "http://no.where:1"}
        | PLANTED
        | {"HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=heed_interrupts,
    )


def submit(double: JobServerDouble, folder: Path, *options: str) -> tuple[int, str]:
    process = start(double, folder, "--address", double.address, *options)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def test_a_job_is_sent_once_followed_over_a_broken_connection_and_known_again(tmp_path: Path) -> None:
    with job_server(JobServerDouble(breaks=1)) as double:
        status, output = submit(double, tmp_path)
        assert status == 0, output
        assert output.splitlines()[1:] == ["one", "two", "three", "job mine succeeded"]
        assert double.followed == 2
        (package,) = double.packages
        assert double.jobs["mine"]["runtime_env"]["py_modules"] == [f"gcs://{package}"]
        answered = repr(double.jobs).encode()
        assert TOKEN.encode() not in answered + double.packages[package]
        assert leaks(answered) == leaks(double.packages[package]) == []

        assert submit(double, tmp_path) == (0, "job mine has succeeded; nothing to do\n")
        assert list(double.jobs) == ["mine"]

        status, output = submit(double, tmp_path, "--set", "rollout.samples=3")
        assert status == 2
        assert "on this cluster that is another job, of another recipe or folder" in output


@pytest.mark.parametrize(("ends", "said"), [("STOPPED", "job mine was stopped"), ("FAILED", "job mine failed")])
def test_a_job_that_was_stopped_is_no_success_and_the_next_attempt_goes_on(
    ends: str, said: str, tmp_path: Path
) -> None:
    with job_server(JobServerDouble(ends=ends)) as double:
        status, output = submit(double, tmp_path)
        assert status == 1, output
        assert f"chainpref: {said} (It is {ends}.); submitting it again goes on from what is committed" in output
        double.ends = "SUCCEEDED"
        status, output = submit(double, tmp_path)
        assert status == 0, output
        assert f"job mine-2 submitted to {double.address}" in output
        assert f"goes on after mine, which was {ends}" in output
        assert list(double.jobs) == ["mine", "mine-2"]
        assert double.jobs["mine"]["metadata"] == double.jobs["mine-2"]["metadata"]
        assert double.jobs["mine"]["metadata"][KEY] == "mine"


def test_who_submits_at_the_same_time_follows_the_first(tmp_path: Path) -> None:
    with job_server(JobServerDouble(taken="mine")) as double:
        status, output = submit(double, tmp_path)
        assert status == 0, output
        assert "job mine is RUNNING already; not started again" in output
        assert list(double.jobs) == ["mine"]
        assert double.jobs["mine"]["metadata"][CONTENT]


def test_ctrl_c_leaves_the_job_alone_and_says_how_to_follow_and_stop_it(tmp_path: Path) -> None:
    with job_server(JobServerDouble(ends="")) as double:
        process = start(double, tmp_path, "--address", double.address)
        deadline = time.monotonic() + 300
        while not double.followed:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 130, output
        assert "job mine goes on" in output
        assert f"follow: chainpref jobs logs --follow --address {double.address} mine" in output
        assert f"stop:   chainpref jobs stop --address {double.address} mine" in output
        assert "Traceback" not in output
        assert double.jobs["mine"]["status"] == "RUNNING"

        status, output = submit(double, tmp_path, "--no-follow")
        assert (status, "job mine is RUNNING already" in output) == (0, True), output
