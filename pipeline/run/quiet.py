"""Keeps the output of libraries off the terminal: it goes to log files of the run, in which no credential stays."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from cluster.shown import mask_log


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


def mask_logs(logs: Path, marker: Path) -> None:
    """Mask every credential in the logs below `logs` that were written since `marker` was touched, and touch it.

    Libraries write there by themselves, C code and other processes too, so that nothing stands between. What a killed
    command left is masked by the next one.
    """
    since = marker.stat().st_mtime
    fresh = [
        path
        for path in sorted(logs.rglob("*"))
        if not path.is_symlink() and path.is_file() and path.stat().st_mtime >= since
    ]
    for path in fresh:
        with contextlib.suppress(PermissionError, FileNotFoundError):  # another user's, or removed meanwhile
            mask_log(path)
    if fresh:
        os.utime(marker)
