"""Which server an episode talks to: a process of its own, one that it shares, or one that is reset for it."""

import contextlib
import json
import os
import threading
from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.records import ErrorCode
from rollout.toolboxes.mcp.connection import Connection, Lost, NotStarted, Refused, Unpromised
from rollout.toolboxes.mcp.naming import ServerSpec
from rollout.toolboxes.mcp.results import error_text
from rollout.toolboxes.mcp.tools import Offered, difference, offered
from rollout.toolboxes.mcp.turns import Turns
from rollout.toolboxes.mistakes import CallRefused, TooLarge, one_line

_AT_A_TIME = max(2, os.cpu_count() or 1)
"""Servers that start side by side: more would only make each other late."""
_STARTING = threading.Semaphore(_AT_A_TIME)
_BLAMED_AFTER = 3


class Servers:
    """The servers of one toolbox in this process. All methods may be called from any thread."""

    def __init__(self, spec: ServerSpec, offer: Offered) -> None:
        self._spec = spec
        self._offer = offer
        self._lock = threading.Lock()
        self._preparing = threading.Lock()
        self._prepared = False
        self._turns = Turns(1 if spec.url else spec.options.processes)
        """At servers that one episode uses at a time; there is one at an address."""
        self._common: Connection | None = None
        self._idle = deque[Connection]()
        self._lost_at = Counter[str]()

    def prepare(self, episodes: int) -> None:
        """Start the servers that so many episodes would take, once. They are programs that take a second of a core to
        start, which nobody has to wait for while an engine loads. Returns when they are there; one that does not start,
        the episode that wants it says."""
        with self._preparing:  # who comes second waits: episodes that begin before would start more than there may be
            if self._prepared or self._spec.url or self._spec.side_by_side:
                return
            self._prepared = True
            count = min(episodes, self._spec.options.processes)
            with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="mcp-start") as threads:
                for started in [threads.submit(self._started) for _ in range(count)]:
                    with contextlib.suppress(InfrastructureError, RequestError):
                        self._idle.append(started.result())

    def ask(self, state: str) -> "Future[None]":
        """An episode's turn, which has come when this is done, and which it leaves in any case: first come, first
        served, however long it takes. Raises RequestError where the state does not fit."""
        self.require_state(state)
        if not self._spec.side_by_side:
            return self._turns.ask()
        at_once = Future[None]()
        at_once.set_result(None)
        return at_once

    def leave(self, turn: "Future[None]") -> None:
        """Give a turn back, or wait for it no longer. Waits for nothing."""
        if not self._spec.side_by_side and not turn.cancel():
            self._turns.give_back()

    def take(self, state: str) -> Connection:
        """A server in the problem's state for an episode whose turn it is, to be given back. Raises
        InfrastructureError where none starts, RequestError where the state does not fit."""
        if self._spec.side_by_side:
            with self._lock:
                if self._common is None or not self._common.alive:
                    self._common = self._started()
                return self._common
        connection: Connection | None = None
        while self._idle and connection is None:
            with contextlib.suppress(IndexError):  # another thread took the last one
                connection = self._idle.popleft()
            connection = connection if connection is not None and connection.alive else None
        connection = connection or self._started()
        try:
            self._reset(connection, state)
        except BaseException:
            self.give_back(connection)
            raise
        return connection

    def give_back(self, connection: Connection) -> None:
        """An episode has ended. Waits for nothing: finalizers call it."""
        if self._spec.side_by_side:
            return
        if self._spec.shared and connection.alive:
            self._idle.append(connection)
        else:
            connection.close()

    def give_up(self, connection: Connection) -> None:
        """An episode has ended in the middle of a call: end the process, whose world that call may still change. It is
        given back when the call has come to its end; at an address, where nothing can be ended, that is waited for.
        Waits for nothing itself."""
        if connection.process is not None and not self._spec.side_by_side:
            connection.given_up = True
            connection.close()

    def call(self, connection: Connection, tool: str, arguments: dict[str, Any], deadline: float, key: str) -> Any:
        """What a tool gives back to a model. Raises CallRefused; InfrastructureError where the server died or hung.

        A server that does so again and again at one call, named by `key`, does so because of it: that is the toolbox's
        fault.
        """
        was_alive = connection.alive
        try:
            result = connection.call(tool, arguments, deadline)
        except Lost as lost:
            self._lost_at[key] += was_alive and not connection.given_up
            if self._lost_at[key] < _BLAMED_AFTER:
                raise self._lost(f"{tool}: {lost}") from None
            del self._lost_at[key]
            times = f"{_BLAMED_AFTER} times one after the other"
            raise CallRefused(ErrorCode.TOOLBOX_FAULT, f"{tool}: {lost}, {times}") from None
        except TooLarge as error:
            raise CallRefused(ErrorCode.OUTPUT_TOO_LARGE, f"{tool}: {error}") from None
        except Unpromised as fault:  # the call was made, and what came of it nobody can say
            raise CallRefused(ErrorCode.TOOLBOX_FAULT, f"{tool}: {one_line(str(fault))}") from None
        except Refused as refused:
            raise CallRefused(ErrorCode.FUNCTION_RAISED, f"{tool}: {one_line(str(refused))}") from None
        self._lost_at.pop(key, None)
        if result.is_error:
            raise CallRefused(ErrorCode.FUNCTION_RAISED, f"{tool}: {one_line(error_text(result)) or 'it failed'}")
        return result

    def state(self, connection: Connection) -> Any:
        """What the state tool gives back. Raises CallRefused, by the toolbox's fault; InfrastructureError."""
        tool = self._spec.options.state_tool
        try:
            result = connection.call(tool, {}, self._spec.options.start_s)
        except Lost as lost:
            raise self._lost(f"{tool}: {lost}") from None
        except (Refused, TooLarge) as error:
            fault = one_line(str(error), paths=True)
        else:
            if not result.is_error:
                return result
            fault = one_line(error_text(result), paths=True)
        raise CallRefused(ErrorCode.TOOLBOX_FAULT, f"its state cannot be read: {tool}: {fault}")

    def _started(self) -> Connection:
        with _STARTING:
            try:
                connection = Connection.start(self._spec)
            except NotStarted as error:
                raise self._lost(str(error)) from None
        try:
            now = offered(self._spec, connection.tools).definitions
            if now != self._offer.definitions:
                raise RequestError(
                    f"toolbox {self._spec.name!r}: the server lists other tools than when this process began: "
                    f"{difference(self._offer.definitions, now)}; let it list the same ones each time"
                )
        except RequestError:
            connection.close()
            raise
        return connection

    def require_state(self, state: str) -> None:
        """Raise RequestError for a state that no tool takes."""
        where, reset = f"toolbox {self._spec.name!r}", self._offer.reset
        if state == "null":
            return
        if reset is None:
            raise RequestError(
                f"{where}: the problem has a state, and no tool takes it; name the server's with reset_tool"
            )
        try:
            given = json.loads(state)
        except (ValueError, RecursionError):
            raise RequestError(f"{where}: the state does not fit: it is no JSON; write an object") from None
        if not isinstance(given, dict):
            raise RequestError(f"{where}: the state does not fit: it is no object with arguments of {reset.written}")
        try:
            reset.validate(state)
        except CallRefused as refused:
            raise RequestError(f"{where}: the state does not fit: {refused.message}") from None

    def _reset(self, connection: Connection, state: str) -> None:
        options = self._spec.options
        if not options.reset_tool or (state == "null" and not self._spec.shared):
            return  # there is nothing to reset, or it has just begun
        arguments, where = json.loads(state) or {}, f"toolbox {self._spec.name!r}"
        try:
            result = connection.call(options.reset_tool, arguments, options.start_s)
        except Lost as lost:
            raise self._lost(f"{options.reset_tool}: {lost}") from None
        except (Refused, TooLarge) as error:
            raise RequestError(f"{where}: the state does not fit: {one_line(str(error), paths=True)}") from None
        if result.is_error:
            says = one_line(error_text(result), paths=True)
            raise RequestError(f"{where}: the state does not fit: {options.reset_tool}: {says}")

    def _lost(self, what: str) -> InfrastructureError:
        return InfrastructureError(InfrastructureKind.SERVER_LOST, f"toolbox {self._spec.name}: {what}")
