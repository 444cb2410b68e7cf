"""Memory of a task that scores chains: whole weights on one device, and a forward pass without autograd."""

import pytest

from cluster.gpus import GPUS
from pipeline.estimates.amounts import PADDED_TO, PLAIN_VOCABULARY, TOKENS_AT_ONCE, VOCABULARY_AT_ONCE
from pipeline.estimates.hardware import GIB
from pipeline.estimates.published import published_shape
from pipeline.estimates.scoring_memory import ScoringRequest, scoring_on_cpu, scoring_on_gpu
from pipeline.estimates.shapes import ModelShape
from training.config import TrainingConfig, ZeroConfig


def shape(name: str) -> ModelShape:
    found = published_shape(name)
    assert found is not None
    return found


def request(name: str, bf16: bool = True, tokens: int = 8192) -> ScoringRequest:
    zero = ZeroConfig(bf16="on" if bf16 else "off")
    training = TrainingConfig(ranks=8, gpus_per_rank=1, tokens_per_micro_step=tokens, zero=zero)
    return ScoringRequest(shape=shape(name), training=training)


def test_all_weights_lie_on_one_gpu() -> None:
    small = scoring_on_gpu(request("mistralai/Mistral-7B-Instruct-v0.2"), GPUS["H100"])
    assert small.faults == ()
    parts = {amount.what: amount.bytes for amount in small.on_device}
    assert parts["weights"] == 2 * small.request.shape.parameters
    assert all(amount.how and amount.source for amount in (*small.on_device, *small.on_host))
    large = scoring_on_gpu(request("meta-llama/Meta-Llama-3-70B-Instruct"), GPUS["H100"])
    assert large.faults[0].startswith("scoring loads the whole model on one GPU: 14")


def test_rows_count_and_weights_are_not_copied_on_the_host() -> None:
    name = "mistralai/Mistral-7B-Instruct-v0.2"
    long = scoring_on_gpu(request(name, tokens=1 << 20), GPUS["H100"])
    assert long.faults
    assert scoring_on_gpu(request(name), GPUS["H100"]).used < long.used
    assert sum(amount.bytes for amount in long.on_host) < 4 * GIB


def test_without_a_gpu_they_lie_in_the_hosts_memory_in_float32() -> None:
    memory = scoring_on_cpu(request("mistralai/Mistral-7B-Instruct-v0.2", bf16=False), 0.5 * GIB)
    assert memory.used > 4 * memory.request.shape.parameters
    assert memory.used == pytest.approx(sum(amount.bytes for amount in memory.on_device))


def test_the_head_holds_what_training_has_it_hold() -> None:
    from trl.kernels.chunked_logprob import TOKEN_CHUNK_SIZE

    from training.tree import blocks, scoring

    assert PADDED_TO == blocks.BLOCK
    assert (PLAIN_VOCABULARY, VOCABULARY_AT_ONCE) == (scoring._PLAIN_VOCABULARY, scoring.VOCABULARY_AT_ONCE)
    assert TOKENS_AT_ONCE == TOKEN_CHUNK_SIZE
