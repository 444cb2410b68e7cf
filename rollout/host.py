"""One Ray actor: an engine and its episodes as coroutines.

A unit's episodes run side by side with those of other units, under one cap for the whole host; the unit's shard
is committed once all of them ended. Episodes that go on come before new ones, because a waiting turn holds a
place under the cap. When the engine is dead the actor ends its process: Ray starts another, which loads again.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from cluster.engine import EngineConfig, VllmEngine, start_engine
from cluster.errors import InfrastructureError, InfrastructureKind
from cluster.ledger import Ledger
from cluster.model_source import local_model
from cluster.storage import open_store
from rollout.config import EpisodeConfig
from rollout.episode import Attempt, EpisodeSetting, run_episode
from rollout.formats import load_format
from rollout.records import Episode, Problem, Producer, Score, content_hash
from rollout.shards import encode_episodes, encode_scores, quarantine
from rollout.template import ChatTemplate

_FATAL = {InfrastructureKind.ENGINE_DEAD, InfrastructureKind.ENGINE_STALLED}
_LAST_WORDS_S = 0.3


class ServedModel(msgspec.Struct, frozen=True, kw_only=True):
    """The model that a host serves, and the name that its work is recorded under."""

    name: str
    source: str
    producer: Producer


class HostSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a host needs to start, also after its process was replaced."""

    name: str
    run_uri: str
    generation: str
    parent: str
    model: ServedModel
    engine: bytes
    """EngineConfig as JSON."""
    episodes: bytes
    """EpisodeConfig as JSON."""
    live_episodes: int
    seed: int


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One unit: attempts at problems, and where their rows go."""

    unit: str
    prefix: str
    """The ledger's prefix: `episodes` or `scores`."""
    model: ServedModel
    problems: tuple[Problem, ...]
    samples: tuple[int, ...]
    temperature: float
    top_p: float = 1.0
    suite: str = ""
    """Name of the suite when the rows are scores; "" for a rollout."""
    affinity: str = ""
    """Work of equal affinity shares prompts."""

    @property
    def size(self) -> int:
        return len(self.problems) * len(self.samples)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a unit."""

    unit: str
    won: bool
    """False when another attempt had committed the unit already."""
    rows: int
    quarantined: int
    outcomes: dict[str, int]
    generated_tokens: int
    seconds: float
    host: str


class HostProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A reading of a host. Counts are cumulative over this incarnation."""

    host: str
    live: int
    waiting: int
    finished: int
    outcomes: dict[str, int]
    generated_tokens: int
    prompt_tokens: int
    cached_prompt_tokens: int
    kv_usage: float
    running: int


