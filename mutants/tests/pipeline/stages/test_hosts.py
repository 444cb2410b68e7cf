"""How hosts are placed for a recipe, and how often single ones are recorded in the events. No Ray."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress

from cluster.pool.pool import HostState
from pipeline.plan.models import served_on_gpus
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.run.progress import Bar
from pipeline.stages.watch import Watch
from rollout.hosts.work import HostProgress
from tests.repository import RECIPES


class Answering:
    """What a Watch asks of a pool."""

    needs = ""

    def __init__(self, hosts: int) -> None:
        self._names = [f"teacher-{index}" for index in range(hosts)]

    def progress(self) -> list[HostProgress]:
        return [HostProgress(host=name, live=3) for name in self._names]

    def states(self) -> dict[str, HostState]:
        return dict.fromkeys(self._names, HostState.SERVING)


@pytest.mark.parametrize(("hosts", "recorded"), [(2, [2, 2, 2, 2]), (64, [64, 0, 0, 64])])
def test_many_hosts_are_recorded_one_by_one_less_often(
    tmp_path: Path, hosts: int, recorded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.stages.watch._READ_EVERY_S", 0.0)
    console = Console(quiet=True)
    run = Run(recipe=load_recipe(RECIPES / "local.toml"), folder=tmp_path, console=console)
    pool: Any = Answering(hosts)
    with Watch(run, "rollout", pool, Bar(Progress(console=console, disable=True), "episodes", 1)) as watch:
        for _ in range(3):
            watch.tick()
    rows = list(run.events.read())
    assert [row["in_flight"] for row in rows] == [3 * hosts] * 4
    assert [len(row.get("hosts", ())) for row in rows] == recorded, "the first and the last reading list all hosts"


def test_a_large_model_waits_for_gpus_where_the_cluster_has_none_yet() -> None:
    large = load_recipe(RECIPES / "llama3-70b-to-mistral-7b.toml")
    assert served_on_gpus(large, "teacher")
    assert served_on_gpus(large, "student")
    small = load_recipe(RECIPES / "local.toml")
    assert not served_on_gpus(small, "teacher")
    scripted = load_recipe(RECIPES / "llama3-70b-to-mistral-7b.toml", ["engines.teacher.scripted={}"])
    assert not served_on_gpus(scripted, "teacher")
