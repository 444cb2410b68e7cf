"""Asks the engine for one episode's replies, again where the engine aborts a request, and within the episode's time.

Faults of machines are kept apart from what the model does: an engine that is silent does not make an episode long, and
an aborted request does not end it.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from cluster.engine.interface import Engine, Generation, Sampling
from cluster.errors import InfrastructureError, InfrastructureKind
from rollout.records import StopReason
from rollout.toolboxes import Session

ABORT_PAUSES_S = (0.2, 1.0, 5.0)
"""Pauses before an aborted request is repeated, so that a short outage does not spoil all episodes of an engine."""


class Replies:
    """The replies of `engine` to one episode, which begins now and may take `max_seconds` of the event loop's clock
    beside what its session has `waited`."""

    def __init__(self, engine: Engine, max_seconds: float, session: Session) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._session = session
        self._least_end = self._loop.time() + max_seconds
        self._expiring: asyncio.Task[None] | None = None
        self._aborted = False

    async def next(self, ids: Sequence[int], sampling: Sampling, name: str) -> Generation | StopReason:
        """The reply to `ids`, or the reason why there is none: the episode's time is over, or the engine keeps aborting
        this request but serves others.

        Raises InfrastructureError if the engine is gone or aborts every request; the caller then tries elsewhere.
        """
        end = self._least_end + self._session.waited
        if self._loop.time() >= end:
            return self._out_of_time
        try:
            async with asyncio.timeout(None) as limit:
                timer = self._loop.call_at(end, self._expire, limit)
                try:
                    return await self._repeated(ids, sampling, name)
                finally:
                    timer.cancel()
                    if self._expiring is not None:
                        self._expiring.cancel()
        except TimeoutError:
            return self._out_of_time

    @property
    def _out_of_time(self) -> StopReason:
        # Without the time that aborts took, the episode might have ended otherwise.
        return StopReason.INFRASTRUCTURE if self._aborted else StopReason.WALL_TIME

    def _expire(self, limit: asyncio.Timeout) -> None:
        """The episode's time is over: end its request as soon as the engine shows life.

        Otherwise a frozen engine would turn all its episodes into truncated ones. With a frozen engine the request
        goes on until the engine's watchdog ends it.
        """

        async def end() -> None:
            await self._engine.alive()
            limit.reschedule(0)

        self._expiring = self._loop.create_task(end())

    async def _repeated(self, ids: Sequence[int], sampling: Sampling, name: str) -> Generation | StopReason:
        for number, pause in enumerate((*ABORT_PAUSES_S, 0.0)):
            reply = await self._unless_aborted(ids, sampling, f"{name}.{number}" if number else name)
            if reply is not None:
                return reply
            self._aborted = True
            await asyncio.sleep(pause)
        shortest = msgspec.structs.replace(sampling, max_tokens=1)
        if await self._unless_aborted(ids[:1], shortest, f"{name}.{len(ABORT_PAUSES_S) + 1}") is None:
            raise InfrastructureError(InfrastructureKind.ABORTED, f"{name}, and every other request")
        return StopReason.INFRASTRUCTURE

    async def _unless_aborted(self, ids: Sequence[int], sampling: Sampling, name: str) -> Generation | None:
        try:
            return await self._engine.generate(ids, sampling, name)
        except InfrastructureError as error:
            if error.kind is not InfrastructureKind.ABORTED:
                raise
        return None
