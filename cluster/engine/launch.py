"""What a vLLM engine is started with: variables of its processes and arguments. Light: nothing of vLLM is imported."""

import os
from collections.abc import MutableMapping
from typing import Any

from cluster.engine.options import EngineConfig
from cluster.engine.speculation import speculative_arguments
from cluster.pool.placement import Executor
from cluster.programs import with_own_programs

Capability = tuple[int, int]
"""Compute capability of a GPU: major and minor."""

IN_ENGINE_CORE = "vllm.v1.executor.uniproc_executor.UniProcExecutor"
"""The model computes in the process that schedules. By the name `uni`, vLLM's CPU platform would put it into a worker
of its own, for which the scheduler then waits in a loop that takes a core: of two cores, one. It does so to set the
worker's OpenMP variables; here EngineCore has them from the host's actor."""


CPU_BLOCK = 32
"""Tokens of a block of an engine's cache on the CPU. A conversation's beginning is found in the cache by whole blocks,
and what is left is computed again at every step; by vLLM's 128 that is most of a short one. Its kernels want multiples
of 32."""


def set_environment(config: EngineConfig, variables: MutableMapping[str, str]) -> None:
    """Set the `variables` of this process that vLLM reads when its modules are imported or its processes start. What a
    user has set stays, but for `threads` and for PATH, on which this environment's own programs come first."""
    variables["PATH"] = with_own_programs(variables.get("PATH", ""))
    defaults = {
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_DO_NOT_TRACK": "1",
        "VLLM_LOGGING_LEVEL": "WARNING",
        "VLLM_CPU_CI_ENV": "1",
        "VLLM_CPU_OMP_THREADS_BIND": _binding(config.tensor_parallel),
        # vLLM takes both wherever FlashInfer is installed, and looks for nvcc for neither.
        "VLLM_USE_FLASHINFER_SAMPLER": str(int(config.flashinfer)),
        "VLLM_ALLREDUCE_USE_FLASHINFER": str(int(config.flashinfer)),
    }
    for name, value in defaults.items():
        variables.setdefault(name, value)
    if config.threads:
        variables["OMP_NUM_THREADS"] = str(config.threads)


def _binding(ranks: int) -> str:
    """Which cores each rank of an engine on the CPU computes on."""
    if ranks == 1:
        return "nobind"
    cores = sorted(os.sched_getaffinity(0))
    share = max(1, len(cores) // ranks)
    groups = [cores[i * share : (i + 1) * share] for i in range(ranks)]
    return "|".join(",".join(map(str, group or cores[-1:])) for group in groups)


def refusal(config: EngineConfig, compiled: bool, *, on_gpu: bool) -> str:
    """Why no engine can start so on this machine, and what to do; empty where it can. `compiled`: whether FlashInfer's
    kernels are there or can be compiled."""
    if on_gpu and config.flashinfer and not compiled:
        return (
            "engine.flashinfer = true: no nvcc (CUDA_HOME, PATH, /usr/local/cuda) to compile it with; install CUDA's "
            "compiler, or leave it false"
        )
    if not on_gpu and config.chunked_prefill and config.seeded:
        return (
            "engine.chunked_prefill = true and seeded: a request's seed ends vLLM's CPU engine once a prompt is "
            "prefilled in chunks; leave one of them out"
        )
    return ""


def attention_backend(config: EngineConfig, capability: Capability) -> str | None:
    """Whose attention kernels serve; None leaves it to vLLM, which takes FlashAttention's on Hopper.

    Elsewhere it may take FlashInfer's, and looks for nvcc as little as for the sampler: on Blackwell always, on Ampere
    and Ada with an fp8 cache, which FlashAttention 2 does not read. So say vLLM 0.32's sources; it has not run.
    """
    if config.flashinfer or capability[0] == 9:
        return None
    if capability[0] == 10:
        return "FLASH_ATTN"
    if config.kv_cache_dtype == "fp8":
        return "TRITON_ATTN"
    return "FLASH_ATTN" if capability[0] > 10 else None


def arguments(
    config: EngineConfig, model_dir: str, seed: int, executor: Executor, capability: Capability | None
) -> dict[str, Any]:
    """Keyword arguments of vLLM's AsyncEngineArgs. `capability`: the GPU's compute capability; None on the CPU."""
    on_gpu = capability is not None
    options: dict[str, Any] = {}
    if config.kv_cache_mb is not None:
        options["kv_cache_memory_bytes"] = config.kv_cache_mb << 20
    if not on_gpu:
        options["block_size"] = CPU_BLOCK
    if config.chunked_prefill is not None or not on_gpu:
        # A per-request seed kills the CPU engine once a prompt is prefilled in chunks.
        options["enable_chunked_prefill"] = bool(config.chunked_prefill)
    if config.speculative is not None:
        options["speculative_config"] = speculative_arguments(config.speculative)
    if capability is not None and (backend := attention_backend(config, capability)) is not None:
        options["attention_backend"] = backend
    ranks = config.tensor_parallel * config.pipeline_parallel
    if ranks > 1:
        options["distributed_executor_backend"] = executor
    elif not on_gpu:
        options["distributed_executor_backend"] = IN_ENGINE_CORE
    if not config.flashinfer:
        # Where nvcc is, vLLM turns this on for several GPUs from Hopper on, and compiles it when the engine starts.
        options["compilation_config"] = {"pass_config": {"fuse_allreduce_rms": False}}
    return {
        "model": model_dir,
        "tokenizer": model_dir,
        "skip_tokenizer_init": True,
        "trust_remote_code": False,
        "tensor_parallel_size": config.tensor_parallel,
        "pipeline_parallel_size": config.pipeline_parallel,
        "max_model_len": config.max_context,
        "max_num_seqs": config.max_running,
        "max_logprobs": config.max_logprobs,
        "max_num_batched_tokens": config.batched_tokens(on_gpu=on_gpu),
        # A turn that goes on holds its conversation's cache; a new episode would need more.
        "scheduling_policy": "priority",
        "gpu_memory_utilization": config.gpu_memory,
        "dtype": "float32" if config.dtype == "auto" and not on_gpu else config.dtype,
        "quantization": config.quantization,
        "kv_cache_dtype": config.kv_cache_dtype,
        "enforce_eager": config.eager or not on_gpu,
        "seed": seed,
        "worker_extension_cls": "cluster.engine.worker.WorkerExtension",
        "disable_log_stats": False,
        "enable_log_requests": False,
        **options,
    }
