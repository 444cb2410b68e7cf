"""Memory of one task that scores chains under a whole model: reference log-probabilities. Nothing is split or trained.

As `training.reference` does it: frozen weights on one device, a forward pass of one row at a time without autograd, the
head on so many positions at once.
"""

from dataclasses import dataclass

from pipeline.estimates.amounts import Amount, DeviceMemory, count, fragments, scored_logits, total
from pipeline.estimates.hardware import GIB, GpuType
from pipeline.estimates.shapes import ModelShape

_PROCESS = 1.0 * GIB
"""CUDA context, cuBLAS, compiled attention kernels."""
_HOST = 3.0 * GIB
"""A process with torch and CUDA. Weights go from the mapped files to the GPU tensor by tensor: no copy stays here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringRequest:
    """So many tasks, each with a whole model on one device."""

    shape: ModelShape
    tasks: int
    bf16: bool
    tokens: int
    """Tokens of one forward pass at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringMemory(DeviceMemory):
    """One task."""

    request: ScoringRequest


def scoring_on_gpu(request: ScoringRequest, gpu: GpuType) -> ScoringMemory:
    """One task on one GPU."""
    device = [
        *_model(request),
        Amount("block mask", (request.tokens / 128) ** 2 * 8, "(tokens / 128)^2 x 8 bytes", "flex_attention"),
        Amount("process", _PROCESS, "CUDA context, cuBLAS, kernels", "assumed"),
    ]
    device.append(fragments(device))
    needed = total(device)
    faults = []
    if needed > gpu.memory_bytes:
        faults.append(
            f"scoring loads the whole model on one GPU: {needed / GIB:.1f} GiB, and {gpu.name} has "
            f"{gpu.memory_bytes / GIB:.1f} GiB"
        )
    host = (Amount("process", _HOST, "torch and CUDA; weights are mapped, not copied", "assumed"),)
    return ScoringMemory(
        request=request,
        device=gpu.name,
        capacity=gpu.memory_bytes,
        on_device=tuple(device),
        on_host=host,
        faults=tuple(faults),
    )


def scoring_on_cpu(request: ScoringRequest, process: float) -> ScoringMemory:
    """One task without a GPU; `process` is what it takes before there is a model."""
    host = (*_model(request), Amount("process", process, "measured without a model", "docs/planning.md"))
    return ScoringMemory(request=request, device="CPU", capacity=float("inf"), on_device=host, on_host=(), faults=())


def _model(request: ScoringRequest) -> list[Amount]:
    shape, each = request.shape, 2 if request.bf16 else 4
    widest = max(3 * shape.intermediate, shape.heads * shape.head_dim * 2 + shape.kv_heads * shape.head_dim * 2)
    # The residual and what a norm makes of it, in float32 and in the model's type; then the MLP or the attention.
    row = shape.hidden * (2 * each + 4) + widest * each
    return [
        Amount(
            "weights", shape.weight_bytes(each), f"{count(shape.parameters)} parameters x {each} bytes", shape.source
        ),
        Amount(
            "forward pass", request.tokens * row, f"{request.tokens:,} tokens x {row:,} bytes", "one layer's widest"
        ),
        Amount("logits", *scored_logits(float(request.tokens) * shape.vocab, each)),
    ]
