"""Every part of a process' memory for one small model, worked by hand.

The model: width 100, 3 layers, 4 heads and 2 key-value heads of 20, MLP of 300, vocabulary 1,000, head not tied. A
layer has 2 x 100 x 80 + 2 x 100 x 40 + 3 x 100 x 300 + 2 x 100 = 114,200 parameters, the model 3 x 114,200 + 100 +
2 x 1,000 x 100 = 542,700.
"""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cluster.engine.options import EngineConfig
from cluster.gpus import GPUS, GpuType
from pipeline.estimates.amounts import Amount, count, duration, size
from pipeline.estimates.engine_memory import EngineRequest, divides, engine_on_cpu, engine_on_gpu, fitting_sizes
from pipeline.estimates.hardware import GIB, MIB
from pipeline.estimates.rank_memory import RankRequest, accumulation, rank_on_cpu, rank_on_gpu
from pipeline.estimates.scoring_memory import ScoringRequest, scoring_on_cpu, scoring_on_gpu
from pipeline.estimates.shapes import ShapeConfig, shape_of
from rollout.config import HostsConfig
from training.config import TrainingConfig, ZeroConfig

SHAPE = shape_of(
    "tiny",
    ShapeConfig(
        hidden_size=100,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=20,
        intermediate_size=300,
        vocab_size=1000,
    ),
    "the recipe",
)
N = 542_700
ZERO = "ZeRO paper (arXiv 1910.02054), section 3.1"
IN_FLOAT32 = f"{ZERO}; float32 with DeepSpeed's flat copy"
SAVED = "what autograd saves of a layer; docs/planning.md"
SUMMED = "training/ranks/zero.py: grad_accum_dtype = fp32; DeepSpeed: grad_partitions_flat_buffer"
OWN = "DeepSpeed: the gradient of each float32 partition, with offload_optimizer"
MASK = Amount(
    "tree attention",
    10**2 * 8 + 1280 * 4 * 4 * 3,
    "(tokens / 128)^2 x 8 bytes of block mask + 4 bytes a head of log-sum-exp",
    "flex_attention",
)
RANK_PROCESS = Amount("process", 1.5 * GIB, "CUDA context, NCCL, cuBLAS", "assumed")
KERNEL = "TRL's ChunkedLogProbFunction"
HEAD_IN_BF16 = "1.28 M logits at once x 2 bytes + 228 k float32 gradients"
BUCKETS = Amount("reduce buckets", 2 * N * 2, "2 x 542.7 k elements x 2 bytes", "DeepSpeed 0.19")


def gpu_with(memory_bytes: float) -> GpuType:
    """A GPU with exactly so much memory."""
    found: Any = SimpleNamespace(name="GPU", bf16=True, memory_bytes=memory_bytes)
    return cast(GpuType, found)


def rank(
    zero: dict[str, Any] | None = None, checkpointing: bool = False, everywhere: bool = False, **training: Any
) -> RankRequest:
    given = {"ranks": 4, "gpus_per_rank": 1, "tokens_per_micro_step": 1280, "zero": ZeroConfig(**zero or {})}
    return RankRequest(
        shape=SHAPE,
        training=TrainingConfig(**(given | training)),
        gradient_checkpointing=checkpointing,
        longest_chain=400,
        trl_head=everywhere,
        typical_tokens=640,
        mean_depth=300.0,
    )


def listed(found: tuple[Amount, ...], expected: list[Amount]) -> None:
    assert [replaced(amount) for amount in found] == [replaced(amount) for amount in expected]


def replaced(amount: Amount) -> Amount:
    """The same with its bytes as a rounded number, so that orders of sums do not count."""
    return Amount(amount.what, round(float(amount.bytes)), amount.how, amount.source)


def with_fragments(parts: list[Amount]) -> list[Amount]:
    return [*parts, Amount("fragments", sum(part.bytes for part in parts) * 0.05, "5% of the rest", "assumed")]


