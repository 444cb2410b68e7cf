"""Memory of engines, sizes that fit, bundles on nodes."""

from dataclasses import replace

import pytest

from cluster.engine.options import BATCHED_TOKENS, EngineConfig
from cluster.engine.speculation import SpeculativeConfig
from cluster.gpus import GPUS
from cluster.pool.placement import Bundle
from pipeline.estimates.amounts import total
from pipeline.estimates.engine_memory import (
    EngineMemory,
    EngineRequest,
    engine_on_cpu,
    engine_on_gpu,
    fitting_sizes,
)
from pipeline.estimates.hardware import GIB, ClusterConfig, Machines, NodeConfig, machines
from pipeline.estimates.packing import GroupRequest, most, place
from pipeline.estimates.published import published_shape
from pipeline.estimates.shapes import ModelShape
from rollout.config import HostsConfig


def request(name: str, tensor_parallel: int, **engine: int) -> EngineRequest:
    shape = published_shape(name)
    assert isinstance(shape, ModelShape)
    config = EngineConfig.model_validate({"max_running": 256, "tensor_parallel": tensor_parallel, **engine})
    return EngineRequest(
        role="teacher",
        shape=shape,
        hosts=HostsConfig(cpus=4, live_episodes=512, engine=config),
        mean_context=500,
        weight_bytes_each=2,
        kv_bytes_each=2,
    )


LLAMA, QWEN = "meta-llama/Meta-Llama-3-70B-Instruct", "Qwen/Qwen2.5-7B-Instruct"


def test_weights_are_split_and_the_rest_is_cache() -> None:
    memory = engine_on_gpu(request(LLAMA, 4), GPUS["H100"])
    assert memory.faults == ()
    assert memory.parts[0].bytes == pytest.approx(141.1e9 / 4, rel=0.001)
    assert total(memory.parts) + memory.kv_cache.bytes == pytest.approx(0.9 * GPUS["H100"].memory_bytes)
    assert memory.kv_bytes_per_token == 320 * 1024 / 4
    assert memory.kv_tokens == int(memory.kv_cache.bytes // memory.kv_bytes_per_token)
    assert memory.full_sequences == memory.kv_tokens // 4096


def test_an_fp8_cache_holds_twice_the_tokens_of_bfloat16() -> None:
    plain = request(LLAMA, 4)
    engine = plain.engine.model_copy(update={"kv_cache_dtype": "fp8"})
    half = replace(plain, hosts=plain.hosts.model_copy(update={"engine": engine}))
    sizes = [engine_on_gpu(each, GPUS["H100"]).kv_bytes_per_token for each in (plain, half)]
    assert sizes == [320 * 1024 / 4, 160 * 1024 / 4]


def test_passes_are_as_large_as_the_recipe_says() -> None:
    assert EngineConfig(max_batched_tokens=2048).batched_tokens(on_gpu=True) == 2048
    assert EngineConfig(max_batched_tokens=2048, max_context=8192).batched_tokens(on_gpu=False) == 8192
    guesses = SpeculativeConfig(method="ngram", tokens=7)
    assert EngineConfig(max_running=2000, speculative=guesses).batched_tokens(on_gpu=True) == 16_000


def test_one_gpu_is_too_small_for_70_b() -> None:
    memory = engine_on_gpu(request(LLAMA, 1), GPUS["H100"])
    assert "without any KV cache exceed" in memory.faults[0]


def test_heads_must_divide() -> None:
    assert "28 attention heads do not divide" in engine_on_gpu(request(QWEN, 8), GPUS["H100"]).faults[0]
    assert (8, 1) not in fitting_sizes(request(QWEN, 1), GPUS["H100"], 8)
    assert (1, 1) in fitting_sizes(request(QWEN, 1), GPUS["H100"], 8)


def test_key_value_heads_are_repeated_beyond_their_number() -> None:
    four, two = engine_on_gpu(request(QWEN, 4), GPUS["H100"]), engine_on_gpu(request(QWEN, 2), GPUS["H100"])
    assert four.kv_bytes_per_token == two.kv_bytes_per_token / 2
    one_head = replace(request(QWEN, 4), shape=replace(request(QWEN, 4).shape, kv_heads=2))
    assert engine_on_gpu(one_head, GPUS["H100"]).kv_bytes_per_token == 2 * 28 * 1 * 128 * 2


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


def test_one_pass_is_what_the_engine_is_told() -> None:
    config = EngineConfig(max_context=4096, max_running=256)
    tokens = config.batched_tokens(on_gpu=True)
    assert tokens == BATCHED_TOKENS == 8192
    for gpu in ("H100", "L4"):
        assert engine_on_gpu(request(LLAMA, 4), GPUS[gpu]).parts[1].how.startswith("8,192 batched tokens")
    assert EngineConfig(max_running=10_000).batched_tokens(on_gpu=True) == 10_000
    assert EngineConfig(max_running=256).batched_tokens(on_gpu=False) == 4 * 4096


def on_cpu(changed: EngineRequest) -> EngineMemory:
    return engine_on_cpu(changed, 1.0 * GIB, 2.0 * GIB, 100.0 * GIB)


def test_an_engine_without_a_gpu_can_be_wrong_too() -> None:
    base = request(QWEN, 1, kv_cache_mb=1024)
    assert on_cpu(base).faults == ()
    assert (
        "28 attention heads do not divide by tensor_parallel = 3"
        in on_cpu(base.with_engine(tensor_parallel=3)).faults[0]
    )
    (fault,) = on_cpu(base.with_engine(kv_cache_mb=1)).faults
    assert fault == "the KV cache holds 18 tokens, less than one context of 4,096"
    (fault,) = on_cpu(base.with_engine(max_context=32769, kv_cache_mb=4096)).faults
    assert fault == "max_context 32,769 is beyond the model's 32,768"


def test_an_engine_without_a_gpu_has_a_worker_for_each_rank() -> None:
    base = request(QWEN, 1, kv_cache_mb=1024)
    one, two = on_cpu(base), on_cpu(base.with_engine(tensor_parallel=2))
    assert (one.parts[0].bytes, two.parts[0].bytes) == (3 * GIB, 5 * GIB)
    assert two.parts[1].bytes == one.parts[1].bytes
    assert two.kv_cache.bytes == 2 * GIB
    assert two.kv_tokens == pytest.approx(2 * one.kv_tokens, rel=0.001)


def test_an_engine_without_a_gpu_takes_its_share_of_the_machine_where_no_cache_is_asked_for() -> None:
    memory = on_cpu(request(QWEN, 1))
    assert memory.used == pytest.approx(90 * GIB)
    assert "gpu_memory 0.9 of the machine's 100.0 GiB" in memory.kv_cache.how
    (fault,) = on_cpu(request(LLAMA, 1)).faults
    assert fault.startswith("138.8 GiB without any KV cache exceed 0.9 of 100.0 GiB")


def test_a_context_that_holds_no_conversation_is_a_fault() -> None:
    (fault,) = engine_on_gpu(request(QWEN, 1, max_context=256), GPUS["H100"]).faults
    assert fault == "conversations come to 500 tokens on average, beyond max_context = 256"
