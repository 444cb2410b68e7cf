"""Seconds of a piece of work, from its tokens and the rates of machines. Formulas; the constants say how they came.

GPUs: data sheet rates times the shares below, which are assumed. CPUs: rates of `probe` (or of the reference machine)
times figures measured on it, a machine with two cores of an AMD EPYC with AVX-512, on 2026-11-20.
"""

from dataclasses import dataclass

from pipeline.estimates.engine_memory import EngineMemory
from pipeline.estimates.hardware import GpuType, Machines, Node
from pipeline.estimates.rank_memory import layer_bytes_a_token
from pipeline.estimates.shapes import ModelShape

PREFILL_SHARE = 0.5
"""Of a GPU's dense rate, in prefill and large batches."""
BANDWIDTH_SHARE = 0.7
"""Of a GPU's memory bandwidth, in decoding."""
TRAIN_SHARE = 0.35
"""Of a GPU's dense rate, in training with tree attention."""
FLOAT32_RATE = 1 / 16
"""Of a GPU's dense rate, without tensor cores: A100 and H100 have 1/16 and 1/15; torch leaves TF32 off."""
LINK_SHARE = 0.7
GPU_STEP_S = 0.004
"""Scheduling and sampling of one engine step, with graphs; eager: twice that."""
ALL_REDUCE_S = 20e-6
"""Latency of one all-reduce inside a node; two a layer."""
GPU_ENGINE_START_S = 60.0
"""Imports, compilation and graphs of an engine on GPUs, weights apart."""
GPU_RANKS_START_S = 60.0
"""Imports, NCCL and DeepSpeed of a group of ranks on GPUs, weights apart."""
PCIE_GBS = 25.0
HOST_REQUEST_S = 0.0015
"""Python of a host for one request: prompt, parsing, calls, bookkeeping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuRates:
    """What one core does. `source`: measured, or the reference machine's."""

    matrix_flops: float
    """FLOP/s of float32 products of the size that tiny models multiply."""
    bandwidth: float
    """Bytes/s."""
    process_s: float
    """A fresh Python that imports torch."""
    python_s: float
    """The probe's piece of interpreted work."""
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

# Of the reference machine, in the probe's units; docs/planning.md says from which measurements.
FORWARD_PASSES = 9.0
"""A forward pass touches what a layer keeps for its backward pass so many times, at memory speed."""
TRAIN_PASSES = 36.0
"""The same for forward and backward."""
RAY_START = 2.7
"""Ray's processes, in starts of a process."""
ENGINE_START = 15.7
"""A CPU engine: the host's imports, the engine's two processes, warming up; in starts of a process."""
ENGINE_END = 1.5
RANKS_START = 11.0
"""Ray Train's controller, the ranks' imports, gloo, DeepSpeed, checkpoint and export; in starts of a process."""
TASK_START = 3.4
"""A worker that imports torch and transformers; in starts of a process."""
MODEL_START = 6.5
"""A process that makes a tiny model: imports and problems; in starts of a process."""
ENGINE_STEP = 0.8
"""Scheduling and sampling of one step of a CPU engine, in pieces of interpreted work."""
REQUEST = 0.115
"""A host's Python for one request, in pieces of interpreted work."""
RANK_STEP = 4.0
"""Optimizer, logging and ZeRO-3's hooks of one step, in pieces of interpreted work; RANK_LAYER a layer."""
RANK_LAYER = 3.0
MODEL_STEP = 0.5
"""Drawing conversations and the optimizer of one step of a tiny model, in pieces of interpreted work."""
FILLED = 0.8
"""Share of `max_running` that is running, on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLoad:
    """What engines of one kind have to do in all."""

    requests: float
    prefill: float
    """Tokens of prompt that no prefix cache has."""
    written: float
    context: float
    """Tokens that a request sees, on average, while it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """Seconds, by what they are spent on."""

    parts: tuple[tuple[str, float], ...]

    @property
    def seconds(self) -> float:
        return sum(seconds for _, seconds in self.parts)


