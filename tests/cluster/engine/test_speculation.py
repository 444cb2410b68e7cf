"""A real engine that guesses tokens: samples have the model's own distribution, and what is recorded is the model's.

The frequencies of thousands of replies are compared with the exact distribution, for which the vocabulary is small.
"""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cluster.engine.interface import EngineStats, Generation, Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.speculation import SpeculativeConfig
from cluster.engine.vllm import start_engine

pytestmark = pytest.mark.engine

VOCABULARY = 16
PROMPT = [1, 2, 3, 4, 5] * 3 + [1, 2, 3]
"""Its end occurred before, so that there is something to guess."""
TOKENS = 4
TEMPERATURES = (1.0, 0.7)
SAMPLES = 2500
"""For each temperature."""
IMPROBABLE = 1e-6
CONFIG = EngineConfig(
    max_context=64,
    max_running=64,
    kv_cache_mb=32,
    dtype="float32",
    speculative=SpeculativeConfig(method="ngram", tokens=3, shortest_match=1, longest_match=3),
)


def make_model(folder: Path) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.12,
        eos_token_id=None,
        bos_token_id=None,
    )
    model = LlamaForCausalLM(shape).eval()
    model.save_pretrained(folder)
    return model


def next_token(model: Any, prefixes: list[list[int]]) -> Any:
    """[prefixes, vocabulary] log-probabilities of what follows each; the prefixes are of one length."""
    import torch

    with torch.no_grad():
        return model(torch.tensor(prefixes)).logits[:, -1].double().log_softmax(-1)


def exact(model: Any, temperature: float) -> list[Any]:
    """The distributions of the first, second and third token of a reply, each [vocabulary]."""
    import torch

    weights, prefixes, found = torch.ones(1, dtype=torch.float64), [PROMPT], []
    for _ in range(3):
        after = (next_token(model, prefixes) / temperature).softmax(-1)
        found.append((weights[:, None] * after).sum(0))
        weights = (weights[:, None] * after).flatten()
        prefixes = [[*prefix, token] for prefix in prefixes for token in range(VOCABULARY)]
    return found


async def sampled(folder: Path) -> tuple[dict[float, list[Generation]], EngineStats]:
    """Replies at every temperature, all in one queue, so that one batch holds several temperatures; and greedy ones."""
    engine = await start_engine(CONFIG, str(folder), seed=0)
    try:
        asked = [*TEMPERATURES * SAMPLES, *[0.0] * 8]
        settings = {at: Sampling(temperature=at, max_tokens=TOKENS, stop_token_ids=()) for at in asked}
        made = await asyncio.gather(*(engine.generate(PROMPT, settings[at], f"r{i}") for i, at in enumerate(asked)))
        replies: dict[float, list[Generation]] = {}
        for at, reply in zip(asked, made, strict=True):
            replies.setdefault(at, []).append(reply)
        return replies, engine.stats()
    finally:
        await engine.close()


def test_guessed_tokens_change_neither_what_is_sampled_nor_what_is_recorded(tmp_path: Path) -> None:
    from scipy.stats import chisquare

    model = make_model(tmp_path)
    replies, stats = asyncio.run(sampled(tmp_path))
    assert 0 < stats.accepted_tokens < stats.guessed_tokens, "tokens were guessed, and some of them refused"
    for temperature in TEMPERATURES:
        for position, wanted in enumerate(exact(model, temperature)):
            seen = Counter(reply.token_ids[position] for reply in replies[temperature])
            counts = [seen[token] for token in range(VOCABULARY)]
            p = float(chisquare(counts, wanted.numpy() * sum(counts)).pvalue)
            assert p > IMPROBABLE, f"token {position} at temperature {temperature}: {counts}, p {p:.1g}"
    for reply in (*replies[1.0][:200], *replies[0.7][:200]):
        for position, (token, recorded) in enumerate(zip(reply.token_ids, reply.logprobs, strict=True)):
            own = next_token(model, [[*PROMPT, *reply.token_ids[:position]]])[0, token]
            assert recorded == pytest.approx(float(own), abs=1e-4), "the model's, whoever guessed the token"
    greedy = list(PROMPT)
    for _ in range(TOKENS):
        greedy.append(int(next_token(model, [greedy])[0].argmax()))
    assert {reply.token_ids for reply in replies[0.0]} == {tuple(greedy[len(PROMPT) :])}
