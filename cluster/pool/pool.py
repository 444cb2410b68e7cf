"""A pool of hosts: Ray actors that take units of work. `cluster.pool.routing` decides who gets what; here it is done.

A host is a slot with a recipe for an actor. The pool starts the actor, waits until it says that it serves (a cluster
may need hours to have room for it, a 70B model minutes to load: neither is a fault), gives it work, and asks it how
much of that is left. When the actor dies, says that its engine is gone, or does not answer any more, the pool ends
what remains of it and makes another one, after a pause. Seats may be added and drained while the work goes on.

A host is silent while it owes an answer: the time for which this process itself is away, with a slow store or a slow
consumer of the results, is not held against it. A commit or a download that fails is tried again, as often as other
faults; a wrong request, corruption, a full disk and a bug end the work at once, for trying again changes nothing.

What an actor must have, all as coroutines: `start() -> places`, `run(work, start, stop) -> chunk_result`,
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
from cluster.pool.routing import Chunk, Router, RoutingLimits, UnitOfWork, Verdict

WorkT = TypeVar("WorkT", bound=UnitOfWork)
ResultT = TypeVar("ResultT")
HostFactory = Callable[[], ActorHandle]
OnEvent = Callable[[str, dict[str, Any]], None]

_TICK_S = 1.0
_TURN_S = 2 * _TICK_S
"""How long a turn of the loop takes at most, when nothing holds it up."""
_FATAL = {InfrastructureKind.ENGINE_DEAD, InfrastructureKind.ENGINE_STALLED}


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A host's answer: places it has now, and the unfinished episodes of each chunk under way, by its name."""

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
class _Slot(Generic[WorkT]):
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
    running: dict[Any, Chunk[WorkT]] = field(default_factory=dict)

    @property
    def references(self) -> list[Any]:
        return [*self.running, *(one for one in (self.starting, self.asking) if one is not None)]


@dataclass(slots=True)
class _Answer(Generic[WorkT]):
    """What came back for a reference of a slot: a value, or an error."""

    slot: _Slot[WorkT]
    reference: Any
    value: Any = None
    error: Exception | None = None


