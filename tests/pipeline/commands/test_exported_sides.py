"""What is exported as chosen was right when it was executed, and what is exported as rejected was not."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from pipeline.commands.export import export_pairs
from rollout.data.shards import read_rows
from rollout.records import Episode, Outcome
from tests.repository import DATA

Spoken = tuple[str, ...]
"""The assistant's messages of an episode, or the first ones."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(DATA / "run-f013669", tmp_path / "run")
    shutil.copytree(DATA / "student", tmp_path / "student")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "run"


def spoken(folder: Path, right: bool) -> set[Spoken]:
    episodes = read_rows(Episode, Ledger(open_store(str(folder)), "episodes"))
    return {tuple(step.text for step in one.steps) for one in episodes if (one.outcome is Outcome.RIGHT) == right}


def exported(folder: Path, form: str) -> list[dict[str, Any]]:
    out = folder.parent / f"{form}.jsonl"
    export_pairs(folder, out, form, 0, Console(file=io.StringIO()))
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_whole_chains_are_on_the_side_of_their_outcome(folder: Path) -> None:
    sides = {"chosen": spoken(folder, True), "rejected": spoken(folder, False)}
    rows = exported(folder, "trl")
    for row in rows:
        for side, known in sides.items():
            said = tuple(message["content"] for message in row[side] if message["role"] == "assistant")
            assert said in known - sides["rejected" if side == "chosen" else "chosen"]
            roles = [message["role"] for message in row[side]]
            assert roles[::2] == ["assistant"] * len(said), "results stand between replies, and none at the end"
            assert len(roles) == 2 * len(said) - 1
    assert len({json.dumps(row) for row in rows}) == len(rows)


def test_parting_messages_are_on_the_side_of_their_outcome(folder: Path) -> None:
    """In text; `tests/pipeline/export` compares the sides where calls are structured."""
    rows = exported(folder, "sharegpt")
    swapped = 0
    for row in rows:
        history = [m["value"] for m in row["conversations"] if m["from"] == "gpt"]
        one, other = row["chosen"]["value"], row["rejected"]["value"]
        assert (row["chosen"]["from"], row["rejected"]["from"]) == ("gpt", "gpt")
        right, wrong = (*history, one), (*history, other)
        begins = {side: {said[: len(right)] for said in spoken(folder, side)} for side in (True, False)}
        assert right in begins[True]
        assert wrong in begins[False]
        swapped += right in begins[False] and wrong in begins[True]
    assert swapped < len(rows), "some rows would be wrong the other way round"
