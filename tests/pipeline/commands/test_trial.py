"""`chainpref try`: own functions and problems without a model, to rollouts, groups and pairs."""

import csv
import json
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from cluster.errors import RequestError
from pipeline.commands.trial import try_toolbox
from pipeline.commands.verify import verify_run
from pipeline.run.folder import read_run
from pipeline.run.rollouts import Rollouts
from pipeline.run.workload import read_workload, train_problems
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.records import Outcome
from tests.repository import ROOT

GARDEN = ROOT / "docs/examples/garden.py"
COLUMNS = {"text": "question", "calls_column": "calls", "checker": "numeric"}


def tried(
    toolbox: Path | str, file: Path, run: Path | None = None, settings: list[str] | None = None, **more: str
) -> str:
    console = Console(width=80, record=True, force_terminal=False)
    columns = COLUMNS | more
    try_toolbox(str(toolbox), file, columns, samples=6, shown=1, run=run, settings=settings or [], console=console)
    return console.export_text()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A trial of the documented example that was kept, and what it said."""
    folder = tmp_path_factory.mktemp("kept") / "my run [1]"
    return folder, tried(GARDEN, ROOT / "docs/examples/garden.csv", folder)


def test_it_ends_with_rollouts_groups_chains_and_a_pair(kept: tuple[Path, str]) -> None:
    folder, said = kept
    run = read_run(folder, Console())
    rollouts, problems = Rollouts(run), train_problems(run)
    outcomes = [episode.outcome for problem in problems for episode in rollouts.of(problem.id).values()]
    assert len(outcomes) == 6 * len(problems) == read_workload(run).episodes
    assert f"{len(outcomes)} rollouts: {outcomes.count(Outcome.RIGHT)} right, " in said
    for code in ("not_a_call", "unknown_function", "missing_argument", "answer_wrong"):
        assert f" {code}" in said
    groups = list(read_groups(run.ledger(layout.groups(run.student))))
    assert f"{sum(group.pairs for group in groups)} pairs" in said
    assert said.count("distinct chains: ") == 1
    assert "plant(beds" in said
    pair = json.loads(said[said.index("{\n") : said.rindex("}") + 1])
    assert pair.keys() >= {"prompt", "chosen", "rejected"}
    line = " ".join(said.partition("kept in ")[2].split())
    inspection, export = line.partition(f"{folder}: ")[2].partition("; ")[0], line.partition("; ")[2]
    assert shlex.split(inspection) == ["chainpref", "inspect", str(folder), "rollouts"]
    assert shlex.split(export) == ["chainpref", "export", str(folder), "--out", "pairs.jsonl"]


def test_what_is_kept_is_a_whole_run_and_goes_on_where_it_is(kept: tuple[Path, str]) -> None:
    folder, said = kept
    verify_run(folder, Console(quiet=True))
    episodes = sorted(path.name for path in (folder / "episodes/shards").iterdir())
    again = tried(GARDEN, ROOT / "docs/examples/garden.csv", folder)
    assert again.partition("rollouts: ")[2] == said.partition("rollouts: ")[2]
    assert sorted(path.name for path in (folder / "episodes/shards").iterdir()) == episodes
    verify_run(folder, Console(quiet=True))


def test_near_duplicates_are_counted_and_kept_where_it_is_asked(kept: tuple[Path, str]) -> None:
    said = " ".join(kept[1].split())
    assert "dropped as duplicates: train 2 repeated, " in said
    assert 'near; duplicates = "exact" keeps near ones' in said
    loose = tried(GARDEN, ROOT / "docs/examples/garden.csv", settings=["problems.mine.duplicates=exact"])
    assert " near" not in loose
    assert problems_of(loose) > problems_of(kept[1])


def test_what_attempts_lack_is_said(tmp_path: Path) -> None:
    file = ROOT / "docs/examples/garden.csv"
    assert "no gold chains are known" in tried(GARDEN, file, calls_column="")
    lazy = tmp_path / "lazy.py"
    lazy.write_text(
        "class Garden:\n    def __init__(self, state):\n        self.state = state\n\n"
        '    def plant(self, beds: int, per_bed: int) -> int:\n        """Plant."""\n'
        '        return self.state["rows"] * beds * per_bed\n'
    )
    rows = tmp_path / "own.csv"
    header, *given = file.read_text().splitlines()
    rows.write_text("\n".join([header, *(row for row in given if "water" not in row and "fill" not in row)]))
    with pytest.raises(RequestError, match="is not subscriptable; where the functions need a state, name its column"):
        tried(f"{lazy}:Garden", rows)


def problems_of(said: str) -> int:
    return int(said.partition(" problems to roll out")[0].split()[-1])


def test_a_wrong_gold_chain_and_a_wrong_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    calls = [{"name": "plant", "arguments": {"beds": 2, "per_bed": 3}}, {"name": "finish", "arguments": {"answer": 7}}]
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["question", "calls", "answer"])
        writer.writerows(
            [f"{thing}: two beds of three?", json.dumps(calls), 6] for thing in ("a", "pea", "leek", "bean")
        )
    with pytest.raises(RequestError, match="answer 7 is answer_wrong, gold is 6"):
        tried(GARDEN, file)
    with pytest.raises(RequestError, match=r"--problems own.txt: name a file that ends in .csv, .jsonl, .parquet"):
        tried(GARDEN, Path("own.txt"))
    with pytest.raises(RequestError, match="no column 'text'; it has question, calls, answer: name one"):
        tried(GARDEN, file, text="text")
    with pytest.raises(RequestError, match=r"no file nowhere\.py"):
        tried("nowhere.py", file)


@pytest.mark.parametrize("family", ["xlam", "hermes", "openai"])
def test_rows_that_bring_their_functions_are_played_like_others(family: str, tmp_path: Path) -> None:
    """The whole path of imported gold calls: episodes, verdicts, chains, groups, pairs."""
    folder, rows = tmp_path / "run", ROOT / f"tests/data/rows/{family}.jsonl"
    console = Console(width=80, record=True, force_terminal=False)
    settings = ["groups.nothing_to_do=true"]
    try_toolbox(family, rows, {}, samples=6, shown=1, run=folder, settings=settings, console=console)
    run = read_run(folder, Console())
    rollouts, problems = Rollouts(run), train_problems(run)
    assert problems
    seen = set()
    for problem in problems:
        gold = [(call.name, call.arguments) for call in problem.gold_calls[:-1]]
        for episode in rollouts.of(problem.id).values():
            made = [
                (result.call.name, result.call.arguments)
                for step in episode.steps
                for result in step.results
                if result.call and not result.error
            ]
            # What `finish` is given is for people.
            right = made[:-1] == gold and bool(made) and made[-1][0] == "finish"
            assert right == (episode.outcome is Outcome.RIGHT), (problem.source, made)
            seen.add(right)
    assert seen == {True, False}
    assert "a pair, as" in console.export_text()


def test_worlds_of_several_turns_are_tried(tmp_path: Path) -> None:
    """The documented example: right and wrong chains of two turns, and a wrong world among the mistakes."""
    columns = {"text": "text", "calls_column": "calls", "state_column": "state", "checker": "world"}
    settings = ["problems.mine.turns_column=turns", "problems.mine.hidden_column=hidden"]
    toolbox, file = f"{ROOT}/docs/examples/tickets.py:Desk", ROOT / "docs/examples/tickets.jsonl"
    said = tried(toolbox, file, tmp_path / "run", settings, **columns)
    assert " state_wrong" in said
    run = read_run(tmp_path / "run", Console())
    groups = list(read_groups(run.ledger(layout.groups(run.student))))
    assert all(group.pairs for group in groups)
    attempts = [one for problem in train_problems(run) for one in Rollouts(run).of(problem.id).values()]
    assert {len(one.said) for one in attempts} == {0, 1}
    assert {one.outcome for one in attempts if set(one.credit) == {1.0}} == {Outcome.RIGHT}
    verify_run(tmp_path / "run", Console(quiet=True))
