"""All that a server has started ends with it, whoever ends first: the episode, the server, its launcher, the host."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

import psutil
import pytest

from cluster.errors import InfrastructureError
from rollout.toolboxes import Session, load_toolbox
from rollout.toolboxes.mcp.toolbox import McpSession
from tests.rollout.toolboxes.mcp.calling import HERE, ask, plain

WRAPPED = f"mcp:sh -c 'python {HERE / 'plain_server.py'}; true'"
"""As npx and uvx do: the program that is named is the parent of the server."""


def family(session: Session) -> list[int]:
    """Ids of the server, a child in its group and one in a session of its own."""
    told = [ask(session, "process"), ask(session, "spawn", own=False), ask(session, "spawn", own=True)]
    numbers = [int(json.loads(each.content)) for each in told]
    assert all(map(psutil.pid_exists, numbers))
    return numbers


def assert_gone(numbers: Iterable[int]) -> None:
    deadline = time.monotonic() + 20
    while left := [each for each in numbers if psutil.pid_exists(each)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.mark.parametrize("name", [plain(), WRAPPED])
def test_an_episode_ends_and_all_with_it(name: str) -> None:
    session = load_toolbox(name).open()
    numbers = family(session)
    session.close()
    assert_gone(numbers)


@pytest.mark.parametrize("name", [plain(), WRAPPED])
def test_the_server_ends_and_all_with_it(name: str) -> None:
    session = load_toolbox(name).open()
    numbers = family(session)
    with pytest.raises(InfrastructureError, match="its server ended"):
        ask(session, "die")
    assert_gone(numbers)
    session.close()


def test_the_server_ends_with_its_launcher() -> None:
    session = load_toolbox(plain()).open()
    assert isinstance(session, McpSession)
    server = int(json.loads(ask(session, "process").content))
    with session._taken.connection("null") as connection:
        assert connection.process is not None
        assert psutil.Process(server).ppid() == connection.process.id
        os.kill(connection.process.id, signal.SIGKILL)
    assert_gone([server])
    with pytest.raises(InfrastructureError, match="its server ended"):
        ask(session, "look")
    session.close()


HOST = """
import os, signal, sys
from rollout.toolboxes import load_toolbox
from tests.rollout.toolboxes.mcp.test_ends import family
session = load_toolbox(sys.argv[1]).open()
print(*family(session), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("name", [plain(), WRAPPED])
def test_the_host_is_killed_and_all_ends(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", HOST, name], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    numbers = [*map(int, done.stdout.split())]
    assert len(numbers) == 3
    assert_gone(numbers)
