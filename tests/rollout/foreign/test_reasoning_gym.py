"""Family `reasoning_gym` with a package of the same interface, whose tasks are wrong in many ways."""

import json
from collections.abc import Iterator

import pytest

from cluster.errors import RequestError
from rollout.checkers import check, is_users, require_checker
from rollout.foreign import asking
from rollout.foreign.reasoning_gym import names
from rollout.problems import FamilyConfig, generate
from rollout.problems.checking import check_golds
from rollout.problems.tokens import same_text
from rollout.records import ErrorCode, Problem
from rollout.toolboxes import load_toolbox
from tests.repository import ROOT

PACKAGES = ROOT / "tests" / "data" / "foreign"


@pytest.fixture(autouse=True)
def _package(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(PACKAGES))
    yield
    # Another test may use the package itself.
    load_toolbox.__globals__["_loaded"].cache_clear()


def family(task: str, **more: object) -> FamilyConfig:
    table = {"family": "reasoning_gym", "task": task, "train": 40, "validation": 6, "test": 12, **more}
    return FamilyConfig.model_validate_json(json.dumps(table))


def problems(task: str, split: str = "train", **more: object) -> list[Problem]:
    return generate(family(task, **more), split)


def test_every_problem_is_accepted_by_its_own_checker_and_executes() -> None:
    found = [problem for split in ("train", "validation", "test") for problem in problems("sums", split)]
    report = check_golds(found)
    assert (report.problems, report.opened, report.faults) == (58, 58, ())
    assert {problem.toolbox for problem in found} == {"general"}


def test_splits_share_no_text_whatever_the_seed_and_more_begin_with_the_same() -> None:
    texts: dict[str, set[str]] = {}
    for split in ("train", "validation", "test"):
        for seed in (0, 1):
            drawn = problems("sums", split, seed=seed, options=["largest=30"])
            assert len({same_text(problem.text) for problem in drawn}) == len(drawn)
            texts.setdefault(split, set()).update(problem.text for problem in drawn)
    assert not texts["train"] & texts["test"]
    assert not texts["train"] & texts["validation"]
    assert not texts["validation"] & texts["test"]
    assert problems("sums", train=45)[:40] == problems("sums")
    assert problems("sums", seed=1) != problems("sums")


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ("nulls", "task 'nulls' is not taken: its problems have no gold answers (null)"),
        ("numbers", "task 'numbers' is not taken: its gold answers are of type int, not text"),
        ("anything", "task 'anything' is not taken: its score_answer accepts an answer that says nothing"),
        ("nothing", "task 'nothing' is not taken: its score_answer does not accept its own gold answer"),
        ("evaluating", "task 'evaluating' is not taken: its score_answer evaluates the answer as code"),
        ("sms", "task 'sms': there is none of that name; did you mean sums"),
        ("few", "reasoning_gym few: only"),
    ],
)
def test_tasks_that_cannot_be_used_are_refused_by_name(task: str, says: str) -> None:
    with pytest.raises(RequestError) as refusal:
        problems(task)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_options_are_the_tasks_own() -> None:
    small = problems("sums", options=["largest=30"])
    assert max(int(problem.text.split()[2]) for problem in small) <= 30
    assert all(check(problem.checker, problem.gold, problem.gold) is None for problem in small[:5])
    for options, says in ((["lagest=3"], "option 'lagest'"), (["largest=1"], "largest must be greater than 1")):
        with pytest.raises(RequestError, match=says):
            problems("sums", options=options)


def test_texts_of_the_problem_may_be_evaluated_and_nothing_else() -> None:
    own = problems("itself")[0]
    assert check(own.checker, own.gold, own.gold) is None
    rare = problems("rarely")[0]
    assert check(rare.checker, rare.gold, rare.gold) is None
    assert check(rare.checker, '"rare:1"', rare.gold) is ErrorCode.ANSWER_MALFORMED


def test_problems_without_an_answer_are_left_out_of_a_task_that_has_others() -> None:
    assert all(json.loads(problem.gold) for problem in problems("sparse"))


def test_answers_that_are_no_text_are_judged_as_their_json() -> None:
    problem = problems("sums")[0]
    gold = problem.gold
    assert isinstance(json.loads(gold), int)
    for answer in (gold, f'"{gold}"'):
        assert check(problem.checker, answer, gold) is None
    for answer in (f'"{gold}0"', f"[{gold}]", "null", '"no"'):
        assert check(problem.checker, answer, problem.gold) is ErrorCode.ANSWER_WRONG
    for answer in ('"crash"', '"exit"'):
        assert check(problem.checker, answer, problem.gold) is ErrorCode.ANSWER_MALFORMED


def test_a_gold_answer_of_another_version_of_the_package_is_no_verdict() -> None:
    problem = problems("sums")[0]
    with pytest.raises(RequestError, match="is another version"):
        check(problem.checker, problem.gold, '"another"')


def test_another_checker_and_toolbox_may_be_named() -> None:
    drawn = problems("sums", checker="numeric", toolbox="arithmetic")
    assert {(problem.checker, problem.toolbox) for problem in drawn} == {("numeric", "arithmetic")}
    assert not check_golds(drawn).faults


def test_names_of_such_checkers() -> None:
    require_checker("reasoning_gym:sums:3:4")
    assert not is_users("reasoning_gym:sums:3:4")
    require_checker('reasoning_gym:sums:3:4:["a=b:c"]')
    bad = ("3", "3:x", "3:٤", "3:" + "9" * 5000, "1:2:{", "1:2:{}", "1:2:[1]", "1:2:" + "[" * 5000)
    for name in bad:
        with pytest.raises(RequestError, match="write reasoning_gym:TASK:SEED:INDEX"):
            require_checker(f"reasoning_gym:sums:{name}")


def test_without_the_package_one_line_says_what_installs_it() -> None:
    with pytest.raises(
        RequestError, match=r"^no_such_package: the package is not installed; run `requirements/install real`"
    ):
        asking.ask("no_such_package", "tasks", 5.0)


def test_names_are_those_of_the_package() -> None:
    assert "sums" in names()


def test_task_and_options_belong_to_the_family() -> None:
    for table in ({"family": "fol", "task": "sums"}, {"family": "jsonl", "options": ["a=1"]}):
        with pytest.raises(ValueError, match="task is for families 'reasoning_gym', 'bfcl', 'tau2'"):
            FamilyConfig.model_validate_json(json.dumps(table))
    with pytest.raises(ValueError, match="gold chains of train problems, and reasoning_gym has none"):
        family("sums", pretrain=1)
    with pytest.raises(RequestError, match="task is missing"):
        problems("")
    with pytest.raises(RequestError, match="no split 'variant-order'"):
        problems("sums", "variant-order")