class Pool(Generic[WorkT, ResultT]):
    """Seats and what they are doing. `on_event(kind, details)` hears of `retry`, one a failure of a host, with the
    number of `units` that it put back into the queue, of `host lost` and of `host drained`.

    With `join`, units are cut near the end of the work; the results of a unit's parts become one through
    `join(work, results in order)`, called in this process. It must be possible to do that twice. `needs`: what each
    host asks the cluster for, in words. `upkeep(pool)` is called about once a second during work; it may add and drain.
    """

    def __init__(
        self,
        hosts: Mapping[str, HostFactory],
        limits: PoolLimits,
        on_event: OnEvent = lambda kind, details: None,
        join: Callable[[WorkT, Sequence[ResultT]], ResultT] | None = None,
        needs: str = "",
        upkeep: Callable[["Pool[WorkT, ResultT]"], None] = lambda pool: None,
    ) -> None:
        self.needs = needs
        self._upkeep = upkeep
        self._limits = limits
        self._on_event = on_event
        self._join = join
        self._slots: dict[str, _Slot[WorkT]] = {}
        self._router: Router[WorkT] = Router((), limits)
        self._parts: dict[str, dict[int, tuple[Chunk[WorkT], ResultT]]] = {}
        self._closed = False
        self._watched = 0.0
        for name, make in hosts.items():
            self.add(name, make)

    def add(self, name: str, make: HostFactory) -> None:
        """One more host; work in progress is shared with it as soon as it serves."""
        assert name not in self._slots, f"{name} is there already"
        self._slots[name] = _Slot(name, make)
        self._router.add(name, self._limits.places)

    def drain(self, name: str) -> None:
        """Give a host nothing more; it ends when it has finished what it has."""
        if name in self._router.hosts:
            self._router.drain(name)
            self._slots[name].state = HostState.DRAINING

    def reserved(self, name: str) -> None:
        """What the host asks the cluster for is there: from now on it is to answer."""
        self._slots[name].reserved = True

    def states(self) -> dict[str, HostState]:
        """What each host is doing."""
        return {name: slot.state for name, slot in self._slots.items()}

    def actor(self, name: str) -> ActorHandle | None:
        """A host's actor; None while it has none."""
        return self._slots[name].actor

    def run(
        self,
        work: Sequence[WorkT],
        tick: Callable[[], None] = lambda: None,
        revise: Callable[[WorkT], WorkT | None] = lambda work: work,
    ) -> Iterator[ResultT]:
        """Yield the result of every unit, in the order in which they finish. `tick` is called about once a second;
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
            if all(slot.state in (HostState.LOST, HostState.GONE) for slot in self._slots.values()):
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
        for slot in self._slots.values():
            if slot.actor is not None and slot.heard and slot.reading is None:
                slot.reading = slot.actor.progress.remote()
                asked.append(slot.reading)
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=timeout_s)
        readings = []
        for slot in self._slots.values():
            if slot.reading is None or not _answered([slot.reading]):
                continue
            reference, slot.reading = slot.reading, None
            with suppress(RayError):
                readings.append(ray.get(reference))
        return readings

    def close(self, timeout_s: float = 30.0) -> None:
        """Let every host end what it does and release its engine, then end the actors. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        slots = [slot for slot in self._slots.values() if slot.actor is not None]
        asked = [slot.actor.close.remote() for slot in slots if slot.actor is not None and slot.heard]
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=timeout_s)
        for slot in slots:
            self._discard(slot, HostState.GONE)

    def _begin(self, work: Sequence[WorkT], revise: Callable[[WorkT], WorkT | None]) -> None:
        self._router = Router(work, self._limits, revise, split=self._join is not None)
        self._parts = {}
        for slot in self._slots.values():
            slot.running.clear()  # of an earlier call that was not heard to its end
            if slot.state in (HostState.LOST, HostState.GONE):
                continue
            self._router.add(slot.name, slot.places or self._limits.places)
            if slot.state is HostState.SERVING:
                self._router.ready(slot.name)
            if slot.state is HostState.DRAINING:
                self._router.drain(slot.name)

    # To the hosts.

    def _start_due(self) -> None:
        """Make an actor for every slot whose pause is over."""
        now = time.monotonic()
        for slot in self._slots.values():
            if slot.state is HostState.PAUSED and self._router.pause(slot.name) <= now:
                slot.state = HostState.WAITING
                slot.actor = slot.make()
                slot.starting = slot.actor.start.remote()

    def _dispatch(self) -> None:
        """Give work away, then ask every host that is not asked already how much of it is left."""
        for name, chunk in self._router.assign(time.monotonic()):
            slot = self._slots[name]
            assert slot.actor is not None, "work is given to hosts that serve"
            slot.running[slot.actor.run.remote(chunk.work, chunk.start, chunk.stop)] = chunk
        for slot in self._slots.values():
            if slot.actor is not None and slot.asking is None:
                slot.asking = slot.actor.room.remote(self._wanted(slot))

    def _wanted(self, slot: _Slot[WorkT]) -> int:
        """The load below which the host is to answer; 0 where nothing could be given and a sign of life is enough."""
        open_now = slot.state is HostState.SERVING and self._router.pause(slot.name) <= time.monotonic()
        return self._router.threshold(slot.name) if open_now and self._router.queued else 0

    def _end_drained(self) -> None:
        for slot in self._slots.values():
            if slot.state is HostState.DRAINING and not self._router.load(slot.name):
                self._router.remove(slot.name)
                self._discard(slot, HostState.GONE, gently=True)
                self._on_event("host drained", {"host": slot.name})

    # From the hosts.

    def _answers(self) -> list[_Answer[WorkT]]:
        """What has been answered, failures last: what a host finished before it failed counts."""
        by_reference = {reference: slot for slot in self._slots.values() for reference in slot.references}
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

    def _heard(self, answer: _Answer[WorkT]) -> Iterator[ResultT]:
        slot, reference = answer.slot, answer.reference
        if reference not in slot.references:
            return  # of an actor that was given up meanwhile
        chunk = slot.running.pop(reference, None)
        starting = reference == slot.starting
        if reference == slot.asking:
            slot.asking = None
        if answer.error is not None:
            self._failed(slot, chunk, answer.error)
            return
        slot.heard, slot.silent_s = True, 0.0
        if chunk is not None:
            self._router.done(slot.name, chunk)
            yield from self._complete(chunk, answer.value)
        elif starting:
            self._serves(slot, answer.value)
        else:
            self._take_room(slot, answer.value)

    def _serves(self, slot: _Slot[WorkT], places: int) -> None:
        slot.starting, slot.places = None, places
        self._router.ready(slot.name, places)
        if slot.state is not HostState.DRAINING:
            slot.state = HostState.SERVING

    def _take_room(self, slot: _Slot[WorkT], room: Room) -> None:
        if slot.state is HostState.WAITING:
            slot.state = HostState.LOADING
        for chunk, episodes in room.left.items():
            self._router.left(slot.name, chunk, episodes)
        if slot.state is HostState.SERVING and room.places != slot.places:
            slot.places = room.places
            self._router.ready(slot.name, room.places)

    def _complete(self, chunk: Chunk[WorkT], chunk_result: ResultT) -> Iterator[ResultT]:
        """The unit's chunk_result, once all its parts are there."""
        if chunk.whole:
            yield chunk_result
            return
        assert self._join is not None, "units are cut only where their parts can be joined"
        parts = self._parts.setdefault(chunk.work.unit, {})
        parts[chunk.start] = (chunk, chunk_result)
        if sum(part.size for part, _ in parts.values()) == chunk.work.size:
            del self._parts[chunk.work.unit]
            yield self._join(chunk.work, [chunk_result for _, (_, chunk_result) in sorted(parts.items())])

    # What goes wrong.

    def _failed(self, slot: _Slot[WorkT], chunk: Chunk[WorkT] | None, error: Exception) -> None:
        cause = error.cause if isinstance(error, RayTaskError) else error
        if isinstance(cause, RequestError | FullDiskError):
            raise cause
        if isinstance(cause, InfrastructureError) and cause.kind is InfrastructureKind.DRAINED and chunk is not None:
            self._router.returned(slot.name, chunk)
            slot.state = HostState.DRAINING
        elif chunk is not None and _leaves_the_host_fit(cause):
            self._judge(slot, self._router.failed(slot.name, chunk, time.monotonic()), cause, error)
        elif isinstance(cause, InfrastructureError | RayError) or _passes(cause):
            self._crashed(slot, cause, error)
        else:
            what = f"unit {chunk.work.unit} on {slot.name}" if chunk is not None else f"host {slot.name}"
            raise WorkError(f"{what}: {_in_one_line(cause)}") from error

    def _crashed(self, slot: _Slot[WorkT], cause: BaseException | None, error: Exception) -> None:
        """End what is left of the host's actor; the slot gets another one later."""
        draining = slot.state is HostState.DRAINING
        self._discard(slot, HostState.PAUSED)
        verdict = self._router.crashed(slot.name, time.monotonic())
        if draining and not verdict.host_lost:
            self._router.remove(slot.name)
            slot.state = HostState.GONE
        self._judge(slot, verdict, cause, error)

    def _judge(self, slot: _Slot[WorkT], verdict: Verdict, cause: BaseException | None, error: Exception) -> None:
        details = {"unit": verdict.unit, "units": verdict.units, "host": slot.name, "try": verdict.tries}
        details["cause"] = _in_one_line(cause)
        self._on_event("retry", details)
        if verdict.host_lost:
            self._discard(slot, HostState.LOST)
            self._on_event("host lost", details)
        if verdict.hopeless:
            what = f"unit {verdict.unit}" if verdict.unit else f"host {slot.name}"
            raise WorkError(f"{what} failed ({verdict.hopeless}); last cause: {_in_one_line(cause)}") from error

    def _watch_silence(self) -> None:
        now = time.monotonic()
        elapsed, self._watched = min(_TURN_S, now - self._watched), now
        answered = _answered([slot.asking for slot in self._slots.values() if slot.asking is not None])
        for slot in self._slots.values():
            owes = slot.asking is not None and slot.asking not in answered and (slot.heard or slot.reserved)
            slot.silent_s = slot.silent_s + elapsed if owes else 0.0
            if slot.silent_s > (self._limits.silence_s if slot.heard else self._limits.start_s):
                detail = f"{slot.name} has not answered for {slot.silent_s:.0f} s"
                fault = InfrastructureError(InfrastructureKind.HOST_TIMEOUT, detail)
                self._crashed(slot, fault, fault)

    def _discard(self, slot: _Slot[WorkT], state: HostState, gently: bool = False) -> None:
        """Forget the slot's actor and all that it was asked, and end it."""
        actor, slot.actor = slot.actor, None
        slot.starting = slot.asking = slot.reading = None
        slot.running.clear()
        slot.state, slot.heard, slot.reserved, slot.silent_s = state, False, False, 0.0
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
