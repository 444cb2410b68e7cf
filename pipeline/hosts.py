"""Pools of rollout hosts for a run, and how their progress is shown and recorded."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Literal

import msgspec

from cluster import telemetry
from cluster.errors import RequestError, WorkError
from cluster.model_source import model_revision
from cluster.placement import EnginePlacement, describe, fitting, place_engine, refuse_impossible
from cluster.planner.licences import licence_of
from pipeline.host_metrics import HostMetrics
from pipeline.plan_models import served_on_gpus
from pipeline.progress import Bar
from pipeline.run_folder import Run
from pipeline.workload import PLAN
from rollout.config import HostsConfig
from rollout.records import Producer

if TYPE_CHECKING:
    from cluster.pool import HostFactory, Pool
    from cluster.reservation import Reservation
    from rollout.work import Receipt, ServedModel, Work

HostKind = Literal["teacher", "student"]

_READ_EVERY_S = 5.0
_TELL_EVERY_S = 60.0
_FEW = 4
"""So many hosts are told of at every reading; more of them once a minute, or days of them would be gigabytes."""
_ASK_EVERY_S = 30.0
_LOOK_EVERY_S = 2.0
_WITHOUT_PROCESS = ("waiting", "loading", "paused", "lost", "gone")
"""States of hosts that do nothing yet, or no more."""


def served_model(run: Run, name: str) -> "ServedModel":
    """`teacher`, `base` or an arm of the run, as a host serves it."""
    from rollout.work import ServedModel

    models = run.recipe.models
    section = models.teacher if name == "teacher" else models.student
    licence = licence_of(section.licence, section.source)
    source = model_source(run, name)
    producer = Producer(model=name, revision=model_revision(source), licence=licence)
    return ServedModel(name=name, source=source, producer=producer)


def model_source(run: Run, name: str) -> str:
    """Where the files of `teacher`, `base` or an arm are: what the recipe names, or a folder of the run."""
    models = run.recipe.models
    given = {"teacher": models.teacher.source, "base": models.student.source}.get(name, "")
    return given or str(run.model(name))


@contextmanager
def open_pool(run: Run, kind: HostKind, first_model: str) -> Iterator["Pool[Work, Receipt]"]:
    """Hosts for the `teacher` or the `student`, ended when the block ends. Ray is up."""
    from cluster.host_reservations import HostReservations
    from cluster.pool import Pool, PoolLimits
    from rollout.work import join_parts

    config = run.recipe.engines.teacher if kind == "teacher" else run.recipe.engines.student
    placement = _placement(run, kind, config)
    model = served_model(run, first_model)
    tell = partial(_tell, run)
    reservations = HostReservations(
        kind, placement, lambda name, reservation: _factory(run, config, name, model, reservation), tell
    )
    hosts = reservations.reserve(config.count)
    pool: Pool[Work, Receipt] | None = None
    try:
        _await_nodes(run, kind, config, placement)
        pool = Pool(
            hosts=hosts,
            limits=PoolLimits(places=config.live_episodes, attempts=config.attempts, silence_s=config.silence_s),
            on_event=tell,
            join=lambda work, parts: join_parts(run.store, work, parts),
            needs=str(placement),
            upkeep=reservations.follow,
        )
        yield pool
    except WorkError as error:
        raise WorkError(f"{error}; see {run.folder / 'logs'}") from error
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
    from rollout.host import RolloutHost
    from rollout.work import HostSpec

    spec = HostSpec(
        name=name,
        run_uri=run.store.uri,
        generation=run.id,
        parent=run.recipe.run.parent,
        model=model,
        engine=config.engine.model_dump_json().encode(),
        episodes=run.recipe.episodes.model_dump_json().encode(),
        live_episodes=config.live_episodes,
        seed=run.recipe.run.seed,
        executor=reservation.placement.executor,
        scripted=config.scripted.model_dump_json().encode() if config.scripted else b"",
        must_see=PLAN,
    )
    threads = {"OMP_NUM_THREADS": str(config.engine.threads)} if config.engine.threads else {}
    return lambda: reservation.actor(RolloutHost, spec, environment=threads)


def _placement(run: Run, kind: HostKind, config: HostsConfig) -> EnginePlacement:
    """What one host owns. Raises RequestError when Ray was started here, and all hosts together cannot fit."""
    from cluster.reservation import cluster_nodes

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
    from cluster.reservation import cluster_nodes

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


def _row(struct: msgspec.Struct) -> dict[str, object]:
    """What is recorded of a reading. How long single steps took is for the metrics."""
    row: dict[str, object] = msgspec.to_builtins(struct)
    row.pop("step_seconds", None)
    return row


class Watch:
    """Reads the hosts every few seconds, shows the figures on the bar, records them in events.jsonl and counts them in
    the metrics. A context manager: on its way out it reads them a last time."""

    def __init__(self, run: Run, stage: str, pool: "Pool[Work, Receipt]", bar: Bar) -> None:
        self._run, self._stage, self._pool, self._bar = run, stage, pool, bar
        self._outcomes: Counter[str] = Counter()
        self._rows = self._tokens = 0
        self._started = self._read = time.monotonic()
        self._asked = self._started
        self._told = -_TELL_EVERY_S
        self._metrics = HostMetrics(self._started)
        self._metrics.begin(pool.states())

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._told = -_TELL_EVERY_S
            self._look()
        self._metrics.close()

    def receipt(self, receipt: "Receipt") -> None:
        """Count a finished unit."""
        self._rows += receipt.rows
        self._tokens += receipt.generated_tokens
        self._outcomes.update(receipt.outcomes)
        telemetry.QUARANTINED.add(receipt.quarantined)
        self._bar.update(self._rows, self.note())

    def note(self) -> str:
        """Rates and outcomes so far, in a few words."""
        elapsed = max(1e-9, time.monotonic() - self._started)
        shown = "  ".join(f"{name} {count:,}" for name, count in sorted(self._outcomes.items()))
        return f"{self._rows / elapsed:.0f} episodes/s  {self._tokens / elapsed:,.0f} tokens/s  {shown}"

    def tick(self) -> None:
        """Called about once a second by the pool."""
        now = time.monotonic()
        if not self._rows and "serving" not in self._pool.states().values():
            self._started = now  # while models load there is no rate
        if now - self._read < _READ_EVERY_S:
            return
        self._look()
        waiting = [name for name, state in self._pool.states().items() if state == "waiting"]
        if waiting and now - self._asked >= _ASK_EVERY_S:
            self._asked = now
            self._say_waiting(waiting)
        self._bar.update(self._rows)

    def _look(self) -> None:
        """Read every host that answers."""
        readings = self._pool.progress()
        states = self._pool.states()
        self._metrics.begin(states)
        self._metrics.gone(name for name, state in states.items() if state in _WITHOUT_PROCESS)
        now = self._read = time.monotonic()
        rates = [self._metrics.read(reading, now) for reading in readings]
        elapsed = max(1e-9, now - self._started)
        details: dict[str, object] = {}
        if len(readings) <= _FEW or now - self._told >= _TELL_EVERY_S:
            self._told = now
            rows = (_row(reading) | rate for reading, rate in zip(readings, map(_row, rates), strict=True))
            details["hosts"] = list(rows)
        self._run.events.add(
            "progress",
            stage=self._stage,
            rows=self._rows,
            episodes_per_s=round(self._rows / elapsed, 2),
            tokens_per_s=round(self._tokens / elapsed, 1),
            in_flight=sum(reading.live for reading in readings),
            outcomes=dict(self._outcomes),
            states=dict(Counter(state.value for state in states.values())),
            **details,
        )

    def _say_waiting(self, hosts: Sequence[str]) -> None:
        from cluster.reservation import cluster_nodes, free_resources

        self._run.console.print(
            f"  waiting for {', '.join(hosts)}: each needs {self._pool.needs}; free: {free_resources()} of "
            f"{describe(cluster_nodes())}",
            highlight=False,
            soft_wrap=True,
        )
