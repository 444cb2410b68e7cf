"""Suites that are asked otherwise than the recipe's own way, and requests that are refused."""

from pathlib import Path

import pytest

from cluster.errors import RequestError
from pipeline.recipe import Recipe, load_recipe
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
