"""What a real engine says of tokens that somebody else wrote, against transformers: their log-probabilities and the
likeliest tokens, as many as it was started for."""

import asyncio
import random
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from cluster.engine.options import EngineConfig
from cluster.engine.vllm import start_engine
from cluster.errors import RequestError
from tests.cluster.engine.test_reload import VOCABULARY, make_model

pytestmark = pytest.mark.engine


def test_log_probabilities_of_given_tokens_are_the_models(tmp_path: Path) -> None:
    draw = random.Random(0)
    rows = [
        [draw.randrange(VOCABULARY) for _ in range(length)] for length in (2, 40, 160)
    ]  # the last one fills the context
    model = make_model(tmp_path, 0, tied=True)
    config = EngineConfig(max_context=160, max_running=4, kv_cache_mb=16, dtype="float32", max_logprobs=25)

    async def play() -> list[list[dict[int, float]]]:
        engine = await start_engine(config, str(model), seed=0)
        try:
            with pytest.raises(RequestError):
                await engine.score(rows[0], 26, "more than it was started for")
            # Twice each: what is in the prefix cache must not matter.
            asked = [engine.score(ids, 25, f"r{at}") for at, ids in enumerate(rows * 2)]
            return list(await asyncio.gather(*asked))
        finally:
            await engine.close()

    llama = LlamaForCausalLM.from_pretrained(model)
    for ids, found in zip(rows * 2, asyncio.run(play()), strict=True):
        with torch.no_grad():
            logps = llama(input_ids=torch.tensor([ids])).logits[0, :-1].log_softmax(-1)
        assert len(found) == len(ids) - 1
        for at, (token, said) in enumerate(zip(ids[1:], found, strict=True)):
            assert said.keys() == {*logps[at].topk(25).indices.tolist(), token}
            assert said == {one: pytest.approx(float(logps[at, one]), abs=1e-4) for one in said}
