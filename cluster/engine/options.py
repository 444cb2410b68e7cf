"""What a recipe says about an engine. Light: no torch, no vLLM."""

from typing import Literal

from pydantic import Field, field_validator

from cluster.config import Section
from cluster.engine.quantization import refusal


class EngineConfig(Section):
    """How to serve one model with vLLM."""

    tensor_parallel: int = Field(default=1, ge=1)
    """GPUs that share each layer. Unit: GPUs."""
    pipeline_parallel: int = Field(default=1, ge=1)
    """Groups of GPUs that the layers are divided among. Unit: groups."""
    max_context: int = Field(default=4096, ge=16)
    """Prompt and reply together, at most. Unit: tokens."""
    max_running: int = Field(default=64, ge=1)
    """Sequences that the engine decodes at a time. Unit: sequences."""
    kv_cache_mb: int | None = Field(default=None, ge=1)
    """KV cache of each device. Absent: what `gpu_memory` leaves. Unit: MiB."""
    gpu_memory: float = Field(default=0.9, gt=0, le=1)
    """Share of the device's memory that vLLM takes."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Type of the weights and of the computation. `auto`: as the checkpoint has it."""
    quantization: str | None = None
    """A quantization method of vLLM, where the checkpoint does not name one itself."""
    eager: bool = False
    """Capture no graphs: steps are slower, the start is faster."""
    seeded: bool = False
    """Give every request a seed of its own. Samples become repeatable, at some cost."""
    flashinfer: bool = False
    """Let vLLM use FlashInfer's sampler and, on several GPUs, its all-reduce, in place of kernels that vLLM brings.
    `nvcc` compiles them when an engine starts, which takes minutes; without it there is no start."""
    threads: int = Field(default=0, ge=0)
    """CPU threads of an engine without a GPU. 0 leaves the choice to vLLM. Unit: threads."""
    load_timeout_s: float = Field(default=1800.0, gt=0)
    """Loading a model, or other weights into it, counts as hung after this long. A 70B model takes minutes. Unit:
    seconds."""
    stall_timeout_s: float = Field(default=120.0, gt=0)
    """An engine counts as frozen when it makes no step for this long while requests wait. Unit: seconds."""

    @field_validator("quantization")
    @classmethod
    def _quantization_is_known(cls, name: str | None) -> str | None:
        if name is not None and (said := refusal(name)):
            raise ValueError(said)
        return name


BATCHED_TOKENS = 8192
"""Without it vLLM takes 2,048 for an AsyncLLM on any GPU, which is the default of neither of its own front ends."""


def batched_tokens(max_context: int, max_running: int, *, on_gpu: bool) -> int:
    """Most tokens of one forward pass; the plan counts on them. vLLM wants one for every sequence. The CPU engine does
    not prefill prompts in chunks, so that several whole ones must fit."""
    return max(BATCHED_TOKENS, max_running if on_gpu else 4 * max_context)
