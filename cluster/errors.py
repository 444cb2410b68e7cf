"""The error tree. A tool's mistake is data (a `CallResult`); these errors are for people and for retries.

Every error is also the standard type that fits it, and can be pickled between Ray's processes: its constructor takes
only the arguments that it hands to `Exception`.
"""

from enum import StrEnum
from typing import Any

from cluster.shown import redacted


class ChainprefError(Exception):
    """Base of all errors that this project raises on purpose. `exit_status` is what the command ends with.

    No credential stays in what one says, whatever it quotes: `cluster.shown` masks it when the error is made.
    """

    exit_status = 1

    def __init__(self, *said: Any) -> None:
        super().__init__(*(redacted(each) if isinstance(each, str) else each for each in said))


class RequestError(ChainprefError, ValueError):
    """The request was wrong: one line that says what, which value, what to do. Exit status 2."""

    exit_status = 2


class WorkError(ChainprefError, RuntimeError):
    """The request was right and the work failed. Exit status 1."""


class CorruptionError(WorkError):
    """Committed bytes are not what their commit record says."""


class UnverifiedError(ChainprefError):
    """Nothing is wrong as far as it can be known, and for some files it cannot. Exit status 3."""

    exit_status = 3


class FullDiskError(WorkError):
    """A disk or a quota is full: nothing can go on until somebody frees space."""


class InfrastructureKind(StrEnum):
    """Why an attempt ended without an outcome of the model."""

    ENGINE_DEAD = "engine_dead"
    """The engine process died or reported itself dead."""
    ENGINE_STALLED = "engine_stalled"
    """No token came for longer than the watchdog allows."""
    WRONG_MODEL = "wrong_model"
    """The engine does not reproduce the probe of the model that it was asked to serve."""
    ABORTED = "aborted"
    """The engine ended the request as aborted."""
    HOST_TIMEOUT = "host_timeout"
    """A host, or the process in it that executes calls, did not answer in time; not a function that took too long."""
    SERVER_LOST = "server_lost"
    """A server that executes calls died, hung up or did not answer, in the middle of an episode."""
    DRAINED = "drained"
    """The host is drained: it takes no more work."""


FATAL = frozenset({InfrastructureKind.ENGINE_DEAD, InfrastructureKind.ENGINE_STALLED, InfrastructureKind.WRONG_MODEL})
"""After these nothing that the engine's process holds can be trusted: it ends, and another one is started."""


class InfrastructureError(ChainprefError, RuntimeError):
    """A fault of machines, never of the model: typed, retried, never labelled wrong."""

    def __init__(self, kind: InfrastructureKind, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind = InfrastructureKind(kind)
        self.detail = redacted(detail)

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.detail}" if self.detail else self.kind.value


def first_line(error: BaseException) -> str:
    """What an error says first, stripped; its type's name where it says nothing."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
