"""Reads the progress of a stage's hosts, for the terminal, for events.jsonl and for the metrics."""

import time
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from cluster import telemetry
from pipeline.run.folder import Run
from pipeline.run.progress import Bar
from pipeline.stages.host_metrics import HostMetrics
from pipeline.stages.needs import need_of, spoken_every_s, waiting_line

if TYPE_CHECKING:
    from cluster.pool.pool import Pool
    from rollout.hosts.work import ChunkResult, EpisodeWork

_READ_EVERY_S = 5.0
_RECORD_EVERY_S = 60.0
"""How often the readings of single hosts are recorded where there are more than `_FEW`: days of them would take
gigabytes."""
_FEW = 4
_FAULTS_SHOWN = 10
"""Different faults of toolboxes that are printed; events.jsonl gets all."""
_WITHOUT_PROCESS = ("waiting", "loading", "paused", "lost", "gone")
"""States of hosts that have no working process."""


class Watch:
    """Reads the hosts every few seconds: the bar shows the figures, events.jsonl and the metrics get them.

    A context manager, which reads the hosts once more when the block ends.
    """

    def __init__(
        self,
        run: Run,
        stage: str,
        pool: "Pool[EpisodeWork, ChunkResult]",
        bar: Bar,
        metrics: HostMetrics | None = None,
    ) -> None:
        """`metrics`: those of a pool that has worked before, so that nothing is counted again."""
        self._run, self._stage, self._pool, self._bar = run, stage, pool, bar
        self._outcomes: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._rows = self._tokens = 0
        self._started = self._read = time.monotonic()
        self._began = self._started
        self._printed = self._started + _READ_EVERY_S  # a grant is seen after as long
        self._recorded = -_RECORD_EVERY_S
        self._metrics = metrics or HostMetrics(self._started)
        self._metrics.begin(pool.states())

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._recorded = -_RECORD_EVERY_S
            self._pool.progress()  # answers to what was asked before the end are of no use
            self._look()
        for fault, episodes in self._faults.most_common():
            self._run.events.add("toolbox fault", stage=self._stage, fault=fault, episodes=episodes)
        self._metrics.close()

    def chunk_result(self, chunk_result: "ChunkResult") -> None:
        """Count a finished unit."""
        self._rows += chunk_result.rows
        self._tokens += chunk_result.generated_tokens
        self._outcomes.update(chunk_result.outcomes)
        telemetry.QUARANTINED.add(chunk_result.quarantined)
        for fault, episodes in chunk_result.toolbox_faults.items():
            if fault not in self._faults and len(self._faults) < _FAULTS_SHOWN:
                self._run.console.out(f"  {fault}; episodes that it ends have no label")
            self._faults[fault] += episodes
        self._bar.update(self._rows, self.note())

    def note(self) -> str:
        """Rates and outcomes so far, for the bar."""
        elapsed = max(1e-9, time.monotonic() - self._started)
        shown = "  ".join(f"{name} {count:,}" for name, count in sorted(self._outcomes.items()))
        return f"{self._rows / elapsed:.0f} episodes/s  {self._tokens / elapsed:,.0f} tokens/s  {shown}"

    def tick(self) -> None:
        """The pool calls this about once a second."""
        now = time.monotonic()
        if not self._rows and "serving" not in self._pool.states().values():
            self._started = now  # rates begin when the first model is loaded
        if now - self._read < _READ_EVERY_S:
            return
        self._look()
        waiting = self._pool.unreserved()
        if waiting and now - self._printed >= spoken_every_s(now - self._began):
            from cluster.pool.reservation import cluster_nodes

            self._printed = now
            need = need_of(self._run.recipe, f"engines.{waiting[0].rpartition('-')[0]}", cluster_nodes())
            self._run.console.out(waiting_line(", ".join(waiting), need))
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
        if len(readings) <= _FEW or now - self._recorded >= _RECORD_EVERY_S:
            self._recorded = now
            rows = [msgspec.to_builtins(reading) | rate for reading, rate in zip(readings, rates, strict=True)]
            details["hosts"] = [{name: row[name] for name in row if name != "step_seconds"} for row in rows]
        self._run.events.add(
            "progress",
            stage=self._stage,
            rows=self._rows,
            episodes_per_s=round(self._rows / elapsed, 2),
            tokens_per_s=round(self._tokens / elapsed, 1),
            in_flight=sum(reading.live for reading in readings),
            prefix_cache=round(
                sum(reading.cached_prompt_tokens for reading in readings)
                / max(1, sum(reading.prompt_tokens for reading in readings)),
                3,
            ),
            outcomes=dict(self._outcomes),
            states=dict(Counter(state.value for state in states.values())),
            **details,
        )
