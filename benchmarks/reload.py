"""What a second checkpoint of one architecture costs an engine: `python -m benchmarks.reload --json FILE [--hidden N]`.

Starts vLLM on one of two models with random weights, then puts the other one's weights in place of the first one's, ten
times to and fro. Measured: seconds of the replacement, and until the first token of the next request. Every time the
log-probability of that token must be the one that transformers computes with the model, or the benchmark fails.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from cluster.engine.interface import Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.vllm import start_engine

TIMES = 10
PROMPT = tuple(range(5, 69))
ONE_TOKEN = Sampling(temperature=0.0, max_tokens=1, stop_token_ids=())


def make_models(folder: Path, hidden: int, layers: int) -> tuple[list[Path], int]:
    """Two Llamas with random weights, and how many parameters each has."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=4096,
        hidden_size=hidden,
        intermediate_size=hidden * 8 // 3 // 8 * 8,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        num_key_value_heads=hidden // 32,
        max_position_embeddings=512,
        tie_word_embeddings=True,
    )
    paths, parameters = [], 0
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        parameters = model.num_parameters()
        paths.append(folder / str(seed))
        model.save_pretrained(paths[-1])
    return paths, parameters


def first_token_logprob(path: Path) -> float:
    """Log-probability in nats, by transformers, of the likeliest token after `PROMPT`."""
    import torch
    from transformers import LlamaForCausalLM

    with torch.no_grad():
        logits = LlamaForCausalLM.from_pretrained(path).eval()(torch.tensor([PROMPT])).logits[0, -1]
    return float(logits.log_softmax(-1).max())


async def measure(paths: list[Path]) -> dict[str, Any]:
    """Seconds of the start, of each replacement, and from its beginning to the first token."""
    config = EngineConfig(max_context=512, max_running=8, kv_cache_mb=64, dtype="float32", eager=True)
    known = [first_token_logprob(path) for path in paths]
    if abs(known[0] - known[1]) < 1e-3:
        raise SystemExit("both models say the same: nobody could tell whether the weights were replaced")
    began = time.perf_counter()
    engine = await start_engine(config, str(paths[0]), seed=0)
    started = time.perf_counter() - began
    try:
        reloads, first_tokens = [], []
        for turn in range(TIMES + 1):
            which = turn % 2
            began = time.perf_counter()
            if turn:
                await engine.reload(str(paths[which]))
                reloads.append(time.perf_counter() - began)
            reply = await engine.generate(PROMPT, ONE_TOKEN, f"request-{turn}")
            if turn:
                first_tokens.append(time.perf_counter() - began)
            if abs(known[which] - reply.logprobs[0]) > 1e-4:
                raise SystemExit(f"turn {turn}: the token's log-probability is not that of model {which}")
    finally:
        await engine.close()
    return {
        "seconds_start": round(started, 2),
        "seconds_reload_median": round(statistics.median(reloads), 3),
        "seconds_to_first_token_median": round(statistics.median(first_tokens), 3),
        "seconds_to_first_token_worst": round(max(first_tokens), 3),
        "times": TIMES,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--hidden", type=int, default=128, help="width of the models, a multiple of 32")
    parser.add_argument("--layers", type=int, default=4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths, parameters = make_models(Path(folder), arguments.hidden, arguments.layers)
        figures = {"parameters": parameters, **asyncio.run(measure(paths))}
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
