"""Imported families: rows by column names, broken rows refused with their place, splits kept apart."""

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from cluster.config import parse
from cluster.errors import RequestError
from rollout.checkers import check
from rollout.episodes.execution import execute_now
from rollout.formats import load_format
from rollout.problems import FamilyConfig, everything, generate
from rollout.problems.imported.files import convert, import_all
from rollout.problems.imported.gsm8k import gold_calls
from rollout.records import Problem
from rollout.toolboxes import load_toolbox

ANIMALS = (
    "cat",
    "dog",
    "cow",
    "hen",
    "pig",
    "owl",
    "bee",
    "ant",
    "fox",
    "bat",
    "rat",
    "elk",
    "emu",
    "eel",
    "yak",
    "ram",
)


def rows(count: int = 16) -> list[dict[str, Any]]:
    return [{"q": f"A {ANIMALS[n]} eats {n} apples and 2 more. How many?", "a": n + 2} for n in range(count)]


def jsonl(path: Path, records: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def config(path: str, family: str = "jsonl", **changes: Any) -> FamilyConfig:
    table = {"family": family, "path": path, "text": "q", "answer": "a", "toolbox": "arithmetic", "checker": "numeric"}
    return parse(FamilyConfig, {**table, **changes}, "test")


def all_of(settings: FamilyConfig) -> dict[str, tuple[Problem, ...]]:
    return dict(import_all(settings, convert).splits)


def test_jsonl_csv_and_parquet_give_the_same_problems(tmp_path: Path) -> None:
    records = rows()
    csv = tmp_path / "p.csv"
    csv.write_text("q,a\n" + "".join(f"{record['q']},{record['a']}\n" for record in records))
    parquet = tmp_path / "p.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), parquet)
    sources = {"jsonl": jsonl(tmp_path / "p.jsonl", records), "csv": str(csv), "parquet": str(parquet)}
    read = {family: all_of(config(path, family, name="mine")) for family, path in sources.items()}
    contents = {
        family: {split: [(p.id, p.text, p.gold) for p in problems] for split, problems in splits.items()}
        for family, splits in read.items()
    }
    assert contents["jsonl"] == contents["csv"] == contents["parquet"]
    assert sum(len(problems) for problems in contents["jsonl"].values()) == 16
    assert contents["jsonl"]["train"]
    assert contents["jsonl"]["test"]


def test_a_problem_carries_its_place_licence_and_columns(tmp_path: Path) -> None:
    calls = [{"name": "add", "arguments": {"a": 1, "b": 2}}, {"name": "finish", "arguments": {"answer": 3}}]
    record = {"t": "one and two?", "g": 3, "box": "arithmetic", "how": "numeric", "calls": calls, "s": {"x": 1}}
    path = jsonl(tmp_path / "p.jsonl", [record])
    settings = FamilyConfig(
        family="jsonl",
        path=path,
        text="t",
        answer="g",
        toolbox_column="box",
        checker_column="how",
        calls_column="calls",
        state_column="s",
        licence="CC-BY-4.0",
    )
    (problem,) = (p for problems in all_of(settings).values() for p in problems)
    assert (problem.source, problem.licence, problem.toolbox) == (f"{path}:1", "CC-BY-4.0", "arithmetic")
    assert (problem.checker, problem.state, problem.gold) == ("numeric", '{"x":1}', "3")
    assert [each.name for each in problem.gold_calls] == ["add", "finish"]


def test_a_hub_data_set_from_a_local_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "set"
    folder.mkdir()
    for split, part in (("train", rows()[:10]), ("test", rows()[10:])):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(part), folder / f"{split}-00000.parquet")
    splits = all_of(config(str(folder), "hub", test_path="test"))
    assert len(splits["test"]) == 6
    assert len(splits["train"]) + len(splits["validation"]) == 10
    with pytest.raises(RequestError, match="check name, subset and split"):
        all_of(config(str(tmp_path / "absent"), "hub"))


