"""A filter of system calls (seccomp), for what Landlock does not limit: programs, processes, sockets, other processes'
memory and priorities, dates and modes of files. It needs no privilege, and cannot be taken off.

The filter is a program of the kernel's classic BPF: it loads the call's number and jumps. Numbers are those of x86-64;
on another architecture nothing is filtered, which `install` says.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP, _SET_FILTER, _ALL_THREADS = 317, 1, 1
"""The system call, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC."""
_ARCHITECTURE = 0xC000003E
"""AUDIT_ARCH_X86_64."""
_X32 = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_JMP|JSET|K, BPF_RET|K."""
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data."""
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_CLONE_THREAD = 0x10000
_AF_UNIX = 1

_REFUSED = {
    # programs and processes
    "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "ptrace": 101, "process_vm_readv": 310,
    "process_vm_writev": 311, "process_madvise": 440, "process_mrelease": 448, "kcmp": 312, "kill": 62, "tkill": 200,
    "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "pidfd_open": 434, "pidfd_send_signal": 424, "pidfd_getfd": 438,
    "setsid": 112, "setpgid": 109, "setpriority": 141, "sched_setaffinity": 203, "sched_setscheduler": 144,
    "sched_setparam": 142, "sched_setattr": 314, "ioprio_set": 251, "migrate_pages": 256, "move_pages": 279,
    # network, and memory and queues that others share
    "connect": 42, "bind": 49, "listen": 50, "accept": 43, "accept4": 288, "shmget": 29, "shmat": 30, "msgget": 68,
    "semget": 64, "mq_open": 240, "mq_unlink": 241,
    # what belongs to files, and special files
    "utime": 132, "utimes": 235, "utimensat": 280, "futimesat": 261, "chmod": 90, "fchmod": 91, "fchmodat": 268,
    "fchmodat2": 452, "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260, "setxattr": 188, "lsetxattr": 189,
    "fsetxattr": 190, "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "setxattrat": 463,
    "removexattrat": 466, "file_setattr": 469, "mknod": 133, "mknodat": 259, "open_by_handle_at": 304,
    "name_to_handle_at": 303, "inotify_init": 253, "inotify_init1": 294, "fanotify_init": 300,
    # the system
    "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308, "fsopen": 430,
    "open_tree": 428, "move_mount": 429, "mount_setattr": 442, "init_module": 175, "finit_module": 313,
    "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320, "bpf": 321, "perf_event_open": 298,
    "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250, "add_key": 248, "request_key": 249, "reboot": 169,
    "swapon": 167, "swapoff": 168, "acct": 163, "quotactl": 179, "sethostname": 170, "setrlimit": 160,
    "setdomainname": 171,
  "settimeofday": 164, "clock_settime": 227, "adjtimex": 159, "clock_adjtime": 305, "syslog": 103,
    "iopl": 172, "ioperm": 173, "vhangup": 153, "personality": 135,
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET, _TGKILL, _PRLIMIT = 56, 435, 41, 234, 302


def shortfall() -> str:
    """Why nothing is filtered on this machine, in words; "" where the filter can be put on."""
    if platform.machine() != "x86_64":
        return f"system calls are filtered on x86-64 only, this is {platform.machine()}"
    with open("/proc/self/status") as file:
        known = any(line.startswith("Seccomp:") for line in file)
    return "" if known else "this kernel filters no system calls (seccomp)"


def install() -> bool:
    """Put the filter on all threads of this process, for good. Returns False where there is none."""
    if shortfall():
        return False
    program = b"".join(filter_program(os.getpid()))
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a length, padding, and a pointer.
    filter_ = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    made: int = libc.syscall(ctypes.c_long(_SECCOMP), ctypes.c_uint(_SET_FILTER), ctypes.c_uint(_ALL_THREADS), filter_)
    return made == 0


def filter_program(process: int) -> Iterator[bytes]:
    refuse = _REFUSE | errno.EPERM
    yield _instruction(_LOAD, _ARCH)
    yield _instruction(_EQUAL, _ARCHITECTURE, yes=1)
    yield _instruction(_RETURN, _KILL)
    yield _instruction(_LOAD, _NUMBER)
    # The x32 numbers, another way to the same calls.
    yield _instruction(_AT_LEAST, _X32, no=1)
    yield _instruction(_RETURN, refuse)
    for number in sorted(_REFUSED.values()):
        yield _instruction(_EQUAL, number, no=1)
        yield _instruction(_RETURN, refuse)
    # glibc makes threads by clone where clone3 is not there.
    yield _instruction(_EQUAL, _CLONE3, no=1)
    yield _instruction(_RETURN, _REFUSE | errno.ENOSYS)
    yield from _only_if(_CLONE, _ARGUMENTS, _ANY_BIT, _CLONE_THREAD, refuse)
    yield from _only_if(_SOCKET, _ARGUMENTS, _EQUAL, _AF_UNIX, refuse)
    yield from _only_if(_TGKILL, _ARGUMENTS, _EQUAL, process, refuse)
    # Limits may be read, and of this process alone: 0 stands for it, and no address for no new limit.
    for half in (0, 16, 20):
        yield from _only_if(_PRLIMIT, _ARGUMENTS + half, _EQUAL, 0, refuse)
    yield _instruction(_RETURN, _ALLOW)


def _only_if(number: int, offset: int, test: int, value: int, refuse: int) -> Iterator[bytes]:
    """Refuse the call `number` unless 32 bits of its arguments pass the test."""
    yield _instruction(_EQUAL, number, no=4)
    yield _instruction(_LOAD, offset)
    yield _instruction(test, value, yes=1)
    yield _instruction(_RETURN, refuse)
    yield _instruction(_LOAD, _NUMBER)


def _instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One instruction (struct sock_filter); `yes` and `no` say how many to skip after a test."""
    return struct.pack("<HBBI", code, yes, no, value)
