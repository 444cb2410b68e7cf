"""Supervised fine-tuning over trees of chains: plain NLL, what the chains of a group share computed once.

The loss is the one of `training.ranks.sft_trainer` on the same rows, TRL's among them: over the scored tokens of all
chains, the sum of weight x negative log-likelihood. A step takes whole groups, where TRL shuffles rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from torch import Tensor

from cluster.errors import RequestError
from training.chains import ScoredChain
from training.trainers.base import TreeConfig
from training.trainers.entries import EntryTrainer
from training.tree.entries import EntryRow, EntrySteps, Numbers

Equal = Literal["tokens", "groups"]


@dataclass(frozen=True, slots=True)
class ChainExample:
    """One problem's chains to learn from, each with a scored token. Each counts once, as a row of SFT does."""

    problem_id: str
    chains: tuple[ScoredChain, ...]


@dataclass
class TreeSFTConfig(TreeConfig):
    """Training arguments with what counts equally."""

    equal: Equal = field(default="tokens", metadata={"help": "Every token of a step, or every group."})


class SFTSteps(EntrySteps[ChainExample]):
    """The optimizer steps of SFT: one number a token, its weight in the step's loss."""

    def __init__(self, examples: Sequence[ChainExample], *, equal: Equal, **options: int) -> None:
        if equal not in ("tokens", "groups"):
            raise RequestError(f"equal = {equal!r}: unknown; use 'tokens' or 'groups'")
        self.equal = equal
        super().__init__(examples, **options)

    def count(self, example: ChainExample) -> tuple[float]:
        """Scored tokens."""
        return (float(sum(chain.length for chain in example.chains)),)

    def values(self, example: ChainExample, member: int, members: Sequence[int]) -> list[Numbers]:
        """The weight of each token: of a step's tokens, or of its group's, so that over a pass every group weighs as
        much as every other, one in a last step of few groups too."""
        if self.equal == "tokens":
            weight = 1 / sum(self._counts[other][0] for other in members)
        else:
            weight = 1 / (self._counts[member][0] * self.groups_per_step)
        return [np.full((1, chain.length), weight) for chain in example.chains]


class TreeSFTTrainer(EntryTrainer):
    """Full-parameter SFT of `model` on `examples`; the rest is as in `TreeTrainer`."""

    def __init__(self, model: Any, args: TreeSFTConfig, examples: Sequence[ChainExample], **kwargs: Any) -> None:
        super().__init__(model, args, SFTSteps(examples, equal=args.equal, **args.step_options), **kwargs)

    def row_loss(self, row: EntryRow, scored: Tensor) -> Tensor:
        (weights,) = self.numbers_of(row)
        return -(weights * scored).sum()
