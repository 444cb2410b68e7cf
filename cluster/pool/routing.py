"""Which host gets which work next. Pure: no Ray and no clock; the caller says what time it is and what happened.

The same decisions drive the pool's actors and, on a virtual clock, `benchmarks.scheduling`.

*No barriers, no assignment in advance.* A host has a number of slots: the episodes that it can run at a time. It is
given work while its unfinished episodes are fewer than its slots and a backlog of a quarter of them, which bridges the
time until the next decision. Load is counted in episodes, not in units: a unit of which only a straggler is left takes
one slot, and the others are free for other work. A host without capacity is given nothing, not even the work that it
would be the best one for.

*Affinity yields to load.* A host with capacity is always given something: by preference work that shares prompts with
its last work (they are in its prefix cache), else the first work whose prompts no busy host has, else simply the first.

*The plan's order near the end.* Hosts that keep to blocks of their own overtake the rest of the plan. What is begun
late ends late, and if it is a straggler, everything waits for it. So affinity holds only while the work that is left
hides such a delay: while each slot has more than a hundred episodes to come (no episode is likely to last as long as a
hundred ordinary ones), and beyond those four times as many as were overtaken. From there on the oldest work goes first,
whoever asks. This costs one more prefill of a prompt for each host that works on the same block; a unit holds many
samples of a problem, which share the prompt in any case.

*Model switch: drain first.* A host must be empty before other weights are loaded into it. It keeps to its weights as
long as there is work for them; within that work the plan's order holds.

*The tail.* Units are what is committed at a time. Near the end they are too coarse to keep all hosts busy, and episodes
that wait behind others in one host are begun late. Then the router cuts units into chunks (guided self-scheduling): a
host gets at most its share of a quarter of what is left, so that chunks and backlogs shrink as the end comes near. As
long as there are many units, each one is given whole. A single host always gets whole units: nobody could help it.

*Failure.* What a host lost goes to the front of the queue. The host pauses, twice as long with each further failure,
and is given up after `host_failures` of them without a finished chunk in between. All that one process takes down with
it is one failure of the host, and one of every unit that it had.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

_LONGEST_PAUSE_S = 60.0
_LONGEST_EPISODE = 100
"""How many ordinary episodes the longest one may last."""
_LATE = 4
"""No episode is begun later than the plan has it by more than one part in so many of the time that is left."""


class UnitOfWork(Protocol):
    """What the router must know of a unit."""

    @property
    def unit(self) -> str:
        """Its name; no two are equal."""

    @property
    def size(self) -> int:
        """How many episodes it has: each takes one slot of a host."""

    @property
    def affinity(self) -> str:
        """Units of equal affinity share prompts."""

    @property
    def weights(self) -> str:
        """The weights that a host must have loaded for it."""


WorkT = TypeVar("WorkT", bound=UnitOfWork)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingLimits:
    """How often failed work is tried again."""

    attempts: int = 5
    """How often a unit is tried."""
    host_failures: int = 5
    """Failures in a row, without a finished chunk between them, after which a host is given up."""
    backoff_s: float = 1.0
    """Seconds of pause after a host's first failure; doubled with each further one, at most a minute."""


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
    """The unit that failed, of several the one that failed most often; "" when there was none."""
    units: int
    """How many units failed: their chunks are in the queue again."""
    tries: int
    """How often `unit` has failed."""
    host_lost: bool
    """Whether this failure made the router give the host up."""
    hopeless: str
    """Why the work cannot go on, in words; "" when it can."""


@dataclass(slots=True)
class _Host(Generic[WorkT]):
    name: str
    slots: int
    load: int = 0
    """Episodes that it was given and that have not ended."""
    last: WorkT | None = None
    """The unit of the last chunk that it was given."""
    failures: int = 0
    not_before: float = 0.0
    ready: bool = False
    draining: bool = False
    chunks: dict[str, tuple[Chunk[WorkT], int]] = field(default_factory=dict)
    """Name -> chunk under way, and its episodes that have not ended."""


