"""The benchmark of BFCL's checker draws every kind of damage, and fails where our validator or our verdict does."""

import json
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bfcl import ours
from benchmarks.bfcl.__main__ import compare, damaged_cases, gold_shares, main, solvable
from benchmarks.bfcl.contradictions import contradictions, schemas_of, why_unsolvable
from benchmarks.bfcl.damage import KINDS, Pool, as_calls
from benchmarks.bfcl.ours import RULES, explanation, is_accepted, right
from benchmarks.tables.judging import bfcl_table
from rollout.foreign.bfcl import CATEGORIES, Question, questions, verdict
from rollout.records import ErrorCode, canonical_json
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.mistakes import CallRefused
from rollout.toolboxes.schemas.toolbox import INLINE, SchemaFunction

EXCLUDED = {
    "parallel_multiple_21": "type",
    "parallel_multiple_94": "member",
    "live_simple_106-63-0": "nothing allowed",
    "live_simple_112-68-0": "nothing allowed",
    "live_multiple_87-38-4": "enum",
    "live_multiple_552-153-1": "type",
    "live_multiple_595-158-1": "type",
    "live_multiple_596-158-2": "type",
    "live_multiple_731-167-2": "type",
    "live_multiple_733-167-4": "type",
    "live_multiple_735-167-6": "type",
    "live_multiple_750-169-5": "enum",
    "live_multiple_756-169-11": "enum",
    "live_multiple_835-178-10": "enum",
    "live_multiple_862-181-3": "unexpected",
    "live_multiple_871-182-8": "enum",
    "live_multiple_947-197-0": "enum",
    "live_multiple_964-207-0": "required",
    "live_multiple_1038-265-0": "type",
    "live_parallel_multiple_2-2-0": "enum",
}
SCHEMA = {
    "type": "dict",
    "required": ["a"],
    "properties": {
        "a": {"type": "float", "maximum": 4},
        "b": {"type": "array", "items": {"type": "integer"}},
        "c": {"type": "dict", "required": ["d"], "properties": {"d": {"type": "string", "enum": ["x", "y"]}}},
        "e": {"type": "array", "enum": ["x", "y"], "items": {"type": "any"}},
    },
}


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"a": 1, "b": [1], "c": {"d": "x", "more": 1}, "e": ["y"]}, []),
        ({}, ["required"]),
        ({"a": 1, "f": 1}, ["unexpected"]),
        ({"a": True}, ["type"]),
        ({"a": None}, ["type"]),
        ({"a": 5.0}, ["bound"]),
        ({"a": 1, "b": [1, 2.0]}, ["member"]),
        ({"a": 1, "c": {}}, ["required"]),
        ({"a": 1, "c": {"d": 3}}, ["member"]),
        ({"a": 1, "c": {"d": "z"}}, ["enum"]),
        ({"a": 1, "e": ["x", "z"]}, ["enum"]),
    ],
)
def test_what_contradicts_a_schema_is_named(arguments: dict[str, Any], found: list[str]) -> None:
    assert [*contradictions(SCHEMA, arguments)] == found


def test_a_keyword_that_is_not_known_is_an_error() -> None:
    with pytest.raises(ValueError, match="multipleOf"):
        list(contradictions({"required": [], "properties": {"a": {"type": "float", "multipleOf": 2}}}, {"a": 1}))


@pytest.fixture(scope="module")
def pool() -> Pool:
    return solvable(CATEGORIES)


