"""Random steps of sampled chains, and the losses of GRPO's family in plain Python: what the tests of losses share.

The plain side knows no tree and no multiplicity: it loops over episodes and their tokens with floats, and derives by
hand. A model is a table: the log-probability of each token after each prefix.
"""

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

import torch
from torch import Tensor

from tests.training.tree.trees import random_chains
from training.chains import ScoredChain
from training.tree.advantages import RewardedGroup, chain_advantages, reward_deviation
from training.tree.layout import pack
from training.tree.policy_loss import PolicyOptions, entry_weights

Prefix = tuple[int, ...]


@dataclass(frozen=True)
class Sampled:
    """A chain that `times` episodes sampled. behaviour: one log-probability a scored token."""

    chain: ScoredChain
    times: int
    reward: float
    behaviour: tuple[float, ...]

    @property
    def prefixes(self) -> list[Prefix]:
        """For each scored token the ids up to it, itself included."""
        ids = self.chain.ids
        return [ids[: at + 1] for at, scored in enumerate(self.chain.scored) if scored]


@dataclass(frozen=True)
class Step:
    """The groups of a step, and the log-probability of each scored token after its prefix."""

    groups: list[list[Sampled]]
    logps: dict[Prefix, float]

    @property
    def episodes(self) -> int:
        return sum(one.times for group in self.groups for one in group)

    @property
    def tokens(self) -> int:
        return sum(one.times * one.chain.length for group in self.groups for one in group)

    def weights(self, group: Sequence[Sampled], options: PolicyOptions) -> list[float]:
        lengths, times = [one.chain.length for one in group], [one.times for one in group]
        return entry_weights(lengths, times, options, episodes_of_step=self.episodes, tokens_of_step=self.tokens)


def random_step(draw: random.Random, groups: int) -> Step:
    """Ragged groups of 1 to 6 distinct chains, sampled 1 to 3 times each."""
    noise = draw.choice([1e-4, 0.1, 0.7])
    logps: dict[Prefix, float] = {}
    found = []
    for _ in range(groups):
        members = []
        for chain in dict.fromkeys(random_chains(draw, draw.randint(1, 6))):
            prefixes = Sampled(chain, 1, 0.0, ()).prefixes
            for prefix in prefixes:
                logps.setdefault(prefix, -draw.expovariate(1.0) - 0.01)
            behaviour = tuple(logps[prefix] + draw.uniform(-noise, noise) for prefix in prefixes)
            reward = draw.choice([0.0, 1.0, draw.uniform(-2, 2)])
            members.append(Sampled(chain, draw.randint(1, 3), reward, behaviour))
        found.append(members)
    return Step(found, logps)


@dataclass(frozen=True)
class Row:
    """Entries of a row in the tree's order: where each stands in the table, and its numbers, [E]."""

    place: Tensor
    behaviour: Tensor
    advantages: Tensor
    weights: Tensor
    multiplicities: Tensor
    chain: Tensor


def tree_row(chains: Sequence[tuple[Sampled, Sequence[float], float]], places: dict[Prefix, int]) -> Row:
    """Chains with the advantages of their tokens and the weight of each of them, laid out as one tree."""
    layout = pack([one.chain for one, _, _ in chains])
    seen: Counter[int] = Counter()
    columns: list[tuple[int, float, float, float, int, int]] = []
    for index in layout.entry_chain.tolist():
        one, advantages, weight = chains[index]
        at = seen[index]
        seen[index] += 1
        assert one.prefixes[at][-1] == layout.entry_target[len(columns)]
        columns.append((places[one.prefixes[at]], one.behaviour[at], advantages[at], weight, one.times, index))
    place, behaviour, advantage, weights, times, owner = zip(*columns, strict=True)
    numbers = [torch.tensor(values, dtype=torch.float64) for values in (behaviour, advantage, weights, times)]
    return Row(torch.tensor(place), *numbers, torch.tensor(owner))


def plain_advantages(groups: list[list[float]], loss_type: str, scale: str) -> list[list[float]]:
    """Episodes' advantages from episodes' rewards, each by its definition."""
    everything = [reward for group in groups for reward in group]
    found = []
    for group in groups:
        if len(set(group)) == 1:
            found.append([0.0] * len(group))
        elif loss_type == "rloo":
            found.append([r - fmean(group[:at] + group[at + 1 :]) for at, r in enumerate(group)])
        else:
            divisor = {"none": 1.0, "group": stdev(group), "batch": stdev(everything)}[scale]
            found.append([(reward - fmean(group)) / divisor for reward in group])
    return found


@dataclass
class Plain:
    """A loss, its derivative by each log-probability of the table, and its clip ratios."""

    value: float = 0.0
    gradient: dict[Prefix, float] = field(default_factory=lambda: Counter())  # type: ignore[arg-type, return-value]
    low: float = 0.0
    high: float = 0.0


def plain_loss(
    step: Step, tokens: list[list[list[float]]], loss_type: str, bounds: tuple[float, float], constant: int = 1
) -> Plain:
    """The step's loss. tokens: for each group and episode the advantage of each token; an episode is sampled once."""
    found = Plain()
    episodes = [one for group in step.groups for one in group for _ in range(one.times)]
    every = [advantages for group in tokens for advantages in group]
    all_tokens = sum(len(one.behaviour) for one in episodes)
    low, high = bounds
    for one, advantages in zip(episodes, every, strict=True):
        logps = [step.logps[prefix] for prefix in one.prefixes]
        length = len(logps)
        differences = [new - old for new, old in zip(logps, one.behaviour, strict=True)]
        for at, prefix in enumerate(one.prefixes):
            advantage = advantages[at]
            share = {"grpo": 1 / length, "dr_grpo": 1 / constant}.get(loss_type)
            weight = 1 / all_tokens if share is None else share / len(episodes)
            if loss_type == "cispo":
                factor = min(math.exp(differences[at]), high)
                found.value -= weight * factor * advantage * logps[at]
                found.gradient[prefix] -= weight * factor * advantage
                found.high += (math.exp(differences[at]) > high and advantage > 0) / all_tokens
                continue
            by = {prefix: 1.0}
            ratio, unit = math.exp(differences[at]), 1 / all_tokens
            if loss_type in ("gspo", "rloo"):
                if at:
                    break  # one term an episode
                inner = 1 / length if loss_type == "gspo" else 1.0
                ratio = math.exp(inner * math.fsum(differences))
                by = dict.fromkeys(one.prefixes, inner)
                weight = unit = 1 / len(episodes)
            if advantage > 0 and ratio > high:
                found.value -= weight * high * advantage
                found.high += unit
            elif advantage < 0 and ratio < low:
                found.value -= weight * low * advantage
                found.low += unit
            else:
                found.value -= weight * ratio * advantage
                for touched, inner in by.items():
                    found.gradient[touched] -= weight * ratio * advantage * inner
    return found


def batch_advantages(groups: Sequence[RewardedGroup], options: PolicyOptions) -> list[list[float]]:
    """The advantages of each group's chains, where `groups` are the whole batch."""
    deviation = reward_deviation(groups)
    return [chain_advantages(rewards, times, options, deviation) for rewards, times in groups]
