"""Damage is planted into gold chains of every family, in every call format. Each kind gives its error code and a
helpful message, executes nothing, and leaves the rest of the chain right."""

import asyncio
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import pytest

from benchmarks.calls import FORMATS
from cluster.engine.scripted import ScriptedConfig
from rollout.checkers import check
from rollout.config import EpisodeConfig
from rollout.episodes.episode import SampleSpec, run_episode
from rollout.episodes.execution import execute_now
from rollout.formats import CallFormat, load_format
from rollout.formats.limits import CallLimits
from rollout.problems import FamilyConfig, generate
from rollout.records import Call, CallResult, Episode, ErrorCode, Outcome, Problem, canonical_json
from rollout.toolboxes import Function, Toolbox, load_toolbox
from rollout.toolboxes.nesting import nested
from tests.rollout.conversations import setting
from tests.rollout.problems.test_gold import GENERATED

JSON_FORMATS = tuple(name for name in FORMATS if name != "python")
ADDED = "zz"
"""An argument that no function has."""


@cache
def problems(family: str) -> list[Problem]:
    return generate(FamilyConfig(family=family, test=2, difficulty=(2, 3), seed=11), "test")


def execute(call_format: CallFormat, problem: Problem, texts: list[str]) -> tuple[list[CallResult], str | None]:
    session = load_toolbox(problem.toolbox).open(problem.state)
    results = [result for text in texts for result in execute_now(text, call_format, session)]
    return results, session.answer


def gold(call_format: CallFormat, problem: Problem) -> list[str]:
    return [call_format.render((call,)) for call in problem.gold_calls]


def changed(call: Call, **arguments: Any) -> Call:
    return Call(name=call.name, arguments=canonical_json({**json.loads(call.arguments), **arguments}))


def without_first(call: Call, function: Function) -> Call:
    required = function.parameters["required"][0]
    kept = {key: value for key, value in json.loads(call.arguments).items() if key != required}
    return Call(name=call.name, arguments=canonical_json(kept))


def first_plain(problem: Problem) -> tuple[Call, Function, str]:
    """A gold call and one of its arguments, which allows a single type and is not a choice of values."""
    functions = load_toolbox(problem.toolbox).functions
    for call in (*problem.gold_calls, *(Call(name=name, arguments="{}") for name in functions)):
        for argument, schema in functions[call.name].parameters["properties"].items():
            kinds = {each.get("type") for each in schema.get("anyOf", [schema])}
            if "enum" not in str(schema) and "const" not in str(schema) and "object" not in kinds:
                return call, functions[call.name], argument
    raise AssertionError(problem.toolbox)


def filled(call: Call, function: Function, argument: str, value: Any) -> Call:
    """The call with `value` for `argument`, and with values of the right type for arguments that it lacks."""
    fitting = {"string": "x", "integer": 1, "number": 1, "array": []}
    rest = {
        key: fitting[schema.get("type") or schema["anyOf"][0]["type"]]
        for key, schema in function.parameters["properties"].items()
        if key in function.parameters["required"]
    }
    given = {**rest, **json.loads(call.arguments), argument: value}
    return Call(name=call.name, arguments=canonical_json(given))


def mistyped(problem: Problem) -> Call:
    call, function, argument = first_plain(problem)
    return filled(call, function, argument, {"no": "object"})


def emptied(problem: Problem) -> Call:
    call, function, argument = first_plain(problem)
    return filled(call, function, argument, None)


REFUSED_BY_FUNCTION: dict[str, tuple[str, dict[str, Any]]] = {
    "fol": ("apply", {"rule": "All green are odd"}),
    "zebra": ("use", {"clue": 99}),
    "knights": ("suppose", {"person": "Nobody", "kind": "knight"}),
    "letters": ("first", {"word": ""}),
    "lists": ("largest", {"items": []}),
    "coins": ("flip", {"coin": "brass"}),
    "dates": ("weekday", {"day": "2024-13-01"}),
    "units": ("convert", {"value": 1, "unit": "m", "to": "kg"}),
}


def refused(problem: Problem) -> Call:
    name, arguments = REFUSED_BY_FUNCTION.get(problem.toolbox, ("div", {"a": 1, "b": 0}))
    return Call(name=name, arguments=canonical_json(arguments))


