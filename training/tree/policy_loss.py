"""Policy-gradient losses: GRPO and its family, as pure functions of log-probabilities, advantages and weights a token.

A row holds E entries: an entry is one scored token of one chain, as in `training.tree.layout`. A chain that m episodes
sampled stands in the row once and counts m times, by its entries' weights. `entry_weights` gives weights with which the
losses of all rows of a step add up to the loss that TRL's trainers take of the same episodes, each in a row of its own.

The behaviour policy is the one that sampled: its log-probabilities are those that the sampler recorded. With rho the
ratio of the policy's probability to the behaviour's, A the advantage and [low, high] the bounds:

- `grpo` (arXiv 2402.03300 eq. 3): -min(rho A, clip(rho) A), the mean over a chain's tokens, then over episodes;
- `dr_grpo` (2503.20783): the same, the sum over a chain's tokens over a constant, `max_completion_length`;
- `dapo` (2503.14476 eq. 8): the same, the mean over all tokens of the step, with a higher upper bound;
- `lite_ppo` (2508.08221): the same, the mean over all tokens of the step, with its own advantages;
- `gspo` (2507.18071 eq. 5): the same with one ratio a chain, the geometric mean of its tokens' ratios;
- `rloo` (2402.14740): the same with one ratio a chain, the product of its tokens' ratios, clipped as in TRL;
- `cispo` (2506.13585 eq. 4, bound above alone as in 2510.13786): -min(rho, high) A log pi, the factor before log pi
  without gradient, the mean over all tokens of the step.

Option names are TRL's where the meaning is the same. No loss has a term for the KL to a reference.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from cluster.errors import RequestError

LossType = Literal["grpo", "dr_grpo", "dapo", "rloo", "gspo", "cispo", "lite_ppo"]
ScaleRewards = Literal["group", "batch", "none"]

_SCALES: dict[LossType, tuple[ScaleRewards, ...]] = {
    "grpo": ("group", "batch", "none"),
    "dr_grpo": ("none",),
    "dapo": ("group", "batch", "none"),
    "rloo": ("none",),
    "gspo": ("group", "batch", "none"),
    "cispo": ("group", "batch", "none"),
    "lite_ppo": ("batch",),
}
"""The scalings of rewards that each loss has, its source's first."""
_EPSILONS: dict[LossType, tuple[float, float]] = {"dapo": (0.2, 0.28), "gspo": (3e-4, 4e-4)}
"""The sources' distances of the bounds from 1, where they are not 0.2."""
LOSS_TYPES = tuple(_SCALES)


@dataclass(frozen=True, slots=True)
class PolicyOptions:
    """Which loss, and its parameters. What is None is as in the loss's source; TRL's defaults are the same for all."""

    loss_type: LossType = "grpo"
    epsilon: float | None = None
    """The lower bound of the ratio is 1 - epsilon: 0.2, for `gspo` 3e-4. `cispo` has no lower bound."""
    epsilon_high: float | None = None
    """The upper bound is 1 + epsilon_high: as `epsilon` if that is given, else 0.2, for `dapo` 0.28, for `gspo` 4e-4.
    For `cispo` it is the bound itself, 5.0. (In TRL too, but there its default is `epsilon`.)"""
    scale_rewards: ScaleRewards | None = None
    """What advantages are divided by: the deviation of the group's rewards, of the whole batch's (`lite_ppo`, always),
    or nothing (`dr_grpo` and `rloo`, always). The others: `group`."""
    max_completion_length: int | None = None
    """The constant of `dr_grpo`, in tokens: it needs one, the others have none."""

    def __post_init__(self) -> None:
        if self.loss_type not in LOSS_TYPES:
            raise RequestError(f"loss_type = {self.loss_type!r}: unknown; one of {', '.join(LOSS_TYPES)}")
        least = 1 if self.loss_type == "cispo" else 0
        if self.epsilon is not None and self.loss_type == "cispo":
            raise RequestError(f"epsilon = {self.epsilon}: loss_type = 'cispo' has no lower bound; leave it out")
        if self.epsilon is not None and not 0 < self.epsilon < 1:
            raise RequestError(f"epsilon = {self.epsilon}: must be above 0 and below 1")
        if self.epsilon_high is not None and not least < self.epsilon_high < math.inf:
            raise RequestError(f"epsilon_high = {self.epsilon_high}: must be above {least} for {self.loss_type!r}")
        if self.scale_rewards not in (None, *_SCALES[self.loss_type]):
            raise RequestError(
                f"scale_rewards = {self.scale_rewards!r}: loss_type = {self.loss_type!r} has "
                f"{' or '.join(map(repr, _SCALES[self.loss_type]))}"
            )
        if self.loss_type == "dr_grpo" and (self.max_completion_length is None or self.max_completion_length < 1):
            raise RequestError(
                f"max_completion_length = {self.max_completion_length}: loss_type = 'dr_grpo' divides by it; "
                "set it to at least 1"
            )
        if self.loss_type != "dr_grpo" and self.max_completion_length is not None:
            raise RequestError(
                f"max_completion_length = {self.max_completion_length}: not for loss_type = {self.loss_type!r}; "
                "leave it out"
            )

    @property
    def bounds(self) -> tuple[float, float]:
        """The lower and the upper bound of the ratio."""
        if self.loss_type == "cispo":
            return 0.0, self.epsilon_high or 5.0
        low, high = _EPSILONS.get(self.loss_type, (0.2, 0.2))
        if self.epsilon is not None:
            low = high = self.epsilon
        return 1 - low, 1 + (self.epsilon_high or high)

    @property
    def scaling(self) -> ScaleRewards:
        """`scale_rewards`, or the source's."""
        return self.scale_rewards or _SCALES[self.loss_type][0]

    @property
    def by_chain(self) -> bool:
        """Whether there is one ratio a chain, so that a chain must be whole in its row and have one advantage."""
        return self.loss_type in ("gspo", "rloo")


