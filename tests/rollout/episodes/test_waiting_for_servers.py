"""What an episode waits for its server is none of its own time."""

import threading
import time
from collections.abc import Callable

import msgspec
import pytest

from rollout.config import EpisodeConfig
from rollout.records import Outcome, StopReason
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mcp.servers import Servers
from tests.rollout.episodes.test_server_episodes import DONE, PROBLEM, attempt
from tests.rollout.toolboxes.mcp.calling import ask, call, plain

Pass = Callable[[float], None]
SECONDS = 500.0
CONFIG = EpisodeConfig(max_failed_steps=1, max_steps=8, max_seconds=SECONDS)


@pytest.fixture
def let_pass(monkeypatch: pytest.MonkeyPatch) -> Pass:
    """Has so many seconds pass at once, on the clock that event loops have."""
    clock, passed = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + passed[0])

    def let_pass(seconds: float) -> None:
        passed[0] += seconds

    return let_pass


def test_the_start_and_the_reset_of_a_server_cost_an_episode_nothing(
    let_pass: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt(call("add", by=2), DONE)  # the gold calls are made
    original = Servers.take

    def slow(servers: Servers, state: str) -> object:
        let_pass(2 * SECONDS)
        return original(servers, state)

    monkeypatch.setattr(Servers, "take", slow)
    episode = attempt(call("add", by=1), call("add", by=1), DONE, config=CONFIG)
    assert (episode.outcome, episode.stop) == (Outcome.RIGHT, StopReason.FINISHED)


def test_waiting_for_a_server_costs_an_episode_nothing_and_what_its_calls_take_does(
    let_pass: Pass, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = plain("one", state_tool="dump", reset_tool="load", shared=True, processes=1)
    problem = msgspec.structs.replace(PROBLEM, toolbox=f"{name}#turns")
    attempt(call("add", by=2), DONE, problem=problem)
    other = load_toolbox(name).open()
    ask(other, "look")
    asked = Servers.ask

    def ask_and_have_the_other_end(servers: Servers, state: str) -> object:
        turn = asked(servers, state)

        def end() -> None:
            let_pass(2 * SECONDS)
            other.close()

        threading.Timer(0.2, end).start()
        return turn

    monkeypatch.setattr(Servers, "ask", ask_and_have_the_other_end)
    episode = attempt(call("add", by=2), DONE, problem=problem, config=CONFIG)
    assert (episode.outcome, episode.stop) == (Outcome.RIGHT, StopReason.FINISHED)
    monkeypatch.setattr(Servers, "ask", asked)
    original = Servers.call

    def slow_call(*arguments: object, **named: object) -> object:
        result = original(*arguments, **named)  # type: ignore[arg-type]
        let_pass(2 * SECONDS)
        return result

    monkeypatch.setattr(Servers, "call", slow_call)
    episode = attempt(call("add", by=2), DONE, problem=problem, config=CONFIG)
    assert (episode.outcome, episode.stop) == (Outcome.TRUNCATED, StopReason.WALL_TIME)
