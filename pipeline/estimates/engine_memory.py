"""Memory of one engine: weights, what the process and the graphs take, the KV cache that is left, episodes in it.

GPU engines follow vLLM 0.32: it takes `gpu_memory` of the device, of which weights, the peak of one forward pass and
graphs come first, and gives the rest to the KV cache. Constants that were assumed say so in their source.
"""

import math
from dataclasses import dataclass, replace

from cluster.engine.vllm import batched_tokens
from pipeline.estimates.amounts import Amount, count, total
from pipeline.estimates.hardware import GIB, MIB, GpuType
from pipeline.estimates.shapes import ModelShape

_VLLM = "vLLM 0.32"
_ASSUMED = "assumed"
_CONTEXT = 0.7 * GIB
"""CUDA context, cuBLAS and the allocator's own, one process a GPU."""
_NCCL = 0.5 * GIB
_GRAPHS = 0.7 * GIB
"""Graphs of all batch sizes up to 512."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """So many engines of one model, each on tensor_parallel x pipeline_parallel GPUs, or on the CPU."""

    role: str
    shape: ModelShape
    count: int
    tensor_parallel: int
    pipeline_parallel: int
    max_context: int
    max_running: int
    mean_context: float
    """Tokens of a conversation at its end, on average."""
    weight_bytes_each: float
    kv_bytes_each: float
    kv_cache: float | None
    """Bytes of KV cache a GPU where the request says so; None for what is left."""
    gpu_memory: float
    eager: bool
    live_episodes: int
    cpus: float

    @property
    def gpus(self) -> int:
        """GPUs of one engine, where engines have GPUs."""
        return self.tensor_parallel * self.pipeline_parallel


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineMemory:
    """One GPU of an engine, or an engine on the CPU. `faults`: why it does not fit; empty where it does."""

    request: EngineRequest
    device: str
    capacity: float
    parts: tuple[Amount, ...]
    """All but the KV cache."""
    kv_cache: Amount
    kv_bytes_per_token: float
    """Bytes of KV cache a token on one GPU."""
    faults: tuple[str, ...]

    @property
    def kv_tokens(self) -> int:
        """Tokens that the cache of the engine holds."""
        return max(0, int(self.kv_cache.bytes // self.kv_bytes_per_token))

    @property
    def full_sequences(self) -> int:
        """Conversations of full length that run at a time without one being put off."""
        return min(self.request.max_running, self.kv_tokens // self.request.max_context)

    @property
    def running(self) -> int:
        """Conversations of mean length that run at a time."""
        return min(
            self.request.max_running,
            self.request.live_episodes,
            int(self.kv_tokens // max(1.0, self.request.mean_context)),
        )

    @property
    def used(self) -> float:
        return total(self.parts) + self.kv_cache.bytes


def engine_on_gpu(request: EngineRequest, gpu: GpuType) -> EngineMemory:
    """One GPU of an engine on GPUs of one type."""
    shape, tp, pp = request.shape, request.tensor_parallel, request.pipeline_parallel
    batched = batched_tokens(request.max_context, request.max_running, on_gpu=True)
    wide = max(shape.hidden * 4, (2 * shape.intermediate + shape.heads * shape.head_dim) / tp)
    logits = request.max_running * shape.vocab * 4 * 2
    parts = [
        Amount(
            "weights",
            request.shape.weight_bytes(request.weight_bytes_each) / (tp * pp),
            f"{count(shape.parameters)} parameters x {request.weight_bytes_each:.3g} bytes / (TP {tp} x PP {pp})",
            shape.source,
        ),
        Amount(
            "forward pass",
            batched * (shape.hidden * 2 + wide) * 2 + logits,
            f"{batched:,} batched tokens x widest tensors x 2 bytes + {request.max_running} x vocabulary "
            f"{shape.vocab:,} x 4 bytes x 2 (sampling)",
            "cluster/engine/vllm.py: batched_tokens; profiled at start",
        ),
        Amount("process", _CONTEXT + (_NCCL if tp * pp > 1 else 0), "CUDA context, cuBLAS, NCCL", _ASSUMED),
    ]
    if not request.eager:
        parts.append(Amount("CUDA graphs", _GRAPHS, "capture of all batch sizes", _ASSUMED))
    available = gpu.memory_bytes * request.gpu_memory
    left = max(0.0, available - total(parts))
    cache = Amount(
        "KV cache",
        left if request.kv_cache is None else request.kv_cache,
        f"gpu_memory {request.gpu_memory:g} x {gpu.name} - the rest"
        if request.kv_cache is None
        else "as the recipe says",
        f"{_VLLM}: gpu_memory_utilization",
    )
    memory = EngineMemory(
        request=request,
        device=gpu.name,
        capacity=gpu.memory_bytes,
        parts=tuple(parts),
        kv_cache=cache,
        kv_bytes_per_token=_kv_a_token(request),
        faults=(),
    )
    faults = _too_little(memory, available) or _too_short(memory)
    return replace(memory, faults=(*divides(request), *faults))


def engine_on_cpu(request: EngineRequest, process: float, worker: float, room: float) -> EngineMemory:
    """An engine without a GPU. `process`: what its processes take before there is a model, apart from workers, of
    `worker` each; `room`: the machine's memory, of which an engine takes its share where no cache is asked for."""
    shape, workers = request.shape, request.gpus
    batched = batched_tokens(request.max_context, request.max_running, on_gpu=False)
    process += workers * worker
    parts = (
        Amount("processes", process, f"{workers} worker(s) and 2 more, measured without a model", "docs/planning.md"),
        Amount(
            "weights",
            shape.weight_bytes(request.weight_bytes_each),
            f"{count(shape.parameters)} parameters x {request.weight_bytes_each:.3g} bytes",
            shape.source,
        ),
        Amount(
            "forward pass",
            batched * (6 * shape.hidden + 3 * shape.intermediate) * request.kv_bytes_each
            + request.max_running * shape.vocab * 4 * 2,
            f"{batched:,} batched tokens x (6 hidden + 3 intermediate) x {request.kv_bytes_each:g} bytes + logits",
            "cluster/engine/vllm.py: batched_tokens",
        ),
    )
    each = max(0.0, room * request.gpu_memory - total(parts)) if request.kv_cache is None else request.kv_cache
    how = f"kv_cache_mb, {workers} worker(s)"
    if request.kv_cache is None:
        how = f"gpu_memory {request.gpu_memory:g} of the machine's {room / GIB:.1f} GiB - the rest; set kv_cache_mb"
    memory = EngineMemory(
        request=request,
        device="CPU",
        capacity=math.inf,
        parts=parts,
        kv_cache=Amount("KV cache", each * workers, how, f"{_VLLM}: the CPU worker's determine_available_memory"),
        kv_bytes_per_token=_kv_a_token(request) * workers,
        faults=(),
    )
    needed, share = total(parts), room * request.gpu_memory
    if request.kv_cache is None and needed >= share:
        large = f"{needed / GIB:.1f} GiB without any KV cache exceed {request.gpu_memory:g} of {room / GIB:.1f} GiB"
        return replace(memory, faults=(*divides(request), large))
    return replace(memory, faults=(*divides(request), *_too_short(memory)))


