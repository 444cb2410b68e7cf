"""How near to the best possible the work is spread: `python -m benchmarks.scheduling --json FILE`.

On a virtual clock, 1 to 64 rollout hosts with scripted engines under the product's own router and the hosts' own
concurrency limit; only what lies between them is simulated (an answer takes `RPC_S`), and what an episode does between
its requests takes no time. Step times are log-normal (sigma 1, median 1 s); 5 % of the episodes are stragglers, every
step ten times as long. An engine serves `--slots` requests at a time, and there are 400 episodes for each of its slots.

`of_greedy`: the time that greedy list scheduling needs for the same draws (every episode in turn to the slot that is
free first, with no engine, unit or message in the way), over the time that was needed. `tail_share`: the share of that
time after the last episode was begun, when slots run empty. `idle_share`: how much of all slots' time until then nobody
used, which is what others would lose to a straggler that held more than its own slot.

Draws differ, so several seeds are tried, fewer of the sizes that take minutes: what is given by number of engines is
the worst of them and the median.
"""

import argparse
import asyncio
import heapq
import json
import random
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, cast
from unittest import mock

from benchmarks.virtual_time import VirtualLoop
from cluster.engine.concurrency import ConcurrencyLimit, first_limit
from cluster.engine.interface import Engine, Generation, Sampling
from cluster.engine.options import EngineConfig
from cluster.engine.scripted import ScriptedConfig, ScriptedEngine
from cluster.pool.routing import Chunk, Router
from rollout.config import EpisodeConfig
from rollout.episodes.episode import EpisodeSetting, SampleSpec
from rollout.hosts.episode_units import plan_units
from rollout.hosts.host import RolloutHost
from rollout.hosts.work import ChunkResult, EpisodeWork, HostSpec, ServedModel
from rollout.records import Outcome, Problem, Producer

SEEDS = {1: 5, 2: 5, 3: 5, 4: 5, 8: 5, 16: 5, 32: 2, 64: 1}
"""Engines -> how many seeds are tried."""
EPISODES_A_SLOT = 400
SIGMA = 1.0
STRAGGLERS = 0.05
SLOWER = 10.0
STEPS = (2, 6)
"""Least and most steps of an episode, uniform."""
RPC_S = 0.005
SAMPLES, PROBLEMS_PER_BLOCK, SAMPLES_PER_UNIT = 16, 32, 8
_SAMPLING = Sampling(temperature=1.0, max_tokens=1, stop_token_ids=())


@dataclass(frozen=True)
class Draws:
    """Seconds of each step of each episode, and which episodes are stragglers, in the plan's order."""

    steps: dict[str, tuple[float, ...]]
    stragglers: frozenset[str]

    @property
    def seconds(self) -> list[float]:
        return [sum(steps) for steps in self.steps.values()]


@dataclass
class Trace:
    """When each episode was begun and how long it took, in virtual seconds."""

    begun: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    makespan: float = 0.0


def draw(work: Sequence[EpisodeWork], seed: int, slower: float) -> Draws:
    """The same step times and stragglers for the same seed; `slower` 1 leaves the stragglers as quick as others."""
    chance = random.Random(seed)
    steps: dict[str, tuple[float, ...]] = {}
    stragglers = set()
    for unit in work:
        for problem, sample in unit.attempts(0, unit.size):
            name = f"{problem.id}#{sample}"
            seconds = [chance.lognormvariate(0.0, SIGMA) for _ in range(chance.randint(*STEPS))]
            if chance.random() < STRAGGLERS:
                stragglers.add(name)
                seconds = [slower * one for one in seconds]
            steps[name] = tuple(seconds)
    return Draws(steps, frozenset(stragglers))


