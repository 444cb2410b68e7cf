"""What the plan counts of distillation's memory is what its losses hold: counted on the CPU, by allocations."""

from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from pipeline.estimates.amounts import DISTILLED_AT_ONCE
from pipeline.estimates.published import published_shape
from pipeline.plan.ranks import GROUPS_PER_UNIT, told_by
from tests.training.tree.trees import tiny_model
from training.config import DistillArm
from training.distill import student_head, targets
from training.distill.student_head import values_by_token
from training.tree.distill_loss import topk_forward_kl, vocabulary_divergence

VOCABULARY, TOKENS = 20_000, 24
SHAPE = published_shape("Qwen/Qwen2.5-1.5B-Instruct")


def whole(logits: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """The reverse KL from a teacher whose head makes logits of what is known."""
    return vocabulary_divergence(logits, torch.nn.functional.linear(known, HEAD), 1.0)


def mixed(logits: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    return vocabulary_divergence(logits, torch.nn.functional.linear(known, HEAD), 0.5)


def likeliest(logits: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    logps, ids = known.chunk(2, dim=1)
    return topk_forward_kl(logits.gather(1, ids.abs().long()) - logits.logsumexp(-1, keepdim=True), logps - 9, True)


HEAD = torch.randn(VOCABULARY, 8)


@pytest.mark.parametrize(
    ("loss", "arm"),
    [
        (whole, {"beta": 1.0}),
        (mixed, {"beta": 0.5}),
        (likeliest, {"compare": "top_k"}),
    ],
)
def test_a_part_of_the_logits_is_held_as_often_as_the_plan_says(loss: student_head.Values, arm: dict[str, Any]) -> None:
    """In float32, where what the heads give is among the tensors; beside them lives the head's gradient alone."""
    assert SHAPE is not None
    told = told_by(DistillArm(method="distill", **arm), SHAPE)
    assert told is not None
    model = tiny_model("llama", vocab_size=VOCABULARY)
    hidden, known = torch.randn(TOKENS, 32, requires_grad=True), torch.randn(TOKENS, 8)
    found = values_by_token(model, hidden, known, loss, VOCABULARY, TOKENS).sum()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        found.backward()
    assert profiler.profiler is not None
    held = most = 0
    for event in sorted(profiler.profiler.kineto_results.events(), key=lambda one: one.start_ns()):
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    tensors = (most - 4 * VOCABULARY * 32) / (4 * VOCABULARY * TOKENS)
    assert tensors == pytest.approx(told.floats, rel=0.05)


def test_the_plan_knows_the_sizes_of_parts_and_units() -> None:
    assert student_head.TOKENS_AT_ONCE == DISTILLED_AT_ONCE
    assert targets._GROUPS_PER_UNIT == GROUPS_PER_UNIT
