"""Episodes a second against microchain: same problems, model, prompts and vLLM; greedy, so both write the same."""

import contextlib
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.rollout.hosts import Served, serve
from benchmarks.rollout.microchain_side import Asked, Done, attempt_problems
from benchmarks.rollout.models import microchain_model, parameters_of
from cluster.engine.options import EngineConfig
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.config import EpisodeConfig
from rollout.data.shards import read_rows
from rollout.problems import FamilyConfig, generate
from rollout.records import Episode, Problem

THREADS = (1, 16, 64)
"""Agents at a time on microchain's side: one, as it does it; more, as a user could."""
_EPISODES = EpisodeConfig(call_format="python", verbosity="names", max_steps=8, max_step_tokens=64)
_ENGINE = EngineConfig(max_context=256, max_running=128, kv_cache_mb=128, dtype="float32", eager=True)
_LIVE = 160
_STEPS = 700
_START_S = 300.0


def measure_microchain(problems: int, repetitions: int, cache: Path, folder: Path) -> dict[str, Any]:
    """Both sides in turns on the same problems; each one's engine idles while the other works."""
    family = FamilyConfig(family="arithmetic", train=problems, test=0, difficulty=(2, 2))
    model = microchain_model(family.model_copy(update={"train": 512}), _STEPS, cache)
    asked = generate(family, "train")
    readings: list[dict[str, Any]] = []
    with (
        _server(model, folder) as address,
        serve("tiny", model, _EPISODES, _ENGINE, _LIVE, folder) as served,
        _microchain(Asked(address, model.name, _prompts(served, asked, folder), 8, 64, 0.0)) as pipe,
    ):
        for repetition in range(repetitions):
            ours = _ours(served, f"run{repetition}", asked, folder)
            readings.append(_reading("chainpref", _LIVE, ours))
            for threads in THREADS:
                pipe.send(threads)
                theirs: Done = pipe.recv()
                same = sum(ours.answers[name] == answer for name, answer in theirs.answers.items())
                assert same >= 0.95 * len(asked), f"both sides find the same answers, {same} of {len(asked)}"
                readings.append(_reading("microchain 0.4.6", threads, theirs) | {"same_answers": same})
    rows = _rows(readings)
    rate = {(row["system"], row["agents"]): row["episodes_per_second"] for row in rows}
    return {
        "microchain_ratio": rate["chainpref", _LIVE] / rate["microchain 0.4.6", 1],
        "microchain": {
            "problems": len(asked),
            "parameters": parameters_of(model),
            "ratio_by_agents": {
                str(threads): rate["chainpref", _LIVE] / rate["microchain 0.4.6", threads] for threads in THREADS
            },
            "rows": rows,
            "repetitions": readings,
        },
    }


def _ours(served: Served, prefix: str, problems: Sequence[Problem], folder: Path) -> Done:
    work = served.work(prefix, problems, samples=1, temperature=0.0)
    begun = time.perf_counter()
    chunk_results = served.run(work)
    seconds = time.perf_counter() - begun
    episodes = _episodes(folder, prefix)
    answers = {one.problem_id: None if one.answer is None else json.loads(one.answer) for one in episodes}
    assert len(answers) == len(problems), "every problem is attempted and committed"
    requests = sum(len(episode.steps) for episode in episodes)
    return Done(seconds, requests, sum(chunk_result.generated_tokens for chunk_result in chunk_results), answers)


def _prompts(served: Served, problems: Sequence[Problem], folder: Path) -> list[tuple[str, str]]:
    """Of each problem the very prompt that our side writes; which warms our side up."""
    _ours(served, "warm", problems, folder)
    return [(one.problem_id, one.prompt_text) for one in _episodes(folder, "warm")]


def _episodes(folder: Path, prefix: str) -> list[Episode]:
    return list(read_rows(Episode, Ledger(open_store(str(folder)), prefix)))


def _reading(system: str, agents: int, done: Done) -> dict[str, Any]:
    return {
        "system": system,
        "agents": agents,
        "seconds": done.seconds,
        "episodes_per_second": len(done.answers) / done.seconds,
        "requests": done.requests,
        "generated_tokens": done.generated_tokens,
        "answered": sum(answer is not None for answer in done.answers.values()),
    }


def _rows(readings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The median turn of each system and number of agents."""
    rows = []
    for key in dict.fromkeys((reading["system"], reading["agents"]) for reading in readings):
        of_key = [reading for reading in readings if (reading["system"], reading["agents"]) == key]
        middle = median(reading["episodes_per_second"] for reading in of_key)
        rows.append(min(of_key, key=lambda reading: abs(reading["episodes_per_second"] - middle)))
    return rows


@contextlib.contextmanager
def _microchain(asked: Asked) -> Iterator[Connection]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=attempt_problems, args=(asked, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        refusal = ours.recv()
        if refusal:
            raise SystemExit(refusal)
        yield ours
        ours.send(None)
        process.join(10)
    finally:
        process.terminate()


@contextlib.contextmanager
def _server(model: Path, folder: Path) -> Iterator[str]:
    """vLLM's own OpenAI-compatible server of the model on loopback: its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)),
        *("--served-model-name", model.name, "--host", "127.0.0.1", "--port", str(port)),
        *("--max-model-len", str(_ENGINE.max_context), "--max-num-seqs", str(_ENGINE.max_running)),
        *("--kv-cache-memory-bytes", str((_ENGINE.kv_cache_mb or 0) << 20), "--dtype", "float32", "--enforce-eager"),
        *("--disable-uvicorn-access-log", "--generation-config", "vllm"),
    ]
    quiet = {
        **os.environ,
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_DO_NOT_TRACK": "1",
        "VLLM_LOGGING_LEVEL": "WARNING",
        "VLLM_CPU_CI_ENV": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    }
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=quiet, start_new_session=True)
    try:
        _wait_until_served(process, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        # Its group: the engine is a process of the server's.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_served(process: "subprocess.Popen[bytes]", health: str, log: Path) -> None:
    for _ in range(int(_START_S)):
        if process.poll() is not None:
            raise SystemExit(f"vLLM's server ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(health, timeout=1.0).close()
            return
        time.sleep(1.0)
    raise SystemExit(f"vLLM's server did not answer within {_START_S:.0f} s:\n{log.read_text()[-2000:]}")
