"""A pool of hosts: Ray actors that take units of work. `cluster.pool.routing` decides who gets what; here it is done.

A host is a seat with a recipe for an actor. The pool starts the actor, waits until it says that it serves (a cluster
may need hours to have room for it, a 70B model minutes to load: neither is a fault), gives it work, and asks it how
much of that is left. When the actor dies, says that its engine is gone, or does not answer any more, the pool ends
what remains of it and makes another one, after a pause. Seats may be added and drained while the work goes on.

A host is silent while it owes an answer: the time for which this process itself is away, with a slow store or a slow
consumer of the receipts, is not held against it. A commit or a download that fails is tried again, as often as other
faults; a wrong request, corruption, a full disk and a bug end the work at once, for trying again changes nothing.

What an actor must have, all as coroutines: `start() -> places`, `run(work, start, stop) -> receipt`,
`room(below) -> Room` (answers once fewer episodes than that are unfinished, and every few seconds in any case; also
while it loads),
`progress()`, `close()`.
"""

import errno
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
    ChainprefError,
    CorruptionError,
    FullDiskError,
    InfrastructureError,
    InfrastructureKind,
    RequestError,
    WorkError,
)
from cluster.pool.routing import Parcel, Router, RoutingLimits, UnitOfWork, Verdict

WorkT = TypeVar("WorkT", bound=UnitOfWork)
ReceiptT = TypeVar("ReceiptT")
HostFactory = Callable[[], ActorHandle]
OnEvent = Callable[[str, dict[str, Any]], None]

_TICK_S = 1.0
_TURN_S = 2 * _TICK_S
"""How long a turn of the loop takes at most, when nothing holds it up."""
_FATAL = {InfrastructureKind.ENGINE_DEAD, InfrastructureKind.ENGINE_STALLED}


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A host's answer: places it has now, and the unfinished episodes of each parcel under way, by its name."""

    places: int
    left: dict[str, int]


class HostState(StrEnum):
    """What a host is doing."""

    WAITING = "waiting"
    """Its actor has not answered yet: there is no room for it in the cluster, or its process is starting."""
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
    """How much a host is given, and how much failure is borne."""

    places: int
    """Episodes under way in a host until it says otherwise."""
    silence_s: float = 120.0
    """A host that has answered once and does not for this long is replaced. Loading is no silence."""
    start_s: float = 1800.0
    """The same of a host that has not answered yet, from when its resources are known to be reserved."""


@dataclass(slots=True)
class _Seat(Generic[WorkT]):
    name: str
    make: HostFactory
    state: HostState = HostState.PAUSED
    actor: ActorHandle | None = None
    places: int = 0
    heard: bool = False
    """Its actor has answered."""
    reserved: bool = False
    """What its actor asks for is known to be reserved."""
    silent_s: float = 0.0
    """For how long it has owed an answer."""
    reading: Any = None
    """The reference of `progress`, until it answered."""
    starting: Any = None
    """The reference of `start`, until it answered."""
    asking: Any = None
    """The reference of `room`, until it answered."""
    running: dict[Any, Parcel[WorkT]] = field(default_factory=dict)

    @property
    def references(self) -> list[Any]:
        return [*self.running, *(one for one in (self.starting, self.asking) if one is not None)]


@dataclass(slots=True)
class _Answer(Generic[WorkT]):
    """What came back for a reference of a seat: a value, or an error."""

    seat: _Seat[WorkT]
    reference: Any
    value: Any = None
    error: Exception | None = None


