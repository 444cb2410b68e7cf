"""The gold chain of every family's problems executes to a right answer, in every format; damage to it does not."""

import json
import re

import msgspec
import pytest

from rollout.checkers import check
from rollout.formats import FORMATS, load_format
from rollout.problems import VARIANTS, FamilyConfig, generate
from rollout.problems.checking import check_problems
from rollout.problems.contracts import gold_fault
from rollout.problems.cross_checks import cross_checked_gold
from rollout.problems.families.subtasks import SUBTASKS
from rollout.records import ErrorCode, Problem
from rollout.toolboxes import Session

DERIVED = (*(f"subtask_{kind}" for kind in SUBTASKS), "abstention")
GENERATED = (*DERIVED, "arithmetic", "fol", "zebra", "knights", "letters", "lists", "coins", "dates", "units")
SUITES = ("train", "validation", "test", *(f"variant-{kind}" for kind in VARIANTS))


def problems(family: str, count: int) -> list[Problem]:
    """About `count` problems, of all difficulties and all suites."""
    each = count // len(SUITES) + 1
    config = FamilyConfig(family=family, train=each, validation=each, test=each, difficulty=(1, 8), seed=7)
    return [problem for split in SUITES for problem in generate(config, split)]


@pytest.mark.parametrize("family", GENERATED)
def test_gold_chains_execute_to_right_in_every_format(family: str) -> None:
    report = check_problems(problems(family, 60), sorted(FORMATS))
    assert report.faults == ()
    assert report.found_again == report.executed == report.problems >= 60


@pytest.mark.faults
@pytest.mark.parametrize("family", GENERATED)
def test_gold_chains_of_a_thousand_problems(family: str) -> None:
    report = check_problems(problems(family, 1000), sorted(FORMATS))
    assert report.faults == ()
    assert report.found_again == report.executed == report.problems >= 1000


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


def test_a_gold_chain_that_fails_leaves_no_session_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """An MCP server that serves one session at a time would never come back to the others."""
    (problem,) = generate(FamilyConfig(family="arithmetic", train=1, difficulty=(2, 2)), "train")
    wrong = msgspec.structs.replace(problem.gold_calls[0], arguments="{}")
    ended = list[Session]()
    monkeypatch.setattr(Session, "close", lambda session: ended.append(session))
    for gold_calls in ((wrong, *problem.gold_calls[1:]), problem.gold_calls[:-1], problem.gold_calls):
        ended.clear()
        fault = gold_fault(msgspec.structs.replace(problem, gold_calls=gold_calls), load_format("json"))
        assert (fault is None, len(ended)) == (gold_calls is problem.gold_calls, 1)


def test_fol_takes_no_answer_without_its_proof() -> None:
    config = FamilyConfig(family="fol", train=60, difficulty=(1, 4))
    decided = [problem for problem in generate(config, "train") if problem.gold != '"unknown"']
    assert len(decided) > 20
    for problem in decided:
        guess = msgspec.structs.replace(problem, gold_calls=problem.gold_calls[-1:])
        assert "prove it first" in (gold_fault(guess, load_format("json")) or "")


OTHER_ANSWERS = ("999983", '"unknown"', '"nobody"', '["nobody"]', '{"a":999983,"b":1}')


@pytest.mark.parametrize("family", GENERATED)
def test_the_cross_check_finds_a_wrong_gold_answer_in_every_suite(family: str) -> None:
    for problem in problems(family, 18):
        other = next(answer for answer in OTHER_ANSWERS if type(json.loads(answer)) is type(json.loads(problem.gold)))
        swapped = msgspec.structs.replace(problem, gold=other if other != problem.gold else '"yes"', gold_calls=())
        faults = check_problems([swapped], []).faults
        assert any(f"the cross-check says {cross_checked_gold(problem)}" in fault for fault in faults)


def test_a_problem_that_does_not_read_is_a_fault() -> None:
    (problem,) = generate(FamilyConfig(family="arithmetic", train=1), "train")
    for text, says in (("Tom ate 3 pens.", "reads in 0 ways"), (problem.text.rpartition(". ")[0] + ".", "no question")):
        broken = msgspec.structs.replace(problem, text=text)
        (fault,) = check_problems([broken], []).faults
        assert "cross-check of its gold answer fails" in fault
        assert says in fault


def test_gold_chains_execute_among_distractors_too() -> None:
    config = FamilyConfig(family="arithmetic", train=4, distractors=30, seed=5)
    problems = generate(config, "train")
    assert {problem.toolbox for problem in problems} == {"arithmetic+30@5"}
    assert check_problems(problems, ["json"]).faults == ()
    plain = generate(config.model_copy(update={"distractors": 0}), "train")
    assert [p.text for p in plain] == [p.text for p in problems]
    assert not {p.id for p in plain} & {p.id for p in problems}


def test_derived_problems_share_no_template_with_training() -> None:
    for family in DERIVED:
        config = FamilyConfig(family=family, train=40, test=20, difficulty=(1, 3))
        train, test = generate(config, "train"), generate(config, "test")
        assert len(train) == 40
        assert not {p.template for p in train} & {p.template for p in test}
        assert {p.family for p in train} == {family}


def test_nested_gold_is_one_call_and_parallel_gold_two_answers() -> None:
    nested = generate(FamilyConfig(family="subtask_nested", train=10, difficulty=(1, 3)), "train")
    assert all(len(p.gold_calls) == 1 and "$call" in p.gold_calls[0].arguments for p in nested)
    parallel = generate(FamilyConfig(family="subtask_parallel", train=10, difficulty=(1, 3)), "train")
    assert all(p.gold.startswith("[") and len(p.gold_calls) >= 3 for p in parallel)


def test_abstention_has_its_three_kinds_and_no_answer_in_the_text_of_the_unsolvable() -> None:
    problems = generate(FamilyConfig(family="abstention", train=90, difficulty=(1, 3)), "train")
    kinds = [
        "missing" if p.gold == '"missing"' else "none" if p.gold == '"no function"' else "number" for p in problems
    ]
    assert all(kinds.count(kind) > 15 for kind in ("missing", "none", "number"))
    for problem, kind in zip(problems, kinds, strict=True):
        assert ("some" in re.findall(r"\w+", problem.text)) == (kind == "missing")
        assert (len(problem.gold_calls) == 1) == (kind != "number")


@pytest.mark.parametrize("checker", ["either_order", "rollout.problems.subtasks:same_in_either_order"])
def test_arguments_of_a_sum_may_stand_in_either_order(checker: str) -> None:
    gold = '{"a": 1, "b": 2}'
    assert check(checker, '{"a": 2, "b": 1}', gold) is None
    assert check(checker, '{"b": 2, "a": 1}', gold) is None
    assert check(checker, '{"a": 1, "b": 1}', gold) is ErrorCode.ANSWER_WRONG
    assert check(checker, "[1, 2]", gold) is ErrorCode.ANSWER_MALFORMED
