"""`chainpref relabel`: a right checker flips nothing, a mended one exactly what it had wrong; killed, it goes on."""

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

import rollout.checkers
from cluster.errors import RequestError
from pipeline.cli import app
from pipeline.recipe import load_recipe
from pipeline.relabel.begin import _checker_hash
from pipeline.run.folder import Run, open_run, read_run
from pipeline.run.rollouts import Rollouts
from pipeline.run.workload import make_workload, outgrown, read_workload, suite_problems, train_problems
from pipeline.stages import groups
from pipeline.stages.evaluate import planned_units
from pipeline.stages.rollout import missing_units
from rollout.data import layout
from rollout.data.shards import Rejected, encode_rows, quarantine, read_rows
from rollout.data.unit_rows import UnitRows
from rollout.records import ErrorCode, Outcome, PreferenceGroup, Score
from rollout.toolboxes import source
from tests.repository import DATA, ROOT

Command = Callable[..., str]
WRONG = '''
"""A checker that takes even numbers for wrong."""

def check(answer: object, gold: object) -> bool:
    return not (isinstance(answer, int) and answer % 2 == 0) and answer == gold
'''
MENDED = WRONG.replace("answer % 2 == 0", "False")


def started(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    command = [sys.executable, "-m", "pipeline", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def rewritten(folder: Path, text: str) -> None:
    """Change the user's checker, and forget what this process knows of it."""
    (folder / "mine.py").write_text(text)
    sys.modules.pop("mine", None)
    importlib.invalidate_caches()
    rollout.checkers._checker.cache_clear()
    source._hash_of_module.cache_clear()


@pytest.fixture
def chainpref(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process, and gives what it prints."""
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def run(*arguments: str) -> str:
        capfd.readouterr()
        app(list(arguments), standalone_mode=False)
        return capfd.readouterr().out

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the run `old`, whose problems name the checker `mine:check`, and that checker, which is right."""
    shutil.copytree(DATA / "run-f013669", tmp_path / "old")
    shutil.copytree(DATA / "student", tmp_path / "student")
    for path in (tmp_path / "old" / "problems").rglob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows:
            row["checker"] = "mine:check" if row["checker"] == "numeric" else row["checker"]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    rewritten(tmp_path, MENDED)
    return tmp_path


def opened(folder: Path) -> Run:
    return read_run(folder, Console(quiet=True))


def labels(run: Run) -> dict[str, tuple[Outcome, object]]:
    rollouts = Rollouts(run)
    rows = [episode for problem in rollouts.block_of for episode in rollouts.of(problem).values()]
    return {episode.id: (episode.outcome, episode.error) for episode in rows}


def scores(run: Run, *prefixes: str) -> list[tuple[object, ...]]:
    rows = [row for prefix in prefixes for row in read_rows(Score, run.ledger(prefix))]
    return sorted((row.model, row.episode.id, row.greedy, row.episode.outcome) for row in rows)


def chains(run: Run) -> dict[str, set[tuple[object, ...]]]:
    rows = read_rows(PreferenceGroup, run.ledger(layout.groups(run.student)))
    return {row.problem_id: {(chain.token_ids, chain.label) for chain in row.chains} for row in rows}


def test_a_right_checker_flips_nothing_and_a_mended_one_what_it_had_wrong(folder: Path, chainpref: Command) -> None:
    said = chainpref("relabel", "old", "--out", "same")
    old, same = opened(folder / "old"), opened(folder / "same")
    assert f"episodes: 0 of {len(labels(old)):,} flipped" in said
    assert labels(same) == labels(old)
    assert chains(same) == chains(old)
    assert groups.complete(same)
    assert (same.recipe.run.parent, read_workload(same).parent) == (old.recipe.run.name, old.id)
    assert "verified: every file" in chainpref("verify", "same")
    again = chainpref("relabel", "old", "--out", "same")
    assert "an hour" not in again  # nothing was judged
    assert f"episodes: 0 of {len(labels(old)):,} flipped" in again

    rewritten(folder, WRONG)
    with pytest.raises(RequestError, match="was begun with another mine:check; give --out another folder"):
        chainpref("relabel", "old", "--out", "same")
    chainpref("relabel", "old", "--out", "wrong")
    wrong = opened(folder / "wrong")
    planted = {name for name, label in labels(wrong).items() if label != labels(old)[name]}
    assert planted
    assert all(labels(wrong)[name] == (Outcome.WRONG, ErrorCode.ANSWER_WRONG) for name in planted)

    rewritten(folder, MENDED)
    said = chainpref("relabel", "wrong", "--out", "mended")
    right = sum(outcome is Outcome.RIGHT for outcome, _ in labels(old).values())
    counted = f"{len(planted)} of {len(labels(old))} flipped; right {right - len(planted)} -> {right}"
    assert f"episodes: {counted}" in said
    assert f"  {len(planted)}  wrong answer_wrong -> right" in said
    assert any(name in said for name in planted)  # some of them, to look at
    mended = opened(folder / "mended")
    assert labels(mended) == labels(old)
    assert chains(mended) == chains(old)
    assert chains(mended) != chains(wrong)
    assert "verified: every file" in chainpref("verify", "mended")


def with_an_arm(folder: Path) -> Run:
    """The run with an arm, which has the scores of its base."""
    text = (folder / layout.RECIPE).read_text()
    (folder / layout.RECIPE).write_text(
        text.replace("[recipe.arms]", '[recipe.arms.mine]\nmethod = "sft"\nstart = "base"')
    )
    run = opened(folder)
    ledger, planned = run.ledger(layout.SCORES), planned_units(run)
    rows = UnitRows(Score, ledger)
    of_base = {(unit.suite, unit.temperature): unit.name for unit in planned if unit.model == "base"}
    for unit in planned:
        if unit.model in run.recipe.arms:
            source = of_base[unit.suite, unit.temperature]
            encoded = encode_rows(Score, [msgspec.structs.replace(row, model=unit.model) for row in rows.read(source)])
            ledger.publish(unit.name, encoded.payload, encoded.rows, ledger.history()[source].meta)
    return run


def test_scores_are_judged_again_too(folder: Path, chainpref: Command) -> None:
    old = with_an_arm(folder / "old")
    assert "scores of mine: 0 of" in chainpref("relabel", "old", "--out", "same")
    same = opened(folder / "same")
    assert scores(same, layout.SCORES, layout.PARENT_SCORES) == scores(old, layout.SCORES)
    assert {row.model for row in read_rows(Score, same.ledger(layout.SCORES))} == {"teacher", "base"}
    assert {row.model for row in read_rows(Score, same.ledger(layout.PARENT_SCORES))} == {"mine"}

    rewritten(folder, WRONG)
    chainpref("relabel", "old", "--out", "wrong")
    before, wrong = scores(old, layout.SCORES), scores(opened(folder / "wrong"), layout.SCORES, layout.PARENT_SCORES)
    flipped = [(old_row, row) for old_row, row in zip(before, wrong, strict=True) if old_row != row]
    assert flipped
    assert all((old_row[-1], row[-1]) == (Outcome.RIGHT, Outcome.WRONG) for old_row, row in flipped)


def test_rows_in_quarantine_stay_there(folder: Path, chainpref: Command) -> None:
    old = opened(folder / "old")
    ledger = old.ledger(layout.SCORES)
    name, commit = next((name, commit) for name, commit in ledger.history().items() if commit.rows > 1)
    lost, *kept = UnitRows(Score, ledger).read(name)
    (folder / "old" / "scores" / "commits" / f"{name}.json").unlink()
    quarantine(
        old.store, name, [Rejected(row=f"{lost.model}/{lost.suite}/{lost.episode.id}", place=0, reason="", content="")]
    )
    counts = Counter(row.episode.outcome.value for row in kept)
    encoded = encode_rows(Score, kept)
    meta = {key: str(count) for key, count in counts.items()} | {"host": commit.meta["host"], "quarantined": "1"}
    opened(folder / "old").ledger(layout.SCORES).publish(name, encoded.payload, encoded.rows, meta)
    chainpref("relabel", "old", "--out", "same")
    assert "verified: every file" in chainpref("verify", "same")


def grown(folder: Path) -> Run:
    """The run, which asks for more problems, samples and scores, and has planned them."""
    run = opened(folder)
    more = ["rollout.samples=8", "problems.arithmetic.train=7", "problems.arithmetic.test=5", "evaluation.samples=3"]
    with open_run(load_recipe(folder / layout.RECIPE, more), folder, run.console, False) as run:
        make_workload(run)
    return run


def test_a_grown_run_is_judged_again_and_what_it_became_since_is_not_mixed_in(folder: Path, chainpref: Command) -> None:
    chainpref("relabel", "old", "--out", "before")
    before = files(folder / "before")
    old = grown(folder / "old")
    with pytest.raises(RequestError, match="its parent has grown since it was begun; give --out another folder"):
        chainpref("relabel", "old", "--out", "before")
    assert files(folder / "before") == before
    chainpref("relabel", "old", "--out", "same")
    same = opened(folder / "same")
    assert labels(same) == labels(old)
    assert scores(same, layout.SCORES) == scores(old, layout.SCORES)
    assert train_problems(same) == train_problems(old)
    assert suite_problems(same) == suite_problems(old)
    assert len(missing_units(same)) == len(missing_units(old)) > 0
    assert [unit.problem_ids for unit in planned_units(same)] == [unit.problem_ids for unit in planned_units(old)]
    assert "verified: every file" in chainpref("verify", "same")
    with open_run(same.recipe, same.folder, same.console, False) as run:
        assert not outgrown(run)


def test_a_run_that_is_to_grow_is_grown_first(folder: Path, chainpref: Command) -> None:
    run = opened(folder / "old")
    with open_run(load_recipe(folder / "old" / layout.RECIPE, ["rollout.samples=8"]), run.folder, run.console, False):
        pass
    with pytest.raises(RequestError, match="its recipe asks for more than is planned; `chainpref run` it first"):
        chainpref("relabel", "old", "--out", "new")
    assert not (folder / "new").exists()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_killed_in_the_middle_it_goes_on_and_does_nothing_twice(folder: Path, chainpref: Command) -> None:
    process = started(folder, "relabel", "old", "--out", "new")
    commits = folder / "new" / "episodes" / "commits"
    while process.poll() is None and not (commits.is_dir() and any(commits.glob("*.json"))):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = {path: path.read_bytes() for path in commits.glob("*.json")}
    assert there
    said = chainpref("relabel", "old", "--out", "new")
    assert f"episodes: 0 of {len(labels(opened(folder / 'old')))} flipped" in said
    assert {path: path.read_bytes() for path in there} == there
    assert labels(opened(folder / "new")) == labels(opened(folder / "old"))
    assert "verified: every file" in chainpref("verify", "new")


def test_what_cannot_be_judged_again_is_one_line(folder: Path, chainpref: Command) -> None:
    for source_run, out, message in (
        ("nowhere", "new", "no recipe.toml there"),
        ("old", "old", "is the run itself"),
        ("old", "a name", "the folder's name is the run's"),
    ):
        with pytest.raises(RequestError, match=message):
            chainpref("relabel", source_run, "--out", out)
    rewritten(folder, "")
    with pytest.raises(RequestError, match="checker 'mine:check': cannot be imported"):
        chainpref("relabel", "old", "--out", "new")
    assert not (folder / "new").exists()


def test_a_function_that_judges_worlds_is_hashed_as_any_other() -> None:
    name = "docs.examples.units_checker:same_length"
    assert _checker_hash(f"world:{name}") == _checker_hash(name) != _checker_hash("world")
    with pytest.raises(RequestError, match="cannot be imported"):
        _checker_hash("world:no.module:f")
