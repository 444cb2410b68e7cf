"""`chainpref inspect` at every stage of a run, and what it says to a wrong request."""

import shutil
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import RequestError
from pipeline.commands.inspection import inspect_run
from pipeline.run.folder import read_run
from pipeline.run.workload import train_problems
from tests.repository import DATA

OPTIONS = ("outcome", "code", "family", "suite", "arm", "problem")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished run of the scripted engine."""
    return Path(shutil.copytree(DATA / "run-f013669", tmp_path / "run"))


def inspect(folder: Path, what: str = "", limit: int = 2, **options: str) -> str:
    console = Console(width=80, record=True, force_terminal=False)
    inspect_run(folder, what, dict.fromkeys(OPTIONS, "") | options, limit, console)
    return console.export_text()


def test_scores_are_shown_where_there_are_some(folder: Path) -> None:
    text = inspect(folder)
    assert "base: " in text
    assert "teacher: " in text
    assert f"see also `chainpref inspect {folder} rollouts`" in text


def test_groups_are_shown_before_evaluation_has_run(folder: Path) -> None:
    shutil.rmtree(folder / "scores")
    text = inspect(folder)
    assert "distinct chains: 1 right, 1 wrong · pairs: 1" in text
    assert "3 samples (0, 2, 3): right" in text
    assert "3 samples (1, 4, 5): wrong (not_a_call)" in text
    assert "these are groups" in text


def test_rollouts_are_shown_before_there_are_groups(folder: Path) -> None:
    shutil.rmtree(folder / "scores")
    shutil.rmtree(folder / "groups")
    text = inspect(folder)
    (first, *_) = train_problems(read_run(folder, Console()))
    assert " ".join(first.text.split()) in " ".join(text.split())
    assert f"{first.id} · 6 attempts: " in text
    assert '{"name":"mul","arguments":{"a":18,"b":8}}' in text
    assert "→ 144" in text
    assert "✗ not_a_call" in text


def test_a_run_without_anything_names_the_stage_that_makes_it(folder: Path) -> None:
    for name in ("scores", "groups", "episodes"):
        shutil.rmtree(folder / name)
    with pytest.raises(RequestError, match="has no rollouts yet; `chainpref rollout RECIPE` makes them"):
        inspect(folder)
    with pytest.raises(RequestError, match="has no scores yet; `chainpref evaluate RECIPE` makes them"):
        inspect(folder, "scores")
    shutil.rmtree(folder / "problems")
    (folder / "plan.json").unlink()
    with pytest.raises(RequestError, match="has no plan yet"):
        inspect(folder)


@pytest.mark.parametrize("what", ["rollouts", "groups", "scores"])
def test_filters_keep_problems_with_an_attempt_that_passes(folder: Path, what: str) -> None:
    assert "not_a_call" in inspect(folder, what, code="not_a_call")
    with pytest.raises(RequestError, match=f"none of its {what} passes this filter"):
        inspect(folder, what, outcome="truncated")


def test_a_problem_of_the_training_data_is_found_without_saying_where(folder: Path) -> None:
    problem = train_problems(read_run(folder, Console()))[0]
    assert problem.id in inspect(folder, problem=problem.id)
    assert inspect(folder, "rollouts", problem=problem.id, limit=9).count("attempts: ") == 1


@pytest.mark.parametrize(
    ("option", "name", "named"),
    [
        ("arm", "techer", "base, teacher|teacher, base"),
        ("suite", "arithmetics", "arguments, arithmetic|arithmetic, arguments"),
        ("family", "arithmetik", "arithmetic, subtask_parameters"),
        ("outcome", "rong", "right, wrong, truncated, infrastructure"),
        ("code", "not_call", "not_a_call, "),
        ("problem", "arithmetic-test-49bb812c2ee", "arithmetic-test-49bb812c2eeb"),
    ],
)
def test_a_typo_names_what_there_is(folder: Path, option: str, name: str, named: str) -> None:
    with pytest.raises(RequestError, match=f"--{option} {name}: unknown; there are .*({named})") as caught:
        inspect(folder, **{option: name})
    assert caught.value.exit_status == 2


def test_a_typo_in_what_to_show_names_what_there_is(folder: Path) -> None:
    with pytest.raises(RequestError, match="WHAT rollout: unknown; there are rollouts, groups, rounds, scores"):
        inspect(folder, "rollout")


def test_rollouts_have_no_arms(folder: Path) -> None:
    with pytest.raises(RequestError, match="--arm base: rollouts have no arm"):
        inspect(folder, "rollouts", arm="base")
