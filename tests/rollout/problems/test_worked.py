"""Worked conversations: where they come from, and what they never are."""

import json
import sys
from pathlib import Path

import msgspec
import pytest

from cluster.errors import RequestError
from rollout.config import EpisodeConfig
from rollout.problems import FAMILIES, VARIANTS, FamilyConfig, everything, generate
from rollout.problems.config import IMPORTED, WITH_TASKS
from rollout.problems.duplicates import HeldOut
from rollout.problems.worked import with_examples, work
from rollout.problems.worked_rows import refuse_unnamed, rows_of_file
from rollout.records import Problem
from rollout.toolboxes import load_toolbox

THREE = EpisodeConfig(examples=3)
GENERATED = [name for name in FAMILIES if name not in (*IMPORTED, *WITH_TASKS)]
ARITHMETIC = FamilyConfig(family="arithmetic", train=8, test=8, difficulty=(1, 2))


def worked(family: FamilyConfig, split: str, config: EpisodeConfig = THREE) -> list[Problem]:
    return with_examples(generate(family, split), family, split, config)


@pytest.mark.parametrize("name", GENERATED)
@pytest.mark.parametrize("split", ["train", "test"])
def test_every_generated_family_has_some_that_execute_in_the_problems_own_toolbox(name: str, split: str) -> None:
    family = FamilyConfig(family=name, train=4, test=4)
    for problem in worked(family, split):
        assert len({example.text for example in problem.examples}) == 3
        names = set(load_toolbox(problem.toolbox).functions)
        assert {turn.call.name for example in problem.examples for turn in example.turns} <= names
        assert all(example.turns[-1].result == "" for example in problem.examples)


@pytest.mark.parametrize("kind", VARIANTS)
def test_in_variants_they_have_the_functions_of_the_suite(kind: str) -> None:
    families = (ARITHMETIC, FamilyConfig(family="fol", test=4), FamilyConfig(family="subtask_chaining", test=4))
    for family in families:
        problems = worked(family, f"variant-{kind}")
        for problem in problems:
            names = set(load_toolbox(problem.toolbox).functions)
            assert {turn.call.name for example in problem.examples for turn in example.turns} <= names
            assert not {each.text for each in generate(family, "test")} & {each.text for each in problem.examples}


def test_no_example_is_like_a_held_out_problem_and_none_is_the_problem_itself() -> None:
    held_out = HeldOut([*generate(ARITHMETIC.model_copy(update={"test": 200}), "test")])
    for problem in [*worked(ARITHMETIC, "train"), *worked(ARITHMETIC, "test")]:
        for example in problem.examples:
            assert example.text != problem.text
            assert tuple(turn.call for turn in example.turns) != problem.gold_calls
            shown = msgspec.structs.replace(problem, text=example.text)
            assert (held_out.exact(shown), held_out.near(shown)) == (None, None)


def test_they_are_a_function_of_the_problem_alone() -> None:
    one, two = worked(ARITHMETIC, "train"), worked(ARITHMETIC.model_copy(update={"train": 4}), "train")
    assert [problem.examples for problem in one[:4]] == [problem.examples for problem in two]
    assert len({problem.examples for problem in one}) > 4


def test_results_are_those_of_executing_the_calls() -> None:
    for problem in worked(ARITHMETIC, "train"):
        for example in problem.examples:
            session = load_toolbox(problem.toolbox).open(problem.state)
            for turn in example.turns[:-1]:
                assert session.call(turn.call).content == turn.result


def test_ids_do_not_depend_on_examples() -> None:
    assert [p.id for p in worked(ARITHMETIC, "train")] == [p.id for p in generate(ARITHMETIC, "train")]


def rows(tmp_path: Path, *lines: object) -> str:
    path = tmp_path / "worked.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return str(path)


ADD = {"name": "add", "arguments": {"a": 1, "b": 2}}
FINISH = {"name": "finish", "arguments": {"answer": 3}}


