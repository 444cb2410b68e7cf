"""Nested values: equal rows in every form of file give equal problems, and what a form cannot say is refused."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import datasets
import pandas
import pyarrow
import pyarrow.parquet
import pytest

from cluster.config import parse
from cluster.errors import RequestError
from rollout.problems import FamilyConfig
from rollout.problems.imported.files import convert, import_all

COLUMNS = {"text": "q", "answer": "gold", "state_column": "state", "calls_column": "calls", "toolbox": "arithmetic"}
NAMES = ("q", "gold", "state", "calls")
LONG = "long " * 40_000


ROWS: list[dict[str, Any]] = [
    {
        "q": "one?",
        "gold": {"sum": 3},
        "state": {"stock": {"pen": 3, "cup": 2}},
        "calls": [{"name": "look", "arguments": {"item": "pen"}}],
    },
    {
        "q": "007",
        "gold": {"names": ["Ann", "Bob"], "ok": True},
        "state": {"owner": {"name": "Zoë"}, "open": False},
        "calls": [
            {"name": "add", "arguments": {"a": 1, "b": 2}},
            {"name": "sell", "arguments": {"to": {"name": "Zoë", "n": 2}}},
        ],
    },
    {
        "q": "null",
        "gold": {"sum": 0},
        "state": {"rate": 2.5, "codes": ["007", "1e5", "null", ""], "note": '[1] "x", y\r\nz'},
        "calls": [
            {"name": "wait", "arguments": {}},
            {"name": "move", "arguments": {"by": [[1, 2], [3]], "at": 3}},
        ],
    },
    {
        "q": "1e5",
        "gold": {"rows": [{"id": 1}, {"tag": "a"}]},
        "state": {"rate": 3, "long": LONG},
        "calls": [{"name": "add", "arguments": {"a": -1, "b": 2}}],
    },
    {
        "q": '{"q": 1}',
        "gold": {"sum": 12345678901},
        "state": {},
        "calls": [{"name": "look", "arguments": {"item": "true"}}],
    },
]
"""Keys that differ from row to row, lists of lists and of objects, texts that look like JSON or numbers, 3 beside 2.5,
an empty object, a cell longer than the 131,072 characters that Python's csv module takes by default."""

JSON_NAMES = ("gold", "state", "calls")


def as_json_text(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: json.dumps(value) if name in JSON_NAMES else value for name, value in row.items()} for row in rows]


def written_jsonl(path: Path, rows: Sequence[Mapping[str, Any]], start: str = "", end: str = "\n") -> None:
    path.write_bytes("".join([start, *(json.dumps(row, ensure_ascii=False) + end for row in rows)]).encode())


def written_csv(path: Path, rows: Sequence[Mapping[str, Any]], start: str = "", end: str = "\n") -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(start)
        writer = csv.writer(file, lineterminator=end)
        writer.writerow(rows[0])
        writer.writerows(row.values() for row in as_json_text(rows))


def written_arrow(path: Path, rows: Sequence[Mapping[str, Any]], text: pyarrow.DataType | None = None) -> None:
    table = pyarrow.Table.from_pylist(list(rows))
    if text is not None:
        table = table.set_column(0, "q", table["q"].cast(pyarrow.string()).cast(text))
    pyarrow.parquet.write_table(table, path)


