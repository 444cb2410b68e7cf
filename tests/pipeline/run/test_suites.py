"""Suites: a family's own and its variants, of as many problems as the recipe says; nothing held out is learnt from."""

import pytest

from cluster.errors import RequestError
from evaluation.job import grown_parts, plan_scores
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.suites import make_suites, suite_models, suite_samples
from rollout.problems import FAMILIES, VARIANTS, generate
from rollout.problems.config import IMPORTED
from rollout.problems.families.subtasks import SUBTASKS
from rollout.problems.tokens import same_text
from rollout.records import Problem
from tests.repository import RECIPES
from training.tiny.corpus import Corpus

LOCAL, FULL = RECIPES / "local.toml", RECIPES / "local-full.toml"
FROM_ELSEWHERE = {*IMPORTED, "reasoning_gym", "bfcl", "tau2"}
"""Families that need a file, the Hub or a package."""


@pytest.fixture(scope="module")
def full() -> Recipe:
    return load_recipe(FULL)


@pytest.fixture(scope="module")
def suites(full: Recipe) -> dict[str, list[Problem]]:
    return make_suites(full)


@pytest.mark.long
def test_the_full_recipe_has_a_suite_of_every_family_and_variant(
    full: Recipe, suites: dict[str, list[Problem]]
) -> None:
    assert {problem.family for problems in suites.values() for problem in problems} == set(FAMILIES) - FROM_ELSEWHERE
    assert {f"subtask_{kind}" for kind in SUBTASKS} <= set(suites)
    assert {f"{name}-{kind}" for name in ("arithmetic", "fol") for kind in VARIANTS} <= set(suites)
    assert all(len(problems) >= 200 for problems in suites.values())
    assert all(len({problem.id for problem in problems}) == len(problems) for problems in suites.values())
    assert set(full.arms) == {"sft", "dpo", "sft+dpo", "sft-wrong"}


@pytest.mark.long
def test_the_full_recipe_changes_one_axis_at_a_time(full: Recipe, suites: dict[str, list[Problem]]) -> None:
    for name in ("arithmetic_8_distractors", "arithmetic_100_retrieved", "arithmetic_signatures", "arithmetic_python"):
        assert [problem.text for problem in suites[name]] == [problem.text for problem in suites["arithmetic"]]
        family = full.problems[name].model_dump(exclude={"train", "variants", "samples", "pretrain"})
        plain = full.problems["arithmetic"].model_dump(exclude={"train", "variants", "samples", "pretrain"})
        changed = {key for key, value in family.items() if value != plain[key]}
        assert changed <= {"distractors", "retrieve"} or changed in ({"verbosity"}, {"call_format"})


def test_two_families_and_more_are_out_of_domain_in_the_full_recipe(full: Recipe) -> None:
    trained = {family.family for family in full.problems.values() if family.train}
    unseen = {family.family for family in full.problems.values()} - trained
    assert trained == {"arithmetic", "fol"}
    assert {"letters", "dates", "units", "coins", "lists", "zebra", "knights"} <= unseen


@pytest.mark.long
def test_no_held_out_problem_of_the_full_recipe_is_learnt_from(full: Recipe, suites: dict[str, list[Problem]]) -> None:
    held_out = [problem for problems in suites.values() for problem in problems]
    words = {same_text(problem.text) for problem in held_out}
    rolled_out = [p for family in full.problems.values() if family.train for p in generate(family, "train")]
    assert rolled_out
    assert not words & {same_text(problem.text) for problem in rolled_out}
    corpus = Corpus(tuple(family for family in full.problems.values() if family.corpus_parts), full.episodes)
    pools = corpus.holding_out(held_out).pools
    assert len(pools) >= 10
    assert not words & {same_text(problem.text) for pool in pools for problem in pool}


def test_a_variant_suite_is_paired_problem_by_problem() -> None:
    settings = ["problems.fol.test=6", "problems.fol.variants=['order', 'added']", "problems.arithmetic.test=4"]
    suites = make_suites(load_recipe(LOCAL, settings))
    assert {suite: len(problems) for suite, problems in suites.items()} == {
        "arithmetic": 4,
        "fol": 6,
        "fol-order": 6,
        "fol-added": 6,
    }
    for variant in ("order", "added"):
        sources = [problem.source for problem in suites[f"fol-{variant}"]]
        assert sources == [f"variant of {problem.id}" for problem in suites["fol"]]


def test_variants_are_of_test_problems_alone() -> None:
    settings = [
        "evaluation.split='validation'",
        "problems.fol.validation=3",
        "problems.fol.variants=['order']",
    ]
    assert {suite: len(problems) for suite, problems in make_suites(load_recipe(LOCAL, settings)).items()} == {"fol": 3}


def test_a_suite_is_sampled_as_often_as_its_section_says() -> None:
    settings = ["problems.fol.samples=0", "problems.fol.variants=['order']", "problems.fol.test=2"]
    recipe = load_recipe(LOCAL, [*settings, "problems.arithmetic.test=3"])
    samples = suite_samples(recipe)
    assert samples == {"arithmetic": 4, "fol": 0, "fol-order": 0}
    suites = make_suites(recipe)
    parts = grown_parts((), {suite: len(problems) for suite, problems in suites.items()}, samples)
    units = plan_scores(["base"], suites, parts, recipe.evaluation.temperature, "g")
    assert sorted((unit.suite, unit.temperature, unit.attempts) for unit in units) == [
        ("arithmetic", 0.0, 3),
        ("arithmetic", 0.7, 12),
        ("fol", 0.0, 2),
        ("fol-order", 0.0, 2),
    ]


def test_a_suite_is_attempted_by_the_models_that_its_section_names() -> None:
    recipe = load_recipe(LOCAL, ["problems.fol.models=['dpo','teacher']", "problems.fol.variants=['order']"])
    everyone = ("teacher", "base", *recipe.arms)
    named = ("teacher", "dpo")
    assert suite_models(recipe) == {"arithmetic": everyone, "fol": named, "fol-order": named}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["problems.fol.variants=['ordre']"], "problems.fol.variants"),
        (["problems.fol.variants=['order']", "problems.fol-order.family='fol'"], "there are two suites 'fol-order'"),
        (
            ["problems.bfcl_multiple={family='bfcl', task='parallel', test=3}"],
            "under its category 'multiple', and this",
        ),
        (
            ["problems.bfcl_parallel_whole={family='fol', test=3}"],
            "under its category 'parallel', and this one has other",
        ),
        (
            ["problems.bfcl_multi_turn_base={family='bfcl', task='multi_turn_base', test=3, max_turns=1}"],
            "under its category 'multi_turn_base', and max_turns makes other problems; give it another name",
        ),
        (["problems.'a/b'.family='fol'"], "problems.a/b: use at most 64 letters"),
        (["problems.fol.train=0", "problems.arithmetic.pretrain=0"], "none to make tiny models or warm starts from"),
        (["problems.fol.models=['base','best']"], "problems.fol.models: no model 'best'; there are teacher, base, "),
        (["problems.fol.samples=-1"], "problems.fol.samples = -1"),
    ],
)
def test_what_makes_no_suite_is_refused_in_one_line(settings: list[str], said: str) -> None:
    with pytest.raises(RequestError) as caught:
        load_recipe(LOCAL, settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
