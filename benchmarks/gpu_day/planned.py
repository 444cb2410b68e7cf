"""What the plan says of the steps that were measured: memory of a rank, and seconds."""

from typing import Any

import torch

from cluster.errors import RequestError
from cluster.gpus import gpu_type
from pipeline.estimates.hardware import GIB, Node
from pipeline.estimates.rank_memory import RankRequest, rank_on_gpu
from pipeline.estimates.shapes import ShapeConfig, shape_of
from pipeline.estimates.speed import training_on_gpus
from training.config import TrainingConfig, decided
from training.fused_kernels import kernels_installed


def planned(
    model: Any, training: TrainingConfig, tokens_per_step: float, longest_chain: int, mean_depth: float
) -> dict[str, float | str]:
    """Peak GiB that torch should have allocated, and seconds of a step. For a card that the plan does not know, and on
    the CPU, as if it were an H100, and says so."""
    found: dict[str, float | str] = {}
    # As `make_model` has it: fused where liger-kernel is there.
    training = training.model_copy(update={"fused_kernels": "on" if kernels_installed() else "off"})
    try:
        gpu = gpu_type(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None
    except RequestError as error:
        gpu, found["card"] = None, str(error)
    gpu = gpu or gpu_type("H100")
    names = ShapeConfig.model_fields
    config = {name: value for name, value in model.config.to_dict().items() if name in names and value is not None}
    request = RankRequest(
        shape=shape_of("float32" if model.dtype == torch.float32 else "bfloat16", ShapeConfig(**config), "gpu_day"),
        training=training,
        gradient_checkpointing=False,
        longest_chain=longest_chain,
        trl_head=False,
        typical_tokens=min(tokens_per_step, decided(training.tokens_per_micro_step)),
        mean_depth=mean_depth,
    )
    node = Node(name="here", kind="here", gpu=gpu, gpus=1, cpus=8, memory=64.0 * GIB, shm=8.0 * GIB, network_gbs=1.0)
    parts = {amount.what: amount.bytes for amount in rank_on_gpu(request, gpu).on_device}
    # CUDA's context and what the allocator cannot use are not in torch's peak.
    held = sum(size for what, size in parts.items() if what not in ("process", "fragments"))
    seconds = dict(training_on_gpus(request, 1.0, tokens_per_step, gpu, node, 1))["forward and backward"]
    return found | {"planned for": gpu.name, "planned_gib": held / GIB, "planned_seconds": seconds}
