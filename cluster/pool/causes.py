"""What is known of an error that a host raised: whether it may pass, and what it says in a line. Light."""

import errno

from cluster.errors import CorruptionError, FullDiskError, WorkError


def may_pass(cause: BaseException | None) -> bool:
    """Whether it is a failure of a store, a disk or a network that may not come again."""
    if isinstance(cause, OSError):
        return cause.errno not in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(cause, WorkError) and not isinstance(cause, CorruptionError | FullDiskError)


def in_one_line(error: BaseException | None) -> str:
    """An error in one line. Of an actor whose constructor raised, what it raised: Ray says that last."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    last = "creation task" in lines[0] and len(lines) > 1
    return f"{type(error).__name__}: {lines[-1] if last else lines[0]}"
