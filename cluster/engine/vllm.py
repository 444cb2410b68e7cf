"""vLLM's AsyncLLM behind `cluster.engine.interface.Engine`. The only importer of vLLM.

The watchdog looks at the engine's steps, because a frozen engine passes vLLM's own health check for as long as
one waits. Once an engine has failed it stays failed: its owner ends the process and starts another.
"""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Coroutine, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from cluster.engine.checksums import TensorSum, sums_of_files, unequal_tensors
from cluster.engine.heartbeat import Heartbeat
from cluster.engine.interface import EngineStats, FinishReason, Generation, Sampling
from cluster.engine.launch import arguments, refusal, set_environment
from cluster.engine.options import EngineConfig
from cluster.engine.probe import DECODED_TOKENS, ProbeReading, ProbeText
from cluster.errors import InfrastructureError, InfrastructureKind, RequestError
from cluster.pool.placement import Executor
from cluster.programs import find_nvcc

T = TypeVar("T")


_requests = itertools.count()
"""Numbers for the names of requests that a probe makes; no two requests under way may share a name."""


class _Progress:
    """A vLLM stat logger that keeps the latest reading; every one is a sign of life."""

    def __init__(self) -> None:
        self.heartbeat = Heartbeat()
        self.running = self.waiting = 0
        self.kv_usage = 0.0
        self.prompt_tokens = self.cached_tokens = self.generated_tokens = self.preempted = 0
        self.guessed_tokens = self.accepted_tokens = 0

    def __call__(self, vllm_config: Any, engine_index: int = 0) -> "_Progress":
        return self

    def record(
        self,
        scheduler_stats: Any = None,
        iteration_stats: Any = None,
        mm_cache_stats: Any = None,
        engine_idx: int = 0,
        **later_additions: Any,
    ) -> None:
        self.heartbeat.beat()
        if scheduler_stats is not None:
            self.running = scheduler_stats.num_running_reqs
            self.waiting = scheduler_stats.num_waiting_reqs
            self.kv_usage = scheduler_stats.kv_cache_usage
            self.prompt_tokens += scheduler_stats.prefix_cache_stats.queries
            self.cached_tokens += scheduler_stats.prefix_cache_stats.hits
            if (guesses := scheduler_stats.spec_decoding_stats) is not None:
                self.guessed_tokens += guesses.num_draft_tokens
                self.accepted_tokens += guesses.num_accepted_tokens
        if iteration_stats is not None:
            self.generated_tokens += iteration_stats.num_generation_tokens
            self.preempted += iteration_stats.num_preempted_reqs

    def log_engine_initialized(self) -> None:
        """vLLM calls this; there is nothing to log."""

    def log(self) -> None:
        """vLLM calls this; there is nothing to log."""

    def record_sleep_state(self, is_awake: int, level: int) -> None:
        """vLLM calls this; there is nothing to log."""


