"""`chainpref status RUN`: how far a run is, read from its folder alone."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.run.folder import read_run
from pipeline.run.workload import read_workload
from pipeline.stages import STAGES
from pipeline.stages.evaluate import missing_units as missing_scores
from pipeline.stages.evaluate import planned_units as planned_scores
from pipeline.stages.rollout import missing_units
from rollout.data import layout
from rollout.hosts.work import skipped_episodes


def show_status(folder: Path, console: Console) -> None:
    """Print the stages, the units done, and the latest reading of the hosts."""
    run = read_run(folder, console)
    events = _latest(run.events.read())
    seconds = run.events.seconds()
    table = Table("stage", "state", "seconds", box=None, pad_edge=False)
    for stage in STAGES:
        state = "complete" if stage.complete(run) else "under way" if stage.name == events.active else "to do"
        table.add_row(stage.name, state, f"{seconds.get(stage.name, 0.0):.0f}")
    console.print(f"run {folder}", highlight=False)
    console.print(table)
    if run.store.exists(layout.PLAN):
        units = read_workload(run).episode_units
        skipped = sum(skipped_episodes(commit) for commit in run.ledger(layout.EPISODES).history().values())
        left_out = f" ({skipped:,} episodes skipped by the quota)" if skipped else ""
        done = len(units) - len(missing_units(run))
        console.print(f"episode units: {done:,} of {len(units):,}{left_out}", highlight=False)
        scores = planned_scores(run)
        console.print(f"score units: {len(scores) - len(missing_scores(run)):,} of {len(scores):,}", highlight=False)
    if events.reading is not None:
        _show_reading(events.reading, events.hosts, console)
    for row in events.troubles:
        console.print(f"{row['time']} {row['event']}: {row['host']}, {row['cause']}", highlight=False)


@dataclass(slots=True)
class _Latest:
    """What of the events is shown. Of days there are millions, so no more of them is kept."""

    active: str = ""
    """The stage that has begun and not ended."""
    reading: dict[str, Any] | None = None
    hosts: dict[str, Any] | None = None
    """The last reading of this stage that told of single hosts: not each one does."""
    troubles: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=3))


def _latest(rows: Iterable[dict[str, Any]]) -> _Latest:
    latest = _Latest()
    for row in rows:
        match row.get("event"):
            case "stage started":
                latest.active, latest.hosts = str(row["stage"]), None
            case "stage ended":
                latest.active = ""
            case "progress":
                latest.reading = row
                latest.hosts = row if "hosts" in row else latest.hosts
            case "retry" | "host lost":
                latest.troubles.append(row)
    return latest


def _show_reading(row: dict[str, Any], of_hosts: dict[str, Any] | None, console: Console) -> None:
    console.print(
        f"last reading {row['time']} ({row['stage']}): {row['episodes_per_s']} episodes/s, "
        f"{row['tokens_per_s']} tokens/s, {row.get('in_flight', 0)} in flight, {_counts(row['outcomes'])}",
        highlight=False,
        soft_wrap=True,
    )
    if of_hosts is not None and of_hosts is not row:
        console.print(f"  hosts at {of_hosts['time']}:", highlight=False)
    for host in of_hosts["hosts"] if of_hosts is not None else ():
        cached = host["cached_prompt_tokens"] / max(1, host["prompt_tokens"])
        console.print(
            f"  {host['host']}: {host.get('episodes_per_s', 0)} episodes/s, {host.get('tokens_per_s', 0)} tokens/s, "
            f"{host['live']} in flight, {host['waiting']} waiting, KV {host['kv_usage']:.0%}, "
            f"prefix cache {cached:.0%}, {_counts(host['outcomes'])}",
            highlight=False,
            soft_wrap=True,
        )
    others = {state: count for state, count in row.get("states", {}).items() if state != "serving"}
    if others:
        console.print(f"  other hosts: {_counts(others)}", highlight=False)


def _counts(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(outcomes.items())) or "nothing finished"
