"""The recipes of a run: what it goes on with, what it refuses, what it writes down, and what a kill leaves."""

from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import RequestError
from cluster.store.storage import LocalStore
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.folder import open_run, read_run
from pipeline.run.workload import make_workload
from pipeline.stages.arms.rounds import nothing_learnt
from rollout.data import layout
from tests.repository import RECIPES

SMALL = ["problems.arithmetic.train=4", "problems.arithmetic.test=2", "problems.fol.train=0", "problems.fol.test=0"]


def recipe(*settings: str) -> Recipe:
    return load_recipe(RECIPES / "local.toml", [*SMALL, *settings])


def opened(folder: Path, *settings: str) -> str:
    """Open and close the run; returns what it printed."""
    console = Console(record=True, width=400)
    with open_run(recipe(*settings), folder, console, False) as run:
        assert run.recipe == recipe(*settings)
    return console.export_text()


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    with open_run(recipe(), tmp_path / "run", Console(quiet=True), False) as run:
        make_workload(run)
    return tmp_path / "run"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_goes_on_under_a_recipe_that_differs_where_it_may(planned: Path) -> None:
    before = files(planned)
    said = opened(planned, "training.ranks=1", "engines.teacher.count=2")
    assert said.startswith("  recipe 1, 20")
    assert ": engines.teacher.count: 1 -> 2; training.ranks: 2 -> 1" in said
    run = read_run(planned, Console(quiet=True))
    assert run.recipe == recipe("training.ranks=1", "engines.teacher.count=2")
    first, second = run.recipes
    assert (first.number, first.changed) == (0, ())
    assert first.parsed("there", "x") == recipe()
    assert (second.number, len(second.changed), second.plans) == (1, 2, False)
    assert second.time
    after = files(planned)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"recipe.toml", "recipes/000000.toml", "recipes/000001.toml", "events.jsonl"}
    assert after["recipes/000000.toml"] == before["recipe.toml"]


def test_the_same_recipe_again_writes_nothing(planned: Path) -> None:
    for settings in ((), ("training.ranks=1",)):
        opened(planned, *settings)
        before = files(planned)
        assert opened(planned, *settings) == ""
        assert files(planned) == before


def test_every_change_is_a_recipe_of_its_own_also_one_that_goes_back(planned: Path) -> None:
    for settings in (("training.ranks=1",), (), ("cluster.local_cpus=9",)):
        opened(planned, *settings)
    changed = [one.changed for one in read_run(planned, Console(quiet=True)).recipes]
    assert changed == [
        (),
        ("training.ranks: 2 -> 1",),
        ("training.ranks: 1 -> 2",),
        ("cluster.local_cpus: 4 -> 9",),
    ]


def test_what_is_refused_leaves_the_run_as_it_was(planned: Path) -> None:
    before = files(planned)
    with pytest.raises(RequestError, match=r"\(rollout.temperature: 1.0 -> 0.5\).* or use --run DIR"):
        opened(planned, "rollout.temperature=0.5", "training.ranks=1")
    assert files(planned) == before


def test_a_run_without_a_plan_takes_any_recipe(tmp_path: Path) -> None:
    opened(tmp_path / "run")
    opened(tmp_path / "run", "rollout.temperature=0.5", "problems.arithmetic.seed=3")
    with open_run(recipe("rollout.temperature=0.5"), tmp_path / "run", Console(quiet=True), False) as run:
        make_workload(run)
    with pytest.raises(RequestError, match=r"rollout\.temperature"):
        opened(tmp_path / "run")


def test_an_arm_that_has_begun_keeps_its_settings(planned: Path) -> None:
    opened(planned, "arms.dpo.beta=0.2")
    (planned / "checkpoints" / "dpo").mkdir(parents=True)
    opened(planned, "arms.dpo.beta=0.3")
    (planned / "checkpoints" / "dpo" / "checkpoint-2").mkdir()
    with pytest.raises(RequestError, match=r"arms.dpo.beta: 0.3 -> 0.2\); put that back, or give a changed arm a name"):
        opened(planned, "arms.dpo.beta=0.2")
    opened(planned, "arms.dpo.beta=0.3", "arms.dpo2={method='dpo', beta=0.2}")
    with pytest.raises(RequestError, match=r"training\.zero\.stage: 3 -> 2, while dpo is half trained"):
        opened(planned, "arms.dpo.beta=0.3", "arms.dpo2={method='dpo', beta=0.2}", "training.zero.stage=2")


def test_an_arm_that_was_taken_out_comes_back_as_it_was_or_not_at_all(planned: Path) -> None:
    online = "arms.online={method='dpo', beta=%s, rounds={samples=2}}"
    opened(planned, online % 0.2)
    (planned / layout.round_plan("online")).parent.mkdir(parents=True)
    (planned / layout.round_plan("online")).write_text("begun")
    assert "arms.online is gone; arms.more is new" in opened(planned, "arms.more={method='sft'}")
    opened(planned)
    with pytest.raises(RequestError, match=r"arms\.online\.beta: 0\.2 -> 0\.3"):
        opened(planned, online % 0.3)
    opened(planned, online % 0.2)
    (planned / layout.model("online")).mkdir(parents=True)
    with pytest.raises(RequestError, match=r"arms\.online is gone"):
        opened(planned)


def test_what_is_said_where_an_arm_learnt_nothing_is_accepted(planned: Path) -> None:
    online = "arms.%s={method='dpo', rounds={samples=%s}}"
    opened(planned, online % ("online", 2))
    (planned / layout.round_plan("online")).parent.mkdir(parents=True)
    (planned / layout.round_plan("online")).write_text("begun")
    advice = nothing_learnt("online", "dpo", [], 384)
    assert "take arms.online out of the recipe, or put an arm of another name in its place, with more" in advice
    opened(planned, online % ("other", 8))
    opened(planned)


def test_a_kill_between_two_writes_leaves_a_run_that_goes_on(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(self: LocalStore, path: str, data: bytes) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            opened(planned, "training.ranks=1")
    assert read_run(planned, Console(quiet=True)).recipe == recipe(), "recipe.toml is the old one still"
    opened(planned, "training.ranks=1")
    run = read_run(planned, Console(quiet=True))
    assert run.recipe == recipe("training.ranks=1")
    assert [one.number for one in run.recipes] == [0, 1], "it was written down once"
