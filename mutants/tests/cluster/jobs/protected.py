"""A token-protected Ray head in a process of its own, and requests to it. See `protected_head.py`."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.repository import ROOT


@dataclass(frozen=True, kw_only=True)
class Head:
    """A running head. `gcs` is where drivers connect; addresses of HTTP servers begin with http://."""

    gcs: str
    dashboard: str
    metrics: tuple[str, ...]
    session: Path
    listening: tuple[tuple[str, int, str], ...]
    """Address, port, command line."""
    agent: str
    agent_routes: tuple[tuple[str, str], ...]
    token: str
    process: "subprocess.Popen[str]"
    complaints: IO[str]

    def add(self, cpus: int) -> None:
        """Start another node, and wait until the cluster knows it."""
        line = str(cpus)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        for answer in iter(self.process.stdout.readline, ""):  # Ray says there, too, which nodes it lost
            if answer == f"{line}\n":
                return
        raise AssertionError(f"no node was added: {_said(self.complaints)}")

    @property
    def credentials(self) -> dict[str, str]:
        """What a process needs in its environment to be let in."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    def get(self, path: str) -> bytes:
        status, body = ask("GET", self.dashboard + path, self.token)
        assert status == 200, (path, status, body[:300])
        return body

    def scrape(self) -> str:
        """What Prometheus would read of this node and its autoscaler and dashboard."""
        return "\n".join(ask("GET", address, "")[1].decode() for address in self.metrics)


@contextlib.contextmanager
def protected_head(cpus: int = 1, environment: Mapping[str, str] | None = None, workers: int = 0) -> Iterator[Head]:
    """Start a head with a fresh token, and `workers` more nodes of as many CPUs; end them after use."""
    token = secrets.token_hex(32)
    # What Ray does by default is what is looked at.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    # Ray's sockets lie in that folder, and a socket's path has at most 107 bytes: a TMPDIR may be too long for it.
    with (
        tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryFile("w+") as complaints,
    ):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.jobs.protected_head", folder, str(cpus), str(workers)],
            cwd=ROOT,
            env=outside | {**(environment or {}), "RAY_AUTH_TOKEN": token, "RAY_USAGE_STATS_ENABLED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"no head came up: {_said(complaints)}"
            facts = json.loads(line)
            yield Head(
                gcs=facts["gcs"],
                dashboard=facts["dashboard"],
                metrics=tuple(facts["metrics"]),
                session=Path(facts["session"]),
                listening=tuple((str(ip), int(port), str(program)) for ip, port, program in facts["listening"]),
                agent=facts["agent"],
                agent_routes=tuple((str(method), str(path)) for method, path in facts["agent_routes"]),
                token=token,
                process=process,
                complaints=complaints,
            )
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def _said(complaints: IO[str]) -> str:
    complaints.seek(0)
    return complaints.read()[-4000:]


def ask(method: str, address: str, token: str) -> tuple[int, bytes]:
    """Status and body of one request; with `token` "" without any."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(address, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
