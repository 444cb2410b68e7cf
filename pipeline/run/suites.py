"""The suites of a recipe: held-out problems of each family that has any, and each of its variant suites.

The suite of `[problems.NAME]` is called NAME, its variant suite NAME-VARIANT; problem by problem the variant suite's
`source` names the original in NAME.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from pipeline.recipe import GIVEN_MODELS, Recipe
from rollout.config import EpisodeConfig
from rollout.problems import generate
from rollout.problems.config import FamilyConfig
from rollout.problems.duplicates import HeldOut
from rollout.problems.worked import with_examples
from rollout.records import Problem

if TYPE_CHECKING:
    from training.tiny.corpus import Corpus


def make_suites(recipe: Recipe) -> dict[str, list[Problem]]:
    """Suite -> its problems of the split that the recipe evaluates on. The test split alone has variants."""
    split = recipe.evaluation.split
    drawn = dict[str, tuple[str, str, list[Problem]]]()
    for name, family in recipe.problems.items():
        if family.count(split):
            drawn[name] = (name, split, generate(family, split))
            for variant in family.variants if split == "test" else ():
                varied = f"variant-{variant}"
                drawn[f"{name}-{variant}"] = (name, varied, generate(family, varied))
    held_out = HeldOut(problem for *_, problems in drawn.values() for problem in problems)
    suites = dict[str, list[Problem]]()
    for suite, (name, varied, problems) in drawn.items():
        family = recipe.problems[name]
        config = recipe.episodes.of_suite(family.episode_settings)
        suites[suite] = with_examples(problems, family, varied, config, f"problems.{name}", held_out)
    return suites


def suite_families(recipe: Recipe) -> Mapping[str, FamilyConfig]:
    """Suite -> the family's section that defines it, whether or not it has problems in this split."""
    return {
        suite: family
        for name, family in recipe.problems.items()
        for suite in (name, *(f"{name}-{variant}" for variant in family.variants))
    }


def suite_samples(recipe: Recipe) -> dict[str, int]:
    """Suite -> sampled attempts at each problem."""
    return {
        suite: recipe.evaluation.samples if family.samples is None else family.samples
        for suite, family in suite_families(recipe).items()
    }


def suite_models(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """Suite -> the models that attempt it, in the order teacher, base, arms."""
    everyone = (*GIVEN_MODELS, *recipe.arms)
    return {
        suite: tuple(name for name in everyone if not family.models or name in family.models)
        for suite, family in suite_families(recipe).items()
    }


def suite_episodes(recipe: Recipe) -> dict[str, EpisodeConfig]:
    """Suite -> how its problems are attempted: the recipe's `episodes` with the section's own settings."""
    return {
        suite: recipe.episodes.of_suite(family.episode_settings) for suite, family in suite_families(recipe).items()
    }


def corpus_of(recipe: Recipe, sections: Collection[str] = ()) -> "Corpus":
    """What the models of a recipe learn from that are made here, of these sections of problems (by default all that can
    be learnt from); problems that are held out are not taken out yet."""
    from training.tiny.corpus import Corpus

    chosen = [recipe.problems[name] for name in sections] or recipe.problems.values()
    return Corpus(tuple(family for family in chosen if family.corpus_parts), recipe.episodes)