def state(what: str, each: int, ranks: int = 1, source: str = ZERO) -> Amount:
    how = f"542.7 k parameters x {each} bytes" + (f" / {ranks} ranks" if ranks > 1 else "")
    return Amount(what, N * each / ranks, how, source)


def test_a_rank_under_zero_3() -> None:
    """A layer keeps 2 x (4 x 100 + 5 x 80 + 3 x 300) = 3,400 bytes a token. The head's gradients in float32 are those
    of (1,000 tokens of the vocabulary + 1,280 of the row) x 100."""
    memory = rank_on_gpu(rank(), GPUS["H100"])
    expected = [
        state("parameters", 2, 4),
        state("gradients", 2, 4),
        state("optimizer", 12, 4),
        Amount("float32 accumulation", 2 * N / 4, "542.7 k gradients x 2 bytes more / 4 ranks", SUMMED),
        Amount("activations", 1280 * 3 * 3400, "1,280 tokens x 3 layers x 3,400 bytes", SAVED),
        MASK,
        Amount("logits", 1280 * 1000 * 2 + 4 * 2280 * 100, HEAD_IN_BF16, KERNEL),
        Amount("gathered parameters", 2 * N, "542.7 k live at most x 2 bytes", "DeepSpeed 0.19"),
        BUCKETS,
        RANK_PROCESS,
    ]
    listed(memory.on_device, with_fragments(expected))
    assert (memory.on_host, memory.faults, memory.device) == ((), (), "H100")
    assert memory.capacity == GPUS["H100"].memory_bytes


def test_a_rank_under_zero_2_with_its_optimizer_on_the_host() -> None:
    memory = rank_on_gpu(
        rank({"stage": 2, "offload_optimizer": "cpu"}, checkpointing=True, everywhere=True), GPUS["H100"]
    )
    kept = "1,280 tokens x (3 layers x 100 x 2 bytes + one layer of 3,400)"
    device = [
        state("parameters", 2),
        Amount("activations", 1280 * (3 * 100 * 2 + 3400), kept, SAVED),
        MASK,
        Amount("logits", 1280 * 1000 * 2 + 4 * 2280 * 100, HEAD_IN_BF16, KERNEL),
        BUCKETS,
        RANK_PROCESS,
    ]
    host = [
        state("gradients", 2, 4),
        state("optimizer", 12, 4),
        Amount("float32 accumulation", 2 * N / 4, "542.7 k gradients x 2 bytes more / 4 ranks", SUMMED),
        Amount("the optimizer's gradients", 4 * N / 4, "542.7 k gradients x 4 bytes / 4 ranks", OWN),
    ]
    listed(memory.on_device, with_fragments(device))
    listed(memory.on_host, host)


def test_one_rank_in_float32_splits_and_gathers_nothing() -> None:
    """A layer keeps 2 x (4 + 8) x 100 + 4 x 1,600 = 8,800 bytes a token where norms and SwiGLU are not fused."""
    memory = rank_on_gpu(rank({"bf16": "off", "stage": 1}, ranks=1, fused_kernels="off"), GPUS["H100"])
    expected = [
        *(state(what, each, source=IN_FLOAT32) for what, each in (("parameters", 4), ("gradients", 4))),
        state("optimizer", 12, source=IN_FLOAT32),
        Amount("activations", 1280 * 3 * 8800, "1,280 tokens x 3 layers x 8,800 bytes", SAVED),
        MASK,
        Amount("logits", 1280 * 1000 * 4 + 4 * 2280 * 100, HEAD_IN_BF16.replace("x 2 bytes", "x 4 bytes"), KERNEL),
        RANK_PROCESS,
    ]
    listed(memory.on_device, with_fragments(expected))


