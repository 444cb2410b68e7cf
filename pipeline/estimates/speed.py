"""Seconds of a piece of work, from its tokens and the rates of machines. Each constant says where it is from.

GPUs: data sheet rates times the shares below; training's share is measured, the others are assumed. CPUs: rates of
`probe` (or of the reference machine) times figures measured on it, a machine with two cores of an AMD EPYC with
AVX-512, on 2026-11-20.
"""

from dataclasses import dataclass, replace

from cluster.gpus import GpuType
from pipeline.estimates.engine_memory import EngineMemory
from pipeline.estimates.hardware import Machines, Node
from pipeline.estimates.rank_memory import RankRequest, layer_bytes_per_token
from pipeline.estimates.shapes import ModelShape

PREFILL_SHARE = 0.5
"""Share of a GPU's dense rate that prefill and large batches reach."""
BANDWIDTH_SHARE = 0.7
"""Share of a GPU's memory bandwidth that decoding reaches."""
TRAIN_SHARE = {0: 0.38, 1: 0.38, 2: 0.35, 3: 0.16}
"""Share of a GPU's dense rate that training with tree attention reaches, by ZeRO's stage: measured on one H100 with
1.5 B parameters, 50,176 tokens a step, the optimizer's step included (docs/results/gpu-day.json). Stage 0 is taken for
1. On several GPUs stage 3 was not measured."""
HOST_LAYER_S = 0.0052
"""Seconds in which the host launches a layer's kernels of one row, forward and backward: on that H100 a row of 5,632
tokens in 28 layers took 146 ms, of which its kernels ran 108."""
SCORING_SHARE = 0.4
"""The same of a forward pass alone, which has the same kernels and no optimizer; assumed."""
FLOAT32_RATE = 1 / 16
"""Share of a GPU's dense rate without tensor cores: A100 and H100 have 1/16 and 1/15; torch leaves TF32 off."""
LINK_SHARE = 0.7
"""Share of a link's or adapter's rate that collectives reach."""
GPU_STEP_S = 0.004
"""Scheduling and sampling of one engine step, with graphs; eager: twice that."""
ALL_REDUCE_S = 20e-6
"""Latency of one all-reduce inside a node; two a layer."""
GPU_ENGINE_START_S = 85.0
"""Imports, compilation and graphs of an engine on GPUs, without reading the weights: measured once on an H100 with
1.5 B parameters, nothing cached (docs/performance.md). Compilation is taken to take as long for larger models."""
GPU_RANKS_START_S = 60.0
"""Imports, NCCL and DeepSpeed of a group of ranks on GPUs, without reading the weights."""
GPU_COMPILE_S = 25.0
"""Kernels of tree attention, at the first two steps: measured on an H100 (docs/results/gpu-day.json, `compilation`)."""
HASH_GBS = 1.5
"""Bytes that a core hashes (SHA-256 with the processor's own instructions), in GB/s; assumed."""
PCIE_GBS = 25.0
"""Between a GPU and its host's memory."""
HOST_REQUEST_S = 0.0015
"""Python of a host for one request: prompt, parsing, calls, bookkeeping."""
SEEN = 0.6
"""Share of a conversation's final length that a request sees on average while it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuRates:
    """What one core does. `source` says whether it was measured here or on the reference machine."""

    matrix_flops: float
    """FLOP/s of float32 products of the size that tiny models multiply."""
    bandwidth: float
    """Bytes/s."""
    process_s: float
    """Seconds of a fresh Python that imports torch."""
    python_s: float
    """Seconds of the probe's piece of plain Python: the unit of the constants below."""
    cores: int
    source: str


REFERENCE = CpuRates(
    matrix_flops=101e9,
    bandwidth=43e9,
    process_s=1.46,
    python_s=0.0089,
    cores=2,
    source="of the reference machine; --probe measures this one",
)

