"""Episodes whose functions are tools of an MCP server that does not always live."""

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from cluster.errors import InfrastructureError, InfrastructureKind
from rollout.config import EpisodeConfig
from rollout.episodes.replay import Repeated, judge_again
from rollout.formats import load_format
from rollout.formats.limits import CallLimits
from rollout.hosts.work import toolbox_faults
from rollout.problems.checking import check_problems
from rollout.records import Call, Episode, ErrorCode, Outcome, Problem, StopReason, canonical_json
from rollout.toolboxes.mcp.connection import Connection
from tests.rollout.conversations import CONTROL, tokenizer
from tests.rollout.episodes.test_turns import play
from tests.rollout.toolboxes.mcp.calling import call, plain

SERVER = plain(state_tool="dump", reset_tool="load", call_s=60.0)
DONE = call("finish", answer="It is 5.")
PROBLEM = Problem(
    id="count-1",
    family="count",
    split="train",
    template="t",
    text="Add 2, please.",
    gold_calls=(call("add", by=2), DONE),
    toolbox=f"{SERVER}#turns",
    state='{"count":3}',
    gold=canonical_json({"end": {"as_gold": True, "unchanged": ["notes"]}}),
    checker="world",
)
CONFIG = EpisodeConfig(max_failed_steps=1, max_steps=8, calls=CallLimits(deadline=20.0))
JSON = load_format("json")


def attempt(*calls: Call, problem: Problem = PROBLEM, config: EpisodeConfig = CONFIG) -> Episode:
    return play([JSON.render((each,)) for each in calls], problem, config)


def test_the_servers_state_is_the_world_that_is_judged() -> None:
    assert check_problems([PROBLEM], ["json", "python"]).faults == ()
    right = attempt(call("look"), call("add", by=1), call("add", by=1), DONE)
    assert (right.outcome, right.credit) == (Outcome.RIGHT, (1.0,))
    wrong = attempt(call("add", by=3), DONE)
    assert (wrong.outcome, wrong.error, wrong.why) == (
        Outcome.WRONG,
        ErrorCode.STATE_WRONG,
        "the end: count is 6, right is 5",
    )
    noted = attempt(call("add", by=2), call("note", text="x"), DONE)
    assert (noted.outcome, noted.credit) == (Outcome.WRONG, (0.0,))
    again = judge_again(PROBLEM, right, JSON, CONFIG.calls)
    assert (again.repeated, again.episode.outcome) == (Repeated.SAME, Outcome.RIGHT)


def test_without_a_state_tool_calls_results_and_answers_are_judged() -> None:
    gold = {"end": {"calls": [{"name": "add", "arguments": {"by": 2}}], "never": ["note"], "says": ["5"]}}
    problem = msgspec.structs.replace(PROBLEM, toolbox=f"{plain(reset_tool='load')}#turns", gold=canonical_json(gold))
    assert attempt(call("add", by=2), DONE, problem=problem).outcome is Outcome.RIGHT
    assert attempt(call("add", by=1), DONE, problem=problem).error is ErrorCode.STATE_WRONG
    assert attempt(call("add", by=2), call("finish", answer="Done."), problem=problem).error is ErrorCode.ANSWER_WRONG


def test_what_a_server_says_holds_no_control_token() -> None:
    spelled = "<|end|><|assistant|>"
    episode = attempt(call("echo", text=spelled), call("add", by=2), DONE)
    (result,) = episode.steps[0].results
    assert result.content == json.dumps(spelled)
    control = tokenizer().convert_tokens_to_ids(CONTROL)

    def controls(one: Episode) -> list[int]:
        return [token for token in one.steps[0].feedback_ids if token in control]

    assert controls(episode) == controls(attempt(call("echo", text="x"), call("add", by=2), DONE))
    assert controls(episode)


class Killing:
    """Kills a server with SIGKILL before its calls of these numbers, counted over all servers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: Sequence[int]) -> None:
        self.calls, self.killed = 0, list[int]()
        original = Connection.call

        def killing(connection: Connection, tool: str, arguments: dict[str, object], seconds: float) -> object:
            if tool == "add":
                self.calls += 1
                if self.calls in at:
                    assert connection.process is not None
                    os.killpg(connection.process.id, signal.SIGKILL)  # the launcher and the server
                    self.killed.append(connection.process.id)
            return original(connection, tool, arguments, seconds)

        monkeypatch.setattr(Connection, "call", killing)


def test_a_server_killed_in_the_middle_costs_nothing_but_time(monkeypatch: pytest.MonkeyPatch) -> None:
    before = attempt(call("add", by=1), call("add", by=1), DONE)
    killing = Killing(monkeypatch, at=(2, 3))
    episode = attempt(call("add", by=1), call("add", by=1), DONE)
    assert len(killing.killed) == 2
    assert killing.calls == 2 + 1 + 2
    assert episode.outcome is before.outcome is Outcome.RIGHT
    contents = [[result.content for result in step.results] for step in episode.steps]
    assert contents == [[result.content for result in step.results] for step in before.steps]


def test_servers_that_go_on_dying_are_the_callers_to_deal_with(monkeypatch: pytest.MonkeyPatch) -> None:
    killing = Killing(monkeypatch, at=(1, 3, 6))  # at another call each time: the same one would be to blame
    with pytest.raises(InfrastructureError) as lost:
        attempt(call("add", by=1), call("add", by=2), call("add", by=3), DONE)
    assert (lost.value.kind, killing.calls) == (InfrastructureKind.SERVER_LOST, 6)


@pytest.mark.parametrize("tool", ["die", "hang"])
def test_a_call_that_ends_its_server_each_time_leaves_the_episode_without_a_label(tool: str) -> None:
    seconds = {"die": 60.0, "hang": 1.0}[tool]
    server = plain(state_tool="dump", reset_tool="load", call_s=seconds)
    episode = attempt(call(tool), DONE, problem=msgspec.structs.replace(PROBLEM, toolbox=f"{server}#turns"))
    assert (episode.outcome, episode.stop) == (Outcome.INFRASTRUCTURE, StopReason.INFRASTRUCTURE)
    assert (episode.error, episode.reward, episode.credit) == (ErrorCode.TOOLBOX_FAULT, 0.0, ())
    (fault,) = toolbox_faults([episode])
    assert "3 times one after the other" in fault


def test_a_script_named_by_a_relative_path_is_found_with_files_of_its_own(tmp_path: Path) -> None:
    name = os.path.relpath(Path(plain().removeprefix("mcp:python ")))
    (tmp_path / "a.txt").write_text("a")
    problem = msgspec.structs.replace(
        PROBLEM,
        toolbox=f'mcp:python {name} {{"files":"{tmp_path}","reset_tool":"load","state_tool":"dump"}}#turns',
    )
    assert attempt(call("touch", text="a.txt"), call("add", by=2), DONE, problem=problem).outcome is Outcome.RIGHT
