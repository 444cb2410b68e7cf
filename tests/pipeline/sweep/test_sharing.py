"""What a sweep's run takes over: exactly what it would make just the same, as links, and only before its plan."""

from pathlib import Path

import pytest
from rich.console import Console

from cluster.store.ledger import Ledger
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.folder import Run, open_run
from pipeline.run.workload import make_workload, read_workload
from pipeline.stages import models, rollout
from pipeline.sweep.run import placed
from pipeline.sweep.sharing import take_over
from rollout.data import layout
from tests.repository import RECIPES

LOCAL = RECIPES / "local.toml"
SMALL = [f"problems.{name}.{split}=4" for name in ("arithmetic", "fol") for split in ("train", "test")]


def recipe(*settings: str) -> Recipe:
    return load_recipe(LOCAL, [*SMALL, *settings])


def opened(folder: Path, made: Recipe) -> Run:
    """A run that is there, without its lock."""
    with open_run(made, folder, Console(quiet=True), False) as run:
        return run


@pytest.fixture
def source(tmp_path: Path) -> Run:
    """A run with models and all episodes, as far as its folder tells."""
    run = opened(tmp_path / "source", recipe())
    for name in ("teacher", "base"):
        run.model(name).mkdir(parents=True)
        (run.model(name) / "model.safetensors").write_text(name)
    make_workload(run)
    ledger = Ledger(run.store, layout.EPISODES)
    for unit in read_workload(run).episode_units:
        ledger.publish(unit.name, unit.name.encode(), unit.episodes)
    assert not rollout.missing_units(run)
    return run


def test_other_arms_and_groups_take_models_and_episodes_over(source: Run, tmp_path: Path) -> None:
    changed = recipe("arms.dpo.beta=0.5", "groups.max_right=1", "evaluation.samples=2", "run.name=other")
    run = opened(tmp_path / "target", changed)
    take_over(run, [source])
    assert models.complete(run)
    assert not rollout.missing_units(run)
    assert make_workload(run).episode_units == read_workload(source).episode_units
    for path in ("models/base/model.safetensors", "models/teacher/model.safetensors", "problems/train.jsonl"):
        assert (run.folder / path).samefile(source.folder / path)
    (event,) = [row for row in run.events.read() if row["event"] == "taken over"]
    assert (event["source"], event["what"]) == (str(source.folder), ["base", "episodes"])
    take_over(run, [source])
    assert len([row for row in run.events.read() if row["event"] == "taken over"]) == 1


def test_a_killed_taking_over_is_done_again(source: Run, tmp_path: Path) -> None:
    run = opened(tmp_path / "target", recipe("arms.dpo.beta=0.5"))
    take_over(run, [source])
    (run.folder / "plan.json").unlink()
    next((run.folder / layout.EPISODES / "commits").iterdir()).unlink()
    take_over(run, [source])
    assert not rollout.missing_units(run)


def test_another_student_takes_the_episodes_alone(source: Run, tmp_path: Path) -> None:
    run = opened(tmp_path / "target", recipe("models.student.tiny.layers=2"))
    take_over(run, [source])
    assert not rollout.missing_units(run)
    assert not run.model("base").exists()


@pytest.mark.parametrize("setting", ["rollout.samples=4", "run.seed=1", "problems.fol.train=5", "episodes.max_steps=4"])
def test_what_shapes_episodes_makes_them_anew(source: Run, tmp_path: Path, setting: str) -> None:
    run = opened(tmp_path / "target", recipe(setting))
    before = sorted(run.folder.rglob("*"))
    take_over(run, [source])
    assert sorted(run.folder.rglob("*")) == before


def test_runs_of_a_sweep_keep_tiny_models_beside_the_sweep(tmp_path: Path) -> None:
    """Where another run keeps them, too."""
    assert placed(recipe(), "main", tmp_path / "sweep").models.cache == str(tmp_path / ".models")
    assert placed(recipe("models.cache=/kept"), "main", tmp_path / "sweep").models.cache == "/kept"
    stored = placed(recipe("run.store=s3://bucket/sweep"), "main", tmp_path / "sweep")
    assert stored.run.store == "s3://bucket/sweep/main"


def test_half_a_run_is_no_source(source: Run, tmp_path: Path) -> None:
    next((source.folder / layout.EPISODES / "commits").iterdir()).unlink()
    run = opened(tmp_path / "target", recipe("arms.dpo.beta=0.5"))
    take_over(run, [source])
    assert not run.store.exists("plan.json")
