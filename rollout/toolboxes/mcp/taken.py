"""The server that one episode has taken, from its first call to its end."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager

from cluster.errors import InfrastructureError, InfrastructureKind
from rollout.toolboxes.mcp.connection import Connection
from rollout.toolboxes.mcp.servers import Servers


class Taken:
    """The server that a session has taken, if it has.

    A session may end while a thread still makes a call of it: an episode is cancelled, its threads are not. What such
    a call does late must not change the world of the next episode. So the server is ended then, and whoever leaves it
    last gives it back.
    """

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.waited = 0.0
        """Seconds that were spent on the way to the server: on its turn, its start and its reset."""
        self._turn: Future[None] | None = None
        self._connection: Connection | None = None
        self._taking, self._lock = threading.Lock(), threading.Lock()
        self._calls = 0
        self._over = False

    async def turn(self, state: str) -> None:
        """Wait for the session's turn without a thread: those whose turn it is need threads to go on."""
        with self._lock:
            turn = self._asked(state)
        if turn.done():
            return
        began = time.monotonic()
        try:
            await asyncio.shield(asyncio.wrap_future(turn))  # the session's end cancels it
        except asyncio.CancelledError:
            self._require_time()
            raise
        finally:
            self.waited += time.monotonic() - began

    @contextmanager
    def connection(self, state: str) -> Iterator[Connection]:
        """The server, for one call; taken now if it was not. One that has died stays."""
        with self._lock:
            turn = self._asked(state)
            self._calls += 1
        try:
            with self._taking:
                if self._connection is None:
                    self._connection = self._take(state, turn)
            self._require_time()
            yield self._connection
        finally:
            with self._lock:
                self._calls -= 1
                is_last = self._over and not self._calls
            if is_last:
                self._release()

    def give_back(self) -> None:
        """The session has ended. Waits for nothing: finalizers call it."""
        with self._lock:
            self._over = True
            in_use = self._calls > 0
            if in_use and self._connection is not None:  # within the lock: nobody has given it to another episode yet
                self.servers.give_up(self._connection)
            elif in_use and self._turn is not None:
                self._turn.cancel()  # whoever waits for it ends now
        if not in_use:
            self._release()

    def _asked(self, state: str) -> "Future[None]":
        """The session's turn, now asked for if it was not; the lock is held."""
        self._require_time()
        if self._turn is None:
            self._turn = self.servers.ask(state)
        return self._turn

    def _take(self, state: str, turn: "Future[None]") -> Connection:
        began = time.monotonic()
        try:
            turn.result()
            self._require_time()
            return self.servers.take(state)
        except CancelledError:
            self._require_time()
            raise
        except BaseException:
            with self._lock:
                self._turn = None
            self.servers.leave(turn)
            raise
        finally:
            self.waited += time.monotonic() - began

    def _require_time(self) -> None:
        if self._over:
            raise InfrastructureError(InfrastructureKind.SERVER_LOST, "a call came after its episode's end")

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        turn, self._turn = self._turn, None
        if connection is not None:
            self.servers.give_back(connection)
        if turn is not None:
            self.servers.leave(turn)
