"""How many episodes are let in: the controller against a cache of known size, and the semaphore's order."""

import asyncio

import pytest

from cluster.engine.concurrency import ConcurrencyLimit, ResizableSemaphore, first_limit
from cluster.engine.interface import EngineStats


def reading(kv_usage: float = 0.1, waiting: int = 0, preempted: int = 0) -> EngineStats:
    return EngineStats(
        running=0, waiting=waiting, kv_usage=kv_usage, prompt_tokens=0, cached_prompt_tokens=0, generated_tokens=0,
        preempted=preempted,
    )  # fmt: skip


def test_it_starts_where_everything_fits_and_grows_to_the_maximum() -> None:
    concurrency_limit = ConcurrencyLimit(maximum=160, start=first_limit(kv_tokens=4096, max_context=512, maximum=160))
    assert concurrency_limit.limit == 8
    limits = [concurrency_limit.observe(reading(), live=concurrency_limit.limit) for _ in range(20)]
    assert limits[:3] == [18, 28, 38]
    assert limits[-1] == 160


def test_it_grows_only_while_it_holds_episodes_back() -> None:
    concurrency_limit = ConcurrencyLimit(maximum=160, start=50)
    assert concurrency_limit.observe(reading(), live=49) == 50


@pytest.mark.parametrize("pressure", [reading(preempted=1), reading(kv_usage=0.99, waiting=3)])
def test_pressure_takes_a_quarter(pressure: EngineStats) -> None:
    concurrency_limit = ConcurrencyLimit(maximum=160, start=100)
    assert concurrency_limit.observe(pressure, live=100) == 75
    assert concurrency_limit.observe(reading(preempted=pressure.preempted), live=75) == 85


def test_what_was_admitted_and_never_came_is_not_kept() -> None:
    concurrency_limit = ConcurrencyLimit(maximum=160, start=100)
    assert concurrency_limit.observe(reading(preempted=1), live=40) == 30


def test_a_decrease_is_given_time_to_take_effect() -> None:
    concurrency_limit = ConcurrencyLimit(maximum=160, start=100)
    assert concurrency_limit.observe(reading(preempted=1), live=100) == 75
    assert concurrency_limit.observe(reading(preempted=2), live=90) == 75
    assert concurrency_limit.observe(reading(preempted=3), live=75) == 56


def test_waiting_for_a_place_in_the_batch_is_no_pressure() -> None:
    concurrency_limit = ConcurrencyLimit(maximum=96, start=96)
    assert concurrency_limit.observe(reading(kv_usage=0.5, waiting=32), live=96) == 96


def test_a_full_cache_without_anybody_waiting_is_left_as_it_is() -> None:
    concurrency_limit = ConcurrencyLimit(maximum=96, start=40)
    assert concurrency_limit.observe(reading(kv_usage=0.97), live=40) == 40


def test_one_episode_is_always_admitted() -> None:
    concurrency_limit = ConcurrencyLimit(maximum=4, start=1)
    assert concurrency_limit.observe(reading(preempted=1), live=1) == 1
    assert first_limit(kv_tokens=100, max_context=512, maximum=9) == 1
    assert first_limit(kv_tokens=0, max_context=512, maximum=9) == 9


def test_it_settles_about_what_the_cache_holds() -> None:
    """An engine that preempts as soon as more than 60 episodes live."""
    concurrency_limit = ConcurrencyLimit(maximum=160, start=10)
    preempted, limits = 0, []
    for _ in range(300):
        live = concurrency_limit.limit
        preempted += live > 60
        limits.append(concurrency_limit.observe(reading(kv_usage=min(1.0, live / 60), preempted=preempted), live))
    settled = limits[50:]
    assert 45 <= sum(settled) / len(settled) <= 65
    assert max(settled) <= 70


async def crowd(semaphore: ResizableSemaphore) -> list[int]:
    seen: list[int] = []

    async def one(number: int, go: asyncio.Event) -> None:
        async with semaphore:
            seen.append(number)
            await go.wait()

    go = asyncio.Event()
    tasks = [asyncio.create_task(one(number, go)) for number in range(6)]
    await asyncio.sleep(0)
    assert seen == [0, 1]
    tasks[3].cancel()
    await asyncio.sleep(0)
    semaphore.limit = 4
    await asyncio.sleep(0)
    assert (seen, semaphore.inside) == ([0, 1, 2, 4], 4)
    semaphore.limit = 1
    go.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert semaphore.inside == 0
    return seen


def test_the_gate_lets_in_by_turns_under_a_limit_that_changes() -> None:
    async def run() -> list[int]:
        return await crowd(ResizableSemaphore(2))

    assert asyncio.run(run()) == [0, 1, 2, 4, 5]


def test_one_that_leaves_in_the_moment_it_is_let_in_holds_no_place() -> None:
    async def run() -> int:
        semaphore = ResizableSemaphore(1)
        await semaphore.__aenter__()

        async def enter() -> None:
            async with semaphore:
                await asyncio.sleep(9)

        waiting = asyncio.create_task(enter())
        await asyncio.sleep(0)
        await semaphore.__aexit__(None, None, None)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return semaphore.inside

    assert asyncio.run(run()) == 0
