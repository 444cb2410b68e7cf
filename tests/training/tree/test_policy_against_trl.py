"""Losses of GRPO's family on trees against those of TRL's trainers on the same episodes, each in a padded row."""

import random
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.training.tree.sampled import Prefix, Sampled, Step, batch_advantages, random_step, tree_row
from training.tree.advantages import step_advantages
from training.tree.policy_loss import PolicyOptions, policy_loss, policy_metrics

# TRL says so of every vLLM that is newer than itself, and its losses know no vLLM.
pytestmark = pytest.mark.filterwarnings("ignore:TRL currently supports vLLM")

LENGTH = 40
"""TRL's `max_completion_length`."""


def padded(step: Step, tokens: list[list[list[float]]], table: Tensor) -> dict[str, Tensor]:
    """TRL's inputs: every episode its own row, what it did not write masked by `tool_mask`."""
    places = {prefix: at for at, prefix in enumerate(step.logps)}
    rows = []
    for group, advantages in zip(step.groups, tokens, strict=True):
        start = next(at for at in range(99) if any(one.chain.scored[at] for one in group))
        for one, values in zip(group, advantages, strict=True):
            rows += [(one, one.chain.ids[start:], one.chain.scored[start:], values)] * one.times
    width = max(len(ids) for _, ids, _, _ in rows)
    shape = (len(rows), width)
    ids, mask, tools = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
    # What is masked must not count, whatever it is.
    logps, old, advantage = (torch.full(shape, value, dtype=torch.float64) for value in (-3.0, -3.5, 7.0))
    for row, (one, written, scored, values) in enumerate(rows):
        marks = torch.tensor(scored)
        ids[row, : len(written)] = torch.tensor(written)
        mask[row, : len(written)] = 1
        tools[row, : len(written)] = marks.long()
        at = torch.nonzero(marks)[:, 0]
        logps[row, at] = table[torch.tensor([places[prefix] for prefix in one.prefixes])]
        old[row, at] = torch.tensor(one.behaviour, dtype=torch.float64)
        advantage[row, at] = torch.tensor(values, dtype=torch.float64)
    prompt = torch.ones(len(rows), 1, dtype=torch.long)
    return {
        "prompt_ids": prompt,
        "prompt_mask": prompt,
        "completion_ids": ids,
        "completion_mask": mask,
        "tool_mask": tools,
        "logps": logps,
        "old_per_token_logps": old,
        "advantages": advantage,
        "num_items_in_batch": (mask * tools).sum(),
    }


def trainer_of(inputs: dict[str, Tensor], options: PolicyOptions, **own: Any) -> Any:
    """What TRL's `_compute_loss` reads of its trainer: one process, one batch a step, no KL and no entropy bonus."""
    logps = inputs["logps"]
    return SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: (logps, torch.zeros_like(logps), None),
        accelerator=SimpleNamespace(num_processes=1, gather=lambda value: value, reduce=lambda value, reduction: value),
        model=SimpleNamespace(training=True),
        args=SimpleNamespace(delta=None, steps_per_generation=1),
        aux_loss_enabled=False,
        epsilon_low=1 - options.bounds[0],
        epsilon_high=options.bounds[1] - (options.loss_type != "cispo"),
        _metrics=defaultdict(lambda: defaultdict(list)),
        **own,
    )


def grpo_trainer(inputs: dict[str, Tensor], options: PolicyOptions) -> Any:
    """Lite PPO is TRL's `dapo` with advantages scaled by the batch, GSPO its `grpo` with one ratio a sequence."""
    return trainer_of(
        inputs,
        options,
        loss_type={"lite_ppo": "dapo", "gspo": "grpo"}.get(options.loss_type, options.loss_type),
        importance_sampling_level="sequence" if options.loss_type == "gspo" else "token",
        max_completion_length=LENGTH,
        current_gradient_accumulation_steps=1,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        beta=0.0,
        use_vllm=False,
        _entropy_bonus_enabled=False,
    )


def tokens_of(step: Step, options: PolicyOptions, credit: str) -> list[list[list[float]]]:
    """For each group and chain the advantage of each token."""
    groups = [([one.reward for one in group], [one.times for one in group]) for group in step.groups]
    if credit == "steps":
        return [
            step_advantages([one.chain for one in group], times, rewards, options)
            for group, (rewards, times) in zip(step.groups, groups, strict=True)
        ]
    return [
        [[value] * one.chain.length for one, value in zip(group, values, strict=True)]
        for group, values in zip(step.groups, batch_advantages(groups, options), strict=True)
    ]


