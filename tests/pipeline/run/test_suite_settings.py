"""Suites that are asked otherwise than the recipe's own way, and requests that are refused."""

import json
from pathlib import Path

import pytest

from cluster.errors import RequestError
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.draws import draw_problems
from pipeline.run.suites import suite_episodes

LOCAL = Path("recipes/local.toml")


def recipe(*settings: str) -> Recipe:
    return load_recipe(LOCAL, settings)


def test_a_section_sets_what_its_suites_need_and_leaves_the_rest() -> None:
    made = recipe(
        "problems.many.family=arithmetic",
        "problems.many.test=5",
        "problems.many.distractors=1000",
        "problems.many.retrieve=16",
        "problems.many.prompt_tokens=400",
        "problems.full.family=arithmetic",
        "problems.full.test=5",
        "problems.full.call_format=python",
        "problems.full.verbosity=full",
    )
    asked = suite_episodes(made)
    assert asked["arithmetic"] == asked["fol"] == made.episodes
    assert asked["many"] == made.episodes.model_copy(update={"retrieve": 16, "prompt_tokens": 400})
    assert asked["full"] == made.episodes.model_copy(update={"call_format": "python", "verbosity": "full"})


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("problems.arithmetic.verbosity=full", "verbosity is for held-out suites: set episodes.verbosity"),
        ("episodes.call_format=xml", "no such format; known: hermes, json"),
        ("episodes.call_format=native", "tiny models' own templates show no functions; use json or python"),
        ("episodes.prompt_tokens=512", "engines have 512 tokens; lower it"),
        ("episodes.retrieve=-1", "retrieve"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(setting: str, fault: str) -> None:
    with pytest.raises(RequestError, match=fault) as caught:
        recipe(setting)
    assert len(str(caught.value).splitlines()) == 1


def test_a_section_without_train_problems_says_that_it_shows_no_examples() -> None:
    bench = ("problems.few.family=bfcl", "problems.few.task=multiple", "problems.few.test=2", "episodes.examples=1")
    with pytest.raises(RequestError, match=r"bfcl has no train problems .* set examples = 0 in problems\.few$"):
        recipe(*bench)
    made = recipe(*bench, "problems.few.examples=0", "episodes.examples_file=worked.jsonl")
    assert {name: asked.examples for name, asked in suite_episodes(made).items()}["few"] == 0
    assert suite_episodes(made)["few"].examples_file == "worked.jsonl"


FINISH = [{"name": "finish", "arguments": {"answer": 3}}]


@pytest.mark.parametrize(
    ("toolbox", "fault"),
    [
        ("tools/shop.py", None),
        ("tools/other.py", r"worked\.jsonl:2: toolbox 'tools/other\.py' is that of no problem of this recipe"),
        ("mcp:sleep 3", r"worked\.jsonl:2: toolbox 'mcp:sleep 3' is that of no problem"),
    ],
)
def test_a_row_of_examples_names_a_toolbox_of_the_recipe(tmp_path: Path, toolbox: str, fault: str | None) -> None:
    path, plain = tmp_path / "worked.jsonl", {"text": "One and two?", "calls": FINISH, "toolbox": "arithmetic"}
    path.write_text(f"{json.dumps(plain)}\n{json.dumps({**plain, 'toolbox': toolbox})}")
    hub = {"family": "hub", "path": "some/where", "toolbox": "tools/shop.py", "test": 4}
    made = recipe(
        *(f"problems.shop.{key}={value}" for key, value in hub.items()),
        "episodes.examples=1",
        f"episodes.examples_file={path}",
    )
    here = ("arithmetic",)
    if fault is None:
        assert draw_problems(made, here).suites["arithmetic"][0].examples[0].text == "One and two?"
        return
    with pytest.raises(RequestError, match=fault):
        draw_problems(made, here)
    # Rows of a data set that is not asked may name it.
    elsewhere = made.problems["shop"].model_copy(update={"toolbox_column": "box"})
    made = made.model_copy(update={"problems": {**made.problems, "shop": elsewhere}})
    assert draw_problems(made, here).train
