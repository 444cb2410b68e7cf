"""The project's metrics for Prometheus, exported through Ray's. Outside of a Ray cluster nothing happens.

Ray puts `ray_` before every name. Every ten seconds (`metrics_report_interval_ms`) a process sends what is new to its
node's agent; a scrape reads the agent. Three things follow:

- A counter must be exported at zero first (`add(0)`): PromQL's `increase` does not see one that appears at one.
- A gauge that is not set again vanishes after two intervals. A thread of this module repeats all of them.
- What a process counted last is lost when it is killed (not when it ends by itself), and a new process is a new series,
  whose beginning PromQL does not know. So the driver counts, by differences between the readings of hosts.
"""

import atexit
import contextlib
import sys
import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

Kind = Literal["counter", "gauge", "histogram"]

_REPEAT_S = 4.0


class Metric:
    """A metric: its name without Ray's prefix, what it means, and its labels."""

    kind: Kind
    bounds: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets; the last bucket has none."""

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name, self.meaning, self.labels = name, meaning, labels
        self._rays: Any = None

    @property
    def samples(self) -> tuple[str, ...]:
        """Names of the samples that a scrape returns."""
        return (f"ray_{self.name}",)

    def _ray(self, labels: Mapping[str, str]) -> Any:
        """Ray's metric, made at first use; None where this process is in no Ray cluster."""
        assert set(labels) == set(self.labels), f"{self.name} has the labels {self.labels}, not {tuple(labels)}"
        if not connected():
            return None
        if self._rays is None:
            from ray.util import metrics

            more = (list(self.bounds),) if self.bounds else ()
            self._rays = getattr(metrics, type(self).__name__)(self.name, self.meaning, *more, self.labels)
        return self._rays


class Counter(Metric):
    """A count that only grows."""

    kind = "counter"

    def add(self, amount: float, **labels: str) -> None:
        """Add to the count. Adding zero exports a series that was not there."""
        if (rays := self._ray(labels)) is not None:
            rays._record(amount, labels)  # `inc` refuses zero


class Gauge(Metric):
    """The latest value for each set of labels, until it is forgotten."""

    kind = "gauge"

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        super().__init__(name, meaning, *labels)
        self._values: dict[tuple[tuple[str, str], ...], float] = {}

    def set(self, value: float, **labels: str) -> None:
        if (rays := self._ray(labels)) is not None:
            with _lock:
                self._values[tuple(sorted(labels.items()))] = value
                rays.set(value, labels)
            _repeat_gauges()

    def forget(self, **labels: str) -> None:
        """Stop repeating the value: it is gone from scrapes within two intervals."""
        with _lock:
            self._values.pop(tuple(sorted(labels.items())), None)

    def clear(self) -> None:
        with _lock:
            self._values.clear()

    def repeat(self) -> None:
        """Set every value again."""
        with _lock:
            for labels, value in self._values.items():
                if (rays := self._ray(dict(labels))) is not None:
                    rays.set(value, dict(labels))


class Histogram(Metric):
    """Counts of values by bucket. It appears with the first value; its sum is of the buckets' middles."""

    kind = "histogram"

    def __init__(self, name: str, meaning: str, *labels: str, bounds: Sequence[float]) -> None:
        super().__init__(name, meaning, *labels)
        self.bounds = tuple(bounds)
        edges = (0.0, *self.bounds, 3 * self.bounds[-1])
        self._middles = [(low + high) / 2 for low, high in pairwise(edges)]

    @property
    def samples(self) -> tuple[str, ...]:
        return tuple(f"ray_{self.name}_{part}" for part in ("bucket", "count", "sum"))

    @property
    def buckets(self) -> int:
        return len(self._middles)

    def bucket(self, value: float) -> int:
        """The number of the bucket that the value falls into."""
        return bisect_left(self.bounds, value)

    def add(self, counts: Sequence[int], **labels: str) -> None:
        """Add so many values to each bucket, in order; buckets beyond the counts get none."""
        if (rays := self._ray(labels)) is not None:
            for middle, count in zip(self._middles, counts, strict=False):
                for _ in range(count):
                    rays.observe(middle, labels)


