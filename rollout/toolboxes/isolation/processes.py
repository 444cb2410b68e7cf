"""A toolbox's worker process, from the side of the process that runs the episodes: started, asked, ended."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.toolboxes.isolation.interpreters import PYDANTIC, ROOT, folders_of_packages, interpreter
from rollout.toolboxes.isolation.scratch import scratch_folder
from rollout.toolboxes.isolation.wire import Garbled, receive, send

START_SECONDS = 120.0
"""How long a worker may take to import the user's module."""
ENDED = "ended its process"
"""What is said of a module or function that its worker did not survive."""
_BOOTSTRAP = str(Path(__file__).with_name("bootstrap.py"))
ENVIRONMENT = {
    # No variable of this process goes along: they may hold secrets. And none differs between two machines.
    "PATH": os.defpath,
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_OTHER_DAY = {"TZ": "Pacific/Kiritimati"}


KILLS = 5
"""How often in a row a worker may be killed from outside before nobody waits for it any more."""
KILLED = (-signal.SIGKILL, -signal.SIGTERM)
"""Exit codes of a process that another one killed: a function may send no signal, not even to itself."""


class Gone(Exception):
    """The worker did not answer in time (`late`), or ended; `killed`: from outside, whatever it was doing."""

    def __init__(self, late: bool, killed: bool = False) -> None:
        super().__init__("it took too long" if late else "its process was killed" if killed else "its process ended")
        self.late = late
        self.killed = killed


@dataclass(eq=False)
class Worker:
    """One worker process and the thread that talks to it. The process starts with the first request."""

    name: str
    """The toolbox's, without its interpreter's."""
    python: str = ""
    """Its interpreter, as `interpreters` knows it."""
    other_day: bool = False
    """Whether it is to believe in another day and time zone: see `other_day`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that it has beside the others, or in their place."""
    greeting: dict[str, Any] = field(default_factory=dict)
    closed: deque[int] = field(default_factory=deque)
    """Sessions that the process may forget; filled by finalizers on any thread."""

    def __post_init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="toolbox")
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: socket.socket
        self._scratch = ""
        self._asked = 0

    def start(self) -> dict[str, Any]:
        """The running worker's greeting; starts the process where there is none, again where it is killed. Raises
        RequestError, and InfrastructureError where it is killed again and again: another host may be spared."""
        if self._process is not None and self._process.poll() is None:
            return self.greeting
        for _ in range(KILLS):
            with suppress(Gone):
                return self._start()
        what = f"toolbox {self.name!r}: importing it was killed {KILLS} times in a row; end what kills it"
        raise InfrastructureError(InfrastructureKind.HOST_TIMEOUT, what)

    def _start(self) -> dict[str, Any]:
        """Start the process, and read its greeting. Raises Gone where it was killed, and RequestError."""
        self.stop()
        self._scratch = scratch_folder()
        self._pipe, other_end = socket.socketpair()
        descriptor = other_end.fileno()
        python = interpreter(self.python)
        self._process = subprocess.Popen(
            [python, "-s", _BOOTSTRAP, json.dumps(self._settings(python, descriptor))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[descriptor],
            # A group of its own, which ends as a whole.
            start_new_session=True,
            env={
                **ENVIRONMENT,
                **(_OTHER_DAY if self.other_day else {}),
                "TMPDIR": self._scratch,
                "HOME": self._scratch,
                **self.environment,
            },
        )
        other_end.close()
        try:
            self.greeting = self._read(START_SECONDS)
        except (Gone, Garbled) as fault:
            killed = self._was_killed()
            self.stop()
            if isinstance(fault, Gone) and not fault.late and killed:
                raise Gone(late=False, killed=True) from None
            late = isinstance(fault, Gone) and fault.late
            reason = f"took longer than {START_SECONDS:.0f} s" if late else ENDED
            reason = f"wrote to its worker's pipe: {fault}" if isinstance(fault, Garbled) else reason
            raise RequestError(f"toolbox {self.name!r}: importing it {reason}") from None
        if "refused" in self.greeting:
            self.stop()
            raise RequestError(self.greeting["refused"])
        return self.greeting

    def _settings(self, python: str, descriptor: int) -> dict[str, Any]:
        """What `bootstrap` is told. Another interpreter gets of this one's folders only what is no part of it."""
        foreign = python != sys.executable
        path, packages = [part or os.getcwd() for part in sys.path], folders_of_packages() if foreign else {}
        if foreign:
            own = tuple(os.path.realpath(each) + os.sep for each in (sys.prefix, sys.base_prefix))
            path = [each for each in path if not (os.path.realpath(each) + os.sep).startswith(own)]
            path += [] if str(ROOT) in path else [str(ROOT)]
        return {
            "name": self.name,
            "parent": os.getpid(),
            "pipe": descriptor,
            "foreign": foreign,
            "path": path,
            "packages": packages,
            "together": PYDANTIC,
            "version": sys.version_info[:2],
            "folders": [*packages.values(), str(ROOT / "rollout"), str(ROOT / "cluster")],
            "scratch": self._scratch,
            "other_day": self.other_day,
        }

    def ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        """One reply. Raises Gone, with the process ended, when none came whole within `deadline` seconds, and Garbled
        when what came is none."""
        gone = [self.closed.popleft() for _ in range(len(self.closed))]
        self._asked += 1
        try:
            numbered = {**request, "closed": gone, "deadline": deadline, "number": self._asked}
            send(self._pipe, numbered, deadline)
            reply = self._read(deadline)
            if reply.get("number") != self._asked:
                raise Garbled("it answers another request")
        except TimeoutError:  # while the request was sent: the process did not read it
            self.stop()
            raise Gone(late=True) from None
        except (Gone, Garbled, OSError) as error:
            has_ended = not isinstance(error, Garbled) and not getattr(error, "late", False)
            killed = has_ended and self._was_killed()
            self.stop()
            raise Gone(late=False, killed=killed) if has_ended else error from None
        return reply

    def _was_killed(self) -> bool:
        """Whether the process, whose pipe is closed, was ended by another one."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(1.0) in KILLED
        return False

    @property
    def process_id(self) -> int:
        """0 when no process runs: a restarted worker has another one."""
        return self._process.pid if self._process is not None else 0

    def stop(self) -> None:
        """End the process, and what it may have started, at once."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self._pipe.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _read(self, seconds: float) -> dict[str, Any]:
        try:
            return receive(self._pipe, seconds)
        except TimeoutError:
            raise Gone(late=True) from None
        except (EOFError, ConnectionError):
            raise Gone(late=False) from None