CALLS: dict[str, tuple[ErrorCode, Callable[[Problem], list[Call]]]] = {
    "function misnamed": (
        ErrorCode.UNKNOWN_FUNCTION,
        lambda p: [Call(name=p.gold_calls[0].name + "_it", arguments=p.gold_calls[0].arguments)],
    ),
    "function of Python": (ErrorCode.UNKNOWN_FUNCTION, lambda p: [Call(name="exec", arguments='{"code":"1"}')]),
    "argument missing": (
        ErrorCode.MISSING_ARGUMENT,
        lambda p: [without_first(p.gold_calls[0], _function(p))],
    ),
    "all arguments missing": (
        ErrorCode.MISSING_ARGUMENT,
        lambda p: [Call(name=p.gold_calls[0].name, arguments="{}")],
    ),
    "argument too many": (ErrorCode.UNEXPECTED_ARGUMENT, lambda p: [changed(p.gold_calls[0], **{ADDED: 1})]),
    "argument misnamed": (
        ErrorCode.MISSING_ARGUMENT,
        lambda p: [changed(without_first(p.gold_calls[0], _function(p)), **{ADDED: 1})],
    ),
    "object for a plain value": (ErrorCode.MISTYPED_ARGUMENT, lambda p: [mistyped(p)]),
    "null for a value": (ErrorCode.MISTYPED_ARGUMENT, lambda p: [emptied(p)]),
    "refused by the function": (ErrorCode.FUNCTION_RAISED, lambda p: [refused(p)]),
    "too many digits": (ErrorCode.BAD_VALUE, lambda p: [changed(p.gold_calls[0], **{ADDED: 10**60})]),
    "huge number": (ErrorCode.BAD_VALUE, lambda p: [changed(p.gold_calls[0], **{ADDED: -(10**4000)})]),
    "too long": (ErrorCode.TOO_LARGE, lambda p: [changed(p.gold_calls[0], **{ADDED: "x" * 20_000})]),
    "too deep": (ErrorCode.TOO_LARGE, lambda p: [changed(p.gold_calls[0], **{ADDED: json.loads("[" * 20 + "]" * 20)})]),
    "too many calls": (ErrorCode.WRONG_COUNT, lambda p: [p.gold_calls[0]] * 17),
    "the finish inside a call": (
        ErrorCode.WRONG_CALL_SHAPE,
        lambda p: [changed(p.gold_calls[0], **{_first_argument(p): nested("finish", {"answer": 1})})],
    ),
    "an unknown call inside a call": (
        ErrorCode.UNKNOWN_FUNCTION,
        lambda p: [changed(p.gold_calls[0], **{_first_argument(p): nested("open", {"file": "x"})})],
    ),
}
"""Kinds of damage that a call can have in any format."""


def _function(problem: Problem) -> Function:
    return load_toolbox(problem.toolbox).functions[problem.gold_calls[0].name]


def _first_argument(problem: Problem) -> str:
    return _function(problem).parameter_names[0]


Edit = Callable[[str, Call], str]


def inserted(text: str) -> Edit:
    """The arguments of the call begin with `text`."""
    return lambda reply, call: reply.replace(call.arguments, f"{{{text},{call.arguments[1:]}")


FORM: dict[str, tuple[ErrorCode, Edit]] = {
    "nothing": (ErrorCode.EMPTY_REPLY, lambda reply, call: ""),
    "white space": (ErrorCode.EMPTY_REPLY, lambda reply, call: " \n\t "),
    "prose only": (ErrorCode.NOT_A_CALL, lambda reply, call: "I think that it is 12."),
    "prose before": (ErrorCode.PROSE_AROUND_CALL, lambda reply, call: f"Sure, I call it: {reply}"),
    "prose after": (ErrorCode.PROSE_AROUND_CALL, lambda reply, call: f"{reply}\nThis gives the answer."),
    "a fence": (ErrorCode.PROSE_AROUND_CALL, lambda reply, call: f"```\n{reply}\n```"),
    "its end missing": (ErrorCode.BAD_SYNTAX, lambda reply, call: reply[:-1]),
    "half a surrogate pair": (
        ErrorCode.BAD_VALUE,
        lambda reply, call: reply.replace(call.name, f"{call.name}\ud800", 1),
    ),
}
"""Kinds of damage that only a text can have, in any format."""

