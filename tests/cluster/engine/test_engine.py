"""The engine's own faults, with something in vLLM's place that hangs, dies or answers: what is seen, and as what."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from benchmarks.virtual_time import VirtualLoop
from cluster.engine.heartbeat import Heartbeat
from cluster.engine.interface import FinishReason, Generation, Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.probe import ProbeText
from cluster.engine.vllm import VllmEngine, _Progress
from cluster.errors import InfrastructureError, InfrastructureKind

SAMPLING = Sampling(temperature=1.0, max_tokens=5, stop_token_ids=())
T = TypeVar("T")
REPLY = Generation(token_ids=(1,), logprobs=(0.0,), finish=FinishReason.STOP)


class Served(VllmEngine):
    """What it is asked becomes of `answer`, instead of vLLM's request."""

    answer: Callable[[], Awaitable[Generation]]

    async def _request(self, prompt: list[int], sampling: Sampling, request_id: str) -> Generation:
        return await self.answer()


def served(answer: Callable[[], Awaitable[Generation]], **llm: Any) -> Served:
    cache = SimpleNamespace(num_gpu_blocks=10, block_size=16)
    made = SimpleNamespace(vllm_config=SimpleNamespace(cache_config=cache), shutdown=lambda: None, **llm)
    progress = _Progress()
    progress.heartbeat = Heartbeat(asyncio.get_running_loop().time)
    engine = Served(made, progress, EngineConfig(stall_timeout_s=120, load_timeout_s=1800))
    engine.answer = answer
    return engine


def on_a_virtual_clock(play: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(play)


async def for_ever(*arguments: Any, **options: Any) -> Any:
    await asyncio.Event().wait()


def test_silence_is_the_time_that_requests_waited_since_the_last_sign_of_life() -> None:
    now = 0.0
    heartbeat = Heartbeat(lambda: now)
    now = 100.0
    assert heartbeat.silence == 0, "nobody asked"
    heartbeat.asked()
    now = 103.0
    heartbeat.asked()
    now = 104.0
    assert (heartbeat.waiting, heartbeat.silence) == (2, 4)
    heartbeat.left()
    heartbeat.left()
    now = 500.0
    assert heartbeat.silence == 4, "an idle engine is no silent one"
    heartbeat.asked()
    now = 502.0
    assert heartbeat.silence == 6, "another wave without a sign of life"
    heartbeat.beat()
    now = 503.0
    assert heartbeat.silence == 1


def test_a_frozen_engine_whose_requests_are_given_up_again_and_again_is_found_out() -> None:
    async def waves() -> tuple[InfrastructureKind, float]:
        engine = served(for_ever)
        for _ in range(10):
            try:
                async with asyncio.timeout(50):
                    await engine.generate([1], SAMPLING, "one")
            except TimeoutError:
                await asyncio.sleep(1000)  # nobody asks: that is not the engine's silence
            except InfrastructureError as error:
                return error.kind, asyncio.get_running_loop().time()
        raise AssertionError("the watchdog slept")

    kind, seconds = on_a_virtual_clock(waves())
    assert kind is InfrastructureKind.ENGINE_STALLED
    assert 2120 <= seconds < 2122, "in the third wave, with 120 s of waiting"


def test_an_engine_that_freezes_while_it_is_to_be_proven_is_found_out() -> None:
    async def play() -> None:
        engine = served(for_ever)
        engine._output = for_ever  # type: ignore[method-assign]
        with pytest.raises(InfrastructureError) as caught:
            await engine.read_probe(ProbeText(token_ids=(1, 2, 3), positions=(1,)))
        assert caught.value.kind is InfrastructureKind.ENGINE_STALLED
        await engine.close()

    on_a_virtual_clock(play())


def test_a_long_prompt_and_a_pause_are_no_stall() -> None:
    async def play() -> None:
        async def prefill() -> Generation:
            for _ in range(8):
                await asyncio.sleep(100)
                engine._progress.record()
            return REPLY

        engine = served(prefill)
        assert await engine.generate([1], SAMPLING, "long") == REPLY
        await asyncio.sleep(1000)
        assert await engine.generate([1], SAMPLING, "after a pause") == REPLY
        living = asyncio.create_task(engine.alive())
        await asyncio.sleep(1)
        assert not living.done()
        engine._progress.record()
        await living
        await engine.close()

    on_a_virtual_clock(play())


async def dies(*arguments: Any, **options: Any) -> Any:
    raise RuntimeError("EngineCore encountered an issue")


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (dies, InfrastructureKind.ENGINE_DEAD, "loading other: EngineCore encountered an issue"),
        (for_ever, InfrastructureKind.ENGINE_STALLED, "loading other took longer than 1800 s"),
    ],
)
def test_an_engine_that_dies_or_hangs_while_its_weights_are_replaced(
    fault: Any, kind: InfrastructureKind, says: str
) -> None:
    async def play() -> None:
        engine = served(for_ever, collective_rpc=fault)
        with pytest.raises(InfrastructureError, match=says) as caught:
            await engine.reload("other")
        assert caught.value.kind is kind

    on_a_virtual_clock(play())
