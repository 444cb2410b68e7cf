"""The Ray actor that holds an engine and runs episodes as coroutines.

The episodes of all its units run side by side under one limit for the whole host, which follows the engine's KV cache.
A unit's shard is committed when all its episodes have ended. Episodes under way come before new ones: an episode counts
under the limit until it ends, and the engine serves later turns first. If the engine dies, the actor ends its process;
the pool then starts another one, which loads the model again.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from cluster.engine.concurrency import ConcurrencyLimit, ResizableSemaphore, first_limit
from cluster.engine.model_source import local_model
from cluster.engine.probe import prove
from cluster.engine.scripted import ScriptedEngine, start_scripted
from cluster.engine.vllm import VllmEngine, start_engine
from cluster.errors import FATAL, InfrastructureError, InfrastructureKind, RequestError
from cluster.pool.pool import Capacity
from cluster.store.storage import Store, open_store
from cluster.telemetry import STEP_SECONDS
from rollout.config import EpisodeConfig
from rollout.episodes.episode import EpisodeSetting, SampleSpec, run_episode
from rollout.episodes.users import ModelUser
from rollout.hosts.probes import read_probes
from rollout.hosts.scoring import ScoreResult, ScoreWork, said_of, to_bytes
from rollout.hosts.scripted_replies import OraclePolicy
from rollout.hosts.work import ChunkResult, EpisodeWork, HostProgress, HostSpec, ServedModel, chunk_result_of
from rollout.prompts.opened import opened_template
from rollout.records import Episode, Problem, content_hash
from rollout.toolboxes import load_toolbox, prepare_toolboxes

T = TypeVar("T")

_LAST_WORDS_S = 0.3
"""How long the process of a dead engine lives on, so that the pool hears of the cause and not only of a dead actor."""
_CONTROL_S = 0.5
"""Interval at which the limit of live episodes is adjusted."""
_SIGN_OF_LIFE_S = 2.0


class RolloutHost:
    """The actor's class. `__init__` only keeps the spec: an exception there would end the actor without a message."""

    def __init__(self, spec: HostSpec) -> None:
        self._spec = spec
        self._semaphore = ResizableSemaphore(spec.live_episodes)
        self._left: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._chunks_under_way = 0
        self._reloads: dict[str, float] = {}
        self._probes: dict[str, float] = {}
        self._difference: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._outcomes: Counter[str] = Counter()
        self._step_seconds = [0] * STEP_SECONDS.buckets
        self._engine: VllmEngine | ScriptedEngine | None = None
        self._oracle: OraclePolicy | None = None
        self._proven = ""
        """Source of the model that the engine has proven to serve; "" while nobody knows what it holds."""
        self._starting = asyncio.Lock()
        self._control: asyncio.Task[None] | None = None
        self._draining = False
        self._dead: InfrastructureError | None = None

    async def start(self) -> int:
        """Load the model and start MCP servers. Returns the host's slots. Raises RequestError if the node does not see
        the run, or has not what a server needs."""
        spec = self._spec
        if spec.must_see and not await asyncio.to_thread(self._store.exists, spec.must_see):
            raise RequestError(
                f"{spec.name}: its node {socket.gethostname()} does not see {spec.must_see} of the run at "
                f"{spec.run_uri}; put the run's folder (--run) on storage that all nodes mount, or "
                "set run.store to a bucket"
            )
        # Each takes a second of a core, which the first episodes would wait for once the engine has it.
        servers = asyncio.create_task(asyncio.to_thread(prepare_toolboxes, spec.servers, spec.live_episodes))
        try:
            await self._serve(spec.model, spec.episodes)
        except InfrastructureError as error:
            self._end_if_fatal(error)
            raise
        finally:
            await servers
        return self._semaphore.limit

    async def run(self, work: EpisodeWork | ScoreWork, start: int, stop: int) -> ChunkResult | ScoreResult:
        """Make the attempts `start` to `stop` of a unit, or score so many chains of it. Commit the rows of a whole unit
        of episodes; return those of a chunk, and all scores.

        Raises InfrastructureError; then nothing is committed.
        """
        if self._draining:
            raise InfrastructureError(InfrastructureKind.DRAINED, self._spec.name)
        if self._dead is not None:
            raise self._dead
        started = time.monotonic()
        chunk = f"{work.unit}:{start}"
        self._left[chunk] = stop - start
        try:
            if isinstance(work, ScoreWork):
                return await self._score(work, start, stop, chunk)
            setting = await self._serve(work.model, work.episodes or self._spec.episodes)
            episodes = await self._attempts(work, start, stop, chunk, setting)
            if self._dead is not None:
                raise self._dead
        except InfrastructureError as error:
            self._end_if_fatal(error)
            raise
        finally:
            del self._left[chunk]
            self._changed.set()
        # In a thread, so that the engine does not wait for a store that may be far away.
        return await asyncio.to_thread(
            chunk_result_of,
            self._store,
            work,
            episodes,
            stop - start == work.size,
            self._spec.name,
            time.monotonic() - started,
        )

    async def capacity(self, below: int) -> Capacity:
        """Slots, and what is left of each chunk: as soon as fewer than `below` episodes are, or after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SIGN_OF_LIFE_S):
                while sum(self._left.values()) >= below:
                    self._changed.clear()
                    await self._changed.wait()
        return Capacity(slots=self._semaphore.limit, left=dict(self._left))

    async def progress(self) -> HostProgress:
        """Figures of the host and its engine."""
        stats = self._engine.stats() if self._engine else None
        return HostProgress(
            host=self._spec.name,
            process=os.getpid(),
            live=self._semaphore.inside,
            limit=self._semaphore.limit,
            waiting=sum(self._left.values()) - self._semaphore.inside,
            finished=self._outcomes.total(),
            outcomes=dict(self._outcomes),
            generated_tokens=stats.generated_tokens if stats else 0,
            prompt_tokens=stats.prompt_tokens if stats else 0,
            cached_prompt_tokens=stats.cached_prompt_tokens if stats else 0,
            kv_usage=stats.kv_usage if stats else 0.0,
            kv_tokens=stats.kv_tokens if stats else 0,
            running=stats.running if stats else 0,
            queued=stats.waiting if stats else 0,
            preempted=stats.preempted if stats else 0,
            guessed_tokens=stats.guessed_tokens if stats else 0,
            accepted_tokens=stats.accepted_tokens if stats else 0,
            reloads=dict(self._reloads),
            probes=dict(self._probes),
            step_seconds=tuple(self._step_seconds),
        )

    async def drain(self) -> None:
        """Accept no more work. Returns when the work under way has ended."""
        self._draining = True
        await self._idle.wait()

    async def close(self) -> None:
        """Drain the host and release the engine."""
        await self.drain()
        if self._control is not None:
            self._control.cancel()
        if self._engine is not None:
            await self._engine.close()
            self._engine = None

    @property
    def _store(self) -> Store:
        return open_store(self._spec.run_uri)

    async def _serve(self, model: ServedModel, config: EpisodeConfig) -> EpisodeSetting:
        """Make the engine serve `model`: start it, or replace its weights if it serves another model."""
        async with self._starting:
            if self._dead is not None:  # it may have failed to prove a model while this one waited
                raise self._dead
            forbid = config.thoughts == "forbid"
            template, call_format = await asyncio.to_thread(opened_template, model.source, config.call_format, forbid)
            plain = template
            if template.native:  # who plays the user has no functions
                plain, _ = await asyncio.to_thread(opened_template, model.source, "json", forbid)
            if self._engine is None:
                self._engine = await self._load(model)
                await self._prove(model)
            elif model.source != self._proven:
                await self._idle.wait()  # an episode has one model from beginning to end
                started, self._proven = time.monotonic(), ""
                await self._engine.reload(str(local_model(model.source)))
                self._reloads[model.name] = round(time.monotonic() - started, 3)
                await self._prove(model)
            self._proven = model.source
        return EpisodeSetting(
            engine=self._engine,
            template=template,
            call_format=call_format,
            config=config,
            max_context=self._spec.engine.max_context,
            producer=model.producer,
            generation=self._spec.generation,
            parent=self._spec.parent,
            recipe=self._spec.recipe,
            engine_name=self._spec.name,
            probe_difference=self._difference,
            user=ModelUser(
                engine=self._engine,
                template=plain,
                max_context=self._spec.engine.max_context,
                max_tokens=config.max_step_tokens,
            ),
        )

    async def _load(self, model: ServedModel) -> VllmEngine | ScriptedEngine:
        spec = self._spec
        folder = await asyncio.to_thread(local_model, model.source)
        engine: VllmEngine | ScriptedEngine
        if spec.scripted:
            self._oracle = OraclePolicy(spec.scripted.wrong, spec.scripted.seed, spec.scripted.mistakes)
            engine = await start_scripted(self._oracle, spec.scripted)
        else:
            engine = await start_engine(self._spec.engine, str(folder), spec.engine_seed, spec.executor)
        limit = first_limit(engine.stats().kv_tokens, self._spec.engine.max_context, spec.live_episodes)
        self._control = asyncio.create_task(self._follow(engine, ConcurrencyLimit(spec.live_episodes, limit)))
        return engine

    async def _prove(self, model: ServedModel) -> None:
        """Compare the engine with the model's probe. Raises InfrastructureError (`wrong_model`) when they disagree."""
        if not isinstance(self._engine, VllmEngine):
            return
        if not model.probe:
            raise RequestError(f"{self._spec.name}: {model.name} has no probe, so nobody could tell what is served")
        probes = await asyncio.to_thread(read_probes, self._store)
        named = probes.pop(model.probe)
        folder = await asyncio.to_thread(local_model, model.source)
        verdict = await prove(self._engine, named, list(probes.values()), str(folder))
        self._difference = self._probes[model.name] = verdict.difference

    async def _follow(self, engine: VllmEngine | ScriptedEngine, concurrency_limit: ConcurrencyLimit) -> None:
        """Adjust the limit of live episodes to the load of the engine, for ever."""
        self._semaphore.limit = concurrency_limit.limit
        while True:
            await asyncio.sleep(_CONTROL_S)
            limit = concurrency_limit.observe(engine.stats(), self._semaphore.inside)
            if limit != self._semaphore.limit:
                self._semaphore.limit = limit
                self._changed.set()

    async def _score(self, work: ScoreWork, start: int, stop: int, chunk: str) -> ScoreResult:
        """What the model says at a unit's chains `start` to `stop`."""
        engine = (await self._serve(work.model, self._spec.episodes)).engine

        async def said(at: int) -> bytes:
            chain = work.chains[at]
            async with self._semaphore:
                found = await engine.score(chain.ids, work.likeliest, f"{work.unit}:{at}")
            self._left[chunk] -= 1
            self._changed.set()
            return to_bytes(said_of(chain, found, work))

        answers = await self._together(said(at) for at in range(start, stop))
        if self._dead is not None:
            raise self._dead
        tokens = sum(len(chain.ids) for chain in work.chains[start:stop])
        return ScoreResult(unit=work.unit, said=tuple(answers), tokens=tokens)

    async def _attempts(
        self, work: EpisodeWork, start: int, stop: int, chunk: str, setting: EpisodeSetting
    ) -> list[Episode]:
        """Make a unit's attempts `start` to `stop`, problem by problem."""
        for name in dict.fromkeys(problem.toolbox for problem in work.problems):
            # It may start a process, which takes seconds: nothing else of the host waits for it.
            await asyncio.to_thread(load_toolbox, name)
        if self._oracle is not None:
            self._oracle.learn(work.problems, setting.template, setting.call_format)
        return await self._together(
            self._attempt(problem, sample, work, chunk, setting) for problem, sample in work.attempts(start, stop)
        )

    async def _together(self, parts: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """Run the parts of a chunk at the same time. The first error cancels the rest."""
        self._chunks_under_way += 1
        self._idle.clear()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(part) for part in parts]
        except BaseExceptionGroup as failures:  # on Python up to 3.11.3, `except*` would wrap what is raised here
            error: BaseException = failures
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            raise error from None
        finally:
            self._chunks_under_way -= 1
            if not self._chunks_under_way:
                self._idle.set()
        return [task.result() for task in tasks]

    async def _attempt(
        self, problem: Problem, sample: int, work: EpisodeWork, chunk: str, setting: EpisodeSetting
    ) -> Episode:
        seed = None
        if self._spec.engine.seeded and work.temperature > 0:
            # The seed depends on the attempt alone, not on host or time, so that a run's samples can be repeated.
            parts = (str(self._spec.seed), work.model.name, work.suite, problem.id, str(sample))
            seed = int(content_hash(*parts)[:7], 16)
        async with self._semaphore:
            attempt = SampleSpec(
                sample=sample,
                temperature=work.temperature,
                top_p=work.top_p,
                seed=seed,
                label=f"@{work.unit}",
                guide=work.guides.get((problem.id, sample)),
            )
            episode = await run_episode(problem, attempt, setting)
        self._left[chunk] -= 1
        self._changed.set()
        self._outcomes[episode.outcome.value] += 1
        for step in episode.steps:
            self._step_seconds[STEP_SECONDS.bucket(step.seconds)] += 1
        return episode

    def _end_if_fatal(self, error: InfrastructureError) -> None:
        """End the process if the engine is dead, since nothing in it can be trusted. The pool starts another one."""
        if error.kind in FATAL and self._dead is None:
            self._dead = error
            asyncio.get_running_loop().call_later(_LAST_WORDS_S, os._exit, 1)
