"""Memory of one engine: weights, process and graphs, the KV cache that is left, and the conversations that it holds.

GPU engines follow vLLM 0.32: it takes `gpu_memory` of the device, of which weights, the peak of one forward pass and
graphs come first, and gives the rest to the KV cache. Where a constant is assumed, its source says so.
"""

import math
from dataclasses import dataclass, replace

from cluster.engine.options import EngineConfig
from cluster.gpus import GpuType
from pipeline.estimates.amounts import Amount, count, total
from pipeline.estimates.hardware import GIB, MIB
from pipeline.estimates.shapes import ModelShape
from rollout.config import HostsConfig

_VLLM = "vLLM 0.32"
_ASSUMED = "assumed"
_CONTEXT = 0.7 * GIB
"""CUDA context, cuBLAS and the allocator's own, one process a GPU."""
_NCCL = 0.5 * GIB
_ASKED_AT_ONCE, _ASKED_BYTES = 1024, 10
"""Logits as the model gives them, in float32, and their log-probabilities."""
_GRAPHS = 0.7 * GIB
"""Graphs of all batch sizes up to 512."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """The engines of the `teacher` or the `student` (`role`): the model, and the recipe's `engines.ROLE`."""

    role: str
    shape: ModelShape
    hosts: HostsConfig
    mean_context: float
    """Tokens of a conversation at its end, on average."""
    weight_bytes_each: float
    kv_bytes_each: float
    """Bytes of a number that the engine computes with; of its KV cache, where that is not fp8."""
    asked: bool = False
    """Whether it is asked what it says of chains that are there, as distillation does."""

    @property
    def engine(self) -> EngineConfig:
        return self.hosts.engine

    @property
    def gpus(self) -> int:
        """GPUs of one engine, where engines have GPUs; workers, where they have none."""
        return self.engine.tensor_parallel * self.engine.pipeline_parallel

    def with_engine(self, **values: int | None) -> "EngineRequest":
        """The same request with other values of `engine`."""
        engine = self.engine.model_copy(update=values)
        return replace(self, hosts=self.hosts.model_copy(update={"engine": engine}))


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineMemory:
    """Memory of one GPU of an engine, or of an engine on the CPU. `faults` say why it does not fit, if it does not."""

    request: EngineRequest
    device: str
    capacity: float
    """Bytes of the device; infinite on the CPU."""
    parts: tuple[Amount, ...]
    """All but the KV cache."""
    kv_cache: Amount
    kv_bytes_per_token: float
    """Bytes of KV cache a token on one GPU."""
    faults: tuple[str, ...]

    @property
    def kv_tokens(self) -> int:
        """Tokens that the engine's KV cache holds."""
        return max(0, int(self.kv_cache.bytes // self.kv_bytes_per_token))

    @property
    def full_sequences(self) -> int:
        """Conversations of full length that run at a time without one being preempted."""
        return min(self.request.engine.max_running, self.kv_tokens // self.request.engine.max_context)

    @property
    def running(self) -> int:
        """Conversations of mean length that run at a time."""
        held = int(self.kv_tokens // max(1.0, self.request.mean_context))
        return min(self.request.engine.max_running, self.request.hosts.live_episodes, held)

    @property
    def used(self) -> float:
        return total(self.parts) + self.kv_cache.bytes


def engine_on_gpu(request: EngineRequest, gpu: GpuType) -> EngineMemory:
    """Memory of one GPU of an engine, on GPUs of one type."""
    shape, engine = request.shape, request.engine
    tp, pp = engine.tensor_parallel, engine.pipeline_parallel
    batched = engine.batched_tokens(on_gpu=True)
    wide = max(shape.hidden * 4, (2 * shape.intermediate + shape.heads * shape.head_dim) / tp)
    parts = [
        Amount(
            "weights",
            shape.weight_bytes(request.weight_bytes_each) / (tp * pp),
            f"{count(shape.parameters)} parameters x {request.weight_bytes_each:.3g} bytes / (TP {tp} x PP {pp})",
            shape.source,
        ),
        Amount(
            "forward pass",
            batched * (shape.hidden * 2 + wide) * 2 + engine.max_running * shape.vocab * 4 * 2,
            f"{batched:,} batched tokens x widest tensors x 2 bytes + {engine.max_running} x vocabulary "
            f"{shape.vocab:,} x 4 bytes x 2 (sampling)",
            "cluster/engine/options.py: batched_tokens; profiled at start",
        ),
        Amount("process", _CONTEXT + (_NCCL if tp * pp > 1 else 0), "CUDA context, cuBLAS, NCCL", _ASSUMED),
    ]
    if not engine.eager:
        parts.append(Amount("CUDA graphs", _GRAPHS, "capture of all batch sizes", _ASSUMED))
    memory, asked = _with_cache(request, gpu, parts, gpu.memory_bytes), asked_bytes(request, on_gpu=True)
    left = gpu.memory_bytes * (1 - engine.gpu_memory)
    if asked is None or asked.bytes <= left:
        return memory
    return replace(
        memory,
        faults=(
            *memory.faults,
            f"{asked.bytes / GIB:.1f} GiB for {asked.what} come on top of gpu_memory = {engine.gpu_memory:g}, which "
            f"leaves {left / GIB:.1f} GiB of {gpu.name}: {(asked.bytes - left) / GIB:.1f} GiB too little",
        ),
    )


def asked_bytes(request: EngineRequest, *, on_gpu: bool) -> Amount | None:
    """What log-probabilities of prompts take, which vLLM does not count when it sizes the KV cache; None where nobody
    asks for any. On GPUs it makes them for 1,024 tokens at a time (its model runner V2), on CPUs for a whole prompt."""
    if not request.asked:
        return None
    tokens, vocab = (_ASKED_AT_ONCE if on_gpu else request.engine.max_context), request.shape.vocab
    how = f"{tokens:,} tokens x vocabulary {vocab:,} x {_ASKED_BYTES} bytes"
    return Amount(
        "log-probabilities of prompts", float(tokens * vocab * _ASKED_BYTES), how, f"{_VLLM}: prompt_logprobs"
    )


def processes_on_cpu(workers: int) -> int:
    """Processes of an engine without a GPU: a host, a scheduler, and workers; a single worker is in the scheduler's."""
    return 2 if workers == 1 else 2 + workers


def engine_on_cpu(request: EngineRequest, process: float, worker: float, memory_bytes: float) -> EngineMemory:
    """Memory of an engine without a GPU. It has a worker for each rank, of which each has its part of the weights and a
    KV cache of its own; without `kv_cache_mb` each takes `gpu_memory` of the whole machine, less the rest.

    `process`, `worker`: bytes that the other processes, and each worker, take before there is a model;
    `memory_bytes`: the machine's.
    """
    shape, engine, workers = request.shape, request.engine, request.gpus
    batched = engine.batched_tokens(on_gpu=False)
    parts = [
        Amount(
            "processes",
            process + workers * worker,
            f"{processes_on_cpu(workers)} processes, measured without a model",
            "docs/planning.md",
        ),
        Amount(
            "weights",
            shape.weight_bytes(request.weight_bytes_each),
            f"{count(shape.parameters)} parameters x {request.weight_bytes_each:.3g} bytes",
            shape.source,
        ),
        Amount(
            "forward pass",
            batched * (6 * shape.hidden + 3 * shape.intermediate) * request.kv_bytes_each
            + engine.max_running * shape.vocab * 4 * 2,
            f"{batched:,} batched tokens x (6 hidden + 3 intermediate) x {request.kv_bytes_each:g} bytes + logits",
            "cluster/engine/options.py: batched_tokens",
        ),
    ]
    if (asked := asked_bytes(request, on_gpu=False)) is not None:
        parts.append(asked)
    return _with_cache(request, None, parts, memory_bytes)


def _with_cache(request: EngineRequest, gpu: GpuType | None, parts: list[Amount], memory_bytes: float) -> EngineMemory:
    """An engine with the KV cache that its other `parts` leave of `memory_bytes`, or that the recipe sets, and with the
    faults of both. On a CPU each of its workers has a cache of its own."""
    shape, engine, needed = request.shape, request.engine, total(parts)
    copies = 1 if gpu else request.gpus
    available = memory_bytes * engine.gpu_memory
    if engine.kv_cache_mb is not None:
        cache = float(engine.kv_cache_mb * MIB)
        how = "as the recipe says" if gpu else f"kv_cache_mb, {copies} worker(s)"
    else:
        cache = max(0.0, available - needed)
        machine = f"of the machine's {memory_bytes / GIB:.1f} GiB - the rest; set kv_cache_mb"
        how = f"gpu_memory {engine.gpu_memory:g} " + (f"x {gpu.name} - the rest" if gpu else machine)
    source = "gpu_memory_utilization" if gpu else "the CPU worker's determine_available_memory"
    # Tensor parallelism splits the heads, of which each device has one at least.
    heads = max(1.0, shape.kv_heads / engine.tensor_parallel)
    layers = math.ceil(shape.layers / engine.pipeline_parallel)
    cached_bytes = 1.0 if engine.kv_cache_dtype == "fp8" else request.kv_bytes_each
    memory = EngineMemory(
        request=request,
        device=gpu.name if gpu else "CPU",
        capacity=memory_bytes if gpu else math.inf,
        parts=tuple(parts),
        kv_cache=Amount("KV cache", cache * copies, how, f"{_VLLM}: {source}"),
        kv_bytes_per_token=2 * layers * heads * shape.head_dim * cached_bytes * copies,
        faults=(),
    )
    if needed >= available and (gpu or engine.kv_cache_mb is None):
        there = f"{gpu.name}'s {memory_bytes / GIB:.1f} GiB" if gpu else f"{memory_bytes / GIB:.1f} GiB"
        faults = [
            f"{needed / GIB:.1f} GiB without any KV cache exceed {engine.gpu_memory:g} of {there} by "
            f"{(needed - available) / GIB:.1f} GiB"
        ]
    elif gpu and (excess := cache + needed - memory_bytes) > 0:
        faults = [
            f"kv_cache_mb = {cache / MIB:,.0f} leaves no room for the weights on {gpu.name}: "
            f"it is {excess / MIB:,.0f} MiB too much"
        ]
    else:
        faults = _too_short(memory)
    return replace(memory, faults=(*divides(request), *faults))


def divides(request: EngineRequest) -> list[str]:
    """Why this tensor and pipeline parallel size cannot serve this model; empty where it can."""
    shape, tp, pp = request.shape, request.engine.tensor_parallel, request.engine.pipeline_parallel
    faults = []
    if shape.heads % tp:
        faults.append(f"{shape.heads} attention heads do not divide by tensor_parallel = {tp}")
    if shape.intermediate % tp:
        faults.append(f"intermediate size {shape.intermediate:,} does not divide by tensor_parallel = {tp}")
    if shape.kv_heads % tp and tp % shape.kv_heads:
        faults.append(f"{shape.kv_heads} key-value heads fit no tensor_parallel = {tp}")
    if pp > shape.layers:
        faults.append(f"pipeline_parallel = {pp} is more than the {shape.layers} layers")
    return faults


def fitting_sizes(request: EngineRequest, gpu: GpuType, gpus_per_node: int) -> list[tuple[int, int]]:
    """(tensor, pipeline) parallel sizes that fit on one node, the fewest GPUs first, then tensor parallel first."""
    found = []
    for tp in range(1, gpus_per_node + 1):
        for pp in range(1, gpus_per_node // tp + 1):
            if not engine_on_gpu(request.with_engine(tensor_parallel=tp, pipeline_parallel=pp), gpu).faults:
                found.append((tp, pp))
    return sorted(found, key=lambda sizes: (sizes[0] * sizes[1], sizes[1]))


def _too_short(memory: EngineMemory) -> list[str]:
    """Faults of a context that holds no conversation, or that the cache does not hold, or the model."""
    context, mean, shape = memory.request.engine.max_context, memory.request.mean_context, memory.request.shape
    faults = []
    if mean > context:
        faults.append(f"conversations come to {mean:,.0f} tokens on average, beyond max_context = {context:,}")
    if memory.kv_tokens < context:
        faults.append(f"the KV cache holds {memory.kv_tokens:,} tokens, less than one context of {context:,}")
    if shape.max_context and context > shape.max_context:
        faults.append(f"max_context {context:,} is beyond the model's {shape.max_context:,}")
    return faults
