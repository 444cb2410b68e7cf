"""BFCL's multi-turn categories, with the real package: its tasks as problems, and its own checker on the same calls."""

import ast
import json

import pytest

from benchmarks.worlds.bfcl import ours, theirs
from cluster.errors import RequestError
from rollout.foreign.bfcl_classes import MULTI_TURN, functions_of
from rollout.foreign.bfcl_tasks import Task, tasks
from rollout.formats import load_format
from rollout.formats.limits import CallLimits
from rollout.problems import FamilyConfig, generate
from rollout.problems.checking import check_golds
from rollout.problems.contracts import gold_fault
from rollout.problems.imported.bfcl_turns import problem_of
from rollout.records import Call, ErrorCode, Problem
from rollout.toolboxes import Session, load_toolbox

pytestmark = pytest.mark.real

BASE, MISS_FUNC, MISS_PARAM, LONG = MULTI_TURN


def config(category: str, **values: object) -> FamilyConfig:
    return FamilyConfig.model_validate({"family": "bfcl", "task": category, **values})


def of(category: str, number: int, **values: object) -> tuple[Task, Problem, list[list[Call]]]:
    """A task, its problem, and a copy of its gold calls."""
    task = tasks(category)[number]
    return task, problem_of(task, config(category, **values), "test"), [list(calls) for calls in task.gold]


@pytest.mark.parametrize("category", MULTI_TURN)
def test_gold_calls_are_right_and_nothing_done_is_not(category: str) -> None:
    problems = generate(config(category, test=5, class_distractors=4, max_turns=2), "test")
    report = check_golds(problems, ("json", "python"), limits=CallLimits(max_result_chars=40_000))
    assert report.faults == ()
    assert report.executed == 5


@pytest.mark.parametrize(
    ("category", "number"),
    [(BASE, 5), (BASE, 173), (MISS_FUNC, 49), (LONG, 103), (MISS_PARAM, 0), (BASE, 66)],
    ids=["first folder", "text as a number", "called before it appears", "an ellipsis in a list", "late", "positional"],
)
def test_golds_with_a_trap_are_right_for_both(category: str, number: int) -> None:
    task, problem, gold = of(category, number)
    assert ours(problem, gold).verdict.error is None
    assert theirs(task, gold) == {"valid": True, "error": ""}


def test_a_task_is_in_one_split_whatever_its_category_and_its_order_is_the_same_in_all() -> None:
    whole = dict.fromkeys(("train", "validation", "test"), 200)
    for name in whole:
        with pytest.raises(RequestError, match=r"of its 200 tasks only \d+ are of that split") as caught:
            generate(config(BASE, **{name: 200}), name)
        whole[name] = int(str(caught.value).split("only ")[1].split()[0])
    assert sum(whole.values()) == 200
    splits = {
        category: {
            split: [one.source.rpartition("_")[2] for one in generate(config(category, **whole), split)]
            for split in whole
        }
        for category in MULTI_TURN
    }
    assert all(each == splits[BASE] for each in splits.values())
    groups = {split: {tasks(BASE)[int(number)].group for number in numbers} for split, numbers in splits[BASE].items()}
    assert not groups["train"] & groups["test"]
    assert not groups["train"] & groups["validation"]


def test_functions_that_are_missing_come_with_an_empty_turn() -> None:
    task, problem, gold = of(MISS_FUNC, 0)
    assert (task.texts[3], task.appear[3]) == ("", ("sort",))
    assert {"sort", "cp"} <= set(problem.hidden), "one comes late, the other is excluded"
    assert problem.turns[2].appear == ("sort",)
    assert ours(problem, gold).verdict.error is None
    early = [[*gold[0], *gold[3]], gold[1], gold[2], [], gold[4]]
    assert ours(problem, early).verdict.error is ErrorCode.STATE_WRONG
    excluded = [[*gold[0], Call(name="cp", arguments='{"source":"x","destination":"y"}')], *gold[1:]]
    assert ours(problem, excluded).refused["not there"] == {(0, 3)}


