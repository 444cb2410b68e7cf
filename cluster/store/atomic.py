"""Files and folders that are written whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def published(directory: Path) -> Iterator[Path]:
    """A temporary folder that becomes `directory`, whole, when the block ends well, and vanishes when it doesn't.

    Where somebody else published `directory` meanwhile, theirs stays.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        for path in sorted(temporary.rglob("*")):
            _sync(path)
        _sync(temporary)
        try:
            temporary.rename(directory)
        except OSError:
            if not directory.is_dir():
                raise
        _sync(directory.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
