"""Memory of one training rank: model states under ZeRO, activations of one row of a tree, logits, buffers.

States are those of mixed-precision Adam in the ZeRO paper (Rajbhandari et al. 2020, section 3.1): 2 bytes of bf16
parameters, 2 of gradients, 12 of float32 master parameters and two moments: 16 bytes a parameter. Beyond the paper,
gradients are summed in float32 here, which takes 2 bytes more. In float32 on the CPU DeepSpeed keeps a flat copy beside
the module's own parameters: 4 + 4 + 4 + 8 = 20 bytes.
"""

from dataclasses import dataclass

from cluster.gpus import GpuType
from pipeline.estimates.amounts import (
    PLAIN_VOCABULARY,
    Amount,
    DeviceMemory,
    count,
    fragments,
    head,
    head_of_distillation,
    padded,
    total,
)
from pipeline.estimates.hardware import GIB
from pipeline.estimates.shapes import ModelShape
from training.config import TrainingConfig, decided
from training.ranks.zero import uses_bf16

_ZERO = "ZeRO paper (arXiv 1910.02054), section 3.1"
_DEEPSPEED = "DeepSpeed 0.19"
_LIVE_PARAMETERS = 1e9
"""DeepSpeed's stage3_max_live_parameters."""
_PROCESS = 1.5 * GIB
"""Memory of the CUDA context, NCCL's buffers and cuBLAS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldBy:
    """What a rank is told by the teacher."""

    numbers: int
    """Numbers a token."""
    floats: int
    """Float32 tensors of the size of a part's logits that the loss holds at a time."""
    head: float = 0.0
    """Parameters of the teacher's head, which makes logits of the numbers; 0 where engines say log-probabilities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRequest:
    """The ranks that train one arm: the model, the recipe's `training`, and what the arm and its chains add."""

    shape: ModelShape
    training: TrainingConfig
    gradient_checkpointing: bool
    longest_chain: int
    """Tokens of a chain with its prompt at most."""
    trl_head: bool
    """Whether the head is TRL's whatever the vocabulary (SFT)."""
    typical_tokens: float
    """Tokens of an average row; at most `training.tokens_per_micro_step`."""
    mean_depth: float
    """Tokens that a token of such a row attends to, on average."""
    teacher: "ToldBy | None" = None
    """What the teacher says of a row, where the arm distils over its distribution."""

    @property
    def bf16(self) -> bool:
        return uses_bf16(self.training)

    @property
    def stage(self) -> int:
        """ZeRO's."""
        return decided(self.training.zero.stage)

    @property
    def tokens(self) -> int:
        """Tokens of a row at most."""
        return decided(self.training.tokens_per_micro_step)

    @property
    def longest_row(self) -> int:
        """Tokens that a chain may have: those of a row, and no more than the model has positions."""
        return min(self.tokens, self.shape.max_context or self.tokens)


RankMemory = DeviceMemory[RankRequest]
"""Memory of one rank."""


def state_bytes_each(bf16: bool) -> dict[str, float]:
    """Bytes a parameter of parameters, gradients, and optimizer state (master copy and two moments)."""
    each = 2.0 if bf16 else 4.0
    return {"parameters": each, "gradients": each, "optimizer": 12.0}


def states(request: RankRequest) -> tuple[list[Amount], list[Amount]]:
    """Model states of one rank as in the ZeRO paper, on its device and on its host."""
    split_from = {"optimizer": 1, "gradients": 2, "parameters": 3}
    zero, ranks = request.training.zero, request.training.ranks
    device: list[Amount] = []
    host: list[Amount] = []
    for what, each in state_bytes_each(request.bf16).items():
        split = ranks if request.stage >= split_from[what] else 1
        share = f" / {split} ranks" if split > 1 else ""
        amount = Amount(
            what,
            request.shape.parameters * each / split,
            f"{count(request.shape.parameters)} parameters x {each:g} bytes{share}",
            _ZERO if request.bf16 else f"{_ZERO}; float32 with DeepSpeed's flat copy",
        )
        away = zero.offload_param if what == "parameters" else zero.offload_optimizer
        (host if away == "cpu" else device).append(amount)
    return device, host


