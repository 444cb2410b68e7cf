"""The first thing that a worker runs, by its path and in whatever interpreter: `python -s bootstrap.py SETTINGS`.

It needs the standard library only, of which no module beside it hides any. It makes importable what the worker needs:
this project's packages, and what reads types and docstrings, from the interpreter's own packages where it has them,
else from those of the process that runs the episodes. Then the worker begins.
"""

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder; -P, which keeps it out, is unknown to Pythons before 3.11

import ctypes
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import json
import os
import random
import signal
import socket
import struct
from collections.abc import Sequence
from types import ModuleType
from typing import Any

LEAST_PYDANTIC = (2, 12)
COMPILED = ("pydantic_core", "msgspec")
_PR_SET_PDEATHSIG = 1


class _Borrowed(importlib.abc.MetaPathFinder):
    """Finds top-level packages in the folders that are named for them."""

    def __init__(self, folders: dict[str, str]) -> None:
        self.folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if path is not None or name not in self.folders:
            return None
        return importlib.machinery.PathFinder.find_spec(name, [self.folders[name]], target)


def borrowed(folders: dict[str, str], together: Sequence[str], version: Sequence[int]) -> dict[str, str]:
    """Of the packages in `folders`, of an interpreter of `version`, those that this interpreter takes from there; those
    of `together`, which read types, all or none.

    Raises ValueError, with what to do, where it has a pydantic that is too old, or cannot load what it would take.
    """
    own = {name for name in folders if importlib.util.find_spec(name) is not None}
    if "pydantic" in own:
        found = importlib.metadata.version("pydantic")
        if tuple(map(int, found.split(".")[:2])) < LEAST_PYDANTIC:
            least = ".".join(map(str, LEAST_PYDANTIC))
            raise ValueError(f"its pydantic is {found}, types are read by {least} or newer; lock that, or none")
    taken = {name: folders[name] for name in folders if name not in own and name not in together}
    if "pydantic" not in own:
        taken |= {name: folders[name] for name in together}
    foreign = [name for name in COMPILED if name in taken]
    if foreign and tuple(version) != sys.version_info[:2]:
        here, there = ".".join(map(str, sys.version_info[:2])), ".".join(map(str, version))
        raise ValueError(f"it is Python {here} and cannot load {' and '.join(foreign)} of {there}; lock them, too")
    return taken


def main(settings: dict[str, Any]) -> None:
    # A worker that computes does not see that its pipe is closed. The signal comes when the thread ends that started
    # this process: it is the worker's own, and asks nothing more then.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != settings["parent"]:  # it died before the signal was asked for
        return
    pipe = socket.socket(fileno=settings["pipe"])
    random.seed(0)  # what a module draws while it is imported is the same in every worker
    try:
        if settings["foreign"]:
            taken = borrowed(settings["packages"], settings["together"], settings["version"])
            sys.meta_path.insert(0, _Borrowed(taken))
            sys.path += settings["path"]
        else:
            sys.path[:] = settings["path"]
        from rollout.toolboxes.isolation.worker import serve
    except (ImportError, ValueError) as error:
        refused = json.dumps({"refused": f"toolbox {settings['name']!r}: {sys.executable}: {error}"}).encode()
        pipe.sendall(struct.pack("<Q", len(refused)) + refused)
        return
    serve(settings["name"], pipe, settings)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