def engines_on_gpus(load: EngineLoad, memory: EngineMemory, gpu: GpuType, node: Node, engines_a_node: int) -> Time:
    """Start and work of all engines of a request, which share the load out evenly."""
    request = memory.request
    shape, tp, pp, count = request.shape, request.tensor_parallel, request.pipeline_parallel, request.count
    flops = _rate(gpu, request.weight_bytes_each >= 4) * PREFILL_SHARE
    used = _used_parameters(shape)
    prefill = load.prefill / count * 2 * used / (tp * pp * flops)
    running = max(1.0, FILLED * min(memory.running, load.requests / count) / pp)
    weights = shape.weight_bytes(request.weight_bytes_each) / (tp * pp)
    read = (weights + running * load.context * memory.kv_bytes_per_token) / (gpu.bandwidth_gbs * 1e9 * BANDWIDTH_SHARE)
    multiply = running * 2 * used / (tp * pp * flops)
    link = gpu.link_gbs / 2 if tp <= node.gpus else min(gpu.link_gbs / 2, node.network_gbs)
    reduce = (2 * shape.layers / pp * _all_reduce(shape, running, tp, link)) if tp > 1 else 0.0
    step = max(read, multiply) + reduce + GPU_STEP_S * (2 if request.eager else 1)
    decode = load.written / count / (running * pp) * step * pp
    host = load.requests / count * HOST_REQUEST_S
    return Time(
        parts=(
            ("weights", loading_s(shape, request.weight_bytes_each, node, engines_a_node)),
            ("engine start", GPU_ENGINE_START_S),
            ("prefill", prefill),
            ("decode", decode),
            ("calls and bookkeeping beyond that", max(0.0, host - prefill - decode)),
        )
    )


def loading_s(shape: ModelShape, bytes_each: float, node: Node, engines_a_node: int) -> float:
    """Reading the weights on a node: once from storage, by further engines out of the page cache, at ten times that."""
    once = shape.weight_bytes(bytes_each) / (node.storage_gbs * 1e9)
    fits = shape.weight_bytes(bytes_each) < node.memory * 0.5
    return once * (1 + (engines_a_node - 1) * (0.1 if fits else 1.0))


def engines_on_cpu(load: EngineLoad, memory: EngineMemory, rates: CpuRates) -> Time:
    """Start and work of all engines of a request on one machine, which they share."""
    request = memory.request
    shape = request.shape
    crowd = max(1.0, 1.5 * request.count / rates.cores) / request.count
    tokens = load.prefill + load.written
    work = tokens * shape.layers * _layer_s(shape, 2.0, FORWARD_PASSES, rates)
    work += load.written * 2 * shape.vocab * shape.hidden / rates.matrix_flops
    running = max(1.0, FILLED * min(memory.running, load.requests))
    steps = load.written / running * ENGINE_STEP * rates.python_s
    return Time(
        parts=(
            ("engine start", ENGINE_START * rates.process_s * max(1.0, 1.5 * request.count / rates.cores)),
            ("tokens", work * crowd),
            ("engine steps", steps * crowd),
            ("calls and bookkeeping", load.requests * REQUEST * rates.python_s * crowd),
            ("engine end", ENGINE_END * rates.process_s),
        )
    )


