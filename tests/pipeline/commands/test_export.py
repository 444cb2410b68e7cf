"""Exported pairs: how often the store is listed, and what a row of each form holds."""

import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.errors import RequestError
from cluster.store.storage import LocalStore
from pipeline.commands import export
from pipeline.commands.export import export_pairs
from pipeline.export.rows import FORMS, Pair, pair_rows
from tests.pipeline.export.runs import scripted_run
from tests.repository import DATA


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of four blocks, with its student where its recipe names it."""
    shutil.copytree(DATA / "run-f013669", tmp_path / "run")
    shutil.copytree(DATA / "student", tmp_path / "student")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "run"


def test_the_episodes_are_listed_once_whatever_the_number_of_blocks(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings: Counter[str] = Counter()
    listed = LocalStore.list

    def counted(store: LocalStore, prefix: str = "") -> list[str]:
        listings[prefix.split("/")[0]] += 1
        return listed(store, prefix)

    monkeypatch.setattr(LocalStore, "list", counted)
    export_pairs(folder, tmp_path / "pairs.jsonl", "trl", 0, Console(file=io.StringIO()))
    assert listings == {"episodes": 1, "groups": 1, "plans": 3}


@pytest.mark.parametrize("form", FORMS)
def test_both_sides_of_a_row_share_what_comes_before(folder: Path, tmp_path: Path, form: str) -> None:
    said = Console(file=io.StringIO())
    export_pairs(folder, tmp_path / "pairs.jsonl", form, 0, said)
    rows = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]
    assert rows
    for row in rows:
        if form == "openai":
            sides, history = (row["preferred_output"], row["non_preferred_output"]), row["input"]["messages"]
        elif form == "sharegpt":
            sides, history = (row["chosen"], row["rejected"]), row["conversations"]
        else:
            sides, history = (row["chosen"], row["rejected"]), row["prompt"]
        assert sides[0] != sides[1]
        assert history


def test_nothing_is_left_of_an_export_that_fails(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    written: list[Pair] = []

    def breaking(*arguments: Any) -> Iterator[Pair]:
        for pair in pair_rows(*arguments):
            written.append(pair)
            yield pair
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "pair_rows", breaking)
    for name in ("pairs.jsonl", "pairs"):
        with pytest.raises(OSError, match="No space left"):
            export_pairs(folder, tmp_path / name, "trl", 0, Console(file=io.StringIO()))
        assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert len(written) == 2


def test_functions_that_changed_since_the_run_are_said_to_be_todays(folder: Path, tmp_path: Path) -> None:
    said = io.StringIO()
    export_pairs(folder, tmp_path / "out", "openai", 0, Console(file=said, width=400))
    noted = re.findall(
        r"note: toolbox (\w+) changed since the run: `tools` shows its functions as they are today", said.getvalue()
    )
    assert "arithmetic" in noted
    assert f"| functions | {', '.join(noted)}: as they are today" in (tmp_path / "out" / "README.md").read_text()


def test_what_is_there_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text("mine")
    (tmp_path / "pairs").mkdir()
    for name in ("pairs.jsonl", "pairs"):
        with pytest.raises(RequestError, match=r"--out .*: is there already; name a new file or folder"):
            export_pairs(folder, tmp_path / name, "trl", 0, Console(file=io.StringIO()))
    assert (tmp_path / "pairs.jsonl").read_text() == "mine"
    with pytest.raises(RequestError, match="is not there; make it first"):
        export_pairs(folder, tmp_path / "no" / "pairs", "trl", 0, Console(file=io.StringIO()))


def exported(folder: Path, out: Path | None, form: str = "trl", most: int = 0, **options: Any) -> str:
    """What was printed, with the colours of whole lines."""
    said = io.StringIO()
    console = Console(file=said, width=1000, color_system="standard", highlight=False)
    export_pairs(folder, out, form, most, console, **options)
    return said.getvalue()


def test_what_was_written_and_under_which_licence_is_said(folder: Path, tmp_path: Path) -> None:
    lines = exported(folder, tmp_path / "pairs.jsonl").splitlines()
    written = (tmp_path / "pairs.jsonl").read_text().splitlines()
    assert lines == [
        f"{len(written)} pairs to {tmp_path / 'pairs.jsonl'}",
        "the teacher's outputs are under 'unknown'. licence 'unknown': its terms for outputs are not known here; read "
        "them before anything is trained on the outputs, and say the licence in models.teacher.licence",
    ]


def test_a_licence_that_forbids_the_students_training_stands_out(tmp_path: Path) -> None:
    run = scripted_run(tmp_path / "run", "json", "plain", "models.teacher.licence=llama3")
    last = exported(run.folder, tmp_path / "out").splitlines()[-1]
    assert last.startswith(
        "\x1b[1;31mthe teacher's outputs are under 'llama3'. FORBIDDEN: Llama 2 or Llama 3 Community"
    )
    assert f"so they may NOT train {tmp_path / 'run-model'}" in last


@pytest.mark.parametrize("form", FORMS)
def test_the_card_names_the_form(folder: Path, tmp_path: Path, form: str) -> None:
    exported(folder, tmp_path / "out", form)
    assert f"form `{form}`" in (tmp_path / "out" / "README.md").read_text()


def test_a_problem_gives_as_many_pairs_as_are_asked_for(tmp_path: Path) -> None:
    run = scripted_run(tmp_path / "run", "json", "plain")
    numbers = {}
    for most in (0, 1):
        exported(run.folder, tmp_path / f"{most}.jsonl", most=most)
        rows = [json.loads(line) for line in (tmp_path / f"{most}.jsonl").read_text().splitlines()]
        numbers[most] = Counter(json.dumps(row["prompt"]) for row in rows)
    assert max(numbers[0].values()) > 1
    assert numbers[1] == dict.fromkeys(numbers[0], 1)


@pytest.mark.parametrize(("out", "public"), [("out", False), (None, True)])
def test_what_is_sent_is_the_folder_and_where_to_is_said(
    folder: Path, tmp_path: Path, out: str | None, public: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tests/pipeline/export/test_push.py` sends to a stand-in for the Hub."""
    sent: list[tuple[Path, str, bool, set[str]]] = []

    def push(made: Path, name: str, public: bool) -> str:
        sent.append((made, name, public, {path.name for path in made.iterdir()}))
        return "an address"

    monkeypatch.setattr(export, "push", push)
    monkeypatch.setenv("HF_TOKEN", "hf_token")
    where = tmp_path / out if out else None
    lines = exported(folder, where, to_hub="me/pairs", public=public).splitlines()
    ((made, *others),) = sent
    assert others == ["me/pairs", public, {"train.jsonl", "README.md"}]
    if where:
        assert made == where
        assert lines[0].endswith(f" pairs to {where}")
        assert lines[1] == "sent as an address"
    else:
        assert lines[0].endswith(" pairs to an address")
        assert not any("sent as" in line for line in lines)


@pytest.mark.parametrize(
    ("out", "form", "name", "says"),
    [
        ("pairs.jsonl", "xml", "", "--format xml: unknown; there are trl, openai, sharegpt"),
        (None, "trl", "", "--out: name a file that ends in .jsonl, or a folder; or --push OWNER/NAME"),
        (
            "pairs.jsonl",
            "trl",
            "me/pairs",
            "--out pairs.jsonl: is a file's name, and --push sends a folder; name one, or leave --out out",
        ),
    ],
)
def test_a_wrong_request_is_refused_in_words(folder: Path, out: str | None, form: str, name: str, says: str) -> None:
    with pytest.raises(RequestError) as caught:
        exported(folder, Path(out) if out else None, form, to_hub=name)
    assert str(caught.value) == says


def test_a_folder_that_came_meanwhile_stays(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*arguments: Any) -> Iterator[Pair]:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine").write_text("mine")
        yield from pair_rows(*arguments)

    monkeypatch.setattr(export, "pair_rows", late)
    with pytest.raises(OSError, match="not empty"):
        exported(folder, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
