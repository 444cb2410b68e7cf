"""Who waits for a server that one episode uses at a time: any number, in the order in which they came, no thread."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import pytest

from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mcp import toolbox as toolbox_module
from rollout.toolboxes.mcp.turns import Turns
from tests.rollout.toolboxes.mcp.calling import call, plain


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    turns = Turns(2)
    asked = [turns.ask() for _ in range(6)]
    assert [each.done() for each in asked] == [True, True, False, False, False, False]
    assert asked[3].cancel()
    assert not asked[1].cancel()  # it has come
    turns.give_back()
    turns.give_back()
    assert [each.done() for each in asked] == [True, True, True, True, True, False]
    assert asked[3].cancelled()
    turns.give_back()
    assert asked[5].done()
    for _ in range(2):
        turns.give_back()
    assert [turns.ask().done() for _ in range(3)] == [True, True, False]


def test_a_finalizer_may_give_a_turn_back_while_one_is_handed_out() -> None:
    turns = Turns(1)
    first, second, third = turns.ask(), turns.ask(), turns.ask()
    assert first.done()
    second.add_done_callback(lambda _: turns.give_back())  # runs inside of what hands out
    turns.give_back()
    assert third.done()


def test_no_turn_is_lost_or_given_twice_between_threads() -> None:
    turns, at_once, most = Turns(3), list[int](), list[int]()

    def use(number: int) -> None:
        turn: Future[None] = turns.ask()
        if number % 7 == 0 and turn.cancel():
            return
        turn.result(60)
        at_once.append(number)
        most.append(len(at_once))
        at_once.remove(number)
        turns.give_back()

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(use, range(2000)))
    assert max(most) <= 3
    assert [turns.ask().done() for _ in range(4)] == [True, True, True, False]


def test_more_episodes_than_threads_wait_for_one_server(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = ThreadPoolExecutor(2)
    monkeypatch.setattr(toolbox_module, "_threads", lru_cache(lambda: threads))
    box = load_toolbox(plain("waited", state_tool="dump", reset_tool="load", shared=True, processes=1))
    over = list[int]()

    async def episode(number: int) -> None:
        session = box.open(f'{{"count":{number}}}')
        try:
            for step in range(2):
                result = await session.call_async(call("add", by=1), {}, 60.0)
                assert result.content == f'{{"count":{number + step + 1}}}'
                await asyncio.sleep(0)  # the model writes
            assert await session.state_async() == f'{{"count":{number + 2},"notes":[]}}'
        finally:
            session.close()
        over.append(number)

    async def all_of_them() -> None:
        async with asyncio.timeout(120):
            await asyncio.gather(*map(episode, range(12)))

    asyncio.run(all_of_them())
    assert over == [*range(12)]
    threads.shutdown()


def test_an_episode_that_is_cancelled_while_it_waits_leaves_its_place() -> None:
    box = load_toolbox(plain("left", state_tool="dump", reset_tool="load", shared=True, processes=1))

    async def play() -> None:
        first, second, third = (box.open() for _ in range(3))
        await first.call_async(call("look"), {}, 60.0)
        waiting = [asyncio.create_task(each.call_async(call("look"), {}, 60.0)) for each in (second, third)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting[0]
        second.close()
        assert not waiting[1].done()
        first.close()
        assert (await waiting[1]).content == '{"count":0}'
        third.close()

    asyncio.run(play())
