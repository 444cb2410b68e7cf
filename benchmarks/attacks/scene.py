"""What the attempts are made on, and what is seen of them from outside."""

import os
import resource
import shutil
import signal
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.attacks.attempts import ATTEMPTS, HEAD, REACHED, SECRET
from rollout.records import Call
from rollout.toolboxes.isolation.isolated import IsolatedToolbox

DEADLINE = 2.0


@dataclass
class Scene:
    """What the attempts are made on."""

    folder: Path
    toolbox: IsolatedToolbox
    listeners: list[socket.socket]
    """TCP, a Unix socket at a path, and one with an abstract name."""
    signals: list[int]

    @property
    def outside(self) -> Path:
        return self.folder / "outside"

    def fresh(self) -> None:
        """Put the files outside back as they were, and forget what came."""
        shutil.rmtree(self.outside, ignore_errors=True)
        self.outside.mkdir()
        (self.outside / "secret.txt").write_text(f"{SECRET}\n1\n")
        (self.outside / "planted.py").write_text(f"VALUE = {SECRET!r}\n")
        (self.outside / "pointer").symlink_to("somewhere")
        with sqlite3.connect(self.outside / "data.db") as database:
            database.execute("create table t(a)")
            database.execute("insert into t values(?)", [SECRET])
        database.close()
        self.signals.clear()

    def traces(self) -> dict[str, Any]:
        """What can be seen from outside."""
        files = {
            str(path.relative_to(self.folder)): (
                path.lstat().st_mode,
                path.lstat().st_mtime_ns,
                path.lstat().st_uid,
                _text(path),
            )
            for top in (self.outside, self.folder / "tools")
            for path in sorted(top.rglob("*"))
            if "__pycache__" not in path.parts
        }
        return {
            "files": files,
            "shared memory": os.path.exists("/dev/shm/planted"),
            "connections": [_waiting(each) for each in self.listeners],
            "signals": list(self.signals),
            "priority": os.getpriority(os.PRIO_PROCESS, 0),
            "processors": sorted(os.sched_getaffinity(0)),
            "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
            "memory score": Path("/proc/self/oom_score_adj").read_text(),
        }


def _text(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else b""


def _waiting(listener: socket.socket) -> int:
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


@contextmanager
def scene() -> Iterator[Scene]:
    """A toolbox with all attempts in one worker, and what they are aimed at."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attacks-"))).resolve()
        before = os.environ.get("HF_TOKEN")
        os.environ["HF_TOKEN"] = SECRET
        stack.callback(lambda: os.environ.pop("HF_TOKEN") if before is None else os.environ.update(HF_TOKEN=before))
        listeners = []
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", 0)),
            (socket.AF_UNIX, str(folder / "unix")),
            (socket.AF_UNIX, f"\0attacks-{os.getpid()}"),
        ):
            listener = stack.enter_context(socket.socket(family))
            listener.bind(address)
            listener.listen()
            listener.setblocking(False)
            listeners.append(listener)
        signals: list[int] = []
        old = signal.signal(signal.SIGUSR1, lambda number, frame: signals.append(number))
        stack.callback(signal.signal, signal.SIGUSR1, old)
        (folder / "tools").mkdir()
        settings = (
            str(folder / "outside"), os.getpid(), listeners[0].getsockname()[1], str(folder / "unix"),
            f"attacks-{os.getpid()}", str(folder / "tools"),
        )  # fmt: skip
        bodies = [
            f'def attempt_{index}() -> str:\n    """Attempt: {name}."""\n    {code}\n'
            for index, (name, code) in enumerate(ATTEMPTS.items())
        ]
        text = "\n\n".join([HEAD.replace("SETTINGS", repr(settings)), *bodies])
        (folder / "tools" / "attempts.py").write_text(text)
        toolbox = IsolatedToolbox.start(str(folder / "tools" / "attempts.py"), workers=1)
        stack.callback(toolbox.stop)
        yield Scene(folder, toolbox, listeners, signals)


def contained(there: Scene, name: str) -> str:
    """Make one attempt; "" if it is contained, else what it reached."""
    there.fresh()
    there.toolbox.open().call(Call(name="attempt_0", arguments="{}"), deadline=20.0)  # the worker runs
    before = there.traces()
    group = there.toolbox.workers[0].process_id
    number = list(ATTEMPTS).index(name)
    session = there.toolbox.open()
    result = session.call(Call(name=f"attempt_{number}", arguments="{}"), deadline=DEADLINE)
    if REACHED in result.content or SECRET in result.content:
        return result.content[:200]
    after = there.traces()
    changed = [key for key in before if before[key] != after[key]]
    if changed:
        return f"changed {', '.join(changed)}"
    alive = [each for each in psutil.pids() if each != group and _is_in(each, group)]
    return f"{len(alive)} processes live on" if alive else ""


def _is_in(process: int, group: int) -> bool:
    """Whether a process belongs to the worker's session, and runs."""
    try:
        return os.getsid(process) == group and psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
