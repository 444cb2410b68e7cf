"""A pool of hosts: Ray actors that take units of work. It knows only `run(work) -> receipt` and their like.

No barriers: every host is given work as it has room for it, preferably of the block it worked on last (its prefix
cache holds those prompts), otherwise whatever is next. A unit whose host failed goes to the head of the queue. A
host that fails again and again without finishing anything is given up; with none left the run ends.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayActorError, RayError, RayTaskError

from cluster.errors import ChainprefError, InfrastructureError, RequestError, WorkError


class UnitOfWork(Protocol):
    """What the pool must know of a piece of work."""

    @property
    def unit(self) -> str: ...

    @property
    def size(self) -> int:
        """How many places it takes in a host."""
        ...

    @property
    def affinity(self) -> str:
        """Work of equal affinity shares prompts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """How much a host is given and how much failure is borne."""

    places: int
    """Places under way in a host; it is given work until twice as many are asked for, so that none stays empty
    while a unit's last episodes end."""
    attempts: int = 5
    """How often a unit is tried."""
    host_failures: int = 5
    """Failures in a row, without a finished unit between them, after which a host is given up."""
    backoff_s: float = 1.0
    """Pause after a host's first failure; doubled with each further one, a minute at most."""


@dataclass(slots=True)
class _Host:
    name: str
    actor: ActorHandle
    assigned: int = 0
    affinity: str = ""
    failures: int = 0
    not_before: float = 0.0
    lost: bool = False


@dataclass(slots=True)
class Pool:
    """Hosts and what they are doing. `on_event(kind, details)` hears of retries and losses."""

    hosts: Sequence[tuple[str, ActorHandle]]
    limits: PoolLimits
    on_event: Callable[[str, dict[str, Any]], None] = lambda kind, details: None
    _hosts: list[_Host] = field(init=False)
    _closed: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._hosts = [_Host(name, actor) for name, actor in self.hosts]

    def run(self, work: Sequence[UnitOfWork], tick: Callable[[], None] = lambda: None) -> Iterator[Any]:
        """Yield the receipt of every unit, in the order in which they finish. `tick` is called about once a second.

        Raises WorkError when a unit has failed `attempts` times or no host is left.
        """
        queue: deque[UnitOfWork] = deque(work)
        tries: Counter[str] = Counter()
        under_way: dict[Any, tuple[_Host, UnitOfWork]] = {}
        while queue or under_way:
            self._dispatch(queue, under_way)
            if not under_way:
                self._wait_for_host()
                tick()
                continue
            done, _ = ray.wait(list(under_way), num_returns=1, timeout=1.0)
            for reference in done:
                host, unit = under_way.pop(reference)
                host.assigned -= unit.size
                try:
                    receipt = ray.get(reference)
                except (RayError, ChainprefError) as error:
                    self._failed(host, unit, error, tries)
                    queue.appendleft(unit)
                else:
                    host.failures = 0
                    yield receipt
            tick()

    def progress(self, timeout_s: float = 2.0) -> list[Any]:
        """A reading of every host that answers in time."""
        references = [host.actor.progress.remote() for host in self._hosts if not host.lost]
        ready, _ = ray.wait(references, num_returns=len(references), timeout=timeout_s) if references else ([], [])
        readings = []
        for reference in ready:
            try:
                readings.append(ray.get(reference))
            except RayError:
                continue
        return readings

    def close(self, timeout_s: float = 30.0) -> None:
        """Let every host end what it does and release its engine, then end the actors. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        references = [host.actor.close.remote() for host in self._hosts if not host.lost]
        if references:
            ray.wait(references, num_returns=len(references), timeout=timeout_s)
        for host in self._hosts:
            ray.kill(host.actor)

    def _dispatch(self, queue: deque[UnitOfWork], under_way: dict[Any, tuple[_Host, UnitOfWork]]) -> None:
        """Give work to the emptiest host that has room, until there is no work or no room."""
        while queue:
            now = time.monotonic()
            open_hosts = [
                host
                for host in self._hosts
                if not host.lost and host.not_before <= now and host.assigned < 2 * self.limits.places
            ]
            if not open_hosts:
                return
            host = min(open_hosts, key=lambda candidate: candidate.assigned)
            unit = self._take(queue, host)
            host.assigned += unit.size
            host.affinity = unit.affinity
            under_way[host.actor.run.remote(unit)] = (host, unit)

    def _take(self, queue: deque[UnitOfWork], host: _Host) -> UnitOfWork:
        """The first unit near the queue's head that shares the host's prompts and nobody else's, else the head."""
        elsewhere = {other.affinity for other in self._hosts if other is not host and other.assigned}
        window = [queue[i] for i in range(min(len(queue), 4 * len(self._hosts)))]
        chosen = next((unit for unit in window if unit.affinity == host.affinity), None)
        if chosen is None:
            chosen = next((unit for unit in window if unit.affinity not in elsewhere), window[0])
        queue.remove(chosen)
        return chosen

    def _failed(self, host: _Host, unit: UnitOfWork, error: Exception, tries: Counter[str]) -> None:
        cause = error.cause if isinstance(error, RayTaskError) else error
        machine = isinstance(cause, InfrastructureError | RayActorError)
        if isinstance(cause, RequestError):
            raise cause
        if not machine:
            raise WorkError(f"unit {unit.unit} on {host.name}: {_first_line(cause)}") from error
        tries[unit.unit] += 1
        now = time.monotonic()
        if now >= host.not_before:  # the units that fall with one process are one failure
            host.failures += 1
            host.not_before = now + min(60.0, self.limits.backoff_s * 2 ** (host.failures - 1))
        details = {"unit": unit.unit, "host": host.name, "try": tries[unit.unit], "cause": _first_line(cause)}
        self.on_event("retry", details)
        if host.failures >= self.limits.host_failures:
            host.lost = True
            self.on_event("host lost", details)
        if tries[unit.unit] >= self.limits.attempts or all(other.lost for other in self._hosts):
            left = "no host is left" if all(other.lost for other in self._hosts) else f"{tries[unit.unit]} attempts"
            raise WorkError(f"unit {unit.unit} failed ({left}); last cause: {_first_line(cause)}") from error

    def _wait_for_host(self) -> None:
        soonest = min(host.not_before for host in self._hosts if not host.lost)
        time.sleep(max(0.05, min(1.0, soonest - time.monotonic())))


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
