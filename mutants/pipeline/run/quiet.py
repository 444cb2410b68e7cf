"""Keeps the output of libraries off the terminal: it goes to a log file of the run."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def libraries_to(path: Path) -> Iterator[None]:
    """Append standard output and error of this process, those of C code included, to `path` while the block runs.

    The command's own console must write to a descriptor that was duplicated before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        os.dup2(log, 1)
        os.dup2(log, 2)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, original in enumerate(kept, start=1):
            os.dup2(original, target)
            os.close(original)
        os.close(log)
