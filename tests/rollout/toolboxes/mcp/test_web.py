"""What happens between a server at an address and this process is no mistake of a model; what the server says is."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from rollout.records import ErrorCode
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mcp.messages import MOST_BYTES
from tests.rollout.toolboxes.mcp.calling import ask
from tests.rollout.toolboxes.mcp.web_server import served

ONE_BY_ONE = '{"reset_tool":"load","start_s":300}'
SIDE_BY_SIDE = '{"start_s":300,"tools":["look"]}'


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as name:
        yield name


@pytest.mark.parametrize("options", [ONE_BY_ONE, SIDE_BY_SIDE])
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("error 500 -32603", "its server answered with HTTP 500 Internal Server Error: there is no such order"),
        ("error 503 -32603", "HTTP 503 Service Unavailable"),
        ("error 503 -32602", "HTTP 503 Service Unavailable"),
        ("error 401 -32000", "HTTP 401 Unauthorized"),
        ("error 404 -32001", "HTTP 404 Not Found"),
        ("error 400 -32600", "HTTP 400 Bad Request"),
        ("status 429", "HTTP 429 Too Many Requests"),
        ("status 302", "HTTP 302 Found"),
        ("html", "its server answered with 'text/html', which is not of MCP"),
        ("broken", "Failed to parse JSON response"),
        ("accepted", "HTTP 202 Accepted, without a result"),
        ("cut", "SSE stream ended without a response"),
    ],
)
def test_an_answer_that_is_not_the_servers_own_is_a_fault_of_machines(
    address: str, options: str, how: str, says: str
) -> None:
    session = load_toolbox(f"{address} {options}").open()
    with closing(session), pytest.raises(InfrastructureError, match=re.escape(says)) as lost:
        ask(session, "look", how=how)
    assert lost.value.kind is InfrastructureKind.SERVER_LOST


@pytest.mark.parametrize("how", ["error 200 -32603", "error 200 -32000", "error 200 -32001", "error 400 -32602"])
def test_what_the_server_itself_says_against_a_call_is_for_the_model(address: str, how: str) -> None:
    with closing(load_toolbox(f"{address} {ONE_BY_ONE}").open()) as session:
        result = ask(session, "look", how=how)
        assert (result.content, result.error) == ("Error: look: there is no such order", ErrorCode.FUNCTION_RAISED)
        assert ask(session, "look").content == '"seen"'


def test_a_fault_at_an_address_leaves_the_connection_to_the_episodes_beside_it(address: str) -> None:
    box = load_toolbox(f"{address} {SIDE_BY_SIDE}")
    one, other = box.open(), box.open()
    assert ask(other, "look").content == '"seen"'
    with pytest.raises(InfrastructureError):
        ask(one, "look", how="status 503")
    assert ask(other, "look").content == '"seen"'
    one.close()
    other.close()


@pytest.mark.parametrize("how", ["error 503 -32603", "html", "accepted", "broken"])
def test_a_reset_that_does_not_come_through_says_nothing_of_the_state(address: str, how: str) -> None:
    box = load_toolbox(f"{address} {ONE_BY_ONE}")
    session, other = box.open(f'{{"how":"{how}"}}'), box.open('{"how":"error 400 -32602"}')
    with closing(session), pytest.raises(InfrastructureError) as lost:
        ask(session, "look")
    assert lost.value.kind is InfrastructureKind.SERVER_LOST
    with closing(other), pytest.raises(RequestError, match="the state does not fit: there is no such order"):
        ask(other, "look")


def test_a_long_answer_as_an_event_is_an_error_and_the_server_goes_on(address: str) -> None:
    with closing(load_toolbox(f"{address} {ONE_BY_ONE}").open()) as session:
        assert ask(session, "look", how="events 5").content == '"xxxxx"'
        result = ask(session, "look", how=f"events {MOST_BYTES + 1}")
        assert result.error is ErrorCode.OUTPUT_TOO_LARGE
        assert result.content == f"Error: look: the result is longer than {MOST_BYTES:,} bytes"
        assert ask(session, "look").content == '"seen"'


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (
            "status 401",
            "HTTP 401 Unauthorized; name the variable that holds what it asks for with headers, as HEADER=NAME",
        ),
        ("status 403", "HTTP 403 Forbidden; name the variable"),
        ("status 404", "HTTP 404 Not Found; correct the address"),
        ("status 302", "HTTP 302 Found; Redirect to http://127.0.0.1:9/ not followed; use that URL"),
        ("html", "'text/html', which is not of MCP; correct the address"),
        ("status 500", "HTTP 500 Internal Server Error; mend the server, or try again later"),
        ("status 429", "HTTP 429 Too Many Requests; mend the server, or try again later"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_line_with_the_status_and_what_to_do(start: str, says: str) -> None:
    with served(start) as name, pytest.raises(RequestError, match=r"^[^\n]*$") as refused:
        load_toolbox(f"{name} {ONE_BY_ONE}")
    assert says in str(refused.value)


def test_headers_that_are_not_taken_are_named_by_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_TOKEN", "s3cret-of-the-test")
    with served("status 403") as name, pytest.raises(RequestError, match="correct the value of DOOR_TOKEN") as refused:
        load_toolbox(f'{name} {{"headers":["Authorization=DOOR_TOKEN"],"start_s":300}}')
    assert "s3cret" not in str(refused.value)


def test_an_address_at_which_nothing_answers_is_one_line() -> None:
    with served() as name:
        pass
    with pytest.raises(RequestError, match=r"nothing answers at the address: .*; start the server, or correct"):
        load_toolbox(f"{name} {ONE_BY_ONE}")
