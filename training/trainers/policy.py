"""GRPO and its family over trees of chains: every shared token once, the losses of `training.tree.policy_loss`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
from torch import Tensor

from cluster.errors import RequestError
from training.chains import ScoredChain
from training.trainers.base import TreeConfig
from training.trainers.entries import EntryTrainer
from training.tree.advantages import chain_advantages, reward_deviation, step_advantages
from training.tree.blocks import on_device
from training.tree.entries import EntryRow, EntrySteps, Numbers
from training.tree.policy_loss import (
    POLICY_METRICS,
    LossType,
    PolicyOptions,
    ScaleRewards,
    entry_weights,
    policy_loss,
    policy_metrics,
)

Credit = Literal["chain", "steps"]


@dataclass(frozen=True, slots=True)
class PolicyExample:
    """One problem's sampled chains, with what they came to.

    `chains` have scored tokens, `unscored` have none: they are in no loss, and a group's mean is of all. For each of
    both, in this order, how many episodes sampled it and its reward; for each of `chains` the behaviour policy's
    log-probability of each of its scored tokens, in nats, as the sampler recorded them.
    """

    problem_id: str
    chains: tuple[ScoredChain, ...]
    multiplicities: tuple[int, ...]
    rewards: tuple[float, ...]
    behaviour: tuple[tuple[float, ...], ...]
    unscored: tuple[ScoredChain, ...] = ()

    def __post_init__(self) -> None:
        every = len(self.chains) + len(self.unscored)
        if not (every == len(self.multiplicities) == len(self.rewards) and len(self.chains) == len(self.behaviour)):
            raise ValueError(f"{self.problem_id}: not every chain has a multiplicity, a reward and log-probabilities")
        for chain, logps in zip(self.chains, self.behaviour, strict=True):
            if len(logps) != chain.length or not chain.length:
                raise ValueError(f"{self.problem_id}: {len(logps)} log-probabilities of {chain.length} scored tokens")

    @property
    def sampled(self) -> tuple[tuple[ScoredChain, tuple[float, ...], int], ...]:
        """Each chain with scored tokens, its recorded log-probabilities, and how many episodes sampled it."""
        return tuple(zip(self.chains, self.behaviour, self.multiplicities, strict=False))

    @property
    def equal(self) -> bool:
        """Whether no reward differs from another: then nothing is learnt from the group."""
        return not reward_deviation([(self.rewards, self.multiplicities)])


@dataclass
class TreePolicyConfig(TreeConfig):
    """Training arguments with the options of the loss; names and meanings are TRL's where TRL has them."""

    loss_type: LossType = field(default="grpo", metadata={"help": "As in PolicyOptions."})
    epsilon: float | None = field(default=None, metadata={"help": "Distance of the lower bound of the ratio from 1."})
    epsilon_high: float | None = field(default=None, metadata={"help": "The same of the upper bound."})
    scale_rewards: ScaleRewards | None = field(default=None, metadata={"help": "group, batch or none."})
    max_completion_length: int | None = field(default=None, metadata={"help": "The constant of dr_grpo, in tokens."})
    credit: Credit = field(default="chain", metadata={"help": "Advantages of whole chains, or of branches."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.credit not in ("chain", "steps"):
            raise RequestError(f"credit = {self.credit!r}: unknown; use 'chain' or 'steps'")
        if self.credit == "steps" and self.policy_options.by_chain:
            raise RequestError(f"credit = 'steps': loss_type = {self.loss_type!r} has one ratio a chain; use 'chain'")

    @property
    def policy_options(self) -> PolicyOptions:
        """The options of the loss. Raises RequestError for values that no loss has."""
        return PolicyOptions(**{option.name: getattr(self, option.name) for option in fields(PolicyOptions)})


class PolicySteps(EntrySteps[PolicyExample]):
    """The optimizer steps of a policy gradient. Numbers a token: behaviour, advantage, weight, multiplicity."""

    def __init__(
        self, examples: Sequence[PolicyExample], *, policy: PolicyOptions, credit: Credit, **options: int
    ) -> None:
        self.policy, self.credit = policy, credit
        self._rewarded: list[tuple[tuple[float, ...], tuple[int, ...]]] = []
        super().__init__(examples, **options)

    def count(self, example: PolicyExample) -> tuple[float, float]:
        """Episodes, those without a scored token too, and their scored tokens."""
        self._rewarded.append((example.rewards, example.multiplicities))
        tokens = sum(chain.length * times for chain, _, times in example.sampled)
        return float(sum(example.multiplicities)), float(tokens)

    def totals(self, members: Sequence[int]) -> tuple[int, ...]:
        """Episodes and scored tokens."""
        return tuple(int(sum(self._counts[member][at] for member in members)) for at in (0, 1))

    def values(self, example: PolicyExample, member: int, members: Sequence[int]) -> list[Numbers]:
        """[4, length] a chain: behaviour, advantage, weight in the loss, multiplicity."""
        deviation = None
        if self.policy.scaling == "batch":
            deviation = reward_deviation([self._rewarded[other] for other in members])
        times, rewards, every = example.multiplicities, example.rewards, (*example.chains, *example.unscored)
        lengths = [chain.length for chain in every]
        if self.credit == "steps":
            advantages = step_advantages(every, times, rewards, self.policy, deviation)
        else:
            whole = chain_advantages(rewards, times, self.policy, deviation)
            advantages = [[one] * length for one, length in zip(whole, lengths, strict=True)]
        episodes, tokens = self.totals(members)
        weights = entry_weights(lengths, times, self.policy, episodes_of_step=episodes, tokens_of_step=tokens)
        return [
            np.stack([np.array(logps), np.array(own), np.full(length, weight), np.full(length, float(often))])
            for logps, own, length, weight, often in zip(
                # Chains without a scored token come last, and have no numbers.
                example.behaviour,
                advantages,
                lengths,
                weights,
                times,
                strict=False,
            )
        ]

    def numbers(self, share: Sequence[int], members: Sequence[int]) -> dict[str, float]:
        """This rank's part of the means of rewards, over episodes, and of groups whose rewards are all equal."""
        episodes, _ = self.totals(members)
        rewards = [self._rewarded[member] for member in share]
        total = sum(one * often for own, times in rewards for one, often in zip(own, times, strict=True))
        flat = sum(not reward_deviation([one]) for one in rewards)
        return {"reward": total / episodes, "frac_reward_zero_std": flat / len(members)}


class TreePolicyTrainer(EntryTrainer):
    """Full-parameter policy gradients of `model` on `examples`; the rest is as in `TreeTrainer`.

    It logs the means of `policy_metrics`, and TRL's `reward` and `frac_reward_zero_std`. `logp_difference` compares
    the model with the recorded log-probabilities before the step's update: in the first step of a round that is the
    difference between sampler and trainer alone, later what the policy has moved, too.
    """

    metric_names = (*POLICY_METRICS, "reward", "frac_reward_zero_std")

    def __init__(self, model: Any, args: TreePolicyConfig, examples: Sequence[PolicyExample], **kwargs: Any) -> None:
        self._options = args.policy_options
        steps = PolicySteps(examples, policy=self._options, credit=args.credit, **args.step_options)
        super().__init__(model, args, steps, **kwargs)

    def row_loss(self, row: EntryRow, scored: Tensor) -> Tensor:
        behaviour, advantages, weights, times = self.numbers_of(row)
        chain = on_device(row.batch.entry_chain, self.args.device)
        episodes, tokens = row.totals
        found = policy_metrics(
            scored.detach(),
            behaviour,
            advantages,
            times,
            chain,
            self._options,
            episodes_of_step=episodes,
            tokens_of_step=tokens,
        )
        for name, value in found.items():
            self.count(name, value)
        return policy_loss(scored, behaviour, advantages, weights, chain, self._options)
