"""Servers that are started before an episode asks for one: while an engine loads."""

import json
import os
import signal
import time

import psutil
import pytest

from cluster.errors import RequestError
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mcp.toolbox import McpToolbox
from tests.rollout.toolboxes.mcp.calling import ask, plain


def below() -> set[int]:
    """The launchers that this process has started."""
    return {each.pid for each in psutil.Process().children()}


@pytest.mark.parametrize("shared", [False, True])
def test_episodes_find_their_servers_started_and_there_are_no_more_than_there_may_be(shared: bool) -> None:
    box = load_toolbox(plain("prepared", state_tool="dump", reset_tool="load", shared=shared, processes=2))
    before = below()
    box.in_turns().prepare(5)  # what is made of it has the same servers
    prepared = below() - before
    assert len(prepared) == 2
    box.prepare(5)
    sessions = [box.open('{"count":1}') for _ in range(2)]
    numbers = {ask(each, "process").content for each in sessions}
    assert len(numbers) == 2
    assert below() - before == prepared
    assert [json.loads(each.state())["count"] for each in sessions] == [1, 1]
    for each in sessions:
        each.close()


def test_one_that_has_died_meanwhile_is_started_anew_for_the_episode_that_wants_it() -> None:
    box = load_toolbox(plain("died", state_tool="dump", reset_tool="load", shared=True, processes=1))
    before = below()
    box.prepare(1)
    (launcher,) = below() - before
    os.kill(launcher, signal.SIGKILL)
    assert isinstance(box, McpToolbox)
    assert box.servers is not None
    deadline = time.monotonic() + 20
    while box.servers._idle[0].alive:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    session = box.open('{"count":3}')
    assert json.loads(session.state())["count"] == 3
    session.close()


def test_one_that_does_not_start_is_the_matter_of_the_episode_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAIN_TOKEN", "t")
    box = load_toolbox(plain("barred", env=("PLAIN_TOKEN",)))
    monkeypatch.delenv("PLAIN_TOKEN")
    before = below()
    box.prepare(2)
    assert below() <= before  # the one that listed its tools may just be ending
    with pytest.raises(RequestError, match="the variable PLAIN_TOKEN is not set"):
        box.open().begin()


def test_a_server_that_all_episodes_share_is_not_started_for_each() -> None:
    box = load_toolbox(plain("side", shared=True, tools=("look",)))
    before = below()
    box.prepare(4)
    assert below() <= before  # the one that listed its tools may just be ending
