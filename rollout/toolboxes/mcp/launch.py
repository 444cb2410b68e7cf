"""The first thing that a server's process runs, by its path: `python -I -S launch.py SETTINGS PROGRAM ARGUMENT ...`.

It starts the server's program and stays above it, as the parent of whatever loses its own parent below. All of that is
killed when the program ends, when the host says so (SIGTERM), and when the host has died: a wrapper's real server, and
what has begun a session of its own, too. Its status is the program's. It needs the standard library only.

The program gives up rights first. The server is the operator's own program, and may read what this user may read. It is
kept from changing files outside its scratch folder, from TCP unless that is allowed, and from the variables and the
memory of other processes.
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
from typing import Any, NoReturn

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_CLONE_NEWNET = 0x40000000
FILE_BYTES = 64 << 20
"""The largest file that a server may write."""
_AWAITED = (signal.SIGTERM, signal.SIGCHLD)


def main(settings: dict[str, Any], command: list[str]) -> None:
    libc = ctypes.CDLL(None)
    for each in _AWAITED:
        signal.signal(each, signal.SIG_DFL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != settings["parent"]:  # it died before the signal was asked for
        return
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    launcher = os.getpid()
    if (program := os.fork()) == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        become(libc, launcher, settings, command)
    let_go_of_pipes()
    status = status_of(program)
    end_children()
    if status is not None and os.WIFSIGNALED(status):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(launcher, os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status) if status is not None and os.WIFEXITED(status) else 1)


def become(libc: Any, launcher: int, settings: dict[str, Any], command: list[str]) -> NoReturn:
    """The server's program, without the rights that it does not need."""
    try:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # should something kill the launcher
        if os.getppid() == launcher:
            if settings["confined"]:
                confine(libc, settings)
            os.execv(command[0], command)
    except Exception as error:  # whatever it is, no second launcher may come of it
        sys.stderr.write(f"{command[0]}: {error}\n")
    finally:
        os._exit(127)


def confine(libc: Any, settings: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    if not settings["network"]:
        libc.unshare(_CLONE_NEWNET)  # allowed to few; Landlock refuses TCP all the same
    with contextlib.suppress(OSError):
        landlock().restrict([], settings["writable"], runnable=["/"], tcp=settings["network"])


def let_go_of_pipes() -> None:
    """Leave them to the server alone, so that they end with it."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    os.close(nothing)


def status_of(program: int) -> int | None:
    """How the program ended; None where it is to be ended."""
    while True:
        if signal.sigwait(_AWAITED) == signal.SIGTERM:
            return None
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == program:
                    return ended[1]


def end_children() -> None:
    """Kill all processes below. Where one dies, its children become this process's own."""
    own = f"/proc/self/task/{os.getpid()}/children"
    with contextlib.suppress(ChildProcessError):
        while True:
            try:
                children = Path(own).read_text(encoding="ascii").split()
            except OSError:  # a kernel that does not list them: the group is what can be ended
                os.killpg(0, signal.SIGKILL)
                return
            for child in children:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(int(child), signal.SIGKILL)
            os.waitpid(-1, 0)


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