# Measured on the reference machine, in the units of `CpuRates`: starts of a process (`process_s`) and calibration units
# of plain Python (`python_s`). docs/planning.md says from which measurements.
FORWARD_PASSES = 9.0
"""How many times a forward pass reads or writes what a layer keeps for its backward pass, at memory speed."""
TRAIN_PASSES = 36.0
"""The same for forward and backward."""
RAY_START = 2.7
"""Start of Ray's processes, in starts of a process."""
ENGINE_START = 15.7
"""A CPU engine: the host's imports, the engine's processes, warming up; in starts of a process."""
ENGINE_THREADS = 0.77
"""A CPU engine of n threads writes n to this power as many tokens as with one: 1.71 times with two, measured once with
135 M parameters (docs/results/cores.json)."""
ENGINE_END = 1.5
"""The end of a CPU engine, in starts of a process."""
RANKS_START = 11.0
"""Ray Train's controller, the ranks' imports, gloo, DeepSpeed, checkpoint and export; in starts of a process."""
TASK_START = 3.4
"""A worker that imports torch and transformers; in starts of a process."""
MODEL_START = 6.5
"""A process that makes a tiny model: imports and problems; in starts of a process."""
ENGINE_STEP = 0.8
"""Scheduling and sampling of one step of a CPU engine, in calibration units of plain Python."""
REQUEST = 0.115
"""A host's work for one request, in calibration units of plain Python."""
RANK_STEP = 4.0
"""Optimizer, logging and ZeRO-3's hooks of one step, in calibration units of plain Python; a layer adds RANK_LAYER."""
RANK_LAYER = 3.0
CONVERTED_S = 1e-7
"""Seconds a parameter to dequantise a GGUF file and write it down; SmolLM2's 134 million took 20 s in all."""
MODEL_STEP = 0.5
"""Drawing conversations and the optimizer of one step of a tiny model, in calibration units of plain Python."""
FILLED = 0.8
"""Share of `max_running` that is running, on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one model's engines have to do: attempts at problems, in requests and tokens."""

    attempts: int
    requests: float
    written: float
    prefill: float
    """Tokens of prompt that no prefix cache holds."""
    context: float
    """Tokens of a conversation at its end, on average."""

    def plus(self, other: "Demand") -> "Demand":
        attempts = self.attempts + other.attempts
        context = self.context * self.attempts + other.context * other.attempts
        return Demand(
            attempts=attempts,
            requests=self.requests + other.requests,
            written=self.written + other.written,
            prefill=self.prefill + other.prefill,
            context=context / max(1, attempts),
        )

    def scaled(self, factor: float) -> "Demand":
        """The demand of so many times the attempts."""
        return replace(
            self,
            attempts=round(self.attempts * factor),
            requests=self.requests * factor,
            written=self.written * factor,
            prefill=self.prefill * factor,
        )


NO_DEMAND = Demand(attempts=0, requests=0, written=0, prefill=0, context=0)


Time = tuple[tuple[str, float], ...]
"""Seconds of a stage, by what they are spent on."""


def engines_on_gpus(demand: Demand, memory: EngineMemory, gpu: GpuType, node: Node, engines_per_node: int) -> Time:
    """Start and work of all engines of a request, which share the demand out evenly."""
    request, engine = memory.request, memory.request.engine
    shape, count = request.shape, request.hosts.count
    tp, pp = engine.tensor_parallel, engine.pipeline_parallel
    flops = dense_rate(gpu, request.weight_bytes_each < 4) * PREFILL_SHARE
    used = _used_parameters(shape)
    prefill = demand.prefill / count * 2 * used / (tp * pp * flops)
    running = max(1.0, FILLED * min(memory.running, demand.requests / count) / pp)
    weights = shape.weight_bytes(request.weight_bytes_each) / (tp * pp)
    cache = running * (demand.context * SEEN) * memory.kv_bytes_per_token
    read = (weights + cache) / (gpu.bandwidth_gbs * 1e9 * BANDWIDTH_SHARE)
    multiply = running * 2 * used / (tp * pp * flops)
    reduce = 0.0
    if tp > 1:
        link = gpu.link_gbs / 2 if tp <= node.gpus else min(gpu.link_gbs / 2, node.network_gbs)
        sent = running * shape.hidden * 2 * 2 * (tp - 1) / tp
        reduce = 2 * shape.layers / pp * (ALL_REDUCE_S + sent / (link * 1e9 * LINK_SHARE))
    step = max(read, multiply) + reduce + GPU_STEP_S * (2 if engine.eager else 1)
    decode = demand.written / count / (running * pp) * step * pp
    host = demand.requests / count * HOST_REQUEST_S
    return (
        ("weights", loading_s(shape, request.weight_bytes_each, node, engines_per_node)),
        ("engine start", GPU_ENGINE_START_S),
        ("prefill", prefill),
        ("decode", decode),
        ("calls and bookkeeping beyond that", max(0.0, host - prefill - decode)),
    )


def loading_s(shape: ModelShape, bytes_each: float, node: Node, engines_per_node: int) -> float:
    """Seconds until all engines of a node have their weights, which they read side by side.

    Each worker maps the files and reads them in the same order, so storage is read once where the page cache holds
    them, at its own rate. What further engines copy out of the page cache is taken to go ten times as fast, one after
    another. Where it does not hold them, each engine reads storage for itself. None of this is measured.
    """
    once = shape.weight_bytes(bytes_each) / (node.storage_gbs * 1e9)
    fits = shape.weight_bytes(bytes_each) < node.memory * 0.5
    return once * (1 + (engines_per_node - 1) * (0.1 if fits else 1.0))


