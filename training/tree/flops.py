"""How much work a row is: floating-point operations of a model on a tree, and what a machine's matrix unit can do.

A multiply and an add are two operations. Forward: 2 for each parameter and position, without embeddings; 2 * hidden *
vocabulary for each predicting position; 4 * heads * head size for each pair of a query and a key that it sees, in every
layer. Backward: twice that. Recomputation (checkpointing, the first of two phases) is not counted: the gradient does
not need it.
"""

import time
from typing import Any

import numpy as np
import torch

from cluster.errors import RequestError
from cluster.gpus import gpu_type
from training.tree.scoring import TreeBatch


def body_parameters(model: Any) -> int:
    """Number of parameters without input embeddings and output head. ZeRO-3's partitioned ones count whole."""
    apart = {id(table.weight) for table in (model.get_input_embeddings(), model.get_output_embeddings())}
    return sum(getattr(p, "ds_numel", p.numel()) for p in model.parameters() if id(p) not in apart)


def tree_flop(model: Any, parameters: int, batch: TreeBatch) -> float:
    """FLOP of one row, forward and backward. `parameters`: as `body_parameters` counts them."""
    config = model.config
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    window = getattr(config, "sliding_window", None)
    # From the layout, which lies in host memory: a number of the device's would wait for all of its work.
    layout = batch.attention.layout
    seen = layout.depth + 1
    visible = float((seen if window is None else seen.clip(max=window)).sum())
    forward: float = (
        2.0 * parameters * batch.tokens
        + 2.0 * config.hidden_size * config.vocab_size * len(np.unique(layout.entry_position))
        + 4.0 * config.num_attention_heads * head_size * visible * config.num_hidden_layers
    )
    return 3 * forward


def matrix_rate(device: torch.device) -> float:
    """FLOP/s of a large square matrix product, best of 5: in float32 on the CPU, in bfloat16 on CUDA.

    Measured with torch's present number of threads; other work on the cores lowers it.
    """
    cuda = device.type == "cuda"
    size, kind = (8192, torch.bfloat16) if cuda else (1536, torch.float32)
    left, right = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        _ = left @ right
        if cuda:
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - begun)
    return 2 * size**3 / best


def nominal_rate(device: torch.device) -> float | None:
    """The card's nominal FLOP/s in bfloat16; None on the CPU, for a card without it and for one that is not known."""
    if device.type != "cuda":
        return None
    try:
        gpu = gpu_type(torch.cuda.get_device_name(device))
    except RequestError:
        return None
    return gpu.tflops * 1e12 if gpu.bf16 else None
