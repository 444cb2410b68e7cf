"""Times on GPUs by hand, and what they were made of."""

import pytest

from cluster.gpus import GPUS
from pipeline.estimates.hardware import GIB, Machines, Node
from pipeline.estimates.published import published_shape
from pipeline.estimates.rank_memory import RankRequest
from pipeline.estimates.speed import assumed_rates, scoring_on_gpus, training_on_gpus
from training.config import TrainingConfig, ZeroConfig

NODE = Node(
    name="one",
    kind="one",
    gpu=GPUS["H100"],
    gpus=8,
    cpus=192,
    memory=2048 * GIB,
    shm=512 * GIB,
    network_gbs=50,  # 400 Gbit/s
    storage_gbs=2,
    disk=0,
    price_hour=0,
)


def step_seconds(ranks: int, network_gbs: float = 50, bf16: bool = True) -> float:
    """One optimizer step of 131,072 tokens: 16 rows of 8,192."""
    shape = published_shape("mistralai/Mistral-7B-Instruct-v0.2")
    assert shape is not None
    node = Node(**{field: getattr(NODE, field) for field in Node.__slots__} | {"network_gbs": network_gbs})
    zero = ZeroConfig(bf16="on" if bf16 else "off")
    request = RankRequest(
        shape=shape,
        training=TrainingConfig(ranks=ranks, gpus_per_rank=1, tokens_per_micro_step=8192, zero=zero),
        gradient_checkpointing=True,
        longest_chain=4096,
        trl_head=False,
        typical_tokens=8192,
    )
    time = training_on_gpus(request, 1, 16 * 8192, GPUS["H100"], node, 8)
    return dict(time)["forward and backward"]


def test_two_nodes_are_faster_than_three_gpus() -> None:
    # 8 FLOP x 7.11 G parameters x 8,192 tokens at 0.16 of 989 TFLOP/s under ZeRO-3.
    assert step_seconds(16) == pytest.approx(8 * 7.1107e9 * 8192 / (0.16 * 989e12), rel=0.001)
    assert step_seconds(3) == pytest.approx(step_seconds(16) * 16 / 3)


def test_a_tensor_leaves_a_node_once_however_many_ranks_it_has() -> None:
    # At 100 Gbit/s: 3 x 2 bytes x 7.2417 G parameters x 15/16 over 0.7 of 12.5 GB/s, for one row a rank.
    assert step_seconds(16, 12.5) == pytest.approx(6 * 7.2417e9 * 15 / 16 / (0.7 * 12.5e9), rel=0.001)
    assert step_seconds(8, 12.5) == step_seconds(8)


def test_float32_has_no_tensor_cores_and_moves_twice_as_much() -> None:
    assert step_seconds(16, bf16=False) == pytest.approx(16 * step_seconds(16))
    assert step_seconds(16, 1, bf16=False) == pytest.approx(2 * step_seconds(16, 1))
    shape = published_shape("mistralai/Mistral-7B-Instruct-v0.2")
    assert shape is not None
    half, full = (dict(scoring_on_gpus(shape, 1e6, 8, GPUS["H100"], NODE, bf16=bf16)) for bf16 in (True, False))
    assert full["forward"] == pytest.approx(16 * half["forward"])


def test_every_type_of_gpu_says_what_its_times_are_made_of() -> None:
    (line,) = assumed_rates(Machines(nodes=(NODE, NODE), source="here"))
    for said in (
        "H100",
        "989 TFLOP/s",
        "0.5 in prefill",
        "0.38, 0.35 and 0.16 in training under ZeRO 1, 2 and 3",
        "0.7 in decoding",
        "4 ms",
        "60 s",
    ):
        assert said in line
    assert "50 GB/s to the next node" in line
    assert "read at 2 GB/s" in line
