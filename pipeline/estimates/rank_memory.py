"""Memory of one training rank: model states under ZeRO, activations of one row of a tree, logits, buffers.

States are those of mixed-precision Adam in the ZeRO paper (Rajbhandari et al. 2020, section 3.1): 2 bytes of bf16
parameters, 2 of gradients, 12 of float32 master parameters and two moments: 16 a parameter. Beyond the paper, gradients
add up in float32 here, which is 2 more. In float32 on the CPU DeepSpeed keeps a flat copy beside the module's own:
4 + 4 + 4 + 8 = 20.
"""

from dataclasses import dataclass

from pipeline.estimates.amounts import Amount, DeviceMemory, count, fragments, scored_logits, total
from pipeline.estimates.hardware import GIB, GpuType
from pipeline.estimates.shapes import ModelShape

_ZERO = "ZeRO paper (arXiv 1910.02054), section 3.1"
_DEEPSPEED = "DeepSpeed 0.19"
_LIVE_PARAMETERS = 1e9
"""DeepSpeed's stage3_max_live_parameters."""
_PROCESS = 1.5 * GIB
"""CUDA context, NCCL's buffers, cuBLAS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRequest:
    """So many ranks that train one model. `logits_everywhere`: an arm's trainer runs the head on every position."""

    shape: ModelShape
    ranks: int
    gpus_a_rank: float
    cpus_a_rank: float
    zero_stage: int
    bf16: bool
    offload_optimizer: bool
    offload_parameters: bool
    checkpointing: bool
    tokens: int
    """Tokens of one forward and backward pass on a rank at most."""
    longest_chain: int
    bucket: int
    """Elements reduced at a time."""
    prefetch: int
    logits_everywhere: bool
    typical_tokens: float
    """Tokens of a row as they come; at most `tokens`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankMemory(DeviceMemory):
    """One rank."""

    request: RankRequest


def state_bytes_each(bf16: bool) -> dict[str, float]:
    """Bytes a parameter: parameters, gradients, optimizer state (master copy and two moments)."""
    return (
        {"parameters": 2.0, "gradients": 2.0, "optimizer": 12.0}
        if bf16
        else {"parameters": 4.0, "gradients": 4.0, "optimizer": 12.0}
    )


def states(request: RankRequest) -> tuple[list[Amount], list[Amount]]:
    """Model states of one rank: on its device, and off it."""
    split_from = {"optimizer": 1, "gradients": 2, "parameters": 3}
    device: list[Amount] = []
    host: list[Amount] = []
    for what, each in state_bytes_each(request.bf16).items():
        split = request.ranks if request.zero_stage >= split_from[what] else 1
        share = f" / {split} ranks" if split > 1 else ""
        amount = Amount(
            what,
            request.shape.parameters * each / split,
            f"{count(request.shape.parameters)} parameters x {each:g} bytes{share}",
            _ZERO if request.bf16 else f"{_ZERO}; float32 with DeepSpeed's flat copy",
        )
        away = request.offload_parameters if what == "parameters" else request.offload_optimizer
        (host if away else device).append(amount)
    return device, host


def accumulation(request: RankRequest) -> tuple[list[Amount], list[Amount]]:
    """What gradients take beyond `states`, on a rank's device and off it.

    bf16 gradients add up in float32: DeepSpeed's flat buffer of them has 4 bytes where the paper's has 2. An optimizer
    off the GPU has float32 gradients of its own beside that buffer, which lies with it.
    """
    split = request.ranks if request.zero_stage >= 2 else 1
    parameters = request.shape.parameters
    found = []
    if request.bf16:
        how = f"{count(parameters)} gradients x 2 bytes more" + (f" / {split} ranks" if split > 1 else "")
        source = "training/ranks/zero.py: grad_accum_dtype = fp32; DeepSpeed: grad_partitions_flat_buffer"
        found.append(Amount("float32 accumulation", 2 * parameters / split, how, source))
    if not request.offload_optimizer:
        return found, []
    how = f"{count(parameters)} gradients x 4 bytes / {request.ranks} ranks"
    source = "DeepSpeed: the gradient of each float32 partition, with offload_optimizer"
    return [], [*found, Amount("the optimizer's gradients", 4 * parameters / request.ranks, how, source)]


def states_in_all(request: RankRequest) -> tuple[list[Amount], list[Amount]]:
    """`states` and `accumulation` together."""
    (device, host), (more, away) = states(request), accumulation(request)
    return device + more, host + away


def rank_on_gpu(request: RankRequest, gpu: GpuType) -> RankMemory:
    """One rank on one GPU."""
    device, host = states_in_all(request)
    device += [*_working(request), Amount("process", _PROCESS, "CUDA context, NCCL, cuBLAS", "assumed")]
    device.append(fragments(device))
    faults = []
    if total(device) > gpu.memory_bytes:
        faults.append(f"a rank needs {total(device) / GIB:.1f} GiB and {gpu.name} has {gpu.memory_bytes / GIB:.1f} GiB")
    if request.bf16 and not gpu.bf16:
        faults.append(f"{gpu.name} has no bf16; set training.zero.bf16 = 'off' or train on newer GPUs")
    if request.ranks > 1 and request.gpus_a_rank != 1:
        faults.append(f"{request.gpus_a_rank:g} GPUs a rank: NCCL takes exactly one; set training.gpus_per_rank = 1")
    return RankMemory(
        request=request,
        device=gpu.name,
        capacity=gpu.memory_bytes,
        on_device=tuple(device),
        on_host=tuple(host),
        faults=(*faults, *_unfit(request)),
    )


def rank_on_cpu(request: RankRequest, process: float) -> RankMemory:
    """One rank without a GPU; `process` is what it takes before there is a model."""
    device, host = states_in_all(request)
    device += [*_working(request), Amount("process", process, "measured without a model", "docs/planning.md")]
    return RankMemory(
        request=request,
        device="CPU",
        capacity=float("inf"),
        on_device=tuple(device + host),
        on_host=(),
        faults=_unfit(request),
    )


def layer_bytes_a_token(shape: ModelShape, each: int) -> float:
    """What one layer keeps for its backward pass, a token, in Hugging Face's Llama.

    Counted in what autograd saves (measured in `tests/pipeline/estimates/test_rank_memory.py`): two norms, their inputs
    and outputs; q and k before and after rotation, v, the attention's output; gate, up, SiLU and their product.
    """
    wide, narrow = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    # Norms work in float32 whatever the weights' type: 4 bytes each.
    norms = 2 * (4 * shape.hidden + (each + 4) * shape.hidden)
    return norms + each * (3 * wide + 4 * narrow + 4 * shape.intermediate)


def _working(request: RankRequest) -> list[Amount]:
    shape, each = request.shape, 2 if request.bf16 else 4
    tokens = request.tokens if request.gpus_a_rank else request.typical_tokens
    layer = layer_bytes_a_token(shape, each)
    if request.checkpointing:
        kept = tokens * (shape.layers * shape.hidden * each + layer)
        boundaries = f"{shape.layers} layers x {shape.hidden} x {each} bytes"
        how = f"{tokens:,.0f} tokens x ({boundaries} + one layer of {layer:,.0f})"
    else:
        kept = tokens * shape.layers * layer
        how = f"{tokens:,.0f} tokens x {shape.layers} layers x {layer:,.0f} bytes"
    found = [
        Amount("activations", kept, how, "what autograd saves of a layer; docs/planning.md"),
        Amount("tree attention", *_tree(request, tokens)),
        Amount("logits", *_logits(request, tokens, each)),
    ]
    if request.zero_stage == 3 and request.ranks > 1 and request.gpus_a_rank:
        live = min(float(shape.parameters), _LIVE_PARAMETERS + request.prefetch)
        found.append(
            Amount("gathered parameters", live * each, f"{count(live)} live at most x {each} bytes", _DEEPSPEED)
        )
    if request.zero_stage and request.ranks > 1:
        bucket = min(request.bucket, shape.parameters) * 2 * each
        found.append(
            Amount("reduce buckets", bucket, f"2 x {count(bucket / 2 / each)} elements x {each} bytes", _DEEPSPEED)
        )
    return found


def _tree(request: RankRequest, tokens: float) -> tuple[float, str, str]:
    """Block mask of a row (CUDA), or the paths' keys and values that are put together (CPU)."""
    shape = request.shape
    if request.gpus_a_rank:
        blocks = (tokens / 128) ** 2 * 8
        lse = tokens * shape.heads * 4 * shape.layers
        return (
            blocks + lse,
            "(tokens / 128)^2 x 8 bytes of block mask + 4 bytes a head of log-sum-exp",
            "flex_attention",
        )
    narrow = shape.kv_heads * shape.head_dim
    copies = tokens * 2 * 2 * narrow * 4 * shape.layers
    return copies, "keys and values of every path, put together a segment", "training/tree/attention.py"


