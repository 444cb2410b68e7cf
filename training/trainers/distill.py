"""Distillation over trees of chains: at every scored token the student's distribution is drawn to the teacher's.

What the teacher says comes with the examples, at each token: its last hidden states, of which its head makes its whole
distribution; the log-probabilities of its k likeliest tokens and their ids; or that of the sampled token, beside the
sampler's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from cluster.errors import RequestError
from training.distill.examples import DistillExample
from training.distill.head import TeacherHead
from training.trainers.base import TreeConfig
from training.trainers.entries import EntryTrainer
from training.trainers.sft import Equal
from training.tree.blocks import on_device
from training.tree.distill_loss import sampled_reverse_kl, topk_forward_kl, vocabulary_divergence
from training.tree.entries import EntryRow, EntrySteps, Numbers
from training.tree.rows import TreeRow
from training.tree.scoring import Score, head_logits

Compare = Literal["vocabulary", "top_k", "sampled"]


@dataclass
class TreeDistillConfig(TreeConfig):
    """Training arguments with the options of the loss; `beta` is TRL's."""

    compare: Compare = field(default="vocabulary", metadata={"help": "vocabulary, top_k or sampled."})
    beta: float = field(default=1.0, metadata={"help": "vocabulary: 0 the forward KL, 1 the reverse KL, or between."})
    tail: bool = field(default=True, metadata={"help": "top_k: all other tokens count as one more."})
    vocabulary: int = field(default=0, metadata={"help": "Tokens of the tokenizer, without padding of the head."})
    equal: Equal = field(default="tokens", metadata={"help": "Every token of a step, or every group."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.beta <= 1:
            raise RequestError(f"beta = {self.beta}: must be from 0 (forward KL) to 1 (reverse KL)")
        if self.vocabulary < 1:
            raise RequestError(f"vocabulary = {self.vocabulary}: give the number of the tokenizer's tokens")


class DistillSteps(EntrySteps[DistillExample]):
    """The optimizer steps of distillation. Numbers a token: its weight in the loss, then the teacher's W."""

    def __init__(self, examples: Sequence[DistillExample], *, equal: Equal, **options: int) -> None:
        self.equal = equal
        super().__init__(examples, **options)

    def count(self, example: DistillExample) -> tuple[float]:
        """Scored tokens of all episodes."""
        pairs = zip(example.chains, example.multiplicities, strict=True)
        return (float(sum(chain.length * times for chain, times in pairs)),)

    def values(self, example: DistillExample, member: int, members: Sequence[int]) -> list[Numbers]:
        """[1 + W, length] a chain. A chain counts as often as episodes wrote it."""
        if self.equal == "tokens":
            total = sum(self._counts[other][0] for other in members)
        else:
            total = self._counts[member][0] * self.groups_per_step
        return [
            np.concatenate([np.full((1, len(said)), times / total), said.T.astype(np.float64)])
            for said, times in zip(example.teacher, example.multiplicities, strict=True)
        ]


class TreeDistillTrainer(EntryTrainer):
    """Full-parameter distillation into `model` on `examples`; `head` is the teacher's, for examples of its hidden
    states. The rest is as in `TreeTrainer`. The loss that it logs is the mean divergence in nats a token."""

    def __init__(
        self,
        model: Any,
        args: TreeDistillConfig,
        examples: Sequence[DistillExample],
        head: TeacherHead | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(model, args, DistillSteps(examples, equal=args.equal, **args.step_options), **kwargs)
        assert (head is None) == (args.compare != "vocabulary"), "the head is for hidden states, and needed for them"
        self._head = None if head is None else head.to(args.device)
        self._width = examples[0].teacher[0].shape[1]

    def row_loss(self, row: EntryRow, scored: Tensor) -> Tensor:
        numbers = on_device(row.entries, self.args.device)
        if self.args.compare == "sampled":
            teacher, behaviour = numbers[1], numbers[2]
            scored = sampled_reverse_kl(scored, behaviour, teacher)
        return (numbers[0] * scored).sum()

    def score(self, row: TreeRow) -> Score:
        """The divergence at every prediction; for `sampled` the token's log-probability. Rows of zero weight, which
        know no teacher, go the same way, because all ranks have to gather the same parameters."""
        if self.args.compare == "sampled":
            return super().score(row)
        if isinstance(row, EntryRow):
            # Predictions of one position and token have one answer of the teacher's: any entry's.
            _, first = np.unique(row.batch.entry_prediction.numpy(), return_index=True)
            said = row.entries[1:, first].T
        else:
            said = torch.zeros(len(row.batch.predicting), self._width)
        teacher = on_device(said.to(torch.float64).contiguous(), self.args.device)
        return lambda model, hidden, batch: self._divergences(model, hidden, teacher)

    def _divergences(self, model: Any, hidden: Tensor, teacher: Tensor) -> Tensor:
        """[P] divergences; `teacher`: [P, W]."""
        args = self.args
        logits = head_logits(model, hidden)[:, : args.vocabulary]
        if self._head is not None:
            return vocabulary_divergence(logits, teacher, self._head.logits, args.beta).double()
        known, ids = (part.contiguous() for part in teacher.chunk(2, dim=1))
        student = logits.gather(1, ids.long()) - logits.logsumexp(-1, keepdim=True)
        return topk_forward_kl(student, known.to(logits.dtype), args.tail).double()
