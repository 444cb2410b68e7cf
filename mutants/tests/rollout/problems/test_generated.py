"""Generated families: deterministic, disjoint, balanced, their gold answers cross-checked."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from cluster.errors import RequestError, WorkError
from rollout.problems import VARIANTS, FamilyConfig, generate
from rollout.problems.families.reading import read_story
from rollout.problems.proving import chained, proved
from rollout.problems.story import agree
from rollout.toolboxes.builtin.formulas import Fact, read_formula

GENERATED = ("arithmetic", "fol", "zebra", "knights", "letters", "lists", "coins", "dates", "units")
SUITES = ("validation", "test", *(f"variant-{kind}" for kind in VARIANTS))


def config(family: str, **changes: object) -> FamilyConfig:
    return FamilyConfig.model_validate(
        {"family": family, "train": 30, "validation": 8, "test": 12, "difficulty": (1, 3), **changes}
    )


@pytest.mark.parametrize("family", GENERATED)
def test_the_same_in_every_process(family: str) -> None:
    program = (
        "from rollout.problems import FamilyConfig, generate\n"
        f"c = FamilyConfig(family={family!r}, train=10, test=10, difficulty=(1, 3))\n"
        "import sys\n"
        "ids = [p.id for s in ('train', 'variant-renamed', 'variant-added') for p in generate(c, s)]\n"
        "sys.stdout.write(' '.join(ids))"
    )

    def run(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        ).stdout

    first = run("1")
    assert len(first.split()) == 30
    assert run("2") == first


@pytest.mark.parametrize("family", GENERATED)
def test_more_problems_begin_with_the_fewer(family: str) -> None:
    assert generate(config(family, train=10), "train") == generate(config(family, train=30), "train")[:10]
    assert generate(config(family, seed=1), "train") != generate(config(family), "train")


@pytest.mark.parametrize("family", GENERATED)
def test_splits_share_no_text_and_no_template_even_across_seeds(family: str) -> None:
    train = generate(config(family, train=100, difficulty=(1, 2)), "train")
    held_out = [
        problem
        for seed in (0, 1)
        for split in ("validation", "test")
        for problem in generate(config(family, seed=seed, validation=20, test=20, difficulty=(1, 2)), split)
    ]
    assert not {p.template for p in train} & {p.template for p in held_out}
    assert not {p.text for p in train} & {p.text for p in held_out}
    assert len({p.template for p in train}) >= 20


@pytest.mark.parametrize("family", GENERATED)
def test_ids_are_unique_over_all_splits(family: str) -> None:
    problems = [p for split in ("train", *SUITES) for p in generate(config(family), split)]
    assert len({p.id for p in problems}) == len(problems) == 30 + 8 + 12 * (1 + len(VARIANTS))


@pytest.mark.parametrize("family", GENERATED)
@pytest.mark.parametrize("kind", VARIANTS)
def test_every_variant_is_paired_with_a_test_problem_and_differs_from_it(family: str, kind: str) -> None:
    originals = generate(config(family), "test")
    variants = generate(config(family), f"variant-{kind}")
    assert [p.source for p in variants] == [f"variant of {p.id}" for p in originals]
    for original, variant in zip(originals, variants, strict=True):
        assert (variant.text, variant.toolbox) != (original.text, original.toolbox)


@pytest.mark.parametrize("family", sorted(set(GENERATED) - {"zebra"}))
def test_removed_and_added_change_the_number_of_calls(family: str) -> None:
    lengths = {
        split: [problem.difficulty for problem in generate(config(family), split)]
        for split in ("test", "variant-removed", "variant-added")
    }
    assert all(one < other for one, other in zip(lengths["variant-removed"], lengths["test"], strict=True))
    assert all(one > other for one, other in zip(lengths["variant-added"], lengths["test"], strict=True))


def test_arithmetic_has_as_many_calls_as_its_difficulty_says() -> None:
    for problem in generate(config("arithmetic", difficulty=(1, 8)), "train"):
        assert len(problem.gold_calls) == problem.difficulty + 1
        assert problem.gold_calls[-1].arguments == f'{{"answer":{problem.gold}}}'


def test_fol_answers_are_balanced() -> None:
    easy = Counter(p.gold for p in generate(config("fol", train=400, difficulty=(1, 2)), "train"))
    assert easy.keys() == {'"yes"', '"no"'}
    assert max(easy.values()) < 0.58 * 400
    hard = Counter(p.gold for p in generate(config("fol", train=300, difficulty=(3, 6)), "train"))
    assert hard.keys() == {'"yes"', '"no"', '"unknown"'}
    assert max(hard.values()) < 0.5 * 300


def test_a_short_problem_stays_short() -> None:
    for family, most in (("arithmetic", 32), ("fol", 42)):
        words = [len(p.text.split()) for p in generate(config(family, difficulty=(1, 2), train=100), "train")]
        assert max(words) <= most


def test_reading_finds_a_planted_error() -> None:
    text = "Tom has 12 pens. Ann owns 5 pens. Tom makes it 3 times as many. How many more pens has Tom than Ann?"
    assert read_story(text) == 31
    with pytest.raises(WorkError, match="disagree"):
        agree(30, read_story(text), text)
    with pytest.raises(WorkError, match="reads in 0 ways"):
        read_story("Tom had 12 pens. How many pens has Tom?")


@pytest.mark.parametrize(
    ("lines", "goal", "verdict"),
    [
        (["Tom is red", "All red are big"], "Tom is big", "yes"),
        (["Tom is red", "No red are big"], "Tom is big", "no"),
        (["Tom is not big", "All red are big"], "Tom is red", "no"),
        (["Ann is red", "All red are big"], "Tom is big", "unknown"),
        (["Tom is red", "Tom is shy", "All red and shy are big"], "Tom is big", "yes"),
        (["Someone is red", "All red are big"], "Someone is big", "yes"),
        (["Someone is red", "Tom is shy"], "Someone is red and shy", "unknown"),
    ],
)
def test_chaining_and_both_forms_of_z3_agree(lines: list[str], goal: str, verdict: str) -> None:
    formulas, claim = [read_formula(line) for line in lines], read_formula(goal)
    assert isinstance(claim, Fact)
    assert chained(formulas, claim) == verdict
    assert proved(formulas, claim) == verdict
    assert proved(formulas, claim, quantifiers=True) == verdict


def test_z3_refuses_a_theory_that_contradicts_itself() -> None:
    goal = Fact("Tom", ())
    with pytest.raises(WorkError, match="contradicts itself"):
        proved([read_formula("Tom is red"), read_formula("Tom is not red")], goal)


def test_unknown_family_split_and_too_many_problems_are_refused() -> None:
    with pytest.raises(RequestError, match="family 'sums': unknown; there are arithmetic, fol"):
        generate(config("sums"), "train")
    with pytest.raises(RequestError, match="no split 'variant-upside-down'"):
        generate(config("fol"), "variant-upside-down")
    with pytest.raises(ValueError, match="difficulty"):
        config("fol", difficulty=(3, 2))