def tiny_model_s(shape: ModelShape, steps: int, tokens: float, at_a_time: int, rates: CpuRates) -> float:
    """Making one tiny model of `steps` steps of `tokens` tokens, beside `at_a_time` - 1 others."""
    threads = max(1, rates.cores // at_a_time)
    step = tokens * shape.layers * _layer_s(shape, 6.0, TRAIN_PASSES, rates)
    step += tokens * 6 * shape.vocab * shape.hidden / rates.matrix_flops
    step = step / float(threads**0.3) + MODEL_STEP * rates.python_s
    return MODEL_START * rates.process_s + steps * step * max(1.0, at_a_time / rates.cores)


def training_on_cpu(shape: ModelShape, steps: float, tokens: float, ranks: int, rates: CpuRates) -> Time:
    """One arm: `steps` optimizer steps of `tokens` tokens over all ranks."""
    crowd = max(1.0, ranks / rates.cores)
    work = tokens / ranks * shape.layers * _layer_s(shape, 6.0, TRAIN_PASSES, rates)
    work += tokens / ranks * 6 * shape.vocab * shape.hidden / rates.matrix_flops
    overhead = (RANK_STEP + RANK_LAYER * shape.layers) * rates.python_s
    return Time(
        parts=(
            ("ranks' start", RANKS_START * rates.process_s * crowd),
            ("forward and backward", steps * work * crowd),
            ("steps", steps * overhead * crowd),
        )
    )


def scoring_on_cpu(shape: ModelShape, tokens: float, ranks: int, rates: CpuRates, fresh: bool) -> Time:
    """Reference log-probabilities of so many tokens; `fresh`: the tasks' processes have to start first."""
    crowd = max(1.0, ranks / rates.cores)
    work = tokens / ranks * shape.layers * _layer_s(shape, 2.0, FORWARD_PASSES, rates)
    work += tokens / ranks * 2 * shape.vocab * shape.hidden / rates.matrix_flops
    return Time(
        parts=(
            ("tasks' start", (TASK_START if fresh else 0.5) * rates.process_s * crowd),
            ("forward", work * crowd),
        )
    )


def training_on_gpus(
    shape: ModelShape,
    steps: float,
    tokens: float,
    row: int,
    ranks: int,
    gpu: GpuType,
    node: Node,
    ranks_a_node: int,
    checkpointing: bool,
    offload: bool,
    bf16: bool,
) -> Time:
    """One arm: `steps` optimizer steps of `tokens` tokens over all ranks, in rows of at most `row` tokens a rank.

    A row runs as long as its arithmetic, or as ZeRO-3 needs to bring three times the parameters (gathered twice,
    gradients reduced once), whichever is longer: they overlap. In a ring each tensor passes every link once, so it
    leaves a node once, over all of the node's adapters, however many ranks the node has.
    """
    arithmetic = tokens / ranks * (8 if checkpointing else 6) * _used_parameters(shape)
    compute = arithmetic / (_rate(gpu, not bf16) * TRAIN_SHARE)
    rows = max(1.0, tokens / ranks / row)
    link = gpu.link_gbs / 2 if ranks <= ranks_a_node else min(gpu.link_gbs / 2, node.network_gbs)
    moved = 3 * (2 if bf16 else 4) * shape.parameters * (ranks - 1) / ranks
    communication = rows * moved / (link * 1e9 * LINK_SHARE)
    away = 6 * shape.parameters / ranks / (PCIE_GBS * 1e9) + 28 * shape.parameters / ranks / 10e9 if offload else 0.0
    return Time(
        parts=(
            ("weights", loading_s(shape, 2, node, 1)),
            ("ranks' start", GPU_RANKS_START_S),
            ("forward and backward", steps * max(compute, communication)),
            ("optimizer off the GPU", steps * away),
        )
    )


def scoring_on_gpus(shape: ModelShape, tokens: float, ranks: int, gpu: GpuType, node: Node) -> Time:
    """Reference log-probabilities of so many tokens: a model a rank."""
    return Time(
        parts=(
            ("weights", loading_s(shape, 2, node, 1)),
            ("tasks' start", GPU_RANKS_START_S / 2),
            ("forward", tokens / ranks * 2 * _used_parameters(shape) / (gpu.tflops * 1e12 * TRAIN_SHARE)),
        )
    )


def assumed_rates(machines: Machines) -> tuple[str, ...]:
    """What stands behind the times on GPUs, one line a type: no share of these was measured."""
    lines = []
    for gpu in machines.gpu_types():
        node = next(node for node in machines.nodes if node.gpu == gpu)
        lines.append(
            f"{gpu.name} ({gpu.source}): {gpu.tflops:g} TFLOP/s, of which {PREFILL_SHARE:g} in prefill and "
            f"{TRAIN_SHARE:g} in training; {gpu.bandwidth_gbs:,g} GB/s of memory, of which {BANDWIDTH_SHARE:g} in "
            f"decoding; {gpu.link_gbs / 2:g} GB/s to the next GPU and {node.network_gbs:g} GB/s to the next node, of "
            f"which {LINK_SHARE:g}; {1000 * GPU_STEP_S:g} ms a step; {GPU_ENGINE_START_S:g} s an engine's start, "
            f"{GPU_RANKS_START_S:g} s the ranks'; weights read at {node.storage_gbs:g} GB/s"
        )
    return tuple(lines)


def _layer_s(shape: ModelShape, flop_a_parameter: float, passes: float, rates: CpuRates) -> float:
    """One token through one layer on one core, in float32."""
    arithmetic = flop_a_parameter * shape.layer_parameters / rates.matrix_flops
    return arithmetic + passes * layer_bytes_a_token(shape, 4) / rates.bandwidth


def _rate(gpu: GpuType, float32: bool) -> float:
    """FLOP/s that the data sheet has."""
    return gpu.tflops * 1e12 * (FLOAT32_RATE if float32 else 1)


def _used_parameters(shape: ModelShape) -> int:
    """Parameters that every token is multiplied with: all but the input embeddings, which are looked up."""
    return shape.body_parameters + shape.vocab * shape.hidden


def _all_reduce(shape: ModelShape, running: float, tensor_parallel: int, link_gbs: float) -> float:
    sent = running * shape.hidden * 2 * 2 * (tensor_parallel - 1) / tensor_parallel
    return ALL_REDUCE_S + sent / (link_gbs * 1e9 * LINK_SHARE)
