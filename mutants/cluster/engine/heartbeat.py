"""Whether an engine lives, judged by its steps alone: everything else looks healthy on a frozen engine."""

import asyncio
import time
from collections.abc import Callable


class Heartbeat:
    """A stopwatch that runs only while requests wait, and starts again at every sign of life.

    So an idle engine is not silent; and the silence of an engine whose requests are given up, wave after wave, without
    a sign of life grows with each wave. A step of the engine is a sign of life, whether it produces a token or prefills
    a part of a long prompt. `clock`: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting = 0
        self._since = 0.0
        self._before = 0.0
        self._beat = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Requests that wait now."""
        return self._waiting

    @property
    def silence(self) -> float:
        """Seconds for which requests have waited since the last sign of life."""
        return self._before + (self._clock() - self._since if self._waiting else 0.0)

    def asked(self) -> None:
        """One more request waits."""
        if not self._waiting:
            self._since = self._clock()
        self._waiting += 1

    def left(self) -> None:
        """A request waits no longer: it was answered or given up."""
        self._before = self.silence
        self._since = self._clock()
        self._waiting -= 1

    def beat(self) -> None:
        """A sign of life."""
        self._before, self._since = 0.0, self._clock()
        self._beat.set()  # wakes those who wait now
        self._beat.clear()

    async def next_beat(self) -> None:
        """Return at the next sign of life."""
        await self._beat.wait()
