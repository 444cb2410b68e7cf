"""Pool, host and engine of `benchmarks.rollout`: as a run has them, with a host that can also be measured."""

import json
import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.rollout.replay import MeasuredHost
from cluster.engine.options import EngineConfig
from cluster.engine.probe import Probe, ProbeText
from cluster.pool.pool import Pool, PoolLimits
from cluster.store.storage import Store, open_store
from rollout.config import EpisodeConfig
from rollout.hosts.episode_units import plan_units
from rollout.hosts.probes import probe_path, write_probe
from rollout.hosts.work import ChunkResult, EpisodeWork, HostSpec, ServedModel, join_chunks
from rollout.records import Problem, Producer

PROBLEMS_PER_BLOCK = 32
SAMPLES_PER_UNIT = 8
"""As recipes/local.toml cuts its work into units."""


class Served:
    """One host under a pool, its engine loaded."""

    def __init__(self, pool: Pool[EpisodeWork, ChunkResult], actors: Sequence[Any], model: ServedModel) -> None:
        self._pool, self._actors, self._model = pool, actors, model

    def work(self, prefix: str, problems: Sequence[Problem], samples: int, temperature: float) -> list[EpisodeWork]:
        """Units of all samples of all problems, in the order of a run's plan."""
        by_id = {problem.id: problem for problem in problems}
        units = plan_units(list(by_id), samples, PROBLEMS_PER_BLOCK, SAMPLES_PER_UNIT, prefix)
        return [
            EpisodeWork(
                unit=unit.name,
                prefix=prefix,
                model=self._model,
                problems=tuple(by_id[name] for name in unit.problem_ids),
                samples=tuple(range(unit.sample_start, unit.sample_stop)),
                temperature=temperature,
                affinity=str(unit.block),
            )
            for unit in units
        ]

    def run(self, work: Sequence[EpisodeWork]) -> list[ChunkResult]:
        """Do the work and commit it, as the rollout stage does."""
        return list(self._pool.run(work))

    def ask(self, method: str, *arguments: Any) -> Any:
        """What a method of the host returns."""
        import ray

        return ray.get(getattr(self._actors[-1], method).remote(*arguments))


@contextmanager
def serve(
    name: str, model: Path, episodes: EpisodeConfig, engine: EngineConfig, live: int, folder: Path
) -> Iterator[Served]:
    """A Ray actor with an engine of `model`, ended when the block ends. Ray is up."""
    import ray

    store = open_store(str(folder))
    served = ServedModel(
        name=name,
        source=str(model),
        producer=Producer(model=name, revision="", licence="CC0-1.0"),
        probe=_made_probe(name, model, engine, store),
    )
    spec = HostSpec(
        name="benchmark-0",
        run_uri=str(folder),
        generation="benchmark",
        parent="",
        model=served,
        engine=engine,
        episodes=episodes,
        live_episodes=live,
        seed=0,
    )
    actors: list[Any] = []

    def make() -> Any:
        actors.append(ray.remote(MeasuredHost).options(num_cpus=1).remote(spec))
        return actors[-1]

    pool: Pool[EpisodeWork, ChunkResult] = Pool(
        {spec.name: make}, PoolLimits(slots=live, attempts=1), join=lambda work, parts: join_chunks(store, work, parts)
    )
    try:
        yield Served(pool, actors, served)
    finally:
        pool.close()


def _made_probe(name: str, model: Path, engine: EngineConfig, store: Store) -> str:
    """The path of a probe of random tokens: a host serves no model that it cannot prove."""
    from training.probe import read_files

    vocabulary = json.loads((model / "config.json").read_text())["vocab_size"]
    draw = random.Random(0)
    ids = tuple(draw.randrange(vocabulary) for _ in range(min(256, engine.max_context // 2)))
    text = ProbeText(token_ids=ids, positions=(len(ids) // 2,))
    path = probe_path(name, "", text)
    probe = Probe(model=name, revision="", text=text, reading=read_files(str(model), text))
    write_probe(store, path, probe)
    return path


@contextmanager
def local_ray(cpus: int) -> Iterator[None]:
    """Ray on this machine for the time of the block."""
    import ray

    ray.init(
        address="local",
        include_dashboard=False,
        num_cpus=cpus,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    try:
        yield
    finally:
        ray.shutdown()
