"""`chainpref status RUN`: how far a run is, read from its folder alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.existing_run import read_run
from pipeline.stages import STAGES
from pipeline.stages.evaluate import missing_units as missing_scores
from pipeline.stages.evaluate import planned_units as planned_scores
from pipeline.stages.groups import EPISODES
from pipeline.stages.rollout import missing_units
from pipeline.workload import read_workload
from rollout.work import waived_episodes


def show_status(folder: Path, console: Console) -> None:
    """Print the stages, the units done, and the latest reading of the hosts."""
    run = read_run(folder, console)
    rows = list(run.events.read())
    seconds = run.events.seconds()
    table = Table("stage", "state", "seconds", box=None, pad_edge=False)
    active = _active(rows)
    for stage in STAGES:
        state = "complete" if stage.complete(run) else "under way" if stage.name == active else "to do"
        table.add_row(stage.name, state, f"{seconds.get(stage.name, 0.0):.0f}")
    console.print(f"run {folder}", highlight=False)
    console.print(table)
    if run.store.exists("plan.json"):
        units = read_workload(run).episode_units
        waived = sum(waived_episodes(commit) for commit in run.ledger(EPISODES).history().values())
        left_out = f" ({waived:,} episodes waived by the quota)" if waived else ""
        done = len(units) - len(missing_units(run))
        console.print(f"episode units: {done:,} of {len(units):,}{left_out}", highlight=False)
        scores = planned_scores(run)
        console.print(f"score units: {len(scores) - len(missing_scores(run)):,} of {len(scores):,}", highlight=False)
    latest = next((row for row in reversed(rows) if row.get("event") == "progress"), None)
    if latest is not None:
        _show_reading(latest, console)
    for row in [row for row in rows if row.get("event") in ("retry", "host lost")][-3:]:
        console.print(f"{row['time']} {row['event']}: {row['host']}, {row['cause']}", highlight=False)


def _active(rows: list[dict[str, object]]) -> str:
    for row in reversed(rows):
        if row.get("event") == "stage started":
            return str(row["stage"])
        if row.get("event") == "stage ended":
            return ""
    return ""


def _show_reading(row: dict[str, Any], console: Console) -> None:
    console.print(
        f"last reading {row['time']} ({row['stage']}): {row['episodes_per_s']} episodes/s, "
        f"{row['tokens_per_s']} tokens/s, {row.get('in_flight', 0)} in flight, {_counts(row['outcomes'])}",
        highlight=False,
        soft_wrap=True,
    )
    for host in row["hosts"]:
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
