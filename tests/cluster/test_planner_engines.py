"""Memory of engines, sizes that fit, bundles on nodes."""

from dataclasses import replace

import pytest

from cluster.errors import RequestError
from cluster.placement import Bundle
from cluster.planner.amounts import total
from cluster.planner.engines import EngineRequest, engine_on_gpu, fitting_sizes
from cluster.planner.machines import GIB, GPUS, ClusterConfig, Machines, NodeConfig, gpu_type, machines
from cluster.planner.placement import GroupRequest, most, place
from cluster.planner.shapes import ModelShape, published_shape


def request(name: str, tensor_parallel: int) -> EngineRequest:
    shape = published_shape(name)
    assert isinstance(shape, ModelShape)
    return EngineRequest(
        role="teacher",
        shape=shape,
        count=1,
        tensor_parallel=tensor_parallel,
        pipeline_parallel=1,
        max_context=4096,
        max_running=256,
        mean_context=500,
        weight_bytes_each=2,
        kv_bytes_each=2,
        kv_cache=None,
        gpu_memory=0.9,
        eager=False,
        live_episodes=512,
        cpus=4,
    )


LLAMA, QWEN = "meta-llama/Meta-Llama-3-70B-Instruct", "Qwen/Qwen2.5-7B-Instruct"


def test_weights_are_split_and_the_rest_is_cache() -> None:
    memory = engine_on_gpu(request(LLAMA, 4), GPUS["H100"])
    assert memory.faults == ()
    assert memory.parts[0].bytes == pytest.approx(141.1e9 / 4, rel=0.001)
    assert total(memory.parts) + memory.kv_cache.bytes == pytest.approx(0.9 * GPUS["H100"].memory_bytes)
    assert memory.kv_a_token == 320 * 1024 / 4
    assert memory.kv_tokens == int(memory.kv_cache.bytes // memory.kv_a_token)
    assert memory.full_sequences == memory.kv_tokens // 4096


def test_one_gpu_is_too_small_for_70_b() -> None:
    memory = engine_on_gpu(request(LLAMA, 1), GPUS["H100"])
    assert "without any KV cache exceed" in memory.faults[0]


def test_heads_must_divide() -> None:
    assert "28 attention heads do not divide" in engine_on_gpu(request(QWEN, 8), GPUS["H100"]).faults[0]
    assert (8, 1) not in fitting_sizes(request(QWEN, 1), GPUS["H100"], 8)
    assert (1, 1) in fitting_sizes(request(QWEN, 1), GPUS["H100"], 8)


def test_key_value_heads_are_repeated_beyond_their_number() -> None:
    four, two = engine_on_gpu(request(QWEN, 4), GPUS["H100"]), engine_on_gpu(request(QWEN, 2), GPUS["H100"])
    assert four.kv_a_token == two.kv_a_token / 2
    one_head = replace(request(QWEN, 4), shape=replace(request(QWEN, 4).shape, kv_heads=2))
    assert engine_on_gpu(one_head, GPUS["H100"]).kv_a_token == 2 * 28 * 1 * 128 * 2


def test_sizes_that_fit_come_with_the_fewest_gpus_first() -> None:
    sizes = fitting_sizes(request(LLAMA, 1), GPUS["H100"], 8)
    assert sizes[0] == (2, 1)
    assert all(tp * pp <= 8 for tp, pp in sizes)
    assert fitting_sizes(request(LLAMA, 1), GPUS["L4"], 4) == []


def cluster(**kinds: NodeConfig) -> Machines:
    return machines(ClusterConfig(nodes=kinds), "here")


def node(gpu: str, gpus: int, count: int = 1) -> NodeConfig:
    return NodeConfig(count=count, gpu=gpu, gpus=gpus, cpus=16, memory_gib=100)


def test_bundles_go_where_their_gpus_are() -> None:
    mixed = cluster(large=node("H100", 8), small=node("L4", 4, count=2))
    large = Bundle(cpus=4, gpus=4, gpu_types=frozenset({"H100"}))
    placed = place(GroupRequest(name="engines", bundles=(large, large)), mixed)
    assert placed.nodes == ("large", "large")
    placed = place(GroupRequest(name="engines", bundles=(large,) * 3), mixed)
    assert placed.nodes == ()
    assert "2 can be placed" in placed.faults[0]
    anywhere = Bundle(cpus=1, gpus=4)
    assert set(place(GroupRequest(name="any", bundles=(anywhere,) * 4), mixed).nodes) == {"large", "small-0", "small-1"}
    assert most((anywhere,), mixed) == 4


def test_cpus_run_out_too() -> None:
    placed = place(GroupRequest(name="ranks", bundles=(Bundle(cpus=10, gpus=1),) * 2), cluster(one=node("H100", 8)))
    assert "1 can be placed" in placed.faults[0]


def test_gpus_by_any_name() -> None:
    assert gpu_type("A100-80G").name == "A100-80"
    assert gpu_type("h100").memory_bytes > 79 * GIB
    with pytest.raises(RequestError, match="A100-40 or A100-80"):
        gpu_type("A100")
