"""One episode's replies from its engine: repeated where the engine aborts them, and within the episode's time.

What machines do to a request is told apart here from what the model did: silence of the engine is no long episode, and
aborts are no end of one.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from cluster.engine.interface import Engine, Generation, Sampling
from cluster.errors import InfrastructureError, InfrastructureKind
from rollout.records import StopReason

ABORT_PAUSES_S = (0.2, 1.0, 5.0)
"""Before an aborted request is repeated: an engine that aborts for a moment is not to spoil all that it holds."""


class Replies:
    """Asks `engine` for one episode, which begins now and may take `max_seconds` of the event loop's clock."""

    def __init__(self, engine: Engine, max_seconds: float) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + max_seconds
        self._expiring: asyncio.Task[None] | None = None
        self._aborted = False

    async def next(self, ids: Sequence[int], sampling: Sampling, name: str) -> Generation | StopReason:
        """The reply to `ids`, or why there is none: the episode's time is over, or the engine aborts this request again
        and again and serves others.

        Raises InfrastructureError when the engine is gone, or aborts whatever it is asked: the caller tries elsewhere.
        """
        if self._loop.time() >= self._end:
            return self._out_of_time
        try:
            async with asyncio.timeout(None) as limit:
                timer = self._loop.call_at(self._end, self._expire, limit)
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
        # Who knows what the episode would have done with the time that aborts took.
        return StopReason.INFRASTRUCTURE if self._aborted else StopReason.WALL_TIME

    def _expire(self, limit: asyncio.Timeout) -> None:
        """The episode's time is over. Its request ends now, but not before the engine has shown life again.

        A frozen engine would otherwise make truncated episodes of all that it holds: there the request goes on until
        the engine's watchdog ends it.
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
