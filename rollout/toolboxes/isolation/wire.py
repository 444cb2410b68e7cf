"""Requests and replies between a toolbox's worker and the process that runs the episodes: JSON objects behind their
length, over a pair of sockets. Neither side trusts the other's bytes, lengths or pace."""

import json
import socket
import struct
import time
from typing import Any

MAX_BYTES = 16 << 20
"""The largest request or reply."""
_LENGTH = struct.Struct("<Q")


class Garbled(Exception):
    """The other side sent what is no request or reply."""


def send(pipe: socket.socket, value: dict[str, Any], seconds: float | None = None) -> None:
    """Send an object within `seconds`. Raises TimeoutError, and OSError when the other side is gone."""
    data = json.dumps(value, separators=(",", ":")).encode()
    pipe.settimeout(seconds)
    pipe.sendall(_LENGTH.pack(len(data)) + data)


def receive(pipe: socket.socket, seconds: float | None = None) -> dict[str, Any]:
    """The next object. Raises TimeoutError when it is not whole within `seconds`, however steadily its bytes come;
    EOFError when the other side is gone, Garbled for what is too long or no JSON object."""
    end = None if seconds is None else time.monotonic() + seconds
    (length,) = _LENGTH.unpack(_bytes(pipe, _LENGTH.size, end))
    if length > MAX_BYTES:
        raise Garbled(f"it announces {length:,} bytes, at most {MAX_BYTES:,} are read")
    data = _bytes(pipe, length, end)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise Garbled("it is no JSON") from None
    if not isinstance(value, dict):
        raise Garbled("it is no JSON object")
    return value


def _bytes(pipe: socket.socket, count: int, end: float | None) -> bytes:
    data = bytearray()
    while len(data) < count:
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        pipe.settimeout(left)
        part = pipe.recv(min(count - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
