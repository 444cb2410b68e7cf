"""Sums of a model's tensors, in an engine and in the files that it names: where two models answer almost alike, their
tensors still differ.

Engines fuse, shard and pack most weights. What is compared are the tensors that an engine keeps under the name which
they have in the file: embeddings, norms and an output head of its own. Full-parameter training changes all of them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

_COMPARED = ("embed", "norm", "lm_head")
"""Parts of the names of tensors that engines neither fuse nor quantise."""
_RELATIVE = 1e-9
"""Sums are made in float64; the order of the summands changes less."""


class TensorSum(msgspec.Struct, frozen=True):
    """A tensor's number of elements, their sum, and the sum of their absolute values."""

    elements: int
    total: float
    absolute: float

    def plus(self, other: "TensorSum") -> "TensorSum":
        return TensorSum(self.elements + other.elements, self.total + other.total, self.absolute + other.absolute)

    def equals(self, other: "TensorSum") -> bool:
        bound = _RELATIVE * max(self.absolute, other.absolute)
        return abs(self.total - other.total) <= bound and abs(self.absolute - other.absolute) <= bound


def sums_of_files(folder: Path, names: Sequence[str], dtype: str) -> dict[str, TensorSum]:
    """Sums of the tensors of these names in a folder's safetensors files, as an engine of `dtype` loads them."""
    import torch
    from safetensors import safe_open

    found: dict[str, TensorSum] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in set(names) & set(file.keys()):
                if not any(part in name for part in _COMPARED):
                    continue
                values = file.get_tensor(name).to(getattr(torch, dtype)).double()
                found[name] = TensorSum(values.numel(), float(values.sum()), float(values.abs().sum()))
    return found


def unequal_tensors(ranks: Sequence[Mapping[str, TensorSum]], files: Mapping[str, TensorSum]) -> list[str]:
    """Names of tensors that an engine's ranks hold otherwise than the files do.

    A tensor that is sharded over the ranks (each one holds fewer elements than the file) is summed over them; padding
    is zero and adds nothing. Where no tensor has the same name on both sides, nothing is proven, and that is said.
    """
    if not files:
        return ["all tensors: none has the same name in the engine and in the files"]
    unequal = []
    for name, expected in files.items():
        held = [rank[name] for rank in ranks if name in rank]
        if held and held[0].elements < expected.elements:
            whole = held[0]
            for other in held[1:]:
                whole = whole.plus(other)
            held = [whole]
        if not held or not all(each.equals(expected) for each in held):
            unequal.append(name)
    return sorted(unequal)
