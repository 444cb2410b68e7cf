"""The first thing that a server's process runs, by its path: `python -I -S launch.py SETTINGS PROGRAM ARGUMENT ...`.

It gives up rights, and becomes the server's program. It needs the standard library only. The server is the operator's
own program, and may read what this user may read. It is kept from changing files outside its scratch folder, from TCP
unless that is allowed, from the variables and the memory of other processes, and from living on when the process that
runs the episodes has died.
"""

import contextlib
import ctypes
import importlib.util
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_CLONE_NEWNET = 0x40000000
FILE_BYTES = 64 << 20
"""The largest file that a server may write."""


def main(settings: dict[str, Any], command: list[str]) -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != settings["parent"]:  # it died before the signal was asked for
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if settings["confined"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
        if not settings["network"]:
            libc.unshare(_CLONE_NEWNET)  # allowed to few; Landlock refuses TCP all the same
        with contextlib.suppress(OSError):
            landlock().restrict([], settings["writable"], runnable=["/"], tcp=settings["network"])
    os.execv(command[0], command)


def landlock() -> Any:
    """The module `isolation.landlock`, without the packages in which it lies, which take long to import."""
    path = Path(__file__).resolve().parents[1] / "isolation" / "landlock.py"
    spec = importlib.util.spec_from_file_location("landlock", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
