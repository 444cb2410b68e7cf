"""The pools of hosts that serve a run's models: where they are placed, and when they start and end."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from cluster import telemetry
from cluster.errors import WorkError
from cluster.pool.placement import EnginePlacement
from cluster.pool.routing import UnitOfWork
from pipeline.recipe import HostKind
from pipeline.run.folder import Run
from pipeline.run.toolboxes import refuse_changed_servers
from pipeline.run.workload import read_workload
from pipeline.stages.needs import Wait, need_of
from rollout.config import HostsConfig
from rollout.data import layout
from rollout.records import content_hash

if TYPE_CHECKING:
    from ray.actor import ActorHandle

    from cluster.pool.pool import HostFactory, Pool
    from cluster.pool.reservation import Reservation
    from rollout.hosts.work import ChunkResult, EpisodeWork, HostSpec, ServedModel

WorkT = TypeVar("WorkT", bound=UnitOfWork)
ResultT = TypeVar("ResultT")

_LOOK_EVERY_S = 2.0


def open_pool(
    run: Run, kind: HostKind, model: "ServedModel"
) -> "AbstractContextManager[Pool[EpisodeWork, ChunkResult]]":
    """A pool for episodes, as `pool_of`. Raises RequestError for an MCP server that has changed since the plan."""
    from rollout.hosts.work import join_chunks

    refuse_changed_servers(read_workload(run).servers)
    return pool_of(run, kind, model, partial(join_chunks, run.store))


@contextmanager
def pool_of(
    run: Run, kind: HostKind, model: "ServedModel", join: "Callable[[WorkT, Sequence[ResultT]], ResultT]"
) -> Iterator["Pool[WorkT, ResultT]"]:
    """Start the hosts of the teacher or the student, serving `model` first; end them with the block. Needs Ray. `join`
    makes one result of those of a unit's parts."""
    from cluster.pool.host_reservations import HostReservations
    from cluster.pool.pool import Pool, PoolLimits

    config = run.recipe.hosts(kind)
    placement = engine_placement(run, kind)
    on_event = partial(_record, run)
    reservations = HostReservations(
        kind, placement, lambda name, reservation: _factory(run, config, name, model, reservation), on_event
    )
    hosts = reservations.reserve(config.count)
    pool: Pool[WorkT, ResultT] | None = None
    try:
        await_nodes(run, kind)
        pool = Pool(
            hosts=hosts,
            limits=PoolLimits(slots=config.live_episodes, attempts=config.attempts, silence_s=config.silence_s),
            on_event=on_event,
            join=join,
            upkeep=reservations.follow,
        )
        yield pool
    except WorkError as error:
        raise WorkError(f"{error}; see {run.folder / layout.LOGS}") from error
    except KeyboardInterrupt:
        if pool is not None:
            pool.close(timeout_s=0.1)  # work in progress is not committed, and will be done again
        raise
    finally:
        if pool is not None:
            pool.close()
        reservations.release()


def _factory(
    run: Run, config: HostsConfig, name: str, model: "ServedModel", reservation: "Reservation"
) -> "HostFactory":
    """A function that starts the host's actor. The pool calls it again after a failure."""
    from rollout.hosts.host import RolloutHost

    spec = msgspec.structs.replace(host_spec(run, config, name, model), executor=reservation.placement.executor)
    threads = {"OMP_NUM_THREADS": str(config.engine.threads)} if config.engine.threads else {}
    ledgers = [layout.EPISODES, layout.SCORES]
    ledgers += [
        prefix(arm, number)
        for prefix in (layout.round_episodes, layout.round_helped)
        for arm, config in run.recipe.arms.items()
        for number in range(config.rounds.rounds if config.rounds is not None else 0)
    ]
    done = sum(len(run.ledger(prefix).history()) for prefix in ledgers)
    starts = itertools.count()

    def start() -> "ActorHandle":
        # Engines with equal seeds draw equal samples where equal prompts come in equal order: those of another host,
        # and those of an earlier session, when more samples of the same problems are asked for.
        draws = content_hash(str(run.recipe.run.seed), name, str(done), str(next(starts)))
        return reservation.actor(
            RolloutHost, msgspec.structs.replace(spec, engine_seed=int(draws[:7], 16)), environment=threads
        )

    return start


def host_spec(run: Run, config: HostsConfig, name: str, model: "ServedModel") -> "HostSpec":
    """What a host of the run needs to start, but for what follows from its place and from its engine's start."""
    from rollout.hosts.work import HostSpec

    return HostSpec(
        name=name,
        run_uri=run.store.uri,
        generation=run.id,
        parent=run.recipe.run.parent,
        model=model,
        engine=config.engine,
        episodes=run.recipe.episodes,
        live_episodes=config.live_episodes,
        recipe=run.recipes[-1].number,
        seed=run.recipe.run.seed,
        scripted=config.scripted,
        must_see=layout.PLAN,
        servers=tuple(read_workload(run).servers),
    )


def engine_placement(run: Run, kind: HostKind) -> EnginePlacement:
    """The resources of one host on the cluster as it is now."""
    from cluster.pool.reservation import cluster_nodes

    return need_of(run.recipe, f"engines.{kind}", cluster_nodes()).placement


def await_nodes(run: Run, kind: HostKind) -> None:
    """Wait until the cluster has a node that can hold an engine: nodes join one by one, or when they are asked for.

    Prints every few seconds what is needed and what there is. Raises RequestError after `cluster.grow_s`.
    """
    from cluster.pool.reservation import cluster_nodes

    wait = Wait(run, need_of(run.recipe, f"engines.{kind}", cluster_nodes()), at_least=1)
    while wait.short():
        time.sleep(_LOOK_EVERY_S)


def _record(run: Run, what: str, details: Mapping[str, str | int]) -> None:
    """Record and print what happened to a host, and count it in the metrics."""
    run.events.add(what, **details)
    if what == "retry":
        telemetry.RETRIES.add(int(details["units"]), host=str(details["host"]))
    elif what == "host lost":
        telemetry.HOSTS_LOST.add(1)
    cause = f", {details['cause']}" if "cause" in details else ""
    run.console.out(f"  {what}: {details['host']}{cause}")