def ours(
    step: Step, tokens: list[list[list[float]]], options: PolicyOptions, table: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """All chains of the step as one tree."""
    members: list[tuple[Sampled, list[float], float]] = []
    for group, values in zip(step.groups, tokens, strict=True):
        members += zip(group, values, step.weights(group, options), strict=True)
    places: dict[Prefix, int] = {prefix: at for at, prefix in enumerate(step.logps)}
    row = tree_row(members, places)
    logps = table[row.place]
    totals = {"episodes_of_step": step.episodes, "tokens_of_step": step.tokens}
    return (
        policy_loss(logps, row.behaviour, row.advantages, row.weights, row.chain, options),
        policy_metrics(logps, row.behaviour, row.advantages, row.multiplicities, row.chain, options, **totals),
    )


CASES: list[tuple[dict[str, Any], str]] = [
    ({"loss_type": "grpo"}, "chains"),
    ({"loss_type": "grpo"}, "steps"),
    ({"loss_type": "grpo", "epsilon": 0.1, "epsilon_high": 0.3, "scale_rewards": "none"}, "chains"),
    ({"loss_type": "dr_grpo", "max_completion_length": LENGTH}, "chains"),
    ({"loss_type": "dapo"}, "chains"),
    ({"loss_type": "dapo"}, "steps"),
    ({"loss_type": "cispo", "epsilon_high": 1.2}, "chains"),
    ({"loss_type": "cispo"}, "chains"),
    ({"loss_type": "gspo"}, "chains"),
    ({"loss_type": "gspo", "epsilon": 0.1, "epsilon_high": 0.2}, "chains"),
    ({"loss_type": "lite_ppo"}, "chains"),
]


def compare(loss: Tensor, theirs: Tensor, table: Tensor) -> None:
    torch.testing.assert_close(loss, theirs.double(), rtol=1e-5, atol=1e-5)
    mine, other = (torch.autograd.grad(value, table)[0] for value in (loss, theirs))
    torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("given", "credit"), CASES)
def test_trls_grpo_trainer_has_the_same_loss_gradient_and_clip_ratios(given: dict[str, Any], credit: str) -> None:
    from trl.trainer.grpo_trainer import GRPOTrainer

    options = PolicyOptions(**given)
    draw = random.Random(f"trl {given} {credit}")
    clipped = 0.0
    for _ in range(20):
        step = random_step(draw, draw.randint(1, 3))
        table = torch.tensor(list(step.logps.values()), dtype=torch.float64, requires_grad=True)
        tokens = tokens_of(step, options, credit)
        inputs = padded(step, tokens, table)
        if options.by_chain:
            inputs["advantages"] = torch.tensor(
                [
                    values[0]
                    for group, of_group in zip(step.groups, tokens, strict=True)
                    for one, values in zip(group, of_group, strict=True)
                    for _ in range(one.times)
                ]
            )
        trainer = grpo_trainer(inputs, options)
        theirs = GRPOTrainer._compute_loss(trainer, None, inputs)
        loss, metrics = ours(step, tokens, options, table)
        compare(loss, theirs, table)
        logged = trainer._metrics["train"]
        names = {f"clip_ratio/{side}_mean": f"clip_ratio/{side}_mean" for side in ("low", "high", "region")}
        if options.loss_type == "cispo":
            names = {"clip_ratio/high_mean": "cispo_clip_ratio"}
        for name, other in names.items():
            assert float(metrics[name]) == pytest.approx(logged[other][0], abs=1e-5)
        clipped += float(metrics["clip_ratio/region_mean"])
    assert clipped > 0 or options.bounds[1] == 5


def test_trls_rloo_trainer_has_the_same_loss_gradient_and_clip_ratios() -> None:
    """It knows no `tool_mask`: what is not scored is left out of its `completion_mask`."""
    from trl.trainer.rloo_trainer import RLOOTrainer

    options = PolicyOptions("rloo")
    draw = random.Random("trl rloo")
    for _ in range(20):
        step = random_step(draw, draw.randint(1, 3))
        table = torch.tensor(list(step.logps.values()), dtype=torch.float64, requires_grad=True)
        tokens = tokens_of(step, options, "chains")
        inputs = padded(step, tokens, table)
        scored = inputs.pop("tool_mask") * inputs["completion_mask"]
        first = scored.argmax(1, keepdim=True)
        inputs |= {
            "completion_mask": scored,
            "old_logps": (inputs["old_per_token_logps"] * scored).sum(1),
            "advantages": inputs["advantages"].gather(1, first)[:, 0],
        }
        trainer = trainer_of(inputs, options)
        theirs = RLOOTrainer._compute_loss(trainer, None, inputs)
        loss, metrics = ours(step, tokens, options, table)
        compare(loss, theirs, table)
        for side in ("low", "high", "region"):
            name = f"clip_ratio/{side}_mean"
            assert float(metrics[name]) == pytest.approx(trainer._metrics["train"][name][0], abs=1e-5)
