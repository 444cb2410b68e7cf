"""Pools of rollout hosts for a run, and how their progress is shown and recorded."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from cluster import telemetry
from cluster.errors import RequestError, WorkError
from cluster.pool.placement import EnginePlacement, describe, fitting, place_engine, refuse_impossible
from pipeline.plan.models import served_on_gpus
from pipeline.recipe import HostKind
from pipeline.run.folder import Run
from rollout.config import HostsConfig
from rollout.data import layout

if TYPE_CHECKING:
    from cluster.pool.pool import HostFactory, Pool
    from cluster.pool.reservation import Reservation
    from rollout.hosts.work import ChunkResult, EpisodeWork, ServedModel

from pipeline.run.models import served_model

_ASK_EVERY_S = 30.0
_LOOK_EVERY_S = 2.0


@contextmanager
def open_pool(run: Run, kind: HostKind, first_model: str) -> Iterator["Pool[EpisodeWork, ChunkResult]"]:
    """Hosts for the `teacher` or the `student`, ended when the block ends. Ray is up."""
    from cluster.pool.host_reservations import HostReservations
    from cluster.pool.pool import Pool, PoolLimits
    from rollout.hosts.work import join_chunks

    config = run.recipe.hosts(kind)
    placement = _placement(run, kind, config)
    model = served_model(run, first_model)
    tell = partial(_tell, run)
    reservations = HostReservations(
        kind, placement, lambda name, reservation: _factory(run, config, name, model, reservation), tell
    )
    hosts = reservations.reserve(config.count)
    pool: Pool[EpisodeWork, ChunkResult] | None = None
    try:
        _await_nodes(run, kind, config, placement)
        pool = Pool(
            hosts=hosts,
            limits=PoolLimits(slots=config.live_episodes, attempts=config.attempts, silence_s=config.silence_s),
            on_event=tell,
            join=lambda work, parts: join_chunks(run.store, work, parts),
            needs=str(placement),
            upkeep=reservations.follow,
        )
        yield pool
    except WorkError as error:
        raise WorkError(f"{error}; see {run.folder / layout.LOGS}") from error
    except KeyboardInterrupt:
        if pool is not None:
            pool.close(timeout_s=0.1)  # what is under way is not committed, and will be done again
        raise
    finally:
        if pool is not None:
            pool.close()
        reservations.release()


def _factory(
    run: Run, config: HostsConfig, name: str, model: "ServedModel", reservation: "Reservation"
) -> "HostFactory":
    """Makes the host's actor, as often as the pool wants one."""
    from rollout.hosts.host import RolloutHost
    from rollout.hosts.work import HostSpec

    spec = HostSpec(
        name=name,
        run_uri=run.store.uri,
        generation=run.id,
        parent=run.recipe.run.parent,
        model=model,
        engine=config.engine,
        episodes=run.recipe.episodes,
        live_episodes=config.live_episodes,
        seed=run.recipe.run.seed,
        executor=reservation.placement.executor,
        scripted=config.scripted,
        must_see=layout.PLAN,
    )
    threads = {"OMP_NUM_THREADS": str(config.engine.threads)} if config.engine.threads else {}
    return lambda: reservation.actor(RolloutHost, spec, environment=threads)


def _placement(run: Run, kind: HostKind, config: HostsConfig) -> EnginePlacement:
    """What one host owns. Raises RequestError when Ray was started here, and all hosts together cannot fit."""
    from cluster.pool.reservation import cluster_nodes

    nodes = cluster_nodes()
    # A cluster that grows when asked may have no GPU yet.
    auto = any(node.gpus for node in nodes) or served_on_gpus(run.recipe, kind)
    gpus = config.device == "gpu" or (config.device == "auto" and auto)
    engine = config.engine
    sizes = (engine.tensor_parallel, engine.pipeline_parallel)
    placement = place_engine(*sizes, config.cpus, nodes, gpus, config.gpu)
    started_here = not (run.recipe.cluster.address or os.environ.get("RAY_ADDRESS"))
    if started_here and fitting(placement, nodes, config.count) < config.count:
        raise RequestError(
            f"engines.{kind}: {config.count} host(s) need {placement} each, and Ray has {describe(nodes)}; "
            f"lower engines.{kind}.count or raise cluster.local_cpus"
        )
    return placement


def _await_nodes(run: Run, kind: HostKind, config: HostsConfig, placement: EnginePlacement) -> None:
    """Wait for a node that can hold an engine at all: nodes of a cluster join one after the other, or when asked for.

    Says every half minute what is asked for and what there is. Raises RequestError after `cluster.grow_s`.
    """
    from cluster.pool.reservation import cluster_nodes

    started = said = time.monotonic()
    while not fitting(placement, nodes := cluster_nodes(), 1):
        now = time.monotonic()
        if now - started >= run.recipe.cluster.grow_s:
            refuse_impossible(f"engines.{kind}", placement, config.count, nodes)
        if said == started or now - said >= _ASK_EVERY_S:
            said = now
            run.console.print(
                f"  waiting for nodes: a host of engines.{kind} needs {placement}; there are {describe(nodes)}",
                highlight=False,
                soft_wrap=True,
            )
        time.sleep(_LOOK_EVERY_S)


def _tell(run: Run, what: str, details: Mapping[str, str | int]) -> None:
    """Record a retry or a loss, and say it."""
    run.events.add(what, **details)
    if what == "retry":
        telemetry.RETRIES.add(int(details["units"]), host=str(details["host"]))
    elif what == "host lost":
        telemetry.HOSTS_LOST.add(1)
    cause = f", {details['cause']}" if "cause" in details else ""
    run.console.print(f"  {what}: {details['host']}{cause}", highlight=False, markup=False, soft_wrap=True)
