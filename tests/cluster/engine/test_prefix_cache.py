"""A real engine finds the prompts that samples of one problem share in its prefix cache, and counts them."""

import asyncio
import random
from pathlib import Path

import pytest

from cluster.engine.interface import EngineStats, Sampling
from cluster.engine.launch import CPU_BLOCK
from cluster.engine.options import EngineConfig
from cluster.engine.vllm import start_engine
from tests.cluster.engine.test_reload import VOCABULARY, make_model

pytestmark = pytest.mark.engine

PROMPT = 300
PROBLEMS, SAMPLES = 4, 8


def test_samples_of_one_problem_compute_its_prompt_once(tmp_path: Path) -> None:
    draw = random.Random(0)
    prompts = [[draw.randrange(VOCABULARY) for _ in range(PROMPT)] for _ in range(PROBLEMS)]
    config = EngineConfig(max_context=384, max_running=16, kv_cache_mb=32, dtype="float32")
    sampling = Sampling(temperature=1.0, max_tokens=4, stop_token_ids=())

    async def play() -> EngineStats:
        engine = await start_engine(config, str(make_model(tmp_path, 0, tied=False)), seed=0)
        try:
            asked = [prompt for prompt in prompts for _ in range(SAMPLES)]
            await asyncio.gather(*(engine.generate(each, sampling, f"r{i}") for i, each in enumerate(asked)))
            return engine.stats()
        finally:
            await engine.close()

    stats = asyncio.run(play())
    assert stats.prompt_tokens == PROBLEMS * SAMPLES * PROMPT
    assert (
        stats.cached_prompt_tokens == PROBLEMS * (SAMPLES - 1) * (PROMPT // CPU_BLOCK) * CPU_BLOCK
    )  # whole blocks alone are found
