"""Scratch folders of servers and workers, which go with the process that asked for them.

They lie in one folder per process. A process that ends takes its folder away; that of one that was killed is taken away
by the next process that asks for a scratch folder. A lock, which ends with its process, tells which one lives.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

_PREFIX = "chainpref-scratch-"
_OWNER = "owner"
_FOLDERS = dict[int, str]()
"""By process, the folder in which its scratch folders lie."""
_MAKING = threading.Lock()
"""Workers and servers start in threads, side by side, and share one folder."""


def scratch_folder() -> str:
    """A new folder, empty, in which only this user may read and write."""
    process = os.getpid()
    with _MAKING:
        if process not in _FOLDERS:  # a fork has another number, and makes its own
            remove_folders_of_the_dead()
            folder = tempfile.mkdtemp(prefix=_PREFIX)
            descriptor, lock = tempfile.mkstemp(dir=folder)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.rename(lock, os.path.join(folder, _OWNER))  # by that name it is locked from the first moment on
            atexit.register(remove_own_folder, process)
            _FOLDERS[process] = folder
    return tempfile.mkdtemp(dir=_FOLDERS[process])


def remove_own_folder(process: int) -> None:
    """Take away what `process` has, if it is this one and no fork of it."""
    if process == os.getpid():
        shutil.rmtree(_FOLDERS[process], ignore_errors=True)


def remove_folders_of_the_dead() -> None:
    """Take away what killed processes of this user have left."""
    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_OWNER}"):
        with suppress(OSError):  # another user's, one whose process lives, or one that somebody else takes away
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
            finally:
                os.close(descriptor)
