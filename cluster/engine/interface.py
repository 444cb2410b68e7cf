"""The interface of an engine: token ids in, token ids out. Light; the vLLM engine is in `cluster.engine.vllm`."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class FinishReason(StrEnum):
    """Why the engine stopped generating. An abort is no reason: engines raise InfrastructureError for it."""

    STOP = "stop"
    """A stop token was sampled; it is the last of `token_ids`."""
    LENGTH = "length"
    """`max_tokens` or the engine's context was reached."""


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How to sample one step."""

    temperature: float
    max_tokens: int
    stop_token_ids: tuple[int, ...]
    top_p: float = 1.0
    top_k: int = -1
    seed: int | None = None
    priority: int = 0
    """Lower is served first, where the engine cannot serve all at once."""


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One sampled reply. `logprobs` has one entry a token: its log-probability under the engine's model, in nats."""

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish: FinishReason


class EngineStats(msgspec.Struct, frozen=True, kw_only=True):
    """A reading of an engine: requests, share of the KV cache in use (0 to 1), cumulative counts."""

    running: int
    waiting: int
    kv_usage: float
    prompt_tokens: int
    cached_prompt_tokens: int
    generated_tokens: int
    preempted: int = 0
    """Requests that lost their cache to others and were computed again."""
    guessed_tokens: int = 0
    """Tokens that were guessed by speculative decoding."""
    accepted_tokens: int = 0
    """Those of them that the model accepted."""
    kv_tokens: int = 0
    """Tokens that the KV cache holds; 0 when that is not known."""


class Engine(Protocol):
    """An inference engine. One request is one call; many run at once as coroutines."""

    async def generate(self, prompt: Sequence[int], sampling: Sampling, request_id: str) -> Generation:
        """Sample one reply to `prompt`.

        Raises InfrastructureError when the engine is dead, stalled or aborts the request, RequestError when
        the prompt cannot be served (too long, an id outside the vocabulary); the engine lives on after the latter.
        """
        ...

    async def score(self, ids: Sequence[int], likeliest: int, request_id: str) -> list[dict[int, float]]:
        """For every token but the first, log-probabilities after the tokens before it, in nats: of itself and of the
        `likeliest` tokens, by their ids. `ids`: two at least, and at most as many as the context holds. Raises like
        `generate`."""
        ...

    async def alive(self) -> None:
        """Return at the engine's next sign of life. A frozen engine gives none; its requests fail instead."""
        ...

    async def reload(self, model_dir: str) -> None:
        """Replace the weights by those of a checkpoint of the same architecture; drops the prefix cache.

        Raises InfrastructureError when the engine is dead or the reload fails; the engine cannot be used then.
        """
        ...

    def stats(self) -> EngineStats: ...

    async def close(self) -> None: ...
