"""`chainpref status RUN`: shows how far a run is, from its folder alone."""

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.commands.rounds import rounds_lines
from pipeline.run.arms import arms_on_others
from pipeline.run.folder import read_run
from pipeline.run.workload import outgrown, read_workload
from pipeline.stages import STAGES
from pipeline.stages.evaluate import missing_units as missing_scores
from pipeline.stages.evaluate import planned_units as planned_scores
from pipeline.stages.rollout import missing_units
from rollout.data import layout
from rollout.hosts.work import skipped_episodes


def show_status(folder: Path, console: Console) -> None:
    """Print the stages, the units that are done, and the latest reading of the hosts."""
    run = read_run(folder, console)
    active = ""  # the stage that has started and not ended
    reading: dict[str, Any] | None = None
    hosts: dict[str, Any] | None = None  # the stage's last reading that lists the hosts one by one
    troubles: deque[dict[str, Any]] = deque(maxlen=3)
    with run.events.understood():
        for row in run.events.read():  # a run of days has millions, so only these are kept
            match row.get("event"):
                case "stage started":
                    active, hosts = str(row["stage"]), None
                case "stage ended":
                    active = ""
                case "progress":
                    reading, hosts = row, row if "hosts" in row else hosts
                case "retry" | "host lost":
                    troubles.append(row)
    seconds = run.events.seconds()
    table = Table("stage", "state", "seconds", box=None, pad_edge=False)
    for stage in STAGES:
        state = "complete" if stage.complete(run) else "under way" if stage.name == active else "to do"
        table.add_row(stage.name, state, f"{seconds.get(stage.name, 0.0):.0f}")
    console.out(f"run {folder}")
    console.print(table)
    if run.planned:
        units = read_workload(run).episode_units
        skipped = sum(skipped_episodes(commit) for commit in run.ledger(layout.EPISODES).history().values())
        left_out = f" ({skipped:,} episodes skipped by the quota)" if skipped else ""
        console.out(f"episode units: {len(units) - len(missing_units(run)):,} of {len(units):,}{left_out}")
        scores = planned_scores(run)
        console.out(f"score units: {len(scores) - len(missing_scores(run)):,} of {len(scores):,}")
        if outgrown(run):
            console.out("the recipe asks for more than is planned; the next command adds it")
        for line in (*run.recipes[1:], *arms_on_others(run), *rounds_lines(run)):
            console.out(str(line))
    with run.events.understood():
        if reading is not None:
            _show_reading(reading, hosts, console)
        for row in troubles:
            console.out(f"{row['time']} {row['event']}: {row['host']}, {row['cause']}")


def _show_reading(row: dict[str, Any], of_hosts: dict[str, Any] | None, console: Console) -> None:
    console.out(
        f"last reading {row['time']} ({row['stage']}): {row['episodes_per_s']} episodes/s, "
        f"{row['tokens_per_s']} tokens/s, {row.get('in_flight', 0)} in flight, {_counts(row['outcomes'])}"
    )
    if of_hosts is not None and of_hosts is not row:
        console.out(f"  hosts at {of_hosts['time']}:")
    for host in of_hosts["hosts"] if of_hosts is not None else ():
        cached = host["cached_prompt_tokens"] / max(1, host["prompt_tokens"])
        guessed = host.get("guessed_tokens", 0)
        right = f"{host['accepted_tokens'] / guessed:.0%} of guessed tokens accepted, " if guessed else ""
        console.out(
            f"  {host['host']}: {host.get('episodes_per_s', 0)} episodes/s, {host.get('tokens_per_s', 0)} tokens/s, "
            f"{host['live']} in flight, {host['waiting']} waiting, KV {host['kv_usage']:.0%}, "
            f"prefix cache {cached:.0%}, {right}{_counts(host['outcomes'])}"
        )
    others = {state: count for state, count in row.get("states", {}).items() if state != "serving"}
    if others:
        console.out(f"  other hosts: {_counts(others)}")


def _counts(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(outcomes.items())) or "nothing finished"