EPISODES = Counter("chainpref_episodes_total", "episodes that ended, of rollouts and evaluation", "outcome", "host")
GENERATED_TOKENS = Counter("chainpref_generated_tokens_total", "tokens that the host's engine wrote", "host")
PROMPT_TOKENS = Counter("chainpref_prompt_tokens_total", "tokens of the prompts of all requests", "host")
CACHED_TOKENS = Counter(
    "chainpref_cached_prompt_tokens_total", "tokens of prompts that the prefix cache held already", "host"
)
STEP_SECONDS = Histogram(
    "chainpref_step_seconds",
    "seconds that a step of an episode took: a message of the model and its calls",
    "host",
    bounds=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0),
)
LIVE_EPISODES = Gauge("chainpref_live_episodes", "episodes under way", "host")
RUNNING_REQUESTS = Gauge("chainpref_running_requests", "requests that the engine works on", "host")
WAITING_REQUESTS = Gauge("chainpref_waiting_requests", "requests that wait in the engine", "host")
KV_USAGE = Gauge("chainpref_kv_usage", "share of the KV cache that is taken, 0 to 1", "host")
PROBE_DIFFERENCE = Gauge(
    "chainpref_probe_difference", "nats a token between an engine and the probe of a model, the largest so far", "host"
)
RETRIES = Counter("chainpref_retries_total", "units that a failure of the host put back into the queue", "host")
HOSTS_LOST = Counter("chainpref_hosts_lost_total", "hosts that were given up after failures in a row")
QUARANTINED = Counter("chainpref_quarantined_rows_total", "rows that could not be stored and lie under `quarantine/`")
IDLE_SHARE = Gauge(
    "chainpref_idle_share",
    "share of the last round in which the student's hosts had no attempts to make, or the ranks no steps, 0 to 1",
    "part",
)
STAGE = Gauge("chainpref_stage", "1 while the stage runs, else 0", "stage")
UNITS_PLANNED = Gauge("chainpref_units_planned", "units that the stage has, done or not", "stage")
UNITS_COMMITTED = Counter(
    "chainpref_units_committed_total", "units of the stage that are done, in earlier sessions of the run too", "stage"
)

METRICS = tuple(metric for metric in globals().values() if isinstance(metric, Metric))


def connected() -> bool:
    """Whether this process is in a Ray cluster. Loads nothing."""
    ray = sys.modules.get("ray")
    return ray is not None and bool(ray.is_initialized())


@contextlib.contextmanager
def running(stage: str) -> Iterator[None]:
    """Export the stage as running while the block runs."""
    STAGE.set(1, stage=stage)
    try:
        yield
    finally:
        STAGE.set(0, stage=stage)


def report_units(run: str, stage: str, done: int, planned: int) -> None:
    """Export how far a stage of a run is; the same may be reported again. A process may have several runs, as a sweep
    has: they add up."""
    if not connected():
        return
    runs = _units.setdefault(stage, {})
    before, _ = runs.get(run, (0, 0))
    runs[run] = (max(done, before), planned)
    UNITS_COMMITTED.add(max(0, done - before), stage=stage)
    UNITS_PLANNED.set(sum(planned for _, planned in runs.values()), stage=stage)


class Units:
    """Reports how far a stage of a run is, unit by unit."""

    def __init__(self, run: str, stage: str, planned: int, done: int) -> None:
        self._run, self._stage, self._planned, self._done = run, stage, planned, done
        self.ended(0)

    def ended(self, count: int = 1) -> None:
        """So many more are committed or skipped."""
        self._done += count
        report_units(self._run, self._stage, self._done, self._planned)


def reset() -> None:
    """Forget all gauges and all counts of units, because another session with Ray begins."""
    _units.clear()
    for metric in METRICS:
        if isinstance(metric, Gauge):
            metric.clear()


_units: dict[str, dict[str, tuple[int, int]]] = {}
"""Stage -> run -> units done and planned."""
_lock = threading.Lock()
_over = threading.Event()
_repeater: threading.Thread | None = None


def _repeat_gauges() -> None:
    """Start the thread that repeats all gauges, once in a process."""
    global _repeater
    with _lock:
        if _repeater is None:
            _repeater = threading.Thread(target=_repeat, daemon=True, name="telemetry")
            _repeater.start()
            atexit.register(_end)


def _repeat() -> None:
    while not _over.wait(_REPEAT_S):
        for metric in METRICS:
            if isinstance(metric, Gauge):
                metric.repeat()


def _end() -> None:
    """Stop the thread before the interpreter ends: it must not be inside Ray then."""
    _over.set()
    if _repeater is not None:
        _repeater.join()
