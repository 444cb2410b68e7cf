"""The server that one episode has taken, from its first call to its end."""

import threading
from collections.abc import Iterator
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
        self._connection: Connection | None = None
        self._taking, self._lock = threading.Lock(), threading.Lock()
        self._calls = 0
        self._over = False

    @contextmanager
    def connection(self, state: str) -> Iterator[Connection]:
        """The server, for one call; taken now if it was not. One that has died stays."""
        with self._lock:
            self._require_time()
            self._calls += 1
        try:
            with self._taking:
                if self._connection is None:
                    self._connection = self.servers.take(state)
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
        if not in_use:
            self._release()

    def _require_time(self) -> None:
        if self._over:
            raise InfrastructureError(InfrastructureKind.SERVER_LOST, "a call came after its episode's end")

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self.servers.give_back(connection)
