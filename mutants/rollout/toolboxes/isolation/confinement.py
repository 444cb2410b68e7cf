"""What a worker process gives up before it runs a user's functions with arguments that a model wrote.

This stops accidents, and mischief of a model through honest functions: a path argument that leads outside, a download,
too much memory. It does not stop hostile native code, which can undo the audit hook; run that in a container or not
at all.
"""

import contextlib
import ctypes
import os
import resource
import sys
import sysconfig
from typing import Any

MEMORY_BYTES = 512 << 20
"""Address space that calls may take beyond what the loaded module has."""
MAX_FILES = 64

_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_REFUSED_PREFIXES = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "ctypes.", "shutil.", "pty.")
_REFUSED_EVENTS = (
    "os.system os.fork os.forkpty os.kill os.killpg os.remove os.rename os.rmdir os.mkdir os.link os.symlink "
    "os.truncate os.chmod os.chown os.chdir os.putenv os.setxattr signal.pthread_kill"
)
_REFUSED = frozenset(_REFUSED_EVENTS.split())
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LISTING = frozenset({"os.listdir", "os.scandir", "os.walk"})


def confine(folder: str) -> None:
    """Give up network, files outside `folder` and Python's own, writing, processes, and memory beyond a limit."""
    # Where the kernel allows no network namespace, the audit hook still refuses sockets made in Python.
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    any(unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))
    with open("/proc/self/statm") as file:
        in_use = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, MAX_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pythons = filter(None, (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")))
    readable = tuple({os.path.realpath(path) + os.sep for path in (folder, *pythons, "/usr/share/zoneinfo")})

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REFUSED or event.startswith(_REFUSED_PREFIXES):
            raise PermissionError(f"{event} is not allowed here")
        path, inside = arguments[0] if arguments else None, False
        if event == "open" and not isinstance(path, int):
            _, mode, flags = arguments
            if (isinstance(flags, int) and flags & _WRITING) or (isinstance(mode, str) and set(mode) & set("wax+")):
                raise PermissionError("writing files is not allowed here")
        elif event not in _LISTING:
            return
        with contextlib.suppress(TypeError, ValueError):
            inside = (os.path.realpath(os.fsdecode(path if path is not None else ".")) + os.sep).startswith(readable)
        if not inside:
            raise PermissionError("files outside the toolbox's folder are not for reading")

    sys.addaudithook(hook)
