"""Landlock: the kernel's own limits on what a process may do with files, TCP and signals, which need no privilege.

Numbers are those of include/uapi/linux/landlock.h; the system calls have the same numbers on every architecture.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_RIGHTS_BY_ABI = ((1, (1 << 13) - 1), (2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEVICE))
_MAKE_DEVICES = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11
"""Making character devices, sockets, FIFOs and block devices."""
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_NO_TCP = 3
_NO_SIGNALS_AND_NO_ABSTRACT_SOCKETS = 3

WANTED_ABI = 6
"""The first that limits files with truncation, TCP, and signals."""


def abi() -> int:
    """The version of Landlock that this kernel has; 0 for none (Linux before 5.13, or not turned on)."""
    return max(0, _syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))[0])


def shortfall(version: int) -> str:
    """What Landlock of this version does not limit, in words; "" where it limits all that it should."""
    if version == 0:
        return "this kernel has no Landlock: only Python's own checks limit which files functions open"
    lacks = [what for least, what in ((3, "truncating"), (4, "TCP"), (6, "signals")) if version < least]
    return f"this kernel's Landlock has version {version}, which does not limit {', '.join(lacks)}" if lacks else ""


def restrict(
    readable: Iterable[str], writable: Iterable[str], *, runnable: Iterable[str] = (), tcp: bool = False
) -> int:
    """Limit this process for good: files to those beneath `readable`, `writable` and `runnable` (files or folders), no
    TCP unless it is allowed, no signals to others. Returns the version that is in force; 0 where the kernel has none.
    Raises OSError."""
    version = abi()
    if version == 0:
        return 0
    handled = 0
    for least, rights in _RIGHTS_BY_ABI:
        handled |= rights if version >= least else 0
    attributes = struct.pack("<Q", handled)
    if version >= 4:
        attributes += struct.pack("<Q", 0 if tcp else _NO_TCP)
    if version >= 6:
        attributes += struct.pack("<Q", _NO_SIGNALS_AND_NO_ABSTRACT_SOCKETS)
    ruleset = _checked(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for path in readable:
            _allow(ruleset, path, (_READ_FILE | _READ_DIR) & handled)
        for path in runnable:
            _allow(ruleset, path, (_READ_FILE | _READ_DIR | _EXECUTE) & handled)
        for path in writable:
            _allow(ruleset, path, handled & ~_MAKE_DEVICES & ~_EXECUTE)
        if ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(errno.EPERM, "prctl")
        _checked(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return version


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no rule
    try:
        if not os.path.isdir(path):
            rights &= _OF_FILES
        rule = struct.pack("<Qi", rights, descriptor)  # packed: 12 bytes
        _checked(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _syscall(number: int, *arguments: object) -> tuple[int, int]:
    """What a system call returns, and `errno`."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    returned = call(ctypes.c_long(number), *arguments)
    return int(returned), ctypes.get_errno()


def _checked(number: int, *arguments: object) -> int:
    returned, error = _syscall(number, *arguments)
    if returned < 0:
        raise OSError(error, f"system call {number}: {os.strerror(error)}")
    return returned
