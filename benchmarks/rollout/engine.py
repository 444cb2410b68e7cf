"""How full an engine is kept: multi-turn rollouts against a replay of their very requests on the bare engine."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.rollout.hosts import Served, serve
from benchmarks.rollout.models import LARGE, TEACHER, parameters_of, random_model, tokenizer_for
from cluster.engine.options import EngineConfig
from rollout.config import EpisodeConfig
from rollout.problems import FamilyConfig, generate
from rollout.records import Problem

SIDES = ("rollout", "replay", "replay_verbatim", "replay_without_logprobs")


@dataclass(frozen=True)
class Case:
    """One comparison: which model, and how its rollouts go."""

    name: str
    model: Path
    families: tuple[FamilyConfig, ...]
    episodes: EpisodeConfig
    engine: EngineConfig
    live: int
    samples: int
    first_turn_only: tuple[str, ...] = ()
    """Sides measured in the first turn alone, where every one takes its time."""
    left_out: tuple[str, ...] = ()
    sampled: int | None = None
    """Problems of the rollout during which the host's thread is looked at."""
    temperature: float = 1.0


def large_case(problems: int, cache: Path) -> Case:
    """About 100 million random weights. Noise fails to parse, so that every episode takes all its steps."""
    families = (FamilyConfig(family="arithmetic", train=problems, test=0, difficulty=(2, 4)),)
    tokenizer = tokenizer_for(families, "json", "signatures", cache)
    return Case(
        name=LARGE.name,
        model=_random(LARGE, tokenizer, 64, cache),
        families=families,
        episodes=EpisodeConfig(verbosity="signatures", max_steps=3, max_failed_steps=3, max_step_tokens=256),
        engine=EngineConfig(max_context=1024, max_running=16, kv_cache_mb=1400, dtype="float32", eager=True),
        live=16,
        samples=4,
        first_turn_only=("replay_verbatim",),
        left_out=("replay_without_logprobs",),
        sampled=2,
    )


def local_case(problems: int, teacher: Path, cache: Path) -> Case:
    """The local recipe's teacher on its own problems; where it is not made yet, random weights of its size."""
    families = (
        FamilyConfig(family="arithmetic", train=problems, test=0, difficulty=(2, 2)),
        FamilyConfig(family="fol", train=problems, test=0, difficulty=(1, 1)),
    )
    there = (teacher / "config.json").is_file()
    failed = 1 if there else 3
    model = teacher if there else _random(TEACHER, tokenizer_for(families, "json", "names", cache), 16, cache)
    return Case(
        name="teacher of recipes/local.toml" if there else "random weights of the local teacher's size",
        model=model,
        families=families,
        episodes=EpisodeConfig(verbosity="names", max_steps=8, max_failed_steps=failed, max_step_tokens=64),
        engine=EngineConfig(max_context=512, max_running=64, kv_cache_mb=128, dtype="float32", eager=True),
        live=96,
        samples=16,
    )


def measure_engine(case: Case, repetitions: int, folder: Path) -> dict[str, Any]:
    """Rollouts and replays of one engine in turns, and a look at what the host's thread does meanwhile."""
    problems = [problem for family in case.families for problem in generate(family, "train")]
    with serve(case.name, case.model, case.episodes, case.engine, case.live, folder) as served:
        sides = [side for side in SIDES if side not in case.left_out]
        readings: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
        served.run(served.work("warm", problems[:2], case.samples, case.temperature))
        for repetition in range(repetitions):
            rolled = _rollout(served, f"run{repetition}", problems, case)
            readings["rollout"].append(rolled)
            asked = served.ask("read", f"run{repetition}")
            assert asked.generated_tokens == rolled["generated_tokens"], "what was committed is what was generated"
            for side in sides[1:]:
                if repetition == 0 or side not in case.first_turn_only:
                    readings[side].append(_replay(served, case, side, asked))
        served.ask("sample_begin")
        # Not of the turns: a thread that looks takes some of the time that it looks at.
        _rollout(served, "sampled", problems[: case.sampled], case)
        spent = served.ask("sample_end")
    rates = {side: median(reading["tokens_per_second"] for reading in readings[side]) for side in sides}
    # Of each turn, so that a machine that slows down for a while slows both sides of a ratio.
    ratios = {
        side: median(
            ours["tokens_per_second"] / bare["tokens_per_second"]
            for ours, bare in zip(readings["rollout"], readings[side], strict=False)
        )
        for side in sides[1:]
    }
    return {
        "model": case.name,
        "parameters": parameters_of(case.model),
        "live_episodes": case.live,
        "ratio": min(ratios["replay"], ratios["replay_verbatim"]),
        "ratios": ratios,
        "tokens_per_second": rates,
        "requests": readings["rollout"][0]["requests"],
        "prompt_tokens_per_request": asked.prompt_tokens / asked.requests,
        "generated_tokens_per_request": asked.generated_tokens / asked.requests,
        "cpu_seconds_per_1000_tokens": {side: _cpu(readings[side]) for side in sides},
        "host_thread": spent,
        "repetitions": readings,
    }


def _rollout(served: Served, prefix: str, problems: Sequence[Problem], case: Case) -> dict[str, float]:
    """One rollout of all problems through pool, host and episode loop, its shards committed."""
    work = served.work(prefix, problems, case.samples, case.temperature)
    served.ask("forget_prefixes")
    with _Timed(served) as timed:
        chunk_results = served.run(work)
    episodes = sum(chunk_result.rows for chunk_result in chunk_results)
    tokens = sum(chunk_result.generated_tokens for chunk_result in chunk_results)
    assert episodes == len(problems) * case.samples, "every episode is committed"
    requests = served.ask("read", prefix).requests
    return timed.reading(requests, tokens) | {"episodes": episodes}


def _replay(served: Served, case: Case, side: str, asked: Any) -> dict[str, float]:
    served.ask("forget_prefixes")
    with _Timed(served) as timed:
        done = served.ask("replay", case.live, case.temperature, side == "replay_verbatim", "without" not in side)
    assert done == asked, "a replay makes the run's requests: as many, prompts and replies as long"
    return timed.reading(done.requests, done.generated_tokens)


class _Timed:
    """Seconds, and processor seconds of host and engine, of what is done inside."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def __enter__(self) -> "_Timed":
        self._before: dict[str, float] = self._served.ask("cpu_seconds")
        self._begun = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self._begun
        after: dict[str, float] = self._served.ask("cpu_seconds")
        self.cpu = {name: after[name] - self._before[name] for name in after}

    def reading(self, requests: int, tokens: int) -> dict[str, float]:
        return {
            "requests": requests,
            "generated_tokens": tokens,
            "seconds": self.seconds,
            "tokens_per_second": tokens / self.seconds,
            **{f"{name}_cpu_seconds": seconds for name, seconds in self.cpu.items()},
        }


def _cpu(readings: Sequence[dict[str, float]]) -> dict[str, float]:
    return {
        name: median(1000 * reading[f"{name}_cpu_seconds"] / reading["generated_tokens"] for reading in readings)
        for name in ("host", "engine")
    }


def _random(shape: Any, tokenizer: Path, mean_reply: int, cache: Path) -> Path:
    folder = cache / f"random-{shape.name}-{mean_reply}-{tokenizer.name}"
    if not folder.is_dir():
        random_model(shape, tokenizer, mean_reply, folder)
    return folder
