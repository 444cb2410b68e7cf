"""BFCL v4's categories, with the real package."""

import json

import pytest

from benchmarks.bfcl.damage import KINDS, as_calls, damaged
from benchmarks.bfcl.ours import right
from cluster.errors import RequestError
from rollout.checkers import check, require_checker
from rollout.foreign.bfcl import CATEGORIES, IRRELEVANT, LIVE, NOT_TAKEN, questions, verdict
from rollout.formats import load_format
from rollout.problems import FamilyConfig, generate
from rollout.problems.contracts import answer_faults, gold_fault
from rollout.records import ErrorCode

pytestmark = pytest.mark.real


@pytest.mark.parametrize("category", [each for each in CATEGORIES if each != "live_multiple"])
def test_gold_answers_are_right_by_bfcls_own_checker_through_the_whole_path(category: str) -> None:
    problems = generate(FamilyConfig(family="bfcl", task=category, test=16), "test")
    assert len(problems) == 16
    for problem in problems:
        assert gold_fault(problem, load_format("json")) is None, problem
        assert answer_faults(problem.checker, problem.gold, problem.nothing_to_do) == (), problem
        assert problem.nothing_to_do == (category in IRRELEVANT)


def test_live_categories_weigh_as_many_problems_as_the_package_has() -> None:
    assert {name: len(questions(name)) for name in LIVE} == LIVE


def test_wrong_calls_are_wrong_and_what_is_no_list_of_calls_is_malformed() -> None:
    problem = generate(FamilyConfig(family="bfcl", task="parallel", test=1), "test")[0]
    calls = json.loads(problem.gold)
    for answer in (calls[1:], [*calls, calls[0]], [{**calls[0], "name": "f"}, *calls[1:]], []):
        assert check(problem.checker, json.dumps(answer), problem.gold) is ErrorCode.ANSWER_WRONG
    assert check(problem.checker, json.dumps(calls[::-1]), problem.gold) is None
    assert check(problem.checker, '"f(1)"', problem.gold) is ErrorCode.ANSWER_MALFORMED
    irrelevant = generate(FamilyConfig(family="bfcl", task="irrelevance", test=1), "test")[0]
    assert check(irrelevant.checker, "[]", "[]") is None
    assert check(irrelevant.checker, json.dumps(calls), "[]") is ErrorCode.ANSWER_WRONG


def test_golds_that_contradict_their_own_schemas_are_left_out_by_name() -> None:
    faulty = [each for each in questions("parallel_multiple") if each.fault]
    assert [each.id for each in faulty] == ["parallel_multiple_21", "parallel_multiple_94"]
    assert len(generate(FamilyConfig(family="bfcl", task="parallel_multiple", test=198), "test")) == 198
    with pytest.raises(RequestError, match="only 198 problems can be solved"):
        generate(FamilyConfig(family="bfcl", task="parallel_multiple", test=199), "test")


def test_our_verdict_sees_a_planted_change_of_bfcls() -> None:
    """Damages are not all harmless, and our verdict does not follow BFCL's: it is found without it."""
    import random

    rng, wrong = random.Random(1), 0
    for question in questions("parallel")[:60]:
        assert right(question, as_calls(question))
        kind = rng.choice(sorted(KINDS))
        if (calls := damaged(kind, question, rng)) is None:
            continue
        theirs = verdict("parallel", question.id, calls)["valid"]
        wrong += not theirs
        if kind in ("call left out", "call twice", "argument too many", "null"):
            assert not right(question, calls), (kind, calls)
    assert wrong > 20


def test_other_splits_and_categories_are_refused_in_one_line() -> None:
    for task, says in (
        ("multipel", "did you mean 'multiple'"),
        *((task, f"is not taken: {why}") for task, why in NOT_TAKEN.items()),
        ("", "task is missing"),
    ):
        with pytest.raises(RequestError, match=says):
            generate(FamilyConfig(family="bfcl", task=task, test=1), "test")
    with pytest.raises(RequestError, match="no split 'train'"):
        generate(FamilyConfig(family="bfcl", task="multiple", train=1), "train")
    with pytest.raises(RequestError, match="write bfcl:CATEGORY:ID"):
        require_checker("bfcl:multiple")
