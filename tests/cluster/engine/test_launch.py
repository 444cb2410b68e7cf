"""What vLLM is started with, against what vLLM makes of it: on a GPU nothing needs `nvcc` unless it is asked for.

vLLM's own code decides here, on a machine without a GPU, with its platform said to be CUDA.
"""

import asyncio
import importlib.util
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaConfig

from cluster.engine.launch import arguments, refusal, set_environment
from cluster.engine.options import EngineConfig
from cluster.engine.speculation import SpeculativeConfig
from cluster.engine.vllm import start_engine
from cluster.errors import RequestError

HOPPER = (9, 0)
VARIABLES = ("VLLM_USE_FLASHINFER_SAMPLER", "VLLM_ALLREDUCE_USE_FLASHINFER")


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without variables of a user's, and as it was afterwards."""
    before = dict(os.environ)
    for name in VARIABLES:
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    shape = LlamaConfig(hidden_size=64, num_hidden_layers=1, num_attention_heads=2, vocab_size=300)
    shape.architectures = ["LlamaForCausalLM"]
    shape.save_pretrained(tmp_path)
    return tmp_path


def of_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    from vllm.platforms import current_platform

    monkeypatch.setattr(type(current_platform), "is_cuda", lambda self: True)


@pytest.mark.usefixtures("no_settings")
def test_the_sampler_is_vllms_own_where_no_compiler_is(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(EngineConfig(), os.environ)
    of_cuda(monkeypatch)
    from vllm.v1.sample.ops.topk_topp_sampler import flashinfer_sampler_supported

    assert flashinfer_sampler_supported() is False


@pytest.mark.usefixtures("no_settings")
def test_a_user_has_the_last_word_about_variables() -> None:
    os.environ[VARIABLES[0]] = "1"
    set_environment(EngineConfig(), os.environ)
    assert [os.environ[name] for name in VARIABLES] == ["1", "0"]


@pytest.mark.usefixtures("no_settings")
def test_what_is_asked_for_is_on() -> None:
    set_environment(EngineConfig(flashinfer=True), os.environ)
    assert [os.environ[name] for name in VARIABLES] == ["1", "1"]


def configured(config: EngineConfig, monkeypatch: pytest.MonkeyPatch, model: Path) -> Any:
    """vLLM's whole configuration, on a GPU on which it would turn the fusion on."""
    from vllm.config import vllm as defaults
    from vllm.engine.arg_utils import AsyncEngineArgs

    for level in ("OPTIMIZATION_LEVEL_02", "OPTIMIZATION_LEVEL_03"):
        passes = getattr(defaults, level)["compilation_config"]["pass_config"]
        monkeypatch.setitem(passes, "fuse_allreduce_rms", lambda _: True)
    # Its own answer is in a module that only builds for GPUs can import.
    monkeypatch.setattr("vllm.config.compilation.PassConfig.flashinfer_max_size", lambda *_: None)
    keywords = arguments(config, str(model), 0, "mp", HOPPER)
    return AsyncEngineArgs(**keywords).create_engine_config()


@pytest.mark.parametrize("asked", [False, True])
def test_an_engine_on_several_gpus_compiles_a_fused_all_reduce_only_if_it_is_asked_for(
    asked: bool, monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    made = configured(EngineConfig(tensor_parallel=2, flashinfer=asked, max_context=64), monkeypatch, model)
    assert made.compilation_config.pass_config.fuse_allreduce_rms is asked


def test_options_of_a_recipe_arrive_in_vllm(model: Path) -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs

    config = EngineConfig(
        max_context=64,
        max_running=8,
        max_batched_tokens=512,
        chunked_prefill=True,
        kv_cache_dtype="fp8",
        quantization="fp8",
        speculative=SpeculativeConfig(method="ngram", tokens=3, shortest_match=1, longest_match=5),
    )
    made = AsyncEngineArgs(**arguments(config, str(model), 0, "mp", HOPPER)).create_engine_config()
    assert made.scheduler_config.max_num_batched_tokens == 512
    assert made.scheduler_config.enable_chunked_prefill is True
    assert made.cache_config.cache_dtype == "fp8"
    assert made.model_config.quantization == "fp8"
    speculative = made.speculative_config
    assert (speculative.method, speculative.num_speculative_tokens) == ("ngram", 3)
    assert (speculative.prompt_lookup_min, speculative.prompt_lookup_max) == (1, 5)


def test_on_the_cpu_one_worker_computes_in_the_process_that_schedules(model: Path) -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.executor.abstract import Executor
    from vllm.v1.executor.multiproc_executor import MultiprocExecutor
    from vllm.v1.executor.uniproc_executor import UniProcExecutor

    executors = []
    for workers in (1, 2):
        config = EngineConfig(max_context=64, max_running=8, kv_cache_mb=64, tensor_parallel=workers, dtype="float32")
        made = AsyncEngineArgs(**arguments(config, str(model), 0, "mp", None)).create_engine_config()
        executors.append(Executor.get_class(made))
    assert executors == [UniProcExecutor, MultiprocExecutor]


def test_a_smaller_model_of_the_same_vocabulary_may_guess(model: Path, tmp_path: Path) -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs

    config = EngineConfig(max_context=64, speculative=SpeculativeConfig(method="draft", model=str(model)))
    speculative = (
        AsyncEngineArgs(**arguments(config, str(model), 0, "mp", HOPPER)).create_engine_config().speculative_config
    )
    assert (speculative.method, speculative.draft_model_config.model) == ("draft_model", str(model))
    missing = EngineConfig(speculative=SpeculativeConfig(method="eagle3", model=str(tmp_path / "none")))
    with pytest.raises(RequestError, match=r"none: no config\.json there; name a Hugging Face folder or hub:"):
        arguments(missing, str(model), 0, "mp", HOPPER)


@pytest.mark.parametrize(
    ("capability", "cache", "backend"),
    [
        ((8, 0), "auto", None),
        ((8, 0), "fp8", "TRITON_ATTN"),
        ((8, 9), "fp8", "TRITON_ATTN"),
        ((9, 0), "auto", None),
        ((9, 0), "fp8", None),
        ((10, 0), "auto", "FLASH_ATTN"),
        ((10, 0), "fp8", "FLASH_ATTN"),
        ((12, 0), "auto", "FLASH_ATTN"),
        ((12, 0), "fp8", "TRITON_ATTN"),
    ],
)
def test_attention_needs_no_compiler_on_any_gpu(
    capability: tuple[int, int], cache: Any, backend: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against vLLM's own order of preference, of whose module a build for CPUs lacks the kernels alone."""
    for name in ("vllm._C_stable_libtorch", "vllm._moe_C_stable_libtorch", "vllm._C"):
        if importlib.util.find_spec(name) is None:
            monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    from vllm.platforms.cuda import _get_backend_priorities
    from vllm.platforms.interface import DeviceCapability

    config = EngineConfig(kv_cache_dtype=cache)
    made = arguments(config, "model", 0, "mp", capability)
    assert made.get("attention_backend") == backend
    asked = arguments(config.model_copy(update={"flashinfer": True}), "model", 0, "mp", capability)
    assert "attention_backend" not in asked
    order = [each.name for each in _get_backend_priorities(False, DeviceCapability(*capability))]
    if backend is None:
        assert order.index("FLASH_ATTN") < order.index("FLASHINFER")
    else:
        assert backend in order


def test_without_a_word_vllm_decides_on_a_gpu_and_the_cpu_prefills_whole_prompts() -> None:
    assert "enable_chunked_prefill" not in arguments(EngineConfig(), "model", 0, "mp", HOPPER)
    on_cpu = arguments(EngineConfig(max_batched_tokens=64, max_context=256), "model", 0, "mp", None)
    assert on_cpu["enable_chunked_prefill"] is False
    assert on_cpu["max_num_batched_tokens"] == 256, "a whole prompt"


@pytest.mark.usefixtures("no_settings")
def test_asking_for_what_cannot_be_compiled_ends_before_the_model_is_loaded(
    monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    monkeypatch.setattr("cluster.engine.vllm.has_gpu", lambda: True)
    monkeypatch.setattr("cluster.engine.vllm.find_nvcc", lambda _: None)
    with pytest.raises(RequestError, match=r"^engine\.flashinfer = true: no nvcc .*; install CUDA's compiler"):
        asyncio.run(start_engine(EngineConfig(flashinfer=True), str(model), 0))


def test_what_ends_the_cpu_engine_is_refused_there_alone() -> None:
    both = EngineConfig(chunked_prefill=True, seeded=True)
    assert "chunked_prefill = true and seeded: a request's seed ends" in refusal(both, False, on_gpu=False)
    assert refusal(both, False, on_gpu=True) == ""
    assert refusal(EngineConfig(chunked_prefill=True), False, on_gpu=False) == ""
    assert refusal(EngineConfig(flashinfer=True), False, on_gpu=False) == "", "it has no part in an engine on the CPU"
    assert refusal(EngineConfig(flashinfer=True), True, on_gpu=True) == ""