def arguments_as_text(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with calls as OpenAI writes them."""
    return [
        {**row, "calls": [{**call, "arguments": json.dumps(call["arguments"])} for call in row["calls"]]}
        for row in rows
    ]


DICTIONARY = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
FORMS: dict[str, Callable[[Path, list[dict[str, Any]]], object]] = {
    "plain.jsonl": written_jsonl,
    "bom_crlf.jsonl": lambda path, rows: written_jsonl(path, rows, "\ufeff", "\r\n"),
    "json_text.jsonl": lambda path, rows: written_jsonl(path, as_json_text(rows)),
    "arguments_text.jsonl": lambda path, rows: written_jsonl(path, arguments_as_text(rows)),
    "pandas.jsonl": lambda path, rows: pandas.DataFrame(rows).to_json(path, orient="records", lines=True),
    "plain.csv": written_csv,
    "bom_crlf.csv": lambda path, rows: written_csv(path, rows, "\ufeff", "\r\n"),
    "pandas.csv": lambda path, rows: pandas.DataFrame(as_json_text(rows)).to_csv(path, index=False),
    "datasets.csv": lambda path, rows: datasets.Dataset.from_list(as_json_text(rows)).to_csv(path),
    "structs.parquet": written_arrow,
    "large_string.parquet": lambda path, rows: written_arrow(path, rows, pyarrow.large_string()),
    "dictionary.parquet": lambda path, rows: written_arrow(path, rows, DICTIONARY),
    "json_text.parquet": lambda path, rows: written_arrow(path, as_json_text(rows)),
    "arguments_text.parquet": lambda path, rows: written_arrow(path, arguments_as_text(rows)),
    "pandas.parquet": lambda path, rows: pandas.DataFrame(rows).to_parquet(path),
    "datasets.parquet": lambda path, rows: datasets.Dataset.from_list(rows).to_parquet(path),
    "datasets_text.parquet": lambda path, rows: datasets.Dataset.from_list(as_json_text(rows)).to_parquet(path),
}


def imported(path: Path, family: str = "", **changes: Any) -> list[tuple[Any, ...]]:
    """(text, gold, state, calls) of each problem, in the order of the rows."""
    table = {"family": family or path.suffix[1:], "path": str(path), "duplicates": "exact", **COLUMNS, **changes}
    splits = import_all(parse(FamilyConfig, table, "test"), convert).splits
    problems = [problem for problems in splits.values() for problem in problems]
    assert [type(problem.gold) for problem in problems] == [str] * len(problems)
    return sorted(
        (
            problem.text,
            json.loads(problem.gold),
            json.loads(problem.state),
            [{"name": call.name, "arguments": json.loads(call.arguments)} for call in problem.gold_calls],
        )
        for problem in problems
    )


EQUAL = sorted(tuple(row[name] for name in NAMES) for row in ROWS)


@pytest.mark.parametrize("form", FORMS)
def test_equal_rows_give_equal_problems_in_every_form(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path / form, ROWS)
    assert imported(tmp_path / form) == EQUAL
    if form.startswith(("structs", "plain")):  # and not 3.0 for the 3 beside 2.5
        (rate,) = (state["rate"] for _, _, state, _ in imported(tmp_path / form) if "long" in state)
        assert type(rate) is int


@pytest.mark.parametrize("form", ["structs.parquet", "json_text.parquet", "plain.jsonl", "datasets.parquet"])
def test_a_hub_data_set_gives_them_too(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "set").mkdir()
    FORMS[form](tmp_path / "set" / f"train.{form.partition('.')[2]}", ROWS)
    assert imported(tmp_path / "set", "hub") == EQUAL


def test_what_to_json_widens_is_narrowed_on_request(tmp_path: Path) -> None:
    datasets.Dataset.from_list(ROWS).to_json(tmp_path / "d.jsonl")
    assert imported(tmp_path / "d.jsonl", nulls="absent") == EQUAL
    assert imported(tmp_path / "d.jsonl") != EQUAL  # JSON says null, and null it is


def values(path: Path, column: str = "gold", **changes: Any) -> list[Any]:
    """What stands in one column, whose rows are numbered in column q."""
    changes = {"state_column": "", "calls_column": "", **changes}
    position = {"gold": 1, "state": 2, "calls": 3}[column]
    return [row[position] for row in imported(path, **changes)]


def numbered(path: Path, golds: Sequence[Any], kind: pyarrow.DataType | None = None) -> Path:
    """A file of the golds, by the path's ending; texts of CSV as they are."""
    texts = [f"{chr(97 + number)} {number}" for number in range(len(golds))]
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("q", "gold"), *zip(texts, golds, strict=True)])
    elif path.suffix == ".jsonl":
        written_jsonl(path, [{"q": q, "gold": gold} for q, gold in zip(texts, golds, strict=True)])
    else:
        columns = {"q": pyarrow.array(texts), "gold": pyarrow.array(golds, kind)}
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_cells_of_csv_are_numbers_and_json_where_they_are_written_as_such(tmp_path: Path) -> None:
    cells = ["72", "-3.50", "007", "null", "1e5", "1e-05", "true", "[1, 2]", '{"a": null}', "abc", '"x"', "1,200"]
    read = [72, -3.5, "007", "null", "1e5", 1e-05, "true", [1, 2], {"a": None}, "abc", '"x"', "1,200"]
    assert values(numbered(tmp_path / "p.csv", cells)) == read
    assert values(numbered(tmp_path / "t.csv", cells), json_columns=[]) == cells
    whole = ['"007"', "true", "1e5", "[1]", '{"a": null}']
    assert values(numbered(tmp_path / "j.csv", whole)) == ["007", True, 1e5, [1], {"a": None}]
    assert values(numbered(tmp_path / "b.csv", ["True", "False"]), json_columns=["gold"]) == [True, False]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "{'a': None}"], "csv:3: 'gold' is \"{'a': None}\", not JSON"),
        (["[1 2]"], "csv:2: 'gold' is '\\[1 2\\]', not JSON"),
        (["array", "[{'a': 1}\n {'a': 2}]"], "csv:3: 'gold' is .*, not JSON"),
        (["True", "False"], "csv:2: 'gold' is True, in every row True or False: booleans or text"),
        (["[1]", "[NaN]"], "csv:3: 'gold' is '\\[NaN\\]', not JSON: NaN"),
        (["[1]", '{"a": 1, "a": 2}'], "csv:3: .* a key stands twice"),
    ],
)
def test_cells_that_may_be_two_things_are_refused_with_their_place(
    tmp_path: Path, cells: list[str], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        values(numbered(tmp_path / "p.csv", cells))


def test_texts_that_look_like_numbers_stay_texts_where_types_say_so(tmp_path: Path) -> None:
    texts = ["007", "null", "1e5", "72", "true", ""]
    for name in ("p.jsonl", "p.parquet"):
        assert values(numbered(tmp_path / name, texts[:-1])) == texts[:-1]
    for mixed in (["[1]", "plain"], ['{"a": 1}', "{a: 2}"], ['{"a": 1}', "N/A"]):
        for name in ("m.parquet", "m.jsonl"):
            with pytest.raises(
                RequestError, match=r"[:]2: 'gold' is no JSON, as it is in \S+:1: JSON or text\? Correct"
            ):
                values(numbered(tmp_path / name, mixed))
            assert values(numbered(tmp_path / name, mixed), json_columns=[]) == mixed
    assert values(numbered(tmp_path / "one.parquet", ["[1]", "2"]), json_columns=[]) == ["[1]", "2"]
    assert values(numbered(tmp_path / "one.parquet", ["[1]", "2"])) == [[1], 2]


def test_nulls_of_maps_were_put_in_and_those_of_structs_are_padding(tmp_path: Path) -> None:
    """A map has the keys of its own row; a struct those of its column, a row's missing ones null."""
    maps = pyarrow.map_(pyarrow.string(), pyarrow.int64())
    found = [[("a", 1), ("b", None)], [("a", None)], [("b", 2)]]
    assert values(numbered(tmp_path / "m.parquet", found, maps)) == [{"a": 1, "b": None}, {"a": None}, {"b": 2}]
    both = pyarrow.struct([("m", maps), ("n", pyarrow.int64())])
    rows = [{"m": [("a", None)], "n": 1}, {"m": [("b", 2)], "n": None}]
    assert values(numbered(tmp_path / "b.parquet", rows, both)) == [{"m": {"a": None}, "n": 1}, {"m": {"b": 2}}]
    inside = pyarrow.map_(pyarrow.string(), pyarrow.struct([("x", pyarrow.int64()), ("y", pyarrow.int64())]))
    rows = [[("k", {"x": 1, "y": None})], [("l", {"x": None, "y": 2})]]
    assert values(numbered(tmp_path / "i.parquet", rows, inside)) == [{"k": {"x": 1}}, {"l": {"y": 2}}]
    assert values(numbered(tmp_path / "i.parquet", rows, inside), nulls="null")[0] == {"k": {"x": 1, "y": None}}


@pytest.mark.parametrize("bits", [16, 32])
def test_floats_of_fewer_bits_are_the_decimals_that_were_put_in(tmp_path: Path, bits: int) -> None:
    kind = {16: pyarrow.float16(), 32: pyarrow.float32()}[bits]
    import numpy

    golds = [numpy.dtype(f"f{bits // 8}").type(each) for each in (0.1, 3, 2.7, -0.001)]
    assert values(numbered(tmp_path / "f.parquet", golds, kind)) == [0.1, 3, 2.7, -0.001]
    lists = [[golds[0], None], [golds[2]]]
    assert values(numbered(tmp_path / "l.parquet", lists, pyarrow.list_(kind))) == [[0.1, None], [2.7]]
    structs = pyarrow.struct([("x", kind)])
    assert values(numbered(tmp_path / "s.parquet", [{"x": golds[0]}], structs)) == [{"x": 0.1}]
    if bits == 32:
        table = datasets.Dataset.from_dict(
            {"q": ["a 0", "b 1"], "gold": [0.1, 2.7]},
            features=datasets.Features({"q": datasets.Value("string"), "gold": datasets.Value("float32")}),
        )
        (tmp_path / "hub").mkdir()
        table.to_parquet(str(tmp_path / "hub" / "train.parquet"))
        hub = FamilyConfig(family="hub", path=str(tmp_path / "hub"), text="q", answer="gold", toolbox="arithmetic")
        found = import_all(hub, convert).splits.values()
        assert sorted(json.loads(one.gold) for split in found for one in split) == [0.1, 2.7]


def test_maps_decimals_and_fixed_lists(tmp_path: Path) -> None:
    maps = pyarrow.map_(pyarrow.string(), pyarrow.int64())
    assert values(numbered(tmp_path / "m.parquet", [[("a", 1)], [("b", 2)], []], maps)) == [{"a": 1}, {"b": 2}, {}]
    golds = [Decimal("3.10"), Decimal("4.00")]
    read = values(numbered(tmp_path / "d.parquet", golds, pyarrow.decimal128(9, 2)))
    assert (read, type(read[1])) == ([3.1, 4], int)
    fixed = pyarrow.list_(pyarrow.int8(), 2)
    assert values(numbered(tmp_path / "f.parquet", [[1, 2], [3, 4]], fixed)) == [[1, 2], [3, 4]]
    assert values(numbered(tmp_path / "n.parquet", [[1, None], [None, 4]])) == [[1, None], [None, 4]]


@pytest.mark.parametrize(
    ("golds", "kind", "message"),
    [
        ([date(2026, 1, 2)], None, r"parquet:1: 'gold' holds a date, .*, which JSON cannot say"),
        ([1, 2], pyarrow.timestamp("s"), "holds a datetime"),
        ([b"x"], None, "holds a bytes"),
        ([{"at": datetime(2026, 1, 2)}], None, "holds a datetime"),
        ([1.5, float("nan")], None, "parquet:2: 'gold' holds nan, which is no JSON number"),
        ([Decimal("0.12345678901234567891")], None, "holds a Decimal"),
        ([[(5, 1)]], pyarrow.map_(pyarrow.int8(), pyarrow.int8()), "an object with keys that are no text"),
        ([[("a", 1), ("a", 2)]], pyarrow.map_(pyarrow.string(), pyarrow.int8()), "not Parquet: "),
        ([1, None], None, "parquet:2: 'gold' is empty"),
    ],
)  # fmt: skip
def test_what_json_cannot_say_is_refused_with_its_place(
    tmp_path: Path, golds: list[Any], kind: Any, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        values(numbered(tmp_path / "p.parquet", golds, kind))


def test_null_and_absent_are_told_apart_where_the_form_can_and_else_counted_or_refused(tmp_path: Path) -> None:
    golds = [{"a": None, "b": 1}, {"b": 2}, {"a": 3}]
    assert values(numbered(tmp_path / "p.jsonl", golds)) == golds
    assert values(numbered(tmp_path / "p.csv", [json.dumps(gold) for gold in golds])) == golds
    assert values(numbered(tmp_path / "t.parquet", [json.dumps(gold) for gold in golds])) == golds
    typed = numbered(tmp_path / "p.parquet", golds)
    assert values(typed) == [{"b": 1}, {"b": 2}, {"a": 3}]
    assert values(typed, nulls="null") == [{"a": None, "b": 1}, {"a": None, "b": 2}, {"a": 3, "b": None}]
    table = {**COLUMNS, "state_column": "", "calls_column": "", "family": "parquet", "path": str(typed)}
    settings = parse(FamilyConfig, table, "test")
    (note,) = import_all(settings, convert).notes
    assert note.startswith(f"3 nulls inside 'gold' are read as absent keys, such as in {typed}:1")
    unknown = numbered(tmp_path / "u.parquet", [{"a": {"x": None}, "b": 1}, {"a": {"x": None}, "b": 2}])
    with pytest.raises(RequestError, match=r"u\.parquet:1: 'gold' has a null at 'a\.x', as every row has"):
        values(unknown)
    assert values(unknown, nulls="absent") == [{"a": {}, "b": 1}, {"a": {}, "b": 2}]


def test_calls_that_do_not_read_are_refused_with_their_place(tmp_path: Path) -> None:
    for calls, message in (
        ("[{", "csv:2: 'calls' is '\\[{', not JSON"),
        ('[{"name": "f"}]', "csv:2: the calls do not read"),
        ('[{"name": "f", "arguments": "{"}]', "csv:2: 'arguments' in 'calls' is '{', not JSON"),
        ("[3]", "csv:2: the calls do not read"),
    ):
        with (tmp_path / "p.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("q", "gold", "calls"), ("one?", 1, calls)])
        with pytest.raises(RequestError, match=message):
            imported(tmp_path / "p.csv", state_column="")
