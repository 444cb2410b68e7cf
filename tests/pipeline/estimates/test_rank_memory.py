"""Memory of ranks: states by formula, activations against what autograd really saves."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from cluster.gpus import GPUS
from pipeline.estimates.amounts import total
from pipeline.estimates.published import published_shape
from pipeline.estimates.rank_memory import (
    RankRequest,
    accumulation,
    layer_bytes_per_token,
    rank_on_gpu,
    states,
    states_in_all,
)
from pipeline.estimates.shapes import ModelShape, ShapeConfig, shape_of
from training.config import TrainingConfig, ZeroConfig


def mistral(zero: dict[str, Any] | None = None, **training: Any) -> RankRequest:
    """Mistral 7B on 16 ranks with a GPU each, with other settings of `training` and `training.zero` on top."""
    shape = published_shape("mistralai/Mistral-7B-Instruct-v0.2")
    assert shape is not None
    return RankRequest(
        shape=shape,
        training=TrainingConfig(**{"ranks": 16, "gpus_per_rank": 1, "zero": ZeroConfig(**zero or {})} | training),
        gradient_checkpointing=True,
        longest_chain=4096,
        trl_head=False,
        typical_tokens=8192,
        mean_depth=500.0,
    )


def test_adam_in_bf16_takes_16_bytes_a_parameter() -> None:
    device, host = states(mistral())
    assert total(device) == pytest.approx(16 * mistral().shape.parameters / 16)
    assert host == []


@pytest.mark.parametrize(("stage", "share"), [(0, 16), (1, 4 + 12 / 16), (2, 2 + 14 / 16), (3, 16 / 16)])
def test_zero_splits_by_stage(stage: int, share: float) -> None:
    device, _ = states(mistral({"stage": stage}))
    assert total(device) == pytest.approx(share * mistral().shape.parameters)


def test_offloading_moves_states_to_the_host() -> None:
    device, host = states(mistral({"offload_optimizer": "cpu"}))
    assert total(host) == pytest.approx(14 * mistral().shape.parameters / 16)
    assert total(device) == pytest.approx(2 * mistral().shape.parameters / 16)


def test_gradients_add_up_in_float32() -> None:
    device, host = states_in_all(mistral())
    assert total(device) == pytest.approx(18 * mistral().shape.parameters / 16)
    assert host == []
    full, _ = accumulation(mistral({"stage": 1}))
    assert total(full) == 2 * mistral().shape.parameters
    assert accumulation(mistral({"bf16": "off"})) == ([], [])


def test_an_optimizer_off_the_gpu_has_gradients_of_its_own() -> None:
    device, host = states_in_all(mistral({"offload_optimizer": "cpu"}))
    assert total(device) == pytest.approx(2 * mistral().shape.parameters / 16)
    assert total(host) == pytest.approx((12 + 4 + 4) * mistral().shape.parameters / 16)


def test_what_no_gpu_changes_is_a_fault() -> None:
    (fault,) = rank_on_gpu(mistral({"stage": 0}, ranks=1), GPUS["B200"]).faults
    assert "zero.stage = 0 in bf16" in fault
    awq = replace(mistral(), shape=replace(mistral().shape, quantization="awq"))
    assert "is quantised (awq)" in rank_on_gpu(awq, GPUS["H100"]).faults[0]


def test_a_chain_beyond_the_students_positions_is_a_fault() -> None:
    shape = published_shape("microsoft/Phi-3-mini-4k-instruct")
    assert shape is not None
    phi = replace(mistral(), shape=shape)
    assert rank_on_gpu(phi, GPUS["H100"]).faults == ()
    (fault,) = rank_on_gpu(replace(phi, longest_chain=8000), GPUS["H100"]).faults
    assert "may have 8,000 tokens and microsoft/Phi-3-mini-4k-instruct has 4,096 positions: 3,904 too few" in fault
    assert (phi.longest_row, mistral().longest_row) == (4096, 8192)


def test_one_gpu_cannot_train_7_b_and_says_why() -> None:
    memory = rank_on_gpu(mistral(ranks=1), GPUS["H100"])
    assert "a rank needs" in memory.faults[0]
    assert rank_on_gpu(mistral(), GPUS["H100"]).faults == ()


def test_a_chain_beyond_the_row_is_a_fault() -> None:
    memory = rank_on_gpu(replace(mistral(), longest_chain=9000), GPUS["H100"])
    assert "9,000 tokens and a row of training holds 8,192: 808 too few" in memory.faults[-1]


def test_old_gpus_have_no_bf16() -> None:
    small = replace(mistral(ranks=1), shape=shape(2, "float32"))
    assert any("no bf16" in fault for fault in rank_on_gpu(small, GPUS["T4"]).faults)


def shape(layers: int, name: str) -> ModelShape:
    config = ShapeConfig(
        hidden_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=172,
        vocab_size=64,
    )
    return shape_of(name, config, "test")


def saved_bytes(layers: int, dtype: str) -> int:
    """Bytes of the distinct tensors that the backward pass of a row of 128 tokens waits for, weights left out."""
    model = LlamaForCausalLM(
        LlamaConfig(
            hidden_size=64,
            num_hidden_layers=layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=172,
            vocab_size=64,
            dtype=dtype,
        )
    ).to(getattr(torch, dtype))
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = tensor  # held, so that no other storage takes its place
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(input_ids=torch.randint(0, 64, (1, 128)), use_cache=False)
        assert output.logits.requires_grad
        return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.mark.parametrize(("dtype", "each"), [("float32", 4), ("bfloat16", 2)])
def test_activations_are_what_autograd_saves(dtype: str, each: int) -> None:
    a_layer = (saved_bytes(3, dtype) - saved_bytes(1, dtype)) / 2 / 128
    assert layer_bytes_per_token(shape(1, dtype), each) == pytest.approx(a_layer, rel=0.2)
