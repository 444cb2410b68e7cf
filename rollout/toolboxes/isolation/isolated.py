"""A user's toolbox, whose functions run in worker processes: the side of the process that runs the episodes.

This process never imports the user's module. Each worker has a thread here that talks to it, so that a call that
does not return blocks neither the event loop nor another worker. A worker that misses a deadline is killed and
replaced; sessions with state that it held are rebuilt by making their successful calls again.
"""

import asyncio
import atexit
import itertools
import json
import os
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.records import Call, CallResult, ErrorCode, content_hash
from rollout.toolboxes.function import Function
from rollout.toolboxes.isolation.interpreters import interpreter_of_file
from rollout.toolboxes.isolation.processes import ENDED, KILLS, Gone, Worker
from rollout.toolboxes.isolation.users import file_of_functions
from rollout.toolboxes.isolation.wire import Garbled
from rollout.toolboxes.mistakes import CallRefused, quoted
from rollout.toolboxes.nesting import CALL, holds_calls, named_throughout, nested_names
from rollout.toolboxes.toolbox import DEADLINE, NOTHING_BUILT_IN, Session, Toolbox

READ_SECONDS = 60.0
"""How long it may take to read a world: no call of the model's is waited for."""
WORKERS = min(4, os.cpu_count() or 1)
"""Number of worker processes of a toolbox."""


@dataclass(frozen=True)
class IsolatedToolbox(Toolbox):
    """A toolbox whose functions run in workers. Its functions hold descriptions only."""

    workers: tuple[Worker, ...] = ()

    @classmethod
    def start(cls, name: str, python: str = "", *, workers: int = 0, other_day: bool = False) -> "IsolatedToolbox":
        """Start a worker, of `workers` or as many as are usual, and ask it what the toolbox is; `python` names its
        interpreter where it is not this one, `other_day` lets it believe in another day and time zone.

        Raises RequestError when the module does not load, and InfrastructureError where something kills every process.
        """
        place = name.partition("#turns")[0].partition(":")[0].partition("+")[0]
        chosen = python or (interpreter_of_file(file_of_functions(place)) if place.endswith(".py") else "")
        started = tuple(Worker(name, chosen, other_day) for _ in range(workers or WORKERS))
        for worker in started:
            atexit.register(worker.stop)
        described = started[0].thread.submit(started[0].start).result()
        functions = {
            each["name"]: Function(**{**each, "examples": tuple(each["examples"])}) for each in described["functions"]
        }
        return cls(
            name=name,
            functions=MappingProxyType(functions),
            finish=described["finish"],
            turns=described["turns"],
            hash=content_hash(described["hash"], chosen) if chosen else described["hash"],
            workers=started,
        )

    def stop(self) -> None:
        """End its processes, where nothing will be called again."""
        for worker in self.workers:
            worker.thread.submit(worker.stop).result()
            atexit.unregister(worker.stop)

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

    def state(self) -> str:
        return self._worker.thread.submit(self._state_there).result()

    async def state_async(self) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._worker.thread, self._state_there)

    def _state_there(self) -> str:
        """Read the world on the worker's thread, again if its process ends. Raises CallRefused, by the toolbox's fault,
        for one that cannot be read, and InfrastructureError as a call does."""
        try:
            reply = self._asked({"session": self._number, "read": True}, READ_SECONDS)
        except Gone as gone:
            fault = f"reading its state {f'took longer than {READ_SECONDS:g} s' if gone.late else ENDED}"
        except Garbled as garbled:
            fault = f"it wrote to its worker's pipe: {garbled}"
        else:
            if "world" in reply:
                return str(reply["world"])
            fault = reply["fault"]
        raise CallRefused(ErrorCode.TOOLBOX_FAULT, fault)

    def _asked(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        """The worker's reply, asked again where its process ended for another session's sake, or was killed.

        Raises Gone where it took too long, or ended twice; Garbled, and InfrastructureError where it is killed again
        and again, or cannot be started.
        """
        deaths = 0
        for _ in range(KILLS):
            self._rebuild(deadline)
            try:
                return self._worker.ask(request, deadline)
            except Gone as gone:
                deaths += not gone.killed
                if gone.late or deaths > 1:
                    raise
        what = f"its worker was killed {KILLS} times in a row"
        raise InfrastructureError(InfrastructureKind.HOST_TIMEOUT, f"toolbox {self.toolbox.name}: {what}")

    def _called_there(self, call: Call, built_ins: bool, deadline: float) -> CallResult:
        """Make one call on the worker's thread. A worker that cannot start raises InfrastructureError."""
        start = time.perf_counter()
        known = self.toolbox.functions
        call = named_throughout(call, known)
        # The worker knows the whole toolbox, this session perhaps a part of it.
        inner = nested_names(json.loads(call.arguments)) if CALL in call.arguments else ()
        unknown = next((name for name in inner if name not in known), None)
        if call.name not in known and not (built_ins and call.name in ("Reasoning", "Stop")):
            unknown = call.name
        made = () if holds_calls(call.arguments) else None  # where it is refused, or undone with its process
        if unknown is not None or self.answer is not None:
            # The worker does not know what ended a turn, and earlier calls are made again in sessions that it lost.
            refusal = self._unknown(unknown) if unknown is not None else self.answered(call.name)
            return CallResult(call=call, content=f"Error: {refusal.message}", error=refusal.code, made=made)
        request = {"session": self._number, "call": msgspec.to_builtins(call), "built_ins": built_ins}
        request["last"] = self.last
        request["index"] = len(self._history)
        try:
            reply = self._asked(request, deadline)
        except Gone as gone:
            code = ErrorCode.FUNCTION_TIMEOUT if gone.late else ErrorCode.FUNCTION_RAISED
            what = f"took longer than {deadline:g} s" if gone.late else ENDED
            content, seconds = f"Error: {quoted(call.name)}: {what}", time.perf_counter() - start
            return CallResult(call=call, content=content, error=code, seconds=seconds, made=made)
        except Garbled as fault:
            content, seconds = (
                f"Error: {call.name}: it wrote to its worker's pipe: {fault}",
                time.perf_counter() - start,
            )
            return CallResult(call=call, content=content, error=ErrorCode.TOOLBOX_FAULT, seconds=seconds)
        result = msgspec.convert(reply["result"], CallResult)
        self.answer, self.last = reply["answer"], reply["last"]
        self._history.append(call)
        return result

    def _rebuild(self, deadline: float) -> None:
        """Make sure that the worker runs and has this session, with its earlier calls, each under its own deadline.

        Raises InfrastructureError when that fails: whatever the reason, the next call is not at fault.
        """
        for left in reversed(range(KILLS)):
            try:
                self._worker.start()
                if self._held_by == self._worker.process_id:
                    return
                history = [msgspec.to_builtins(earlier) for earlier in self._history]
                opening = {"session": self._number, "state": self._state, "history": history}
                reply = self._worker.ask(opening, (len(history) + 1) * deadline)
                break
            except (Gone, RequestError, OSError) as error:
                if left and isinstance(error, Gone) and error.killed:
                    continue
                what = f"a session with {len(self._history)} calls behind it could not be opened: {error}"
                name = self.toolbox.name
                raise InfrastructureError(InfrastructureKind.HOST_TIMEOUT, f"toolbox {name}: {what}") from None
        if "refused" in reply:
            raise RequestError(reply["refused"])
        self._held_by = self._worker.process_id
