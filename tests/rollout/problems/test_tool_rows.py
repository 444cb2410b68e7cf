"""Rows of xLAM's, Hermes' and OpenAI's formats, which bring their functions and gold calls."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest

from cluster.config import parse
from cluster.errors import RequestError
from rollout.episodes.execution import execute_now
from rollout.formats import FORMATS, load_format
from rollout.problems import FamilyConfig, everything, generate
from rollout.problems.checking import check_problems
from rollout.problems.contracts import gold_fault
from rollout.problems.imported.chats import TURNS, UNREADABLE
from rollout.problems.imported.files import Imported
from rollout.problems.imported.tool_rows import BAD_SCHEMA, NO_FUNCTIONS, UNFIT
from rollout.records import Call, Problem, canonical_json
from rollout.toolboxes import load_toolbox
from tests.repository import ROOT

DATA = ROOT / "tests/data/rows"
FAMILIES = ("xlam", "hermes", "openai")
SAY = {"name": "say", "parameters": {"a": {"type": "str"}}}
TEXT = {"role": "assistant", "content": "Wait."}
SUB = {"name": "sub", "description": "Subtract.", "parameters": {"a": {"type": "int"}}}
ADD = {"name": "add", "description": "Add.", "parameters": {"a": {"type": "int"}, "b": {"type": "int", "default": 1}}}


def read(family: str, path: Path | str, **settings: Any) -> Imported:
    return everything(parse(FamilyConfig, {"family": family, "path": str(path), **settings}, "test"))


def of(found: Imported) -> dict[str, Problem]:
    return {problem.source: problem for problems in found.splits.values() for problem in problems}


def one_row(tmp_path: Path, family: str, row: dict[str, Any]) -> Problem | str:
    """The problem of a row that stands behind a good one, or why there is none."""
    good = json.loads((DATA / f"{family}.jsonl").read_text().splitlines()[0])
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{json.dumps(good)}\n{json.dumps(row)}\n")
    found = read(family, file)
    if found.left_out:
        return f"{found.left_out[0].kind}: {found.left_out[0]}"
    return of(found)[f"{file}:2"]


def xlam(answers: Any, *tools: Any, query: str = "What do 1 and 2 make?") -> dict[str, Any]:
    return {"query": query, "tools": json.dumps(tools), "answers": json.dumps(answers)}


def openai(*messages: dict[str, Any], **row: Any) -> dict[str, Any]:
    tool = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    return {"messages": messages, "tools": [{"type": "function", "function": tool}], **row}


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def calling(*arguments: str, **more: Any) -> dict[str, Any]:
    calls = [{"id": "1", "type": "function", "function": {"name": "add", "arguments": each}} for each in arguments]
    return {"role": "assistant", "content": None, "tool_calls": calls, **more}


@pytest.mark.parametrize(("family", "right", "kinds"), [
    ("xlam", 6, {UNFIT: 3, BAD_SCHEMA: 2, UNREADABLE: 2, NO_FUNCTIONS: 1}),
    ("hermes", 4, {TURNS: 2, UNFIT: 1, UNREADABLE: 1, NO_FUNCTIONS: 1}),
    ("openai", 5, {BAD_SCHEMA: 2, UNREADABLE: 3, NO_FUNCTIONS: 1, TURNS: 1}),
])  # fmt: skip
def test_each_row_is_a_problem_whose_gold_executes_or_is_left_out_by_name(
    family: str, right: int, kinds: dict[str, int]
) -> None:
    file = DATA / f"{family}.jsonl"
    found, lines = read(family, file), len(file.read_text().splitlines())
    assert {*of(found)} == {f"{file}:{number}" for number in range(1, right + 1)}
    assert Counter(each.kind for each in found.left_out) == kinds
    assert [each.where for each in found.left_out] == [f"{file}:{number}" for number in range(right + 1, lines + 1)]
    for kind, count in kinds.items():
        assert any(note.startswith(f"{count} of {lines} rows are left out because {kind}, ") for note in found.notes)
    assert all("\n" not in line for line in (*found.notes, *map(str, found.left_out)))
    report = check_problems([*of(found).values()], sorted(FORMATS))
    assert (report.problems, report.executed, report.faults) == (right, right, ())


def test_gold_calls_are_those_of_the_row() -> None:
    gold = {
        family: [json.loads(each.gold) for each in of(read(family, DATA / f"{family}.jsonl")).values()]
        for family in FAMILIES
    }
    assert sorted(map(len, gold["xlam"])) == [0, 1, 1, 1, 2, 2]
    assert [{"name": "place_pins", "arguments": {"pins": [[51.5, 4], [52, 4.25]], "type": "satellite"}}] in gold["xlam"]
    off = [{"name": "switch_light", "arguments": {"room": room, "on": False}} for room in ("kitchen", "hall")]
    assert off in gold["hermes"]
    trip = {"from": {"city": "Bern", "hour": 9}, "to": {"city": "Basel"}, "by": "train"}
    assert [{"name": "plan_trip", "arguments": trip}] in gold["openai"]
    idle = [
        each for family in FAMILIES for each in of(read(family, DATA / f"{family}.jsonl")).values() if each.gold == "[]"
    ]
    assert len(idle) == 3
    assert all(each.nothing_to_do for each in idle)


def test_what_the_system_says_is_asked_too_unless_it_is_hermes_own_instruction() -> None:
    texts = {each.text for family in FAMILIES for each in of(read(family, DATA / f"{family}.jsonl")).values()}
    assert "Today is 3 May 2031.\n\nFrom Bern at 9 to Basel by train." in texts
    assert "Two nights, north." in texts
    assert not any("<tools>" in text for text in texts)


def damaged(problem: Problem) -> dict[str, list[Call]]:
    """Chains that are not right, by what is wrong with them."""
    *calls, finish = problem.gold_calls
    first = json.loads(calls[0].arguments)
    chains = {"a call is missing": [*calls[1:], finish], "a call too many": [calls[0], *calls, finish]}
    for name, value in first.items():
        left = {key: each for key, each in first.items() if key != name}
        changed = {str: lambda text: f"{text}x", bool: lambda truth: not truth, int: lambda number: number + 1}
        if type(value) in changed:
            again = msgspec.structs.replace(
                calls[0], arguments=canonical_json({**left, name: changed[type(value)](value)})
            )
            chains[f"another {name}"] = [again, *calls[1:], finish]
    return chains


def outcome(problem: Problem, calls: list[Call]) -> bool:
    return gold_fault(msgspec.structs.replace(problem, gold_calls=tuple(calls)), load_format("json")) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_gold_is_right_and_damaged_gold_is_wrong(family: str) -> None:
    for problem in of(read(family, DATA / f"{family}.jsonl")).values():
        assert outcome(problem, [*problem.gold_calls])
        for fault, calls in damaged(problem).items() if len(problem.gold_calls) > 1 else ():
            assert not outcome(problem, calls), (problem.source, fault)


def test_calls_may_come_in_any_order_and_defaults_be_left_out(tmp_path: Path) -> None:
    problem = one_row(
        tmp_path,
        "xlam",
        xlam([{"name": "add", "arguments": {"a": 1, "b": 1}}, {"name": "add", "arguments": {"a": 2}}], ADD),
    )
    assert isinstance(problem, Problem)
    one, two, finish = problem.gold_calls
    assert outcome(problem, [two, one, finish])
    assert outcome(
        problem, [Call(name="add", arguments='{"a":1}'), Call(name="add", arguments='{"a":2,"b":1}'), finish]
    )
    assert not outcome(problem, [Call(name="add", arguments='{"a":1,"b":2}'), two, finish])


@pytest.mark.parametrize(("row", "says"), [
    (xlam([{"name": "add", "arguments": {"b": 2}}], ADD), f"{UNFIT}: ROW: add: an argument is missing"),
    (xlam([{"name": "add", "arguments": {"a": 2.0}}], ADD), f"{UNFIT}: ROW: add: an argument has the wrong type at a"),
    (xlam([{"name": "add", "arguments": {"a": "2"}}], ADD), f"{UNFIT}: ROW: add: an argument has the wrong type at a"),
    (xlam([{"name": "add", "arguments": {"a": 2, "c": 2}}], ADD), f"{UNFIT}: ROW: add: there is an argument too many"),
    (xlam([{"name": "Add", "arguments": {"a": 2}}], ADD), f"{UNFIT}: ROW: it calls 'Add', which is none of"),
    (xlam([{"name": "add", "arguments": {"a": {"$call": {"name": "add", "arguments": {"a": 1}}}}}], ADD), UNFIT),
    (xlam([{"name": "add", "arguments": {"a": 10**50}}], ADD), UNFIT),
    (xlam([{"name": "add", "arguments": {"a": 1}}] * 40, ADD, query="?"), ""),
    (xlam([{"name": "f", "arguments": {"a": "x" * 20_000}}], {"name": "f", "parameters": {"a": {}}}), UNFIT),
    (xlam([{"name": "add", "arguments": [1]}], ADD), f"{UNREADABLE}: ROW: the arguments of 'add' are [1], no object"),
    (xlam([{"name": "", "arguments": {}}], ADD), UNREADABLE),
    (xlam(["add"], ADD), UNREADABLE),
    (xlam({"name": "add", "arguments": {"a": 1}}, ADD), f"{UNREADABLE}: ROW: 'answers' is"),
    (xlam([{"name": "add", "arguments": {"a": 1}}], ADD, query=" "), f"{UNREADABLE}: ROW: 'query' is ' ', not text"),
    (xlam([{"name": "add", "arguments": {"a": 1}}], ADD, query="\ud800"), UNREADABLE),
    ({**xlam([], ADD), "answers": '[{"name": "add", "arguments": {"a": 1, "a": 2}}]'}, f"{UNREADABLE}: ROW: 'answers'"),
    ({**xlam([], ADD), "answers": '[{"name": "add", "arguments": {"a": NaN}}]'}, UNREADABLE),
    ({**xlam([], ADD), "answers": '[{"name": "add", "arguments": {"a": 1e999}}]'}, UNREADABLE),
    ({**xlam([], ADD), "tools": None}, f"{UNREADABLE}: ROW: 'tools' is empty"),
    (xlam([]), f"{NO_FUNCTIONS}: ROW: it has no functions"),
    (xlam([], ADD, {**ADD, "description": "Add otherwise."}), f"{BAD_SCHEMA}: ROW: its schemas: two functions"),
    (xlam([], {"name": "f.g"}, {"name": "f_g"}), f"{BAD_SCHEMA}: ROW: its schemas: two functions"),
    (xlam([], "add"), f"{BAD_SCHEMA}: ROW: its functions: schema 0 is no object"),
    (xlam([], {"name": "f", "parameters": ["a"]}), f"{BAD_SCHEMA}: ROW"),
    (xlam([{"name": "add", "arguments": {"a": 1}}], ADD, ADD), ""),
    (xlam([{"name": "add", "arguments": '{"a": 1}'}], ADD), ""),
])  # fmt: skip
def test_rows_of_xlam(row: dict[str, Any], says: str, tmp_path: Path) -> None:
    found = one_row(tmp_path, "xlam", row)
    assert (
        str(found).startswith(says.replace("ROW", f"{tmp_path / 'rows.jsonl'}:2"))
        if says
        else isinstance(found, Problem)
    )
    assert isinstance(found, Problem) or len(found) < 600


def test_too_many_problems_are_refused_with_the_rows_that_are_left_out() -> None:
    with pytest.raises(RequestError, match=r"gives only 2 test problems .*; 5 rows left out"):
        generate(FamilyConfig(family="hermes", path=str(DATA / "hermes.jsonl"), test=9), "test")


@pytest.mark.parametrize(("row", "says"), [
    (openai(user("1 and 2"), calling('{"a": 1}', '{"a": 2}')), ""),
    (openai(user("1"), user("2"), calling('{"a": 1}'), {"role": "tool", "content": "2"}, user("3"), calling("{}")), ""),
    (openai(user("1"), calling('{"a": 1}'), calling('{"a": 1}')), TURNS),
    (openai(user("1"), {**calling('{"a":1}'), "function_call": {"name": "sub", "arguments": "{}"}}), UNFIT),
    (openai(user("1"), {"role": "assistant", "content": "Wait."}, calling('{"a": 1}')), TURNS),
    (openai(user("1"), {"role": "assistant", "content": "How much?"}, user("2"), calling('{"a": 2}')), TURNS),
    (openai(user("1"), {"role": "assistant", "content": "No."}, user("2")), TURNS),
    (openai(user("1")), TURNS),
    (openai(user(""), calling('{"a": 1}')), TURNS),
    (openai(user("1"), {"role": "assistant", "content": ""}), f"{UNREADABLE}: ROW: the reply is empty"),
    (openai(user("1"), {"role": "assistant", "content": "<tool_call>add(1)"}), f"{UNREADABLE}: ROW: the reply writes"),
    *((openai(user("1"), {"role": "assistant", "content": each}), f"{UNREADABLE}: ROW: the reply writes") for each in (
        '```json\n{"name": "add", "arguments": {"a": 1}}\n```', '[{"function": "add", "parameters": {}}]', "[add(a=1)]",
        "```python\nadd(1)\n```", "Action: add\nAction Input: 1", "I add.\nAction: add", "<|tool_call|>[]",
        "<think>Call it.</think>{'name': 'add', 'args': {}}", "I will call add(a=1).", "Call: add(1)",
        '{"add": {"a": 1}}', '<invoke name="add">', "Tool: add\nArguments: 1", "name: add\narguments: 1",
        "I use add {'a': 1}", "to=functions.add", "Use `math.add(1)`.", "`add`: {'a': 1}", "add --a 1", "add[a=1]",
        "I'll use `add` with:\n```json\n{\"a\": 1}\n```", "<add>\n<a>1</a>\n</add>", "Function: **add**",
        "/add 1", "functions.add", "`add`", "[API: add, a: 1]",
        '{"tool_name": "x", "tool_args": {}}', '```json\n{"a": 1}\n```',
    )),
    *((openai(user("1"), {"role": "assistant", "content": each}), "") for each in (
        "I cannot (no function does).", "The add() function needs numbers.", "One is there: `add`. I can't fly.",
        "\\add{16} is TeX.", "I have:\n- `add`\nAlas.", 'Your "name": is it Bob?', "There is no readd(1).",
        "I have one function: add, alas.", "<think>Perhaps <tool_call>?</think>No.",
    )),
    (openai(user("1"), TEXT, {"role": "tool", "content": "2"}, TEXT), f"{UNREADABLE}: ROW: its first reply makes no"),
    (openai(user("1"), TEXT, {"role": "assistant", "content": "add(1)"}), f"{UNREADABLE}: ROW: the reply writes"),
    *((openai(user("1"), {**TEXT, key: [{"name": "add"}]}), f"{UNREADABLE}: ROW: message 1: '{key}' is")
      for key in ("tool_call", "toolCalls", "function_calls", "calls")),
    (openai(user("1"), {**TEXT, "content": [{"type": "tool_use", "name": "add", "text": "1"}]}), UNREADABLE),
    (openai(user("1"), {**calling('{"a": 1}'), "function_call": {"name": None, "arguments": None}}), ""),
    (openai(user("1"), {**calling('{"a": 1}'), "function_call": {}}), ""),
    (openai(user("1"), calling('{"a": 1}'), {"role": "tool", "tool_name": "add", "content": "2"}), ""),
    (openai(user("1"), {**TEXT, "content": "No <think>a</think>"}), f"{UNREADABLE}: ROW: message 1: its thought"),
    (openai(user("1"), {**TEXT, "content": "A thought.</think>No."}), f"{UNREADABLE}: ROW: message 1: its thought"),
    (openai(user("1"), {**TEXT, "content": "<Thinking>a</Thinking> No."}), ""),
    (openai(user("1"), {"role": "assistant", "content": "<think>No.</think>"}), f"{UNREADABLE}: ROW: the reply is"),
    (openai(user("1"), {"role": "assistant", "content": "<think>No."}), f"{UNREADABLE}: ROW: message 1: its thought"),
    (openai(user("1"), calling("")), f"{UNREADABLE}: ROW: the arguments of 'add' is ''"),
    (openai(user("1"), calling("[1]")), f"{UNREADABLE}: ROW: the arguments of 'add' are [1]"),
    (openai(user("1"), calling('{"a": 1}', weight=0)), f"{UNREADABLE}: ROW: message 1: its weight is 0"),
    (openai(user("1"), {**calling(), "tool_calls": [{"type": "custom", "custom": {"name": "add"}}]}), UNREADABLE),
    (openai({"role": "robot", "content": "1"}), f"{UNREADABLE}: ROW: message 0: 'robot' is no role"),
    (openai(user(3), calling('{"a": 1}')), UNREADABLE),
    ({**openai(user("1"), calling('{"a": 1}')), "tools": None}, NO_FUNCTIONS),
    ({**openai(), "messages": "Hello"}, UNREADABLE),
    ({**openai(), "messages": {}}, UNREADABLE),
])  # fmt: skip
def test_rows_of_openai(row: dict[str, Any], says: str, tmp_path: Path) -> None:
    found = one_row(tmp_path, "openai", row)
    assert (
        str(found).startswith(says.replace("ROW", f"{tmp_path / 'rows.jsonl'}:2"))
        if says
        else isinstance(found, Problem)
    )


def hermes(reply: str, tools: Any = "", first: str = "") -> dict[str, Any]:
    turns = [{"from": "system", "value": first}] if first else []
    turns += [{"from": "human", "value": "1 and 2"}, {"from": "gpt", "value": reply}]
    return {"conversations": turns, "tools": tools}


CALL = '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>'


@pytest.mark.parametrize(("row", "says"), [
    (hermes(CALL, json.dumps([ADD])), ""),
    (hermes(CALL, [ADD]), ""),
    (hermes(CALL, first=f"<tools>{json.dumps([ADD])}</tools>"), ""),
    (hermes(CALL, first=f"<tools>{[ADD]!r}</tools>"), ""),
    (hermes("<tool_call>[{'name': 'add', 'arguments': {'a': 1}}]</tool_call>", [ADD]), ""),
    (hermes(CALL, first=f"Within <tools></tools> or <tools>. <tools>\n{json.dumps([ADD])}\n</tools> Go."), ""),
    (hermes(CALL, first=f"Within <tools> </tools> tags:\n<tools>\n{json.dumps(ADD)}\n{json.dumps(SUB)}\n</tools>"), ""),
    (hermes(CALL, first=f"Within <tools></tools>: <tools>\n{json.dumps(ADD)}\n{{\n</tools>"), UNREADABLE),
    (hermes(CALL, first="Within <tools></tools>."), NO_FUNCTIONS),
    (hermes(f"<think>\nI call <tool_call>.\n</think>\n{CALL}", [ADD]), ""),
    (hermes(f"<think>{CALL}", [ADD]), f"{UNREADABLE}: ROW: turn 1: its thought has no end"),
    (hermes(CALL), NO_FUNCTIONS),
    *((hermes(f"<tool_call>{each}</tool_call>", [SAY]), UNREADABLE) for each in (
        r"{'name': 'say', 'arguments': {'a': '1\/2'}}", r'{"name": "say", "arguments": {"a": "D:\data"}}',
        r'{"name": "say", "arguments": {"a": "\x41"}}', '{"name": "say", "arguments": {"a": "1" "2"}}',
        "{'name': 'say', 'arguments': {'a': '1', u'a': '2'}}", '{"name": "say", "arguments": {"a": "1"}, "b": 2}',
    )),
    *((hermes(f"<tool_call>{each}</tool_call>", [SAY]), "") for each in (
        r"{'name': 'say', 'arguments': {'a': 'it\'s \u00e9\n'}}", "{'name': 'say', 'arguments': {'a': '', }}",
        '{"name": "say", "arguments": {"a": "1"}, "id": 2}',
    )),
    (hermes(f"No.<think>{CALL}</think>", [ADD]), f"{UNREADABLE}: ROW: turn 1: its thought stands inside"),
    (hermes(f"{CALL}<tool_call>", [ADD]), UNREADABLE),
    (hermes("<tool_call>add(1)</tool_call>", [ADD]), UNREADABLE),
    (hermes("<tool_call>{'name': 'add', 'arguments': {'a': 1, 'a': 2}}</tool_call>", [ADD]), UNREADABLE),
    (hermes("<tool_call>{'name': 'add', 'arguments': {1: 1}}</tool_call>", [ADD]), UNREADABLE),
    (hermes("<tool_call>{'name': 'add', 'arguments': {'a': {1}}}</tool_call>", [ADD]), UNREADABLE),
    (hermes("<tool_call>{'name': 'add', 'arguments': {'a': __import__('os')}}</tool_call>", [ADD]), UNREADABLE),
])  # fmt: skip
def test_rows_of_hermes(row: dict[str, Any], says: str, tmp_path: Path) -> None:
    found = one_row(tmp_path, "hermes", row)
    says = says.replace("ROW", f"{tmp_path / 'rows.jsonl'}:2")
    assert str(found).startswith(says) if says else isinstance(found, Problem), found


def test_a_call_in_a_thought_is_not_asked_for_and_one_written_in_both_ways_is_one(tmp_path: Path) -> None:
    thinking = hermes(f"<think>{CALL.replace('1', '2')}?</think>\n<scratch_pad>{CALL}</scratch_pad>\n{CALL}", [ADD])
    both = calling('{"a": 1}', function_call={"name": "add", "arguments": '{"a": 1}'})
    for family, row in (("hermes", thinking), ("openai", openai(user("1"), both))):
        found = one_row(tmp_path, family, row)
        assert isinstance(found, Problem)
        assert json.loads(found.gold) == [{"name": "add", "arguments": {"a": 1}}]


def test_a_default_written_as_text_is_the_value_that_it_is_the_text_of(tmp_path: Path) -> None:
    parameters = {
        "n": {"type": "int, optional", "default": "10"},
        "on": {"type": "bool", "default": "False"},
        "text": {"type": "str", "default": "10"},
        "odd": {"type": "int", "default": "ten"},
        "share": {"type": "float", "default": "NaN"},
    }
    problem = one_row(tmp_path, "xlam", xlam([{"name": "f", "arguments": {}}], {"name": "f", "parameters": parameters}))
    assert isinstance(problem, Problem)
    signature = "f(n: int = 10, odd: int = 'ten', on: bool = False, share: float = 'NaN', text: str = '10')"
    assert load_toolbox(problem.toolbox).functions["f"].signature == signature
    finish = problem.gold_calls[-1]
    for arguments, right in (
        ({}, True),
        ({"n": 10, "on": False, "text": "10"}, True),
        ({"n": 11}, False),
        ({"on": True}, False),
        ({"n": "10"}, False),
        ({"text": "False"}, False),
        ({"odd": 10}, False),
    ):
        assert outcome(problem, [Call(name="f", arguments=canonical_json(arguments)), finish]) == right, arguments


def without_places(found: Imported) -> list[tuple[str, str, str, str]]:
    return sorted((each.text, each.gold, each.toolbox, each.checker) for each in of(found).values())


@pytest.mark.parametrize("family", FAMILIES)
def test_other_kinds_of_files_give_the_same_problems(family: str, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (DATA / f"{family}.jsonl").read_text().splitlines()]
    expected = without_places(read(family, DATA / f"{family}.jsonl"))
    listed, texts = tmp_path / "rows.json", tmp_path / "rows.parquet"
    listed.write_text(json.dumps(rows, indent=1))
    assert without_places(read(family, listed)) == expected
    assert f"{listed} row 1" in of(read(family, listed))
    columns = {key for row in rows for key in row}
    as_text = [
        {key: row.get(key) if isinstance(row.get(key), str | None) else json.dumps(row[key]) for key in columns}
        for row in rows
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(as_text), texts)
    assert without_places(read(family, texts)) == expected


def test_structs_lose_nulls_and_whole_floats_only(tmp_path: Path) -> None:
    rows = [
        {"query": "One", "tools": [ADD], "answers": [{"name": "add", "arguments": {"a": 1, "b": None}}]},
        {"query": "Two", "tools": [ADD], "answers": [{"name": "add", "arguments": {"a": 2, "b": 3}}]},
    ]
    file = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    golds = {each.text: json.loads(each.gold)[0]["arguments"] for each in of(read("xlam", file)).values()}
    assert golds == {"One": {"a": 1}, "Two": {"a": 2, "b": 3}}
    note = "1 nulls inside dicts are read as absent keys, such as in "
    assert any(each.startswith(f"{note}{file}:1; ") for each in read("xlam", file).notes)
    assert not any("nulls inside" in each for each in read("xlam", file, nulls="null").notes)


@pytest.mark.parametrize("arguments", ['{"a":1}', '{ "a": 1 }', {"a": 1}])
def test_a_call_that_is_said_both_ways_is_one(arguments: Any, tmp_path: Path) -> None:
    both = {**calling('{"a": 1}'), "function_call": {"name": "add", "arguments": arguments}}
    found = one_row(tmp_path, "openai", openai(user("1"), both))
    assert isinstance(found, Problem)
    assert len(json.loads(found.gold)) == 1


def test_structs_of_messages_are_read(tmp_path: Path) -> None:
    rows = [
        openai(user("1"), calling('{"a": 1}')),
        openai({"role": "system", "content": "Add."}, user("2"), calling('{"a": 2}', '{"a": 3}')),
        openai(user("Why?"), {"role": "assistant", "content": "No function knows."}),
    ]
    file = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    found = of(read("openai", file))
    assert {each.text: len(json.loads(each.gold)) for each in found.values()} == {"1": 1, "Add.\n\n2": 2, "Why?": 0}


def test_a_file_of_another_format_is_refused_with_the_first_rows_reason(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"openai.jsonl:1: no column 'answers'.*none of the 12 rows gives a problem"):
        read("xlam", DATA / "openai.jsonl")


def test_settings_that_rows_decide_themselves_are_refused() -> None:
    for key, value in {"text": "query", "toolbox": "arithmetic", "checker": "set", "nothing_to_do": True}.items():
        with pytest.raises(RequestError, match=f"{key} = .*leave it out"):
            read("xlam", DATA / "xlam.jsonl", **{key: value})


def test_held_out_rows_and_duplicates_are_dropped_as_of_every_import(tmp_path: Path) -> None:
    file = tmp_path / "test.jsonl"
    file.write_text("".join((DATA / "xlam.jsonl").read_text().splitlines(keepends=True)[:2]))
    found = read("xlam", DATA / "xlam.jsonl", test_path=str(file))
    assert found.reports["train"].counts == {"exact": 2}
    assert len(found.splits["test"]) == 2


def test_one_question_with_other_functions_is_no_contradiction(tmp_path: Path) -> None:
    other = {"name": "sub", "description": "Subtract.", "parameters": {}}
    rows = [xlam([{"name": "add", "arguments": {"a": 1}}], ADD), xlam([], other)]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read("xlam", file)
    assert not any("one of the two is wrong" in note for note in found.notes)
    assert sum(len(problems) for problems in found.splits.values()) == 2


def test_nothing_is_executed_and_the_model_reads_that() -> None:
    problem = next(each for each in of(read("openai", DATA / "openai.jsonl")).values() if len(each.gold_calls) == 3)
    call_format, session = load_format("json"), load_toolbox(problem.toolbox).open()
    (result,) = execute_now(call_format.render(problem.gold_calls[:1]), call_format, session)
    assert result.content.startswith('"accepted')
