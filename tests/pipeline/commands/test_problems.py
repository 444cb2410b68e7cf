"""`chainpref problems` on a problem whose functions are those of one server."""

from concurrent.futures import Future

import msgspec
import pytest
from rich.console import Console

from pipeline.commands.problems import _show
from rollout.toolboxes.mcp.servers import Servers
from tests.rollout.episodes.test_server_episodes import PROBLEM
from tests.rollout.toolboxes.mcp.calling import plain


def test_a_problem_is_shown_and_judged_with_one_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world is judged once the server that showed the chain is given back: else that would be waited for, for
    ever."""
    ask = Servers.ask

    def ask_alone(servers: Servers, state: str) -> "Future[None]":
        turn = ask(servers, state)
        assert turn.done(), "somebody has the server"
        return turn

    monkeypatch.setattr(Servers, "ask", ask_alone)
    name = plain("shown", state_tool="dump", reset_tool="load", shared=True, processes=1)
    console = Console(record=True, width=200)
    assert _show(msgspec.structs.replace(PROBLEM, toolbox=f"{name}#turns"), console)
    assert "right" in console.export_text()
