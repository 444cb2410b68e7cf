"""What a worker process gives up before it runs a user's functions with arguments that a model wrote.

It stops accidents and a model's mischief through honest functions: a path argument that leads outside, a download, a
memory hog. It is no wall against hostile native code, which can undo the audit hook; run that in a container or not
at all.
"""

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
_REFUSED = frozenset(
    {
        "os.system",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.link",
        "os.symlink",
        "os.truncate",
        "os.chmod",
        "os.chown",
        "os.chdir",
        "os.putenv",
        "os.setxattr",
        "signal.pthread_kill",
    }
)
_LISTING = frozenset({"os.listdir", "os.scandir", "os.walk"})


def confine(folder: str) -> dict[str, bool]:
    """Give up network, files outside `folder` and Python's own, writing, processes, and memory beyond a limit.

    Returns what holds by the kernel's doing: `network` is False where the kernel allows no network namespace; the
    audit hook then still refuses sockets made in Python.
    """
    contained = {"network": _without_network(), "memory": True, "writing": True}
    with open("/proc/self/statm") as file:
        in_use = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, MAX_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _add_audit_hook(folder)
    return contained


def _without_network() -> bool:
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    return any(unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


def _add_audit_hook(folder: str) -> None:
    readable = tuple({os.path.realpath(path) + os.sep for path in (folder, *_python_folders())})

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            _check_open(readable, *arguments)
        elif event in _REFUSED or event.startswith(_REFUSED_PREFIXES):
            raise PermissionError(f"{event} is not allowed here")
        elif event in _LISTING and not _inside(readable, arguments[0]):
            raise PermissionError("files outside the toolbox's folder are not for reading")

    sys.addaudithook(hook)


def _check_open(readable: tuple[str, ...], path: Any, mode: Any, flags: Any) -> None:
    if isinstance(path, int):
        return
    writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
        raise PermissionError("writing files is not allowed here")
    if not _inside(readable, path):
        raise PermissionError("files outside the toolbox's folder are not for reading")


def _inside(readable: tuple[str, ...], path: Any) -> bool:
    try:
        real = os.path.realpath(os.fsdecode(path if path is not None else "."))
    except (TypeError, ValueError):
        return False
    return (real + os.sep).startswith(readable)


def _python_folders() -> set[str]:
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return {folder for folder in folders if folder} | {"/usr/share/zoneinfo"}