def test_gradients_that_add_up_in_float32_are_split_over_ranks_from_stage_2_on() -> None:
    def summed(stage: int, ranks: int) -> Amount:
        ((amount, *others), _) = accumulation(rank({"stage": stage}, ranks=ranks))
        assert others == ([of_a_row(ranks)] if stage == 2 else []), "two of them under ZeRO 2"
        return amount

    def of_a_row(ranks: int) -> Amount:
        how = "542.7 k gradients x 4 bytes" + (f" / {ranks} ranks" if ranks > 1 else "")
        measured = "so much more an H100 held under ZeRO 2 than under 1 (docs/results/gpu-day.json, within 3 %)"
        return Amount("a row's gradients", 4 * N / ranks, how, measured)

    whole = "542.7 k gradients x 2 bytes more"
    assert summed(1, 4) == Amount("float32 accumulation", 2 * N, whole, SUMMED)
    assert summed(2, 2) == Amount("float32 accumulation", 2 * N / 2, f"{whole} / 2 ranks", SUMMED)
    assert summed(2, 1) == Amount("float32 accumulation", 2 * N, whole, SUMMED)


def test_a_large_model_is_gathered_in_parts() -> None:
    """At most 10^9 live parameters, and the bucket that is fetched ahead."""
    large = replace(rank({"stage3_prefetch_bucket_size": 10_000_000}), shape=replace(SHAPE, layers=20_000))
    assert large.shape.parameters > 2e9
    gathered = next(part for part in rank_on_gpu(large, GPUS["H100"]).on_device if part.what == "gathered parameters")
    assert gathered == Amount("gathered parameters", 1.01e9 * 2, "1.01 G live at most x 2 bytes", "DeepSpeed 0.19")


def test_a_rank_without_a_gpu_has_rows_of_typical_length() -> None:
    """The longest row is taken to be twice the average, which has 640 tokens here."""
    memory = rank_on_cpu(rank({"bf16": "off"}, gpus_per_rank=0, ranks=2), 7.0)
    paths = "keys and values of every path, put together a segment"
    expected = [
        *(state(what, each, 2, IN_FLOAT32) for what, each in (("parameters", 4), ("gradients", 4))),
        state("optimizer", 12, 2, IN_FLOAT32),
        Amount("activations", 1280 * 3 * 8800, "1,280 tokens x 3 layers x 8,800 bytes", SAVED),
        Amount("tree attention", 1280 * 2 * 2 * 40 * 4 * 3, paths, "training/tree/attention.py"),
        Amount("logits", 1280 * 1000 * 12, "1,280 tokens x vocabulary 1,000 x 12 bytes", "training/tree/scoring.py"),
        Amount("reduce buckets", 2 * N * 4, "2 x 542.7 k elements x 4 bytes", "DeepSpeed 0.19"),
        Amount("process", 7.0, "measured without a model", "docs/planning.md"),
    ]
    listed(memory.on_device, expected)
    assert (memory.on_host, memory.faults, memory.device, memory.capacity) == ((), (), "CPU", math.inf)
    assert memory.used == pytest.approx(sum(part.bytes for part in expected))


def test_what_is_wrong_with_ranks_is_said_in_full() -> None:
    def faults(request: RankRequest, gpu: str = "H100") -> tuple[str, ...]:
        return rank_on_gpu(request, GPUS[gpu]).faults

    assert faults(rank(gpus_per_rank=0.5)) == (
        "0.5 GPUs a rank: NCCL takes exactly one; set training.gpus_per_rank = 1",
    )
    assert faults(rank(gpus_per_rank=0.5, ranks=1)) == ()
    assert faults(rank(), "T4") == ("T4 has no bf16; set training.zero.bf16 = 'off' or train on newer GPUs",)
    assert faults(rank({"bf16": "off"}), "T4") == ()
    assert faults(rank({"stage": 0})) == (
        "zero.stage = 0 in bf16: DeepSpeed refuses float32 gradients there; take 1, 2 or 3",
    )
    quantised = replace(rank(), shape=replace(SHAPE, quantization="awq"))
    assert faults(quantised) == ("tiny is quantised (awq): full parameters are trained, not those",)
    assert faults(replace(rank(), longest_chain=1280)) == ()
    assert faults(replace(rank(), longest_chain=1281)) == (
        "the longest chain may have 1,281 tokens and a row of training holds 1,280: 1 too few, and chains are not cut",
    )
    short = replace(rank(), shape=replace(SHAPE, max_context=400))
    assert faults(short) == ()
    assert faults(replace(short, longest_chain=401)) == (
        "the longest chain may have 401 tokens and tiny has 400 positions: 1 too few",
    )
    huge = replace(rank({"stage": 0, "bf16": "off"}), shape=replace(SHAPE, layers=45_000))
    (fault,) = faults(huge)
    memory = rank_on_gpu(huge, GPUS["H100"])
    assert rank_on_gpu(huge, gpu_with(memory.used)).faults == ()
    needed, there = memory.used / GIB, GPUS["H100"].memory_bytes / GIB
    assert fault == f"a rank needs {needed:.1f} GiB and H100 has 79.6 GiB: {needed - there:.1f} GiB too little"


