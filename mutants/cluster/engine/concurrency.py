"""An AIMD concurrency limit for the live episodes of one engine, and a resizable semaphore that enforces it.

Pure: no clock, no engine. An episode holds its conversation in the KV cache for as long as it lives. With too few
episodes the engine is idle; with too many it evicts prefixes that the next turns need, preempts requests and computes
them again, ever more slowly. So the limit follows the engine: additive increase while the cache has space,
multiplicative decrease as soon as the engine shows pressure.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType

from cluster.engine.interface import EngineStats

_FULL = 0.95
"""From this share of the KV cache in use on, waiting requests are taken to wait for cache."""
_DECREASE = 0.75


@dataclass(slots=True)
class ConcurrencyLimit:
    """Additive increase, multiplicative decrease of the live episodes between 1 and `maximum`.

    `start` is what fits for certain (see `first_limit`); `step` is what is added at a time.
    """

    maximum: int
    start: int
    step: int = 0
    limit: int = field(init=False)
    _preempted: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        assert self.maximum > 0, "a host has slots"
        self.limit = min(self.maximum, max(1, self.start))
        self.step = self.step or max(1, self.maximum // 16)

    def observe(self, stats: EngineStats, live: int) -> int:
        """The limit after a reading of the engine, with so many live episodes. Call it at regular intervals.

        Pressure is a preemption since the last reading, or requests that wait while the cache is full. Requests that
        wait while the cache has space wait for a place in the batch, which keeps the engine busy and does no harm.
        After a decrease the limit stays until no more episodes than that are live; none is ended, so this takes a
        while. Without pressure the limit grows only while it is what holds episodes back.
        """
        preempted = stats.preempted > self._preempted
        self._preempted = stats.preempted
        if live > self.limit:
            return self.limit
        if preempted or (stats.waiting > 0 and stats.kv_usage >= _FULL):
            self.limit = max(1, min(self.limit - 1, int(min(self.limit, live) * _DECREASE)))
        elif live >= self.limit and stats.kv_usage < _FULL:
            self.limit = min(self.maximum, self.limit + self.step)
        return self.limit


def first_limit(kv_tokens: int, max_context: int, maximum: int) -> int:
    """Episodes that fit into a cache of so many tokens even if each one grows to `max_context`; `maximum` when the
    cache's size (0) is not known."""
    return min(maximum, max(1, kv_tokens // max_context)) if kv_tokens else maximum


class ResizableSemaphore:
    """Lets at most `limit` coroutines in at a time, in the order in which they came. The limit may change while they
    are in; those inside stay."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def inside(self) -> int:
        return self._inside

    @property
    def limit(self) -> int:
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._let_in()

    async def __aenter__(self) -> None:
        if self._inside < self._limit and not self._waiting:
            self._inside += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was let in and cancelled in the same moment
                self._leave()
            else:
                self._waiting.remove(turn)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._inside -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._inside < self._limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._inside += 1
                turn.set_result(None)