def entry_weights(
    lengths: Sequence[int],
    multiplicities: Sequence[int],
    options: PolicyOptions,
    *,
    episodes_of_step: int,
    tokens_of_step: int,
) -> list[float]:
    """For each chain the weight of each of its entries in `policy_loss`.

    lengths: scored tokens of each chain. episodes_of_step: all that count as an episode, those without a scored token
    too; tokens_of_step: the scored tokens of all of them. Both are over all ranks, and count a chain as often as it was
    sampled.
    """
    pairs = list(zip(lengths, multiplicities, strict=True))
    if options.loss_type in ("dapo", "cispo", "lite_ppo"):
        return [times / tokens_of_step for _, times in pairs]
    if options.loss_type == "dr_grpo":
        return [times / (episodes_of_step * (options.max_completion_length or 1)) for _, times in pairs]
    # One ratio a chain is the same value for each of its tokens: their mean is that value.
    return [times / (episodes_of_step * max(length, 1)) for length, times in pairs]


def policy_loss(
    logps: Tensor, behaviour: Tensor, advantages: Tensor, weights: Tensor, chain: Tensor, options: PolicyOptions
) -> Tensor:
    """The row's share of the step's loss. A scalar, differentiable in `logps`.

    logps: [E] log-probabilities under the policy, in nats; behaviour: [E] those that the sampler recorded; advantages,
    weights: [E] of the same float type; chain: [E] the index of each entry's chain in the row.
    An entry whose advantage is 0 has no loss and no gradient, however far its ratio is from 1.
    """
    low, high = options.bounds
    log_ratios = _log_ratios(logps, behaviour, advantages, chain, options)
    # Above the upper bound a positive advantage has no gradient, but 0 times an infinite ratio is no number: the ratio
    # ends at e times the bound, where it is clipped as before.
    highest = torch.where(advantages > 0, math.log(high) + 1, math.inf)
    ratio = torch.minimum(log_ratios, highest.to(log_ratios.dtype)).exp()
    if options.loss_type == "cispo":
        losses = -ratio.clamp(max=high).detach() * advantages * logps
    else:
        losses = -torch.min(ratio * advantages, ratio.clamp(low, high) * advantages)
    return (weights * losses).sum()


LOGP_DIFFERENCE = "logp_difference"
"""Mean over tokens of the absolute difference of the policy's log-probability from the sampler's, in nats."""

POLICY_METRICS = (
    "clip_ratio/low_mean",
    "clip_ratio/high_mean",
    "clip_ratio/region_mean",
    "approx_kl",
    LOGP_DIFFERENCE,
)
"""The names that `policy_metrics` gives: ranks must agree on them even where one of them had no group."""


@torch.no_grad()
def policy_metrics(
    logps: Tensor,
    behaviour: Tensor,
    advantages: Tensor,
    multiplicities: Tensor,
    chain: Tensor,
    options: PolicyOptions,
    *,
    episodes_of_step: int,
    tokens_of_step: int,
) -> dict[str, Tensor]:
    """The row's share of each logged mean: scalars that add up over the rows of a step. multiplicities: [E].

    The clip ratios are TRL's: the share of the step's tokens (of its episodes, where there is one ratio a chain) whose
    ratio is below the bounds at a negative advantage, above them at a positive one, or either. `cispo` has the upper
    one alone, which TRL calls `cispo_clip_ratio`. `approx_kl` is the mean over tokens of rho - 1 - log rho, in nats:
    the KL of the policy from the behaviour policy, estimated on the latter's tokens (J. Schulman 2020, "k3").
    `logp_difference` is the mean over tokens of the absolute difference of the log-probabilities, in nats.
    """
    difference = logps - behaviour
    tokens = multiplicities.to(logps.dtype) / tokens_of_step
    units = tokens
    if options.by_chain:
        units = tokens * tokens_of_step / (_of_chain(torch.ones_like(tokens), chain) * episodes_of_step)
    ratio = _log_ratios(logps, behaviour, advantages, chain, options).exp()
    below = (ratio < options.bounds[0]) & (advantages < 0)
    above = (ratio > options.bounds[1]) & (advantages > 0)
    shares = (
        (units * below).sum(),
        (units * above).sum(),
        (units * (below | above)).sum(),
        (tokens * (difference.expm1() - difference)).sum(),
        (tokens * difference.abs()).sum(),
    )
    return dict(zip(POLICY_METRICS, shares, strict=True))


def _log_ratios(logps: Tensor, behaviour: Tensor, advantages: Tensor, chain: Tensor, options: PolicyOptions) -> Tensor:
    """[E] the logarithm of each entry's ratio, or of its chain's; 0 where the advantage is 0."""
    # Not 0 times an infinite ratio: the product over a long chain can leave the range of numbers.
    ratios = torch.where(advantages == 0, 0.0, logps - behaviour)
    if not options.by_chain:
        return ratios
    sums = _of_chain(ratios, chain)
    return sums / _of_chain(torch.ones_like(ratios), chain) if options.loss_type == "gspo" else sums


def _of_chain(values: Tensor, chain: Tensor) -> Tensor:
    """[E] for each entry the sum of `values`, [E], over its chain."""
    # A row has no more chains than entries. To count them, as `bincount` does, the host would wait for the device.
    return values.new_zeros(len(chain)).index_add(0, chain, values)[chain]
