"""A run as a job on a token-protected cluster of three nodes: submitted twice it runs once, stopped it goes on."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from cluster.store.ledger import Ledger
from pipeline.commands.verify import contradictions, hash_files
from pipeline.run.folder import read_run
from pipeline.run.workload import read_workload
from tests.cluster.jobs.protected import Head, protected_head
from tests.integration.planted import PLANTED, leaks
from tests.repository import DATA, ROOT
from tests.rollout.conversations import tokenizer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

RECIPE = DATA / "submitted.toml"
ID = "chainpref-three-nodes"


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    programs = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with protected_head(cpus=1, environment=programs, workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outside the checkout, with a model that is a tokenizer."""
    folder = tmp_path_factory.mktemp("submitted")
    tokenizer().save_pretrained(str(folder / "model"))
    (folder / "model" / "config.json").write_text("{}")
    (folder / "work").mkdir()
    return folder


class Submitter:
    """`chainpref submit` and `ray job` as a user calls them, outside the cluster's own environment."""

    def __init__(self, head: Head, folder: Path) -> None:
        self.head, self.folder, self.run_dir = head, folder, folder / "run"
        outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        self.environment = {**outside, "PYTHONPATH": str(ROOT), "RAY_AUTH_TOKEN": head.token, **PLANTED}
        model = folder / "model"
        self.recipe = [f"--set=models.{role}.source={model}" for role in ("teacher", "student")]

    def start(self, *options: str) -> "subprocess.Popen[str]":
        command = ["-m", "pipeline", "submit", str(RECIPE), *self.recipe, "--run", str(self.run_dir), "--id", ID]
        return subprocess.Popen(
            [sys.executable, *command, "--address", self.head.dashboard, *options],
            cwd=self.folder / "work",
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def chainpref(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=self.folder / "work",
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout

    def submit(self, *options: str) -> tuple[int, str]:
        process = self.start(*options)
        output, _ = process.communicate(timeout=600)
        return process.returncode, output

    def ray_job(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "ray.scripts.scripts", "job", *arguments],
            cwd=ROOT,
            env=self.environment | self.head.credentials | {"RAY_API_SERVER_ADDRESS": self.head.dashboard},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def commits(self) -> dict[str, tuple[bytes, int]]:
        """Name -> content and time of the episodes' commit records."""
        records = (self.run_dir / "episodes" / "commits").glob("*.json")
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in records}


def wait_for(what: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Until `what` is true. Fails when the process ends before."""
    deadline = time.monotonic() + 400
    while not what():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "it did not come that far"
        time.sleep(0.05)


def test_a_job_is_submitted_once_stopped_and_gone_on_with(head: Head, folder: Path) -> None:
    user = Submitter(head, folder)
    first = user.start()
    wait_for(lambda: f'"submission_id": "{ID}"'.encode() in head.get("/api/jobs/"), first)

    status, output = user.submit("--no-follow")
    assert status == 0, output
    assert f"job {ID} is " in output
    assert "already; not started again" in output
    (stop,) = [line.removeprefix("stop:   chainpref ") for line in output.splitlines() if line.startswith("stop:")]
    (follow,) = [line.partition(" (or ")[0] for line in output.splitlines() if line.startswith("follow: chainpref ")]
    assert user.chainpref(*follow.removeprefix("follow: chainpref ").replace(" --follow", "").split())[0] == 0

    wait_for(lambda: len(user.commits()) >= 2, first)
    status, output = user.chainpref(*stop.split())  # as it was printed
    assert (status, f"job {ID} is STOPPED; what is committed stays" in output) == (0, True), output
    output, _ = first.communicate(timeout=300)
    assert first.returncode == 1, output
    assert f"job {ID} submitted to" in output
    assert f"job {ID} was stopped" in output
    before = user.commits()
    run = read_run(user.run_dir, Console(quiet=True))
    planned = {unit.name for unit in read_workload(run).episode_units}
    assert 2 <= len(before) < len(planned), "it was stopped in the middle"

    status, output = user.submit()
    assert status == 0, output
    assert f"job {ID}-2 submitted" in output
    assert f"goes on after {ID}, which was STOPPED" in output
    assert "report:" in output
    after = user.commits()
    assert before.items() <= after.items(), "a unit that was committed was done again"
    assert Ledger(run.store, "episodes").history().keys() == planned
    assert [*hash_files(run).faults, *contradictions(run)] == []
    assert {
        host for commit in Ledger(run.store, "episodes").history().values() for host in commit.meta["host"].split("+")
    } == {
        "teacher-0",
        "teacher-1",
    }

    status, output = user.submit()
    assert (status, f"job {ID}-2 has succeeded; nothing to do" in output) == (0, True), output
    status, output = user.chainpref("jobs", "list", "--address", head.dashboard)
    assert [line.split()[:2] for line in output.splitlines()[1:]] == [[ID, "STOPPED"], [f"{ID}-2", "SUCCEEDED"]]
    jobs = head.get("/api/jobs/")
    assert jobs.count(b'"type": "SUBMISSION"') == 2
    assert leaks(jobs) == []
    assert head.token.encode() not in jobs

    done = user.ray_job(
        *("submit", "--working-dir", ".", "--submission-id", "plain", "--", "python", "-m", "pipeline", "run"),
        *(str(RECIPE.relative_to(ROOT)), *user.recipe, "--run", str(user.run_dir)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the run is complete; nothing to do" in done.stdout
    assert user.commits() == after
