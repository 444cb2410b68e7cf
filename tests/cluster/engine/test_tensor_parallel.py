"""An engine on two devices, for real: two CPU threads, each one a rank of vLLM's `mp` executor."""

import asyncio
from pathlib import Path

import pytest

from cluster.engine.interface import FinishReason, Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.vllm import start_engine

pytestmark = [pytest.mark.engine, pytest.mark.faults]

PROMPTS = ([3, 14, 15, 92, 65], [35, 89, 79], [32, 38, 46, 26, 43, 38, 3])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=128,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.2,
        tie_word_embeddings=False,
    )
    folder = tmp_path_factory.mktemp("model")
    LlamaForCausalLM(shape).save_pretrained(folder)
    return folder


def expected(model: Path, prompt: list[int], tokens: int) -> list[int]:
    """What the model writes greedily, step by step without any cache."""
    import torch
    from transformers import LlamaForCausalLM

    llama = LlamaForCausalLM.from_pretrained(model).eval()
    ids = list(prompt)
    with torch.no_grad():
        for _ in range(tokens):
            ids.append(int(llama(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(prompt) :]


def test_two_ranks_write_what_the_model_writes(model: Path) -> None:
    config = EngineConfig(
        tensor_parallel=2, max_context=128, max_running=4, kv_cache_mb=16, dtype="float32", eager=True
    )
    sampling = Sampling(temperature=0.0, max_tokens=12, stop_token_ids=())

    async def play() -> tuple[list[list[int]], int]:
        engine = await start_engine(config, str(model), seed=0, executor="mp")
        try:
            replies = await asyncio.gather(
                *(engine.generate(prompt, sampling, f"r{index}") for index, prompt in enumerate(PROMPTS))
            )
            assert {reply.finish for reply in replies} == {FinishReason.LENGTH}
            return [list(reply.token_ids) for reply in replies], engine.stats().kv_tokens
        finally:
            await engine.close()

    written, kv_tokens = asyncio.run(play())
    assert written == [expected(model, prompt, 12) for prompt in PROMPTS]
    # 16 MiB a rank; a rank keeps one key and one value head of 32 floats in each of two layers.
    assert kv_tokens == pytest.approx((16 << 20) / (2 * 2 * 32 * 4), rel=0.1)
