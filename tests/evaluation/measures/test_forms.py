"""Forms of replies and quality of steps, by hand."""

import msgspec
import pytest

from evaluation.measures.attempts import measure, rates
from evaluation.measures.forms import Form, accepted, adheres, form_of, needed_calls, redundant_calls
from evaluation.measures.metrics import lcs_share, name_f1, names
from rollout.problems import FamilyConfig, generate
from rollout.records import CallResult, ErrorCode, Outcome, Score, Step
from rollout.rewards import readable
from rollout.toolboxes import load_toolbox
from tests.evaluation.synthetic import Skill, call, make_problem, make_scores, step


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('{"name": "add", "arguments": {"a": 1}}', Form.JSON),
        (' [{"name": "add", "arguments": {}}] ', Form.JSON),
        ('{"function": "add", "arguments": {}}', Form.JSON_OTHER_KEYS),
        ("[]", Form.JSON_OTHER_KEYS),
        ('{"name": "add"', Form.JSON_BROKEN),
        ("[" * 19_000, Form.JSON_BROKEN),
        ("add(a=1, b=2)", Form.PYTHON),
        ("Let me call add(a=1)", Form.PROSE_AND_CALL),
        ('Sure: {"name": "add"}', Form.PROSE_AND_CALL),
        ("I think it is twelve", Form.PROSE),
        ("```json\n{}\n```", Form.FENCED),
        ("<tool_call>{}</tool_call>", Form.TAGGED),
        ('[TOOL_CALLS] [{"name": "add", "arguments": {}, "id": "a1b2c3d4e"}]', Form.TAGGED),
        ('[TOOL_CALLS]add[ARGS]{"a": 1}', Form.TAGGED),
        ('{"name": "add", "parameters": {"a": 1}}', Form.JSON_PARAMETERS),
        (" \n", Form.EMPTY),
    ],
)
def test_form_of(text: str, form: Form) -> None:
    assert form_of(text) is form


def test_adherence_is_to_the_format_asked_for() -> None:
    assert adheres(Form.PYTHON, "python") is True
    assert adheres(Form.PYTHON, "json") is False
    assert adheres(Form.JSON_PARAMETERS, "json") is False
    assert adheres(Form.JSON_PARAMETERS, "native") is True
    assert adheres(Form.JSON_BROKEN, "json") is False
    assert adheres(Form.JSON, "a format of one's own") is None


def test_a_reply_whose_call_fails_is_readable_and_a_broken_one_is_not() -> None:
    made = call("div", a=1, b=0)
    assert readable(step("x", CallResult(call=made, content="error", error=ErrorCode.FUNCTION_RAISED)))
    assert not readable(step("x", CallResult(call=None, content="error", error=ErrorCode.BAD_SYNTAX)))


def done(content: str, name: str, /, **arguments: object) -> CallResult:
    return CallResult(call=call(name, **arguments), content=content)


def test_needed_calls_are_those_the_answer_rests_on() -> None:
    results = [
        done("12", "mul", a=3, b=4),
        done("99", "add", a=90, b=9),
        done("12", "mul", a=3, b=4),
        done("7", "sub", a=12, b=5),
        done("done", "finish", answer=7),
    ]
    assert needed_calls(results) == 3
    assert redundant_calls(results) == 1
    assert needed_calls(results[:1]) == 1
    assert needed_calls([]) == 0


def test_values_are_found_inside_structures_and_texts() -> None:
    results = [
        done('{"sum": 12.0}', "add", a=3, b=9),
        done('"Max is not fast"', "apply", given="cold", name="Max", then="not fast"),
        done('"Bo is not fast"', "apply", given="cold", name="Bo", then="not fast"),
        done('"Max is slow"', "apply", given="not fast", name="Max", then="slow", weight=[12]),
        done("done", "finish", answer="yes"),
    ]
    assert needed_calls(results) == 4


@pytest.mark.parametrize("family", ["arithmetic", "fol"])
def test_every_call_of_a_known_solution_is_needed(family: str) -> None:
    needed = made = 0
    for problem in generate(FamilyConfig(family=family, train=1, test=30, difficulty=(1, 3), seed=1), "test"):
        session = load_toolbox(problem.toolbox).open(problem.state)
        results = [session.call(one) for one in problem.gold_calls]
        assert not any(result.error for result in results)
        needed += needed_calls(results)
        made += len(results)
    assert needed / made > 0.97


def test_calls_inside_calls_are_calls() -> None:
    inner = {"$call": {"name": "mul", "arguments": {"a": 3, "b": 4}}}
    outer = [call("sub", a=inner, b=5), call("finish", answer=7)]
    flat = [call("mul", a=3, b=4), call("sub", a=12, b=5), call("finish", answer=7)]
    assert names(outer) == names(flat) == ["mul", "sub", "finish"]
    assert lcs_share(outer, flat) == name_f1(outer, flat) == 1.0


def test_only_calls_without_an_error_are_accepted() -> None:
    failed = CallResult(call=call("add", a=1), content="error", error=ErrorCode.MISSING_ARGUMENT)
    good = done("3", "add", a=1, b=2)
    assert accepted([step("x", failed), step("y", good)]) == [good]


def test_measure_counts_what_is_there() -> None:
    problem = make_problem(1)
    perfect = next(iter(make_scores([problem], {"dpo": Skill(1.0, 1.2)}, samples=0)))
    attempt = measure(perfect, problem)
    assert attempt.right
    assert attempt.win
    assert (attempt.name_f1, attempt.argument_f1, attempt.partial_match, attempt.lcs) == (1.0, 1.0, 1.0, 1.0)
    assert (attempt.needed, attempt.accepted, attempt.gold_calls, attempt.redundant) == (3, 3, 3, 0)
    assert attempt.tokens == sum(len(one.token_ids) for one in perfect.episode.steps)
    assert attempt.readable_steps == attempt.adherent_steps == attempt.steps == 3
    assert not attempt.hallucinated


def test_measure_of_an_empty_episode() -> None:
    problem = make_problem(1)
    episode = next(iter(make_scores([problem], {"dpo": Skill(1.0, 1.0)}, samples=0))).episode
    silent = (Step(text="", token_ids=(), logprobs=(), results=()),)
    nothing = msgspec.structs.replace(episode, steps=silent, answer=None, outcome=Outcome.INFRASTRUCTURE)
    attempt = measure(Score(model="dpo", suite="s", greedy=True, episode=nothing), problem)
    assert not attempt.counted
    assert rates([attempt]) == {}
    assert attempt.forms == (Form.EMPTY,)
    assert attempt.win is False