JSON_FORM: dict[str, tuple[ErrorCode, Edit]] = {
    "key twice": (ErrorCode.BAD_SYNTAX, inserted(f'"{ADDED}":1,"{ADDED}":2')),
    "NaN": (ErrorCode.BAD_VALUE, inserted(f'"{ADDED}":NaN')),
    "infinity": (ErrorCode.BAD_VALUE, inserted(f'"{ADDED}":-Infinity')),
    "too large a power": (ErrorCode.BAD_VALUE, inserted(f'"{ADDED}":1e999')),
    "half an escaped pair": (ErrorCode.BAD_VALUE, inserted(f'"{ADDED}":"\\udc00"')),
    "comma before the end": (ErrorCode.BAD_SYNTAX, inserted(f'"{ADDED}":[1,]')),
    "single quotes": (ErrorCode.BAD_SYNTAX, inserted(f"'{ADDED}':1")),
    "a word for a value": (ErrorCode.BAD_SYNTAX, inserted(f'"{ADDED}":None')),
    "list of arguments": (
        ErrorCode.WRONG_CALL_SHAPE,
        lambda reply, call: reply.replace(call.arguments, "[1, 2]"),
    ),
    "a call inside without arguments": (
        ErrorCode.WRONG_CALL_SHAPE,
        inserted(f'"{ADDED}":{{"$call":{{"name":"x"}}}}'),
    ),
}
PYTHON_FORM: dict[str, tuple[ErrorCode, Edit]] = {
    "argument twice": (ErrorCode.BAD_SYNTAX, lambda reply, call: f"{call.name}({ADDED}=1, {ADDED}=2)"),
    "NaN": (ErrorCode.NOT_LITERAL, lambda reply, call: f"{call.name}({ADDED}=NaN)"),
    "infinity": (ErrorCode.BAD_VALUE, lambda reply, call: f"{call.name}({ADDED}=-1e999)"),
    "variable": (ErrorCode.NOT_LITERAL, lambda reply, call: f"{call.name}(answer)"),
    "expression": (ErrorCode.NOT_LITERAL, lambda reply, call: f"{call.name}(1 + 1)"),
    "tower of powers": (ErrorCode.NOT_LITERAL, lambda reply, call: f"{call.name}(9**9**9**9)"),
    "half an escaped pair": (ErrorCode.BAD_VALUE, lambda reply, call: f"{call.name}('\\udc00')"),
    "comma missing": (ErrorCode.BAD_SYNTAX, lambda reply, call: f"{call.name}(1 2)"),
    "a method": (ErrorCode.WRONG_CALL_SHAPE, lambda reply, call: f"tools.{reply}"),
    "too many by position": (ErrorCode.UNEXPECTED_ARGUMENT, lambda reply, call: f"{call.name}(1, 2, 3, 4, 5)"),
    "stopped before any result": (ErrorCode.NO_ANSWER, lambda reply, call: "Stop()"),
}


def kinds(name: str) -> dict[str, tuple[ErrorCode, Callable[[CallFormat, Problem], str]]]:
    """Every kind of damage of a format: its error code, and a function that makes the damaged reply for a problem."""
    forms = {**FORM, **(PYTHON_FORM if name == "python" else JSON_FORM)}

    def by_form(edit: Edit) -> Callable[[CallFormat, Problem], str]:
        def damaged(call_format: CallFormat, problem: Problem) -> str:
            return edit(call_format.render(problem.gold_calls[:1]), problem.gold_calls[0])

        return damaged

    def by_calls(made: Callable[[Problem], list[Call]]) -> Callable[[CallFormat, Problem], str]:
        return lambda call_format, problem: call_format.render(made(problem))

    return {
        **{kind: (code, by_form(edit)) for kind, (code, edit) in forms.items()},
        **{kind: (code, by_calls(made)) for kind, (code, made) in CALLS.items()},
    }


