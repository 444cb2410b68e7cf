"""Which attempt of a job counts, under which id another one is made, and what of its log is new."""

from dataclasses import dataclass, field

import pytest

from cluster.errors import RequestError
from cluster.jobs.submission import (
    CONTENT,
    DEFAULT_ADDRESS,
    KEY,
    Job,
    JobAttempt,
    Transcript,
    address_of,
    last_attempt,
    next_id,
)

JOB = Job(id="run", content="c1", command="true", package=b"", environment={}, metadata={})
MINE = {KEY: "run", CONTENT: "c1"}


@dataclass
class Details:
    """As Ray's JobDetails."""

    submission_id: str | None
    status: str = "RUNNING"
    metadata: dict[str, str] | None = field(default_factory=lambda: dict(MINE))
    message: str | None = None
    start_time: int | None = 2500
    end_time: int | None = None


def test_the_newest_attempt_counts() -> None:
    jobs = [
        Details("run-2", "STOPPED"),
        Details("run", "FAILED"),
        Details("run-10", "SUCCEEDED", message="done"),
        Details(None, metadata=None),  # a driver that nobody submitted
        Details("run-x", metadata=None),
        Details("runner", metadata=None),
        Details("run-3", metadata=None),  # somebody else's
        Details("run-11", metadata={KEY: "run-11", CONTENT: "c9"}),  # another id's first attempt
    ]
    assert last_attempt(JOB, jobs) == JobAttempt(
        id="run-10", status="SUCCEEDED", message="done", job="run", began_s=2.5
    )
    assert last_attempt(JOB, []) is None


@pytest.mark.parametrize("metadata", [None, {}, MINE | {CONTENT: "c2"}])
def test_an_id_that_is_taken_is_refused(metadata: dict[str, str] | None) -> None:
    with pytest.raises(RequestError, match="that is another job, of another recipe or folder; choose another --id"):
        last_attempt(JOB, [Details("run", "SUCCEEDED", metadata)])


@pytest.mark.parametrize(
    ("last", "new"),
    [
        (None, "run"),
        (("run", "PENDING"), None),
        (("run", "RUNNING"), None),
        (("run-2", "SUCCEEDED"), None),
        (("run", "STOPPED"), "run-2"),
        (("run", "FAILED"), "run-2"),
        (("run-9", "STOPPED"), "run-10"),
    ],
)
def test_another_attempt_is_made_only_after_a_stop_or_a_failure(last: tuple[str, str] | None, new: str | None) -> None:
    assert next_id(JOB, JobAttempt(id=last[0], status=last[1]) if last else None) == new


def test_the_address_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_API_SERVER_ADDRESS", raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert address_of("") == DEFAULT_ADDRESS
    monkeypatch.setenv("RAY_ADDRESS", "http://ray:8265")
    assert address_of("") == "http://ray:8265"
    assert address_of("http://mine:8265") == "http://mine:8265"
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://api:8265")
    assert address_of("") == "http://api:8265"


@pytest.mark.parametrize(
    "address",
    [
        *("http://127.0.0.1:notaport", "http://h:70000", "http://h:0", "ftp://x:1", "ray://x:10001", "auto", "x:8265"),
        *("http://", "http://user:secret@x:8265", "http://x:8265/path", "http://x:8265\n"),
    ],
)
def test_what_leads_to_no_job_server_is_refused_at_once(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match=r"^--address .*write it as http://HOST:8265$"):
        address_of(address)
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", address)
    with pytest.raises(RequestError, match=r"^RAY_API_SERVER_ADDRESS "):
        address_of("")
    assert address_of("https://[::1]:8265/") == "https://[::1]:8265"


def test_a_log_that_is_told_again_is_written_once() -> None:
    written: list[str] = []
    log = Transcript(written.append)
    for told in (["one\n", "two\n"], ["one\nt", "wo\nthree\n"], [], ["one\n"], ["one\ntwo\nthree\nfour\n"]):
        log.again()
        for text in told:
            log.more(text)
    assert "".join(written) == "one\ntwo\nthree\nfour\n"
