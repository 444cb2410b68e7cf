"""Lines of a server, read from bytes."""

import asyncio
import json
from typing import Any

import pytest

from rollout.toolboxes.mcp.messages import MOST_BYTES, TOO_LONG, UNREADABLE, lines_of, message_of

HELD = {"id": 3, "text": "x" * (MOST_BYTES + 10), "last": {"id": 4}}
LONG = {"jsonrpc": "2.0", "id": 7, "result": HELD}


def read(message: dict[str, Any], under_way: tuple[int, ...] = ()) -> Any:
    """What the client is given of a message that is written between two others."""

    async def lines() -> list[tuple[bytes, int]]:
        stream = asyncio.StreamReader(limit=1 << 30)
        stream.feed_data(b"first\n" + json.dumps(message).encode() + b"\nlast\n")
        stream.feed_eof()
        return [each async for each in lines_of(stream)]

    first, found, last = asyncio.run(lines())
    assert (first, last) == ((b"first", 5), (b"last", 4))
    assert found[1] == len(json.dumps(message))
    return message_of(*found, under_way)


@pytest.mark.parametrize(
    ("keys", "under_way"),
    [
        (("jsonrpc", "id", "result"), ()),
        (("id", "jsonrpc", "result"), ()),
        (("id", "result", "jsonrpc"), ()),
        (("result", "jsonrpc", "id"), (3, 4, 7)),
        (("result", "id", "jsonrpc"), (3, 4, 7)),
        (("jsonrpc", "result", "id"), (7,)),
        (("jsonrpc", "result"), (7,)),
    ],
)
def test_an_answer_that_is_too_long_is_an_error_of_its_request(
    keys: tuple[str, ...], under_way: tuple[int, ...]
) -> None:
    message = read({key: LONG[key] for key in keys}, under_way).message
    assert (message.id, message.error.message) == (7, TOO_LONG)


@pytest.mark.parametrize(
    ("message", "under_way"),
    [
        ({"jsonrpc": "2.0", "result": HELD}, (3, 4)),
        ({"jsonrpc": "2.0", "method": "notifications/message", "params": HELD}, (7,)),
        ({"jsonrpc": "2.0", "id": 7, "method": "sampling/createMessage", "params": HELD}, (7,)),
        ({"params": HELD, "method": "sampling/createMessage", "jsonrpc": "2.0", "id": 7}, (7,)),
    ],
)
def test_what_is_no_answer_or_of_nobody_knows_which_request_is_left_out(
    message: dict[str, Any], under_way: tuple[int, ...]
) -> None:
    assert read(message, under_way) is None


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc":"2.0","id":7,"result":{"a":',
        b'{"jsonrpc":"2.0","id":7,"result":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"result":' + b"[" * 300 + b"]" * 300 + b',"jsonrpc":"2.0","id":7}',
        b'{"result":{"a":NULL}}',
    ],
)
def test_an_answer_that_does_not_read_is_an_error_of_its_request(line: bytes) -> None:
    message = message_of(line, len(line), (7,)).message
    assert (message.id, message.error.message) == (7, UNREADABLE)


@pytest.mark.parametrize("line", [b"", b"Welcome", b"{", b'{"level":"info","id":7}', b'"result"'])
def test_what_a_server_prints_beside_its_messages_is_left_out(line: bytes) -> None:
    assert message_of(line, len(line), (7,)) is None
