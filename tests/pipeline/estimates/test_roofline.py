"""The roofline says of the row that was measured on an H100 what was measured."""

import json
from dataclasses import replace

import pytest

from benchmarks.tables.documents import result
from cluster.gpus import GPUS
from pipeline.decisions.decide import _ROOM
from pipeline.estimates.rank_memory import RankRequest, rank_on_gpu
from pipeline.estimates.roofline import row_parts
from pipeline.estimates.shapes import ModelShape, ShapeConfig, shape_of
from training.config import TrainingConfig

MEASURED = result("gpu-day")["stages"]


def qwen() -> ModelShape:
    config = ShapeConfig(
        hidden_size=1536,
        num_hidden_layers=28,
        num_attention_heads=12,
        num_key_value_heads=2,
        intermediate_size=8960,
        vocab_size=151936,
        tie_word_embeddings=True,
    )
    return shape_of("bfloat16", config, "benchmarks/steps/dpo.py")


def request(tokens: int, **training: object) -> RankRequest:
    given = {"ranks": 1, "gpus_per_rank": 1, "tokens_per_micro_step": tokens, "zero": {"stage": 1}} | training
    return RankRequest(
        shape=qwen(),
        training=TrainingConfig.model_validate(given),
        gradient_checkpointing=False,
        longest_chain=1800,
        trl_head=False,
        typical_tokens=float(tokens),
        # A group of it: a prompt of 1,500 tokens, and 16 branches of 258 that no other shares, 299 tokens deep.
        mean_depth=1404.0,
    )


def test_parts_add_up_to_the_measured_row() -> None:
    """Within a fifth: the measured row runs the head on 9,060 of its 16,640 positions only."""
    row = MEASURED["kernels"]["3 groups"]
    parts = {part.what: part for part in row_parts(request(row["tokens"]), GPUS["H100"])}
    assert 1e3 * sum(part.seconds for part in parts.values()) == pytest.approx(row["ms"], rel=0.2)
    assert 1e3 * parts["attention"].seconds == pytest.approx(row["kernel_ms"]["attention"], rel=0.2)
    moved = sum(row["kernel_ms"][kind] for kind in ("norms, rotary, SwiGLU", "other", "copies"))
    assert 1e3 * parts["norms, rotary, SwiGLU"].seconds == pytest.approx(moved, rel=0.2)


def test_nothing_is_faster_than_its_limit_and_recomputation_costs() -> None:
    plain = row_parts(request(8192), GPUS["H100"])
    assert all(part.seconds > part.limit_s for part in plain)
    again = row_parts(replace(request(8192), gradient_checkpointing=True), GPUS["H100"])
    assert 1.2 < sum(part.seconds for part in again) / sum(part.seconds for part in plain) < 1.34
    unfused = row_parts(request(8192, fused_kernels="off"), GPUS["H100"])
    assert sum(part.seconds for part in unfused) > 1.2 * sum(part.seconds for part in plain)


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_memory_is_what_was_measured(stage: int) -> None:
    """Peak of whole steps in rows of two groups, 11,136 tokens, without CUDA's context and fragments."""
    memory = rank_on_gpu(request(11136, zero={"stage": stage}), GPUS["H100"])
    parts = {amount.what: amount.bytes for amount in memory.on_device}
    held = sum(size for what, size in parts.items() if what not in ("process", "fragments"))
    assert held / 2**30 == pytest.approx(MEASURED["steps"][f"ZeRO {stage}"]["peak_gib"], rel=0.06), json.dumps(parts)


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_what_was_measured_fits_into_the_room_that_the_plan_leaves(stage: int) -> None:
    memory = rank_on_gpu(request(11136, zero={"stage": stage}), GPUS["H100"])
    process = next(amount.bytes for amount in memory.on_device if amount.what == "process")
    measured = MEASURED["steps"][f"ZeRO {stage}"]["peak_gib"] * 2**30 + process
    assert _ROOM * measured < memory.used


def test_float32_runs_without_tensor_cores() -> None:
    """Arithmetic takes 16 times as long, as in the times of stages, and values have twice the bytes."""
    half = row_parts(request(8192), GPUS["H100"])
    full = row_parts(request(8192, zero={"stage": 1, "bf16": "off"}), GPUS["H100"])
    ratios = {one.what: two.seconds / one.seconds for one, two in zip(half, full, strict=True)}
    assert ratios == pytest.approx(
        {"matrix products": 16, "attention": 16, "norms, rotary, SwiGLU": 2, "gradients": 12 / 10}
    )


def test_attention_goes_by_the_mean_depth_and_no_token_is_deeper_than_its_row() -> None:
    """A recipe may allow chains of 32,768 tokens, and have none of them."""

    def attention(**values: float) -> float:
        asked = replace(request(500), **values)  # type: ignore[arg-type]
        return next(part.seconds for part in row_parts(asked, GPUS["H100"]) if part.what == "attention")

    assert attention(longest_chain=32768) == attention(longest_chain=642)
    assert attention(mean_depth=5000.0) == attention(mean_depth=500.0) == pytest.approx(2 * attention(mean_depth=250.0))
