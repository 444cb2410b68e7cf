"""What libraries print goes to a file of the run; what the command says stays on the terminal."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def libraries_to(path: Path) -> Iterator[None]:
    """While the block runs, standard output and error of this process, C code's included, are appended to `path`.

    The command's own console must write to a descriptor made before (`terminal`).
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
