"""Advantages against their definitions over episodes, and step credit against sets of equal prefixes."""

import math
import random
from collections.abc import Sequence
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.errors import RequestError
from tests.training.tree.sampled import batch_advantages, plain_advantages, random_step
from training.chains import ScoredChain
from training.tree.advantages import (
    RewardedGroup,
    chain_advantages,
    reward_deviation,
    step_advantages,
)
from training.tree.policy_loss import LOSS_TYPES, PolicyOptions

PLAIN = PolicyOptions("grpo", scale_rewards="none")
rewarded = st.lists(st.tuples(st.sampled_from([0.0, 1.0, 0.1, -2.5, 0.3]), st.integers(1, 4)), min_size=1, max_size=7)


def options_of(loss_type: str) -> PolicyOptions:
    constant = 7 if loss_type == "dr_grpo" else None
    return PolicyOptions(loss_type=loss_type, max_completion_length=constant)  # type: ignore[arg-type]


def group_of(pairs: Sequence[tuple[float, int]]) -> RewardedGroup:
    return [reward for reward, _ in pairs], [times for _, times in pairs]


def chain_of(*ids: int) -> ScoredChain:
    """A prompt of one token, and what was written after it."""
    return ScoredChain((99, *ids), (False,) + (True,) * len(ids))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (PLAIN, [0.5, -0.5]),
        (PolicyOptions("grpo"), [0.5 / math.sqrt(1 / 3), -0.5 / math.sqrt(1 / 3)]),
        (options_of("rloo"), [2 / 3, -2 / 3]),
    ],
)
def test_a_group_by_hand(options: PolicyOptions, expected: list[float]) -> None:
    """Two right and two wrong episodes: deviation of samples sqrt(1/3); the others of a right one are right in 1/3."""
    assert chain_advantages([1.0, 0.0], [2, 2], options) == pytest.approx(expected)


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_ragged_groups_are_those_of_episodes_one_by_one(loss_type: str) -> None:
    draw = random.Random(f"advantages {loss_type}")
    options = options_of(loss_type)
    for _ in range(200):
        step = random_step(draw, draw.randint(1, 4))
        groups = [([one.reward for one in group], [one.times for one in group]) for group in step.groups]
        episodes = [[r for r, times in zip(*group, strict=True) for _ in range(times)] for group in groups]
        plain = plain_advantages(episodes, loss_type, options.scaling)
        for group, advantages, expected in zip(groups, batch_advantages(groups, options), plain, strict=True):
            repeated = [value for value, times in zip(advantages, group[1], strict=True) for _ in range(times)]
            assert repeated == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(st.lists(rewarded, min_size=1, max_size=4), st.sampled_from(LOSS_TYPES))
