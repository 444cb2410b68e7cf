"""Losses of GRPO's family on trees against plain Python over episodes. TRL's are in test_policy_against_trl."""

import math
import random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.errors import RequestError
from tests.training.tree.sampled import (
    Sampled,
    Step,
    batch_advantages,
    plain_advantages,
    plain_loss,
    random_step,
    tree_row,
)
from training.tree.advantages import reward_deviation, step_advantages
from training.tree.policy_loss import (
    LOSS_TYPES,
    POLICY_METRICS,
    PolicyOptions,
    entry_weights,
    policy_loss,
    policy_metrics,
)

CONSTANT = 7


def options_of(loss_type: str, **others: Any) -> PolicyOptions:
    constant = CONSTANT if loss_type == "dr_grpo" else None
    return PolicyOptions(loss_type=loss_type, max_completion_length=constant, **others)  # type: ignore[arg-type]


def on_trees(
    step: Step, options: PolicyOptions, draw: random.Random, credit: str = "chains"
) -> tuple[float, dict[tuple[int, ...], float], dict[str, float]]:
    """The step's loss by rows of trees: its value, its derivatives, its metrics. Chains go to up to three rows."""
    groups = [([one.reward for one in group], [one.times for one in group]) for group in step.groups]
    rows: list[list[tuple[Sampled, list[float], float]]] = [[], [], []]
    whole = batch_advantages(groups, options)
    for group, (rewards, times), advantages in zip(step.groups, groups, whole, strict=True):
        tokens = [[advantage] * one.chain.length for one, advantage in zip(group, advantages, strict=True)]
        if credit == "steps":
            tokens = step_advantages([one.chain for one in group], times, rewards, options, reward_deviation(groups))
        for member in zip(group, tokens, step.weights(group, options), strict=True):
            draw.choice(rows).append(member)
    places = {prefix: at for at, prefix in enumerate(step.logps)}
    table = torch.tensor(list(step.logps.values()), dtype=torch.float64, requires_grad=True)
    loss = torch.zeros((), dtype=torch.float64)
    metrics = dict.fromkeys(POLICY_METRICS, 0.0)
    for row in (tree_row(row, places) for row in rows if row):
        logps = table[row.place]
        loss = loss + policy_loss(logps, row.behaviour, row.advantages, row.weights, row.chain, options)
        totals = {"episodes_of_step": step.episodes, "tokens_of_step": step.tokens}
        shares = policy_metrics(logps, row.behaviour, row.advantages, row.multiplicities, row.chain, options, **totals)
        metrics = {name: metrics[name] + float(shares[name]) for name in metrics}
    (gradient,) = torch.autograd.grad(loss, table)
    return float(loss.detach()), dict(zip(places, gradient.tolist(), strict=True)), metrics


def episodes_advantages(step: Step, options: PolicyOptions) -> list[list[list[float]]]:
    """The plain side's advantages of all tokens of all episodes."""
    rewards = [[one.reward for one in group for _ in range(one.times)] for group in step.groups]
    lengths = [[one.chain.length for one in group for _ in range(one.times)] for group in step.groups]
    found = plain_advantages(rewards, options.loss_type, options.scaling)
    return [
        [[value] * length for value, length in zip(*group, strict=True)] for group in zip(found, lengths, strict=True)
    ]


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_value_gradient_and_clip_ratios_are_those_of_episodes_one_by_one(loss_type: str) -> None:
    draw = random.Random(f"policy {loss_type}")
    clipped = [0, 0]
    for round_ in range(200):
        step = random_step(draw, draw.randint(1, 3))
        bounds: dict[str, float] = {}
        if round_ % 2:
            bounds = {"epsilon": 0.1, "epsilon_high": 0.3} if loss_type != "cispo" else {"epsilon_high": 1.1}
        scale = draw.choice(["group", "batch", "none"])
        fixed = loss_type in ("rloo", "dr_grpo", "lite_ppo")
        options = options_of(loss_type, **bounds, scale_rewards=None if fixed else scale)
        plain = plain_loss(step, episodes_advantages(step, options), loss_type, options.bounds, CONSTANT)
        value, gradient, metrics = on_trees(step, options, draw)
        assert value == pytest.approx(plain.value, rel=1e-9, abs=1e-9)
        for prefix, derivative in gradient.items():
            assert derivative == pytest.approx(plain.gradient[prefix], rel=1e-9, abs=1e-9)
        assert metrics["clip_ratio/low_mean"] == pytest.approx(plain.low, abs=1e-9)
        assert metrics["clip_ratio/high_mean"] == pytest.approx(plain.high, abs=1e-9)
        assert metrics["clip_ratio/region_mean"] == pytest.approx(plain.low + plain.high, abs=1e-9)
        clipped = [clipped[0] + (plain.low > 0), clipped[1] + (plain.high > 0)]
    # The steps have to reach what the formulas differ in.
    assert min(clipped) > 20 or (loss_type == "cispo" and clipped[1] > 20)


