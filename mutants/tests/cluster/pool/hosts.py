"""A host for tests of the pool, which fails as its units ask for."""

import asyncio
import errno
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from cluster.errors import FullDiskError, InfrastructureError, InfrastructureKind, RequestError, WorkError
from cluster.pool.pool import Capacity, Pool


class Unit(msgspec.Struct, frozen=True):
    """A unit of work; `fault` is how its first try on a host fails."""

    unit: str
    fault: str = ""
    size: int = 1
    affinity: str = ""
    weights: str = ""


class Host:
    """Fails on a unit's first try, remembered in files, because its process may be gone the next time."""

    def __init__(self, name: str, folder: str, trouble: str = "") -> None:
        self._name, self._folder, self._trouble = name, Path(folder), trouble
        self._left: dict[str, int] = {}
        if trouble == "frozen" and self._count("frozen") == 1:
            self._freeze()
        if trouble.startswith("init"):
            tries = self._count("init")
            if tries <= int(trouble.removeprefix("init")):
                raise OSError(f"no device, try {tries}")

    def _count(self, what: str) -> int:
        with (self._folder / f"{what}.tries").open("a") as file:
            file.write("x")
        return len((self._folder / f"{what}.tries").read_text())

    async def start(self) -> int:
        if self._trouble == "slow":
            await asyncio.sleep(2.5)
        if self._trouble == "load":
            raise InfrastructureError(InfrastructureKind.ENGINE_DEAD, "out of memory")
        if self._trouble == "download" and self._count("download") == 1:
            raise WorkError("the Hub did not answer")
        return 4

    async def capacity(self, below: int) -> Capacity:
        for _ in range(40):
            if sum(self._left.values()) < below:
                break
            await asyncio.sleep(0.01)
        return Capacity(slots=4, left=dict(self._left))

    async def run(self, work: Unit, start: int, stop: int) -> tuple[str, str, int]:
        name = f"{work.unit}:{start}"
        self._left[name] = stop - start
        try:
            await asyncio.sleep(0.01)
            tries = self._count(work.unit)
            if work.fault == "always" or (work.fault and tries == 1):
                self._fail(work.fault)
        finally:
            del self._left[name]
        return work.unit, self._name, stop - start

    def _fail(self, fault: str) -> None:
        if fault == "death":
            os._exit(1)
        if fault == "freeze":
            self._freeze()
        if fault == "store":
            raise WorkError("the store did not answer")
        if fault == "disk":
            raise OSError(errno.EIO, "input/output error")
        if fault == "full":
            raise FullDiskError("cannot write; make room and run again")
        if fault == "tools":
            raise InfrastructureError(InfrastructureKind.HOST_TIMEOUT, "no tool worker")
        if fault == "request":
            raise RequestError("models.teacher.source: not there")
        if fault == "bug":
            raise ZeroDivisionError("a bug")
        raise InfrastructureError(InfrastructureKind.ENGINE_STALLED, "planted")

    def _freeze(self) -> None:
        (self._folder / "frozen.pid").write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP)

    async def progress(self) -> str:
        return self._name

    async def close(self) -> None:
        """Nothing to release."""


ChunkResult = tuple[str, str, int]


def actor_of(pool: Pool[Unit, ChunkResult], host: str) -> Any:
    """The host's actor. It must have one."""
    actor = pool._hosts[host].actor
    assert actor is not None
    return actor


def join(work: Unit, parts: Sequence[ChunkResult]) -> ChunkResult:
    return work.unit, "+".join(host for _, host, _ in parts), sum(size for _, _, size in parts)
