"""Jobs of a Ray cluster through its job API: submitted once under an id, followed, and continued after a stop.

The id is the idempotency key. The first attempt runs under the id itself, the next ones under `ID-2`, `ID-3` and so on;
another attempt is made only after the one before was stopped or has failed. If two people submit the same job at the
same time, the job server refuses the second, who then finds the first one's attempt.
"""

import asyncio
import contextlib
import http.client
import logging
import os
import re
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.errors import RequestError, WorkError, first_line

DEFAULT_ADDRESS = "http://127.0.0.1:8265"
KEY, CONTENT, FOLDER = "chainpref.id", "chainpref.content", "chainpref.folder"
"""Of a job's metadata: the id that it is an attempt of, the hash of what it does, and what it works on."""
OVER = ("SUCCEEDED", "FAILED", "STOPPED")
AGAIN = ("FAILED", "STOPPED")
_CONNECT_S = 10.0
_RECONNECTS = 20
_ADDRESS_VARIABLES = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")
_ADDRESS = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:(?P<port>\d{1,5}))?/?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be run. Nothing of it may be secret: whoever may look at jobs reads it."""

    id: str
    content: str
    """Hash of what the job does; another content under a known id is refused."""
    command: str
    """As a shell takes it."""
    package: bytes
    """Archive of the files that it takes along; they are on its `PYTHONPATH`."""
    environment: Mapping[str, str]
    metadata: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    """What is not taken along, each with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAttempt:
    """One attempt at the job, as the cluster reports it."""

    id: str
    status: str
    """PENDING, RUNNING, SUCCEEDED, FAILED or STOPPED."""
    message: str = ""
    job: str = ""
    """The id that it is an attempt at; "" where somebody else submitted it."""
    folder: str = ""
    began_s: float = 0.0
    ended_s: float = 0.0
    """Times since 1970 in seconds; 0 where it has not come that far."""

    @property
    def number(self) -> int:
        """Its number among the attempts at its job, from 1."""
        return _number(self.job, self.id) or 1

    @property
    def over(self) -> bool:
        return self.status in OVER


def last_attempt(job: Job, jobs: Sequence[Any]) -> JobAttempt | None:
    """The newest attempt of `job` among Ray's JobDetails. Raises RequestError where the id is another one's."""
    found: dict[int, JobAttempt] = {}
    for one in jobs:
        number = _number(job.id, one.submission_id or "")
        known = one.metadata or {}
        if number is None or (number > 1 and known.get(KEY) != job.id):
            continue
        if known.get(KEY) != job.id or known.get(CONTENT) != job.content:
            raise RequestError(
                f"--id {job.id}: on this cluster that is another job, of another recipe or folder; choose another --id"
            )
        found[number] = _attempt(one)
    return found[max(found)] if found else None


def next_id(job: Job, last: JobAttempt | None) -> str | None:
    """The id that an attempt would be made under; None where none is needed."""
    if last is None:
        return job.id
    if last.status not in AGAIN:
        return None
    return f"{job.id}-{(_number(job.id, last.id) or 1) + 1}"


def _attempt(details: Any) -> JobAttempt:
    """An attempt from Ray's JobDetails."""
    known = details.metadata or {}
    return JobAttempt(
        id=details.submission_id,
        status=str(details.status),
        message=details.message or "",
        job=known.get(KEY, ""),
        folder=known.get(FOLDER, ""),
        began_s=(details.start_time or 0) / 1000,
        ended_s=(details.end_time or 0) / 1000,
    )


def _number(key: str, submission_id: str) -> int | None:
    if submission_id == key:
        return 1
    rest = submission_id.removeprefix(f"{key}-")
    return int(rest) if rest != submission_id and rest.isdigit() and int(rest) > 1 else None


def address_of(given: str) -> str:
    """The job server to use: as given, else as the environment says, else the port that Ray takes on this machine.

    Raises RequestError for what is no http://HOST:PORT: of Ray's other ways to name a cluster none leads to its jobs.
    """
    named = ((variable, os.environ.get(variable, "")) for variable in _ADDRESS_VARIABLES)
    said = [("--address", given), *named, ("--address", DEFAULT_ADDRESS)]
    name, address = next((name, address) for name, address in said if address)
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"] or 1) not in range(1, 1 << 16):
        raise RequestError(f"{name} {address!r}: no address of a job server; write it as http://HOST:8265")
    return address.rstrip("/")