@pytest.mark.parametrize("loss_type", ["grpo", "dr_grpo", "dapo", "cispo", "lite_ppo"])
def test_step_credit_is_a_loss_with_an_advantage_a_token(loss_type: str) -> None:
    draw = random.Random(f"credit {loss_type}")
    for _ in range(40):
        step = random_step(draw, 1)
        options = options_of(loss_type)
        (group,) = step.groups
        times, rewards = [one.times for one in group], [one.reward for one in group]
        deviation = reward_deviation([(rewards, times)])
        tokens = step_advantages([one.chain for one in group], times, rewards, options, deviation)
        repeated = [[token for one, token in zip(group, tokens, strict=True) for _ in range(one.times)]]
        plain = plain_loss(step, repeated, loss_type, options.bounds, CONSTANT)
        value, gradient, _ = on_trees(step, options, draw, "steps")
        assert value == pytest.approx(plain.value, rel=1e-9, abs=1e-9)
        assert gradient == pytest.approx({prefix: plain.gradient[prefix] for prefix in gradient}, rel=1e-9, abs=1e-9)


def row_of(logps: list[float], behaviour: list[float], advantages: list[float], chain: list[int]) -> Any:
    numbers = [torch.tensor(values, dtype=torch.float64) for values in (logps, behaviour, advantages)]
    return *numbers, torch.tensor(chain)


def test_bounds_by_hand() -> None:
    """Ratios 1.5 and 0.5 at advantages of both signs: only the bound on the far side of the advantage's sign holds."""
    logs = [math.log(1.5), math.log(0.5)] * 2
    logps, behaviour, advantages, chain = row_of(logs, [0.0] * 4, [1.0, 1.0, -2.0, -2.0], [0, 1, 2, 3])
    losses = [
        float(policy_loss(logps, behaviour, advantages, torch.eye(4).double()[at], chain, PolicyOptions("dapo")))
        for at in range(4)
    ]
    assert losses == pytest.approx([-1.28, -0.5, 3.0, 1.6])


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_a_ratio_beyond_all_numbers_is_clipped_as_any_other_above_the_bound(loss_type: str) -> None:
    """Products over long chains overflow; with a positive advantage value and gradient are those of a ratio of 10."""
    options, weights, found = options_of(loss_type), torch.full((2,), 0.5).double(), []
    for difference in (math.log(10), 100.0, 800.0):
        logps, behaviour, advantages, chain = row_of(
            [-1.0, -2.0], [-1 - difference, -2 - difference], [1.0, 1.0], [0, 0]
        )
        logps.requires_grad_(True)
        loss = policy_loss(logps, behaviour, advantages, weights, chain, options)
        (gradient,) = torch.autograd.grad(loss, logps)
        found.append((float(loss.detach()), *gradient.tolist()))
    assert found[1:] == found[:1] * 2
    assert all(map(math.isfinite, found[0]))


