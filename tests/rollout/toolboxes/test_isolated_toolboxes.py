"""The processes in which users' functions run, killed and frozen: what a function is at fault for, and what not."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from cluster.errors import InfrastructureError, InfrastructureKind
from rollout.records import Call, ErrorCode
from rollout.toolboxes import Toolbox, load_toolbox
from rollout.toolboxes.isolation.isolated import IsolatedSession, IsolatedToolbox

BOX = '''
import os
import time
from pathlib import Path

class Box:
    def __init__(self, state):
        self.left = state

    def take(self, some: int) -> int:
        """Take some away; slow, and deadly where the file beside this one says so."""
        if Path(__file__).with_name("mood").read_text() == "deadly":
            os._exit(1)
        time.sleep(0.4)
        self.left -= some
        if self.left < 0:
            raise ValueError("none is left")
        return self.left

    def count(self) -> int:
        """Say what is left."""
        return self.left

    def hang(self) -> int:
        """Never return."""
        while True:
            pass

TOOLBOX = Box
'''

SHORT_LIVED = '''
import os
import signal
from pathlib import Path

TIMES = Path(__file__).with_name("times")
STARTED = int(TIMES.read_text()) + 1
TIMES.write_text(str(STARTED))
if STARTED <= 6:
    os.kill(os.getpid(), signal.SIGKILL)

def count() -> int:
    """Say how often this was imported."""
    return STARTED
'''


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IsolatedToolbox]:
    """A toolbox with one worker, which all sessions share."""
    monkeypatch.setattr("rollout.toolboxes.isolation.isolated.WORKERS", 1)
    (tmp_path / "box.py").write_text(BOX)
    (tmp_path / "mood").write_text("mild")
    toolbox = load_toolbox(str(tmp_path / "box.py"))
    assert isinstance(toolbox, IsolatedToolbox)
    yield toolbox
    toolbox.workers[0].stop()


def take(some: int) -> Call:
    return Call(name="take", arguments=f'{{"some":{some}}}')


COUNT = Call(name="count", arguments="{}")


def kill(toolbox: IsolatedToolbox) -> None:
    os.kill(toolbox.workers[0].process_id, signal.SIGKILL)


def test_calls_that_are_made_again_have_their_own_time(box: IsolatedToolbox) -> None:
    """They take longer together than one call may, and it is a neighbour that took their process along."""
    session, neighbour = box.open("9"), box.open("9")
    assert [session.call(take(1), deadline=1.0).content for _ in range(3)] == ["8", "7", "6"]
    assert neighbour.call(Call(name="hang", arguments="{}"), deadline=1.0).error is ErrorCode.FUNCTION_TIMEOUT
    assert session.call(take(1), deadline=1.0).content == "5"


def test_a_process_killed_from_outside_is_no_mistake_of_the_function(box: IsolatedToolbox) -> None:
    session = box.open("9")

    async def killed_in_the_middle() -> str:
        calling = asyncio.create_task(session.call_async(take(1), {}, 5.0))
        await asyncio.sleep(0.2)
        kill(box)
        return (await calling).content

    assert session.call(take(1)).content == "8"
    assert asyncio.run(killed_in_the_middle()) == "7"
    kill(box)
    assert session.call(take(1)).content == "6", "killed while nobody called"
    assert session.call(take(7)).error is ErrorCode.FUNCTION_RAISED
    kill(box)
    assert session.call(COUNT).content == "-1", "a call that failed has changed something, too"


def test_a_call_is_made_again_as_often_as_its_process_is_killed_but_not_for_ever(box: IsolatedToolbox) -> None:
    """Two deaths of a process of its own accord are the function's fault; those that others bring about never are."""
    session, neighbour = box.open("9"), box.open("5")
    assert isinstance(session, IsolatedSession)
    assert session.call(take(1)).content == "8"

    async def killed(times: int) -> str:
        calling = asyncio.create_task(session.call_async(take(1), {}, 5.0))
        done = set[int]()
        while len(done) < times and not calling.done():
            await asyncio.sleep(0.02)
            process = box.workers[0].process_id
            if process == session._held_by and process not in done:  # it has the world, so it makes the call
                done.add(process)
                await asyncio.sleep(0.1)
                os.kill(process, signal.SIGKILL)
        return (await calling).content

    assert asyncio.run(killed(3)) == "7"
    assert session.call(COUNT).content == "7", "once, whatever was killed"
    with pytest.raises(InfrastructureError, match="its worker was killed 5 times in a row"):
        asyncio.run(killed(100))
    assert session.call(COUNT).content == "7"
    assert neighbour.call(COUNT).content == "5"