def accumulation(request: RankRequest) -> tuple[list[Amount], list[Amount]]:
    """What gradients take beyond `states`, on a rank's device and on its host.

    bf16 gradients are summed in float32: DeepSpeed's flat buffer of them has 4 bytes where the paper's has 2. An
    offloaded optimizer has float32 gradients of its own, and that flat buffer lies beside them on the host.
    """
    zero, ranks, parameters = request.training.zero, request.training.ranks, request.shape.parameters
    split = ranks if request.stage >= 2 else 1
    found = []
    if request.bf16:
        how = f"{count(parameters)} gradients x 2 bytes more" + (f" / {split} ranks" if split > 1 else "")
        source = "training/ranks/zero.py: grad_accum_dtype = fp32; DeepSpeed: grad_partitions_flat_buffer"
        found.append(Amount("float32 accumulation", 2 * parameters / split, how, source))
        if request.stage == 2 and zero.offload_optimizer == "none":
            how = how.replace("2 bytes more", "4 bytes")
            source = "so much more an H100 held under ZeRO 2 than under 1 (docs/results/gpu-day.json, within 3 %)"
            found.append(Amount("a row's gradients", 4 * parameters / split, how, source))
    if zero.offload_optimizer == "none":
        return found, []
    how = f"{count(parameters)} gradients x 4 bytes / {ranks} ranks"
    source = "DeepSpeed: the gradient of each float32 partition, with offload_optimizer"
    return [], [*found, Amount("the optimizer's gradients", 4 * parameters / ranks, how, source)]


def saved_on_host(request: RankRequest) -> Amount:
    """What a rank on a GPU holds in its node's memory while weights are saved, at checkpoints and at the end: all of
    them, gathered on the first rank under ZeRO 3, and copied by every rank below."""
    each = 2 if request.bf16 else 4
    how = f"{count(request.shape.parameters)} parameters x {each} bytes" + ", the first rank" * (request.stage == 3)
    return Amount("weights as they are saved", request.shape.weight_bytes(each), how, "accelerate: get_state_dict")


def states_in_all(request: RankRequest) -> tuple[list[Amount], list[Amount]]:
    """`states` and `accumulation` together."""
    (device, host), (more, away) = states(request), accumulation(request)
    return device + more, host + away


def rank_on_gpu(request: RankRequest, gpu: GpuType) -> RankMemory:
    """Memory of one rank on one GPU."""
    device, host = states_in_all(request)
    device += [*_working(request), Amount("process", _PROCESS, "CUDA context, NCCL, cuBLAS", "assumed")]
    device.append(fragments(device))
    needed, gpus_per_rank = total(device), request.training.gpus_per_rank
    faults = []
    if needed > gpu.memory_bytes:
        faults.append(
            f"a rank needs {needed / GIB:.1f} GiB and {gpu.name} has {gpu.memory_bytes / GIB:.1f} GiB: "
            f"{(needed - gpu.memory_bytes) / GIB:.1f} GiB too little"
        )
    if request.bf16 and not gpu.bf16:
        faults.append(f"{gpu.name} has no bf16; set training.zero.bf16 = 'off' or train on newer GPUs")
    if request.training.ranks > 1 and gpus_per_rank != 1:
        faults.append(f"{gpus_per_rank:g} GPUs a rank: NCCL takes exactly one; set training.gpus_per_rank = 1")
    return DeviceMemory(
        request=request,
        device=gpu.name,
        capacity=gpu.memory_bytes,
        on_device=tuple(device),
        on_host=tuple(host),
        faults=(*faults, *_unfit(request)),
    )


def rank_on_cpu(request: RankRequest, process: float) -> RankMemory:
    """Memory of one rank without a GPU; `process` is what it takes before there is a model."""
    device, host = states_in_all(request)
    device += [*_working(request), Amount("process", process, "measured without a model", "docs/planning.md")]
    return DeviceMemory(
        request=request,
        device="CPU",
        capacity=float("inf"),
        on_device=tuple(device + host),
        on_host=(),
        faults=_unfit(request),
    )


def layer_bytes_per_token(shape: ModelShape, each: int) -> float:
    """Bytes that one layer of Hugging Face's Llama keeps for its backward pass, for each token.

    It is what autograd saves (measured in `tests/pipeline/estimates/test_rank_memory.py`): two norms, their inputs and
    outputs; q and k before and after rotation, v, the attention's output; gate, up, SiLU and their product.
    """
    wide, narrow = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    # Norms work in float32 whatever the weights' type: 4 bytes each.
    norms = 2 * (4 * shape.hidden + (each + 4) * shape.hidden)
    return norms + each * (3 * wide + 4 * narrow + 4 * shape.intermediate)


