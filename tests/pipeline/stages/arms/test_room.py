"""Prompts that leave no room for a reply are refused, or counted, before an engine starts."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import RequestError
from pipeline.recipe import load_recipe
from pipeline.run.folder import open_run
from pipeline.run.workload import train_problems
from pipeline.stages import models
from rollout.config import EpisodeConfig
from rollout.formats import load_format
from rollout.prompts.room import Room, room_of
from tests.repository import DATA
from tests.rollout.conversations import chat_template, tokenizer

HELPED = """
[arms.helped]
method = "dpo"
chosen_from = "helped"
help = { documentation = true }
rounds = { rounds = 2, problems = 4, samples = 2 }
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("room")
    tokenizer().save_pretrained(str(folder / "model"))
    (folder / "model" / "config.json").write_text("{}")
    path = folder / "recipe.toml"
    path.write_text((DATA / "scripted.toml").read_text().replace("MODEL", str(folder / "model")) + HELPED)
    return path


def made(recipe: Path, folder: Path, *settings: str) -> str:
    """What stage `models` prints."""
    out = io.StringIO()
    with open_run(load_recipe(recipe, settings), folder, Console(file=out, width=300), verbose=True) as run:
        models.work(run)
    return out.getvalue()


def contexts(teacher: int, student: int) -> tuple[str, str]:
    return (
        f"engines.teacher.engine.max_context={teacher}",
        f"engines.student.engine.max_context={student}",
    )


def lengths(recipe: Path, folder: Path) -> list[int]:
    """Tokens of the train problems' prompts."""
    with open_run(load_recipe(recipe), folder, Console(quiet=True), verbose=False) as run:
        models.work(run)
        config, call_format = run.recipe.episodes, load_format("json")
        return sorted(room_of([each], chat_template(), call_format, config, 1).longest for each in train_problems(run))


def test_what_fits_is_not_mentioned(recipe: Path, tmp_path: Path) -> None:
    assert "room for a reply" not in made(recipe, tmp_path / "run", *contexts(8192, 8192))


def test_what_fits_nowhere_is_refused_in_one_line(recipe: Path, tmp_path: Path) -> None:
    longest = lengths(recipe, tmp_path / "whole")[-1]
    with pytest.raises(RequestError) as caught:
        made(recipe, tmp_path / "run", *contexts(40, 8192))
    assert str(caught.value).startswith(
        f"train problems of arithmetic: prompts have up to {longest} tokens, and engines.teacher.engine.max_context = "
        "40 leaves none of them room for a reply; raise it"
    )
    assert "\n" not in str(caught.value)
    with pytest.raises(RequestError, match=r"suite arithmetic: .* engines\.student\.engine\.max_context = 40"):
        made(recipe, tmp_path / "student", *contexts(8192, 40), "arms.helped={method='sft'}")


def test_where_some_do_not_fit_they_are_counted(recipe: Path, tmp_path: Path) -> None:
    found = lengths(recipe, tmp_path / "whole")
    context = found[len(found) // 2]
    without = sum(length >= context for length in found)
    assert 0 < without < len(found)
    said = made(recipe, tmp_path / "run", *contexts(context, 8192))
    assert (
        f"train problems of arithmetic: {without} of 8 prompts that were looked at have up to {found[-1]} tokens"
        in said
    )


def test_help_that_takes_all_the_room_is_refused(recipe: Path, tmp_path: Path) -> None:
    longest = lengths(recipe, tmp_path / "whole")[-1]
    with pytest.raises(RequestError, match=r"arms\.helped\.help: .* engines\.student\.engine\.max_context = "):
        made(recipe, tmp_path / "run", *contexts(8192, longest + 60))


def test_some_of_many_problems_are_looked_at(recipe: Path, tmp_path: Path) -> None:
    with open_run(
        load_recipe(recipe, ["problems.arithmetic.train=100"]), tmp_path / "run", Console(quiet=True), False
    ) as run:
        models.work(run)
        problems = train_problems(run)
    found = room_of(problems, chat_template(), load_format("json"), EpisodeConfig(verbosity="names"), 1)
    assert (found.prompts, found.without) == (32, 32)
    assert room_of([], chat_template(), load_format("json"), EpisodeConfig(), 1) == Room(0, 0, 0)


def test_prompts_of_tiny_models_are_refused_before_the_models_are_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> None:
        raise AssertionError("models are trained")

    monkeypatch.setattr(models, "_make_learning", nothing)
    with pytest.raises(RequestError, match="leaves none of them room for a reply"):
        made(DATA / "smallest.toml", tmp_path / "run", *contexts(20, 384))
    with pytest.raises(AssertionError, match="models are trained"):
        made(DATA / "smallest.toml", tmp_path / "fits", *contexts(384, 384))