@pytest.fixture
def _refuses_integers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The validator of sessions refuses every call with an integer, as a faulty one might."""
    validate = SchemaFunction.validate

    def refuse(function: SchemaFunction, arguments: str) -> dict[str, Any]:
        if any(type(each) is int for each in json.loads(arguments).values()):
            raise CallRefused(ErrorCode.MISTYPED_ARGUMENT, "planted")
        return validate(function, arguments)

    monkeypatch.setattr(SchemaFunction, "validate", refuse)
    questions.cache_clear()
    yield
    questions.cache_clear()


def question_of(id: str, pool: Pool) -> tuple[str, Question]:
    return next(each for each in pool if each[1].id == id)


@pytest.mark.real
def test_the_excluded_problems_are_these_and_each_contradicts_its_schema() -> None:
    all_of_them = [each for category in CATEGORIES for each in questions(category)]
    assert {each.id: why_unsolvable(each) for each in all_of_them if each.fault} == EXCLUDED
    assert {each.id for each in all_of_them if why_unsolvable(each)} == EXCLUDED.keys()


@pytest.mark.real
def test_each_kind_of_damage_is_drawn_equally_often_and_alters_the_json(pool: Pool) -> None:
    cases = damaged_cases(3 * len(KINDS), pool, seed=0)
    assert Counter(kind for kind, *_ in cases) == dict.fromkeys(KINDS, 3)
    assert not [case for case in cases if canonical_json(case[3]) == canonical_json(as_calls(case[2]))]


@pytest.mark.real
def test_the_validator_of_sessions_refuses_what_contradicts_a_schema_and_nothing_else(pool: Pool) -> None:
    seen = Counter[bool]()
    for _, _, question, calls in damaged_cases(10 * len(KINDS), pool, seed=1):
        found = load_toolbox(INLINE + canonical_json(question.schemas)).functions.values()
        functions = {each.written: each for each in found if isinstance(each, SchemaFunction)}
        for call in calls:
            if call["name"] in functions:
                kinds = [*contradictions(schemas_of(question)[call["name"]], call["arguments"])]
                assert is_accepted(functions[call["name"]], call["arguments"]) == (not kinds), (call, kinds)
                seen[not kinds] += 1
    assert min(seen[True], seen[False]) > 50


@pytest.mark.real
def test_an_integer_in_a_list_of_floats_is_right_for_us_alone(pool: Pool) -> None:
    category, question = question_of("simple_python_13", pool)
    calls = as_calls(question)
    calls[0]["arguments"]["interval"] = [1.0, 3]
    assert right(question, calls)
    assert verdict(category, question.id, calls) == {"valid": False, "error": "type_error:nested"}
    assert explanation(question, calls, False) == ("float in a list",)


@pytest.mark.real
def test_a_rule_explains_no_case_of_the_other_side(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    _, question = question_of("simple_python_13", pool)
    calls = as_calls(question)
    assert explanation(question, calls[1:], True) is None
    calls[0]["arguments"]["interval"] = [1.0, 3]
    turned = RULES["float in a list"]._replace(alone_right="theirs")
    monkeypatch.setattr(ours, "RULES", {**RULES, "float in a list": turned})
    assert explanation(question, calls, False) is None


@pytest.mark.real
@pytest.mark.usefixtures("_refuses_integers")
def test_a_validator_that_is_too_strict_leaves_nothing_out_and_is_explained_by_nothing(tmp_path: Path) -> None:
    shares, excluded = gold_shares(["live_simple"])
    assert shares["live_simple"] < 0.9
    assert excluded["live_simple_0-0-0"]["contradiction"] == "none"
    assert compare(damaged_cases(len(KINDS), solvable(["multiple"]), 0))["unexplained"] > 0
    assert main(["--json", str(tmp_path / "found.json"), "--categories", "live_parallel", "--cases", "1"]) == 1
    assert json.loads((tmp_path / "found.json").read_text())["undamaged"]["unexplained"] > 0


@pytest.mark.real
def test_a_partial_run_says_so_and_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "some of it.json"
    arguments = ["--json", str(path), "--categories", "live_parallel", "irrelevance", "--cases", "3"]
    assert main(arguments) == 0
    report = json.loads(path.read_text())
    given = f"--json '{path}' --categories live_parallel irrelevance --cases 3"
    assert report["command"] == f"python -m benchmarks.bfcl {given}"
    assert report["package"] == f"bfcl-eval {version('bfcl-eval')}"
    assert report["gold"] == {"live_parallel": 1, "irrelevance": 1}
    assert (report["damaged"]["cases"], report["undamaged"]["cases"]) == (3, 16)
    report["damaged"]["unexplained"] = 7
    assert "and 7 are not explained" in bfcl_table(report)