def test_own_test_file_is_the_test_split(tmp_path: Path) -> None:
    train, test = jsonl(tmp_path / "a.jsonl", rows()[:12]), jsonl(tmp_path / "b.jsonl", rows()[12:])
    splits = all_of(config(train, test_path=test))
    assert len(splits["test"]) == 4
    assert len(splits["train"]) + len(splits["validation"]) == 12


def test_counts_and_order(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "p.jsonl", rows())
    available = len(all_of(config(path))["train"])
    ids = [p.id for p in generate(config(path, train=available), "train")]
    assert [p.id for p in generate(config(path, train=3), "train")] == ids[:3]
    assert [p.id for p in generate(config(path, train=available, seed=5), "train")] != ids
    with pytest.raises(RequestError, match=f"only {available} train problems"):
        generate(config(path, train=available + 1), "train")
    with pytest.raises(RequestError, match="imported problems have"):
        generate(config(path, train=1), "variant-order")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    before = all_of(config(jsonl(path, rows(4))))
    after = all_of(config(jsonl(path, rows(9))))
    assert sum(map(len, before.values())) == 4
    assert sum(map(len, after.values())) == 9


GOOD = '{"q": "one?", "a": 1}\n'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{nonsense\n", "2: not JSON"),
        ("[1, 2]\n", "2: .* is no object"),
        ('{"q": "x"}\n', "2: no column 'a'; it has q"),
        ('{"q": "", "a": 1}\n', "2: 'q' is '', not text"),
        ('{"q": 3, "a": 1}\n', "2: 'q' is 3, not text"),
        ('{"q": "x", "a": null}\n', "2: 'a' is empty"),
        ('{"q": "x", "a": NaN}\n', "2: not JSON: NaN"),
        ('{"q": "x", "a": 1, "a": 2}\n', "2: not JSON: a key stands twice"),
        ('{"q": "\\ud800", "a": 1}\n', "2: 'q' holds half of a surrogate pair"),
        ('{"q": "x", "a": "\\ud800"}\n', "2: 'a' is no JSON value"),
        ('{"q": "' + "[" * 3 + '\xff"\n', "2: not JSON"),
        ("[" * 100_000 + "\n", "2: not JSON"),
    ],
)
def test_a_broken_line_is_refused_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes((GOOD + line).encode("latin-1"))
    with pytest.raises(RequestError, match=f"p.jsonl:{message}"):
        all_of(config(str(path)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "p.csv:1: no header"),
        (b"q,q\n", "p.csv:1: a column stands twice"),
        (b"q,a\none?,1\ntwo,,3\n", "p.csv:3: 3 cells under 2 columns"),
        (b'q,a\n"one\nline?",1\ntwo\n', "p.csv:4: 1 cells under 2 columns"),
        (b"q,a\none?,\n", "p.csv:2: 'a' is empty"),
        (b'q,a\n"one,1\n', "p.csv:2: not CSV"),
        (b"q,a\n\xff,1\n", "not CSV in UTF-8"),
    ],
)
def test_broken_csv_is_refused_with_its_place(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=message):
        all_of(config(str(path), "csv"))


def test_files_that_are_not_there_or_not_of_the_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no such file"):
        all_of(config(str(tmp_path / "absent.jsonl")))
    (tmp_path / "p.parquet").write_text("no")
    with pytest.raises(RequestError, match="not Parquet"):
        all_of(config(str(tmp_path / "p.parquet"), "parquet"))
    with pytest.raises(RequestError, match="unknown kind of file 'txt'"):
        generate(config(str(tmp_path / "p.txt"), "gsm8k", train=1), "train")
    with pytest.raises(RequestError, match="path is missing"):
        all_of(config(""))
    with pytest.raises(RequestError, match="no toolbox; set `toolbox`"):
        all_of(config(jsonl(tmp_path / "p.jsonl", rows(1)), toolbox=""))


