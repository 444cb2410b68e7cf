"""What servers of other hands do that the protocol allows."""

import json
import subprocess
import sys

import pytest

from cluster.errors import RequestError
from rollout.records import ErrorCode
from rollout.toolboxes import load_toolbox
from tests.rollout.toolboxes.mcp.calling import ask, plain
from tests.rollout.toolboxes.mcp.test_plain_server import process_of


def test_errors_of_a_server_that_lives_are_for_the_model_whatever_their_code() -> None:
    """Two of these are the SDK's own for a connection that is closed and for a request that took too long."""
    session = load_toolbox(plain("any_error")).open()
    number = process_of(session).pid
    for code in (-32000, -32001, -32002, -32042, -32602, -32603, 1):
        result = ask(session, "code", code=code)
        assert (result.content, result.error) == ("Error: code: Connection closed", ErrorCode.FUNCTION_RAISED)
    assert process_of(session).pid == number
    session.close()


def test_an_error_without_a_text_says_what_its_structure_does() -> None:
    session = load_toolbox(plain("any_error")).open()
    result = ask(session, "quota")
    assert (result.content, result.error) == ('Error: quota: {"error":"quota","left":0}', ErrorCode.FUNCTION_RAISED)
    assert ask(session, "fail").content == "Error: fail: there is no such ticket"
    session.close()


def test_an_empty_cursor_ends_the_list() -> None:
    assert "look" in load_toolbox(plain("empty_cursor")).functions


HASH = "import sys; from rollout.toolboxes import load_toolbox; print(load_toolbox(sys.argv[1]).hash)"


def test_the_order_in_which_a_server_lists_its_tools_changes_nothing() -> None:
    name = plain("shuffled")
    box = load_toolbox(name)
    assert [*box.functions] == [*sorted(box.functions.keys() - {"finish"}), "finish"]
    told = subprocess.run([sys.executable, "-c", HASH, name], stdout=subprocess.PIPE, text=True, check=True)
    assert told.stdout.strip() == box.hash


@pytest.mark.parametrize("shared", [True, False])
def test_a_reset_tool_takes_whatever_its_schema_leaves_open(shared: bool) -> None:
    box = load_toolbox(plain("open_state", state_tool="dump", reset_tool="load", shared=shared))
    state = '{"count":2,"files":{"a.txt":[1.0]}}'
    session = box.open(state)
    assert json.loads(session.state()) == {**json.loads(state), "notes": []}
    session.close()
    named = load_toolbox(plain(state_tool="dump", reset_tool="load", shared=shared))
    with pytest.raises(RequestError, match="load: an argument has the wrong type"):
        ask(named.open('{"count":"2"}'), "look")