def engine(**settings: Any) -> EngineRequest:
    config = EngineConfig.model_validate({"max_context": 512, "max_running": 16} | settings)
    return EngineRequest(
        role="student",
        shape=SHAPE,
        hosts=HostsConfig(count=2, cpus=1, live_episodes=8, engine=config),
        mean_context=200.0,
        weight_bytes_each=2,
        kv_bytes_each=2,
    )


L4 = GPUS["L4"]
AT_ONCE = EngineConfig(max_context=512, max_running=16).batched_tokens(on_gpu=True)
"""Tokens of one pass: 8,192."""
PASS = f"{AT_ONCE:,} batched tokens x widest tensors x 2 bytes + 16 x vocabulary 1,000 x 4 bytes x 2 (sampling)"
PROFILED = "cluster/engine/options.py: batched_tokens; profiled at start"


def test_an_engine_on_one_gpu() -> None:
    """The widest tensors of a pass: gate and up with the attention's output, 2 x 300 + 80."""
    memory = engine_on_gpu(engine(), L4)
    expected = [
        Amount("weights", 2 * N, "542.7 k parameters x 2 bytes / (TP 1 x PP 1)", "the recipe"),
        Amount("forward pass", AT_ONCE * (200 + 680) * 2 + 16 * 1000 * 8, PASS, PROFILED),
        Amount("process", 0.7 * GIB, "CUDA context, cuBLAS, NCCL", "assumed"),
        Amount("CUDA graphs", 0.7 * GIB, "capture of all batch sizes", "assumed"),
    ]
    listed(memory.parts, expected)
    left = 0.9 * L4.memory_bytes - sum(part.bytes for part in expected)
    source = "vLLM 0.32: gpu_memory_utilization"
    listed((memory.kv_cache,), [Amount("KV cache", left, "gpu_memory 0.9 x L4 - the rest", source)])
    assert memory.kv_bytes_per_token == 2 * 3 * 2 * 20 * 2
    assert (memory.kv_tokens, memory.full_sequences, memory.running) == (int(left // 480), 16, 8)
    assert (memory.device, memory.capacity, memory.faults) == ("L4", L4.memory_bytes, ())


def test_an_engine_on_four_gpus_splits_layers_and_heads() -> None:
    memory = engine_on_gpu(engine(tensor_parallel=2, pipeline_parallel=2, eager=True, kv_cache_mb=64), L4)
    expected = [
        Amount("weights", 2 * N / 4, "542.7 k parameters x 2 bytes / (TP 2 x PP 2)", "the recipe"),
        Amount("forward pass", AT_ONCE * (200 + 400) * 2 + 16 * 1000 * 8, PASS, PROFILED),
        Amount("process", 1.2 * GIB, "CUDA context, cuBLAS, NCCL", "assumed"),
    ]
    listed(memory.parts, expected)
    listed(
        (memory.kv_cache,),
        [Amount("KV cache", 64 * MIB, "as the recipe says", "vLLM 0.32: gpu_memory_utilization")],
    )
    assert memory.kv_bytes_per_token == 2 * 2 * 1 * 20 * 2, "2 of 3 layers, 1 of 2 heads"


def test_what_is_wrong_with_an_engine_is_said_in_full() -> None:
    whole = engine_on_gpu(engine(), L4)
    needed = sum(part.bytes for part in whole.parts)
    small = engine_on_gpu(engine(gpu_memory=0.05), L4)
    assert small.faults == ("1.4 GiB without any KV cache exceed 0.05 of L4's 22.5 GiB by 0.3 GiB",)
    assert (small.kv_cache.bytes, small.kv_tokens, small.full_sequences, small.running) == (0, 0, 0, 0)
    excess = (40_000 * MIB + needed - L4.memory_bytes) / MIB
    assert engine_on_gpu(engine(kv_cache_mb=40_000), L4).faults == (
        f"kv_cache_mb = 40,000 leaves no room for the weights on L4: it is {excess:,.0f} MiB too much",
    )
    assert divides(engine(tensor_parallel=3, pipeline_parallel=4)) == [
        "4 attention heads do not divide by tensor_parallel = 3",
        "2 key-value heads fit no tensor_parallel = 3",
        "pipeline_parallel = 4 is more than the 3 layers",
    ]
    assert divides(engine(tensor_parallel=4, pipeline_parallel=3)) == []
    narrow = replace(engine(tensor_parallel=4), shape=replace(SHAPE, intermediate=302))
    assert divides(narrow) == ["intermediate size 302 does not divide by tensor_parallel = 4"]
    short = engine_on_gpu(replace(engine(), shape=replace(SHAPE, max_context=511)), L4)
    assert short.faults == ("max_context 512 is beyond the model's 511",)
    assert engine_on_gpu(replace(engine(), shape=replace(SHAPE, max_context=512), mean_context=512), L4).faults == ()
    assert fitting_sizes(engine(), L4, 4) == [(1, 1), (2, 1), (1, 2), (1, 3), (4, 1), (2, 2)]


def test_an_engine_without_a_gpu() -> None:
    machine = 1.0 * GIB
    memory = engine_on_cpu(engine(tensor_parallel=2, kv_cache_mb=64), 10.0 * MIB, 20.0 * MIB, machine)
    at_once = EngineConfig(max_context=512, max_running=16).batched_tokens(on_gpu=False)
    worked = f"{at_once:,} batched tokens x (6 hidden + 3 intermediate) x 2 bytes + logits"
    source = "vLLM 0.32: the CPU worker's determine_available_memory"
    expected = [
        Amount("processes", 50 * MIB, "4 processes, measured without a model", "docs/planning.md"),
        Amount("weights", 2 * N, "542.7 k parameters x 2 bytes", "the recipe"),
        Amount(
            "forward pass",
            at_once * (6 * 100 + 3 * 300) * 2 + 16 * 1000 * 8,
            worked,
            "cluster/engine/options.py: batched_tokens",
        ),
    ]
    listed(memory.parts, expected)
    listed((memory.kv_cache,), [Amount("KV cache", 2 * 64 * MIB, "kv_cache_mb, 2 worker(s)", source)])
    assert memory.kv_bytes_per_token == 2 * 3 * 1 * 20 * 2 * 2, "two workers, each with one head"
    assert (memory.device, memory.capacity, memory.faults) == ("CPU", math.inf, ())
    assert engine_on_cpu(engine(kv_cache_mb=64), 10.0 * MIB, 20.0 * MIB, machine).faults == ()
    whole = engine_on_cpu(engine(), 10.0 * MIB, 20.0 * MIB, machine)
    assert whole.used == pytest.approx(0.9 * machine)
    assert whole.kv_cache.how == "gpu_memory 0.9 of the machine's 1.0 GiB - the rest; set kv_cache_mb"
    full = engine_on_cpu(engine(), 10.0 * MIB, 2.0 * GIB, machine)
    assert full.faults == ("2.0 GiB without any KV cache exceed 0.9 of 1.0 GiB by 1.1 GiB",)


def scoring(**zero: Any) -> ScoringRequest:
    training = TrainingConfig(ranks=4, gpus_per_rank=1, tokens_per_micro_step=1280, zero=ZeroConfig(**zero))
    return ScoringRequest(shape=SHAPE, training=training)


def test_a_task_that_scores() -> None:
    """A token's row: the residual twice and its norm in float32, 100 x (2 x 2 + 4), and the MLP's 3 x 300 x 2."""
    memory = scoring_on_gpu(scoring(), GPUS["H100"])
    expected = [
        Amount("weights", 2 * N, "542.7 k parameters x 2 bytes", "the recipe"),
        Amount("forward pass", 1280 * 2600, "1,280 tokens x 2,600 bytes", "one layer's widest"),
        Amount("logits", 1280 * 1000 * 2, "1.28 M logits at once x 2 bytes", KERNEL),
        Amount("block mask", 800, "(tokens / 128)^2 x 8 bytes", "flex_attention"),
        Amount("process", 1.0 * GIB, "CUDA context, cuBLAS, kernels", "assumed"),
    ]
    listed(memory.on_device, with_fragments(expected))
    host = "torch and CUDA; weights are mapped, not copied"
    listed(memory.on_host, [Amount("process", 3.0 * GIB, host, "assumed")])
    assert (memory.device, memory.capacity, memory.faults) == ("H100", GPUS["H100"].memory_bytes, ())
    wide = replace(scoring(), shape=replace(SHAPE, intermediate=10))
    assert scoring_on_gpu(wide, GPUS["H100"]).on_device[1].bytes == 1280 * (800 + (80 * 2 + 40 * 2) * 2)


def test_a_task_that_scores_without_a_gpu() -> None:
    memory = scoring_on_cpu(scoring(bf16="off"), 7.0)
    expected = [
        Amount("weights", 4 * N, "542.7 k parameters x 4 bytes", "the recipe"),
        Amount("forward pass", 1280 * 4800, "1,280 tokens x 4,800 bytes", "one layer's widest"),
        Amount("logits", 1280 * 1000 * 4, "1.28 M logits at once x 4 bytes", KERNEL),
        Amount("process", 7.0, "measured without a model", "docs/planning.md"),
    ]
    listed(memory.on_device, expected)
    assert (memory.on_host, memory.faults, memory.device, memory.capacity) == ((), (), "CPU", math.inf)


def test_a_model_that_one_gpu_does_not_hold_is_said_in_full() -> None:
    large = replace(scoring(), shape=replace(SHAPE, layers=400_000))
    memory = scoring_on_gpu(large, GPUS["H100"])
    assert scoring_on_gpu(large, gpu_with(memory.used)).faults == ()
    needed, there = memory.used / GIB, GPUS["H100"].memory_bytes / GIB
    assert memory.faults == (
        f"scoring loads the whole model on one GPU: {needed:.1f} GiB, and H100 has 79.6 GiB: "
        f"{needed - there:.1f} GiB too little",
    )


def test_numbers_as_people_read_them() -> None:
    written = [count(value) for value in (0.5, 999, 1000, 70_553_706_496, 1.5e12, -2e6, 1e6, 1e9, 1e12)]
    assert written == ["0.5", "999", "1 k", "70.55 G", "1.5 T", "-2 M", "1 M", "1 G", "1 T"]
    assert [size(value) for value in (0, MIB, 1536 * MIB, GIB - 1, GIB, -2 * GIB, 5000 * GIB)] == [
        "0.0 MiB",
        "1.0 MiB",
        "1.50 GiB",
        "1,024.0 MiB",
        "1.00 GiB",
        "-2.00 GiB",
        "5,000.00 GiB",
    ]
    spans = (0.25, 119.9, 120, 7199, 7200, 172799, 172800, 864000)
    assert [duration(value) for value in spans] == [
        "0.2 s",
        "119.9 s",
        "2.0 min",
        "120.0 min",
        "2.0 h",
        "48.0 h",
        "2.0 days",
        "10.0 days",
    ]
