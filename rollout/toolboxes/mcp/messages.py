"""What a server writes, line by line, as the SDK's messages: of a bounded length, whatever stands in it."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Collection
from typing import Any

MOST_BYTES = 16 << 20
"""The longest message of a server that is read."""
TOO_LONG = f"the result is longer than {MOST_BYTES:,} bytes"
UNREADABLE = "the server's answer is no JSON, or too deep to be read"
_CHUNK = 1 << 16
_KEPT = 512
"""Bytes that are kept of each end of a message that is too long."""
_VERSION, _ID = rb'"jsonrpc"\s*:\s*"2\.0"\s*', rb'"id"\s*:\s*"?(\d{1,18})"?\s*'
_BEGINNING = re.compile(rb"\s*\{\s*(?:" + _VERSION + rb",\s*|" + _ID + rb",\s*)*" + rb'"(?:result|error)"\s*:')
_END = re.compile(rb",\s*" + _ID + rb"(?:,\s*" + _VERSION + rb")?\}\s*$")
"""An answer's first and last members. What stands inside its result fits neither."""


async def lines_of(stdout: asyncio.StreamReader) -> AsyncIterator[tuple[bytes, int]]:
    """Each line with its length; of one that is too long only its beginning and its end."""
    line, length = bytearray(), 0
    while chunk := await stdout.read(_CHUNK):
        for number, part in enumerate(chunk.split(b"\n")):
            if number:
                yield bytes(line), length
                line, length = bytearray(), 0
            length += len(part)
            line += part
            if length > MOST_BYTES:
                del line[_KEPT:-_KEPT]


def message_of(line: bytes, length: int, under_way: Collection[int] = ()) -> Any:
    """A line as the SDK takes it; None for what is no message. In place of an answer that is too long, or does not
    read, there is an error; where the answer's number is not found, it is that of the only request `under_way`."""
    import mcp_types
    from mcp.shared.message import SessionMessage

    adapter, what = mcp_types.jsonrpc_message_adapter, TOO_LONG
    lost = (mcp_types.CONNECTION_CLOSED, mcp_types.REQUEST_TIMEOUT)  # how the SDK itself says so
    if length <= MOST_BYTES:
        for text in (lambda: line, lambda: _without_broken_characters(line)):
            with contextlib.suppress(ValueError, RecursionError):
                message = adapter.validate_json(text(), by_name=False)
                if isinstance(message, mcp_types.JSONRPCError) and message.error.code in lost:
                    message.error.code = mcp_types.INTERNAL_ERROR  # which servers use for what they like
                return SessionMessage(message)
        what = UNREADABLE
    number = _answered(line[:_KEPT] + line[-_KEPT:], under_way)
    error = mcp_types.ErrorData(code=mcp_types.INTERNAL_ERROR, message=what)
    return None if number is None else SessionMessage(mcp_types.JSONRPCError(jsonrpc="2.0", id=number, error=error))


def _answered(ends: bytes, under_way: Collection[int]) -> int | None:
    """The number of the request that is answered by a message of which only both ends are known; None where it is no
    answer, or nobody knows."""
    beginning = _BEGINNING.match(ends)
    if beginning is None:
        return None
    if found := beginning[1] or ((end := _END.search(ends)) and end[1]):
        return int(found)
    return next(iter(under_way)) if len(under_way) == 1 else None


def _without_broken_characters(line: bytes) -> str:
    """A line with each half of a surrogate pair replaced by U+FFFD: the SDK reads none, and a server that cuts a text
    in the middle of an emoji writes one. Raises ValueError, RecursionError."""
    text = json.dumps(json.loads(line), ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