def test_advantages_of_a_group_add_up_to_0_over_its_episodes(groups: list[list[tuple[float, int]]], name: str) -> None:
    given_groups = [group_of(pairs) for pairs in groups]
    for (_, times), advantages in zip(given_groups, batch_advantages(given_groups, options_of(name)), strict=True):
        assert math.fsum(m * a for m, a in zip(times, advantages, strict=True)) == pytest.approx(0, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(rewarded, st.sampled_from(LOSS_TYPES), st.randoms(use_true_random=False))
def test_the_order_of_chains_changes_nothing(pairs: list[tuple[float, int]], name: str, draw: random.Random) -> None:
    order = draw.sample(range(len(pairs)), len(pairs))
    (found,) = batch_advantages([group_of(pairs)], options_of(name))
    (turned,) = batch_advantages([group_of([pairs[index] for index in order])], options_of(name))
    assert turned == pytest.approx([found[index] for index in order], rel=1e-9, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(rewarded, st.sampled_from(["grpo", "dapo", "gspo", "cispo", "lite_ppo"]), st.sampled_from([1e-3, 40.0]))
def test_the_unit_of_rewards_changes_nothing_where_they_are_scaled(
    pairs: list[tuple[float, int]], name: str, unit: float
) -> None:
    (found,) = batch_advantages([group_of(pairs)], options_of(name))
    (other,) = batch_advantages([group_of([(unit * r + 3, times) for r, times in pairs])], options_of(name))
    assert other == pytest.approx(found, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
@pytest.mark.parametrize("rewards", [[0.1] * 7, [0.1 + 0.2, 0.3, 0.3], [1e8 + 1e-8, 1e8], [1.0], []])
def test_equal_rewards_have_no_advantage(loss_type: str, rewards: list[float]) -> None:
    """Also those that differ by the rounding of their sum: divided by its deviation it would be 1."""
    groups: list[RewardedGroup] = [(rewards, [3] * len(rewards)), ([0.0, 1.0], [1, 1])]
    assert batch_advantages(groups, options_of(loss_type))[0] == [0.0] * len(rewards)
    assert batch_advantages(groups[:1], options_of(loss_type))[0] == [0.0] * len(rewards)


def test_small_differences_are_differences() -> None:
    assert chain_advantages([1e-6, 0.0], [1, 1], PolicyOptions("grpo")) == pytest.approx([0.5**0.5, -(0.5**0.5)])


def test_the_batch_gives_lite_ppo_its_deviation() -> None:
    """Means are the groups', the deviation that of all five episodes; no mean of groups' deviations."""
    groups: list[RewardedGroup] = [([1.0, 0.0], [2, 1]), ([5.0, 3.0], [1, 1])]
    deviation = stdev([1.0, 1.0, 0.0, 5.0, 3.0])
    assert reward_deviation(groups) == pytest.approx(deviation)
    first, second = batch_advantages(groups, PolicyOptions("lite_ppo"))
    assert first == pytest.approx([1 / 3 / deviation, -2 / 3 / deviation])
    assert second == pytest.approx([1 / deviation, -1 / deviation])
    with pytest.raises(ValueError, match=r"see reward_deviation$"):
        chain_advantages([1.0, 0.0], [1, 1], PolicyOptions("lite_ppo"))


@pytest.mark.parametrize("reward", [math.nan, math.inf, -math.inf])
def test_a_reward_that_is_no_number_is_refused(reward: float) -> None:
    with pytest.raises(RequestError, match=r"must give finite numbers$"):
        chain_advantages([1.0, reward], [1, 1], PLAIN)


@pytest.mark.parametrize("times", [[1], [1, 0], [1, -1]])
def test_each_reward_has_a_multiplicity(times: list[int]) -> None:
    with pytest.raises(ValueError, match=r"one above 0 for each$"):
        chain_advantages([1.0, 0.0], times, PLAIN)


def test_step_credit_by_hand() -> None:
    """After a shared token 1, half of the episodes write 2 and are right in 2 of 3 cases, and two write 5 in vain."""
    chains = [chain_of(1, 2, 3), chain_of(1, 2, 4), chain_of(1, 5), chain_of(1, 2)]
    found = step_advantages(chains, [1, 1, 2, 1], [1.0, 0.0, 0.0, 1.0], PLAIN)
    after = 2 / 3 - 2 / 5
    expected = [[0.0, after, 1 / 3], [0.0, after, -2 / 3], [0.0, -2 / 5], [0.0, after]]
    for row, values in zip(found, expected, strict=True):
        assert row == pytest.approx(values)


def test_step_credit_counts_episodes_and_not_chains() -> None:
    once, thrice = (step_advantages([chain_of(1), chain_of(2)], [1, m], [1.0, 0.0], PLAIN) for m in (1, 3))
    assert once == [[0.5], [-0.5]]
    assert thrice == [[0.75], [-0.25]]


def test_only_scored_tokens_have_an_advantage() -> None:
    """Two chains that part in a tool's result, which is not scored: what follows it has the credit of it."""
    marks = (False, True, False, False, True)
    chains = [ScoredChain((9, 1, 4, 6, 2), marks), ScoredChain((9, 1, 5, 6, 3), marks)]
    assert step_advantages(chains, [1, 1], [1.0, 0.0], PLAIN) == [[0.0, 0.5], [0.0, -0.5]]


def plain_step_advantages(chains: list[ScoredChain], episodes: list[tuple[int, float]]) -> list[list[float]]:
    """By sets: the branch of a token is the set of episodes that wrote the same up to it. episodes: chain, value."""
    found = []
    for chain in chains:
        sets = [
            frozenset(e for e, (index, _) in enumerate(episodes) if chains[index].ids[:at] == chain.ids[:at])
            for at in range(1, len(chain.ids) + 1)
        ]
        different = list(dict.fromkeys(sets))
        means = {members: fmean(episodes[e][1] for e in members) for members in different}
        before = dict(zip(different, [different[0], *different], strict=False))
        found.append([means[s] - means[before[s]] for s, scored in zip(sets, chain.scored, strict=True) if scored])
    return found


@pytest.mark.parametrize("scale", ["none", "group", "batch"])
def test_step_credit_is_that_of_equal_prefixes(scale: str) -> None:
    draw = random.Random(f"steps {scale}")
    options = PolicyOptions("grpo", scale_rewards=scale)  # type: ignore[arg-type]
    for _ in range(200):
        (group,) = random_step(draw, 1).groups
        chains, times, rewards = zip(*((one.chain, one.times, one.reward) for one in group), strict=True)
        deviation = 2.5 if scale == "batch" else None
        whole = chain_advantages(rewards, times, options, deviation)
        episodes = [(index, whole[index]) for index in range(len(group)) for _ in range(times[index])]
        found = step_advantages(chains, times, rewards, options, deviation)
        for row, expected in zip(found, plain_step_advantages(list(chains), episodes), strict=True):
            assert row == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(rewarded, st.sampled_from(["grpo", "dapo", "cispo", "dr_grpo"]))
def test_chains_without_branches_have_their_own_advantage_at_every_token(
    pairs: list[tuple[float, int]], name: str
) -> None:
    """They share the prompt alone: nothing is left to tell a token's part of the credit from another's. A chain alone
    in its group is its own mean."""
    rewards, times = group_of(pairs)
    chains = [chain_of(index, 50, 51) for index in range(len(pairs))]
    found = step_advantages(chains, times, rewards, options_of(name))
    whole = chain_advantages(rewards, times, options_of(name))
    assert found == [pytest.approx([advantage] * 3, abs=1e-12) for advantage in whole]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.lists(st.integers(0, 2), min_size=3, max_size=3).map(tuple),
        st.tuples(st.floats(-3, 3), st.integers(1, 3)),
        min_size=1,
        max_size=9,
    )
)
def test_the_branches_along_a_chain_add_up_to_its_advantage(tree: dict[tuple[int, ...], tuple[float, int]]) -> None:
    """Of chains of one length no one ends inside another. A branch's advantage is counted once, not at every token."""
    chains = [chain_of(*ids) for ids in tree]
    rewards, times = group_of(list(tree.values()))
    whole = chain_advantages(rewards, times, PLAIN)
    for chain, row, advantage in zip(chains, step_advantages(chains, times, rewards, PLAIN), whole, strict=True):
        branch = [sum(other.ids[: at + 2] == chain.ids[: at + 2] for other in chains) for at in range(3)]
        first_of_branch = [at for at in range(3) if at == 0 or branch[at] != branch[at - 1]]
        assert math.fsum(row[at] for at in first_of_branch) == pytest.approx(advantage, abs=1e-9)


@pytest.mark.parametrize("loss_type", ["gspo", "rloo"])
def test_step_credit_is_refused_for_one_ratio_a_chain(loss_type: str) -> None:
    with pytest.raises(RequestError, match=r"use another loss or the chains' advantages$"):
        step_advantages([chain_of(1)], [1], [1.0], options_of(loss_type))


def test_a_group_without_chains_has_no_advantages() -> None:
    assert step_advantages([], [], [], PLAIN) == []
    assert reward_deviation([]) == 0.0


def test_the_unit_of_rewards_changes_nothing_until_they_are_taken_as_equal() -> None:
    """As the module says, with the numbers of `rollout.rewards.EQUAL`."""
    once = chain_advantages([0.0, 1.0], [1, 1], PolicyOptions())
    for unit in (1e-8, 1e-3, 1e12):
        assert chain_advantages([0.0, unit], [1, 1], PolicyOptions()) == pytest.approx(once)
    assert chain_advantages([0.0, 1e-10], [1, 1], PolicyOptions()) == [0.0, 0.0]
    assert chain_advantages([1e9, 1e9 + 0.5], [1, 1], PolicyOptions()) == [0.0, 0.0]
