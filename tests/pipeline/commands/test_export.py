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