def _kv_a_token(request: EngineRequest) -> float:
    """Bytes of KV cache a token on one device: heads are split, but none is less than one."""
    shape = request.shape
    heads = max(1.0, shape.kv_heads / request.tensor_parallel)
    layers = math.ceil(shape.layers / request.pipeline_parallel)
    return 2 * layers * heads * shape.head_dim * request.kv_bytes_each


def divides(request: EngineRequest) -> list[str]:
    """Why this tensor and pipeline parallel size cannot serve this model."""
    shape, tp, pp = request.shape, request.tensor_parallel, request.pipeline_parallel
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


def fitting_sizes(request: EngineRequest, gpu: GpuType, gpus_a_node: int) -> list[tuple[int, int]]:
    """(tensor, pipeline) parallel sizes that fit on one node, the fewest GPUs first, then tensor parallel first."""
    found = []
    for tp in range(1, gpus_a_node + 1):
        for pp in range(1, gpus_a_node // tp + 1):
            if not engine_on_gpu(resized(request, tp, pp), gpu).faults:
                found.append((tp, pp))
    return sorted(found, key=lambda sizes: (sizes[0] * sizes[1], sizes[1]))


def resized(request: EngineRequest, tensor: int, pipeline: int) -> EngineRequest:
    """The same request on other parallel sizes."""
    return replace(request, tensor_parallel=tensor, pipeline_parallel=pipeline)


def _too_little(memory: EngineMemory, available: float) -> list[str]:
    request = memory.request
    needed = total(memory.parts)
    if needed >= available:
        return [
            f"{needed / GIB:.1f} GiB without any KV cache exceed {request.gpu_memory:g} of {memory.device}'s "
            f"{memory.capacity / GIB:.1f} GiB"
        ]
    if memory.kv_cache.bytes + needed > memory.capacity:
        return [f"kv_cache_mb = {memory.kv_cache.bytes / MIB:,.0f} leaves no room for the weights on {memory.device}"]
    return []


def _too_short(memory: EngineMemory) -> list[str]:
    """A context that holds no conversation, or that the cache does not hold, or the model."""
    context, mean, shape = memory.request.max_context, memory.request.mean_context, memory.request.shape
    faults = []
    if mean > context:
        faults.append(f"conversations come to {mean:,.0f} tokens on average, beyond max_context = {context:,}")
    if memory.kv_tokens < context:
        faults.append(f"the KV cache holds {memory.kv_tokens:,} tokens, less than one context of {context:,}")
    if shape.max_context and context > shape.max_context:
        faults.append(f"max_context {context:,} is beyond the model's {shape.max_context:,}")
    return faults
