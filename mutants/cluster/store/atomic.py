"""Files and folders that appear whole or not at all, and outlast a power cut once they are there.

Everything is written under a temporary name beside its target, synced, renamed (or linked) to the target's name, and
then the folder that holds the name is synced. A writer that fails removes what it wrote; one that is killed leaves a
name that begins with `TEMPORARY`, which nobody reads.
"""

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cluster.errors import RequestError

TEMPORARY = ".tmp-"
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


@contextlib.contextmanager
def atomic_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """A file to write to, which appears at `path` when the block ends without an error. Missing folders are made.

    `replace`: take the place of a file that is there. Without it FileExistsError is raised when there is one, and of
    any number of writers that race exactly one succeeds; RequestError where the file system has no hard links.
    """
    temporary = path.parent / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        _make_folder(path.parent)
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            _link(temporary, path)
        sync(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def atomic_folder(path: Path, *, exist_ok: bool = True) -> Iterator[Path]:
    """A temporary folder, which becomes `path` when the block ends without an error. Missing parents are made.

    Where somebody else has made a folder at `path` meanwhile, that one stays; with `exist_ok=False` OSError is raised,
    unless it is empty.
    """
    temporary = path.parent / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        _make_folder(path.parent)
        temporary.mkdir()
        yield temporary
        for one in (*temporary.rglob("*"), temporary):
            sync(one)
        try:
            temporary.rename(path)
        except OSError:
            if not (exist_ok and path.is_dir()):
                raise
        sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sync(path: Path) -> None:
    """Make a file's bytes durable, or a folder's names: without the latter a synced file can lose its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
    sync(folder.parent)


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        # Over NFS the answer to a link that was made can get lost; the retry then finds our own file.
        if not os.path.samefile(temporary, path):
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise RequestError(
            f"{path.parent}: its file system has no hard links, which creating {path.name} exactly once needs; "
            "use another folder, or for a run's store s3://BUCKET/PREFIX"
        ) from None
