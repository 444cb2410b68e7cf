"""Worlds of other packages' classes, in workers: what is called, what is left, and what a death of a worker changes."""

import os
import signal

import pytest

from cluster.errors import RequestError
from rollout.foreign.bfcl_classes import DOCUMENTS, functions_of
from rollout.records import Call, ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.isolation.isolated import IsolatedSession, IsolatedToolbox

FILES = "bfcl:GorillaFileSystem#turns"
STATE = canonical_json(
    {"GorillaFileSystem": {"root": {"w": {"type": "directory", "contents": {"a": {"type": "file", "content": "hi"}}}}}}
)


def called(session: IsolatedSession, function: str, **arguments: object) -> str:
    return session.call(Call(name=function, arguments=canonical_json(arguments))).content


def opened(name: str = FILES, state: str = STATE) -> IsolatedSession:
    toolbox = load_toolbox(name)
    assert isinstance(toolbox, IsolatedToolbox)
    return toolbox.open(state)


def test_without_the_package_one_line_says_what_to_do() -> None:
    with pytest.raises(RequestError, match="bfcl_eval: the package is not installed; run `requirements/install real`"):
        load_toolbox("bfcl:MathAPI")


@pytest.mark.real
def test_a_world_is_changed_by_its_calls_and_read_whole() -> None:
    session = opened()
    assert called(session, "cat", file_name="a") == '{"file_content":"hi"}'
    assert called(session, "mkdir", dir_name="d") == "null"
    root = {"name": "w", "contents": {"a": {"name": "a", "content": "hi"}, "d": {"name": "d", "contents": {}}}}
    assert session.state() == canonical_json({"GorillaFileSystem": {"long_context": False, "root": root}})


@pytest.mark.real
def test_what_the_classes_call_an_error_is_a_call_that_failed() -> None:
    session = opened()
    result = session.call(Call(name="cat", arguments='{"file_name":"b"}'))
    assert result.error is ErrorCode.FUNCTION_RAISED
    assert result.content == "Error: cat: 'b': No such file or directory"
    assert session.call(Call(name="cat", arguments='{"file":"a"}')).error is ErrorCode.MISSING_ARGUMENT
    assert session.call(Call(name="cat", arguments='{"file_name":1}')).error is ErrorCode.MISTYPED_ARGUMENT
    assert session.call(Call(name="create_ticket", arguments='{"title":"x"}')).error is ErrorCode.UNKNOWN_FUNCTION


@pytest.mark.real
def test_toolboxes_of_several_classes_share_their_processes() -> None:
    one, other = load_toolbox(FILES), load_toolbox("bfcl:TicketAPI,MathAPI#turns")
    assert isinstance(one, IsolatedToolbox)
    assert isinstance(other, IsolatedToolbox)
    assert one.workers is other.workers
    assert set(other.functions) == {*functions_of(("TicketAPI", "MathAPI")), "finish"}
    assert one.hash != other.hash


@pytest.mark.real
def test_no_two_functions_of_all_classes_share_a_name() -> None:
    names = functions_of(tuple(DOCUMENTS))
    assert len(names) == len({*names}) == 128


@pytest.mark.real
@pytest.mark.parametrize("when", ["between calls", "before the state is read"])
def test_a_killed_worker_loses_nothing_and_does_nothing_twice(when: str) -> None:
    session, neighbour = opened(), opened()
    assert isinstance(session.toolbox, IsolatedToolbox)
    assert called(session, "touch", file_name="b") == called(neighbour, "touch", file_name="c") == "null"
    assert called(session, "mv", source="b", destination="d") == "{\"result\":\"'b' moved to 'd'\"}"
    for worker in session.toolbox.workers:
        if worker.process_id:
            os.kill(worker.process_id, signal.SIGKILL)
    if when == "between calls":
        assert called(session, "ls") == '{"current_directory_content":["a","d"]}'
    assert '"d":{"content":"","name":"d"}' in session.state()
    assert called(neighbour, "ls") == '{"current_directory_content":["a","c"]}'


@pytest.mark.real
def test_random_numbers_of_a_world_are_the_same_after_a_death() -> None:
    """They follow from the initial state and the calls before, the failed ones among them."""
    state = canonical_json({"TravelAPI": {}})
    login = {"client_id": "i", "client_secret": "s", "refresh_token": "r", "grant_type": "read_write"}
    login |= {"user_first_name": "Ann", "user_last_name": "Lee"}
    tokens = []
    for killed in (False, True):
        session = opened("bfcl:TravelAPI#turns", state)
        assert isinstance(session.toolbox, IsolatedToolbox)
        tokens.append(called(session, "authenticate_travel", **login))
        called(session, "get_credit_card_balance", access_token="0", card_id="1")
        if killed:
            for worker in session.toolbox.workers:
                if worker.process_id:
                    os.kill(worker.process_id, signal.SIGKILL)
        tokens.append(called(session, "authenticate_travel", **login))
    assert tokens[:2] == tokens[2:]
    assert tokens[0] != tokens[1]


@pytest.mark.real
def test_what_is_no_world_is_refused_in_one_line() -> None:
    with pytest.raises(RequestError, match=r"BFCL has no class 'TiketAPI'; did you mean 'TicketAPI'\?"):
        load_toolbox("bfcl:TiketAPI")
    for state, says in (('{"Shop":{}}', "there is no class 'Shop'"), ("null", "made from a state"), ("[1]", "not fit")):
        with pytest.raises(RequestError, match=says):
            opened(state=state).call(Call(name="ls", arguments="{}"))
    with pytest.raises(RequestError, match="not fit"):
        opened(state='{"GorillaFileSystem":{"root":{"w":{"contents":{"a":{}}}}}}').call(Call(name="ls", arguments="{}"))
