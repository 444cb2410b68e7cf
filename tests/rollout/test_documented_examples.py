"""The examples in docs/ of own problems, functions, checkers and formats work as they are printed."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import msgspec
import pytest

from cluster.config import parse
from rollout.checkers import check
from rollout.episodes.execution import execute_now
from rollout.formats import FORMATS, load_format
from rollout.formats.native_format import DIALECTS, load_dialect
from rollout.problems import FAMILIES, FamilyConfig, generate
from rollout.problems.checking import check_problems
from rollout.records import UserTurn
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.nesting import named_arguments

DOCS = Path("docs").resolve()
PYTHON = load_format("python")


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / document).read_text(), re.DOTALL)


def test_own_problems_with_own_functions_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (table,) = [tomllib.loads(text)["problems"]["mine"] for text in blocks("problems.md", "toml") if "mine" in text]
    row = json.loads(blocks("problems.md", "json")[0])
    monkeypatch.chdir(tmp_path)
    for folder in ("data", "tools"):
        (tmp_path / folder).mkdir()
    shutil.copy(DOCS / "examples/shop.py", tmp_path / "tools")
    for name, things in (("problems", "pen cup hat bag key map pin cap"), ("test", "bed car dog")):
        rows = [{**row, "question": row["question"].replace("pen", thing)} for thing in things.split()]
        (tmp_path / f"data/{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    config = parse(FamilyConfig, {**table, "train": 1, "test": 1}, "mine")
    for split in ("train", "test"):
        (problem,) = generate(config, split)
        assert (problem.family, problem.gold, problem.checker) == ("mine", "21", "numeric")
        session = load_toolbox(problem.toolbox).open(problem.state)
        assert execute_now('price(item="pear")', PYTHON, session)[0].content == "0.75"
        execute_now("finish(21.0)", PYTHON, session)
        assert session.answer is not None
        assert check(problem.checker, session.answer, problem.gold) is None


def test_several_turns_as_documented(tmp_path: Path) -> None:
    (row,) = [json.loads(text) for text in blocks("problems.md", "json") if '"turns"' in text]
    (tmp_path / "p.jsonl").write_text(json.dumps(row) + "\n" + json.dumps({**row, "text": "Whose is it?"}) + "\n")
    columns = {name: name.removesuffix("_column") for name in ("calls_column", "state_column", "turns_column")}
    table = {"family": "jsonl", "path": str(tmp_path / "p.jsonl"), "test_path": str(tmp_path / "p.jsonl"), "test": 1}
    table |= {"toolbox": f"{DOCS}/examples/tickets.py:Desk", "hidden_column": "hidden", **columns}
    (problem,) = generate(parse(FamilyConfig, table, "turns"), "test")
    assert (problem.toolbox, problem.hidden) == (f"{DOCS}/examples/tickets.py:Desk#turns", ("assign",))
    assert [(turn.text, turn.appear) for turn in problem.turns] == [
        ("Give it to Ann.", ("assign",)),
        ("Thanks. Whose is it now?", ()),
    ]
    report = check_problems([problem], FORMATS)
    assert (report.faults, report.executed) == ((), 1)
    without = msgspec.structs.replace(problem, turns=(*problem.turns[:-1], UserTurn(text="Whose is it now?")))
    assert "the gold chain of turn 3 does not end it" in check_problems([without], ["json"]).faults[0]
    too_early = msgspec.structs.replace(problem, hidden=("find",), turns=problem.turns[1:])
    assert "unknown function find" in check_problems([too_early], ["json"]).faults[0]


def test_own_calls_state_and_checker_as_documented(tmp_path: Path) -> None:
    calls = [
        {"name": "put", "arguments": {"item": "apple", "count": 3}},
        {"name": "finish", "arguments": {"answer": "5 m"}},
    ]
    row = {"text": "Put 3 apples in.", "answer": "500 cm", "calls": calls, "state": {"items": {"apple": 2}}}
    (tmp_path / "p.jsonl").write_text(json.dumps(row))
    columns = {"calls_column": "calls", "state_column": "state"}
    toolbox, checker = f"{DOCS}/examples/cart.py:Cart", "docs.examples.units_checker:same_length"
    table = {"family": "jsonl", "path": str(tmp_path / "p.jsonl"), "toolbox": toolbox, "checker": checker, **columns}
    config = parse(FamilyConfig, {**table, "train": 1, "test_path": str(tmp_path / "p.jsonl"), "test": 1}, "own")
    (problem,) = generate(config, "test")
    assert check_problems([problem], sorted(FORMATS)).faults == ()


@pytest.mark.parametrize(
    ("name", "state"),
    [("shop.py", "null"), ("cart.py:Cart", '{"items":{"apple":2}}'), ("chain.py", "null")],
)
def test_examples_of_the_example_toolboxes_execute(name: str, state: str) -> None:
    toolbox = load_toolbox(f"{DOCS}/examples/{name}")
    examples = [example for function in toolbox.functions.values() for example in function.examples]
    assert examples
    for example in examples:
        (result,) = execute_now(example, PYTHON, toolbox.open(state))
        assert result.error is None, (example, result.content)
    assert name.partition(":")[0] in (DOCS / "toolboxes.md").read_text()


BUILT_IN = (
    "abstention", "arithmetic", "coins", "dates", "fol", "knights", "letters", "lists", "subtasks", "units", "zebra",
)  # fmt: skip


@pytest.mark.parametrize("name", BUILT_IN)
def test_examples_of_the_built_in_functions_are_valid_calls(name: str) -> None:
    for toolbox in (load_toolbox(name), load_toolbox(f"{name}_renamed")):
        for function in toolbox.functions.values():
            assert function.examples
            for example in function.examples:
                (call,) = PYTHON.parse(example)
                assert call.name == function.name
                function.validate(json.dumps(named_arguments(function, json.loads(call.arguments))))


def test_documented_calls_of_every_format_are_read() -> None:
    rows = documented_calls()
    assert rows.keys() >= FORMATS.keys() - {"native"}
    for name in FORMATS.keys() - {"native"}:
        text = rows[name].replace('"name": ...', '"name": "add"').replace("]name[", "]add[")
        for call_format in (load_format(name), *([load_format("native")] if name not in ("json", "python") else [])):
            (call,) = call_format.parse(text.replace("{...}", '{"a": 1, "b": 2}'))
            result = load_toolbox("arithmetic").open().call(call)
            assert result.content == ("-1" if name == "python" else "3"), name


def test_documented_calls_of_the_native_dialects_are_read() -> None:
    rows = documented_calls()
    assert rows.keys() >= DIALECTS.keys()
    for name in DIALECTS.keys() - FORMATS.keys():
        text = rows[name].replace("\\n", "\n").replace("\\|", "|")
        for call_format in (load_dialect(name), load_format("native")):
            (call,) = call_format.parse(text)
            assert (call.name, json.loads(call.arguments)["a"]) == ("add", 1), name


def documented_calls() -> dict[str, str]:
    """The call in the first row of each format, or dialect, in the tables of the document."""
    found = re.findall(r"^\| `(\w+)` \| `(.+?)`", (DOCS / "call-formats.md").read_text(), re.MULTILINE)
    return dict(reversed(found))


def test_documented_nested_calls_are_executed() -> None:
    text = (DOCS / "call-formats.md").read_text()
    assert "`add(mul(2, 3), 4)`" in text
    inner = re.search(r'`(\{"\$call": .*?\}\}\})`', text)
    assert inner is not None
    outer = f'{{"name": "add", "arguments": {{"a": {inner[1]}, "b": 4}}}}'
    for reply, name in (("add(mul(2, 3), 4)", "python"), (outer, "json")):
        assert execute_now(reply, load_format(name), load_toolbox("arithmetic").open())[0].content == "10"


def test_every_family_and_its_recall_are_documented_as_measured() -> None:
    text = (DOCS / "problems.md").read_text()
    for family in FAMILIES:
        assert f"`{family}`" in text
    measured = json.loads((DOCS / "results/retrieval.json").read_text())["recall"]
    for family, suites in measured.items():
        cells = [f"{suites[suite][kept]['recall']:.2f}" for suite in suites for kept in ("8", "16", "32", "64")]
        assert f"| `{family}` | {' | '.join(cells)} |" in text