class VllmEngine:
    """A running AsyncLLM. Make one with `start_engine`."""

    def __init__(self, llm: Any, progress: _Progress, config: EngineConfig) -> None:
        self._llm = llm
        self._config = config
        cache = llm.vllm_config.cache_config
        self._kv_tokens = (cache.num_gpu_blocks or 0) * cache.block_size
        self._progress = progress
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchdog = asyncio.create_task(self._watch(config.stall_timeout_s))

    async def generate(self, prompt: Sequence[int], sampling: Sampling, request_id: str) -> Generation:
        return await self._watched(self._request(list(prompt), sampling, request_id))

    async def _watched(self, asked: Coroutine[Any, Any, T]) -> T:
        """What the engine answers. The watchdog counts it as waiting; where the engine has failed, so does this."""
        self._progress.heartbeat.asked()
        request = asyncio.ensure_future(asked)
        try:
            ends: set[asyncio.Future[Any]] = {request, self._failed}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not request.done():
                request.cancel()
                self._failed.result()
            return request.result()
        finally:
            self._progress.heartbeat.left()
            if not request.done():
                request.cancel()

    async def _request(self, prompt: list[int], sampling: Sampling, request_id: str) -> Generation:
        output = await self._output(prompt, _parameters(sampling), request_id, sampling.priority)
        reply = output.outputs[0]
        ids, logprobs = tuple(reply.token_ids), tuple(reply.logprobs.logprobs)
        assert len(ids) == len(logprobs), "one log-probability a token, the sampled one's"
        return Generation(
            token_ids=ids,
            logprobs=logprobs,
            finish=FinishReason(reply.finish_reason),
        )

    async def _output(self, prompt: list[int], parameters: Any, request_id: str, priority: int = 0) -> Any:
        """vLLM's output of a request that ended by itself. Raises like `generate`."""
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        final = None
        try:
            # With its type a prompt is taken as it is; without it vLLM hands every request to a thread to be tokenised.
            tokens = {"type": "token", "prompt_token_ids": prompt}
            async for output in self._llm.generate(tokens, parameters, request_id, priority=priority):
                final = output
        except EngineDeadError as error:
            raise InfrastructureError(InfrastructureKind.ENGINE_DEAD, str(error)) from None
        except EngineGenerateError as error:
            raise InfrastructureError(InfrastructureKind.ABORTED, str(error)) from None
        except (VLLMClientError, ValueError) as error:
            raise RequestError(f"prompt of {len(prompt)} tokens: {error}") from None
        if final is None or final.outputs[0].finish_reason not in ("stop", "length"):
            # An aborted request ends with an ordinary output; storing it would blame the model.
            raise InfrastructureError(InfrastructureKind.ABORTED, request_id)
        return final

    async def score(self, ids: Sequence[int], likeliest: int, request_id: str) -> list[dict[int, float]]:
        from vllm import SamplingParams

        # The last token is what is written, not part of the prompt, so that ids may fill the whole context.
        # Log-probabilities are of the model itself, whichever tokens are allowed.
        asked = SamplingParams(
            temperature=0.0,
            max_tokens=1,
            allowed_token_ids=[ids[-1]],
            ignore_eos=True,
            prompt_logprobs=likeliest,
            logprobs=likeliest,
            detokenize=False,
        )
        output = await self._watched(self._output(list(ids[:-1]), asked, request_id))
        answers = (*output.prompt_logprobs[1:], output.outputs[0].logprobs[0])
        return [{token: found.logprob for token, found in each.items()} for each in answers]

    async def read_probe(self, text: ProbeText) -> ProbeReading:
        """What the engine's model says of a probe's text, by prefill and by decoding. Raises like `generate`.

        Decoding goes first and may use the prefix cache, so that a cache which holds another model's keys and values
        is found out; vLLM computes log-probabilities of a prompt without it.
        """
        return await self._watched(self._probe_reading(text))

    async def _probe_reading(self, text: ProbeText) -> ProbeReading:
        from vllm import SamplingParams

        ids = list(text.token_ids)
        decoded = []
        for position in text.positions:
            # Log-probabilities are of the model itself, whichever tokens are allowed.
            only = SamplingParams(
                temperature=0.0,
                max_tokens=DECODED_TOKENS,
                allowed_token_ids=[ids[position]],
                ignore_eos=True,
                logprobs=0,
                detokenize=False,
            )
            output = await self._output(ids[:position], only, f"probe-{position}-{next(_requests)}")
            logprobs = output.outputs[0].logprobs
            decoded.append(tuple(each[ids[position]].logprob for each in logprobs))
        found = await self.score(ids, 0, f"probe-prefill-{next(_requests)}")
        prefill = tuple(each[token] for each, token in zip(found, ids[1:], strict=True))
        return ProbeReading(prefill=prefill, decoded=tuple(decoded))

    async def unequal_tensors(self, model_dir: str) -> list[str]:
        """Names of the tensors that the engine holds otherwise than the files in `model_dir` do.

        Only tensors are compared that engine and files know under one name (`cluster.engine.checksums`).
        """
        ranks = [
            {name: TensorSum(*sums) for name, sums in rank.items()}
            for rank in await self._llm.collective_rpc("tensor_sums")
        ]
        files = await asyncio.to_thread(sums_of_files, Path(model_dir), sorted(set().union(*ranks)), self.dtype)
        return unequal_tensors(ranks, files)

    @property
    def dtype(self) -> str:
        """What the engine computes in: `float32`, `bfloat16` or `float16`."""
        return str(self._llm.vllm_config.model_config.dtype).removeprefix("torch.")

    @property
    def precision(self) -> tuple[str, ...]:
        """The dtype, or `fp8` or `quantized` where vLLM quantises the weights or the checkpoint is; and `fp8 cache`."""
        method = str(self._llm.vllm_config.model_config.quantization or "")
        weights = ("fp8" if "fp8" in method else "quantized") if method else self.dtype
        cached = "fp8" in str(self._llm.vllm_config.cache_config.cache_dtype)
        return (weights, "fp8 cache") if cached else (weights,)

    async def _watch(self, stall_timeout_s: float) -> None:
        heartbeat = self._progress.heartbeat
        while not self._failed.done():
            await asyncio.sleep(min(1.0, stall_timeout_s / 4))
            if heartbeat.waiting and heartbeat.silence > stall_timeout_s:
                detail = f"no step for {heartbeat.silence:.0f} s with {heartbeat.waiting} requests waiting"
                self._failed.set_exception(InfrastructureError(InfrastructureKind.ENGINE_STALLED, detail))
                # Nobody may be waiting; then the exception must not be reported as never retrieved.
                self._failed.exception()

    async def alive(self) -> None:
        await self._progress.heartbeat.next_beat()

    async def reload(self, model_dir: str) -> None:
        # The engine makes no step meanwhile; no request waits, so the watchdog does not count this as a stall.
        timeout_s = self._config.load_timeout_s
        with _loading(model_dir, timeout_s):
            async with asyncio.timeout(timeout_s):
                await self._llm.collective_rpc("reload_weights", kwargs={"weights_path": model_dir})
                await self._llm.collective_rpc("repack_tied_weights")
                if not await self._llm.reset_prefix_cache():
                    raise RuntimeError("the prefix cache still holds what the weights before computed")

    def stats(self) -> EngineStats:
        progress = self._progress
        return EngineStats(
            running=progress.running,
            waiting=progress.waiting,
            kv_usage=progress.kv_usage,
            prompt_tokens=progress.prompt_tokens,
            cached_prompt_tokens=progress.cached_tokens,
            generated_tokens=progress.generated_tokens,
            preempted=progress.preempted,
            guessed_tokens=progress.guessed_tokens,
            accepted_tokens=progress.accepted_tokens,
            kv_tokens=self._kv_tokens,
        )

    async def close(self) -> None:
        self._watchdog.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watchdog
        self._llm.shutdown()


