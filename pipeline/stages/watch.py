"""Progress of a stage's hosts, for the terminal and for events.jsonl."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from cluster import telemetry
from cluster.pool.placement import describe
from pipeline.run.folder import Run
from pipeline.run.progress import Bar
from pipeline.stages.host_metrics import HostMetrics

if TYPE_CHECKING:
    from cluster.pool.pool import Pool
    from rollout.hosts.work import ChunkResult, EpisodeWork
from pipeline.stages.hosts import _ASK_EVERY_S

_READ_EVERY_S = 5.0


_TELL_EVERY_S = 60.0


_FEW = 4
"""So many hosts are told of at every reading; more of them once a minute, or days of them would be gigabytes."""


_WITHOUT_PROCESS = ("waiting", "loading", "paused", "lost", "gone")
"""States of hosts that do nothing yet, or no more."""


def _row(struct: msgspec.Struct) -> dict[str, object]:
    """What is recorded of a reading. How long single steps took is for the metrics."""
    row: dict[str, object] = msgspec.to_builtins(struct)
    row.pop("step_seconds", None)
    return row


class Watch:
    """Reads the hosts every few seconds, shows the figures on the bar, records them in events.jsonl and counts them in
    the metrics. A context manager: on its way out it reads them a last time."""

    def __init__(self, run: Run, stage: str, pool: "Pool[EpisodeWork, ChunkResult]", bar: Bar) -> None:
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

    def chunk_result(self, chunk_result: "ChunkResult") -> None:
        """Count a finished unit."""
        self._rows += chunk_result.rows
        self._tokens += chunk_result.generated_tokens
        self._outcomes.update(chunk_result.outcomes)
        telemetry.QUARANTINED.add(chunk_result.quarantined)
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
        from cluster.pool.reservation import cluster_nodes, free_resources

        self._run.console.print(
            f"  waiting for {', '.join(hosts)}: each needs {self._pool.needs}; free: {free_resources()} of "
            f"{describe(cluster_nodes())}",
            highlight=False,
            soft_wrap=True,
        )
