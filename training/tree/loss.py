"""DPO losses as pure functions of per-chain sums. Option names and formulas are TRL's where the meaning is the same.

For one problem with n right and m wrong chains let r_i = log pi(chain_i) - log pi_ref(chain_i), summed over the scored
tokens (nats). The margin of the pair (i, j) is r_i - r_j, so a loss over n*m pairs is a function of n + m numbers.
Sources: sigmoid, arXiv 2305.18290 eq. 7; label smoothing ("conservative DPO"), E. Mitchell 2023; robust, arXiv
2403.00409 eq. 12; ipo, arXiv 2310.12036 eq. 17 on per-token means as in TRL; hinge, arXiv 2305.10425; the NLL term,
arXiv 2404.19733 (`rpo_alpha`).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu

from cluster.errors import RequestError

LossType = Literal["sigmoid", "sigmoid_norm", "ipo", "robust", "hinge"]
PairMean = Literal["pairs", "problems"]
LOSS_TYPES: tuple[LossType, ...] = ("sigmoid", "sigmoid_norm", "ipo", "robust", "hinge")


@dataclass(frozen=True, slots=True)
class LossOptions:
    """Which loss, and its parameters. `sigmoid_norm` is `sigmoid` with `length_normalised`; `ipo` is always normalised,
    as in TRL."""

    beta: float = 0.1
    loss_type: LossType = "sigmoid"
    label_smoothing: float = 0.0
    """The probability that a label is wrong: conservative DPO with `sigmoid`, unbiased with `robust`."""
    rpo_alpha: float = 0.0
    """Weight of the NLL term: the mean over scored tokens of chosen chains."""
    length_normalised: bool = False
    """Divide each chain's log-ratio by its number of scored tokens."""

    def __post_init__(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        if self.beta <= 0:
            raise RequestError(f"beta = {self.beta}: must be above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise RequestError(f"label_smoothing = {self.label_smoothing}: must be in [0, 0.5)")
        if self.label_smoothing and self.loss_type not in ("sigmoid", "sigmoid_norm", "robust"):
            raise RequestError(
                f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set it to 0"
            )
        if self.rpo_alpha < 0:
            raise RequestError(f"rpo_alpha = {self.rpo_alpha}: must be 0 or more")

    @property
    def by_length(self) -> bool:
        """Whether log-ratios are divided by lengths."""
        return self.length_normalised or self.loss_type in ("ipo", "sigmoid_norm")


@dataclass(frozen=True, slots=True, eq=False)
class GroupSums:
    """One problem's numbers, [n] for right (chosen) and [m] for wrong (rejected) chains.

    Log-probabilities are sums over scored tokens in nats; lengths are counts of scored tokens (at least 1).
    pair_weights: [n, m], summing to the problem's share of the step. nll_weights: [n], one a chain, per token.
    """

    chosen: Tensor
    rejected: Tensor
    reference_chosen: Tensor
    reference_rejected: Tensor
    chosen_lengths: Tensor
    rejected_lengths: Tensor
    pair_weights: Tensor
    nll_weights: Tensor


def margins(sums: GroupSums, by_length: bool = False) -> Tensor:
    """The matrix [n, m] of margins: chosen log-ratio less rejected log-ratio, each over its length if `by_length`."""
    chosen = sums.chosen - sums.reference_chosen
    rejected = sums.rejected - sums.reference_rejected
    if by_length:
        chosen, rejected = chosen / sums.chosen_lengths, rejected / sums.rejected_lengths
    return chosen[:, None] - rejected[None, :]


def pair_losses(margin: Tensor, options: LossOptions) -> Tensor:
    """The loss of every pair, elementwise over a tensor of margins of any shape."""
    logits = options.beta * margin
    smoothing = options.label_smoothing
    if options.loss_type == "ipo":
        return (margin - 1 / (2 * options.beta)) ** 2
    if options.loss_type == "hinge":
        return relu(1 - logits)
    if options.loss_type == "robust":
        kept, flipped = (1 - smoothing) * logsigmoid(logits), smoothing * logsigmoid(-logits)
        return (flipped - kept) / (1 - 2 * smoothing)
    if not smoothing:
        return -logsigmoid(logits)
    return -(1 - smoothing) * logsigmoid(logits) - smoothing * logsigmoid(-logits)


def group_loss(sums: GroupSums, options: LossOptions) -> Tensor:
    """The group's weighted sum of pair losses, plus `rpo_alpha` times its share of the NLL. A scalar."""
    losses = pair_losses(margins(sums, options.by_length), options)
    total = (sums.pair_weights * losses).sum()
    if options.rpo_alpha:
        total = total - options.rpo_alpha * (sums.nll_weights * sums.chosen).sum()
    return total


METRICS = (
    "rewards/chosen",
    "rewards/rejected",
    "rewards/margins",
    "rewards/accuracies",
    "logps/chosen",
    "logps/rejected",
    "kl",
    "nll",
)
"""The names that `group_metrics` gives: ranks must agree on them even where one of them had no group."""


@torch.no_grad()
def group_metrics(sums: GroupSums, options: LossOptions) -> dict[str, Tensor]:
    """The group's share of each logged mean, under TRL's names: scalars that add up over the groups of a step.

    Rewards, accuracies and log-probabilities are means over pairs, weighted as the loss is. `kl` is the mean over
    pairs of the log-ratio to the reference, over both sides, in nats: an estimate on the data's chains, not on the
    model's own, so it may be negative. `nll` is a mean over scored tokens of chosen chains.
    """
    by_chosen, by_rejected = sums.pair_weights.sum(1), sums.pair_weights.sum(0)
    chosen = (by_chosen * (sums.chosen - sums.reference_chosen)).sum()
    rejected = (by_rejected * (sums.rejected - sums.reference_rejected)).sum()
    return {
        "rewards/chosen": options.beta * chosen,
        "rewards/rejected": options.beta * rejected,
        "rewards/margins": options.beta * (chosen - rejected),
        "rewards/accuracies": (sums.pair_weights * (margins(sums) > 0)).sum(),
        "logps/chosen": (by_chosen * sums.chosen).sum(),
        "logps/rejected": (by_rejected * sums.rejected).sum(),
        "kl": (chosen + rejected) / 2,
        "nll": -(sums.nll_weights * sums.chosen).sum(),
    }
