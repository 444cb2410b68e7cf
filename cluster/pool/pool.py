"""A pool of hosts: Ray actors that take units of work. `cluster.pool.routing` decides which host gets what.

The pool makes a host's actor and waits until it says that it serves (a cluster may need hours to find resources for it,
and a 70B model minutes to load: neither is a fault). It gives the host work and asks it how much of that is left. When
the actor dies, says that its engine is dead or does not answer any more, the pool ends what remains of it and, after a
pause, makes another one. Hosts may be added and drained while the work goes on.

A host is silent while a question to it is unanswered. The time for which this process is busy elsewhere, with a slow
store or a slow consumer of the results, does not count. A commit or a download that fails is tried again, as often as
other faults; a wrong request, corruption, a full disk and a bug end the work at once, because trying again changes
nothing.

An actor must have these coroutines: `start() -> int`, the number of its slots; `run(work, start, stop) -> result`;
`capacity(below) -> Capacity`, which answers once fewer than `below` episodes are unfinished, and every few seconds in
any case, also while the model loads; `progress()`; `close()`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec
import ray
from ray.actor import ActorHandle
from ray.exceptions import RayError, RayTaskError

from cluster.errors import (
    FATAL,
    ChainprefError,
    FullDiskError,
    InfrastructureError,
    InfrastructureKind,
    RequestError,
    WorkError,
)
from cluster.pool.busy import BusyTime
from cluster.pool.causes import in_one_line, may_pass
from cluster.pool.routing import Chunk, Router, RoutingLimits, UnitOfWork, Verdict

WorkT = TypeVar("WorkT", bound=UnitOfWork)
ResultT = TypeVar("ResultT")
HostFactory = Callable[[], ActorHandle]
OnEvent = Callable[[str, dict[str, Any]], None]

_TICK_S = 1.0
_TURN_S = 2 * _TICK_S
"""How long a turn of the loop takes at most, when nothing holds it up."""


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """A host's answer: its slots now, and the unfinished episodes of each chunk under way, by the chunk's name."""

    slots: int
    left: dict[str, int]


class HostState(StrEnum):
    """What a host is doing."""

    WAITING = "waiting"
    """Its actor has not answered yet: the cluster has no resources for it, or its process is starting."""
    LOADING = "loading"
    """It answers, and does not serve yet."""
    SERVING = "serving"
    DRAINING = "draining"
    """It finishes what it has."""
    PAUSED = "paused"
    """It failed; another actor will be made."""
    LOST = "lost"
    """It failed too often."""
    GONE = "gone"
    """It was drained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits(RoutingLimits):
    """How much work a host is given, and how much failure is tolerated."""

    slots: int
    """Episodes that a host runs at a time, until it says otherwise."""
    silence_s: float = 120.0
    """A host that has answered once and then not for this long is replaced. Loading is no silence."""
    start_s: float = 1800.0
    """The same for a host that has not answered yet, from when its resources are known to be reserved."""


@dataclass(slots=True)
class _Host(Generic[WorkT]):
    name: str
    make: HostFactory
    state: HostState = HostState.PAUSED
    actor: ActorHandle | None = None
    slots: int = 0
    """As it said last; 0 before it served."""
    heard: bool = False
    """Its actor has answered."""
    reserved: bool = False
    """The resources that its actor asks for are known to be reserved."""
    silent_s: float = 0.0
    """For how long it has owed an answer."""
    reading: Any = None
    """The reference of `progress` until it is answered."""
    starting: Any = None
    """The reference of `start` until it is answered."""
    asking: Any = None
    """The reference of `capacity` until it is answered."""
    running: dict[Any, Chunk[WorkT]] = field(default_factory=dict)
    """The references of `run` that are not answered, and their chunks."""

    @property
    def references(self) -> list[Any]:
        return [*self.running, *(one for one in (self.starting, self.asking) if one is not None)]


