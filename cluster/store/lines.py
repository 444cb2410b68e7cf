"""Files of JSON lines that grow, of which every line is under a hash.

A line ends with a digest of the digest before it, of what a killed writer may have left between, and of itself. A
changed byte shows at its line or at the next one. What follows the last whole line is the half line of a killed writer,
or the damaged last line: only who knows how long the file was can tell. Lines of earlier versions have no digest; they
are under that of the first line that was appended to them.
"""

import fcntl
import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cluster.errors import CorruptionError
from cluster.store.atomic import atomic_file

_SEALED = re.compile(rb'(\{.*),"sha256":"([0-9a-f]{32})"\}\n', re.DOTALL)
_TAIL_BYTES = 1 << 16


def append_line(path: Path, row: bytes) -> None:
    """Append a JSON object, which has a key and no line break, by one call. Writers of several processes take turns.

    Where a killed writer left half a line, a new line is begun.
    """
    assert (row[:1], row[-1:], row.count(b"\n")) == (b"{", b"}", 0), row
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before, left = _tail(descriptor)
        if left and not left.endswith(b"\n"):
            left, broken = left + b"\n", b"\n"
        else:
            broken = b""
        os.write(descriptor, broken + _line(before, left, row)[0])
    finally:
        os.close(descriptor)


def write_lines(path: Path, rows: Iterable[bytes]) -> None:
    """Write a file anew, whole or not at all."""
    before = b""
    with atomic_file(path, replace=True) as file:
        for row in rows:
            line, before = _line(before, b"", row)
            file.write(line)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of all whole lines, oldest first, without digests; none where there is no file.

    Raises CorruptionError where a line does not fit its digest.
    """
    if not path.exists():
        return
    digest, sealed = hashlib.sha256(), False
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            match = _SEALED.fullmatch(line)
            if match is None:
                digest.update(line)
                if not sealed and (row := _decoded(line)) is not None:
                    yield row
                continue
            digest.update(match[1])
            row = _decoded(match[1] + b"}")
            if digest.hexdigest()[:32].encode() != match[2] or row is None:
                raise CorruptionError(f"{path}: line {number} or the one before it is not what was written; restore it")
            digest, sealed = hashlib.sha256(match[2]), True
            yield row


def are_sealed(path: Path) -> bool:
    """Whether the lines of a file are under a hash; those after the last digest may not be."""
    with path.open("rb") as file:
        return any(_SEALED.fullmatch(line) for line in file)


def _line(before: bytes, left: bytes, row: bytes) -> tuple[bytes, bytes]:
    """A line, and its digest. `before`: the digest of the last line; `left`: bytes between that one and this."""
    digest = hashlib.sha256(before + left + row[:-1]).hexdigest()[:32].encode()
    return row[:-1] + b',"sha256":"' + digest + b'"}\n', digest


def _tail(descriptor: int) -> tuple[bytes, bytes]:
    """The digest of the last line that has one (b"" without any), and the bytes after that line."""
    size = os.fstat(descriptor).st_size
    length = _TAIL_BYTES
    while True:
        start = max(0, size - length)
        lines = io.BytesIO(os.pread(descriptor, size - start, start)).readlines()
        for index in range(len(lines) - 1, -1 if start == 0 else 0, -1):  # the first one may have lost its beginning
            if match := _SEALED.fullmatch(lines[index]):
                return match[2], b"".join(lines[index + 1 :])
        if start == 0:
            return b"", b"".join(lines)
        length *= 4


def _decoded(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)  # which knows NaN, the loss of a training that has gone wrong
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