def send_token() -> None:
    """Have Ray send the token that the environment or ~/.ray/auth_token holds. Before anything of Ray is imported,
    which reads the mode once; by itself it sends none."""
    named = any(os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"))
    if named or (Path.home() / ".ray" / "auth_token").is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


class JobServer:
    """A cluster's job server. Raises RequestError when nothing answers, or when it refuses the token."""

    def __init__(self, address: str) -> None:
        self.address = address
        # Ray takes the variables over the address that it is given.
        with _asked(address), _without(_ADDRESS_VARIABLES):
            _refuse_silent(address)
            from ray.job_submission import JobSubmissionClient

            for name in ("dashboard_sdk", "job.sdk"):  # they log uploads and closed connections
                logging.getLogger(f"ray.dashboard.modules.{name}").setLevel(logging.ERROR)
            self._client = JobSubmissionClient(address)

    def last_attempt(self, job: Job) -> JobAttempt | None:
        with _asked(self.address):
            return last_attempt(job, self._client.list_jobs())

    def start(self, job: Job, attempt_id: str) -> bool:
        """Submit under `attempt_id`. False when somebody else just did."""
        with _asked(self.address), tempfile.TemporaryDirectory(prefix="chainpref-submit-") as folder:
            package = Path(folder) / "package.zip"
            package.write_bytes(job.package)
            try:
                # As modules: see pipeline/in_job.py. Ray's public call takes wheels and single packages only.
                uri = self._client._upload_package_if_needed(str(package), include_gitignore=False, is_file=True)
                self._client.submit_job(
                    entrypoint=job.command,
                    submission_id=attempt_id,
                    runtime_env={"py_modules": [uri], "env_vars": dict(job.environment)},
                    metadata={**job.metadata, KEY: job.id, CONTENT: job.content},
                )
            except RuntimeError as error:
                if "already exists" in str(error):
                    return False
                raise
        return True

    def attempt(self, attempt_id: str) -> JobAttempt:
        """One attempt as it is now."""
        with _asked(self.address):
            return _attempt(self._client.get_job_info(attempt_id))

    def attempts(self) -> list[JobAttempt]:
        """All submitted jobs, the newest last."""
        with _asked(self.address):
            found = [_attempt(one) for one in self._client.list_jobs() if one.submission_id]
        return sorted(found, key=lambda attempt: attempt.began_s or float("inf"))

    def log(self, attempt_id: str) -> str:
        """What an attempt has printed."""
        with _asked(self.address):
            return str(self._client.get_job_logs(attempt_id))

    def stop(self, attempt_id: str) -> None:
        """Ask an attempt to stop: SIGTERM now, SIGKILL later. Returns before it has ended."""
        with _asked(self.address):
            self._client.stop_job(attempt_id)

    def follow(self, attempt_id: str, write: Callable[[str], None]) -> JobAttempt:
        """Hand what the job prints to `write` until it is over. A connection that breaks is taken up where it broke.

        Raises WorkError when it stays broken.
        """
        transcript, broken = Transcript(write), 0
        while True:
            before = transcript.length
            try:
                asyncio.run(_tail(self._client, attempt_id, transcript))
                attempt = self.attempt(attempt_id)
            except (RuntimeError, OSError, ValueError) as error:
                broken = 1 if transcript.length > before else broken + 1
                if broken >= _RECONNECTS:
                    raise WorkError(f"job {attempt_id}: {self.address} does not answer any more ({error})") from error
            else:
                if attempt.over:
                    return attempt
            time.sleep(1)


class Transcript:
    """Passes on what is new of a log that the server sends from its beginning at every connection."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._skip = self.length = 0

    def again(self) -> None:
        """A new connection begins: the server sends again what was written already."""
        self._skip = self.length

    def more(self, text: str) -> None:
        fresh, self._skip = text[self._skip :], max(0, self._skip - len(text))
        if fresh:
            self.length += len(fresh)
            self._write(fresh)


async def _tail(client: Any, attempt_id: str, transcript: Transcript) -> None:
    from aiohttp import ClientError

    transcript.again()
    try:
        async for text in client.tail_job_logs(attempt_id):
            transcript.more(text)
    except ClientError as error:
        raise ConnectionError(str(error)) from error


@contextlib.contextmanager
def _asked(address: str) -> Iterator[None]:
    """Turn everything that can go wrong with a request into an error of one line."""
    from ray.exceptions import AuthenticationError

    try:
        yield
    except AuthenticationError as error:
        raise RequestError(
            f"--address {address}: {_said(error)}; set RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH to a file with it"
        ) from None
    except (OSError, ValueError, http.client.HTTPException) as error:  # of the network, of an answer that is no JSON
        if isinstance(error, RequestError):
            raise
        raise RequestError(
            f"--address {address}: no Ray job server answers there ({_said(error)}); name it as http://HOST:8265"
        ) from None
    except RuntimeError as error:
        if isinstance(error, WorkError):
            raise
        raise WorkError(f"--address {address}: {_said(error)}") from None


def _refuse_silent(address: str) -> None:
    """Raise OSError soon where nobody answers: Ray would wait for minutes. An HTTP error is an answer."""
    try:
        with urllib.request.urlopen(f"{address}/api/authentication_mode", timeout=_CONNECT_S):
            pass
    except urllib.error.HTTPError as error:
        error.close()


@contextlib.contextmanager
def _without(variables: Sequence[str]) -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in variables if name in os.environ}
    try:
        yield
    finally:
        os.environ |= kept


def _said(error: BaseException) -> str:
    return first_line(error).removesuffix(".")
