"""Pools of rollout hosts for a run, and how their progress is shown and recorded."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cluster.errors import RequestError, WorkError
from cluster.model_source import model_revision
from pipeline.progress import Bar
from pipeline.run_folder import Run
from rollout.config import HostsConfig
from rollout.records import Producer

if TYPE_CHECKING:
    from cluster.pool import Pool
    from rollout.host import Receipt, ServedModel

_READ_EVERY_S = 5.0
_ASK_EVERY_S = 30.0


def served_model(run: Run, name: str) -> "ServedModel":
    """`teacher`, `base` or an arm of the run, as a host serves it."""
    from rollout.host import ServedModel

    models = run.recipe.models
    licence = models.teacher.licence if name == "teacher" else models.student.licence
    source = model_source(run, name)
    producer = Producer(model=name, revision=model_revision(source), licence=licence)
    return ServedModel(name=name, source=source, producer=producer)


def model_source(run: Run, name: str) -> str:
    """Where the files of `teacher`, `base` or an arm are: what the recipe names, or a folder of the run."""
    models = run.recipe.models
    given = {"teacher": models.teacher.source, "base": models.student.source}.get(name, "")
    return given or str(run.model(name))


@contextmanager
def open_pool(run: Run, kind: str, first_model: str) -> Iterator["Pool"]:
    """Hosts for the `teacher` or the `student`, ended when the block ends. Ray is up."""
    import ray

    from cluster.pool import Pool, PoolLimits
    from rollout.host import HostSpec, RolloutHost

    config: HostsConfig = getattr(run.recipe.engines, kind)
    gpus = _gpus(config)
    _refuse_impossible(ray.cluster_resources(), config, gpus, kind, bool(run.recipe.cluster.address))
    actor_class = ray.remote(RolloutHost)
    model = served_model(run, first_model)
    hosts = []
    for index in range(config.count):
        spec = HostSpec(
            name=f"{kind}-{index}",
            run_uri=run.store.uri,
            generation=run.id,
            parent=run.recipe.run.parent,
            model=model,
            engine=config.engine.model_dump_json().encode(),
            episodes=run.recipe.episodes.model_dump_json().encode(),
            live_episodes=config.live_episodes,
            seed=run.recipe.run.seed,
        )
        threads = {"OMP_NUM_THREADS": str(config.engine.threads)} if config.engine.threads else {}
        actor = actor_class.options(
            num_cpus=config.cpus,
            num_gpus=gpus,
            max_restarts=-1,
            runtime_env={"env_vars": threads} if threads else None,
        ).remote(spec)
        hosts.append((spec.name, actor))
    pool = Pool(
        hosts=hosts,
        limits=PoolLimits(places=config.live_episodes, attempts=config.attempts),
        on_event=lambda what, details: _tell(run, what, details),
    )
    try:
        yield pool
    except WorkError as error:
        raise WorkError(f"{error}; see {run.folder / 'logs'}") from error
    except KeyboardInterrupt:
        pool.close(timeout_s=0.1)  # what is under way is not committed, and will be done again
        raise
    finally:
        pool.close()


def _tell(run: Run, what: str, details: dict[str, Any]) -> None:
    """Record a retry or a loss, and say it."""
    run.events.add(what, **details)
    run.console.print(f"  {what}: {details['host']}, {details['cause']}", highlight=False, markup=False, soft_wrap=True)


class Watch:
    """Reads the hosts every few seconds, shows the figures on the bar and records them in events.jsonl."""

    def __init__(self, run: Run, stage: str, pool: "Pool", bar: Bar) -> None:
        self._run, self._stage, self._pool, self._bar = run, stage, pool, bar
        self._outcomes: Counter[str] = Counter()
        self._rows = self._tokens = 0
        self._started = self._read = time.monotonic()
        self._asked = self._started

    def receipt(self, receipt: "Receipt") -> None:
        """Count a finished unit."""
        self._rows += receipt.rows
        self._tokens += receipt.generated_tokens
        self._outcomes.update(receipt.outcomes)
        self._bar.update(self._rows, self.note())

    def note(self) -> str:
        """Rates and outcomes so far, in a few words."""
        elapsed = max(1e-9, time.monotonic() - self._started)
        shown = "  ".join(f"{name} {count:,}" for name, count in sorted(self._outcomes.items()))
        return f"{self._rows / elapsed:.0f} episodes/s  {self._tokens / elapsed:,.0f} tokens/s  {shown}"

    def tick(self) -> None:
        """Called about once a second by the pool."""
        now = time.monotonic()
        if now - self._read < _READ_EVERY_S:
            return
        self._read = now
        readings = self._pool.progress()
        elapsed = now - self._started
        self._run.events.add(
            "progress",
            stage=self._stage,
            rows=self._rows,
            episodes_per_s=round(self._rows / elapsed, 2),
            tokens_per_s=round(self._tokens / elapsed, 1),
            outcomes=dict(self._outcomes),
            hosts=readings,
        )
        silent = len(self._pool.hosts) - len(readings)
        if silent and now - self._asked >= _ASK_EVERY_S:
            self._asked = now
            self._say_waiting(silent)
        self._bar.update(self._rows)

    def _say_waiting(self, silent: int) -> None:
        import ray

        free = {name: amount for name, amount in ray.available_resources().items() if name in ("CPU", "GPU")}
        self._run.console.print(
            f"  waiting for {silent} host(s) to answer; free in the cluster: {free}", highlight=False
        )


def _gpus(config: HostsConfig) -> int:
    """GPUs that a host owns: all of its engine's, where the cluster has GPUs at all."""
    import ray

    wanted = config.engine.tensor_parallel * config.engine.pipeline_parallel
    return wanted if ray.cluster_resources().get("GPU", 0) else 0


def _refuse_impossible(resources: dict[str, float], config: HostsConfig, gpus: int, kind: str, may_grow: bool) -> None:
    """Refuse what can never be placed, instead of waiting for ever. A cluster elsewhere may still grow."""
    wanted: Sequence[tuple[str, float]] = (("CPU", config.cpus * config.count), ("GPU", float(gpus * config.count)))
    for name, amount in wanted:
        if amount > resources.get(name, 0) and not may_grow:
            raise RequestError(
                f"engines.{kind}: {config.count} host(s) need {amount:g} {name}, and Ray has "
                f"{resources.get(name, 0):g}; lower engines.{kind}.count or raise cluster.local_cpus"
            )
