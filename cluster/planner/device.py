"""What a training rank and a scoring task have in common: one process that holds a model on one device."""

from dataclasses import dataclass

from cluster.planner.amounts import Amount, count, total

HEAD_ELEMENTS = 1 << 26
"""Logits that the head holds at once: `training.scoring.HEAD_ELEMENTS`, as a test sees to."""
_FRAGMENTS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory:
    """One process: what lies on its device, and on its host, in bytes. `faults`: why it does not fit; empty where it
    does."""

    device: str
    capacity: float
    on_device: tuple[Amount, ...]
    on_host: tuple[Amount, ...]
    faults: tuple[str, ...]

    @property
    def used(self) -> float:
        return total(self.on_device)


def scored_logits(rows: float, each: int) -> tuple[float, str, str]:
    """Bytes of `rows` logits (positions x vocabulary) of a model of `each` bytes a value, which go through the head a
    part at a time; how, and the source."""
    at_once = min(rows, float(HEAD_ELEMENTS))
    return at_once * (each + 8), f"{count(at_once)} logits at once x {each + 8} bytes", "training/scoring.py"


def fragments(amounts: list[Amount]) -> Amount:
    """What the allocator cannot use, beside these."""
    return Amount("fragments", _FRAGMENTS * total(amounts), f"{_FRAGMENTS:.0%} of the rest", "assumed")
