"""Bytes and where they come from, the memory of one process, and numbers as people read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

PLAIN_VOCABULARY, VOCABULARY_AT_ONCE, TOKENS_AT_ONCE = 16384, 8192, 4096
"""Where the CPU makes all logits at once, and how many columns and rows of them TRL's kernel holds: equal to those of
`training.tree.scoring` and of TRL, which a test checks."""
PADDED_TO = 128
"""Rows on GPUs are padded to a multiple of so many tokens: equal to `BLOCK` of `training.tree.blocks`, which a test
checks."""
DISTILLED_AT_ONCE = 512
"""Tokens whose logits distillation holds at once: equal to `TOKENS_AT_ONCE` of `training.distill.student_head`, which a
test checks."""
_CPU_FORWARD, _CPU_BACKWARD = 3, 7
"""Float32 tensors of a tile's size that TRL's kernel holds on the CPU, at most, beside the tile."""
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


def head(tokens: float, vocab: int, hidden: int, each: int, *, plain: bool, backward: bool, on_cpu: bool) -> Amount:
    """What the head takes beside its weights for `tokens` predictions of a model with `each` bytes a value. `plain`:
    all logits at once, in the model's type and in float32, with their gradient; otherwise TRL's kernel. On the CPU that
    is made of plain operations, which hold several float32 tensors of the size of the logits that it makes at once."""
    if plain:
        how = f"{tokens:,.0f} tokens x vocabulary {vocab:,} x {each + 8} bytes"
        return Amount("logits", tokens * vocab * (each + 8), how, "training/tree/scoring.py")
    tile = min(tokens, TOKENS_AT_ONCE) * min(vocab, VOCABULARY_AT_ONCE)
    bytes_each = each + (4 * (_CPU_BACKWARD if backward else _CPU_FORWARD) if on_cpu else 0)
    summed = (vocab + tokens) * hidden if backward else 0.0
    how = f"{count(tile)} logits at once x {bytes_each} bytes" + f" + {count(summed)} float32 gradients" * backward
    return Amount("logits", tile * bytes_each + 4 * summed, how, "TRL's ChunkedLogProbFunction")


def head_of_distillation(
    tokens: float, vocab: int, hidden: int, each: int, *, teacher_head: float, numbers: int, floats: int
) -> list[Amount]:
    """What distillation takes beside the student's weights for `tokens` predictions: `teacher_head` parameters of the
    teacher's head, `numbers` of the teacher's a token, and `floats` float32 tensors of the size of the logits that are
    made at once."""
    tile = min(tokens, DISTILLED_AT_ONCE) * vocab
    bytes_each, summed = (2 if teacher_head else 1) * each + 4 * floats, float(vocab) * hidden
    how = f"{count(tile)} logits at once x {bytes_each} bytes + {count(summed)} float32 gradients"
    found = [Amount("logits", tile * bytes_each + 4 * summed, how, "training/distill/student_head.py")]
    if teacher_head:
        how = f"{count(teacher_head)} parameters x {each} bytes, whole on every rank"
        found.append(Amount("the teacher's head", teacher_head * each, how, "training/trainers/distill.py"))
    how = f"{tokens:,.0f} tokens x {numbers:,} numbers x 4 bytes, of this row and of the next"
    return [*found, Amount("what the teacher says", tokens * numbers * 4 * 2, how, "training/tree/entries.py")]


def padded(tokens: int) -> int:
    """Tokens of a row on a GPU that holds `tokens` tokens, padding included."""
    return -(-tokens // PADDED_TO) * PADDED_TO


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
