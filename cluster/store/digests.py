"""Digests by which a reader knows that a file is what was written, to its last byte.

A file that is written at once carries one at its end (`sealed`): as the last key of a JSON object, or as a comment. A
folder that is written at once lists its files in `SUMS`, in the form of `sha256sum`, which can check it, too. What was
written before there were digests has none; it is read as it is, and `chainpref verify` says so.
"""

import functools
import hashlib
import io
import os
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from cluster.errors import CorruptionError
from cluster.store.atomic import TEMPORARY, atomic_file

SUMS = "chainpref.sha256"
"""The list of a folder's files but itself: a changed byte in it makes it unreadable, or names a file that is missing or
differs."""
THREADS = 8
"""Files that are read at a time: SHA-256 takes a core for 1 to 2 GB/s, and other threads run meanwhile."""
_CHUNK_BYTES = 4 << 20
_LINE = re.compile(r"([0-9a-f]{64})  (\S(?:.*\S)?)")
_FORMS = {
    "json": (b',\n "sha256": "', b'"\n}\n'),
    "toml": (b"# sha256 of the bytes before this line: ", b"\n"),
    "html": (b"<!-- sha256 of the bytes before this line: ", b" -->\n"),
}
_RACY_S = 2.0
"""A file that changed so recently may change again without a newer time of change."""


class DigestFile(io.RawIOBase):
    """A new file that is hashed while it is written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()
        super().close()

    @property
    def sha256(self) -> str:
        """In hex, of what is written so far."""
        return self._digest.hexdigest()


def sealed(data: bytes, form: Literal["json", "toml", "html"]) -> bytes:
    """The contents of a file with their digest at the end. `data` is a JSON object that is not empty, or whole lines.

    In JSON the digest is that of the bytes before the comma which precedes it.
    """
    before, after = _FORMS[form]
    if form == "json":
        data = data.rstrip()
        assert (data[:1], data[-1:]) == (b"{", b"}"), "a JSON object"
        data = data[:-1].rstrip()
    return data + before + hashlib.sha256(data).hexdigest().encode() + after


def is_sealed(data: bytes) -> bool:
    """Whether the contents end with a digest, right or wrong."""
    return _parted(data) is not None


def checked(data: bytes, where: str, remedy: str) -> bytes:
    """The contents as they are, if they fit the digest at their end or have none.

    Raises CorruptionError: `where` is the file's name in it, `remedy` what to do.
    """
    parted = _parted(data)
    if parted is not None and hashlib.sha256(parted[0]).hexdigest().encode() != parted[1]:
        raise CorruptionError(f"{where}: is not what was written, its hash differs; {remedy}")
    return data


def write_sums(folder: Path) -> None:
    """Hash all files of a folder that nobody writes to any more, several at a time, and list them in it."""
    names = sorted(files_below(folder) - {SUMS})
    with ThreadPoolExecutor(THREADS) as pool:
        list_sums(folder, dict(zip(names, pool.map(lambda name: file_digest(folder / name), names), strict=True)))


def list_sums(folder: Path, digests: Mapping[str, str]) -> None:
    """Write the list of a folder's files, with digests that are known from writing them."""
    lines = [f"{digest}  {name}" for name, digest in sorted(digests.items())]
    assert all(_LINE.fullmatch(line) for line in lines), lines
    with atomic_file(folder / SUMS, replace=True) as file:
        file.writelines(line.encode() + b"\n" for line in lines)


def read_sums(folder: Path) -> dict[str, str] | None:
    """Name in the folder -> SHA-256 in hex; None where the folder has no list. Raises CorruptionError for a broken one.

    No name leaves the folder.
    """
    try:
        text = (folder / SUMS).read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise CorruptionError(f"{folder / SUMS}: is not what was written: {error}; restore it") from None
    sums: dict[str, str] = {}
    for line in text.split("\n")[:-1] if text.endswith("\n") else [""]:
        match = _LINE.fullmatch(line)
        if match is None or not is_inside(match[2]) or match[2] in sums:
            raise CorruptionError(f"{folder / SUMS}: is not what was written: {line[:100]!r} is no entry; restore it")
        sums[match[2]] = match[1]
    return sums


def check_sums(folder: Path, remedy: str, wanted: Callable[[str], bool] = lambda name: True) -> None:
    """Compare a folder with the list of its files, if it has one: nothing may be missing, differ or be there beside.

    `wanted`: names whose contents are compared; a digest is kept while a file's times of change stay. Raises
    CorruptionError that names a file; `remedy` says what to do.
    """
    sums = read_sums(folder)
    if sums is None:
        return
    there = files_below(folder) - {SUMS}
    for name in sorted(there ^ sums.keys()):
        what = "is missing" if name in sums else "is not one of the files that were written there"
        raise CorruptionError(f"{folder / name}: {what}; {remedy}")
    names = sorted(filter(wanted, sums))
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(known_digest, (folder / name for name in names))
        for name, digest in zip(names, found, strict=True):
            if digest != sums[name]:
                raise CorruptionError(f"{folder / name}: is not what was written, its hash differs; {remedy}")


def files_below(folder: Path) -> set[str]:
    """Relative names of all files and links in a folder and below it, links not followed. Left out is what a writer has
    not finished, and what NFS keeps of removed files that are still open."""
    found: set[str] = set()
    for parent, folders, names in os.walk(folder):
        linked = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        folders[:] = [name for name in folders if name not in linked and not name.startswith(TEMPORARY)]
        relative = os.path.relpath(parent, folder)
        found.update(
            name if relative == "." else f"{relative}/{name}"
            for name in (*names, *linked)
            if not name.startswith((TEMPORARY, ".nfs"))
        )
    return found


def is_inside(name: str) -> bool:
    """Whether a name with "/" stays in the folder that it is relative to."""
    return bool(name) and "\0" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


def file_digest(path: Path, count: Callable[[int], None] = lambda read: None) -> str:
    """SHA-256 of a file in hex. `count` is called with the numbers of bytes read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            count(len(chunk))
    return digest.hexdigest()


def known_digest(path: Path) -> str:
    """SHA-256 of a file in hex. A process reads a file again only where its size or its times of change are others."""
    state = path.stat()
    if time.time() - state.st_ctime < _RACY_S:
        return file_digest(path)
    times = (state.st_mtime_ns, state.st_ctime_ns)
    return _digest_of(str(path.absolute()), state.st_dev, state.st_ino, state.st_size, *times)


@functools.lru_cache(maxsize=10_000)
def _digest_of(path: str, *state: int) -> str:
    return file_digest(Path(path))


def _parted(data: bytes) -> tuple[bytes, bytes] | None:
    """The bytes that a digest at the end is of, and the digest in hex; None where there is none."""
    for before, after in _FORMS.values():
        at = len(data) - len(after) - 64
        start = at - len(before)
        digest = data[at : at + 64]
        if start >= 0 and data.endswith(after) and data[start:at] == before and re.fullmatch(rb"[0-9a-f]{64}", digest):
            return data[:start], digest
    return None
