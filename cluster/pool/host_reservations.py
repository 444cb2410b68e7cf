"""What the hosts of a pool have reserved, and what becomes of it when a node is told to go.

A spot machine's notice, the end of a pod and `ray drain-node` all reach Ray as a *draining* node: it runs what it runs
until a deadline and is given nothing new. A host there would go on taking units and lose what it has at the deadline.
So it is drained instead: it finishes what it has, and a successor with a reservation of its own starts wherever there
is room, or will be.

A host that the pool gave up may have a bad node. Its place is kept until its successor's has been asked for, so that
the successor goes elsewhere where there is room, and then given back. A host has a successor only while another one
serves, and no more of them are made than there were hosts at first: where all fail alike, the work ends.
"""

import time
from collections.abc import Callable
from typing import Any

from cluster.pool.placement import EnginePlacement
from cluster.pool.pool import HostFactory, HostState, OnEvent, Pool
from cluster.pool.reservation import Reservation, draining_nodes

_ASK_EVERY_S = 5.0
_LEAVING = (HostState.DRAINING, HostState.LOST, HostState.GONE)


class HostReservations:
    """One reservation a host. `make(host, reservation)` says how the host's actors are made."""

    def __init__(
        self,
        kind: str,
        placement: EnginePlacement,
        make: Callable[[str, Reservation], HostFactory],
        on_event: OnEvent = lambda kind, details: None,
    ) -> None:
        self._kind, self._placement, self._make, self._on_event = kind, placement, make, on_event
        self._held: dict[str, Reservation] = {}
        self._made = self._first = 0
        self._replaced = 0
        """Hosts that were given up and have a successor."""
        self._left: set[str] = set()
        """Hosts that were given up, and whose place is to be given back at the next look."""
        self._asked = time.monotonic()

    def reserve(self, count: int) -> dict[str, HostFactory]:
        """Ask for room for more hosts; they are numbered in the order in which they come."""
        hosts = {}
        self._first = self._first or count
        for _ in range(count):
            name = f"{self._kind}-{self._made}"
            self._made += 1
            self._held[name] = Reservation(self._placement)
            hosts[name] = self._make(name, self._held[name])
        return hosts

    def follow(self, pool: Pool[Any, Any]) -> None:
        """Give back what hosts held that ended, and see to it that others take over. Cheap to call every second."""
        for name in [name for name, state in pool.states().items() if state is HostState.GONE and name in self._held]:
            self._held.pop(name).release()  # or Ray would keep its place, on another node
        if time.monotonic() - self._asked < _ASK_EVERY_S:
            return
        self._asked = time.monotonic()
        for name, state in pool.states().items():
            if state is HostState.WAITING and name in self._held and self._held[name].granted:
                pool.reserved(name)
        self._replace_lost(pool)
        self._move(pool)

    def _replace_lost(self, pool: Pool[Any, Any]) -> None:
        for name in self._left:
            self._held.pop(name).release()
        states = pool.states()
        self._left = {name for name, state in states.items() if state is HostState.LOST and name in self._held}
        for name in sorted(self._left):
            if HostState.SERVING in states.values() and self._replaced < self._first:
                self._replaced += 1
                self._succeed(pool, "host replaced", name, "it was given up")

    def _move(self, pool: Pool[Any, Any]) -> None:
        going = draining_nodes()
        staying = {name for name, state in pool.states().items() if state not in _LEAVING}
        for name in sorted(staying & self._held.keys()) if going else ():
            if self._held[name].nodes() & going:
                pool.drain(name)
                self._succeed(pool, "host moves", name, "its node is going")

    def _succeed(self, pool: Pool[Any, Any], event: str, name: str, why: str) -> None:
        ((successor, factory),) = self.reserve(1).items()
        pool.add(successor, factory)
        self._on_event(event, {"host": name, "cause": f"{why}; {successor} takes over"})

    def release(self) -> None:
        """Give everything back; ends actors that are still there."""
        while self._held:
            self._held.popitem()[1].release()