async def start_engine(config: EngineConfig, model_dir: str, seed: int, executor: Executor = "mp") -> VllmEngine:
    """Load a model and wait until it serves. `executor`: how an engine of several devices runs them; `ray` only when
    they are on several nodes, in the placement group of the calling actor.

    Raises InfrastructureError when loading fails or takes longer than `load_timeout_s`, RequestError when there
    is no model at `model_dir`, or the machine cannot do what `config` asks for.
    """
    if not model_dir.startswith("hf://") and not (Path(model_dir) / "config.json").is_file():
        raise RequestError(f"model {model_dir}: no config.json there; name a Hugging Face folder")
    set_environment(config, os.environ)
    compiled = find_nvcc(os.environ) is not None or find_spec("flashinfer_jit_cache") is not None
    if said := refusal(config, compiled, on_gpu=has_gpu()):
        raise RequestError(said)
    progress = _Progress()
    with _loading(model_dir, config.load_timeout_s):
        llm = await asyncio.wait_for(
            asyncio.to_thread(_load, config, model_dir, seed, progress, executor), config.load_timeout_s
        )
        if config.speculative is not None and not has_gpu():
            await llm.collective_rpc("expand_temperatures")
    return VllmEngine(llm, progress, config)


@contextlib.contextmanager
def _loading(model_dir: str, timeout_s: float) -> Iterator[None]:
    """Errors of an engine that did not get its weights: it serves nothing, or half of one model and half of another."""
    try:
        yield
    except TimeoutError:
        detail = f"loading {model_dir} took longer than {timeout_s:g} s"
        raise InfrastructureError(InfrastructureKind.ENGINE_STALLED, detail) from None
    except Exception as error:
        raise InfrastructureError(InfrastructureKind.ENGINE_DEAD, f"loading {model_dir}: {error}") from error


def has_gpu() -> bool:
    """Whether vLLM's platform here is CUDA, without starting CUDA in this process."""
    from vllm.platforms import current_platform

    return bool(current_platform.is_cuda())


def _load(config: EngineConfig, model_dir: str, seed: int, progress: _Progress, executor: Executor) -> Any:
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.platforms import current_platform
    from vllm.v1.engine.async_llm import AsyncLLM

    capability = None
    if has_gpu():
        asked = current_platform.get_device_capability()
        capability = (asked.major, asked.minor)
    keywords = arguments(config, model_dir, seed, executor, capability)
    return AsyncLLM.from_engine_args(AsyncEngineArgs(**keywords), stat_loggers=[progress])


def _parameters(sampling: Sampling) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        max_tokens=sampling.max_tokens,
        stop_token_ids=list(sampling.stop_token_ids),
        seed=sampling.seed,
        logprobs=0,
        flat_logprobs=True,  # lists of numbers instead of two objects a token
        detokenize=False,
        skip_clone=True,  # nobody else has it
        output_kind=RequestOutputKind.FINAL_ONLY,
    )