def _logits(request: RankRequest, tokens: float, each: int) -> tuple[float, str, str]:
    """The head's output, in the model's type and in float32, and its gradient."""
    rows = tokens * request.shape.vocab
    if request.logits_everywhere:
        return (
            rows * (each + 8),
            f"{tokens:,.0f} tokens x vocabulary {request.shape.vocab:,} x {each + 8} bytes",
            "TRL's SFT loss",
        )
    return scored_logits(rows, each)


def longest_row(request: RankRequest) -> int:
    """Tokens that a chain may have: those of a row, and no more than the model has positions."""
    return min(request.tokens, request.shape.max_context or request.tokens)


def _unfit(request: RankRequest) -> tuple[str, ...]:
    """What no device changes."""
    shape, longest = request.shape, request.longest_chain
    faults = []
    if request.bf16 and request.zero_stage == 0:
        faults.append("zero.stage = 0 in bf16: DeepSpeed refuses float32 gradients there; take 1, 2 or 3")
    if shape.quantization:
        faults.append(f"{shape.name} is quantised ({shape.quantization}): full parameters are trained, not those")
    if longest > request.tokens:
        faults.append(
            f"the longest chain may have {longest:,} tokens and a row of training holds {request.tokens:,}: "
            "no cutting helps that"
        )
    if shape.max_context and longest > shape.max_context:
        faults.append(
            f"the longest chain may have {longest:,} tokens and {shape.name} has {shape.max_context:,} positions"
        )
    return tuple(faults)
