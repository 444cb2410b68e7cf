"""What `status` shows of a run that is under way, from its events: the last reading, and the last one of its hosts."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipeline.commands.status import show_status
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run, open_run
from tests.repository import DATA

HOST = {
    "host": "teacher-0",
    "live": 7,
    "waiting": 1,
    "kv_usage": 0.5,
    "prompt_tokens": 100,
    "cached_prompt_tokens": 25,
    "outcomes": {"right": 3},
    "episodes_per_s": 2.0,
    "tokens_per_s": 30.0,
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    with open_run(load_recipe(DATA / "scripted.toml"), tmp_path / "run", Console(quiet=True), False) as run:
        return run


def progress(run: Run, stage: str, rate: float, **more: Any) -> None:
    outcomes = {"right": 5, "wrong": 4}
    run.events.add("progress", stage=stage, episodes_per_s=rate, tokens_per_s=9.0, outcomes=outcomes, **more)


def shown(run: Run) -> list[str]:
    console = Console(record=True, width=200, file=io.StringIO())
    show_status(run.folder, console)
    return [line.strip() for line in console.export_text().splitlines()]


def test_hosts_are_shown_as_last_read(run: Run) -> None:
    run.events.add("stage started", stage="rollout")
    progress(run, "rollout", 1.0, hosts=[HOST | {"live": 3}])
    progress(run, "rollout", 2.0, hosts=[HOST])
    (host,) = [line for line in shown(run) if line.startswith("teacher-0")]
    assert "7 in flight, 1 waiting, KV 50%, prefix cache 25%, 3 right" in host
    assert not any(line.startswith("hosts at") for line in shown(run))
    progress(run, "rollout", 3.0, in_flight=11)
    lines = shown(run)
    assert host in lines
    assert any("3.0 episodes/s" in line and "11 in flight" in line for line in lines)
    assert any(line.startswith("hosts at") for line in lines), "they are older than the rest"


def test_hosts_of_an_earlier_stage_are_not_shown(run: Run) -> None:
    run.events.add("stage started", stage="rollout")
    progress(run, "rollout", 1.0, hosts=[HOST])
    run.events.add("stage ended", stage="rollout", how="done", seconds=2.5)
    run.events.add("stage started", stage="evaluate")
    progress(run, "evaluate", 2.0)
    lines = shown(run)
    assert not any(line.startswith("teacher-0") for line in lines)
    assert [line.split() for line in lines if "under way" in line] == [["evaluate", "under", "way", "0"]]
    assert [line.split()[-1] for line in lines if line.startswith("rollout")] == ["2"]


def test_the_last_three_troubles_are_shown(run: Run) -> None:
    for number in range(5):
        run.events.add("retry", host=f"teacher-{number}", cause="planted", units=1)
    assert [line.split()[2] for line in shown(run) if "planted" in line] == ["teacher-2,", "teacher-3,", "teacher-4,"]
