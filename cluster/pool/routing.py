"""Which host gets which work next. Pure: no Ray, no clock; what time it is and what happened are told to it.

The same decisions drive the pool's actors and, on a virtual clock, `benchmarks.scheduling`.

*No barriers, no assignment in advance.* A host is given work while its unfinished episodes are fewer than its places
and a backlog of a quarter of them, which bridges the time until the next decision. Load is counted in episodes, not
in units: a unit of which only a straggler is left holds one place, and its neighbours are taken by other work. A
saturated host has no room and is passed by; it gets nothing, not even what it would be the best one for.

*Affinity yields to load.* A host with room is always given something: by preference what shares prompts with its last
work (its prefix cache holds them), else the first work that no busy host is at home with, else simply the first.

*The plan's order near the end.* Hosts that keep to blocks of their own overtake what others have not come to. What is
begun late is done late, and should it be a straggler, all wait for it: the end of the work is the end of the last one.
So affinity holds only while what is left hides any lateness: while a place has more than a hundred episodes to come (no
episode is likely to last as long as a hundred ordinary ones), and beyond those four times as many as were overtaken.
From there on the oldest work goes first, whoever asks. What that costs is a prompt computed once more for each host
that a block is shared by, and a unit holds many samples of a problem, which share it in any case.

*Dear changes.* Work of other weights empties a host before it begins. A host keeps to its weights as long as there is
work for them; the plan's order holds within.

*The tail.* Units are what is committed at a time; near the end they are too coarse to keep all hosts busy, and episodes
that wait behind others in one host are begun late as well. Then the router cuts units into chunks (guided
self-scheduling): a host gets at most its share of a quarter of what is left, so that chunks shrink as the end comes
near, and the backlog with them. As long as there are many units, each one is given whole; and a single host is never
given less, because nobody could help it.

*Failure.* What a host lost comes first in the queue again. The host pauses, twice as long with each further failure,
and is given up after `host_failures` of them without a finished chunk in between. All that falls with one process is
one failure of the host, and one of every unit that it had.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

_LONGEST_PAUSE_S = 60.0
_LONGEST_EPISODE = 100
"""How many ordinary episodes the longest one may last."""
_LATE = 4
"""No episode is to be begun later than the plan has it by more than this part of the time that is left."""


class UnitOfWork(Protocol):
    """What must be known of a piece of work."""

    @property
    def unit(self) -> str:
        """Its name; no two are equal."""
        ...

    @property
    def size(self) -> int:
        """How many episodes it has: each takes one place of a host."""
        ...

    @property
    def affinity(self) -> str:
        """Work of equal affinity shares prompts."""
        ...

    @property
    def weights(self) -> str:
        """What the host must have loaded for it."""
        ...


WorkT = TypeVar("WorkT", bound=UnitOfWork)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingLimits:
    """How much failure is borne."""

    attempts: int = 5
    """How often a unit is tried."""
    host_failures: int = 5
    """Failures in a row, without a finished chunk between them, after which a host is given up."""
    backoff_s: float = 1.0
    """Pause after a host's first failure; doubled with each further one, a minute at most."""


@dataclass(frozen=True, slots=True)
class Chunk(Generic[WorkT]):
    """Episodes `start` to `stop` (exclusive) of a unit: what a host is given at a time."""

    work: WorkT
    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def whole(self) -> bool:
        """Whether it is all of its unit."""
        return self.size == self.work.size

    @property
    def name(self) -> str:
        return f"{self.work.unit}:{self.start}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a failure."""

    unit: str
    """The unit concerned, of several the one that failed most often; "" when there was none."""
    units: int
    """How many units are concerned: their chunks are in the queue again."""
    tries: int
    """How often it has failed."""
    host_lost: bool
    """The host was given up, just now."""
    hopeless: str
    """Why the work cannot go on, in words; "" when it can."""


@dataclass(slots=True)
class _Host(Generic[WorkT]):
    name: str
    places: int
    load: int = 0
    """Episodes given and not ended."""
    last: WorkT | None = None
    """Of what it was given last."""
    failures: int = 0
    not_before: float = 0.0
    ready: bool = False
    draining: bool = False
    chunks: dict[str, tuple[Chunk[WorkT], int]] = field(default_factory=dict)
    """Name -> chunk under way, and its episodes that have not ended."""