@pytest.mark.parametrize(
    ("given", "bounds"),
    [
        ({"loss_type": "grpo"}, (0.8, 1.2)),
        ({"loss_type": "dapo"}, (0.8, 1.28)),
        ({"loss_type": "dapo", "epsilon": 0.1}, (0.9, 1.1)),
        ({"loss_type": "gspo"}, (1 - 3e-4, 1 + 4e-4)),
        ({"loss_type": "gspo", "epsilon_high": 0.5}, (1 - 3e-4, 1.5)),
        ({"loss_type": "cispo"}, (0.0, 5.0)),
        ({"loss_type": "cispo", "epsilon_high": 3.0}, (0.0, 3.0)),
        ({"loss_type": "rloo", "epsilon": 0.3, "epsilon_high": 0.4}, (0.7, 1.4)),
    ],
)
def test_bounds_of_the_sources_and_given_ones(given: dict[str, Any], bounds: tuple[float, float]) -> None:
    assert PolicyOptions(**given).bounds == pytest.approx(bounds)


def test_scalings_of_the_sources() -> None:
    found = {loss_type: options_of(loss_type).scaling for loss_type in LOSS_TYPES}
    group = dict.fromkeys(("grpo", "dapo", "gspo", "cispo"), "group")
    assert found == {**group, "dr_grpo": "none", "rloo": "none", "lite_ppo": "batch"}
    assert PolicyOptions("grpo", scale_rewards="batch").scaling == "batch"


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_an_advantage_of_0_has_no_gradient_even_where_the_ratio_is_infinite(loss_type: str) -> None:
    logps, behaviour, advantages, chain = row_of([-1.0, -1.0, -2.0], [-900.0, -2.0, -2.5], [0.0, 0.0, 1.0], [0, 0, 1])
    logps.requires_grad_()
    weights = torch.ones(3).double()
    loss = policy_loss(logps, behaviour, advantages, weights, chain, options_of(loss_type))
    (gradient,) = torch.autograd.grad(loss, logps)
    assert math.isfinite(loss.item())
    assert gradient[:2].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_on_the_behaviour_policy_the_gradient_is_that_of_reinforce(loss_type: str) -> None:
    """No ratio is clipped at 1: each token's derivative is minus its weight times its advantage, over the length for a
    chain's mean of ratios, times the length for the product of its tokens' ratios."""
    logps, _, advantages, chain = row_of([-1.0, -0.5, -2.0], [0.0] * 3, [0.5, 0.5, -1.5], [0, 0, 2])
    logps.requires_grad_()
    weights = torch.tensor([0.25, 0.25, 0.5], dtype=torch.float64)
    loss = policy_loss(logps, logps.detach(), advantages, weights, chain, options_of(loss_type))
    (gradient,) = torch.autograd.grad(loss, logps)
    lengths = torch.tensor([2.0, 2.0, 1.0]) if loss_type == "rloo" else 1.0
    torch.testing.assert_close(gradient, -weights * advantages * lengths, rtol=1e-12, atol=1e-12)


def test_metrics_by_hand() -> None:
    """Two chains: one of two tokens that two episodes sampled, one of one token. Five tokens, three episodes."""
    logps, behaviour, advantages, chain = row_of(
        [math.log(0.5), math.log(0.2), math.log(0.9)],
        [math.log(0.25), math.log(0.2), math.log(0.45)],
        [1.0, 1.0, -1.0],
        [0, 0, 1],
    )
    times = torch.tensor([2, 2, 1])
    totals = {"episodes_of_step": 3, "tokens_of_step": 5}
    found = policy_metrics(logps, behaviour, advantages, times, chain, PolicyOptions("grpo"), **totals)
    kl = (1 - math.log(2)) * 3 / 5
    # The ratios are 2, 1 and 2; a high one is not clipped at a negative advantage.
    assert {name: float(value) for name, value in found.items()} == pytest.approx(
        {
            "clip_ratio/low_mean": 0.0,
            "clip_ratio/high_mean": 2 / 5,
            "clip_ratio/region_mean": 2 / 5,
            "approx_kl": kl,
            "logp_difference": 3 / 5 * math.log(2),
        }
    )
    found = policy_metrics(logps, behaviour, advantages, times, chain, PolicyOptions("gspo"), **totals)
    assert float(found["clip_ratio/high_mean"]) == pytest.approx(2 / 3)
    assert float(found["approx_kl"]) == pytest.approx(kl)
    assert tuple(found) == POLICY_METRICS


