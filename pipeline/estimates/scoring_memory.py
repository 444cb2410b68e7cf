"""Memory of one task that scores chains under a whole model for reference log-probabilities.

Nothing is split or trained, as in `training.reference`: frozen weights on one device, a forward pass of one row at a
time without autograd, the head on a part of the positions at once.
"""

from dataclasses import dataclass

from cluster.gpus import GpuType
from pipeline.estimates.amounts import PLAIN_VOCABULARY, Amount, DeviceMemory, count, fragments, head, padded, total
from pipeline.estimates.hardware import GIB
from pipeline.estimates.shapes import ModelShape
from training.config import TrainingConfig, decided
from training.ranks.zero import uses_bf16

_PROCESS = 1.0 * GIB
"""CUDA context, cuBLAS, compiled attention kernels."""
_HOST = 3.0 * GIB
"""A process with torch and CUDA. Weights go from the mapped files to the GPU tensor by tensor: no copy stays here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringRequest:
    """The scoring tasks: one for each of the recipe's `training.ranks`, each with the whole model on one device."""

    shape: ModelShape
    training: TrainingConfig
    meanwhile: bool = False
    """Whether tasks also run beside the teacher's engines, on GPUs that those leave free."""
    states: float = 0.0
    """Numbers of the teacher's last hidden states that a task holds on its host until a unit is committed."""

    @property
    def tokens(self) -> int:
        """Tokens of a row at most, on GPUs with its padding."""
        tokens = decided(self.training.tokens_per_micro_step)
        return padded(tokens) if self.training.gpus_per_rank else tokens


ScoringMemory = DeviceMemory[ScoringRequest]
"""Memory of one task."""


def scoring_on_gpu(request: ScoringRequest, gpu: GpuType) -> ScoringMemory:
    """Memory of one task on one GPU."""
    mask = (request.tokens / 128) ** 2 * 8
    device = [
        *_model(request),
        Amount("block mask", mask, "(tokens / 128)^2 x 8 bytes", "flex_attention"),
        Amount("process", _PROCESS, "CUDA context, cuBLAS, kernels", "assumed"),
    ]
    device.append(fragments(device))
    needed = total(device)
    large = (
        f"scoring loads the whole model on one GPU: {needed / GIB:.1f} GiB, and {gpu.name} has "
        f"{gpu.memory_bytes / GIB:.1f} GiB: {(needed - gpu.memory_bytes) / GIB:.1f} GiB too little"
    )
    return DeviceMemory(
        request=request,
        device=gpu.name,
        capacity=gpu.memory_bytes,
        on_device=tuple(device),
        on_host=(
            Amount("process", _HOST, "torch and CUDA; weights are mapped, not copied", "assumed"),
            *_states(request),
        ),
        faults=(large,) if needed > gpu.memory_bytes else (),
    )


def scoring_on_cpu(request: ScoringRequest, process: float) -> ScoringMemory:
    """Memory of one task without a GPU; `process` is what it takes before there is a model."""
    measured = Amount("process", process, "measured without a model", "docs/planning.md")
    host = (*_model(request), measured, *_states(request))
    return DeviceMemory(request=request, device="CPU", capacity=float("inf"), on_device=host, on_host=(), faults=())


def _states(request: ScoringRequest) -> list[Amount]:
    """What a task holds of a unit's hidden states: as they came, as bytes, and as a file."""
    how = f"{count(request.states)} numbers x 4 bytes, 3 times"
    found = Amount("hidden states of a unit", 3 * 4 * request.states, how, "training/distill/targets.py")
    return [found] if request.states else []


def _model(request: ScoringRequest) -> list[Amount]:
    """Weights and one forward pass."""
    shape, tokens = request.shape, request.tokens
    each = 2 if uses_bf16(request.training) else 4
    widest = max(3 * shape.intermediate, shape.heads * shape.head_dim * 2 + shape.kv_heads * shape.head_dim * 2)
    on_cpu = request.training.gpus_per_rank == 0
    plain = on_cpu and shape.vocab <= PLAIN_VOCABULARY
    # The residual and what a norm makes of it, in float32 and in the model's type; then the MLP or the attention.
    row = shape.hidden * (2 * each + 4) + widest * each
    weights = f"{count(shape.parameters)} parameters x {each} bytes"
    return [
        Amount("weights", shape.weight_bytes(each), weights, shape.source),
        Amount("forward pass", tokens * row, f"{tokens:,} tokens x {row:,} bytes", "one layer's widest"),
        head(tokens, shape.vocab, shape.hidden, each, plain=plain, backward=False, on_cpu=on_cpu),
    ]