class Router(Generic[WorkT]):
    """The queue, the hosts, and what each one has. `revise(work)` is asked before a unit is first given away: it
    returns what is still to be done of it, or None when nothing is. Without `split` every unit is given whole."""

    def __init__(
        self,
        work: Iterable[WorkT] = (),
        limits: RoutingLimits | None = None,
        revise: Callable[[WorkT], WorkT | None] = lambda work: work,
        split: bool = True,
    ) -> None:
        self._limits = limits or RoutingLimits()
        self._revise = revise
        self._split = split
        self._hosts: dict[str, _Host[WorkT]] = {}
        self._queues: dict[str, dict[str, deque[Chunk[WorkT]]]] = {}
        """Weights -> affinity -> what nobody had yet, in the plan's order."""
        self._planned = self._fresh = 0
        """Episodes submitted, and those of them that nobody had yet."""
        self._before: dict[str, int] = {}
        """Unit -> episodes that were submitted before it."""
        self._again: deque[Chunk[WorkT]] = deque()
        self._last: deque[Chunk[WorkT]] = deque()
        self._queued = self._under_way = 0
        self._open: tuple[int, int] = (0, 0)
        self._tries: Counter[str] = Counter()
        self.submit(work)

    # What is to be done.

    def submit(self, work: Iterable[WorkT]) -> None:
        """Append units to the queue."""
        for unit in work:
            queues = self._queues.setdefault(unit.weights, {})
            queues.setdefault(unit.affinity, deque()).append(Chunk(unit, 0, unit.size))
            self._before[unit.unit] = self._planned
            self._planned += unit.size
            self._fresh += unit.size
            self._queued += unit.size

    @property
    def queued(self) -> int:
        """Episodes that nobody has yet."""
        return self._queued

    @property
    def finished(self) -> bool:
        """Whether nothing is queued and nothing under way."""
        return not self._queued and not self._under_way

    # Who does it.

    def add(self, host: str, places: int) -> None:
        """A host with so many places, which is not ready yet. One of the same name that was given up is forgotten."""
        assert places > 0, "a host has places"
        assert host not in self._hosts, f"{host} is there already"
        self._hosts[host] = _Host(host, places)

    def ready(self, host: str, places: int | None = None) -> None:
        """The host serves, with so many places now: it may be given work. Its places may change at any time."""
        found = self._hosts[host]
        found.ready = True
        found.places = max(1, found.places if places is None else places)
        self._count_open()

    def drain(self, host: str) -> None:
        """Give the host nothing more; what it has it may finish."""
        self._hosts[host].draining = True
        self._count_open()

    def remove(self, host: str) -> None:
        """The host is gone. What it had comes first in the queue again."""
        self._put_back(self._take_all(self._hosts.pop(host)))
        self._count_open()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that are not given up."""
        return tuple(self._hosts)

    def load(self, host: str) -> int:
        """Episodes that the host was given and that have not ended."""
        return self._hosts[host].load

    def has_room(self, host: str, now: float) -> bool:
        """Whether the host would be given work, if there is any."""
        found = self._hosts[host]
        free = found.ready and not found.draining and found.not_before <= now
        return free and found.load < self.threshold(host)

    def threshold(self, host: str) -> int:
        """The load below which the host has room."""
        found = self._hosts[host]
        return found.places + self._backlog(found)

    def pause(self, host: str) -> float:
        """The time until which the host is to be left alone after a failure."""
        return self._hosts[host].not_before

    # Decisions.

    def assign(self, now: float) -> Iterator[tuple[str, Chunk[WorkT]]]:
        """Hosts and the chunks that they are to be given now, the emptiest host first."""
        while self._queued and (host := self._emptiest(now)) is not None:
            chunk = self._take(host)
            if chunk is None:
                return
            host.load += chunk.size
            host.last = chunk.work
            host.chunks[chunk.name] = (chunk, chunk.size)
            self._under_way += 1
            yield host.name, chunk

    # What happened.

    def left(self, host: str, chunk: str, episodes: int) -> None:
        """So many episodes of a chunk under way have not ended. Parcels that are not under way are ignored."""
        found = self._hosts.get(host)
        if found is not None and chunk in found.chunks:
            whole, before = found.chunks[chunk]
            found.load += episodes - before
            found.chunks[chunk] = (whole, episodes)

    def done(self, host: str, chunk: Chunk[WorkT]) -> None:
        """The host has finished a chunk."""
        if self._forget(host, chunk):
            self._hosts[host].failures = 0

    def returned(self, host: str, chunk: Chunk[WorkT]) -> None:
        """The host gave a chunk back, and nobody is to blame: it drains."""
        self.drain(host)
        if self._forget(host, chunk):
            self._put_back([chunk])

    def failed(self, host: str, chunk: Chunk[WorkT], now: float) -> Verdict:
        """The host failed at a chunk and lives. The chunk comes first in the queue again; with a host that is given
        up, all that it had."""
        concerned = [chunk] if self._forget(host, chunk) else []
        self._put_back(concerned)
        found = self._hosts.get(host)
        if found is not None and now >= found.not_before:  # later ones have the same cause
            concerned += self._penalise(found, now)
        return self._verdict(host, concerned)

    def crashed(self, host: str, now: float) -> Verdict:
        """The host's process is gone, or could not start. It is not ready, and what it had is in the queue again."""
        found = self._hosts[host]
        found.ready = False
        concerned = self._take_all(found)
        self._put_back(concerned)
        self._penalise(found, now)
        self._count_open()
        return self._verdict(host, concerned)

    # How.

    def _count_open(self) -> None:
        places = [host.places for host in self._hosts.values() if host.ready and not host.draining]
        self._open = len(places), sum(places)

    def _share(self, host: _Host[WorkT]) -> int:
        """The most that the host is given at a time: its part of a quarter of what is queued. All, when it is alone."""
        hosts, places = self._open
        if hosts <= 1 or not self._split:
            return self._queued
        return max(1, host.places // 16, self._queued * host.places // (_LATE * places))

    def _backlog(self, host: _Host[WorkT]) -> int:
        return min(max(1, host.places // 4), self._share(host) // 2)

    def _emptiest(self, now: float) -> _Host[WorkT] | None:
        candidates = [host for host in self._hosts.values() if self.has_room(host.name, now)]
        return min(candidates, key=lambda host: host.load / host.places, default=None)

    def _take(self, host: _Host[WorkT]) -> Chunk[WorkT] | None:
        """The host's next chunk, taken out of the queue; None when `revise` left nothing in it."""
        share = self._share(host)
        while self._queued:
            fresh = self._preferred(host) if self._queues and not self._again else None
            queue = fresh or self._again or self._last
            chunk = queue.popleft()
            taken = chunk.size
            if chunk.whole:
                revised = self._revise(chunk.work)
                chunk = Chunk(revised, 0, revised.size) if revised is not None else Chunk(chunk.work, 0, 0)
            size = min(chunk.size, share)
            if size < chunk.size:
                queue.appendleft(Chunk(chunk.work, chunk.start + size, chunk.stop))
                taken -= chunk.size - size
                chunk = Chunk(chunk.work, chunk.start, chunk.start + size)
            self._queued -= taken
            if queue is fresh:
                self._fresh -= taken
                self._forget_empty(chunk.work)
            if chunk.size:
                return chunk
        return None

    def _preferred(self, host: _Host[WorkT]) -> deque[Chunk[WorkT]]:
        """The queue of fresh work from which the host is served."""
        last = host.last
        others = [other.last for other in self._hosts.values() if other is not host and other.load and other.last]
        if last is not None and last.weights in self._queues:
            queues = self._queues[last.weights]
        else:
            queues = self._queues[_unclaimed(self._queues, {other.weights for other in others})]
        oldest = next(iter(queues.values()))
        if self._is_late(oldest[0]):
            return oldest
        if last is not None and last.affinity in queues:
            return queues[last.affinity]
        return queues[_unclaimed(queues, {other.affinity for other in others})]

    def _is_late(self, oldest: Chunk[WorkT]) -> bool:
        """Whether what is left no longer hides how much the oldest work was overtaken."""
        _, places = self._open
        overtaken = self._planned - self._fresh - self._before[oldest.work.unit] - oldest.start
        return self._queued < _LONGEST_EPISODE * places + _LATE * overtaken

    def _forget_empty(self, work: WorkT) -> None:
        queues = self._queues[work.weights]
        if not queues[work.affinity]:
            del queues[work.affinity]
        if not queues:
            del self._queues[work.weights]

    def _forget(self, host: str, chunk: Chunk[WorkT]) -> bool:
        """Take a chunk off its host; False when it was not there (any more)."""
        found = self._hosts.get(host)
        if found is None or chunk.name not in found.chunks:
            return False
        _, episodes = found.chunks.pop(chunk.name)
        found.load -= episodes
        self._under_way -= 1
        return True

    def _take_all(self, host: _Host[WorkT]) -> list[Chunk[WorkT]]:
        chunks = [chunk for chunk, _ in host.chunks.values()]
        self._under_way -= len(chunks)
        host.chunks.clear()
        host.load = 0
        return chunks

    def _put_back(self, chunks: Iterable[Chunk[WorkT]]) -> None:
        """What fell once comes first. What fell before comes last: should it be the cause, it takes nothing along with
        it; should it not, others bear the next deaths."""
        for chunk in chunks:
            queue = self._last if self._tries[chunk.work.unit] else self._again
            queue.append(chunk)
            self._queued += chunk.size

    def _penalise(self, host: _Host[WorkT], now: float) -> list[Chunk[WorkT]]:
        """Let the host pause, or give it up. Returns what it had then."""
        host.failures += 1
        host.not_before = now + min(_LONGEST_PAUSE_S, self._limits.backoff_s * 2 ** (host.failures - 1))
        if host.failures < self._limits.host_failures:
            return []
        chunks = [chunk for chunk, _ in host.chunks.values()]
        self.remove(host.name)
        return chunks

    def _verdict(self, host: str, concerned: Sequence[Chunk[WorkT]]) -> Verdict:
        units = {chunk.work.unit for chunk in concerned}
        self._tries.update(units)
        unit = max((chunk.work.unit for chunk in concerned), key=self._tries.__getitem__, default="")
        tries = self._tries[unit] if unit else 0
        hopeless = "no host is left" if not self._hosts else ""
        if tries >= self._limits.attempts:
            hopeless = f"{tries} attempts"
        return Verdict(unit, len(units), tries, host not in self._hosts, hopeless)


def _unclaimed(queues: Mapping[str, object], claimed: Set[str]) -> str:
    """The first key that nobody claims; the first of all where there is none."""
    return next((key for key in queues if key not in claimed), next(iter(queues)))
