"""What a recipe says about an engine. Light: no torch, no vLLM."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from cluster.config import Section
from cluster.engine.quantization import refusal
from cluster.engine.speculation import SpeculativeConfig

BATCHED_TOKENS = 8192
"""Without it vLLM takes 2,048 for an AsyncLLM on any GPU, which is the default of neither of its own front ends."""


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
    kv_cache_dtype: Literal["auto", "fp8"] = "auto"
    """Type of the KV cache. `fp8` (e4m3) holds twice the tokens of 16 bits and rounds, which log-probabilities show.
    `auto`: as the computation."""
    max_batched_tokens: int | None = Field(default=None, ge=1)
    """Most tokens of one forward pass. Absent: 8,192 or `max_running`, whichever is more; without a GPU also four
    contexts. Unit: tokens."""
    chunked_prefill: bool | None = None
    """Prefill long prompts in parts, beside requests that decode. Absent: on GPUs."""
    speculative: SpeculativeConfig | None = None
    """Guess tokens and check several in one pass. The distribution stays the model's. Absent: token by token."""
    max_logprobs: int = Field(default=20, ge=1)
    """Most likeliest tokens that one position may be asked for: what distillation's `top_k` may be. Unit: tokens."""
    eager: bool = False
    """Capture no graphs: steps are slower, the start is faster."""
    seeded: bool = False
    """Give every request a seed of its own. Samples become repeatable, at some cost."""
    flashinfer: bool = False
    """Let vLLM use FlashInfer's sampler, all-reduce and attention where it likes, in place of other kernels. `nvcc`
    compiles them when an engine starts, which takes minutes; without it there is no start."""
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

    @model_validator(mode="after")
    def _seeds_keep_their_promise(self) -> "EngineConfig":
        if self.seeded and self.speculative is not None:
            raise ValueError(
                "seeded = true and speculative: how many tokens are guessed follows the load, and with it the samples; "
                "leave one of them out"
            )
        return self

    @model_validator(mode="after")
    def _passes_hold_what_they_must(self) -> "EngineConfig":
        most = self.max_batched_tokens
        if most is None:
            return self
        each = 1 + (self.speculative.tokens if self.speculative else 0)
        if most < self.max_running * each:
            raise ValueError(
                f"max_batched_tokens = {most}: {self.max_running} running sequences of {each} token(s) need "
                f"{self.max_running * each}; raise it, or lower max_running"
            )
        if self.chunked_prefill is False and most < self.max_context:
            raise ValueError(
                f"max_batched_tokens = {most}: without chunked_prefill a pass holds a prompt of max_context = "
                f"{self.max_context}; raise it"
            )
        return self

    def batched_tokens(self, *, on_gpu: bool) -> int:
        """Most tokens of one forward pass; the plan counts on them. vLLM wants all that sequences decode at a time. The
        CPU engine does not prefill prompts in chunks, so that a whole one must fit, and several do."""
        if self.max_batched_tokens is not None:
            return self.max_batched_tokens if on_gpu else max(self.max_batched_tokens, self.max_context)
        each = 1 + (self.speculative.tokens if self.speculative else 0)
        return max(BATCHED_TOKENS, self.max_running * each, 0 if on_gpu else 4 * self.max_context)
