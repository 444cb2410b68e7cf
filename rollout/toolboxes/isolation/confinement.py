"""What a worker process gives up before it runs a user's functions with arguments that a model wrote.

By the kernel: files but the toolbox's folder, Python's own and a scratch folder (Landlock); programs, processes,
sockets, other processes, modes and dates of files (seccomp); memory, open files and their size (limits). By an audit
hook, the same once more, with a message that says what was forbidden, and for kernels that lack one of the two.

It is for honest functions with a model's arguments: a path that leads outside, a download, too much memory. What the
module does while it is imported comes before all this.
"""

import contextlib
import ctypes
import os
import resource
import sys
import sysconfig
import urllib.parse
from collections.abc import Iterable
from typing import Any

from rollout.toolboxes.isolation import landlock, seccomp
from rollout.toolboxes.mistakes import Forbidden

MEMORY_BYTES = 512 << 20
"""Address space that calls may take beyond what the loaded module has."""
MAX_FILES = 64
FILE_BYTES = 64 << 20
"""The largest file that a function may write, in its scratch folder."""

_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_SYSTEM = (
    "/usr/lib /usr/lib64 /lib /lib64 /usr/local/lib /usr/share/zoneinfo /etc/ld.so.cache /etc/localtime "
    "/etc/mime.types /proc/self /proc/cpuinfo /proc/meminfo /proc/stat /proc/sys/vm "
    "/proc/sys/kernel /sys/devices/system /dev/urandom /dev/random /dev/zero"
)
"""What Python and its libraries read of the system, beside their own folders: libraries, time zones, the processors."""
_PYTHONS = ("stdlib", "platstdlib", "purelib", "platlib")

_REFUSED_PREFIXES = (
    "socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "pty.", "urllib.", "http.client.", "ftplib.",
    "smtplib.", "imaplib.", "poplib.", "nntplib.", "telnetlib.", "webbrowser.", "resource.", "builtins.input",
)  # fmt: skip
_REFUSED_EVENTS = (
    "os.system os.fork os.forkpty os.kill os.killpg os.chmod os.lchmod os.chown os.lchown os.utime os.chdir "
    "os.setxattr os.removexattr signal.pthread_kill sqlite3.enable_load_extension sqlite3.load_extension"
)
_REFUSED = frozenset(_REFUSED_EVENTS.split())
_CHANGING: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((0, 2), (1, 3)),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
}
"""Events that change a folder -> where a path, and the descriptor of the folder that it is relative to, stand in their
arguments."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LISTING = frozenset({"os.listdir", "os.scandir", "os.walk"})
_AF_UNIX = 1


def shortfalls() -> tuple[str, ...]:
    """What this machine's kernel does not contain, one line each; none where all of it is in force."""
    return tuple(filter(None, (landlock.shortfall(landlock.abi()), seccomp.shortfall())))


def confine(folders: Iterable[str], scratch: str) -> None:
    """Give up network, files outside `folders` and Python's own, writing but into `scratch`, processes, and memory
    beyond a limit."""
    pythons = [path for path in map(sysconfig.get_path, _PYTHONS) if path]
    read_by_python = {os.path.realpath(path) for path in (*folders, *pythons)}
    read_by_system = {os.path.realpath(path) for path in _SYSTEM.split() if path != "/proc/self"}
    # Where the kernel allows no network namespace, seccomp and the audit hook still refuse sockets.
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    any(unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))
    with open("/proc/self/statm") as file:
        in_use = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES, MAX_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    by_kernel = False
    with contextlib.suppress(OSError):
        limited = landlock.restrict([*read_by_python, *read_by_system, "/proc/self"], [scratch, "/dev/null"])
        by_kernel = seccomp.install() and limited >= landlock.WANTED_ABI
    own = os.path.realpath("/proc/self")
    _watch(
        _inside([*read_by_python, *read_by_system, own, scratch, "/dev/null"]),
        _inside([scratch, "/dev/null"]),
        by_kernel,
    )


class _inside:
    """Whether a path, relative to the folder of a descriptor, lies in one of these folders."""

    def __init__(self, folders: Iterable[str]) -> None:
        self.folders = tuple(os.path.realpath(folder) + os.sep for folder in folders)

    def __call__(self, path: Any, descriptor: Any = None) -> bool:
        with contextlib.suppress(TypeError, ValueError, OSError):
            text = os.fsdecode(path if path is not None else ".")
            if isinstance(descriptor, int) and descriptor >= 0:
                text = os.path.join(os.readlink(f"/proc/self/fd/{descriptor}"), text)
            return (os.path.realpath(text) + os.sep).startswith(self.folders)
        return False


def _watch(readable: _inside, writable: _inside, by_kernel: bool) -> None:
    """Add the audit hook. It refuses native code (ctypes) only where the kernel does not contain it."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if isinstance(path, int):
                return
            written = (isinstance(flags, int) and flags & _WRITING) or (
                isinstance(mode, str) and set(mode) & set("wax+")
            )
            if written and not writable(path):
                raise Forbidden("writing files is not allowed here")
            if not readable(path):
                raise Forbidden("files outside the toolbox's folder are not for reading")
        elif event in _CHANGING:
            for path, descriptor in _CHANGING[event]:
                where = None if descriptor is None else arguments[descriptor]
                if not isinstance(arguments[path], int) and not writable(arguments[path], where):
                    raise Forbidden(f"{event} is not allowed here")
        elif event in _LISTING:
            if not isinstance(arguments[0], int) and not readable(arguments[0]):
                raise Forbidden("folders outside the toolbox's folder are not for reading")
        elif event == "sqlite3.connect":
            if not sqlite_may_open(arguments[0], readable):
                raise Forbidden("databases outside the toolbox's folder are not for reading")
        elif event == "socket.__new__" and arguments[1] == _AF_UNIX:
            return  # asyncio's own pair; to connect or bind it is refused
        elif (
            event in _REFUSED or event.startswith(_REFUSED_PREFIXES) or (event.startswith("ctypes.") and not by_kernel)
        ):
            raise Forbidden(f"{event} is not allowed here")

    sys.addaudithook(hook)


def sqlite_may_open(database: Any, readable: _inside) -> bool:
    text = os.fsdecode(database)
    if text.startswith("file:"):
        text = urllib.parse.unquote(urllib.parse.urlsplit(text).path)
    return text in ("", ":memory:") or readable(text)