def engines_on_cpu(demand: Demand, memory: EngineMemory, rates: CpuRates) -> Time:
    """Start and work of all engines of a request on one machine, which they share."""
    shape, count = memory.request.shape, memory.request.hosts.count
    crowd = max(1.0, 1.5 * count / rates.cores) / count
    tokens = demand.prefill + demand.written
    threads = min(memory.request.engine.threads or 1, max(1, rates.cores // count))
    work = _model_s(shape, tokens, 2, FORWARD_PASSES, rates, demand.written) / float(threads**ENGINE_THREADS)
    running = max(1.0, FILLED * min(memory.running, demand.requests))
    steps = demand.written / running * ENGINE_STEP * rates.python_s
    return (
        ("engine start", ENGINE_START * rates.process_s * max(1.0, 1.5 * count / rates.cores)),
        ("tokens", work * crowd),
        ("engine steps", steps * crowd),
        ("calls and bookkeeping", demand.requests * REQUEST * rates.python_s * crowd),
        ("engine end", ENGINE_END * rates.process_s),
    )


def tiny_model_s(shape: ModelShape, steps: int, tokens: float, at_a_time: int, rates: CpuRates) -> float:
    """Seconds in which one model learns the corpus in `steps` steps of `tokens` tokens, while `at_a_time` do."""
    threads = max(1, rates.cores // at_a_time)
    step = _model_s(shape, tokens, 6, TRAIN_PASSES, rates)
    step = step / float(threads**0.3) + MODEL_STEP * rates.python_s
    return MODEL_START * rates.process_s + steps * step * max(1.0, at_a_time / rates.cores)


def training_on_cpu(shape: ModelShape, steps: float, tokens: float, ranks: int, rates: CpuRates) -> Time:
    """Time of one arm: `steps` optimizer steps of `tokens` tokens over all ranks."""
    crowd = max(1.0, ranks / rates.cores)
    work = _model_s(shape, tokens / ranks, 6, TRAIN_PASSES, rates)
    overhead = (RANK_STEP + RANK_LAYER * shape.layers) * rates.python_s
    return (
        ("ranks' start", RANKS_START * rates.process_s * crowd),
        ("forward and backward", steps * work * crowd),
        ("steps", steps * overhead * crowd),
    )


def scoring_on_cpu(shape: ModelShape, tokens: float, ranks: int, rates: CpuRates, fresh: bool) -> Time:
    """Time of reference log-probabilities of `tokens` tokens; `fresh`: the tasks' processes have to start first."""
    crowd = max(1.0, ranks / rates.cores)
    work = _model_s(shape, tokens / ranks, 2, FORWARD_PASSES, rates)
    return (
        ("tasks' start", (TASK_START if fresh else 0.5) * rates.process_s * crowd),
        ("forward", work * crowd),
    )


def training_on_gpus(
    request: RankRequest,
    steps: float,
    tokens: float,
    gpu: GpuType,
    node: Node,
    ranks_per_node: int,
    *,
    split: bool = False,
) -> Time:
    """Time of one arm: `steps` optimizer steps of `tokens` tokens over all ranks. `split`: groups are larger than a
    row, and go through the model once more without a gradient. Where the arm distils, the teacher's head makes logits
    in both passes, and the student's once more.

    A step runs as long as its arithmetic, as the host launches it, or as ZeRO moves the parameters, whichever is
    longer: they overlap. Stage 3 gathers the parameters twice a row and reduces gradients once; stage 2 reduces
    gradients once a row and gathers parameters once a step; the others do both once a step. In a ring each tensor
    passes every link once, so it leaves a node once, over all of its adapters, however many ranks the node has.
    """
    shape, training, ranks = request.shape, request.training, request.training.ranks
    flop = 6 + 2 * bool(request.gradient_checkpointing) + 2 * split  # a parameter and token
    arithmetic = tokens / ranks * flop * _used_parameters(shape)
    if request.teacher is not None:
        arithmetic += tokens / ranks * 2 * (2 * request.teacher.head + shape.vocab * shape.hidden)
    compute = arithmetic / (dense_rate(gpu, request.bf16) * TRAIN_SHARE[request.stage])
    rows = max(1.0, tokens / ranks / request.tokens)
    launched = rows * shape.layers * HOST_LAYER_S * flop / 6
    link = gpu.link_gbs / 2 if ranks <= ranks_per_node else min(gpu.link_gbs / 2, node.network_gbs)
    times = {3: (3 + split) * rows, 2: rows + 1}.get(request.stage, 2.0)
    moved = times * (2 if request.bf16 else 4) * shape.parameters * (ranks - 1) / ranks
    communication = moved / (link * 1e9 * LINK_SHARE)
    away = 0.0
    if training.zero.offload_optimizer == "cpu":
        away = 6 * shape.parameters / ranks / (PCIE_GBS * 1e9) + 28 * shape.parameters / ranks / 10e9
    return (
        ("weights", loading_s(shape, 2, node, 1)),
        ("ranks' start", GPU_RANKS_START_S),
        ("compilation", GPU_COMPILE_S),
        ("forward and backward", steps * max(compute, launched, communication)),
        ("optimizer off the GPU", steps * away),
        ("checkpoints", -(-steps // training.checkpoint_steps) * checkpoint_s(request, node, ranks_per_node)),
    )


def checkpoint_s(request: RankRequest, node: Node, ranks_per_node: int) -> float:
    """Seconds in which training waits for one checkpoint: each node writes its ranks' shards, and one of them the
    gathered weights, to storage that is taken to write as fast as it reads; then each rank hashes what it wrote."""
    each, parameters, ranks = (2 if request.bf16 else 4), request.shape.parameters, request.training.ranks
    shard = (12 + each) * parameters / ranks
    weights = each * float(parameters)
    written = min(ranks, ranks_per_node) * shard + weights
    return written / (node.storage_gbs * 1e9) + max(shard, weights) / (HASH_GBS * 1e9)


def scoring_on_gpus(shape: ModelShape, tokens: float, ranks: int, gpu: GpuType, node: Node, *, bf16: bool) -> Time:
    """Time of reference log-probabilities of `tokens` tokens, with a whole model on each of `ranks` GPUs."""
    return (
        ("weights", loading_s(shape, 2, node, 1)),
        ("tasks' start", GPU_RANKS_START_S / 2),
        ("forward", tokens / ranks * 2 * _used_parameters(shape) / (dense_rate(gpu, bf16) * SCORING_SHARE)),
    )


def assumed_rates(machines: Machines) -> tuple[str, ...]:
    """The rates and shares that times on GPUs rest on, one line a type of GPU. Training's shares were measured
    on an H100; the others are assumed."""
    lines = []
    for gpu in machines.gpu_types():
        node = next(node for node in machines.nodes if node.gpu == gpu)
        lines.append(
            f"{gpu.name} ({gpu.source}): {gpu.tflops:g} TFLOP/s, of which {PREFILL_SHARE:g} in prefill and "
            f"{TRAIN_SHARE[1]:g}, {TRAIN_SHARE[2]:g} and {TRAIN_SHARE[3]:g} in training under ZeRO 1, 2 and 3; "
            f"{gpu.bandwidth_gbs:,g} GB/s of memory, of which {BANDWIDTH_SHARE:g} in decoding; "
            f"{gpu.link_gbs / 2:g} GB/s to the next GPU and {node.network_gbs:g} GB/s to the next node, of which "
            f"{LINK_SHARE:g}; {1000 * GPU_STEP_S:g} ms a step; {GPU_ENGINE_START_S:g} s an engine's start, "
            f"{GPU_RANKS_START_S:g} s the ranks'; weights read at {node.storage_gbs:g} GB/s"
        )
    return tuple(lines)


def _model_s(
    shape: ModelShape, tokens: float, flop: int, passes: float, rates: CpuRates, headed: float | None = None
) -> float:
    """Seconds of `tokens` through a model's layers on one core in float32, with `flop` operations a parameter, and of
    `headed` tokens (by default all) through its head."""
    layer = flop * shape.layer_parameters / rates.matrix_flops
    layer += passes * layer_bytes_per_token(shape, 4) / rates.bandwidth
    head = (tokens if headed is None else headed) * flop * shape.vocab * shape.hidden / rates.matrix_flops
    return tokens * shape.layers * layer + head


def dense_rate(gpu: GpuType, bf16: bool) -> float:
    """FLOP/s as the data sheet says them; in float32 a share of that."""
    return gpu.tflops * 1e12 * (1 if bf16 else FLOAT32_RATE)


def _used_parameters(shape: ModelShape) -> int:
    """Parameters that every token is multiplied with: all but the input embeddings, which are looked up."""
    return shape.body_parameters + shape.vocab * shape.hidden
