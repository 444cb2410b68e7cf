"""A run whose ledgers lie in a bucket: marked there as one recipe's, gone on with from another folder."""

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import RequestError
from cluster.store.storage import open_store
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.folder import open_run, read_run
from pipeline.run.workload import make_workload, read_workload
from pipeline.stages.evaluate import planned_units
from tests.cluster.store.s3 import s3_environment, s3_server
from tests.repository import ROOT


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def uri(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    s3_environment(endpoint, monkeypatch)
    return f"s3://bucket/{tmp_path.name}/run"


def _recipe(uri: str, *settings: str) -> Recipe:
    small = ["problems.arithmetic.train=4", "problems.arithmetic.test=2", "problems.fol.train=0", "problems.fol.test=0"]
    return load_recipe(ROOT / "recipes" / "local.toml", [f"run.store={uri}", *small, *settings])


def _console() -> Console:
    return Console(file=io.StringIO())


def test_the_plan_lies_in_the_bucket_and_outlives_the_folder(uri: str, tmp_path: Path) -> None:
    with open_run(_recipe(uri), tmp_path / "first", _console(), False) as run:
        workload = make_workload(run)
    assert not (tmp_path / "first" / "plan.json").exists()
    assert {"plan.json", "recipe.toml", "problems/train.jsonl"} <= set(open_store(uri).list())
    assert read_workload(read_run(tmp_path / "first", _console())) == workload
    with open_run(_recipe(uri), tmp_path / "second", _console(), False) as run:
        assert make_workload(run) == workload


def test_another_recipe_under_the_same_prefix_is_refused(uri: str, tmp_path: Path) -> None:
    with open_run(_recipe(uri), tmp_path / "first", _console(), False) as run:
        make_workload(run)
    changed = _recipe(uri, "rollout.temperature=0.5")
    with (
        pytest.raises(RequestError, match=r"made by another recipe \(rollout.temperature: 1.0 -> 0.5\)"),
        open_run(changed, tmp_path / "second", _console(), False),
    ):
        pass
    assert not (tmp_path / "second" / "recipe.toml").exists()


def test_what_a_run_may_change_lies_in_the_bucket_and_outlives_the_folder(uri: str, tmp_path: Path) -> None:
    with open_run(_recipe(uri), tmp_path / "first", _console(), False) as run:
        make_workload(run)
    changed = _recipe(uri, "training.ranks=1")
    with open_run(changed, tmp_path / "first", _console(), False) as run:
        assert run.recipes[-1].changed == ("training.ranks: 2 -> 1",)
    assert read_run(tmp_path / "first", _console()).recipe == changed
    with open_run(changed, tmp_path / "second", _console(), False) as run:
        assert [one.number for one in run.recipes] == [0, 1]
        assert run.recipe.training.ranks == 1
    assert "recipes/000001.toml" in open_store(uri).list()


def test_a_bucket_that_is_not_there_is_one_line_and_leaves_no_folder(uri: str, tmp_path: Path) -> None:
    recipe = _recipe("s3://no-such-bucket/run")
    with (
        pytest.raises(RequestError, match="the bucket does not exist"),
        open_run(recipe, tmp_path / "run", _console(), False),
    ):
        pass
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("value", ["s3://bucket", "s3://bucket/", "gs://bucket/run", "/somewhere"])
def test_what_is_no_prefix_of_a_bucket_is_refused(value: str) -> None:
    with pytest.raises(RequestError, match=r"run\.store"):
        load_recipe(ROOT / "recipes" / "local.toml", [f"run.store={value}"])


def test_a_run_made_before_a_key_was_added_goes_on(tmp_path: Path) -> None:
    recipe = load_recipe(ROOT / "recipes" / "local.toml")
    with open_run(recipe, tmp_path / "run", _console(), False):
        pass
    path = tmp_path / "run" / "recipe.toml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(("store =", "# sha256"))))
    assert len(path.read_text().splitlines()) == len(lines) - 2
    with open_run(recipe, tmp_path / "run", _console(), False):
        pass


def test_a_planned_run_keeps_its_name_wherever_it_lies_and_runs(tmp_path: Path) -> None:
    """Units are named by it: under another one all scores would be made, and counted, a second time."""
    small = ["problems.arithmetic.train=4", "problems.arithmetic.test=2", "problems.fol.train=0", "problems.fol.test=0"]
    with open_run(load_recipe(ROOT / "recipes" / "local.toml", small), tmp_path / "run", _console(), False) as run:
        make_workload(run)
        first, units = run.id, [unit.name for unit in planned_units(run)]
    moved = [*small, "run.directory=/elsewhere", "cluster.address=auto", "models.cache=/elsewhere/.models"]
    with open_run(load_recipe(ROOT / "recipes" / "local.toml", moved), tmp_path / "run", _console(), False) as run:
        assert run.id == first
        assert [unit.name for unit in planned_units(run)] == units


def test_a_second_command_waits_as_long_as_it_is_told_and_no_longer(tmp_path: Path) -> None:
    recipe = load_recipe(ROOT / "recipes" / "local.toml")
    with open_run(recipe, tmp_path / "run", _console(), False):
        for wait_s in (0, 0.1):
            with (
                pytest.raises(RequestError, match="another chainpref command works on it"),
                open_run(recipe, tmp_path / "run", _console(), False, wait_s),
            ):
                pass
        first = threading.Event()
        second = threading.Thread(target=lambda: _hold(recipe, tmp_path / "run", first))
        second.start()
        assert not first.is_set()
    second.join(timeout=60)
    assert first.is_set()


def _hold(recipe: Recipe, folder: Path, held: threading.Event) -> None:
    with open_run(recipe, folder, _console(), False, 60):
        held.set()
