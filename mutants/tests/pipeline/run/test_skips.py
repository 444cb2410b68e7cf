"""The quota counts what is committed, after a restart from the commit records alone."""

from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from cluster.store.ledger import Ledger
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.stages.rollout import QuotaSkips
from rollout.data import layout
from rollout.hosts.work import EpisodeWork, ServedModel, skipped_problems
from rollout.records import Producer
from tests.repository import DATA
from tests.rollout.conversations import ADDITION

MODEL = ServedModel(name="teacher", source="", producer=Producer(model="teacher", revision="", licence=""))
PROBLEMS = tuple(msgspec.structs.replace(ADDITION, id=f"p{number}") for number in range(2))
RECIPE = load_recipe(DATA / "scripted.toml")


def unit(name: str) -> EpisodeWork:
    return EpisodeWork(
        unit=name, prefix=layout.EPISODES, model=MODEL, problems=PROBLEMS, samples=(0, 1), temperature=1.0
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(recipe=RECIPE, folder=tmp_path, console=Console(quiet=True))
    meta = {"tally": '{"p0":[3,1],"p1":[0,2]}'}
    Ledger(run.store, layout.EPISODES).publish("u0", b"never read", 6, meta=meta)
    return run


def test_a_restart_counts_from_the_records(run: Run) -> None:
    ended: list[str] = []
    skips = QuotaSkips(run, ended.append)
    skips.count("u0", {"p1": (9, 9)})  # committed before: counted
    revised = skips.revise(unit("u1"))
    assert revised is not None
    assert revised.skipped == ()
    skips.count("u1", {"p0": (0, 1)})
    revised = skips.revise(unit("u2"))
    assert revised is not None
    assert revised.skipped == ("p0",)
    skips.count("u2", {"p1": (3, 0)})
    assert skips.revise(unit("u3")) is None
    assert ended == ["u3"]
    assert skipped_problems(Ledger(run.store, layout.EPISODES).history()["u3"]) == ("p0", "p1")


def test_a_unit_that_a_late_host_committed_counts_as_that_says(run: Run) -> None:
    skips = QuotaSkips(run, lambda unit: None)
    skips.count("u1", {"p0": (0, 1), "p1": (3, 0)})
    Ledger(run.store, layout.EPISODES).publish("u2", b"never read", 2, meta={"tally": '{"p0":[1,1]}'})
    assert skips.revise(unit("u2")) is None
    assert not skipped_problems(Ledger(run.store, layout.EPISODES).history()["u2"])
