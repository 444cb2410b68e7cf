"""A teacher's output head by itself: it gives the teacher's whole distribution from its last hidden states.

A state is `hidden size` numbers a token, a distribution as many as the vocabulary has: 30 times more with 4,096 and
128,000. So states are kept, and ranks hold the head, not the teacher.
"""

from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from cluster.errors import CorruptionError, RequestError
from training.tree.scoring import finished_logits, logit_options


@dataclass(frozen=True, eq=False)
class TeacherHead:
    """`weight`: [vocabulary, hidden size]; `bias`: [vocabulary] or None; `scale` and `cap`: as in `logit_options`."""

    weight: Tensor
    bias: Tensor | None
    scale: float
    cap: float | None

    def logits(self, hidden: Tensor) -> Tensor:
        """[T, vocabulary] logits, at least in float32, from [T, hidden size] in any type."""
        given = hidden.to(self.weight.dtype)
        return finished_logits(torch.nn.functional.linear(given, self.weight, self.bias), self.scale, self.cap)

    def to(self, device: torch.device) -> "TeacherHead":
        """The same head on `device`."""
        bias = None if self.bias is None else self.bias.to(device)
        return TeacherHead(self.weight.to(device), bias, self.scale, self.cap)


def head_of(model: Any, vocabulary: int) -> TeacherHead:
    """The head of a causal model, cut to the `vocabulary` tokens of its tokenizer: models of one family are padded to
    different sizes. Raises RequestError for a head that is smaller."""
    head = model.get_output_embeddings()
    if len(head.weight) < vocabulary:
        raise RequestError(f"the teacher's head has {len(head.weight)} tokens, and its tokenizer {vocabulary}")
    bias = getattr(head, "bias", None)
    weight = head.weight.detach()[:vocabulary].cpu().contiguous()
    scale, cap = logit_options(model.config)
    return TeacherHead(weight, None if bias is None else bias.detach()[:vocabulary].cpu().contiguous(), scale, cap)


def to_file(head: TeacherHead) -> bytes:
    """The head as a safetensors file."""
    options = torch.tensor([head.scale, head.cap or 0.0], dtype=torch.float64)
    parts = {"weight": head.weight, "options": options, **({} if head.bias is None else {"bias": head.bias})}
    return save(parts)


def from_file(data: bytes, where: str) -> TeacherHead:
    """What `to_file` made. `where`: the file's name, for people. Raises CorruptionError."""
    try:
        parts = load(data)
        scale, cap = parts["options"].tolist()
        return TeacherHead(parts["weight"], parts.get("bias"), scale, cap or None)
    except (SafetensorError, KeyError, ValueError) as error:
        raise CorruptionError(f"{where}: is no teacher's head ({error}); remove it and run again") from None
