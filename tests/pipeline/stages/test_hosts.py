"""How hosts are placed for a recipe, and how often single ones are recorded in the events. No Ray."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from rich.console import Console
from rich.progress import Progress

from cluster.pool.pool import HostState
from pipeline.plan.models import served_on_gpus
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.run.progress import Bar
from pipeline.run.recipes import written
from pipeline.run.workload import Workload
from pipeline.stages.hosts import _factory
from pipeline.stages.watch import Watch
from rollout.data import layout
from rollout.hosts.work import HostProgress, HostSpec, ServedModel
from rollout.records import Producer
from tests.repository import RECIPES


class Answering:
    """What a Watch asks of a pool."""

    def __init__(self, hosts: int) -> None:
        self._names = [f"teacher-{index}" for index in range(hosts)]

    def progress(self) -> list[HostProgress]:
        return [HostProgress(host=name, live=3) for name in self._names]

    def unreserved(self) -> list[str]:
        return []

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


def test_no_two_starts_of_an_engine_draw_from_the_same_seed(tmp_path: Path) -> None:
    """With one seed, a second host, a host started again and a run that grows would draw the samples that are there."""
    recipe = load_recipe(RECIPES / "local.toml")
    (tmp_path / layout.RECIPE).write_bytes(written(recipe, "1"))
    run = Run(recipe=recipe, folder=tmp_path, console=Console(quiet=True))
    plan = Workload(
        generation="g", episode_units=(), episodes=0, train_problems=0, suites={}, servers={"mcp:shop": "h"}
    )
    (tmp_path / layout.PLAN).write_bytes(msgspec.json.encode(plan))
    specs: list[HostSpec] = []
    reservation: Any = SimpleNamespace(
        placement=SimpleNamespace(executor="mp"), actor=lambda kind, spec, environment: specs.append(spec)
    )
    producer = Producer(model="teacher", revision="r", licence="x")
    model = ServedModel(name="teacher", source="models/teacher", producer=producer)

    def start(name: str, times: int) -> None:
        make = _factory(run, run.recipe.engines.teacher, name, model, reservation)
        for _ in range(times):
            make()

    start("teacher-0", 2)
    start("teacher-1", 1)
    run.ledger(layout.EPISODES).skip("b00000-s00000", "some unit")
    start("teacher-0", 1)
    assert len({spec.engine_seed for spec in specs}) == 4
    assert {spec.servers for spec in specs} == {("mcp:shop",)}, "hosts start the servers that the plan names"
    assert {spec.seed for spec in specs} == {run.recipe.run.seed}, "seeds of requests follow from the attempt alone"