def test_planted_duplicates_between_files_are_dropped(tmp_path: Path) -> None:
    train, test = jsonl(tmp_path / "a.jsonl", rows()), jsonl(tmp_path / "b.jsonl", rows()[:5])
    imported = import_all(config(train, test_path=test), convert)
    dropped = [each for split in ("train", "validation") for each in imported.reports[split].dropped]
    assert [each.kind for each in dropped] == ["exact"] * 5
    assert {each.like for each in dropped} == {f"{test}:{line}" for line in range(1, 6)}
    texts = [p.text for problems in imported.splits.values() for p in problems]
    assert len(texts) == len(set(texts)) == 16


GSM8K = [
    {
        "question": "Natalia sold clips to 48 friends in April, and half as many in May. How many clips in all?",
        "answer": "In May 48/2 = <<48/2=24>>24 clips.\nIn all 48+24 = <<48+24=72>>72 clips.\n#### 72",
    },
    {
        "question": "Weng earns $12 an hour. Yesterday she worked for 50 minutes. How much did she earn?",
        "answer": "A minute is 12/60 = $<<12/60=0.2>>0.2.\nSo 0.2 x 50 = $<<0.2*50=10>>10.\n#### 10",
    },
    {
        "question": "A farm has 1,200 hens; 3 of 4 lay an egg. How many eggs at 2 a day in a week?",
        "answer": "<<1200*3/4=900>> hens lay <<900*2*7=12600>>12600.\n#### 12,600",
    },
    {
        "question": "A rope is cut by 20% of its 50 feet. What is left of the rope after this one cut?",
        "answer": "It loses 20% of 50 <<50*20%=10>>10, so 40 is left.\n#### 40",
    },
]


def test_gsm8k_in_its_own_format(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "gsm8k.jsonl", GSM8K)
    settings = FamilyConfig(family="gsm8k", path=path, test_path=path, test=4)
    problems = {p.text: p for p in generate(settings, "test")}
    by_row = [problems[record["question"]] for record in GSM8K]
    assert [p.gold for p in by_row] == ["72", "10", "12600", "40"]
    assert [[c.name for c in p.gold_calls] for p in by_row] == [
        ["div", "add", "finish"],
        ["div", "mul", "finish"],
        ["mul", "div", "mul", "mul", "finish"],
        [],
    ]
    assert {p.licence for p in by_row} == {"MIT"}
    for p in by_row[:3]:
        session, call_format = load_toolbox(p.toolbox).open(p.state), load_format("json")
        for gold_call in p.gold_calls:
            (result,) = execute_now(call_format.render((gold_call,)), call_format, session)
            assert result.error is None
        assert session.answer is not None
        assert check(p.checker, session.answer, p.gold) is None
    assert generate(settings.model_copy(update={"train": 0}), "train") == []


@pytest.mark.parametrize(
    "steps",
    [
        "<<48/2=25>>25",
        "<<48/0=24>>24",
        "<<__import__('os')=24>>",
        "<<2**3=8>> <<3*8=24>>",
        "<<~5+30=24>>24",
        "<<a+b=24>>",
        "<<" + "(" * 190 + "=24>>",
        "<<20+5=25>>",
        "no annotation",
    ],
)
def test_annotations_that_are_wrong_or_not_plain_give_no_chain(steps: str) -> None:
    assert gold_calls(steps, 24) == ()


def test_one_problem_with_two_gold_answers_is_said(tmp_path: Path) -> None:
    """Within a split and across splits; the same number in another spelling is the same gold answer."""

    def notes(first: Any, second: Any, checker: str = "numeric") -> tuple[str, ...]:
        rows = [{"text": "How many pens has Ann got?", "answer": each} for each in (first, second)]
        jsonl(tmp_path / "p.jsonl", rows)
        return everything(
            FamilyConfig(family="jsonl", path=str(tmp_path / "p.jsonl"), toolbox="arithmetic", checker=checker)
        ).notes

    (note,) = notes(3, 4)
    assert note.startswith("1 dropped problems have the text and state of another one and another gold answer, such as")
    assert note.endswith("p.jsonl:2 and " + str(tmp_path / "p.jsonl") + ":1: one of the two is wrong")
    assert notes(3, "3.0") == notes("$3", 3) == notes([1, 2], [2, 1], "set") == ()
    assert notes("three", 3), "where the checker cannot say, another text is another answer"
    rows = [{"text": "How many pens has Ann got?", "answer": each} for each in (3, 4)]
    for name, row in zip(("a.jsonl", "b.jsonl"), rows, strict=True):
        jsonl(tmp_path / name, [row])
    split = FamilyConfig(
        family="jsonl", path=str(tmp_path / "a.jsonl"), test_path=str(tmp_path / "b.jsonl"), toolbox="arithmetic",
        checker="numeric",
    )  # fmt: skip
    assert "another gold answer" in everything(split).notes[0]