@pytest.mark.parametrize("name", FORMATS)
def test_every_kind_of_damage_has_its_code_and_the_chain_goes_on(name: str) -> None:
    call_format = load_format(name)
    assert len(kinds(name)) >= 20
    for family in GENERATED:
        for problem in problems(family):
            _, answer = execute(call_format, problem, gold(call_format, problem))
            for kind, (code, damaged) in kinds(name).items():
                reply = damaged(call_format, problem)
                results, given = execute(call_format, problem, [reply, *gold(call_format, problem)])
                case = (family, kind, reply[:200], results[0])
                assert results[0].error is code, case
                assert_helps(results[0])
                assert [result.error for result in results[1:]] == [None] * len(problem.gold_calls), case
                assert given == answer
                assert given is not None
                assert check(problem.checker, given, problem.gold) is None


def assert_helps(result: CallResult) -> None:
    """Check that a message is one short line without paths, traceback or control characters, which names arguments."""
    text = result.content
    assert text.startswith("Error: ")
    assert len(text) <= 320
    assert text.isprintable()
    assert not re.search(r"Traceback|File \"|pydantic|https?:|/\w+/\w+|\.py\b|0x[0-9a-f]{6}", text), text
    named = re.findall(r'"name":"(\w+)"', result.call.arguments) if result.call else []
    assert result.call is None or any(name in text for name in (result.call.name, *named)), text
    if result.error in (ErrorCode.MISSING_ARGUMENT, ErrorCode.UNEXPECTED_ARGUMENT, ErrorCode.MISTYPED_ARGUMENT):
        assert re.search(r"argument", text)
        assert re.search(r"; use \w+\(.*: .*\)$", text), text