def test_only_the_golds_functions_and_some_others_are_there() -> None:
    task, problem, _ = of(BASE, 0, class_distractors=4, max_turns=2)
    assert len(problem.turns) == 1
    used = {call.name for calls in task.gold[:2] for call in calls}
    shown = set(functions_of(task.classes)) - set(problem.hidden)
    assert used < shown
    assert len(shown) == len(used) + 4
    assert "cp" not in shown
    assert problem == of(BASE, 0, class_distractors=4, max_turns=2)[1]
    assert problem.hidden != of(BASE, 0, class_distractors=4, max_turns=2, seed=1)[1].hidden
    assert set(functions_of(task.classes)) - set(of(BASE, 0, class_distractors=0, max_turns=2)[1].hidden) == used
    assert of(BASE, 0)[1].hidden == ("cp",)


def test_where_nothing_can_be_done_yet_the_problem_says_so() -> None:
    first = next(task for task in tasks(MISS_FUNC) if not task.gold[0])
    problem = of(MISS_FUNC, first.number, max_turns=1)[1]
    assert problem.nothing_to_do
    assert gold_fault(problem, load_format("json")) is None
    assert not of(MISS_FUNC, first.number, max_turns=2)[1].nothing_to_do


def test_a_turn_must_be_answered_even_if_its_calls_were_made_before() -> None:
    """BFCL asks for a call in every turn that has gold calls, and so do we."""
    task, problem, gold = of(BASE, 0)
    early = [gold[0] + gold[1], [], *gold[2:]]  # the second turn's calls only look
    assert ours(problem, early).verdict.error is ErrorCode.STATE_WRONG
    assert theirs(task, early)["error"] == "multi_turn:empty_turn_model_response"


@pytest.mark.parametrize("category", [BASE, LONG])
def test_worlds_side_by_side_do_not_see_each_other(category: str) -> None:
    """They share what the package keeps in its modules: one turn of each in turn, or each alone, is the same."""
    chosen = tasks(category)[::8]

    def opened(task: Task) -> Session:
        return load_toolbox(f"bfcl:{','.join(task.classes)}#turns").open(task.state)

    def turn(task: Task, session: Session, at: int) -> list[str]:
        calls = task.gold[at] if at < len(task.gold) else ()
        return [*(session.call(call).content for call in calls), session.state()]

    worlds = [opened(task) for task in chosen]
    together = [[turn(*each, at) for each in zip(chosen, worlds, strict=True)] for at in range(5)]
    for number, task in enumerate(chosen):
        alone = opened(task)
        assert [turn(task, alone, at) for at in range(5)] == [turns[number] for turns in together], task.id


def test_what_bfcls_checker_evaluates_is_what_was_called() -> None:
    """Names in a text stay as they are, and a damaged attempt leaves nothing to the next one at the task."""
    from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_utils import _process_method_calls

    from rollout.foreign.workers.bfcl_eval_worker import written_again

    content = "sort(x) \\( cat ('y')"
    text = written_again("echo", {"content": content})
    assert _process_method_calls(text, dict.fromkeys(("echo", "sort", "cat"), "world")) == f"world.{text}"
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    assert ast.literal_eval(node.keywords[0].value) == content
    task, problem, gold = of(BASE, 2)
    said = [[*calls] for calls in gold]
    said[1] = [
        Call(name="echo", arguments=json.dumps({"content": "sort(x) \\( cat('y')", "file_name": "TeamNotes.txt"}))
    ]
    assert theirs(task, said)["valid"] is False
    assert ours(problem, said).verdict.error is ErrorCode.STATE_WRONG
    assert theirs(task, gold)["valid"] is True
    with pytest.raises(RequestError, match="is no name of a function"):
        theirs(task, [[Call(name="__import__('os').system", arguments="{}")], *gold[1:]])


def test_what_does_not_fit_is_refused_in_one_line() -> None:
    with pytest.raises(RequestError, match=r"did you mean 'multi_turn_base'\?"):
        generate(config("multi_turn_bas", test=1), "test")
    with pytest.raises(RequestError, match="no split 'variant-order'"):
        generate(config(BASE, test=1), "variant-order")
    for key in ("max_turns", "class_distractors"):
        with pytest.raises(ValueError, match=f"{key} = 2: it is for family 'bfcl' with a task that begins with"):
            config("multiple", **{key: 2})
