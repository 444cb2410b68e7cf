"""The parts of the rollout benchmarks that need no engine: virtual time, scheduling, attribution of time."""

import asyncio
import sys

import pytest

from benchmarks.rollout.replay import place_of
from benchmarks.scheduling import Draws, Trace, draw, greedy, idle_share, measure, plan, report, simulate, with_barriers
from benchmarks.virtual_time import VirtualLoop
from rollout.formats import load_format


async def _naps(seconds: list[float]) -> tuple[float, list[float]]:
    ended: list[float] = []

    async def nap(long: float) -> None:
        await asyncio.sleep(long)
        ended.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(nap(long) for long in seconds))
    return asyncio.get_running_loop().time(), ended


def test_a_virtual_clock_jumps_from_timer_to_timer() -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        now, ended = runner.run(_naps([86_400.0, 5.0, 60.0]))
    assert now == 86_400.0
    assert ended == [5.0, 60.0, 86_400.0]


def test_a_virtual_clock_says_that_nothing_will_ever_happen() -> None:
    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    loop = VirtualLoop()
    task = loop.create_task(wait_for_ever())
    with pytest.raises(AssertionError, match="nothing will ever happen"):
        loop.run_until_complete(task)
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()


def test_greedy_and_barriers_on_a_hand_worked_example() -> None:
    # Two slots: 4 | 1 2 3 -> 4 and 6; the last one is begun at 3.
    assert greedy([4.0, 1.0, 2.0, 3.0], 2) == (6.0, 3.0)
    # One engine of two slots waits for the slower one of each pair.
    assert with_barriers([4.0, 1.0, 2.0, 3.0], 1, 2) == 7.0


@pytest.mark.parametrize(("engines", "seed"), [(1, 5), (3, 5), (3, 3)])
def test_work_is_spread_nearly_as_well_as_by_greedy_list_scheduling(engines: int, seed: int) -> None:
    row = measure(engines, slots=16, seed=seed, episodes_a_slot=100)
    assert row["of_greedy"] > 0.98
    assert row["of_greedy_with_barriers"] < 0.5
    assert row["idle_share"] < 1e-3, "nobody's place is empty because of somebody else's straggler"


def test_places_that_nobody_uses_are_seen() -> None:
    # Two slots until the last episode is begun at 6: one waits from 2 to 6.
    trace = Trace(begun={"a": 0.0, "b": 0.0, "c": 6.0}, took={"a": 6.0, "b": 2.0, "c": 1.0})
    assert idle_share(trace, 2) == pytest.approx(4 / 12)


def test_the_worst_of_several_seeds_is_reported() -> None:
    seeds = {0: 1.01, 1: 0.98, 2: 1.0}
    rest = {"engines": 2, "tail_share": 0.1, "straggler_cost": 1.1, "idle_share": 0.0}
    found = report([{**rest, "seed": seed, "of_greedy": of_greedy} for seed, of_greedy in seeds.items()])
    assert found["of_greedy"] == {"2": 0.98}
    assert found["of_greedy_median"] == {"2": 1.0}


def test_a_straggler_holds_one_place_of_one_host() -> None:
    work = plan(512)
    even = draw(work, seed=1, slower=1.0)
    one = next(iter(even.stragglers))
    late = Draws(even.steps | {one: tuple(1000 * seconds for seconds in even.steps[one])}, even.stragglers)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        before = runner.run(simulate(work, even, 2, 8))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        after = runner.run(simulate(work, late, 2, 8))
    others = [name for name in even.steps if name != one]
    ended = [max(trace.begun[name] + trace.took[name] for name in others) for trace in (before, after)]
    assert ended[1] < 1.1 * ended[0], "its neighbours go on in the other places"


def test_samples_are_put_where_the_time_goes() -> None:
    assert place_of(sys._getframe()) == "other"
    seen: list[str] = []

    class Reply(str):
        """A reply that looks who asks for its length."""

        def __len__(self) -> int:
            seen.append(place_of(sys._getframe()))
            return super().__len__()

    load_format("json").parse(Reply('{"name":"add","arguments":{"a":1,"b":2}}'))
    assert set(seen) == {"parse and execute calls"}
