"""The scripted engine keeps the interface's contract when requests are given up, and when it is frozen or dead."""

import asyncio

import pytest

from benchmarks.virtual_time import VirtualLoop
from cluster.engine.interface import Sampling
from cluster.engine.scripted import ScriptedConfig, ScriptedEngine
from cluster.errors import InfrastructureError, InfrastructureKind

SAMPLING = Sampling(temperature=1.0, max_tokens=5, stop_token_ids=())


def scripted(**settings: float) -> ScriptedEngine:
    return ScriptedEngine(lambda prompt, request_id: (1,), ScriptedConfig.model_validate(settings))


def test_requests_that_are_given_up_leave_nothing_behind() -> None:
    async def play() -> tuple[int, int]:
        engine = scripted(slots=1, median_s=60)
        requests = [asyncio.create_task(engine.generate([1], SAMPLING, str(number))) for number in range(5)]
        await asyncio.sleep(0)
        assert (engine.stats().running, engine.stats().waiting) == (1, 4)
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)
        return engine.stats().running, engine.stats().waiting

    assert asyncio.run(play()) == (0, 0)


def test_a_frozen_one_fails_although_nobody_waits_long_enough() -> None:
    async def waves() -> InfrastructureError:
        engine = scripted(hang_after=0, stall_timeout_s=0.2)
        await engine.alive()
        while True:
            try:
                async with asyncio.timeout(0.05):
                    await engine.generate([1], SAMPLING, "one")
            except TimeoutError:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(engine.alive(), 0)
            except InfrastructureError as error:
                return error

    assert asyncio.run(asyncio.wait_for(waves(), 30)).kind is InfrastructureKind.ENGINE_STALLED


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"crash_after": 0}, InfrastructureKind.ENGINE_DEAD),
        ({"hang_after": 0, "stall_timeout_s": 0.02}, InfrastructureKind.ENGINE_STALLED),
    ],
)
def test_a_broken_one_takes_no_other_weights(fault: dict[str, float], kind: InfrastructureKind) -> None:
    with pytest.raises(InfrastructureError) as caught:
        asyncio.run(scripted(**fault).reload("other"))
    assert caught.value.kind is kind


def test_a_burst_of_aborts_passes() -> None:
    async def play() -> int:
        engine, aborts = scripted(abort_for_s=10), 0
        while True:
            try:
                await engine.generate([1], SAMPLING, "one")
            except InfrastructureError:
                aborts += 1
                await asyncio.sleep(4)
            else:
                return aborts

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(play()) == 3
