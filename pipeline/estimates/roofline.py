"""Where a row of training spends its time on a GPU: each part's least time, and the share of that limit it reaches.

A part cannot be faster than its arithmetic at the card's nominal rate, nor than its bytes at the memory's (S. Williams,
A. Waterman, D. Patterson: Roofline, CACM 52(4), 2009). The shares are those of one H100 with a model of 1.5 B
parameters and a row of 16,640 tokens (docs/results/gpu-day.json, `kernels`); on other cards they are assumed to be the
same.
"""

from dataclasses import dataclass

from cluster.gpus import GpuType
from pipeline.estimates.amounts import count
from pipeline.estimates.rank_memory import RankRequest
from pipeline.estimates.speed import dense_rate

_SHARES = {"matrix products": 0.71, "attention": 0.17, "norms, rotary, SwiGLU": 0.63, "gradients": 0.63}
_UNFUSED = 0.22
"""Norms, rotary embedding and SwiGLU without fused kernels move each value about three times as often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPart:
    """One part of a row, forward and backward. `limit_s`: its least time; `seconds`: what is expected of it."""

    what: str
    limit_s: float
    seconds: float
    how: str


def row_parts(request: RankRequest, gpu: GpuType) -> tuple[RowPart, ...]:
    """The parts of an average row of a rank; their sum is a row without the host's, DeepSpeed's and the network's time.

    The head is counted on every position, which is the most that it can be.
    """
    shape, tokens = request.shape, request.typical_tokens
    peak, bandwidth = dense_rate(gpu, request.bf16), gpu.bandwidth_gbs * 1e9
    passes = 4 if request.gradient_checkpointing else 3
    # The head's kernel makes the logits once more in the backward pass.
    products = 2 * tokens * (passes * shape.body_parameters + 4 * shape.vocab * shape.hidden)
    depth = min(request.mean_depth, tokens)  # none lies deeper than its row is long
    attention = passes * 4.0 * tokens * depth * shape.heads * shape.head_dim * shape.layers
    each = 2 if request.bf16 else 4
    # Values read and written a token and layer: norms and residuals, keys for every query head, gate and up.
    values = 20 * shape.hidden + 10 * shape.heads * shape.head_dim + 8 * shape.intermediate
    moved = each * values * tokens * shape.layers * passes / 3
    summed = (each + 8.0) * shape.parameters
    shares, elementwise = _SHARES, f"{count(moved)} bytes"
    if not request.training.may_fuse_kernels:
        shares, elementwise = _SHARES | {"norms, rotary, SwiGLU": _UNFUSED}, f"{elementwise}, unfused"
    parts = (
        ("matrix products", products / peak, f"{count(products)} FLOP, head included"),
        (
            "attention",
            attention / peak,
            f"{count(attention)} FLOP, {depth:,.0f} tokens deep on average",
        ),
        ("norms, rotary, SwiGLU", moved / bandwidth, elementwise),
        ("gradients", summed / bandwidth, f"{count(summed)} bytes, summed in float32"),
    )
    return tuple(
        RowPart(
            what=what, limit_s=limit, seconds=limit / shares[what], how=f"{how}; it reaches {shares[what]:g} of that"
        )
        for what, limit, how in parts
    )
