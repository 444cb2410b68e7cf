"""Exported pairs: how often the store is listed, and what a row of each form holds."""

import io
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from cluster.store.storage import LocalStore
from pipeline.commands.export import FORMS, export_pairs
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
    assert listings == {"episodes": 1, "groups": 1}


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
