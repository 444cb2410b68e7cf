"""A real engine with an fp8 KV cache: its probe shows the rounding, and is held to a limit of its own."""

import asyncio
from pathlib import Path

import pytest

from cluster.engine.options import EngineConfig
from cluster.engine.probe import TOLERANCE, difference, prove
from cluster.engine.vllm import start_engine
from tests.cluster.engine.test_reload import TEXT, make_model, probe_of

pytestmark = pytest.mark.engine


@pytest.mark.skipif("avx512f" not in Path("/proc/cpuinfo").read_text(), reason="vLLM wants AVX-512 for it on the CPU")
def test_an_fp8_cache_is_within_its_limit_and_beyond_that_of_the_dtype(tmp_path: Path) -> None:
    models = [make_model(tmp_path / f"model-{seed}", seed, tied=False) for seed in range(2)]
    probes = [probe_of(model) for model in models]
    config = EngineConfig(
        max_context=384, max_running=4, kv_cache_mb=16, dtype="float32", eager=True, kv_cache_dtype="fp8"
    )

    async def play() -> None:
        engine = await start_engine(config, str(models[0]), seed=0)
        try:
            assert engine.precision == ("float32", "fp8 cache")
            off = difference(await engine.read_probe(TEXT), probes[0].reading)
            assert TOLERANCE["float32"] < off < TOLERANCE["fp8 cache"] / 2
            verdict = await prove(engine, probes[0], [probes[1]], str(models[0]))
            assert verdict.tolerance == TOLERANCE["float32"] + TOLERANCE["fp8 cache"]
        finally:
            await engine.close()

    asyncio.run(play())
