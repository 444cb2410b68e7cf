"""Turns at servers that one episode uses at a time: first come, first served, and no thread has to wait for one."""

import threading
from collections import deque
from concurrent.futures import Future


class Turns:
    """So many turns, each of which one has until they give it back. All methods may be called from any thread, and by
    finalizers, which interrupt any of them."""

    def __init__(self, count: int) -> None:
        self._free = deque[None]([None] * count)
        self._waiting = deque[Future[None]]()
        self._handing_out = threading.Lock()

    def ask(self) -> "Future[None]":
        """Done when it is the asker's turn, which is given back then; one that is cancelled before gets none."""
        asked = Future[None]()
        self._waiting.append(asked)
        self._hand_out()
        return asked

    def give_back(self) -> None:
        """A turn is over. Waits for nothing."""
        self._free.append(None)
        self._hand_out()

    def _hand_out(self) -> None:
        # Who is interrupted, or comes while another hands out, leaves it to them: they look once more behind the lock.
        while self._free and self._waiting and self._handing_out.acquire(blocking=False):
            try:
                while self._free and self._waiting:
                    first = self._waiting.popleft()
                    if first.set_running_or_notify_cancel():
                        self._free.pop()
                        first.set_result(None)
            finally:
                self._handing_out.release()
