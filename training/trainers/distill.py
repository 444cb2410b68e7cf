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
from training.distill.student_head import values_by_token
from training.trainers.base import TreeConfig
from training.trainers.entries import EntryTrainer
from training.trainers.sft import Equal
from training.tree.blocks import on_device
from training.tree.distill_loss import sampled_reverse_kl, topk_forward_kl, vocabulary_divergence
from training.tree.entries import EntryRow, EntrySteps, Numbers, Told
from training.tree.policy_loss import LOGP_DIFFERENCE
from training.tree.rows import TreeRow
from training.tree.scoring import Score, TreeBatch

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
    """The optimizer steps of distillation. `sampled`: whether the teacher says something of the sampled token alone,
    which is then among the numbers of an entry."""

    def __init__(
        self, examples: Sequence[DistillExample], *, equal: Equal, sampled: bool = False, **options: int
    ) -> None:
        self.equal, self.sampled = equal, sampled
        super().__init__(examples, **options)

    def count(self, example: DistillExample) -> tuple[float]:
        """Scored tokens of all episodes."""
        pairs = zip(example.chains, example.multiplicities, strict=True)
        return (float(sum(chain.length * times for chain, times in pairs)),)

    def values(self, example: DistillExample, member: int, members: Sequence[int]) -> list[Numbers]:
        """A chain's weight a token, [1, length]; for `sampled` its share of the step's tokens, what the teacher says
        and the sampler's log-probability, too, [4, length]. A chain counts as often as episodes wrote it."""
        tokens = sum(self._counts[other][0] for other in members)
        total = tokens if self.equal == "tokens" else self._counts[member][0] * self.groups_per_step
        found = []
        for chain, times, own in zip(example.chains, example.multiplicities, example.teacher, strict=True):
            weight, share = (np.full((1, chain.length), times / of) for of in (total, tokens))
            found.append(np.concatenate([weight, share, own.T]) if self.sampled else weight)
        return found

    def told(self, example: DistillExample) -> tuple[Told, ...] | None:
        """What the teacher says, where the loss takes it at the predictions of a row."""
        return None if self.sampled else example.teacher


class TreeDistillTrainer(EntryTrainer):
    """Full-parameter distillation into `model` on `examples`; `head` is the teacher's, for examples of its hidden
    states. The rest is as in `TreeTrainer`. The loss that it logs is the mean divergence in nats a token. For
    `sampled`, whose ratio is to the sampler's log-probabilities, it logs how far these are, as `TreePolicyTrainer`
    does."""

    def __init__(
        self,
        model: Any,
        args: TreeDistillConfig,
        examples: Sequence[DistillExample],
        head: TeacherHead | None,
        **kwargs: Any,
    ) -> None:
        sampled = args.compare == "sampled"
        steps = DistillSteps(examples, equal=args.equal, sampled=sampled, **args.step_options)
        super().__init__(model, args, steps, **kwargs)
        assert (head is None) == (args.compare != "vocabulary"), "the head is for hidden states, and needed for them"
        self._head = None if head is None else head.to(args.device)
        self._width = examples[0].teacher[0].shape[1]
        self.metric_names = (LOGP_DIFFERENCE,) if sampled else ()

    def row_loss(self, row: EntryRow, scored: Tensor) -> Tensor:
        weights, *others = self.numbers_of(row)
        if others:
            shares, teacher, behaviour = others
            self.count(LOGP_DIFFERENCE, (shares * (scored.detach() - behaviour).abs()).sum())
            scored = sampled_reverse_kl(scored, behaviour, teacher)
        return (weights * scored).sum()

    def score(self, row: TreeRow) -> Score:
        """The divergence at every prediction; for `sampled` the token's log-probability. Rows of zero weight, which
        know no teacher, go the same way, because all ranks have to gather the same parameters."""
        if self.args.compare == "sampled":
            return super().score(row)
        said = row.told if isinstance(row, EntryRow) else torch.zeros(len(row.batch.predicting), self._width)
        assert said is not None
        told = on_device(said, self.args.device)

        def divergences(model: Any, hidden: Tensor, batch: TreeBatch) -> Tensor:
            return values_by_token(model, hidden, told, self._divergence, self.args.vocabulary).double()

        return divergences

    def _divergence(self, logits: Tensor, told: Tensor) -> Tensor:
        """[T] divergences of the student's logits [T, vocabulary] from what the teacher says, [T, W]."""
        if self._head is not None:
            return vocabulary_divergence(logits, self._head.logits(told), self.args.beta)
        known, ids = told.chunk(2, dim=1)
        student = logits.gather(1, ids.long()) - logits.logsumexp(-1, keepdim=True)
        return topk_forward_kl(student, known.to(logits.dtype), self.args.tail)