class Router(Generic[WorkT]):
    """The queue, the hosts, and what each one has.

    `revise(work)` is asked before a unit is first given away: it returns what is still to be done of it, or None when
    nothing is. Without `split` every unit is given whole.
    """

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
        """Weights -> affinity -> work that no host has had yet, in the plan's order."""
        self._before: dict[str, int] = {}
        """Unit -> episodes of the units before it in the plan."""
        self._planned = 0
        for unit in work:
            queues = self._queues.setdefault(unit.weights, {})
            queues.setdefault(unit.affinity, deque()).append(Chunk(unit, 0, unit.size))
            self._before[unit.unit] = self._planned
            self._planned += unit.size
        self._queued = self._fresh = self._planned
        """Episodes in the queue, and those of them that no host has had yet."""
        self._again: deque[Chunk[WorkT]] = deque()
        """Work that failed once: the front of the queue."""
        self._last: deque[Chunk[WorkT]] = deque()
        """Work that failed more than once: the back of the queue."""
        self._under_way = 0
        self._open: tuple[int, int] = (0, 0)
        """How many hosts may be given work, and their slots together."""
        self._tries: Counter[str] = Counter()

    @property
    def queued(self) -> int:
        """Episodes that no host has now."""
        return self._queued

    @property
    def finished(self) -> bool:
        """Whether nothing is queued and nothing under way."""
        return not self._queued and not self._under_way

    # The hosts.

    def add(self, host: str, slots: int) -> None:
        """A host with so many slots, which is not ready yet. The name may be that of a host that was given up."""
        assert slots > 0, "a host has slots"
        assert host not in self._hosts, f"{host} is there already"
        self._hosts[host] = _Host(host, slots)

    def ready(self, host: str, slots: int | None = None) -> None:
        """The host serves with so many slots now, and may be given work. Its slots may change at any time."""
        found = self._hosts[host]
        found.ready = True
        found.slots = max(1, found.slots if slots is None else slots)
        self._count_open()

    def drain(self, host: str) -> None:
        """Give the host nothing more; it may finish what it has."""
        self._hosts[host].draining = True
        self._count_open()

    def remove(self, host: str) -> None:
        """The host is gone. What it had goes back into the queue."""
        self._put_back(self._take_all(self._hosts.pop(host)))
        self._count_open()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that are not given up."""
        return tuple(self._hosts)

    def load(self, host: str) -> int:
        """Episodes that the host was given and that have not ended."""
        return self._hosts[host].load

    def has_capacity(self, host: str, now: float) -> bool:
        """Whether the host would be given work, if there is any."""
        found = self._hosts[host]
        free = found.ready and not found.draining and found.not_before <= now
        return free and found.load < self.threshold(host)

    def threshold(self, host: str) -> int:
        """The load below which the host has capacity: its slots and a backlog."""
        found = self._hosts[host]
        return found.slots + min(max(1, found.slots // 4), self._share(found) // 2)

    def pause(self, host: str) -> float:
        """The time until which the host is given nothing after a failure."""
        return self._hosts[host].not_before

    # Decisions.

    def assign(self, now: float) -> Iterator[tuple[str, Chunk[WorkT]]]:
        """Hosts and the chunks that they are to be given now, the emptiest host first."""
        while self._queued:
            candidates = [host for host in self._hosts.values() if self.has_capacity(host.name, now)]
            host = min(candidates, key=lambda host: host.load / host.slots, default=None)
            chunk = self._take(host) if host is not None else None
            if host is None or chunk is None:
                return
            host.load += chunk.size
            host.last = chunk.work
            host.chunks[chunk.name] = (chunk, chunk.size)
            self._under_way += 1
            yield host.name, chunk

    # What happened.

    def left(self, host: str, chunk: str, episodes: int) -> None:
        """So many episodes of a chunk under way have not ended. Chunks that are not under way are ignored."""
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
        """The host gave a chunk back because it drains; that is no failure."""
        self.drain(host)
        if self._forget(host, chunk):
            self._put_back([chunk])

    def failed(self, host: str, chunk: Chunk[WorkT], now: float) -> Verdict:
        """The host failed at a chunk and lives. The chunk is queued again, with all others if the host is given up."""
        concerned = [chunk] if self._forget(host, chunk) else []
        self._put_back(concerned)
        found = self._hosts.get(host)
        if found is not None and now >= found.not_before:  # failures during the pause have the same cause
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

    def _count_open(self) -> None:
        slots = [host.slots for host in self._hosts.values() if host.ready and not host.draining]
        self._open = len(slots), sum(slots)

    def _share(self, host: _Host[WorkT]) -> int:
        """The most that the host is given at a time: its part of a quarter of what is queued; all when it is alone."""
        hosts, slots = self._open
        if hosts <= 1 or not self._split:
            return self._queued
        return max(1, host.slots // 16, self._queued * host.slots // (_LATE * slots))

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
                if not queue:
                    queues = self._queues[chunk.work.weights]
                    del queues[chunk.work.affinity]
                    if not queues:
                        del self._queues[chunk.work.weights]
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
        overtaken = self._planned - self._fresh - self._before[oldest[0].work.unit] - oldest[0].start
        _, slots = self._open
        if self._queued < _LONGEST_EPISODE * slots + _LATE * overtaken:  # too little is left to hide a late start
            return oldest
        if last is not None and last.affinity in queues:
            return queues[last.affinity]
        return queues[_unclaimed(queues, {other.affinity for other in others})]

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
        """Put work back: first failures go to the front of the queue, repeat failures to the back. There a unit that
        kills its host takes no others along, and one that does not is not under way at the next failure."""
        for chunk in chunks:
            queue = self._last if self._tries[chunk.work.unit] else self._again
            queue.append(chunk)
            self._queued += chunk.size

    def _penalise(self, host: _Host[WorkT], now: float) -> list[Chunk[WorkT]]:
        """Let the host pause, or give it up. Returns the chunks that it had when it was given up."""
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
        tries = self._tries[unit]
        hopeless = "no host is left" if not self._hosts else ""
        if tries >= self._limits.attempts:
            hopeless = f"{tries} attempts"
        return Verdict(unit, len(units), tries, host not in self._hosts, hopeless)


def _unclaimed(queues: Mapping[str, object], claimed: Set[str]) -> str:
    """The first key that nobody claims; the first of all where there is none."""
    return next((key for key in queues if key not in claimed), next(iter(queues)))