class RolloutHost:
    """The actor's class. `__init__` only keeps the spec: an exception there would make the actor dead for good."""

    def __init__(self, spec: HostSpec) -> None:
        self._spec = spec
        self._store = open_store(spec.run_uri)
        self._live = asyncio.Semaphore(spec.live_episodes)
        self._under_way: dict[str, list[asyncio.Task[Episode]]] = {}
        self._running = self._finished = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._outcomes: Counter[str] = Counter()
        self._engine: VllmEngine | None = None
        self._model = spec.model
        self._starting = asyncio.Lock()
        self._draining = False
        self._dead: InfrastructureError | None = None

    async def run(self, work: Work) -> Receipt:
        """Run a unit's attempts and commit their rows. Raises InfrastructureError; then nothing was committed."""
        if self._draining:
            raise InfrastructureError(InfrastructureKind.DRAINED, self._spec.name)
        if self._dead is not None:
            raise self._dead
        started = time.monotonic()
        try:
            setting = await self._serve(work.model)
            episodes = await self._attempts(work, setting)
        except InfrastructureError as error:
            self._end_if_fatal(error)
            raise
        commit, won, quarantined = self._store_rows(work, episodes)
        return Receipt(
            unit=work.unit,
            won=won,
            rows=commit.rows,
            quarantined=quarantined,
            outcomes=dict(Counter(episode.outcome.value for episode in episodes)),
            generated_tokens=sum(len(step.token_ids) for episode in episodes for step in episode.steps),
            seconds=time.monotonic() - started,
            host=self._spec.name,
        )

    def progress(self) -> HostProgress:
        stats = self._engine.stats() if self._engine else None
        return HostProgress(
            host=self._spec.name,
            live=self._running,
            waiting=self._unfinished() - self._running,
            finished=self._finished,
            outcomes=dict(self._outcomes),
            generated_tokens=stats.generated_tokens if stats else 0,
            prompt_tokens=stats.prompt_tokens if stats else 0,
            cached_prompt_tokens=stats.cached_prompt_tokens if stats else 0,
            kv_usage=stats.kv_usage if stats else 0.0,
            running=stats.running if stats else 0,
        )

    async def drain(self) -> None:
        """Take no more work; returns when what is under way has ended."""
        self._draining = True
        await self._idle.wait()

    async def close(self) -> None:
        """Drain and release the engine."""
        await self.drain()
        if self._engine is not None:
            await self._engine.close()
            self._engine = None

    async def _serve(self, model: ServedModel) -> EpisodeSetting:
        """The engine, serving `model`: started if there is none, its weights replaced if it serves another."""
        async with self._starting:
            if self._engine is None:
                await self._load(model)
            elif model.source != self._model.source:
                await self._idle.wait()  # no episode may change its model in the middle
                await self._engine.reload(str(local_model(model.source)))
                self._model = model
        assert self._engine is not None
        return EpisodeSetting(
            engine=self._engine,
            template=self._template,
            call_format=load_format(self._episode_config.call_format),
            config=self._episode_config,
            max_context=self._engine_config.max_context,
            producer=model.producer,
            generation=self._spec.generation,
            parent=self._spec.parent,
            engine_name=self._spec.name,
        )

    async def _load(self, model: ServedModel) -> None:
        self._engine_config = EngineConfig.model_validate_json(self._spec.engine)
        self._episode_config = EpisodeConfig.model_validate_json(self._spec.episodes)
        folder = await asyncio.to_thread(local_model, model.source)
        self._template = ChatTemplate.from_model(folder)
        self._engine = await start_engine(self._engine_config, str(folder), self._spec.seed)
        self._model = model

    async def _attempts(self, work: Work, setting: EpisodeSetting) -> list[Episode]:
        """All attempts of the unit, problem-major. The first error cancels the rest."""
        self._idle.clear()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._attempt(problem, sample, work, setting))
                    for problem in work.problems
                    for sample in work.samples
                ]
                self._under_way[work.unit] = tasks
        except* Exception as failures:
            error: BaseException = failures
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            raise error from None
        finally:
            del self._under_way[work.unit]
            if not self._under_way:
                self._idle.set()
        return [task.result() for task in tasks]

    async def _attempt(self, problem: Problem, sample: int, work: Work, setting: EpisodeSetting) -> Episode:
        async with self._live:
            self._running += 1
            try:
                attempt = Attempt(
                    sample=sample,
                    temperature=work.temperature,
                    top_p=work.top_p,
                    seed=self._seed(work, problem, sample),
                    label=f"@{work.unit}",
                )
                episode = await run_episode(problem, attempt, setting)
            finally:
                self._running -= 1
        self._finished += 1
        self._outcomes[episode.outcome.value] += 1
        return episode

    def _unfinished(self) -> int:
        return sum(not task.done() for tasks in self._under_way.values() for task in tasks)

    def _seed(self, work: Work, problem: Problem, sample: int) -> int | None:
        """A seed of the attempt's own, where the recipe wants samples that repeat."""
        if not self._engine_config.seeded or work.temperature == 0:
            return None
        parts = (str(self._spec.seed), work.model.name, work.suite, problem.id, str(sample))
        return int(content_hash(*parts)[:7], 16)

    def _end_if_fatal(self, error: InfrastructureError) -> None:
        """After the engine's death nothing in this process can be trusted: end it, and Ray starts another.

        Not at once: the cause should reach the driver, which would otherwise hear of a dead actor only.
        """
        if error.kind in _FATAL and self._dead is None:
            self._dead = error
            asyncio.get_running_loop().call_later(_LAST_WORDS_S, os._exit, 1)

    def _store_rows(self, work: Work, episodes: Sequence[Episode]) -> tuple[Any, bool, int]:
        if work.suite:
            greedy = work.temperature == 0
            scores = [
                Score(model=work.model.name, suite=work.suite, greedy=greedy, episode=episode) for episode in episodes
            ]
            encoded = encode_scores(scores)
        else:
            encoded = encode_episodes(list(episodes))
        if encoded.rejected:
            quarantine(self._store, work.unit, encoded.rejected)
        outcomes = Counter(episode.outcome.value for episode in episodes)
        meta = {name: str(count) for name, count in outcomes.items()} | {"host": self._spec.name}
        ledger = Ledger(self._store, work.prefix)
        commit, won = ledger.publish(work.unit, encoded.payload, encoded.rows, attempt=0, meta=meta)
        return commit, won, len(encoded.rejected)
