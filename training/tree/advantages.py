"""Advantages of sampled chains from their rewards: how much better than its group a chain, or a branch of it, came out.

A group is one problem's distinct chains; a chain that m episodes sampled counts m times. Groups may have any number of
episodes. With r a reward, n the group's episodes and m their mean and s their deviation:

- `grpo`, `dapo`, `gspo`, `cispo`: (r - m) / s (arXiv 2402.03300, section 4.1.2);
- `dr_grpo`: r - m (2503.20783);
- `rloo`: r less the mean of the other n - 1 episodes, which is (r - m) n / (n - 1) (2402.14740, eq. 6);
- `lite_ppo`: (r - m) / the deviation of all rewards of the batch (2508.08221).

Deviations are of samples (n - 1), as in TRL. TRL adds 1e-4 to them, which makes the advantages of rewards on a small
scale smaller; here the unit of rewards changes nothing as long as they are unequal. Rewards are equal where they differ
by 1e-9 at most, times the largest of them if that is above 1 (`rollout.rewards.EQUAL`): rules are summed, and sums
round. Then no chain is better than another, and the advantages are exactly 0.
"""

import math
from collections.abc import Sequence
from itertools import groupby

from cluster.errors import RequestError
from rollout.rewards import all_equal
from training.chains import ScoredChain
from training.tree.layout import common_prefix
from training.tree.policy_loss import PolicyOptions

RewardedGroup = tuple[Sequence[float], Sequence[int]]
"""The rewards of a group's chains, and their multiplicities."""


def reward_deviation(groups: Sequence[RewardedGroup]) -> float:
    """The deviation of the rewards of all episodes of `groups`; 0 where there are fewer than two, or all are equal."""
    rewards = [reward for group in groups for reward in group[0]]
    multiplicities = [times for group in groups for times in group[1]]
    return _moments(rewards, multiplicities)[1]


def chain_advantages(
    rewards: Sequence[float],
    multiplicities: Sequence[int],
    options: PolicyOptions,
    deviation: float | None = None,
) -> list[float]:
    """The advantage of each chain of one group; their sum, weighted by multiplicity, is 0.

    deviation: what `reward_deviation` gives for the whole batch; only `scale_rewards = "batch"` reads it, and needs it.
    Raises RequestError for a reward that is no finite number.
    """
    mean, own, episodes = _moments(rewards, multiplicities)
    if not own:
        return [0.0] * len(rewards)
    divisor = 1.0
    if options.loss_type == "rloo":
        divisor = (episodes - 1) / episodes
    elif options.scaling == "group":
        divisor = own
    elif options.scaling == "batch":
        if deviation is None:
            raise ValueError("scale_rewards = 'batch' needs the batch's deviation; see reward_deviation")
        divisor = deviation
    return [(reward - mean) / divisor if divisor else 0.0 for reward in rewards]


def step_advantages(
    chains: Sequence[ScoredChain],
    multiplicities: Sequence[int],
    rewards: Sequence[float],
    options: PolicyOptions,
    deviation: float | None = None,
) -> list[list[float]]:
    """For each chain of one group the advantage of each of its scored tokens, in their order: credit from branches.

    A branch is a longest run of tokens that the same chains share. Its tokens' advantage is the mean of
    `chain_advantages` over the episodes below it, less that mean below the branch from which it parts: with the tree's
    own episodes as the samples, V(after) - V(before) of VinePPO (arXiv 2410.01679), and it costs no further sampling.
    So the tokens that all chains of the group share have advantage 0; a chain that shares nothing but the prompt has
    its chain's advantage at every token; and the advantages of the branches along a chain that does not end inside
    another add up to the chain's. Where chains part in a tool's result, the tokens after it have the credit of it.
    `deviation`: as in `chain_advantages`. Raises RequestError for losses with one ratio a chain.
    """
    if options.by_chain:
        raise RequestError(
            f"loss_type = {options.loss_type!r}: has one ratio a chain, and step credit has an advantage a token; "
            "use another loss or the chains' advantages"
        )
    whole = chain_advantages(rewards, multiplicities, options, deviation)
    order = sorted(range(len(chains)), key=lambda index: chains[index].ids)
    ids = [chains[index].ids for index in order]
    found = [[0.0] * len(chain.ids) for chain in chains]
    # Chains [start, stop) of the order share their first `depth` ids; `before` is the mean below the branch before.
    branches: list[tuple[int, int, int, float | None]] = [(0, len(chains), 0, None)] if chains else []
    while branches:
        start, stop, depth, before = branches.pop()
        end = common_prefix(ids[start], ids[stop - 1])
        members = order[start:stop]
        episodes = sum(multiplicities[index] for index in members)
        mean = math.fsum(multiplicities[index] * whole[index] for index in members) / episodes
        for index in members:
            found[index][depth:end] = [0.0 if before is None else mean - before] * (end - depth)
        for token, below in groupby(range(start, stop), key=lambda at: ids[at][end : end + 1]):
            first, *others = below
            if token:  # else these chains end here
                branches.append((first, first + 1 + len(others), end, mean))
    return [
        [advantage for advantage, scored in zip(row, chain.scored, strict=True) if scored]
        for row, chain in zip(found, chains, strict=True)
    ]


def _moments(rewards: Sequence[float], multiplicities: Sequence[int]) -> tuple[float, float, int]:
    """The mean and the deviation of the rewards, and the number of episodes. Equal rewards: deviation 0."""
    if len(rewards) != len(multiplicities) or any(times < 1 for times in multiplicities):
        raise ValueError(f"{len(rewards)} rewards with the multiplicities {list(multiplicities)}: one above 0 for each")
    for reward in rewards:
        if not math.isfinite(reward):
            raise RequestError(f"a reward is {reward}: rules of rewards must give finite numbers")
    pairs = list(zip(rewards, multiplicities, strict=True))
    episodes = sum(multiplicities)
    if all_equal(rewards):
        return (rewards[0] if pairs else 0.0), 0.0, episodes
    mean = math.fsum(times * reward for reward, times in pairs) / episodes
    squares = math.fsum(times * (reward - mean) ** 2 for reward, times in pairs)
    return mean, math.sqrt(squares / (episodes - 1)), episodes
