"""What a step costs beside the engine: episodes over a scripted engine that answers at once.

The scripted replies are the gold calls of generated problems, so every step is decoded, parsed, validated, executed,
judged, rendered, tokenised and recorded, as with a real engine.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.rollout.models import tokenizer_for
from cluster.engine.scripted import ScriptedConfig, ScriptedEngine
from rollout.config import EpisodeConfig
from rollout.episodes.episode import EpisodeSetting, SampleSpec, run_episode
from rollout.formats import load_format
from rollout.problems import FamilyConfig, generate
from rollout.prompts.template import ChatTemplate
from rollout.records import Episode, Outcome, Problem, Producer

FORMATS = ("json", "python")
FAMILIES = {
    "arithmetic": FamilyConfig(family="arithmetic", train=300, test=0, difficulty=(2, 4)),
    "fol": FamilyConfig(family="fol", train=300, test=0, difficulty=(1, 3)),
}
_LIVE = 64
_CONTEXT = 8192


def measure_steps(seconds: float, repetitions: int, cache: Path) -> dict[str, Any]:
    """Steps a second of one core by call format and family, each the median of its repetitions; the headline is the
    lowest row's."""
    rows = []
    for call_format in FORMATS:
        for family, config in FAMILIES.items():
            setting, problems = _setting(call_format, config, cache)
            readings = [_rate(problems, setting, seconds) for _ in range(repetitions)]
            per_cpu, per_wall = (median(column) for column in zip(*readings, strict=True))
            rows.append(
                {
                    "call_format": call_format,
                    "family": family,
                    "steps_per_second_per_core": per_cpu,
                    "steps_per_second": per_wall,
                    "microseconds_per_step": 1e6 / per_cpu,
                }
            )
    return {"steps_per_second_per_core": min(row["steps_per_second_per_core"] for row in rows), "steps": rows}


def _setting(call_format: str, family: FamilyConfig, cache: Path) -> tuple[EpisodeSetting, list[Problem]]:
    folder = tokenizer_for((family,), call_format, "signatures", cache)
    template = ChatTemplate.from_model(folder)
    form = load_format(call_format)
    problems = generate(family, "train")
    gold = {
        problem.id: [tuple(template.encode_reply(form.render((call,)))) for call in problem.gold_calls]
        for problem in problems
    }

    def script(prompt: Sequence[int], request_id: str) -> Sequence[int]:
        problem, _, rest = request_id.rpartition("#")
        return gold[problem][int(rest.rpartition(".")[2])]

    setting = EpisodeSetting(
        engine=ScriptedEngine(script, ScriptedConfig(slots=_LIVE)),
        template=template,
        call_format=form,
        config=EpisodeConfig(call_format=call_format, max_steps=64),
        max_context=_CONTEXT,
        producer=Producer(model="scripted", revision="", licence="CC0-1.0"),
        generation="benchmark",
    )
    return setting, problems


def _rate(problems: Sequence[Problem], setting: EpisodeSetting, seconds: float) -> tuple[float, float]:
    """Steps a second of this process's CPU time, all of its threads, and of wall time."""
    asyncio.run(_attempts(problems[:50], setting))
    steps, begun, worked = 0, time.perf_counter(), time.process_time()
    while time.process_time() - worked < seconds:
        episodes = asyncio.run(_attempts(problems, setting))
        assert all(episode.outcome is Outcome.RIGHT for episode in episodes), "gold calls solve their problems"
        steps += sum(len(episode.steps) for episode in episodes)
    return steps / (time.process_time() - worked), steps / (time.perf_counter() - begun)


async def _attempts(problems: Sequence[Problem], setting: EpisodeSetting) -> list[Episode]:
    """One attempt at each problem, `_LIVE` at a time, as a host runs them."""
    gate = asyncio.Semaphore(_LIVE)

    async def attempt(problem: Problem) -> Episode:
        async with gate:
            return await run_episode(problem, SampleSpec(sample=0, temperature=1.0), setting)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt(problem)) for problem in problems]
    return [task.result() for task in tasks]