def test_a_file_of_the_users_takes_their_place(tmp_path: Path) -> None:
    path = rows(tmp_path, {"text": "One and two?", "calls": [ADD, FINISH], "toolbox": "arithmetic"}, "")
    for problem in worked(ARITHMETIC, "test", EpisodeConfig(examples=1, examples_file=path)):
        (example,) = problem.examples
        assert (example.text, [turn.result for turn in example.turns]) == ("One and two?", ["3", ""])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "?", "calls": [{"name": "plus", "arguments": {}}, FINISH]}, "worked.jsonl:1: plus({}) fails: Error"),
        ({"text": "?", "calls": [ADD]}, "worked.jsonl:1: its calls do not finish; end them with finish"),
        ({"text": "?", "calls": [ADD, FINISH], "turns": [3]}, "worked.jsonl:1: no worked conversation"),
        ({"text": "?", "calls": [ADD, FINISH], "turns": [{"text": "", "calls": [ADD]}]}, "no worked conversation"),
        (
            {"text": "?", "calls": [ADD, FINISH], "turns": [{"text": "!", "calls": [ADD]}]},
            "its calls of turn 2 do not finish",
        ),
        ({"text": "?", "calls": []}, "worked.jsonl:1: no worked conversation"),
        ({"text": "?", "calls": [{"name": "add", "arguments": [1, 2]}]}, "a call has a name, and an object"),
        ({"text": 3, "calls": [FINISH]}, "worked.jsonl:1: no worked conversation"),
        ({"text": "?", "calls": [FINISH], "toolbox": "nix"}, "worked.jsonl:1: toolbox 'nix': no such toolbox"),
        ("{", "worked.jsonl:1 is '{', not JSON"),
        ([1], "worked.jsonl:1: no worked conversation: a row is [1]"),
        ("[" * 100_000, "worked.jsonl:1 is "),
        ('{"text": "?", "text": "!", "calls": [1]}', "not JSON: a key stands twice in one object"),
        ({"text": "?", "call": [ADD, FINISH]}, "a row has the key 'call', which nothing reads; keys are text, calls"),
        ({"text": "?", "calls": [{**ADD, "id": 3}, FINISH]}, "a call has the key 'id', which nothing reads"),
        ({"text": "?", "calls": [ADD, FINISH], "turns": {}}, "turns is {}; write a list"),
        ({"text": "?", "calls": "add"}, "calls is 'add'; write"),
        ({"text": "?", "calls": ["add"]}, "a call is 'add'; write"),
        ({"text": " ", "calls": [ADD, FINISH]}, "text is ' '; write"),
        ("", "holds no row; write"),
        ({"text": "\ud800", "calls": [ADD, FINISH]}, "worked.jsonl:1: 'the row' holds half of a surrogate pair"),
        ({"text": "?", "toolbox": "\ud800", "calls": [ADD, FINISH]}, "worked.jsonl:1: 'the row' holds half"),
        ({"text": "?", "calls": [{"name": "\ud800", "arguments": {}}]}, "worked.jsonl:1: 'the row' holds half"),
        ('{"text": "?", "state": ' + "[" * 3_000 + "]" * 3_000 + ', "calls": [1]}', "worked.jsonl:1"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, row: object, message: str) -> None:
    config = EpisodeConfig(examples=1, examples_file=rows(tmp_path, row))
    with pytest.raises(RequestError) as caught:
        worked(ARITHMETIC, "test", config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_row_that_stands_twice_is_named(tmp_path: Path) -> None:
    row = {"text": "One and two?", "calls": [ADD, FINISH]}
    config = EpisodeConfig(examples=2, examples_file=rows(tmp_path, row, {**row, "text": "1 + 2?"}, row))
    with pytest.raises(
        RequestError, match=r"worked\.jsonl:3: the same conversation as .*worked\.jsonl:1; .* take one out"
    ):
        worked(ARITHMETIC, "test", config)


def test_a_row_may_hold_separators_of_lines_that_json_allows(tmp_path: Path) -> None:
    row = json.dumps({"text": "One\u2028and\x85two?", "calls": [ADD, FINISH]}, ensure_ascii=False)
    path = rows(tmp_path, f"{row}\r")
    (example,) = worked(ARITHMETIC, "test", EpisodeConfig(examples=1, examples_file=path))[0].examples
    assert example.text == "One\u2028and\x85two?"


OWN = {"question": "Please count: Ann has 3 boxes with 8 pens in each. How many pens are there in all?", "answer": 24}
FIRST = [{"name": "mul", "arguments": {"a": 3, "b": 8}}, {"name": "finish", "arguments": {"answer": 24.0}}]


@pytest.mark.parametrize(
    "text",
    [
        OWN["question"],
        f"{OWN['question']}  ",
        "Please count: Ann has 3 boxes with 8 pens in each. How many pens are there?",
        f"{OWN['question']} Give 1 number.",
        f"What is 5 minus 3? {OWN['question']}",
    ],
)
def test_a_row_like_a_held_out_problem_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "test.jsonl"
    file.write_text(json.dumps(OWN))
    family = FamilyConfig(family="jsonl", path=str(file), text="question", toolbox="arithmetic", test=1)
    (problem,) = (each for part in everything(family).splits.values() for each in part)
    held_out = [msgspec.structs.replace(problem, split="test")]
    config = EpisodeConfig(examples=1, examples_file=rows(tmp_path, "", {"text": text, "calls": FIRST}))
    with pytest.raises(RequestError, match=r"worked\.jsonl:2: this worked conversation is like the held-out problem"):
        with_examples(held_out, family, "test", config)
    config = EpisodeConfig(examples=1, examples_file=rows(tmp_path, "", {"text": text, "calls": FIRST, "state": {}}))
    with pytest.raises(RequestError, match=r"worked\.jsonl:2: this worked conversation is like the held-out problem"):
        with_examples(held_out, family, "test", config)
    later = {"text": "What is 3 times 9?", "calls": [FIRST[0], FINISH], "turns": [{"text": text, "calls": FIRST}]}
    config = EpisodeConfig(examples=1, examples_file=rows(tmp_path, "", later))
    with pytest.raises(RequestError, match=r"worked\.jsonl:2: this worked conversation is like the held-out problem"):
        with_examples(held_out, family, "test", config)
    other = {"text": text, "calls": FIRST, "toolbox": "fol"}
    other_too = {"text": "What is 3 times 9?", "calls": [{"name": "finish", "arguments": {"answer": 27}}]}
    config = EpisodeConfig(examples=1, examples_file=rows(tmp_path, other, other_too))
    assert with_examples(held_out, family, "test", config)[0].examples[0].text == "What is 3 times 9?"


def test_a_toolbox_that_the_file_has_no_row_for_keeps_its_familys(tmp_path: Path) -> None:
    path = rows(tmp_path, {"text": "?", "calls": [FINISH], "toolbox": "general"})
    shown = worked(ARITHMETIC, "test", EpisodeConfig(examples=2, examples_file=path))
    assert shown == worked(ARITHMETIC, "test", EpisodeConfig(examples=2))


@pytest.mark.parametrize("toolbox", ["{code}", "{code}:add", "mcp:{python} {code}", "builtin_of_users:OBJECT%nowhere"])
def test_a_row_alone_has_no_code_run(tmp_path: Path, toolbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started, code = tmp_path / "started", tmp_path / "tools.py"
    code.write_text(f"open({str(started)!r}, 'w')\n\ndef add(a: int, b: int) -> int:\n    return a + b\n")
    toolbox = toolbox.format(code=code, python=sys.executable)
    loaded = list[str]()
    monkeypatch.setattr("rollout.problems.worked_rows.load_toolbox", loaded.append)
    mine = {"text": "?", "calls": [FINISH], "toolbox": toolbox}
    path = rows(tmp_path, mine, {"text": "!", "calls": [FINISH], "toolbox": "arithmetic"})
    worked(ARITHMETIC, "test", EpisodeConfig(examples=1, examples_file=path))
    assert loaded == ["arithmetic"]
    assert not started.exists()
    with pytest.raises(RequestError, match=r"worked\.jsonl:1: toolbox .* is that of no problem of this recipe"):
        refuse_unnamed(rows_of_file(path), ["arithmetic", f"{toolbox}s"])
    refuse_unnamed(rows_of_file(path), ["arithmetic", f"{toolbox}#turns"])


def test_a_section_that_shows_none_is_held_against_the_file(tmp_path: Path) -> None:
    held_out = generate(ARITHMETIC, "test")
    calls = [{"name": call.name, "arguments": json.loads(call.arguments)} for call in held_out[0].gold_calls]
    path = rows(tmp_path, {"text": held_out[0].text, "calls": calls})
    config = EpisodeConfig(examples=1, examples_file=path).of_suite({"examples": 0})
    with pytest.raises(RequestError, match=r"worked\.jsonl:1: this worked conversation is like the held-out problem"):
        with_examples(held_out, ARITHMETIC, "test", config)
    assert with_examples(held_out[1:], ARITHMETIC, "test", config) == held_out[1:]


def test_a_benchmark_without_train_problems_says_where_to_show_none() -> None:
    family = FamilyConfig(family="bfcl", task="multiple", test=1)
    (problem, *_) = generate(ARITHMETIC, "test")
    with pytest.raises(RequestError, match=r"family bfcl multiple has no train .* set examples = 0 in problems\.few$"):
        with_examples([problem], family, "test", THREE, "problems.few")


def test_too_few_rows_are_said(tmp_path: Path) -> None:
    path = rows(tmp_path, {"text": "?", "calls": [FINISH]})
    with pytest.raises(RequestError, match="only 1 worked conversations with the functions of 'arithmetic'"):
        worked(ARITHMETIC, "test", EpisodeConfig(examples=2, examples_file=path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="examples_file"):
        worked(ARITHMETIC, "test", EpisodeConfig(examples=1, examples_file=str(tmp_path / "none.jsonl")))


def test_imported_rows_without_gold_calls_cannot_be_worked(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_text(
        "\n".join(
            json.dumps({"text": f"What is {n} and {word}?", "answer": n})
            for n, word in enumerate("abcdefghijklmnopqrstuvwxyz")
        )
    )
    family = FamilyConfig(family="jsonl", path=str(path), toolbox="arithmetic", checker="numeric", train=2)
    with pytest.raises(RequestError, match="no train problems with gold calls"):
        worked(family, "train")


def test_gold_calls_that_do_not_solve_their_problem_are_no_example() -> None:
    (problem, *_) = generate(ARITHMETIC, "train")
    with pytest.raises(RequestError, match="answer_wrong"):
        work(msgspec.structs.replace(problem, gold="-1"))


def test_a_file_without_a_count_is_refused() -> None:
    with pytest.raises(ValueError, match="say how many"):
        EpisodeConfig(examples_file="x.jsonl")
