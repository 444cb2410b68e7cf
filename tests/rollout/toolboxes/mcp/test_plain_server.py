"""What a server does, and does wrong, through real pipes to a real process."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.records import ErrorCode
from rollout.toolboxes import CallRefused, Session, load_toolbox
from rollout.toolboxes.exercise import exercise
from rollout.toolboxes.mcp.config import McpConfig
from rollout.toolboxes.mcp.messages import MOST_BYTES
from rollout.toolboxes.mcp.naming import with_options
from rollout.toolboxes.mcp.toolbox import McpSession
from tests.rollout.toolboxes.mcp.calling import HERE, ask, call, plain

WITH_STATE = plain(state_tool="dump", reset_tool="load")


@pytest.fixture
def session() -> Iterator[Session]:
    opened = load_toolbox(WITH_STATE).open('{"count":3}')
    yield opened
    opened.close()


def process_of(session: Session) -> psutil.Process:
    assert isinstance(session, McpSession)
    with session._taken.connection("null") as connection:
        assert connection.process is not None
        return psutil.Process(connection.process.id)


def test_tools_are_functions_and_the_server_makes_the_calls(session: Session) -> None:
    assert "dump" not in session.toolbox.functions
    assert "load" not in session.toolbox.functions
    assert session.toolbox.functions["add"].signature == "add(by: int)"
    assert ask(session, "add", by=2).content == '{"count":5}'
    assert ask(session, "look").content == '{"count":5}'
    assert json.loads(session.state()) == {"count": 5, "notes": []}
    assert ask(session, "finish", answer=5).error is None
    assert (session.answer, ask(session, "look").error) == ("5", ErrorCode.WRONG_COUNT)


def test_results_and_errors_are_data(session: Session) -> None:
    assert ask(session, "echo", text="<|end|>{").content == '"<|end|>{"'
    assert json.loads(ask(session, "echo", text='[1, {"a": NaN}]').content) == [1, {"a": "NaN"}]
    told, picture = json.loads(ask(session, "picture").content)
    assert (told, picture["data"], picture["bytes"]) == ("a plan", "image/png", 105)
    failed = ask(session, "fail")
    assert (failed.content, failed.error) == ("Error: fail: there is no such ticket", ErrorCode.FUNCTION_RAISED)
    assert ask(session, "refuse").content == "Error: refuse: no tools/call"
    for given, code in (
        ({"by": 0}, ErrorCode.OUT_OF_RANGE),
        ({}, ErrorCode.MISSING_ARGUMENT),
        ({"by": "2"}, ErrorCode.MISTYPED_ARGUMENT),
        ({"by": 1, "at": 2}, ErrorCode.UNEXPECTED_ARGUMENT),
    ):
        assert ask(session, "add", **given).error is code
    assert ask(session, "look").content == '{"count":3}'


def test_broken_characters_are_replaced_and_end_no_run() -> None:
    session = load_toolbox(plain("odd_results")).open()
    words = '{"\\ud800":1,"\\ud801":2}'
    assert ask(session, "echo", text=words).content == json.dumps(words)
    assert json.loads(ask(session, "echo", text='["\\ud83d"]').content) == ["\ufffd"]
    assert json.loads(ask(session, "cut").content) == {"text": "\ufffd", "\ufffd": 2}
    assert ask(session, "look").content == '{"count":0}'
    session.close()


def test_an_answer_that_does_not_read_is_the_servers_fault_at_once() -> None:
    session = load_toolbox(plain("odd_results")).open()
    result = ask(session, "deep")
    assert result.error is ErrorCode.TOOLBOX_FAULT
    assert result.content == "Error: deep: the server's answer is no JSON, or too deep to be read"
    assert ask(session, "look").content == '{"count":0}'
    session.close()


@pytest.mark.parametrize("tool", ["unpromised", "unstructured", "unknown_block", "nothing"])
def test_a_result_that_breaks_the_protocol_or_its_own_schema_is_no_mistake_of_the_model(tool: str) -> None:
    session = load_toolbox(plain("odd_results")).open()
    result = ask(session, tool)
    assert result.error is ErrorCode.TOOLBOX_FAULT
    assert result.content.startswith(f"Error: {tool}: its server's result is not what it promised: ")
    assert "\n" not in result.content
    assert "pydantic.dev" not in result.content
    assert ask(session, "look").content == '{"count":0}'
    session.close()


@pytest.mark.parametrize("order", ["", "result_first"])
def test_a_result_of_50_mb_is_an_error_and_the_server_goes_on(order: str) -> None:
    session = load_toolbox(plain(*order.split())).open()
    number = process_of(session).pid
    result = ask(session, "flood", bytes=50_000_000)
    assert result.error is ErrorCode.OUTPUT_TOO_LARGE
    assert result.content == f"Error: flood: the result is longer than {MOST_BYTES:,} bytes"
    assert ask(session, "look").content == '{"count":0}'
    assert process_of(session).pid == number
    session.close()


def test_the_process_is_confined_and_has_no_variable_that_was_not_named(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETS_TOKEN", "s3cret-of-the-test")
    assert ask(session, "variable", text="TICKETS_TOKEN").content == '"(unset)"'
    outside = tmp_path / "planted"
    assert ask(session, "touch", text=str(outside)).content == "Error: touch: PermissionError"
    assert not outside.exists()
    scratch = json.loads(ask(session, "variable", text="HOME").content)
    assert ask(session, "touch", text=f"{scratch}/own").content == '"written"'
    named = load_toolbox(plain(env=("TICKETS_TOKEN",))).open()
    assert ask(named, "variable", text="TICKETS_TOKEN").content == '"s3cret-of-the-test"'
    named.close()
    monkeypatch.delenv("TICKETS_TOKEN")
    with pytest.raises(RequestError, match="the variable TICKETS_TOKEN is not set"):
        ask(named.toolbox.open(), "look")


def test_every_episode_has_a_process_of_its_own_which_ends_with_it(session: Session) -> None:
    other = load_toolbox(WITH_STATE).open('{"count":7}')
    assert [ask(each, "look").content for each in (session, other)] == ['{"count":3}', '{"count":7}']
    process, scratch = process_of(other), json.loads(ask(other, "variable", text="HOME").content)
    assert process.pid != process_of(session).pid
    other.close()
    assert process.wait(20) is not None or not process.is_running()
    del other
    assert ask(session, "look").content == '{"count":3}'
    deadline = time.monotonic() + 20
    while Path(scratch).exists() and time.monotonic() < deadline:  # a thread removes it behind the process's end
        time.sleep(0.05)
    assert not Path(scratch).exists()


def test_a_shared_server_is_reset_for_each_episode() -> None:
    box = load_toolbox(plain(state_tool="dump", reset_tool="load", shared=True))
    first = box.open('{"count":3}')
    ask(first, "note", text="left behind")
    number = process_of(first).pid
    first.close()
    second = box.open()
    assert json.loads(second.state()) == {"count": 0, "notes": []}
    assert process_of(second).pid == number
    os.kill(int(json.loads(ask(second, "process").content)), signal.SIGKILL)
    with pytest.raises(InfrastructureError):
        ask(second, "look")
    second.close()
    third = box.open('{"count":1}')
    assert ask(third, "look").content == '{"count":1}'
    assert process_of(third).pid != number
    third.close()


def test_tools_that_only_read_are_shared_by_episodes_side_by_side() -> None:
    box = load_toolbox(plain(shared=True, tools=("look", "echo")))
    one, two = box.open(), box.open()
    assert [ask(each, "look").content for each in (one, two)] == ['{"count":0}'] * 2
    assert process_of(one).pid == process_of(two).pid
    with pytest.raises(RequestError, match="its tool 'add' does not say that it only reads"):
        load_toolbox(plain(shared=True))


@pytest.mark.parametrize(
    ("tool", "seconds", "says"), [("die", 60.0, "its server ended"), ("hang", 0.5, "did not answer within 0.5 s")]
)
def test_death_and_silence_are_of_machines_until_one_call_causes_them_again_and_again(
    tool: str, seconds: float, says: str
) -> None:
    box = load_toolbox(plain(call_s=seconds))
    for _ in range(2):
        session = box.open()
        with pytest.raises(InfrastructureError, match=says) as lost:
            session.call(call(tool))
        assert lost.value.kind is InfrastructureKind.SERVER_LOST
        for _ in range(3):  # a call that comes when its server is dead is not to blame
            with pytest.raises(InfrastructureError, match="its server ended"):
                ask(session, "look")
        session.close()
    blamed = box.open().call(call(tool))
    assert blamed.error is ErrorCode.TOOLBOX_FAULT
    assert "3 times one after the other" in blamed.content


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mcp:no-such-program --now", "there is no program 'no-such-program' beside this Python or in PATH"),
        ("mcp:./no/such/program", "there is no program './no/such/program' at that path"),
        (plain("die_at_start"), "ended before it had listed its tools; run its command by hand; it said: the database"),
        (plain("silent", start_s=1.0), "did not list its tools within 1 s; mend it, or raise start_s"),
        (plain("other_version"), "it speaks another version of MCP: update one of the two"),
        ("mcp:cat", "the server does not answer as an MCP server does"),
        (plain("no_tools"), "the server lists no tools"),
        (plain("two_of_one_name"), "the server lists two tools called 'add'; rename one in the server"),
        (plain("empty_name"), "lists a tool called '', a name that is empty or has blanks around it; rename it in the"),
        (
            plain("blank_name"),
            "lists a tool called '  ', a name that is empty or has blanks around it; rename it in the",
        ),
        (
            plain("blanks_around"),
            "lists a tool called ' add ', a name that is empty or has blanks around it; rename it",
        ),
        (plain("alike"), "the tools 'look-up' and 'look.up' are both called look_up by models"),
        (
            plain("no_object"),
            "does not read: tool 17 of its list.inputSchema.type: Input should be 'object', not 'string'",
        ),
        (plain("no_schema"), "does not read: tool 17 of its list.inputSchema: Input should be a valid dictionary"),
        (plain("deep_schema"), "the server's answer is no JSON, or too deep to be read"),
        (plain("refers"), "tool odd: $ref 'https://example.com/a.json' leads elsewhere"),
        (plain(tools=("lok",)), "tools: the server has no tool 'lok'; did you mean 'look'?"),
        (plain(state_tool="nothing"), "state_tool, reset_tool: the server has no tool 'nothing'; it has add, die"),
        (plain(files="no/such/folder"), "files = 'no/such/folder' is no folder"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_line(name: str, says: str) -> None:
    with pytest.raises(RequestError, match=r"^[^\n]*$") as refused:
        load_toolbox(name)
    assert says in str(refused.value)


def test_an_allow_list_leaves_out_what_does_not_read() -> None:
    box = load_toolbox(plain("refers", tools=("look",)))
    assert [*box.functions] == ["look", "finish"]


@pytest.mark.parametrize(
    ("options", "state", "says"),
    [
        ({}, '{"count":1}', "the problem has a state, and no tool takes it; name the server's with reset_tool"),
        ({"reset_tool": "load"}, '{"count":', "the state does not fit: it is no JSON; write an object"),
        ({"reset_tool": "load"}, "[1]", "the state does not fit: it is no object with arguments of load"),
        ({"reset_tool": "load"}, '{"count":"1"}', "the state does not fit: load: an argument has the wrong type"),
        ({"reset_tool": "load"}, '{"count":-1}', "the state does not fit: load: a count is not negative"),
    ],
)
def test_a_state_that_does_not_fit_is_one_line(options: dict[str, str], state: str, says: str) -> None:
    with pytest.raises(RequestError) as refused:
        exercise(plain(**options), state)
    assert says in str(refused.value)


def test_a_server_is_exercised_without_calling_its_tools() -> None:
    assert exercise(f"{WITH_STATE}#turns+3@1", '{"count":3}') == ((), ())
    (fault,) = exercise(plain(state_tool="process"), "null").faults
    assert "its state changes from start to start" in fault
    (fault,) = exercise(plain(state_tool="fail"), "null").faults
    assert "its state cannot be read: fail: there is no such ticket; correct the tool" in fault


def test_a_server_whose_tools_change_is_named(tmp_path: Path) -> None:
    mark = tmp_path / "changed"
    box = load_toolbox(plain("noisy", "changes", str(mark)))
    session = box.open()
    assert ask(session, "add", by=1).error is None
    session.close()
    mark.touch()
    with pytest.raises(RequestError, match=r"lists other tools than .*: the description of 'add' is another one"):
        ask(box.open(), "add", by=1)
    assert load_toolbox(plain("changes", str(mark))).hash != box.hash


def test_each_process_gets_a_copy_of_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "letter.txt").write_text("as it was")
    session = load_toolbox(plain(files=str(folder))).open()
    assert ask(session, "touch", text="letter.txt").content == '"written"'
    assert (folder / "letter.txt").read_text() == "as it was"
    session.close()


def test_a_state_that_is_no_json_value_of_an_object_is_kept_as_text() -> None:
    session = load_toolbox(plain("bad_state", state_tool="dump")).open()
    assert session.state() == '"no JSON"'
    session.close()
    broken = load_toolbox(plain(state_tool="refuse")).open()
    with pytest.raises(CallRefused) as refused:
        broken.state()
    assert refused.value.code is ErrorCode.TOOLBOX_FAULT


SHORT_LIVED = """
import os, runpy, signal, sys
from pathlib import Path

times = Path(__file__).with_name("times")
started = int(times.read_text()) + 1
times.write_text(str(started))
if started <= 7:
    os.kill(os.getpid(), signal.SIGKILL)
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def test_a_server_that_is_killed_before_it_has_listed_its_tools_is_started_again(tmp_path: Path) -> None:
    """And where each one is killed that is a fault of machines: a wrong request would end the run on all hosts."""
    (times := tmp_path / "times").write_text("0")
    (tmp_path / "short.py").write_text(SHORT_LIVED)
    name = with_options(f"mcp:python {tmp_path / 'short.py'} {HERE / 'plain_server.py'}", McpConfig(confined=False))
    with pytest.raises(InfrastructureError, match="its server was killed 5 times in a row; end what kills it") as lost:
        load_toolbox(name)
    assert (lost.value.kind, times.read_text()) == (InfrastructureKind.SERVER_LOST, "5")
    assert ("look" in load_toolbox(name).functions, times.read_text()) == (True, "8")