def test_rows_alone_do_not_choose_what_code_judges_answers(tmp_path: Path) -> None:
    """`builtins:eval` of a data set would run what a model wrote, in the process that has the tokens."""
    rows = [
        {"text": "How many pens?", "answer": 3, "how": "numeric"},
        {"text": "Who?", "answer": {}, "how": "builtins:eval"},
    ]
    path = jsonl(tmp_path / "p.jsonl", rows)
    family = FamilyConfig(family="jsonl", path=path, toolbox="arithmetic", checker_column="how")
    with pytest.raises(RequestError, match=r"p\.jsonl:2: 'how' is 'builtins:eval', a function that rows alone may not"):
        everything(family)
    named = everything(family.model_copy(update={"checker": "builtins:eval"}))
    assert {one.checker for split in named.splits.values() for one in split} == {"numeric", "builtins:eval"}


def test_a_call_without_a_text_as_its_name_is_refused(tmp_path: Path) -> None:
    calls = [{"name": 5, "arguments": {}}]
    path = jsonl(tmp_path / "p.jsonl", [{"text": "How many?", "answer": 1, "calls": calls}])
    with pytest.raises(RequestError, match=r"p\.jsonl:1: the calls do not read"):
        everything(FamilyConfig(family="jsonl", path=path, toolbox="arithmetic", calls_column="calls"))


@pytest.mark.parametrize(
    ("steps", "gold"),
    [
        ("<<1000000*2=2000001>>", 2000001),
        ("<<1000000*2=2000001>> <<2*1000000=2000000>>", 2000000),
        ("<<1000000+1000000=2000000>>", 2000001),
        ("<<1/3*9=3>>", 3),
    ],
)
def test_integers_in_annotations_are_exact(steps: str, gold: int) -> None:
    """Whatever their size, as the problems' checker has it: else the chain's end would not be the gold answer."""
    assert gold_calls(steps, gold) == ()


@pytest.mark.parametrize(
    ("steps", "gold", "names"),
    [
        ("<<-5+8=3>>3", 3, ["add"]),
        ("<<-5*-2=10>>10", 10, ["mul"]),
        ("<<8-(-5)=13>>13", 13, ["sub"]),
        ("<<-(2+3)+8=3>>3", 3, ["add", "mul", "add"]),
        ("<<+.5*4=2>>2", 2, ["mul"]),
        ("<<5-8=-3>>-3", -3, ["sub"]),
        ("<<.1*30=3>>3", 3, ["mul"]),
        ("<<.1+.2=.3>> <<.3*10=3>>3", 3, ["add", "mul"]),
    ],
)
def test_annotations_with_signs_give_their_chain(steps: str, gold: int, names: list[str]) -> None:
    calls = gold_calls(steps, gold)
    assert [call.name for call in calls] == [*names, "finish"]
    session, call_format = load_toolbox("arithmetic").open("null"), load_format("json")
    for call in calls:
        (result,) = execute_now(call_format.render((call,)), call_format, session)
        assert result.error is None
    assert session.answer == str(gold)


def test_a_gsm8k_row_without_its_answer_is_refused(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "p.jsonl", [GSM8K[0], {"question": "How?", "answer": "So 3."}])
    with pytest.raises(RequestError, match=r"p\.jsonl:2: 'answer' does not end in"):
        generate(FamilyConfig(family="gsm8k", path=path, train=1), "train")