def test_a_function_that_ends_its_process_is_at_fault_and_harms_nobody(box: IsolatedToolbox, tmp_path: Path) -> None:
    session, neighbour = box.open("9"), box.open("5")
    assert neighbour.call(COUNT).content == "5"
    (tmp_path / "mood").write_text("deadly")
    result = session.call(take(1))
    assert (result.error, result.content) == (ErrorCode.FUNCTION_RAISED, "Error: take: ended its process")
    assert neighbour.call(COUNT).content == "5"


def test_a_session_that_cannot_be_rebuilt_is_a_fault_of_machines(box: IsolatedToolbox, tmp_path: Path) -> None:
    session = box.open("9")
    assert session.call(take(1)).content == "8"
    kill(box)
    (tmp_path / "mood").write_text("deadly")
    with pytest.raises(InfrastructureError, match="1 calls behind it could not be opened: its process ended") as caught:
        session.call(COUNT)
    assert caught.value.kind is InfrastructureKind.HOST_TIMEOUT
    (tmp_path / "box.py").unlink()
    with pytest.raises(InfrastructureError, match="no file"):
        session.call(COUNT)


def test_an_import_that_is_killed_again_and_again_is_a_fault_of_machines(tmp_path: Path) -> None:
    """A wrong request would end the whole run, on the hosts that are spared, too."""
    times = tmp_path / "times"
    times.write_text("0")
    (tmp_path / "short.py").write_text(SHORT_LIVED)
    with pytest.raises(
        InfrastructureError, match="importing it was killed 5 times in a row; end what kills it"
    ) as info:
        load_toolbox(str(tmp_path / "short.py"))
    assert (info.value.kind, times.read_text()) == (InfrastructureKind.HOST_TIMEOUT, "5")
    toolbox = load_toolbox(str(tmp_path / "short.py"))  # killed once more, and then spared
    assert isinstance(toolbox, IsolatedToolbox)
    assert (times.read_text(), COUNT.name in toolbox.functions) == ("7", True)
    toolbox.stop()


def test_a_toolbox_that_takes_long_to_load_keeps_nobody_from_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, had = threading.Event(), threading.Event()

    def slow(name: str, python: str = "") -> Toolbox:
        begun.set()
        assert had.wait(20), "the other one waited"
        return load_toolbox("arithmetic")

    monkeypatch.setattr(IsolatedToolbox, "start", slow)
    with ThreadPoolExecutor(1) as others:
        loading = others.submit(load_toolbox, str(tmp_path / "slow.py"))
        assert begun.wait(20)
        assert load_toolbox("fol").functions
        had.set()
        loading.result()


def test_one_toolbox_is_made_once_for_all_threads_that_want_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[str]()

    def slow(name: str, python: str = "") -> Toolbox:
        made.append(name)
        time.sleep(0.2)
        return load_toolbox("arithmetic")

    monkeypatch.setattr(IsolatedToolbox, "start", slow)
    with ThreadPoolExecutor(4) as others:
        assert len(list(others.map(load_toolbox, [str(tmp_path / "one.py")] * 4))) == 4
    assert len(made) == 1


HOST = """
import os, signal, sys, threading, time
import psutil
from rollout.records import Call
from rollout.toolboxes import load_toolbox

def work():
    load_toolbox(sys.argv[1]).open("9").call(Call(name="hang", arguments="{}"), deadline=3600.0)

threading.Thread(target=work, daemon=True).start()
while not (workers := [each for each in psutil.Process().children() if sum(each.cpu_times()[:2]) > 2.0]):
    time.sleep(0.05)
print(*(each.pid for each in workers), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("source", [BOX, "while True:\n    pass\n"], ids=["in a call", "while it is imported"])
def test_a_worker_that_computes_ends_with_the_process_that_started_it(tmp_path: Path, source: str) -> None:
    """It does not read its pipe, so it would not see that nobody waits any more."""
    (tmp_path / "box.py").write_text(source)
    (tmp_path / "mood").write_text("mild")
    command = [sys.executable, "-c", HOST, str(tmp_path / "box.py")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    (worker,) = map(int, done.stdout.split())
    deadline = time.monotonic() + 5
    try:
        while psutil.pid_exists(worker):
            assert time.monotonic() < deadline, "it still runs"
            time.sleep(0.05)
    finally:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
