"""DPO over trees of chains: the gradient of all pairs.

A group that fits a row is one graph. A larger one goes through in two phases: its chains' sums without a gradient, the
loss's derivatives w_i = dL/ds_i, then the gradient of sum w_i s_i, row by row. That is the same gradient. No reference
model is held: its log-probabilities come with the examples.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from training.trainers.base import TreeConfig, TreeTrainer
from training.tree.batches import GroupRow, GroupSlot, PreferenceExample, PreferenceStep, SplitGroup, StepDataset
from training.tree.blocks import on_device
from training.tree.loss import METRICS, LossOptions, LossType, PairMean, group_loss, group_metrics


@dataclass
class TreeDPOConfig(TreeConfig):
    """Training arguments with the options of the loss; names and meanings are TRL's where TRL has them."""

    beta: float = field(default=0.1, metadata={"help": "How strongly the policy is held to the reference."})
    loss_type: LossType = field(default="sigmoid", metadata={"help": "sigmoid, sigmoid_norm, ipo, robust or hinge."})
    label_smoothing: float = field(default=0.0, metadata={"help": "Probability that a label is wrong."})
    rpo_alpha: float = field(default=0.0, metadata={"help": "Weight of the NLL of chosen chains, per scored token."})
    length_normalised: bool = field(default=False, metadata={"help": "Log-ratios per scored token, not per chain."})
    pair_mean: PairMean = field(default="problems", metadata={"help": "Mean over all pairs, or over problems' means."})

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.loss_options

    @property
    def loss_options(self) -> LossOptions:
        """The options of the loss. Raises RequestError for values that no loss has."""
        return LossOptions(**{option.name: getattr(self, option.name) for option in fields(LossOptions)})


class TreeDPOTrainer(TreeTrainer[PreferenceStep]):
    """Full-parameter DPO of `model` on `examples`; the rest is as in `TreeTrainer`."""

    metric_names = METRICS

    def __init__(self, model: Any, args: TreeDPOConfig, examples: Sequence[PreferenceExample], **kwargs: Any) -> None:
        steps = StepDataset(examples, pair_mean=args.pair_mean, **args.step_options)
        super().__init__(model, args, steps, **kwargs)
        self._options = args.loss_options
        self._derivatives: list[Tensor] = []

    def before_rows(self, model: Any, step: PreferenceStep) -> Tensor:
        """The first phase of the groups that are split. Returns their loss."""
        loss = super().before_rows(model, step)
        self._derivatives = []
        for group in step.split:
            weights, value = self._first_phase(model, group)
            self._derivatives.append(weights)
            loss += value
        for _ in range(step.idle_first):
            with torch.no_grad():
                self.forward_row(model, step.idle_row, counted=False)
        return loss

    def row_loss(self, row: GroupRow, scored: Tensor) -> Tensor:
        return sum((self._loss(slot, scored) for slot in row.slots), scored.new_zeros(()))

    def after_rows(self, model: Any, step: PreferenceStep) -> None:
        """The second phase of the groups that are split."""
        for group, weights in zip(step.split, self._derivatives, strict=True):
            self.count("step_chains", len(group.slot.example.chains))
            for indices, row in group.rows:
                own = weights[on_device(torch.tensor(indices), weights.device)]
                self.backward((self.forward_row(model, row) * own).sum() * self.args.world_size)

    def _first_phase(self, model: Any, group: SplitGroup) -> tuple[Tensor, Tensor]:
        """dL/ds_i of all chains of a group, [K], and its loss."""
        policy = torch.zeros(len(group.slot.example.chains), dtype=torch.float64, device=self.args.device)
        with torch.no_grad():
            for indices, row in group.rows:
                own = on_device(torch.tensor(indices), policy.device)
                policy[own] = self.forward_row(model, row, counted=False)
        policy.requires_grad_()
        value = self._loss(group.slot, policy)
        (weights,) = torch.autograd.grad(value, policy)
        return weights, value.detach()

    def _loss(self, slot: GroupSlot, policy: Tensor) -> Tensor:
        """A group's share of the step's loss, its metrics counted."""
        sums = slot.sums(policy)
        for name, value in group_metrics(sums, self._options).items():
            self.count(name, value)
        return group_loss(sums, self._options)