def fused_layer_bytes_per_token(shape: ModelShape, each: int) -> float:
    """The same with fused kernels and tree attention on a GPU: two norms' inputs and outputs; q, and k and v for every
    query head, and the attention's output in two orders; gate, up and their product.

    On an H100 a model of 28 layers kept 79.3 KB a token and layer where this says 81.4.
    """
    wide = shape.heads * shape.head_dim
    return each * (4.0 * shape.hidden + 5 * wide + 3 * shape.intermediate)


def _working(request: RankRequest) -> list[Amount]:
    """What a forward and backward pass takes beside the states."""
    shape, training, each = request.shape, request.training, 2 if request.bf16 else 4
    on_gpu = training.gpus_per_rank > 0
    # On CPUs a recipe's rows are seldom full: the longest one is taken to be twice the average.
    tokens = float(padded(request.tokens)) if on_gpu else min(request.tokens, 2 * request.typical_tokens)
    layer = (
        fused_layer_bytes_per_token(shape, each) if training.may_fuse_kernels else layer_bytes_per_token(shape, each)
    )
    kept, how = tokens * shape.layers * layer, f"{tokens:,.0f} tokens x {shape.layers} layers x {layer:,.0f} bytes"
    if request.gradient_checkpointing:
        kept = tokens * (shape.layers * shape.hidden * each + layer)
        boundaries = f"{shape.layers} layers x {shape.hidden} x {each} bytes"
        how = f"{tokens:,.0f} tokens x ({boundaries} + one layer of {layer:,.0f})"
    found = [Amount("activations", kept, how, "what autograd saves of a layer; docs/planning.md")]
    if on_gpu:
        mask = (tokens / 128) ** 2 * 8 + tokens * shape.heads * 4 * shape.layers
        how = "(tokens / 128)^2 x 8 bytes of block mask + 4 bytes a head of log-sum-exp"
        found.append(Amount("tree attention", mask, how, "flex_attention"))
    else:
        copies = tokens * 2 * 2 * (shape.kv_heads * shape.head_dim) * 4 * shape.layers
        how = "keys and values of every path, put together a segment"
        found.append(Amount("tree attention", copies, how, "training/tree/attention.py"))
    sizes = (tokens, shape.vocab, shape.hidden, each)
    if (told := request.teacher) is not None:
        found += head_of_distillation(*sizes, teacher_head=told.head, numbers=told.numbers, floats=told.floats)
    else:
        plain = not on_gpu and not request.trl_head and shape.vocab <= PLAIN_VOCABULARY
        found.append(head(*sizes, plain=plain, backward=True, on_cpu=not on_gpu))
    if request.stage == 3 and training.ranks > 1 and on_gpu:
        live = min(float(shape.parameters), _LIVE_PARAMETERS + training.zero.stage3_prefetch_bucket_size)
        how = f"{count(live)} live at most x {each} bytes"
        found.append(Amount("gathered parameters", live * each, how, _DEEPSPEED))
    if request.stage and training.ranks > 1:
        elements = min(training.zero.reduce_bucket_size, shape.parameters)
        how = f"2 x {count(elements)} elements x {each} bytes"
        found.append(Amount("reduce buckets", elements * 2 * each, how, _DEEPSPEED))
    return found


def _unfit(request: RankRequest) -> tuple[str, ...]:
    """Faults that no device changes."""
    shape, longest, tokens = request.shape, request.longest_chain, request.tokens
    faults = []
    if request.bf16 and request.stage == 0:
        faults.append("zero.stage = 0 in bf16: DeepSpeed refuses float32 gradients there; take 1, 2 or 3")
    if shape.quantization:
        faults.append(f"{shape.name} is quantised ({shape.quantization}): full parameters are trained, not those")
    if longest > tokens:
        faults.append(
            f"the longest chain may have {longest:,} tokens and a row of training holds {tokens:,}: "
            f"{longest - tokens:,} too few, and chains are not cut"
        )
    if shape.max_context and longest > shape.max_context:
        faults.append(
            f"the longest chain may have {longest:,} tokens and {shape.name} has {shape.max_context:,} positions: "
            f"{longest - shape.max_context:,} too few"
        )
    return tuple(faults)
