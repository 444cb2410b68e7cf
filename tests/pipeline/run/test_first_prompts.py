"""What the recipes' first prompts say to a model: that a call is wanted, in which format, and what one looks like."""

import re
from pathlib import Path

import pytest

from cluster.config import load_toml
from pipeline.recipe import GIVEN_MODELS, load_recipe
from rollout.formats import load_format
from rollout.problems import generate
from rollout.problems.worked import with_examples
from rollout.prompts.prompting import make_prompt
from rollout.prompts.template import ChatTemplate
from tests.repository import RECIPES, recipes_to_draw
from tests.rollout.prompts.native_models import tokenizer

FORMS = {"json": '{"name": ..., "arguments": {...}}', "python": "Python call a line"}
OF_RUNS = sorted(path for path in RECIPES.glob("*.toml") if "sweep" not in load_toml(path))


def test_there_are_recipes_for_given_models() -> None:
    recipes = [load_recipe(path) for path in OF_RUNS]
    assert sum(any(recipe.model(name).tiny is None for name in GIVEN_MODELS) for recipe in recipes) >= 4


@pytest.mark.parametrize("path", recipes_to_draw(OF_RUNS))
def test_the_first_prompt_asks_a_given_model_for_a_call_names_the_format_and_shows_one(path: Path) -> None:
    recipe = load_recipe(path)
    if all(recipe.model(name).tiny is not None for name in GIVEN_MODELS):
        # Tiny models have learnt the format from a corpus whose prompts say no more than theirs.
        assert recipe.episodes.verbosity == "names"
        return
    template = ChatTemplate(tokenizer("qwen2_5"))
    for family in recipe.problems.values():
        split = "train" if family.train else recipe.evaluation.split
        if not family.at_hand or not family.count(split):
            continue
        config = recipe.episodes.of_suite(family.episode_settings)
        call_format = load_format(config.call_format)
        some = family.model_copy(update={split: 1})
        (problem,) = with_examples(generate(some, split), some, split, config)
        prompt = make_prompt(problem, template, call_format, config)
        text = tokenizer("qwen2_5").decode(prompt.ids)
        assert "Reply with one " in text
        assert FORMS[config.call_format] in text
        assert set(re.findall(r"[\w]+", " ".join(prompt.toolbox.functions))) <= set(re.findall(r"[\w]+", text))
        replies = re.findall(r"<\|im_start\|>assistant\n(.*?)<\|im_end\|>", text, re.DOTALL)
        assert len(replies) >= config.examples
        if not config.examples:
            # Models that have learnt the format first are shown one call, be it made up where schemas bring none.
            assert all(recipe.model(name).warm is not None for name in GIVEN_MODELS)
            replies = re.findall(r"Example: (.*)", text)
        assert replies
        assert all(call_format.parse(reply) for reply in replies)
