"""A scripted engine: the engine's interface without a model, for load, faults, dry runs and units.

Replies come from a script (any function of prompt and request), times from a seeded distribution, faults from
switches. It waits on the event loop's own clock, so that a loop with a virtual clock simulates days in seconds.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import Field

from cluster.config import Section
from cluster.engine.interface import EngineStats, FinishReason, Generation, Sampling
from cluster.errors import InfrastructureError, InfrastructureKind

Script = Callable[[Sequence[int], str], Sequence[int]]
"""From prompt ids and request id to reply ids. A reply longer than `max_tokens` is cut to it."""


Mistake = Literal["no_call", "unknown_function", "missing_argument", "wrong_answer"]
"""How an attempt goes wrong where the script solves problems."""


class ScriptedConfig(Section):
    """Latency and faults of a scripted engine. All probabilities are per request."""

    seed: int = 0
    """Seed of latencies, of faults and of the choice of solutions."""
    slots: int = Field(default=64, ge=1)
    """Requests that are served at a time; further ones wait. Unit: requests."""
    median_s: float = Field(default=0.0, ge=0)
    """Median time of a request. 0 answers at once. Unit: seconds."""
    sigma: float = Field(default=0.0, ge=0)
    """Standard deviation of the logarithm of that time."""
    slow: float = Field(default=0.0, ge=0, le=1)
    """Probability that a request is slow."""
    slow_factor: float = Field(default=10.0, ge=1)
    """How many times longer a slow request takes."""
    abort: float = Field(default=0.0, ge=0, le=1)
    """Probability that a request is aborted."""
    abort_for_s: float = Field(default=0.0, ge=0)
    """Every request is aborted for this long after the first one. Unit: seconds."""
    crash_after: int | None = Field(default=None, ge=0)
    """The engine is dead after this many requests. Absent: never. Unit: requests."""
    hang_after: int | None = Field(default=None, ge=0)
    """The engine is frozen after this many requests: it does not reply any more, and requests fail `stall_timeout_s`
    later, as a watchdog would make them. Absent: never. Unit: requests."""
    stall_timeout_s: float = Field(default=120.0, gt=0)
    """Time from the freeze until requests fail. Unit: seconds."""
    wrong: float = Field(default=0.5, ge=0, le=1)
    """Share of attempts that end wrong, where the script solves problems."""
    mistakes: tuple[Mistake, ...] = Field(default=("no_call",), min_length=1)
    """How these go wrong, one of them drawn for each: no call in the reply, a function that is not there, a call that
    lacks an argument, another answer than the gold one."""
    load_s: float = Field(default=0.0, ge=0)
    """Time from the start until the engine serves. Unit: seconds."""


class ScriptedEngine:
    """An engine that plays a script. It is no mock: it obeys the interface's contract, errors included."""

    def __init__(self, script: Script, config: ScriptedConfig | None = None) -> None:
        self._script = script
        self._config = config or ScriptedConfig()
        self._random = random.Random(self._config.seed)
        self._slots = asyncio.Semaphore(self._config.slots)
        self._requests = self._running = self._waiting = 0
        self._prompt_tokens = self._generated_tokens = 0
        self._asked_at: float | None = None
        self._frozen_at: float | None = None
        self.model_dir = ""

    async def generate(self, prompt: Sequence[int], sampling: Sampling, request_id: str) -> Generation:
        config = self._config
        number = self._requests
        self._requests += 1
        seconds = self._draw_seconds()
        now = asyncio.get_running_loop().time()
        self._asked_at = now if self._asked_at is None else self._asked_at
        aborted = self._random.random() < config.abort or now - self._asked_at < config.abort_for_s
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        self._running += 1
        try:
            await self._fail_if_broken(number)
            if seconds:
                await asyncio.sleep(seconds)
            if aborted:
                raise InfrastructureError(InfrastructureKind.ABORTED, request_id)
        finally:
            self._running -= 1
            self._slots.release()
        reply = tuple(self._script(prompt, request_id))
        cut = len(reply) > sampling.max_tokens
        ids = reply[: sampling.max_tokens]
        self._prompt_tokens += len(prompt)
        self._generated_tokens += len(ids)
        finish = FinishReason.LENGTH if cut else FinishReason.STOP
        return Generation(token_ids=ids, logprobs=(0.0,) * len(ids), finish=finish)

    async def score(self, ids: Sequence[int], likeliest: int, request_id: str) -> list[dict[int, float]]:
        """Every token is certain; the others among the likeliest are those with the ids after it."""
        await self._fail_if_broken(self._requests)
        self._requests += 1
        self._prompt_tokens += len(ids)
        return [{token: 0.0} | {token + at: -30.0 - at for at in range(1, likeliest)} for token in ids[1:]]

    async def _fail_if_broken(self, number: int) -> None:
        """Raise the error of request `number`, if the engine is dead or frozen by then."""
        config = self._config
        if config.crash_after is not None and number >= config.crash_after:
            raise InfrastructureError(InfrastructureKind.ENGINE_DEAD, f"scripted, after {number} requests")
        if config.hang_after is not None and number >= config.hang_after:
            now = asyncio.get_running_loop().time()
            self._frozen_at = now if self._frozen_at is None else self._frozen_at
            await asyncio.sleep(self._frozen_at + config.stall_timeout_s - now)
            raise InfrastructureError(InfrastructureKind.ENGINE_STALLED, f"scripted, after {number} requests")

    def _draw_seconds(self) -> float:
        config = self._config
        if not config.median_s:
            return 0.0
        seconds = config.median_s * self._random.lognormvariate(0.0, config.sigma)
        return seconds * config.slow_factor if self._random.random() < config.slow else seconds

    async def alive(self) -> None:
        if self._frozen_at is not None:
            await asyncio.Event().wait()

    async def reload(self, model_dir: str) -> None:
        await self._fail_if_broken(self._requests)
        self.model_dir = model_dir

    def stats(self) -> EngineStats:
        return EngineStats(
            running=self._running,
            waiting=self._waiting,
            kv_usage=self._running / self._config.slots,
            prompt_tokens=self._prompt_tokens,
            cached_prompt_tokens=0,
            generated_tokens=self._generated_tokens,
        )

    async def close(self) -> None:
        """There is nothing to release."""


async def start_scripted(script: Script, config: ScriptedConfig) -> ScriptedEngine:
    """A scripted engine that takes its time to load."""
    await asyncio.sleep(config.load_s)
    return ScriptedEngine(script, config)
