"""A user's toolbox, whose functions run in worker processes: the side of the process that runs the episodes.

This process never imports the user's module. Each worker has a thread here that talks to it, so that a call that
does not return blocks neither the event loop nor another worker. A worker that misses a deadline is killed and
replaced; sessions with state that it held are rebuilt by making their successful calls again.
"""

import asyncio
import atexit
import itertools
import json
import multiprocessing
import os
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Any

import msgspec

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.records import Call, CallResult, ErrorCode
from rollout.toolboxes.function import Function
from rollout.toolboxes.mistakes import quoted
from rollout.toolboxes.nesting import CALL, nested_names
from rollout.toolboxes.toolbox import DEADLINE, NOTHING_BUILT_IN, Session, Toolbox

WORKERS = min(4, os.cpu_count() or 1)
"""Number of worker processes of a toolbox."""
START_SECONDS = 60.0
"""How long a worker may take to import the user's module."""


class _Gone(Exception):
    """The worker did not answer in time (`late`), or ended."""

    def __init__(self, late: bool) -> None:
        super().__init__("it took too long" if late else "its process ended")
        self.late = late


class Worker:
    """One worker process and the thread that talks to it. The process starts with the first request."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.greeting: dict[str, Any] = {}
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="toolbox")
        self.closed: deque[int] = deque()
        """Sessions that the process may forget; filled by finalizers on any thread."""
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection

    def start(self) -> dict[str, Any]:
        """The running worker's greeting; starts the process where there is none. Raises RequestError."""
        if self._process is not None and self._process.poll() is None:
            return self.greeting
        self.stop()
        path = os.pathsep.join(part or os.getcwd() for part in sys.path)
        self._pipe, other_end = multiprocessing.Pipe()
        descriptor = other_end.fileno()
        self._process = subprocess.Popen(
            # -P: modules are those of this process, whatever lies in the current folder.
            [sys.executable, "-P", "-m", "rollout.toolboxes.isolation.worker", self.name, str(descriptor)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[descriptor],
            # No variable of this process goes along: they may hold secrets.
            env={"PATH": os.defpath, "PYTHONPATH": path, "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"},
        )
        other_end.close()
        try:
            self.greeting = self._read(START_SECONDS)
        except _Gone as gone:
            self.stop()
            reason = f"took longer than {START_SECONDS:.0f} s" if gone.late else "ended its process"
            raise RequestError(f"toolbox {self.name!r}: importing it {reason}") from None
        if "refused" in self.greeting:
            self.stop()
            raise RequestError(self.greeting["refused"])
        return self.greeting

    def ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        """One reply. Raises _Gone, with the process ended, when none came within `deadline` seconds."""
        gone = [self.closed.popleft() for _ in range(len(self.closed))]
        try:
            self._pipe.send_bytes(msgspec.json.encode({**request, "closed": gone, "deadline": deadline}))
            return self._read(deadline)
        except (_Gone, OSError) as error:
            self.stop()
            raise error if isinstance(error, _Gone) else _Gone(late=False) from None

    @property
    def process_id(self) -> int:
        """0 when no process runs: a restarted worker has another one."""
        return self._process.pid if self._process is not None else 0

    def stop(self) -> None:
        """End the process, at once."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            self._pipe.close()

    def _read(self, seconds: float) -> dict[str, Any]:
        if not self._pipe.poll(seconds):
            raise _Gone(late=True)
        try:
            reply: dict[str, Any] = msgspec.json.decode(self._pipe.recv_bytes())
        except EOFError:
            raise _Gone(late=False) from None
        return reply


@dataclass(frozen=True)
class IsolatedToolbox(Toolbox):
    """A toolbox whose functions run in workers. Its functions hold descriptions only."""

    workers: tuple[Worker, ...] = ()

    @classmethod
    def start(cls, name: str) -> "IsolatedToolbox":
        """Start a worker and ask it what the toolbox is. Raises RequestError when the module does not load."""
        workers = tuple(Worker(name) for _ in range(WORKERS))
        for worker in workers:
            atexit.register(worker.stop)
        described = workers[0].thread.submit(workers[0].start).result()
        functions = {
            each["name"]: Function(**{**each, "examples": tuple(each["examples"])}) for each in described["functions"]
        }
        return cls(
            name=name,
            functions=MappingProxyType(functions),
            finish=described["finish"],
            hash=described["hash"],
            workers=workers,
        )

    def open(self, state: str = "null") -> "IsolatedSession":
        return IsolatedSession(self, state)


_numbers = itertools.count(1)


class IsolatedSession(Session):
    """A session whose calls run in one of the toolbox's workers."""

    def __init__(self, toolbox: IsolatedToolbox, state: str) -> None:
        super().__init__(toolbox, None)
        self._number = next(_numbers)
        self._worker = toolbox.workers[self._number % len(toolbox.workers)]
        self._state = state
        self._history: list[Call] = []
        self._held_by = 0
        weakref.finalize(self, self._worker.closed.append, self._number).atexit = False

    def call(
        self, call: Call, built_ins: Mapping[str, Function] = NOTHING_BUILT_IN, deadline: float = DEADLINE
    ) -> CallResult:
        return self._worker.thread.submit(self._called_there, call, bool(built_ins), deadline).result()

    async def call_async(self, call: Call, built_ins: Mapping[str, Function], deadline: float) -> CallResult:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker.thread, self._called_there, call, bool(built_ins), deadline)

    def _called_there(self, call: Call, built_ins: bool, deadline: float) -> CallResult:
        """Make one call on the worker's thread. A worker that cannot start raises InfrastructureError."""
        start = time.perf_counter()
        known = self.toolbox.functions
        # The worker knows the whole toolbox, this session perhaps a part of it.
        inner = nested_names(json.loads(call.arguments)) if CALL in call.arguments else ()
        unknown = next((name for name in inner if name not in known), None)
        if call.name not in known and not (built_ins and call.name in ("Reasoning", "Stop")):
            unknown = call.name
        if unknown is not None:
            refusal = self._unknown(unknown)
            return CallResult(call=call, content=f"Error: {refusal.message}", error=refusal.code)
        request = {"session": self._number, "call": msgspec.to_builtins(call), "built_ins": built_ins}
        try:
            self._rebuild(deadline)
            try:
                reply = self._worker.ask(request, deadline)
            except _Gone as gone:
                if gone.late:
                    raise
                # The process may have ended for another session's sake: the function is at fault if it ends again.
                self._rebuild(deadline)
                reply = self._worker.ask(request, deadline)
        except _Gone as gone:
            code = ErrorCode.FUNCTION_TIMEOUT if gone.late else ErrorCode.FUNCTION_RAISED
            what = f"took longer than {deadline:g} s" if gone.late else "ended its process"
            content, seconds = f"Error: {quoted(call.name)}: {what}", time.perf_counter() - start
            return CallResult(call=call, content=content, error=code, seconds=seconds)
        result = msgspec.convert(reply["result"], CallResult)
        self.answer, self.last = reply["answer"], reply["last"]
        self._history.append(call)
        return result

    def _rebuild(self, deadline: float) -> None:
        """Make sure that the worker runs and has this session, with its earlier calls, each under its own deadline.

        Raises InfrastructureError when that fails: whatever the reason, the next call is not at fault.
        """
        history = [msgspec.to_builtins(earlier) for earlier in self._history]
        opening = {"session": self._number, "state": self._state, "history": history, "last": self.last}
        try:
            self._worker.start()
            if self._held_by == self._worker.process_id:
                return
            reply = self._worker.ask(opening, (len(history) + 1) * deadline)
        except (_Gone, RequestError, OSError) as error:
            what = f"a session with {len(history)} calls behind it could not be opened: {error}"
            raise InfrastructureError(InfrastructureKind.HOST_TIMEOUT, f"toolbox {self.toolbox.name}: {what}") from None
        if "refused" in reply:
            raise RequestError(reply["refused"])
        self._held_by = self._worker.process_id