def test_weights_by_hand() -> None:
    """Chains of two and four tokens, the second sampled three times: four episodes, fourteen tokens."""
    totals = {"episodes_of_step": 4, "tokens_of_step": 14}
    found = {name: entry_weights([2, 4], [1, 3], options_of(name), **totals) for name in LOSS_TYPES}
    means, tokens = pytest.approx([1 / 8, 3 / 16]), pytest.approx([1 / 14, 3 / 14])
    assert found == {
        **dict.fromkeys(("grpo", "gspo", "rloo"), means),
        **dict.fromkeys(("dapo", "cispo", "lite_ppo"), tokens),
        "dr_grpo": pytest.approx([1 / 28, 3 / 28]),
    }


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(LOSS_TYPES), st.floats(-3, 3))
def test_equal_rewards_teach_nothing(seed: int, loss_type: str, reward: float) -> None:
    draw = random.Random(seed)
    step = random_step(draw, 2)
    equal = [[Sampled(one.chain, one.times, reward, one.behaviour) for one in group] for group in step.groups]
    value, gradient, _ = on_trees(Step(equal, step.logps), options_of(loss_type), draw)
    assert value == 0
    assert not any(gradient.values())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(LOSS_TYPES))
def test_the_order_of_chains_and_of_groups_changes_nothing(seed: int, loss_type: str) -> None:
    draw = random.Random(seed)
    step, options = random_step(draw, 2), options_of(loss_type)
    turned = [draw.sample(group, len(group)) for group in reversed(step.groups)]
    value, gradient, metrics = on_trees(step, options, draw)
    other, others, other_metrics = on_trees(Step(turned, step.logps), options, draw)
    assert other == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert others == pytest.approx(gradient, rel=1e-9, abs=1e-12)
    assert other_metrics == pytest.approx(metrics, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loss_type": "ppo"}, "unknown; one of grpo, dr_grpo, dapo, rloo, gspo, cispo, lite_ppo$"),
        ({"epsilon": 0.0}, "above 0 and below 1$"),
        ({"epsilon": 1.0}, "above 0 and below 1$"),
        ({"epsilon": math.nan}, "above 0 and below 1$"),
        ({"epsilon_high": 0.0}, "above 0 for 'grpo'$"),
        ({"epsilon_high": math.inf}, "above 0 for 'grpo'$"),
        ({"loss_type": "cispo", "epsilon": 0.2}, "has no lower bound; leave it out$"),
        ({"loss_type": "cispo", "epsilon_high": 0.28}, "above 1 for 'cispo'$"),
        ({"scale_rewards": "sum"}, "has 'group' or 'batch' or 'none'$"),
        ({"loss_type": "rloo", "scale_rewards": "group"}, "'rloo' has 'none'$"),
        ({"loss_type": "dr_grpo", "scale_rewards": "batch", "max_completion_length": 9}, "'dr_grpo' has 'none'$"),
        ({"loss_type": "lite_ppo", "scale_rewards": "group"}, "'lite_ppo' has 'batch'$"),
        ({"loss_type": "dr_grpo"}, "set it to at least 1$"),
        ({"loss_type": "dr_grpo", "max_completion_length": 0}, "set it to at least 1$"),
        ({"loss_type": "grpo", "max_completion_length": 9}, "not for loss_type = 'grpo'; leave it out$"),
    ],
)
def test_options_that_a_loss_does_not_have_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        PolicyOptions(**given)
