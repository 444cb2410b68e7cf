"""What the hosts of a pool have reserved, and what becomes of it when a node is told to go.

A spot machine's notice, the end of a pod and `ray drain-node` all reach Ray as a *draining* node: it runs what it runs
until a deadline and is given nothing new. A host there would go on taking units and lose what it has at the deadline.
So it is drained instead: it finishes what it has, and a successor with a reservation of its own starts wherever there
is room, or will be.
"""

import time
from collections.abc import Callable
from typing import Any

from cluster.placement import EnginePlacement
from cluster.pool import HostFactory, HostState, OnEvent, Pool
from cluster.reservation import Reservation, draining_nodes

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
        self._made = 0
        self._asked = time.monotonic()

    def reserve(self, count: int) -> dict[str, HostFactory]:
        """Ask for room for more hosts; they are numbered in the order in which they come."""
        hosts = {}
        for _ in range(count):
            name = f"{self._kind}-{self._made}"
            self._made += 1
            self._held[name] = Reservation(self._placement)
            hosts[name] = self._make(name, self._held[name])
        return hosts

    def follow(self, pool: Pool[Any, Any]) -> None:
        """Drain the hosts whose nodes were told to go, and give each a successor. Cheap to call every second."""
        for name in [name for name, state in pool.states().items() if state is HostState.GONE and name in self._held]:
            self._held.pop(name).release()  # or Ray would keep its place, on another node
        if time.monotonic() - self._asked < _ASK_EVERY_S:
            return
        self._asked = time.monotonic()
        going = draining_nodes()
        staying = {name for name, state in pool.states().items() if state not in _LEAVING}
        for name in sorted(staying & self._held.keys()) if going else ():
            if self._held[name].nodes() & going:
                ((successor, factory),) = self.reserve(1).items()
                pool.drain(name)
                pool.add(successor, factory)
                self._on_event("host moves", {"host": name, "cause": f"its node is going; {successor} takes over"})

    def release(self) -> None:
        """Give everything back; ends actors that are still there."""
        while self._held:
            self._held.popitem()[1].release()
