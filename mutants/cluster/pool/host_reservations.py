"""What the hosts of a pool have reserved, and who takes over when a node is preempted or a host is given up.

A spot machine's notice, the end of a pod and `ray drain-node` all reach Ray as a *draining* node: it goes on with what
it runs until a deadline and is given nothing new. A host there would go on taking units and lose them at the deadline.
So the pool drains it: it finishes what it has, and a successor with a reservation of its own starts wherever there are
resources, or will be.

A host that the pool gave up may have a bad node. Its resources are kept until its successor has asked for its own, so
that the successor goes elsewhere if it can, and are then released. A host has a successor only while another one
serves, and there are no more successors than there were hosts at first: where all fail alike, the work ends.
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
    """One reservation for each host. `make(host, reservation)` returns what makes the host's actors."""

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
        self._lost: set[str] = set()
        """Hosts that were given up, whose resources are released at the next look."""
        self._looked = time.monotonic()

    def reserve(self, count: int) -> dict[str, HostFactory]:
        """Ask for the resources of more hosts. Hosts are numbered in the order in which they are asked for."""
        hosts = {}
        self._first = self._first or count
        for _ in range(count):
            name = f"{self._kind}-{self._made}"
            self._made += 1
            self._held[name] = Reservation(self._placement)
            hosts[name] = self._make(name, self._held[name])
        return hosts

    def follow(self, pool: Pool[Any, Any]) -> None:
        """Release what hosts held that ended, and start successors. Cheap enough to be called every second."""
        for name in [name for name, state in pool.states().items() if state is HostState.GONE and name in self._held]:
            self._held.pop(name).release()  # otherwise Ray would move the reservation to another node
        if time.monotonic() - self._looked < _ASK_EVERY_S:
            return
        self._looked = time.monotonic()
        states = {name: state for name, state in pool.states().items() if name in self._held}
        for name, state in states.items():
            if state is HostState.WAITING and self._held[name].granted:
                pool.reserved(name)
        for name in self._lost:
            self._held.pop(name).release()
        self._lost = {name for name, state in states.items() if state is HostState.LOST} - self._lost
        for name in sorted(self._lost):
            if HostState.SERVING in pool.states().values() and self._replaced < self._first:
                self._replaced += 1
                self._succeed(pool, "host replaced", name, "it was given up")
        preempted = draining_nodes()
        for name, state in sorted(states.items()) if preempted else ():
            if state not in _LEAVING and self._held[name].nodes() & preempted:
                pool.drain(name)
                self._succeed(pool, "host moves", name, "its node is preempted")

    def _succeed(self, pool: Pool[Any, Any], event: str, name: str, why: str) -> None:
        ((successor, factory),) = self.reserve(1).items()
        pool.add(successor, factory)
        self._on_event(event, {"host": name, "cause": f"{why}; {successor} takes over"})

    def release(self) -> None:
        """Release everything; this ends actors that are still there."""
        while self._held:
            self._held.popitem()[1].release()