def plan(episodes: int) -> list[EpisodeWork]:
    """Units as a run plans them, for at least so many episodes."""
    problems = [_problem(index) for index in range(-(-episodes // SAMPLES))]
    by_id = {problem.id: problem for problem in problems}
    model = ServedModel(name="scripted", source="", producer=Producer(model="scripted", revision="", licence=""))
    return [
        EpisodeWork(
            unit=unit.name,
            prefix="episodes",
            model=model,
            problems=tuple(by_id[name] for name in unit.problem_ids),
            samples=tuple(range(unit.sample_start, unit.sample_stop)),
            temperature=1.0,
            affinity=str(unit.block),
        )
        for unit in plan_units(list(by_id), SAMPLES, PROBLEMS_PER_BLOCK, SAMPLES_PER_UNIT, "simulation")
    ]


def greedy(seconds: Sequence[float], slots: int) -> tuple[float, float]:
    """List scheduling: when all is done, and when the last episode is begun."""
    free = [0.0] * slots
    last = end = 0.0
    for one in seconds:
        last = heapq.heappop(free)
        end = max(end, last + one)
        heapq.heappush(free, last + one)
    return end, last


def with_barriers(seconds: Sequence[float], engines: int, slots: int) -> float:
    """What engines would need that take a batch of `slots` episodes and wait for the last of them."""
    batches = [max(seconds[start : start + slots]) for start in range(0, len(seconds), slots)]
    return greedy(batches, engines)[0]


class DrawnEngine(ScriptedEngine):
    """A scripted engine whose request takes as long as was drawn for its episode and step."""

    def __init__(self, draws: Draws, slots: int) -> None:
        super().__init__(lambda prompt, request_id: (), ScriptedConfig(slots=slots))
        self._draws = draws
        self._seconds = 0.0

    async def generate(self, prompt: Sequence[int], sampling: Sampling, request_id: str) -> Generation:
        name, _, step = request_id.rpartition(".")
        self._seconds = self._draws.steps[name][int(step)]
        return await super().generate(prompt, sampling, request_id)

    def _draw_seconds(self) -> float:
        return self._seconds


class SimulatedHost(RolloutHost):
    """A rollout host without a model: its concurrency limit and what it tells the pool are the product's."""

    def __init__(self, name: str, draws: Draws, slots: int) -> None:
        model = ServedModel(name="scripted", source="", producer=Producer(model="scripted", revision="", licence=""))
        spec = HostSpec(
            name=name,
            run_uri="",
            generation="simulation",
            parent="",
            model=model,
            engine=EngineConfig(),
            episodes=EpisodeConfig(),
            live_episodes=slots,
            seed=0,
        )
        super().__init__(spec)
        self._draws = draws

    async def _serve(self, model: ServedModel, episodes: EpisodeConfig) -> EpisodeSetting:
        async with self._starting:
            if self._engine is None:
                slots = self._spec.live_episodes
                self._engine = DrawnEngine(self._draws, slots)
                limit = first_limit(self._engine.stats().kv_tokens, self._spec.engine.max_context, slots)
                self._control = asyncio.create_task(self._follow(self._engine, ConcurrencyLimit(slots, limit)))
        return cast(EpisodeSetting, _Setting(self._engine))


@dataclass(frozen=True)
class _Setting:
    """All that a simulated episode needs of an EpisodeSetting."""

    engine: Engine


async def simulate(work: Sequence[EpisodeWork], draws: Draws, engines: int, slots: int) -> Trace:
    """All the work on so many hosts, as the pool has it done: what is dispatched and when is the router's to say."""
    loop = asyncio.get_running_loop()
    trace = Trace()

    async def episode(problem: Problem, attempt: SampleSpec, setting: EpisodeSetting) -> Any:
        name = f"{problem.id}#{attempt.sample}"
        trace.begun[name] = begun = loop.time()
        for step in range(len(draws.steps[name])):
            await setting.engine.generate((), _SAMPLING, f"{name}.{step}")
        trace.took[name] = loop.time() - begun
        return _ENDED

    def chunk_result(store: Any, done: EpisodeWork, episodes: Sequence[Any], *rest: Any) -> ChunkResult:
        return ChunkResult(
            unit=done.unit,
            won=True,
            rows=len(episodes),
            quarantined=0,
            outcomes={},
            generated_tokens=0,
            seconds=0.0,
            host="",
        )

    with (
        mock.patch("rollout.hosts.host.run_episode", episode),
        mock.patch("rollout.hosts.host.chunk_result_of", chunk_result),
        mock.patch("rollout.hosts.host.open_store", str),
    ):
        hosts = {f"host-{index}": SimulatedHost(f"host-{index}", draws, slots) for index in range(engines)}
        await _drive(work, hosts, slots)
    assert trace.took.keys() == draws.steps.keys(), "every episode was run"
    trace.makespan = loop.time()
    return trace


@dataclass(frozen=True)
class _Ended:
    """All that a host asks of an episode that ended."""

    outcome: Outcome = Outcome.RIGHT
    steps: tuple[Any, ...] = ()


_ENDED = _Ended()


async def _drive(work: Sequence[EpisodeWork], hosts: dict[str, SimulatedHost], slots: int) -> None:
    """The pool's loop, on the virtual clock."""
    loop = asyncio.get_running_loop()
    router: Router[EpisodeWork] = Router(work)
    answers: asyncio.Queue[tuple[str, Any, Any]] = asyncio.Queue()
    asking: set[str] = set()
    tasks: set[asyncio.Task[None]] = set()

    async def remote(name: str, chunk: Chunk[EpisodeWork] | None, call: Any) -> None:
        await asyncio.sleep(RPC_S)
        try:
            result = await call
        except Exception as error:
            result = error
        await asyncio.sleep(RPC_S)
        answers.put_nowait((name, chunk, result))

    def send(name: str, chunk: Chunk[EpisodeWork] | None, call: Any) -> None:
        task = asyncio.create_task(remote(name, chunk, call))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    for name, host in hosts.items():
        router.add(name, slots)
        router.ready(name, await host.start())
    while not router.finished:
        for name, chunk in router.assign(loop.time()):
            send(name, chunk, hosts[name].run(chunk.work, chunk.start, chunk.stop))
        for name in hosts.keys() - asking if router.queued else ():
            asking.add(name)
            send(name, None, hosts[name].capacity(router.threshold(name)))
        name, chunk, answer = await answers.get()
        if isinstance(answer, Exception):
            raise answer  # no host fails in this simulation
        if chunk is not None:
            router.done(name, chunk)
            continue
        asking.discard(name)
        for each, left in answer.left.items():
            router.left(name, each, left)
        router.ready(name, answer.slots)
    for task in tasks:
        task.cancel()
    for host in hosts.values():
        await host.close()


def measure(engines: int, slots: int, seed: int, episodes_a_slot: int = EPISODES_A_SLOT) -> dict[str, float]:
    """All figures for so many engines and one seed."""
    begun = time.perf_counter()
    work = plan(engines * slots * episodes_a_slot)
    draws, even = draw(work, seed, SLOWER), draw(work, seed, 1.0)
    traces = []
    for each in (draws, even):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            traces.append(runner.run(simulate(work, each, engines, slots)))
    slowed, quick = traces
    best, last_begun = greedy(draws.seconds, engines * slots)
    best_quick, _ = greedy(even.seconds, engines * slots)
    all_slots = engines * slots
    busy, extra = sum(draws.seconds), sum(draws.seconds) - sum(even.seconds)
    return {
        "engines": engines,
        "slots": slots,
        "seed": seed,
        "episodes": len(draws.steps),
        "of_greedy": best / slowed.makespan,
        "of_greedy_without_stragglers": best_quick / quick.makespan,
        "of_greedy_with_barriers": best / with_barriers(draws.seconds, engines, slots),
        "tail_share": 1 - max(slowed.begun.values()) / slowed.makespan,
        "tail_share_of_greedy": 1 - last_begun / best,
        "idle_share": idle_share(slowed, all_slots),
        "busy_share": busy / all_slots / slowed.makespan,
        "busy_share_of_greedy": busy / all_slots / best,
        "makespan_s": slowed.makespan,
        "straggler_seconds": extra,
        # 1: the whole is longer by what the stragglers themselves were longer, shared by all slots.
        "straggler_cost": (slowed.makespan - quick.makespan) * all_slots / extra,
        "straggler_cost_of_greedy": (best - best_quick) * all_slots / extra,
        "seconds_to_simulate": time.perf_counter() - begun,
    }


def idle_share(trace: Trace, all_slots: int) -> float:
    """How much of the slots' time nobody used until the last episode was begun."""
    last = max(trace.begun.values())
    used = sum(min(trace.took[name], last - begun) for name, begun in trace.begun.items())
    return 1 - used / (all_slots * last)


def _problem(index: int) -> Problem:
    return Problem(
        id=f"simulated-train-{index:06d}",
        family="simulated",
        split="train",
        template="",
        text="",
        toolbox="arithmetic",
        gold="null",
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scheduling", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--engines", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--slots", type=int, default=16, help="requests that an engine serves at a time")
    parser.add_argument("--seeds", type=int, help="how many seeds of every size (default: fewer of large sizes)")
    options = parser.parse_args(arguments)
    cells = [(size, seed) for size in options.engines for seed in range(options.seeds or SEEDS.get(size, 1))]
    rows: list[dict[str, float]] = []
    with ProcessPoolExecutor() as pool:  # the clock is virtual: what else runs does not matter
        running = [pool.submit(measure, size, options.slots, seed) for size, seed in reversed(cells)]
        for each in as_completed(running):
            rows.append(each.result())
            print(json.dumps(rows[-1]), flush=True)
            rows.sort(key=lambda row: (row["engines"], row["seed"]))
            command = " ".join(("python -m benchmarks.scheduling", *arguments))
            options.json.write_text(json.dumps({"command": command, **report(rows)}, indent=1) + "\n")


def report(rows: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """By number of engines: of the seeds tried, the worst `of_greedy`, and medians."""
    of_size: dict[str, list[Mapping[str, float]]] = {}
    for row in rows:
        of_size.setdefault(f"{row['engines']}", []).append(row)
    medians = {
        f"{key}_median": {size: median(row[key] for row in found) for size, found in of_size.items()}
        for key in ("of_greedy", "straggler_cost")
    }
    return {
        "of_greedy": {size: min(row["of_greedy"] for row in found) for size, found in of_size.items()},
        "tail_share": {size: median(row["tail_share"] for row in found) for size, found in of_size.items()},
        **medians,
        "worst_of_greedy": min(row["of_greedy"] for row in rows),
        "idle_share": max(row["idle_share"] for row in rows),
        "seeds": {size: len(found) for size, found in of_size.items()},
        "rows": list(rows),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