CHOICES = {
    "fol": ("finish", {"answer": "perhaps"}, "'yes' or 'no' or 'unknown'"),
    "knights": ("suppose", {"person": "Tom", "kind": "spy"}, "'knight' or 'knave'"),
    "coins": ("finish", {"answer": ["edge"]}, "'heads' or 'tails'"),
    "abstention": ("finish", {"answer": "none"}, "'missing' or 'no function'"),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("family", CHOICES)
def test_a_value_that_is_none_of_the_choices_is_out_of_range_and_the_choices_are_named(family: str, name: str) -> None:
    call_format, problem = load_format(name), problems(family)[0]
    function, arguments, said = CHOICES[family]
    reply = call_format.render([Call(name=function, arguments=canonical_json(arguments))])
    (result,), _ = execute(call_format, problem, [reply])
    assert result.error is ErrorCode.OUT_OF_RANGE
    assert said.replace("' or '", "', '", said.count(" or ") - 1) in result.content or said in result.content
    assert_helps(result)


@pytest.mark.parametrize("name", FORMATS)
def test_a_call_after_the_answer_is_a_wrong_count(name: str) -> None:
    call_format = load_format(name)
    for family in GENERATED:
        problem = problems(family)[0]
        results, _ = execute(call_format, problem, [*gold(call_format, problem), gold(call_format, problem)[0]])
        assert results[-1].error is ErrorCode.WRONG_COUNT
        assert_helps(results[-1])


@pytest.mark.parametrize("name", FORMATS)
def test_a_result_beyond_the_cap_in_every_format(name: str) -> None:
    def repeat(text: str, count: int) -> str:
        """Repeat a text."""
        return text * count

    call_format = load_format(name)
    reply = call_format.render([Call(name="repeat", arguments='{"count":100,"text":"ab"}')])
    session = Toolbox.of_functions("x", [repeat]).open()
    (result,) = execute_now(reply, call_format, session, CallLimits(max_result_chars=64))
    assert result.error is ErrorCode.OUTPUT_TOO_LARGE
    assert_helps(result)


def attempt(problem: Problem, replies: list[str]) -> Episode:
    """An episode in format json whose model gives these replies and then repeats the last one."""
    made = setting(
        lambda _, step: replies[min(step, len(replies) - 1)],
        ScriptedConfig(),
        EpisodeConfig(max_failed_steps=2, max_steps=12, max_step_tokens=600),
        max_context=100_000,
    )
    return asyncio.run(run_episode(problem, SampleSpec(sample=0, temperature=1.0), made))


ANSWERS: dict[str, Any] = {
    "arithmetic": 999983,
    "knights": ["Nobody"],
    "letters": "zzzz",
    "lists": [999983],
    "coins": ["heads"],
    "dates": "1066-10-14",
    "units": 999983,
    "subtask_names": ["nothing"],
    "subtask_parameters": {"a": 999983, "b": 1},
    "subtask_next": "nothing",
    "abstention": 999983,
}


@pytest.mark.parametrize("family", ANSWERS)
def test_a_finish_with_a_wrong_answer_is_answer_wrong(family: str) -> None:
    problem = problems(family)[0]
    finish = Call(name=problem.gold_calls[-1].name, arguments=canonical_json({"answer": ANSWERS[family]}))
    episode = attempt(problem, [load_format("json").render([call]) for call in (*problem.gold_calls[:-1], finish)])
    assert (episode.outcome, episode.error) == (Outcome.WRONG, ErrorCode.ANSWER_WRONG)


@pytest.mark.parametrize("family", GENERATED)
def test_chains_without_an_answer_have_the_code_of_their_end(family: str) -> None:
    problem, json_format = problems(family)[0], load_format("json")
    chain = gold(json_format, problem)
    assert attempt(problem, chain).outcome is Outcome.RIGHT
    cut = attempt(problem, [chain[0][:-1] + " " * 600])
    assert (cut.outcome, cut.error) == (Outcome.TRUNCATED, ErrorCode.REPLY_CUT)
    if len(chain) > 1:
        endless = attempt(problem, chain[:-1])
        assert (endless.outcome, endless.error) == (Outcome.TRUNCATED, ErrorCode.NO_ANSWER)
    broken = attempt(problem, ["nonsense"])
    assert (broken.outcome, broken.error) == (Outcome.WRONG, ErrorCode.NOT_A_CALL)


def test_an_answer_that_the_checker_cannot_read_is_malformed() -> None:
    problem = problems("subtask_names")[0]
    assert problem.checker == "set"
    reply = load_format("json").render([Call(name="finish", arguments='{"answer":3}')])
    assert attempt(problem, [reply]).error is ErrorCode.ANSWER_MALFORMED
    free = msgspec.structs.replace(problem, checker="numeric", gold="3")
    reply = load_format("json").render([Call(name="finish", arguments='{"answer":"three"}')])
    assert attempt(free, [reply]).error is ErrorCode.ANSWER_MALFORMED


def test_every_code_of_the_taxonomy_is_planted_somewhere() -> None:
    planted = {code for name in FORMATS for code, _ in kinds(name).values()}
    planted |= {ErrorCode.OUT_OF_RANGE, ErrorCode.OUTPUT_TOO_LARGE, ErrorCode.ANSWER_WRONG, ErrorCode.ANSWER_MALFORMED}
    # Timeouts and toolboxes' own faults take a worker: test_execution.py, test_exercise.py. A world: test_worlds.py.
    elsewhere = {ErrorCode.REPLY_CUT, ErrorCode.FUNCTION_TIMEOUT, ErrorCode.TOOLBOX_FAULT, ErrorCode.STATE_WRONG}
    assert planted | elsewhere == set(ErrorCode)


def test_messages_stay_short_however_long_names_and_signatures_are() -> None:
    def wide(
        a_first_rather_long_argument: dict[str, list[int]],
        a_second_rather_long_argument: dict[str, list[int]] | None = None,
        a_third_rather_long_argument: dict[str, list[int]] | None = None,
        a_fourth_rather_long_argument: dict[str, list[int]] | None = None,
        a_fifth_rather_long_argument: dict[str, list[int]] | None = None,
    ) -> int:
        """Do much."""
        return 0

    functions = [Function.from_callable(wide, name=f"{letter * 60}_x") for letter in "abcdefg"]
    session, call_format = Toolbox.of_functions("wide", functions).open(), load_format("json")
    for name, arguments in (("a" * 60 + "_x", {}), ("a" * 60 + "_x", {"q" * 900: 1}), ("z" * 5000, {})):
        reply = call_format.render([Call(name=name, arguments=canonical_json(arguments))])
        (result,) = execute_now(reply, call_format, session)
        assert result.error in (ErrorCode.MISSING_ARGUMENT, ErrorCode.UNKNOWN_FUNCTION)
        assert len(result.content) <= 480
