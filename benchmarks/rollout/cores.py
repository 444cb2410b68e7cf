"""What an engine makes of two cores without a GPU: `python -m benchmarks.rollout.cores --json FILE [--rounds N]`.

A model with random weights and the shape of SmolLM2-135M answers requests that share most of their prompt, as attempts
at problems do. Three ways, in turn: vLLM's own, with the only worker in a process apart and one thread; the worker in
the process that schedules, which is what runs take (`cluster/engine/launch.py`); and that with two threads. Each must
write as many tokens, and the same first ones, or the benchmark fails.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from cluster.engine import launch
from cluster.engine.interface import Generation, Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.vllm import start_engine

WAYS = {
    "worker apart, 1 thread": ("mp", 1),
    "worker with the scheduler, 1 thread": (launch.IN_ENGINE_CORE, 1),
    "worker with the scheduler, 2 threads": (launch.IN_ENGINE_CORE, 2),
}
REQUESTS, AT_ONCE, SHARED, OWN, WRITTEN = 96, 48, 300, 60, 40
"""Requests, requests at once; tokens that all prompts share, of a prompt's own, and of a reply."""


def make_model(folder: Path) -> None:
    """The shape of SmolLM2-135M with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)


def prompt(number: int) -> list[int]:
    """Token ids of a request; eight in a row differ from the others in their last ones."""
    return [100 + i % 4000 for i in range(SHARED)] + [5000 + 97 * (number // 8) + i for i in range(OWN)]


async def measure(way: str, model: str) -> dict[str, Any]:
    """One way: seconds, and processor seconds of all the engine's processes, until the last reply."""
    launch.IN_ENGINE_CORE, threads = WAYS[way]
    config = EngineConfig(
        max_context=1024, max_running=32, kv_cache_mb=1024, dtype="float32", eager=True, threads=threads
    )
    began = time.perf_counter()
    engine = await start_engine(config, model, seed=0)
    started = time.perf_counter() - began
    greedy = Sampling(temperature=0.0, max_tokens=WRITTEN, stop_token_ids=())
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(number: int) -> Generation:
        async with turns:
            return await engine.generate(prompt(number), greedy, f"request-{number}")

    try:
        await ask(-8)
        processor, began = _processor_seconds(), time.perf_counter()
        replies = await asyncio.gather(*map(ask, range(REQUESTS)))
        seconds = time.perf_counter() - began
        return {
            "way": way,
            "start_s": started,
            "seconds": seconds,
            "processor_s": _processor_seconds() - processor,
            "processes": len(_processes()),
            "tokens": sum(len(reply.token_ids) for reply in replies),
            "first": sum(reply.logprobs[0] for reply in replies),
        }
    finally:
        await engine.close()


def _processes() -> list[psutil.Process]:
    me = psutil.Process()
    return [me, *(each for each in me.children(recursive=True) if "resource_tracker" not in " ".join(each.cmdline()))]


def _processor_seconds() -> float:
    return sum(sum(process.cpu_times()[:2]) for process in _processes())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rollout.cores", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the result goes")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way has its turn")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print("ROW " + json.dumps(asyncio.run(measure(given.way, given.model))))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder))
        for _ in range(given.rounds):
            # A process each: variables of OpenMP are read once.
            rows += [_in_a_process(way, folder) for way in WAYS]
    for row in rows:
        if row["tokens"] != REQUESTS * WRITTEN or abs(row["first"] - rows[0]["first"]) > 1e-2:
            raise SystemExit(f"not the same work: {row} and {rows[0]}")
    found: dict[str, Any] = {"command": f"python -m benchmarks.rollout.cores --rounds {given.rounds}", "rows": rows}
    found["tokens_per_second"] = {
        way: round(statistics.median(row["tokens"] / row["seconds"] for row in rows if row["way"] == way), 1)
        for way in WAYS
    }
    text = json.dumps(found, indent=1)
    print(text)
    if given.json:
        given.json.write_text(text + "\n")


def _in_a_process(way: str, folder: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.rollout.cores", "--way", way, "--model", folder]
    environment = {**os.environ, "OMP_NUM_THREADS": str(WAYS[way][1])}
    said = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    lines = [line.removeprefix("ROW ") for line in said.stdout.splitlines() if line.startswith("ROW ")]
    if not lines:
        raise SystemExit(said.stdout[-1000:] + said.stderr[-3000:])
    row: dict[str, Any] = json.loads(lines[-1])
    return row


if __name__ == "__main__":
    main()
