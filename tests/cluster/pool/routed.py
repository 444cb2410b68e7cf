"""Units of work, and a router that gives them to hosts."""

from dataclasses import dataclass

from cluster.pool.routing import Router, RoutingLimits


@dataclass(frozen=True)
class Unit:
    unit: str
    size: int = 8
    affinity: str = ""
    weights: str = ""


def router(units: list[Unit], hosts: int = 2, slots: int = 8, **limits: float) -> Router[Unit]:
    made = Router(units, RoutingLimits(**limits))  # type: ignore[arg-type]
    for index in range(hosts):
        made.add(f"h{index}", slots)
        made.ready(f"h{index}")
    return made


def units(count: int, size: int = 8, blocks: int = 1000) -> list[Unit]:
    return [Unit(f"u{index}", size, f"b{index // blocks}") for index in range(count)]
