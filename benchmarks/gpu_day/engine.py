"""The stage about vLLM: its start, its rate, and whether it says what the model says, before and after a reload."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu_day.machine import device
from benchmarks.steps.dpo import make_model
from cluster.engine.interface import Generation, Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.vllm import VllmEngine, start_engine


def engine(quick: bool) -> dict[str, Any]:
    """Two models of one shape with random weights: that of 8 B where the temporary folder has room for both. The engine
    starts on the first, samples many replies to few prompts, and takes the second one's weights in place. What it
    recorded of sampled tokens is compared with transformers' log-probabilities of the same tokens, under the model that
    it should be and under the other one."""
    with tempfile.TemporaryDirectory() as folder:
        size = "tiny" if quick else "8b" if shutil.disk_usage(folder).free > 40e9 else "1.5b"
        paths = [_written(Path(folder) / str(seed), size, seed) for seed in (0, 1)]
        return {"model": size} | asyncio.run(_measure(paths, quick))


def _written(path: Path, size: str, seed: int) -> Path:
    begun = time.perf_counter()
    model = make_model(size, device().type, seed)
    # Sharper than random weights are, so that one model can be told from another.
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(4)
    model.save_pretrained(path)
    print(f"{path.name}: {model.num_parameters():,} parameters in {time.perf_counter() - begun:.1f} s", flush=True)
    del model
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return path


async def _measure(paths: list[Path], quick: bool) -> dict[str, Any]:
    on_gpu = device().type == "cuda"
    config = EngineConfig(
        max_context=256 if quick else 4096,
        max_running=16 if quick else 256,
        kv_cache_mb=None if on_gpu else 64,
        gpu_memory=0.6,
        dtype="bfloat16" if on_gpu else "float32",
        eager=quick,
    )
    begun = time.perf_counter()
    running = await start_engine(config, str(paths[0]), seed=0)
    found: dict[str, Any] = {"start_seconds": time.perf_counter() - begun}
    try:
        problems, samples, prompt_tokens, new = (2, 4, 24, 16) if quick else (32, 16, 1500, 256)
        prompts = [[5 + (at * 31 + problem * 17) % 400 for at in range(prompt_tokens)] for problem in range(problems)]
        replies: list[list[tuple[list[int], Generation]]] = []
        for turn, path in enumerate((*paths, paths[0])):
            if turn:
                begun = time.perf_counter()
                await running.reload(str(path))
                found.setdefault("reload_seconds", []).append(time.perf_counter() - begun)
            begun = time.perf_counter()
            replies.append(await _sample(running, prompts, samples, new, turn))
            seconds = time.perf_counter() - begun
            tokens = sum(len(reply.token_ids) for _, reply in replies[-1])
            found.setdefault("sampled_tokens_per_second", []).append(tokens / seconds)
        stats = running.stats()
        found["prompt_tokens_from_cache"] = stats.cached_prompt_tokens / max(1, stats.prompt_tokens)
    finally:
        await running.close()
    return found | {"log_probabilities": _compared(paths, replies)}


async def _sample(
    running: VllmEngine, prompts: list[list[int]], samples: int, new: int, turn: int
) -> list[tuple[list[int], Generation]]:
    sampling = Sampling(temperature=0.7, max_tokens=new, stop_token_ids=())
    asked = [prompt for prompt in prompts for _ in range(samples)]
    replies = await asyncio.gather(
        *(running.generate(prompt, sampling, f"{turn}-{at}") for at, prompt in enumerate(asked))
    )
    return list(zip(asked, replies, strict=True))


def _compared(paths: list[Path], replies: list[list[tuple[list[int], Generation]]]) -> dict[str, Any]:
    """Greatest mean difference a reply between recorded and computed log-probabilities, in nats a token: with the
    model that the engine had been given, and the least with the other one."""
    from transformers import LlamaForCausalLM

    found: dict[str, Any] = {}
    for which, path in enumerate(paths):
        model: Any = LlamaForCausalLM.from_pretrained(path, dtype="auto").to(device()).eval()
        for turn, asked in enumerate(replies):
            apart = [_difference(model, prompt, reply) for prompt, reply in asked[:: max(1, len(asked) // 8)]]
            own = which == turn % 2
            found.setdefault("own model, at most" if own else "other model, at least", []).append(
                max(apart) if own else min(apart)
            )
        del model
    if not max(found["own model, at most"]) < 0.2 * min(found["other model, at least"]):
        raise SystemExit(f"the engine does not say what its model says: {found}")
    return found


def _difference(model: Any, prompt: list[int], reply: Generation) -> float:
    ids = torch.tensor([[*prompt, *reply.token_ids]], device=model.device)
    with torch.no_grad():
        logps = model(input_ids=ids).logits[0, len(prompt) - 1 : -1].float().log_softmax(-1)
    said = logps.gather(1, torch.tensor(reply.token_ids, device=model.device)[:, None])[:, 0]
    return float((said - torch.tensor(reply.logprobs, device=model.device)).abs().mean())
