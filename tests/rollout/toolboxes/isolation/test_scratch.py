"""No scratch folder outlives its process, however that ended."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rollout.toolboxes.isolation.scratch import remove_folders_of_the_dead
from tests.repository import ROOT

MADE = "from rollout.toolboxes.isolation.scratch import scratch_folder; print(scratch_folder(), flush=True); "
SHARED = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from rollout.toolboxes.isolation.scratch import scratch_folder
sys.setswitchinterval(1e-6)
together = threading.Barrier(8)
def asked(number):
    together.wait()
    return scratch_folder()
with ThreadPoolExecutor(8) as threads:
    print(*threads.map(asked, range(8)), flush=True)
"""
WAITING = "import time; time.sleep(600)"
SERVED = """
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mcp.config import McpConfig
from rollout.toolboxes.mcp.naming import with_options
options = McpConfig(state_tool="dump", reset_tool="load")
box = load_toolbox(with_options("mcp:python docs/examples/orders_server.py", options))
sessions = [box.open('{"orders":{}}') for _ in range(2)]
states = [session.state() for session in sessions]
sessions[0].close()
worker = load_toolbox("docs/examples/shop.py")
print("[" + ", ".join(states) + "]", flush=True)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def started(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_process_that_ends_takes_its_folder_away(temporary: Path) -> None:
    with started(MADE) as process:
        folder = Path(first_line(process))
    assert folder.is_relative_to(temporary)
    assert os.listdir(temporary) == []


def test_threads_share_one_folder(temporary: Path) -> None:
    with started(SHARED) as process:
        folders = [Path(each) for each in first_line(process).split()]
    assert len(folders) == 8
    assert len({each.parent for each in folders}) == 1
    assert os.listdir(temporary) == []


def test_what_a_killed_process_left_goes_and_what_a_living_one_has_stays(temporary: Path) -> None:
    with started(MADE + WAITING) as killed, started(MADE + WAITING) as living:
        try:
            left, used = (Path(first_line(process)) for process in (killed, living))
            (left / "letter.txt").write_text("Dear Bob,")
            killed.kill()
            killed.wait()
            assert left.is_dir()
            remove_folders_of_the_dead()
            assert not left.parent.exists()
            assert used.is_dir()
        finally:
            killed.kill()
            living.kill()


@pytest.mark.parametrize("ending", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_servers_and_workers_leave_nothing(temporary: Path, ending: str) -> None:
    with started(SERVED + ending) as process:
        assert json.loads(first_line(process)) == [{"orders": {}}, {"orders": {}}]
    assert process.returncode == (-signal.SIGKILL if ending else 0)
    if ending:
        assert os.listdir(temporary) != []
        remove_folders_of_the_dead()
    assert os.listdir(temporary) == []
