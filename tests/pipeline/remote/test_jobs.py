"""`chainpref jobs`: what it says of jobs, and what it asks the server for."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from cluster.errors import RequestError, WorkError
from cluster.jobs.submission import FOLDER, KEY, JobAttempt, JobServer
from pipeline.remote import jobs
from pipeline.remote.submit import check_success
from tests.pipeline.remote.job_server import JobServerDouble, job_server


class Asked:
    """A server with two attempts at `mine`, and somebody else's job; and what a command prints."""

    def __init__(self, double: JobServerDouble) -> None:
        self.double = double
        for name, status, known in (
            ("mine", "STOPPED", {KEY: "mine", FOLDER: "/shared/runs/mine"}),
            ("mine-2", "RUNNING", {KEY: "mine", FOLDER: "/shared/runs/mine"}),
            ("raysubmit_x", "SUCCEEDED", {}),
        ):
            double.known({"submission_id": name, "entrypoint": "true", "metadata": known}, status)
        self.server = JobServer(double.address)
        self._said = io.StringIO()
        self.console = Console(file=self._said, width=40)

    @property
    def lines(self) -> list[str]:
        return self._said.getvalue().splitlines()


@pytest.fixture
def asked() -> Iterator[Asked]:
    with job_server(JobServerDouble()) as double:
        yield Asked(double)


def test_a_list_has_every_attempt_whole_however_narrow_the_terminal_is(asked: Asked) -> None:
    jobs.list_jobs(asked.server, asked.console)
    heading, *rows = asked.lines
    assert heading.split() == ["id", "status", "started", "took", "run"]
    assert [(row.split()[0], row.split()[1], row.split()[-1]) for row in rows] == [
        ("mine", "STOPPED", "/shared/runs/mine"),
        ("mine-2", "RUNNING", "/shared/runs/mine"),
        ("raysubmit_x", "SUCCEEDED", "-"),
    ]


def test_a_job_is_its_newest_attempt(asked: Asked) -> None:
    assert jobs.known_job(asked.server, "mine").id == "mine-2"
    assert jobs.known_job(asked.server, "mine-2").id == "mine-2"
    assert jobs.known_job(asked.server, "raysubmit_x").id == "raysubmit_x"
    asked.double.known({"submission_id": "mine-10", "entrypoint": "true", "metadata": {KEY: "mine"}}, "RUNNING")
    assert jobs.known_job(asked.server, "mine").id == "mine-10", "by number, and not by letters"


def test_an_id_that_is_not_there_is_refused_with_those_that_are(asked: Asked) -> None:
    for command in (jobs.show_job, jobs.stop_job):
        with pytest.raises(RequestError, match=r"job 'other': .* has no job of that id; the last ones are mine, mi"):
            command(asked.server, "other", asked.console)
    assert asked.double.stopped == []


def test_status_says_how_a_running_job_is_followed_and_stopped(asked: Asked) -> None:
    jobs.show_job(asked.server, "mine", asked.console)
    assert asked.lines[0].startswith("job mine-2 is RUNNING, started 20")
    assert asked.lines[0].endswith("; its run is /shared/runs/mine")
    assert f"stop:   chainpref jobs stop --address {asked.double.address} mine-2" in asked.lines


def test_status_says_how_a_failed_job_goes_on(asked: Asked) -> None:
    message = "Job entrypoint command failed with exit code 2, last available logs:\nrollout\nchainpref: no such file\n"
    asked.double.jobs["mine-2"] |= {"status": "FAILED", "message": message}
    jobs.show_job(asked.server, "mine", asked.console)
    assert asked.lines[-1].endswith(
        "mend the cause first (chainpref: no such file); submitting it again goes on from what is committed"
    )


def test_logs_are_shown_and_followed_to_the_end(asked: Asked) -> None:
    jobs.show_log(asked.server, "mine", False, asked.console)
    assert asked.lines == ["one", "two", "three"]
    jobs.show_log(asked.server, "mine", True, asked.console)
    assert asked.lines[3:] == ["one", "two", "three", "job mine-2 succeeded"]
    asked.double.ends = "FAILED"
    with pytest.raises(WorkError, match=r"^job mine-2 failed"):
        jobs.show_log(asked.server, "mine", True, asked.console)


def test_stop_ends_the_newest_attempt_once(asked: Asked) -> None:
    jobs.stop_job(asked.server, "mine", asked.console)
    assert asked.double.stopped == ["mine-2"]
    assert asked.lines[-1].startswith("job mine-2 is STOPPED; what is committed stays, and the same `chainpref submit`")
    jobs.stop_job(asked.server, "mine", asked.console)
    assert asked.lines[-1] == "job mine-2 is STOPPED already; nothing to stop"
    assert asked.double.stopped == ["mine-2"]


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        ("FAILED", "failed with exit code 1, last logs:\nx", r"exit code 1.*\); submitting it again goes on from"),
        (
            "FAILED",
            "failed with exit code 2, last logs:\nchainpref: a",
            r"\); mend the cause first \(chainpref: a\); ",
        ),
        (
            "FAILED",
            "failed with exit code 2. No logs available.",
            r"\); mend the cause first \(its last line\); ",
        ),
        (
            "FAILED",
            "failed with exit code 20, last logs:\nx",
            r"exit code 20.*\); submitting it again goes on from what",
        ),
        ("FAILED", "failed with exit code 127, last logs:\nx", "no such program on the cluster: see --python"),
        ("FAILED", "", r"job mine failed \(\); submitting it again"),
        (
            "STOPPED",
            "Job was intentionally stopped.",
            r"job mine was stopped .*; submitting it again goes on",
        ),
    ],
)
def test_how_a_job_goes_on_is_said_whatever_it_ended_with(status: str, message: str, said: str) -> None:
    with pytest.raises(WorkError, match=said) as caught:
        check_success(JobAttempt(id="mine", status=status, message=message))
    assert ("mend the cause" in str(caught.value)) == ("mend" in said)