class Pool(Generic[WorkT, ReceiptT]):
    """Seats and what they are doing. `on_event(kind, details)` hears of `retry`, one a failure of a host, with the
    number of `units` that it put back into the queue, of `host lost` and of `host drained`.

    With `join`, units are cut near the end of the work; the receipts of a unit's parts become one through
    `join(work, receipts in order)`, called in this process. It must be possible to do that twice. `needs`: what each
    host asks the cluster for, in words. `upkeep(pool)` is called about once a second during work; it may add and drain.
    """

    def __init__(
        self,
        hosts: Mapping[str, HostFactory],
        limits: PoolLimits,
        on_event: OnEvent = lambda kind, details: None,
        join: Callable[[WorkT, Sequence[ReceiptT]], ReceiptT] | None = None,
        needs: str = "",
        upkeep: Callable[["Pool[WorkT, ReceiptT]"], None] = lambda pool: None,
    ) -> None:
        self.needs = needs
        self._upkeep = upkeep
        self._limits = limits
        self._on_event = on_event
        self._join = join
        self._seats: dict[str, _Seat[WorkT]] = {}
        self._router: Router[WorkT] = Router((), limits)
        self._parts: dict[str, dict[int, tuple[Parcel[WorkT], ReceiptT]]] = {}
        self._closed = False
        self._watched = 0.0
        for name, make in hosts.items():
            self.add(name, make)

    def add(self, name: str, make: HostFactory) -> None:
        """One more host; work in progress is shared with it as soon as it serves."""
        assert name not in self._seats, f"{name} is there already"
        self._seats[name] = _Seat(name, make)
        self._router.add(name, self._limits.places)

    def drain(self, name: str) -> None:
        """Give a host nothing more; it ends when it has finished what it has."""
        if name in self._router.hosts:
            self._router.drain(name)
            self._seats[name].state = HostState.DRAINING

    def reserved(self, name: str) -> None:
        """What the host asks the cluster for is there: from now on it is to answer."""
        self._seats[name].reserved = True

    def states(self) -> dict[str, HostState]:
        """What each host is doing."""
        return {name: seat.state for name, seat in self._seats.items()}

    def actor(self, name: str) -> ActorHandle | None:
        """A host's actor; None while it has none."""
        return self._seats[name].actor

    def run(
        self,
        work: Sequence[WorkT],
        tick: Callable[[], None] = lambda: None,
        revise: Callable[[WorkT], WorkT | None] = lambda work: work,
    ) -> Iterator[ReceiptT]:
        """Yield the receipt of every unit, in the order in which they finish. `tick` is called about once a second;
        `revise` before a unit is first given away: what is still to be done of it, or None.

        Raises WorkError when a unit has failed `attempts` times or no host is left; RequestError and FullDiskError as
        a host raised them.
        """
        self._begin(work, revise)
        ticked = self._watched = time.monotonic()
        while not self._router.finished:
            self._start_due()
            self._dispatch()
            self._end_drained()
            if all(seat.state in (HostState.LOST, HostState.GONE) for seat in self._seats.values()):
                raise WorkError("work is left and no host is; add one, or run again")
            for answer in self._answers():
                yield from self._heard(answer)
            self._watch_silence()
            if time.monotonic() - ticked >= _TICK_S:
                ticked = time.monotonic()
                self._upkeep(self)
                tick()

    def progress(self, timeout_s: float = 0.5) -> list[Any]:
        """A reading of every host that answers in time. One that did not is not asked, and not waited for, again until
        it has answered: then that reading is given."""
        asked = []
        for seat in self._seats.values():
            if seat.actor is not None and seat.heard and seat.reading is None:
                seat.reading = seat.actor.progress.remote()
                asked.append(seat.reading)
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=timeout_s)
        readings = []
        for seat in self._seats.values():
            if seat.reading is None or not _answered([seat.reading]):
                continue
            reference, seat.reading = seat.reading, None
            with suppress(RayError):
                readings.append(ray.get(reference))
        return readings

    def close(self, timeout_s: float = 30.0) -> None:
        """Let every host end what it does and release its engine, then end the actors. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        seats = [seat for seat in self._seats.values() if seat.actor is not None]
        asked = [seat.actor.close.remote() for seat in seats if seat.actor is not None and seat.heard]
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=timeout_s)
        for seat in seats:
            self._discard(seat, HostState.GONE)

    def _begin(self, work: Sequence[WorkT], revise: Callable[[WorkT], WorkT | None]) -> None:
        self._router = Router(work, self._limits, revise, split=self._join is not None)
        self._parts = {}
        for seat in self._seats.values():
            seat.running.clear()  # of an earlier call that was not heard to its end
            if seat.state in (HostState.LOST, HostState.GONE):
                continue
            self._router.add(seat.name, seat.places or self._limits.places)
            if seat.state is HostState.SERVING:
                self._router.ready(seat.name)
            if seat.state is HostState.DRAINING:
                self._router.drain(seat.name)

    # To the hosts.

    def _start_due(self) -> None:
        """Make an actor for every seat whose pause is over."""
        now = time.monotonic()
        for seat in self._seats.values():
            if seat.state is HostState.PAUSED and self._router.pause(seat.name) <= now:
                seat.state = HostState.WAITING
                seat.actor = seat.make()
                seat.starting = seat.actor.start.remote()

    def _dispatch(self) -> None:
        """Give work away, then ask every host that is not asked already how much of it is left."""
        for name, parcel in self._router.assign(time.monotonic()):
            seat = self._seats[name]
            assert seat.actor is not None, "work is given to hosts that serve"
            seat.running[seat.actor.run.remote(parcel.work, parcel.start, parcel.stop)] = parcel
        for seat in self._seats.values():
            if seat.actor is not None and seat.asking is None:
                seat.asking = seat.actor.room.remote(self._wanted(seat))

    def _wanted(self, seat: _Seat[WorkT]) -> int:
        """The load below which the host is to answer; 0 where nothing could be given and a sign of life is enough."""
        open_now = seat.state is HostState.SERVING and self._router.pause(seat.name) <= time.monotonic()
        return self._router.threshold(seat.name) if open_now and self._router.queued else 0

    def _end_drained(self) -> None:
        for seat in self._seats.values():
            if seat.state is HostState.DRAINING and not self._router.load(seat.name):
                self._router.remove(seat.name)
                self._discard(seat, HostState.GONE, gently=True)
                self._on_event("host drained", {"host": seat.name})

    # From the hosts.

    def _answers(self) -> list[_Answer[WorkT]]:
        """What has been answered, failures last: what a host finished before it failed counts."""
        by_reference = {reference: seat for seat in self._seats.values() for reference in seat.references}
        if not by_reference:
            time.sleep(0.05)
            return []
        references = list(by_reference)
        done, _ = ray.wait(references, num_returns=1, timeout=_TICK_S)
        if done:
            done, _ = ray.wait(references, num_returns=len(references), timeout=0)
        answers = []
        for reference in done:
            answer = _Answer(by_reference[reference], reference)
            try:
                answer.value = ray.get(reference)
            except (RayError, ChainprefError) as error:
                answer.error = error
            answers.append(answer)
        return sorted(answers, key=lambda answer: answer.error is not None)

    def _heard(self, answer: _Answer[WorkT]) -> Iterator[ReceiptT]:
        seat, reference = answer.seat, answer.reference
        if reference not in seat.references:
            return  # of an actor that was given up meanwhile
        parcel = seat.running.pop(reference, None)
        starting = reference == seat.starting
        if reference == seat.asking:
            seat.asking = None
        if answer.error is not None:
            self._failed(seat, parcel, answer.error)
            return
        seat.heard, seat.silent_s = True, 0.0
        if parcel is not None:
            self._router.done(seat.name, parcel)
            yield from self._complete(parcel, answer.value)
        elif starting:
            self._serves(seat, answer.value)
        else:
            self._take_room(seat, answer.value)

    def _serves(self, seat: _Seat[WorkT], places: int) -> None:
        seat.starting, seat.places = None, places
        self._router.ready(seat.name, places)
        if seat.state is not HostState.DRAINING:
            seat.state = HostState.SERVING

    def _take_room(self, seat: _Seat[WorkT], room: Room) -> None:
        if seat.state is HostState.WAITING:
            seat.state = HostState.LOADING
        for parcel, episodes in room.left.items():
            self._router.left(seat.name, parcel, episodes)
        if seat.state is HostState.SERVING and room.places != seat.places:
            seat.places = room.places
            self._router.ready(seat.name, room.places)

    def _complete(self, parcel: Parcel[WorkT], receipt: ReceiptT) -> Iterator[ReceiptT]:
        """The unit's receipt, once all its parts are there."""
        if parcel.whole:
            yield receipt
            return
        assert self._join is not None, "units are cut only where their parts can be joined"
        parts = self._parts.setdefault(parcel.work.unit, {})
        parts[parcel.start] = (parcel, receipt)
        if sum(part.size for part, _ in parts.values()) == parcel.work.size:
            del self._parts[parcel.work.unit]
            yield self._join(parcel.work, [receipt for _, (_, receipt) in sorted(parts.items())])

    # What goes wrong.

    def _failed(self, seat: _Seat[WorkT], parcel: Parcel[WorkT] | None, error: Exception) -> None:
        cause = error.cause if isinstance(error, RayTaskError) else error
        if isinstance(cause, RequestError | FullDiskError):
            raise cause
        if isinstance(cause, InfrastructureError) and cause.kind is InfrastructureKind.DRAINED and parcel is not None:
            self._router.returned(seat.name, parcel)
            seat.state = HostState.DRAINING
        elif parcel is not None and _leaves_the_host_fit(cause):
            self._judge(seat, self._router.failed(seat.name, parcel, time.monotonic()), cause, error)
        elif isinstance(cause, InfrastructureError | RayError) or _passes(cause):
            self._crashed(seat, cause, error)
        else:
            what = f"unit {parcel.work.unit} on {seat.name}" if parcel is not None else f"host {seat.name}"
            raise WorkError(f"{what}: {_in_one_line(cause)}") from error

    def _crashed(self, seat: _Seat[WorkT], cause: BaseException | None, error: Exception) -> None:
        """End what is left of the host's actor; the seat gets another one later."""
        draining = seat.state is HostState.DRAINING
        self._discard(seat, HostState.PAUSED)
        verdict = self._router.crashed(seat.name, time.monotonic())
        if draining and not verdict.host_lost:
            self._router.remove(seat.name)
            seat.state = HostState.GONE
        self._judge(seat, verdict, cause, error)

    def _judge(self, seat: _Seat[WorkT], verdict: Verdict, cause: BaseException | None, error: Exception) -> None:
        details = {"unit": verdict.unit, "units": verdict.units, "host": seat.name, "try": verdict.tries}
        details["cause"] = _in_one_line(cause)
        self._on_event("retry", details)
        if verdict.host_lost:
            self._discard(seat, HostState.LOST)
            self._on_event("host lost", details)
        if verdict.hopeless:
            what = f"unit {verdict.unit}" if verdict.unit else f"host {seat.name}"
            raise WorkError(f"{what} failed ({verdict.hopeless}); last cause: {_in_one_line(cause)}") from error

    def _watch_silence(self) -> None:
        now = time.monotonic()
        elapsed, self._watched = min(_TURN_S, now - self._watched), now
        answered = _answered([seat.asking for seat in self._seats.values() if seat.asking is not None])
        for seat in self._seats.values():
            owes = seat.asking is not None and seat.asking not in answered and (seat.heard or seat.reserved)
            seat.silent_s = seat.silent_s + elapsed if owes else 0.0
            if seat.silent_s > (self._limits.silence_s if seat.heard else self._limits.start_s):
                detail = f"{seat.name} has not answered for {seat.silent_s:.0f} s"
                fault = InfrastructureError(InfrastructureKind.HOST_TIMEOUT, detail)
                self._crashed(seat, fault, fault)

    def _discard(self, seat: _Seat[WorkT], state: HostState, gently: bool = False) -> None:
        """Forget the seat's actor and all that it was asked, and end it."""
        actor, seat.actor = seat.actor, None
        seat.starting = seat.asking = seat.reading = None
        seat.running.clear()
        seat.state, seat.heard, seat.reserved, seat.silent_s = state, False, False, 0.0
        if actor is None:
            return
        if gently:
            ray.wait([actor.close.remote()], timeout=_TICK_S)
        ray.kill(actor)


def _answered(references: Sequence[Any]) -> set[Any]:
    """Those of the references that have an answer now."""
    done, _ = ray.wait(list(references), num_returns=len(references), timeout=0) if references else ([], [])
    return set(done)


def _passes(cause: BaseException | None) -> bool:
    """Whether it is a failure of stores, disks or networks that may not come again."""
    if isinstance(cause, OSError):
        return cause.errno not in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(cause, WorkError) and not isinstance(cause, CorruptionError | FullDiskError)


def _leaves_the_host_fit(cause: BaseException | None) -> bool:
    """Whether the host's engine can be trusted after it."""
    return _passes(cause) or (isinstance(cause, InfrastructureError) and cause.kind not in _FATAL)


def _in_one_line(error: BaseException | None) -> str:
    """An error in one line. Of an actor whose constructor raised, what it raised: Ray says that last."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    last = "creation task" in lines[0] and len(lines) > 1
    return f"{type(error).__name__}: {lines[-1] if last else lines[0]}"
