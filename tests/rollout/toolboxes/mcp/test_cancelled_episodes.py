"""Episodes that end while a call of theirs is still under way: a thread makes it, and no thread can be cancelled."""

import asyncio
import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cluster.errors import InfrastructureError
from rollout.toolboxes import Session, load_toolbox
from rollout.toolboxes.mcp.toolbox import McpToolbox
from tests.rollout.toolboxes.mcp.calling import ask, call, plain


async def cancelled(session: Session) -> None:
    """An episode that is cancelled in the middle of a call which changes the world after that."""
    task = asyncio.create_task(session.call_async(call("add_late", by=7), {}, 20.0))
    await asyncio.sleep(0.4)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    session.close()


def test_a_call_that_outlives_its_episode_changes_no_other_world_and_is_not_to_blame() -> None:
    box = load_toolbox(plain("late", state_tool="dump", reset_tool="load", shared=True, processes=1))
    assert isinstance(box, McpToolbox)
    for _ in range(3):
        session = box.open()
        ask(session, "look")
        asyncio.run(cancelled(session))
        following = box.open()
        assert json.loads(following.state())["count"] == 0
        time.sleep(1.0)
        assert json.loads(following.state())["count"] == 0
        following.close()
    assert box.servers is not None
    assert not +box.servers._lost_at


def test_a_session_that_ended_before_its_thread_had_a_server_makes_no_call_and_keeps_none() -> None:
    box = load_toolbox(plain(state_tool="dump", reset_tool="load", shared=True, processes=1))
    first, second = box.open(), box.open()
    ask(first, "look")
    with ThreadPoolExecutor() as threads:
        calls = [threads.submit(second.call, call("add", by=7)), threads.submit(second.state)]
        time.sleep(0.3)  # both wait for the server that the first has
        second.close()
        first.close()
        for each in calls:
            with pytest.raises(InfrastructureError, match="a call came after its episode's end"):
                each.result(20.0)
    third = box.open()
    assert json.loads(third.state())["count"] == 0
    third.close()
    with pytest.raises(InfrastructureError, match="a call came after its episode's end"):
        ask(third, "look")