class Pool(Generic[WorkT, ResultT]):
    """Hosts and what they are doing.

    `on_event(kind, details)` is called with `retry` for each failure of a host, with the number of `units` that went
    back into the queue; with `host lost`; and with `host drained`. With `join`, units are cut near the end of the work;
    `join(work, results in order)` makes one result of those of a unit's chunks. It is called in this process, and must
    be possible twice. `upkeep(pool)` is called about once a second during work; it may add and drain hosts.
    """

    def __init__(
        self,
        hosts: Mapping[str, HostFactory],
        limits: PoolLimits,
        on_event: OnEvent = lambda kind, details: None,
        join: Callable[[WorkT, Sequence[ResultT]], ResultT] | None = None,
        upkeep: Callable[["Pool[WorkT, ResultT]"], None] = lambda pool: None,
    ) -> None:
        self._upkeep = upkeep
        self._limits = limits
        self._on_event = on_event
        self._join = join
        self._hosts: dict[str, _Host[WorkT]] = {}
        self._router: Router[WorkT] = Router((), limits)
        self._parts: dict[str, dict[int, tuple[Chunk[WorkT], ResultT]]] = {}
        """Unit -> first episode -> chunk and its result, of units that were cut and are not complete."""
        self._closed = False
        self._busy = BusyTime()
        self._watched = 0.0
        for name, make in hosts.items():
            self.add(name, make)

    def add(self, name: str, make: HostFactory) -> None:
        """Add a host; work in progress is shared with it as soon as it serves."""
        assert name not in self._hosts, f"{name} is there already"
        self._hosts[name] = _Host(name, make)
        self._router.add(name, self._limits.slots)

    def drain(self, name: str) -> None:
        """Give a host nothing more; it ends when it has finished what it has."""
        if name in self._router.hosts:
            self._router.drain(name)
            self._hosts[name].state = HostState.DRAINING

    def reserved(self, name: str) -> None:
        """The resources that the host asks for are reserved: from now on it has to answer."""
        self._hosts[name].reserved = True

    def unreserved(self) -> list[str]:
        """The hosts that wait for the cluster: the resources that they ask for are not known to be reserved."""
        waiting = {name: host for name, host in self._hosts.items() if host.state is HostState.WAITING}
        return [name for name, host in waiting.items() if not host.reserved]

    @property
    def busy_s(self) -> float:
        """For how long hosts have had work, all together, in seconds. Another thread may ask."""
        return self._busy.seconds(time.monotonic())

    def states(self) -> dict[str, HostState]:
        """What each host is doing."""
        return {name: host.state for name, host in self._hosts.items()}

    def run(
        self,
        work: Sequence[WorkT],
        tick: Callable[[], None] = lambda: None,
        revise: Callable[[WorkT], WorkT | None] = lambda work: work,
    ) -> Iterator[ResultT]:
        """Yield the result of every unit, in the order in which they finish. `tick` is called about once a second;
        `revise` before a unit is first given away: it returns what is still to be done of it, or None.

        Raises WorkError when a unit has failed `attempts` times or no host is left; RequestError and FullDiskError as
        a host raised them.
        """
        self._router = Router(work, self._limits, revise, split=self._join is not None)
        self._parts = {}
        for host in self._hosts.values():
            self._let_go(host)  # of what an earlier call gave it, whose results were not read to the end
            if host.state in (HostState.LOST, HostState.GONE):
                continue
            self._router.add(host.name, host.slots or self._limits.slots)
            if host.state is HostState.SERVING:
                self._router.ready(host.name)
            if host.state is HostState.DRAINING:
                self._router.drain(host.name)
        ticked = self._watched = time.monotonic()
        while not self._router.finished:
            self._give_work()
            if all(host.state in (HostState.LOST, HostState.GONE) for host in self._hosts.values()):
                raise WorkError("work is left and no host is; add one, or run again")
            for answer in self._answers():
                yield from self._heard(*answer)
            self._watch_silence()
            if time.monotonic() - ticked >= _TICK_S:
                ticked = time.monotonic()
                self._upkeep(self)
                tick()

    def progress(self, timeout_s: float = 0.5) -> list[Any]:
        """A reading of every host that answers in time. A host that does not is not asked again, nor waited for, until
        it has answered; that reading is then returned."""
        asked = []
        for host in self._hosts.values():
            if host.actor is not None and host.heard and host.reading is None:
                host.reading = host.actor.progress.remote()
                asked.append(host.reading)
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=timeout_s)
        readings = []
        for host in self._hosts.values():
            if host.reading is not None and _answered([host.reading]):
                reference, host.reading = host.reading, None
                with suppress(RayError):
                    readings.append(ray.get(reference))
        return readings

    def close(self, timeout_s: float = 30.0) -> None:
        """Let every host end what it does and release its engine, then end the actors. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        hosts = [host for host in self._hosts.values() if host.actor is not None]
        asked = [host.actor.close.remote() for host in hosts if host.actor is not None and host.heard]
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=timeout_s)
        for host in hosts:
            self._discard(host, HostState.GONE)

    def _give_work(self) -> None:
        """Make the actors that are due, give work away, ask every host how much is left, and end drained hosts."""
        now = time.monotonic()
        for host in self._hosts.values():
            if host.state is HostState.PAUSED and self._router.pause(host.name) <= now:
                host.state = HostState.WAITING
                host.actor = host.make()
                host.starting = host.actor.start.remote()
        for name, chunk in self._router.assign(time.monotonic()):
            host = self._hosts[name]
            assert host.actor is not None, "work is given to hosts that serve"
            host.running[host.actor.run.remote(chunk.work, chunk.start, chunk.stop)] = chunk
            self._busy.begin(name, time.monotonic())
        for host in self._hosts.values():
            if host.actor is not None and host.asking is None:
                open_now = host.state is HostState.SERVING and self._router.pause(host.name) <= time.monotonic()
                # 0 where it could be given nothing, and a sign of life is enough.
                below = self._router.threshold(host.name) if open_now and self._router.queued else 0
                host.asking = host.actor.capacity.remote(below)
            if host.state is HostState.DRAINING and not self._router.load(host.name):
                self._router.remove(host.name)
                self._discard(host, HostState.GONE, gently=True)
                self._on_event("host drained", {"host": host.name})

    def _answers(self) -> list[tuple[_Host[WorkT], Any, Any, Exception | None]]:
        """Host, reference, value and error of each answer; errors last, because what a host finished first counts."""
        by_reference = {reference: host for host in self._hosts.values() for reference in host.references}
        if not by_reference:
            time.sleep(0.05)
            return []
        references = list(by_reference)
        done, _ = ray.wait(references, num_returns=1, timeout=_TICK_S)
        if done:
            done, _ = ray.wait(references, num_returns=len(references), timeout=0)
        answers: list[tuple[_Host[WorkT], Any, Any, Exception | None]] = []
        for reference in done:
            try:
                answers.append((by_reference[reference], reference, ray.get(reference), None))
            except (RayError, ChainprefError) as error:
                answers.append((by_reference[reference], reference, None, error))
        return sorted(answers, key=lambda answer: answer[3] is not None)

    def _heard(self, host: _Host[WorkT], reference: Any, value: Any, error: Exception | None) -> Iterator[ResultT]:
        """Take an answer of a host; yield the result of a unit that is complete with it."""
        if reference not in host.references:
            return  # of an actor that was given up meanwhile
        chunk = host.running.pop(reference, None)
        if not host.running:
            self._busy.end(host.name, time.monotonic())
        starting = reference == host.starting
        if reference == host.asking:
            host.asking = None
        if error is not None:
            self._failed(host, chunk, error)
            return
        host.heard, host.silent_s = True, 0.0
        if chunk is not None:
            self._router.done(host.name, chunk)
            if chunk.whole:
                yield value
                return
            assert self._join is not None, "units are cut only where the results of their chunks can be joined"
            parts = self._parts.setdefault(chunk.work.unit, {})
            parts[chunk.start] = (chunk, value)
            if sum(part.size for part, _ in parts.values()) == chunk.work.size:
                del self._parts[chunk.work.unit]
                yield self._join(chunk.work, [result for _, (_, result) in sorted(parts.items())])
        elif starting:
            host.starting, host.slots = None, value
            self._router.ready(host.name, value)
            if host.state is not HostState.DRAINING:
                host.state = HostState.SERVING
        else:
            if host.state is HostState.WAITING:
                host.state = HostState.LOADING
            for name, episodes in value.left.items():
                self._router.left(host.name, name, episodes)
            if host.state is HostState.SERVING and value.slots != host.slots:
                host.slots = value.slots
                self._router.ready(host.name, value.slots)

    def _failed(self, host: _Host[WorkT], chunk: Chunk[WorkT] | None, error: Exception) -> None:
        cause = error.cause if isinstance(error, RayTaskError) else error
        infrastructure = cause if isinstance(cause, InfrastructureError) else None
        if isinstance(cause, RequestError | FullDiskError):
            raise cause
        if infrastructure and infrastructure.kind is InfrastructureKind.DRAINED and chunk is not None:
            self._router.returned(host.name, chunk)
            host.state = HostState.DRAINING
        elif chunk is not None and (may_pass(cause) or (infrastructure and infrastructure.kind not in FATAL)):
            # The host's engine can still be trusted.
            self._judge(host, self._router.failed(host.name, chunk, time.monotonic()), cause, error)
        elif isinstance(cause, InfrastructureError | RayError) or may_pass(cause):
            self._crashed(host, cause, error)
        else:
            what = f"unit {chunk.work.unit} on {host.name}" if chunk is not None else f"host {host.name}"
            raise WorkError(f"{what}: {in_one_line(cause)}") from error

    def _crashed(self, host: _Host[WorkT], cause: BaseException | None, error: Exception) -> None:
        """End what is left of the host's actor; it gets another one later."""
        draining = host.state is HostState.DRAINING
        self._discard(host, HostState.PAUSED)
        verdict = self._router.crashed(host.name, time.monotonic())
        if draining and not verdict.host_lost:
            self._router.remove(host.name)
            host.state = HostState.GONE
        self._judge(host, verdict, cause, error)

    def _judge(self, host: _Host[WorkT], verdict: Verdict, cause: BaseException | None, error: Exception) -> None:
        details = {"unit": verdict.unit, "units": verdict.units, "host": host.name, "try": verdict.tries}
        details["cause"] = in_one_line(cause)
        self._on_event("retry", details)
        if verdict.host_lost:
            self._discard(host, HostState.LOST)
            self._on_event("host lost", details)
        if verdict.hopeless:
            what = f"unit {verdict.unit}" if verdict.unit else f"host {host.name}"
            raise WorkError(f"{what} failed ({verdict.hopeless}); last cause: {in_one_line(cause)}") from error

    def _watch_silence(self) -> None:
        """Replace the hosts that have not answered for too long."""
        now = time.monotonic()
        elapsed, self._watched = min(_TURN_S, now - self._watched), now
        answered = _answered([host.asking for host in self._hosts.values() if host.asking is not None])
        for host in self._hosts.values():
            waits = host.asking is not None and host.asking not in answered and (host.heard or host.reserved)
            host.silent_s = host.silent_s + elapsed if waits else 0.0
            if host.silent_s > (self._limits.silence_s if host.heard else self._limits.start_s):
                detail = f"{host.name} has not answered for {host.silent_s:.0f} s"
                fault = InfrastructureError(InfrastructureKind.HOST_TIMEOUT, detail)
                self._crashed(host, fault, fault)

    def _let_go(self, host: _Host[WorkT]) -> None:
        """Wait for nothing more of what the host was given."""
        host.running.clear()
        self._busy.end(host.name, time.monotonic())

    def _discard(self, host: _Host[WorkT], state: HostState, gently: bool = False) -> None:
        """Forget the host's actor and all that it was asked, and end it."""
        actor, host.actor = host.actor, None
        host.starting = host.asking = host.reading = None
        self._let_go(host)
        host.state, host.heard, host.reserved, host.silent_s = state, False, False, 0.0
        if actor is None:
            return
        if gently:
            ray.wait([actor.close.remote()], timeout=_TICK_S)
        ray.kill(actor)


def _answered(references: Sequence[Any]) -> set[Any]:
    """Those of the references that have an answer now."""
    done, _ = ray.wait(list(references), num_returns=len(references), timeout=0) if references else ([], [])
    return set(done)
