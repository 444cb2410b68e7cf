"""The gold chain of every family's problems executes to a right answer, in every format; damage to it does not."""

import msgspec
import pytest

from rollout.formats import FORMATS, load_format
from rollout.problems import VARIANTS, FamilyConfig, generate
from rollout.problems.checking import check_problems, gold_fault
from rollout.records import Problem

GENERATED = ("arithmetic", "fol", "zebra", "knights", "letters", "lists", "coins", "dates", "units")
SUITES = ("train", "validation", "test", *(f"variant-{kind}" for kind in VARIANTS))


def problems(family: str, count: int) -> list[Problem]:
    """About `count` problems, of all difficulties and all suites."""
    each = count // len(SUITES) + 1
    config = FamilyConfig(family=family, train=each, validation=each, test=each, difficulty=(1, 8), seed=7)
    return [problem for split in SUITES for problem in generate(config, split)]


@pytest.mark.parametrize("family", GENERATED)
def test_gold_chains_execute_to_right_in_every_format(family: str) -> None:
    report = check_problems(problems(family, 20), sorted(FORMATS))
    assert report.faults == ()
    assert report.executed == report.problems >= 20


@pytest.mark.faults
@pytest.mark.parametrize("family", GENERATED)
def test_gold_chains_of_a_thousand_problems(family: str) -> None:
    report = check_problems(problems(family, 1000), sorted(FORMATS))
    assert report.faults == ()
    assert report.executed == report.problems >= 1000


@pytest.mark.parametrize("family", ["arithmetic", "fol"])
def test_planted_damage_is_found(family: str) -> None:
    (problem,) = generate(FamilyConfig(family=family, train=1, difficulty=(2, 2)), "train")
    json_format = load_format("json")
    assert gold_fault(problem, json_format) is None

    def fault(**changes: object) -> str:
        return gold_fault(msgspec.structs.replace(problem, **changes), json_format) or ""

    assert "gives no answer" in fault(gold_calls=problem.gold_calls[:-1])
    assert "answer_wrong" in fault(gold='"maybe"' if family == "fol" else "100000")
    wrong = msgspec.structs.replace(problem.gold_calls[0], name="subtract")
    assert "unknown function" in fault(gold_calls=(wrong, *problem.gold_calls[1:]))


def test_fol_takes_no_answer_without_its_proof() -> None:
    config = FamilyConfig(family="fol", train=60, difficulty=(1, 4))
    decided = [problem for problem in generate(config, "train") if problem.gold != '"unknown"']
    assert len(decided) > 20
    for problem in decided:
        guess = msgspec.structs.replace(problem, gold_calls=problem.gold_calls[-1:])
        assert "prove it first" in (gold_fault(guess, load_format("json")) or "")


def test_a_wrong_gold_answer_of_a_theory_is_found_by_the_prover() -> None:
    config = FamilyConfig(family="fol", train=1, difficulty=(1, 1))
    (problem,) = generate(config, "train")
    swapped = msgspec.structs.replace(problem, gold='"unknown"', gold_calls=())
    assert "z3 with quantifiers says" in check_problems([swapped], []).faults[0]


def test_gold_chains_execute_among_distractors_too() -> None:
    config = FamilyConfig(family="arithmetic", train=4, distractors=30, seed=5)
    problems = generate(config, "train")
    assert {problem.toolbox for problem in problems} == {"arithmetic+30@5"}
    assert check_problems(problems, ["json"]).faults == ()
    plain = generate(config.model_copy(update={"distractors": 0}), "train")
    assert [p.text for p in plain] == [p.text for p in problems]
    assert not {p.id for p in plain} & {p.id for p in problems}
