"""Times on GPUs by hand, and what they were made of."""

from dataclasses import replace

import pytest

from cluster.gpus import GPUS
from pipeline.estimates.hardware import GIB, Machines, Node
from pipeline.estimates.published import published_shape
from pipeline.estimates.rank_memory import RankRequest, ToldBy
from pipeline.estimates.speed import assumed_rates, checkpoint_s, loading_s, scoring_on_gpus, training_on_gpus
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
        mean_depth=500.0,
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


def test_storage_is_read_once_a_node_where_memory_holds_the_weights() -> None:
    """As docs/planning.md says it of 70.55 G parameters in 2 bytes, at 2 GB/s."""
    shape = published_shape("meta-llama/Llama-3.1-70B-Instruct")
    assert shape is not None
    seconds = [loading_s(shape, 2, NODE, engines) for engines in (1, 2, 8)]
    assert seconds == pytest.approx([70.55, 1.1 * 70.55, 1.7 * 70.55], rel=1e-3)
    small = replace(NODE, memory=256 * GIB)
    assert loading_s(shape, 2, small, 2) == pytest.approx(2 * 70.55, rel=1e-3)


def test_the_host_launches_short_rows_as_slowly_as_it_does() -> None:
    """5.2 ms a layer and row: of 1.5 B parameters a row of 5,632 tokens took 146 ms, and one of 16,640 had 336 ms of
    kernels."""
    shape = published_shape("Qwen/Qwen2.5-1.5B-Instruct")
    assert shape is not None
    seconds = {}
    for tokens in (1408, 5632, 16384):
        zero = ZeroConfig(stage=1)
        request = RankRequest(
            shape=shape,
            training=TrainingConfig(ranks=1, gpus_per_rank=1, tokens_per_micro_step=tokens, zero=zero),
            gradient_checkpointing=False,
            longest_chain=1024,
            trl_head=False,
            typical_tokens=tokens,
            mean_depth=500.0,
        )
        time = training_on_gpus(request, 1, 45056, GPUS["H100"], NODE, 8)
        seconds[tokens] = dict(time)["forward and backward"] / 45056 * tokens
    assert seconds[1408] == pytest.approx(0.0052 * 28)
    assert seconds[5632] == pytest.approx(0.146, rel=0.05)
    assert seconds[16384] == pytest.approx(6 * 1.544e9 * 16384 / (0.38 * 989e12), rel=0.01)


@pytest.mark.parametrize(("stage", "moved"), [(1, 2.0), (2, 5.0), (3, 12.0)])
def test_lower_stages_move_the_parameters_less_often(stage: int, moved: float) -> None:
    """Four rows a step over a slow network: DeepSpeed gathers twice and reduces once a row under 3, reduces once a row
    and gathers once a step under 2, and does both once a step under 1."""
    shape = published_shape("mistralai/Mistral-7B-Instruct-v0.2")
    assert shape is not None
    zero = ZeroConfig.model_validate({"stage": stage})
    request = RankRequest(
        shape=shape,
        training=TrainingConfig(ranks=16, gpus_per_rank=1, tokens_per_micro_step=1024, zero=zero),
        gradient_checkpointing=False,
        longest_chain=1024,
        trl_head=False,
        typical_tokens=1024,
        mean_depth=500.0,
    )
    time = training_on_gpus(request, 1, 16 * 4096, GPUS["H100"], replace(NODE, network_gbs=0.5), 8)
    expected = moved * 2 * 7.2417e9 * 15 / 16 / (0.7 * 0.5e9)
    assert dict(time)["forward and backward"] == pytest.approx(expected, rel=0.001)


def test_training_waits_for_checkpoints_and_for_kernels() -> None:
    """16 ranks of 7.2417 G parameters, 8 a node: a node writes 8 shards of 14 bytes a parameter / 16, and one all
    weights of 2 bytes, at 2 GB/s; the weights are the largest of what a rank hashes at 1.5 GB/s."""
    shape = published_shape("mistralai/Mistral-7B-Instruct-v0.2")
    assert shape is not None
    request = RankRequest(
        shape=shape,
        training=TrainingConfig(ranks=16, gpus_per_rank=1, checkpoint_steps=50),
        gradient_checkpointing=False,
        longest_chain=1024,
        trl_head=False,
        typical_tokens=1024,
        mean_depth=500.0,
    )
    one = 7.2417 * (8 * 14 / 16 + 2) / 2 + 7.2417 * 2 / 1.5
    assert checkpoint_s(request, NODE, 8) == pytest.approx(one, rel=1e-3)
    for steps, saves in ((1, 1), (50, 1), (51, 2), (101, 3)):  # every 50 steps and at the end
        time = dict(training_on_gpus(request, steps, 16384, GPUS["H100"], NODE, 8))
        assert time["checkpoints"] == pytest.approx(saves * one, rel=1e-3)
        assert time["compilation"] == 25


def test_the_teachers_head_makes_its_logits_twice() -> None:
    """And the student's once more: beside 6 FLOP a parameter and token, 4 a parameter of the teacher's head and 2 of
    the student's."""
    shape = published_shape("Qwen/Qwen2.5-1.5B-Instruct")
    assert shape is not None
    request = RankRequest(
        shape=shape,
        training=TrainingConfig(ranks=1, gpus_per_rank=1, tokens_per_micro_step=16384, zero=ZeroConfig(stage=1)),
        gradient_checkpointing=False,
        longest_chain=1024,
        trl_head=False,
        typical_tokens=16384,
        mean_depth=500.0,
    )
    told = replace(request, teacher=ToldBy(numbers=4096, floats=7, head=4096.0 * 151936))
    plain, more = (
        dict(training_on_gpus(one, 1, 65536, GPUS["H100"], NODE, 8))["forward and backward"] for one in (request, told)
    )
    expected = 65536 * (4 * 4096 + 2 * 1536) * 151936 / (0.38 * 989e12)
    assert more - plain == pytest.approx(expected, rel=1e-3)


def test_groups_that_are_larger_than_a_row_go_through_once_more() -> None:
    shape = published_shape("mistralai/Mistral-7B-Instruct-v0.2")
    assert shape is not None
    request = RankRequest(
        shape=shape,
        training=TrainingConfig(ranks=1, gpus_per_rank=1, tokens_per_micro_step=8192),
        gradient_checkpointing=False,
        longest_chain=1024,
        trl_head=False,
        typical_tokens=8192,
        mean_depth=500.0,
    )
    once, twice = (
        dict(training_on_gpus(request, 1, 8192, GPUS["H100"], NODE, 8, split=split))["forward and backward"]
        for split in (False, True)
    )
    assert twice == pytest.approx(once * 8 / 6)
