"""A real engine whose weights are replaced answers as the new model does by transformers, and as no other."""

import asyncio
from pathlib import Path

import pytest

from cluster.engine.interface import Generation, Sampling
from cluster.engine.vllm import EngineConfig, VllmEngine, start_engine
from cluster.errors import InfrastructureError

pytestmark = pytest.mark.engine

PROMPT = [3, 14, 15, 92, 65, 35, 89, 79, 32, 38, 46, 26, 43, 38, 32, 79, 50, 28, 84, 19, 71]
SAMPLED = Sampling(temperature=1.0, max_tokens=24, stop_token_ids=())
TOLERANCE = 1e-3
"""Nats a token, in float32; two of these models differ by 0.1 and more."""


def make_model(folder: Path, seed: int, *, tied: bool) -> Path:
    """A Llama with random weights of a spread at which two seeds disagree about every token."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    shape = LlamaConfig(
        vocab_size=128,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.1,
        tie_word_embeddings=tied,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)
    return folder


def difference(model: Path, reply: Generation) -> float:
    """The largest difference, in nats, between the engine's log-probabilities of a reply and transformers'."""
    import torch
    from transformers import LlamaForCausalLM

    llama = LlamaForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    written = list(reply.token_ids)
    with torch.no_grad():
        logits = llama(torch.tensor([PROMPT + written])).logits[0, len(PROMPT) - 1 : -1]
    own = logits.log_softmax(-1).gather(-1, torch.tensor(written)[:, None])[:, 0]
    return float((own - torch.tensor(reply.logprobs)).abs().max())


async def refuses_a_prefix_cache_that_it_cannot_empty(engine: VllmEngine, model: Path) -> None:
    """What a request in flight holds of the cache stays there, computed with the weights before."""
    endless = Sampling(temperature=1.0, max_tokens=100, stop_token_ids=())
    running = asyncio.create_task(engine.generate(PROMPT, endless, "in the way"))
    await asyncio.sleep(0.05)
    with pytest.raises(InfrastructureError, match="the prefix cache still holds"):
        await engine.reload(str(model))
    running.cancel()


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("ranks", [1, pytest.param(2, marks=pytest.mark.faults)], ids=["one rank", "two ranks"])
def test_a_reloaded_engine_serves_the_model_that_it_names(tmp_path: Path, tied: bool, ranks: int) -> None:
    models = [make_model(tmp_path / str(seed), seed, tied=tied) for seed in range(3)]
    config = EngineConfig(
        tensor_parallel=ranks, max_context=128, max_running=4, kv_cache_mb=16, dtype="float32", eager=True
    )

    async def play() -> list[tuple[int, Generation]]:
        engine = await start_engine(config, str(models[0]), seed=0)
        try:
            replies = [(0, await engine.generate(PROMPT, SAMPLED, "start"))]
            for turn in range(1, 11):
                which = turn % 3
                await engine.reload(str(models[which]))
                replies.append((which, await engine.generate(PROMPT, SAMPLED, f"reload {turn}")))
            await refuses_a_prefix_cache_that_it_cannot_empty(engine, models[0])
            return replies
        finally:
            await engine.close()

    for turn, (which, reply) in enumerate(asyncio.run(play())):
        differences = [difference(model, reply) for model in models]
        assert differences[which] < TOLERANCE, f"reload {turn}"
        assert min(differences[:which] + differences[which + 1 :]) > 100 * TOLERANCE
