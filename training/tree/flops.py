"""How much work a row is: floating-point operations of a model on a tree, and what a machine's matrix unit can do.

A multiply and an add are two. Forward: 2 a parameter and position, embeddings apart; 2 * hidden * vocabulary a
predicting position; 4 * heads * head size a pair of query and visible key, in every layer. Backward: twice that.
Recomputation (checkpointing, the first of two phases) is not counted: it is no work that the gradient needs.
"""

import time
from typing import Any

import torch

from training.tree.scoring import TreeBatch


def body_parameters(model: Any) -> int:
    """Parameters without input embeddings and output head. ZeRO-3's partitioned parameters count whole."""
    apart = {id(table.weight) for table in (model.get_input_embeddings(), model.get_output_embeddings())}
    return sum(getattr(p, "ds_numel", p.numel()) for p in model.parameters() if id(p) not in apart)


def tree_flop(model: Any, parameters: int, batch: TreeBatch, backward: bool = True) -> float:
    """FLOP of one row, forward and (by default) backward. `parameters`: as `body_parameters` counts them."""
    config = model.config
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    window = getattr(config, "sliding_window", None)
    seen = batch.position_ids + 1
    visible = float((seen if window is None else seen.clamp(max=window)).sum())
    forward: float = (
        2.0 * parameters * batch.tokens
        + 2.0 * config.hidden_size * config.vocab_size * len(batch.rows)
        + 4.0 * config.num_attention_heads * head_size * visible * config.num_hidden_layers
    )
    return forward * (3 if backward else 1)


def matrix_rate(device: torch.device, repetitions: int = 5) -> float:
    """FLOP/s of a large square matrix product in the precision that models run in there, best of `repetitions`.

    float32 on the CPU, bfloat16 on CUDA. With the threads that torch has now; other work on the cores lowers it.
    """
    cuda = device.type == "cuda"
    size, kind = (8192, torch.bfloat16) if cuda else (1536, torch.float32)
    left, right = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    best = float("inf")
    for _ in range(repetitions):
        begun = time.perf_counter()
        _ = left @ right
        if cuda:
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - begun)
    return 2 * size**3 / best
