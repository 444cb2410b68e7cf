"""Bytes and where they come from, the memory of one process, and numbers as people read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

HEAD_ELEMENTS = 1 << 26
"""Logits that the head holds at once: equal to `training.tree.scoring.HEAD_ELEMENTS`, which a test checks."""
_FRAGMENTS = 0.05
"""Share of a GPU's used memory that torch's allocator cannot use, by assumption."""


class Amount(msgspec.Struct, frozen=True, rename={"source": "from"}):
    """So many bytes for `what`. `how` is the formula with its numbers, `source` (`from` in JSON) says where the
    formula is from."""

    what: str
    bytes: float
    how: str
    source: str


RequestT = TypeVar("RequestT")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory(Generic[RequestT]):
    """Bytes of one process, on its device and on its host. `faults` say why it does not fit, if it does not."""

    request: RequestT
    device: str
    capacity: float
    on_device: tuple[Amount, ...]
    on_host: tuple[Amount, ...]
    faults: tuple[str, ...]

    @property
    def used(self) -> float:
        return total(self.on_device)


def scored_logits(rows: float, each: int) -> tuple[float, str, str]:
    """Bytes, formula and source of `rows` logits (positions x vocabulary) of a model with `each` bytes a value, of
    which the head holds a part at a time."""
    at_once = min(rows, float(HEAD_ELEMENTS))
    return at_once * (each + 8), f"{count(at_once)} logits at once x {each + 8} bytes", "training/tree/scoring.py"


def fragments(amounts: list[Amount]) -> Amount:
    """What the allocator cannot use beside these amounts."""
    return Amount("fragments", _FRAGMENTS * total(amounts), f"{_FRAGMENTS:.0%} of the rest", "assumed")


def total(amounts: Iterable[Amount]) -> float:
    return sum(amount.bytes for amount in amounts)


def size(value: float) -> str:
    """Bytes as GiB or MiB."""
    return f"{value / (1 << 30):,.2f} GiB" if abs(value) >= 1 << 30 else f"{value / (1 << 20):,.1f} MiB"


def count(value: float) -> str:
    """A number with four digits and a unit: 70.55 G, 0.94 M."""
    for unit, scale in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= scale:
            return f"{value / scale:.4g} {unit}"
    return f"{value:.4g}"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them: days, hours, minutes or seconds."""
    if seconds >= 2 * 86400:
        return f"{seconds / 86400:.1f} days"
    if seconds >= 2 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.1f} s"
