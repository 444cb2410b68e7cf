"""What `status` and `inspect` show of arms that learn in rounds."""

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from evaluation.report.chains import ChainFilter
from pipeline.commands.rounds import round_chains, rounds_lines, rounds_table
from pipeline.commands.status import show_status
from pipeline.run.workload import train_problems
from pipeline.stages.arms.policies import ArmRounds
from pipeline.stages.arms.round import Round
from rollout.data import layout
from rollout.records import Outcome
from tests.pipeline.commands.rounds_made import ARMS, Damage, begin, go_through, with_arms

DIFFERENCE = 1.25e-5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each arm has gone through a round, `plain` through two, and is in a third one."""
    folder = begin(tmp_path_factory.mktemp("shown") / "run")
    rounds = ArmRounds(with_arms(folder), "plain", ARMS["plain"])
    proven = Damage(
        rows=lambda rows: [
            msgspec.structs.replace(row, probe_difference=DIFFERENCE / (1 + place)) for place, row in enumerate(rows)
        ]
    )
    go_through(rounds, proven)
    go_through(rounds, Damage(rows=lambda rows: [msgspec.structs.replace(rows[0], outcome=Outcome.RIGHT), *rows[1:]]))
    path = folder / layout.round_record("plain", 2)  # which has not ended after all
    path.unlink()
    next((folder / layout.round_episodes("plain", 2) / "commits").iterdir()).unlink()
    return folder


def text(shown: Any) -> str:
    console = Console(record=True, width=200, file=io.StringIO())
    console.print(shown)
    return console.export_text()


def test_status_says_how_far_each_arm_is_and_how_its_last_round_went(folder: Path) -> None:
    run = with_arms(folder)
    lines = list(rounds_lines(run))
    rounds = ArmRounds(run, "plain", ARMS["plain"])
    first, second = rounds.records()
    assert first.probe_difference is None
    assert second.probe_difference == DIFFERENCE, "the largest of its attempts"
    right, now = second.outcomes["right"], Round(rounds, [first, second]).record()
    share, share_now = (f"{100 * one.share_right:.1f}\u00a0%" for one in (second, now))
    assert lines[0] == (
        f"arm plain: 2 of 3 rounds ended; r001: {right} of 12 right ({share}), 1.3e-05 nats a token from its probe; "
        f"r002: 1 of 2 episode units, {now.outcomes['right']} of {now.attempts} right ({share_now})"
    )
    assert [line.partition(";")[0] for line in lines[1:]] == [
        "arm taught: 1 of 3 rounds ended",
        "arm ruled: 1 of 3 rounds ended",
        "arm helped: 1 of 3 rounds ended",
        "arm guided: 1 of 3 rounds ended",
    ]
    for line, arm in zip(lines[3:], ("helped", "guided"), strict=True):
        (record,) = ArmRounds(run, arm, ARMS[arm]).records()
        said = f"{record.helped.get('right', 0)} of {record.helped_attempts} right with help ("
        assert record.said_of_help.startswith(said)
        assert f"{record.attempts} right (" in line
        assert f", {record.said_of_help}" in line


def test_status_says_that_rounds_have_stopped(folder: Path) -> None:
    rounds = ArmRounds(with_arms(folder), "taught", ARMS["taught"])
    rounds.keep(msgspec.structs.replace(rounds.records()[0], number=1, best=1))
    line = next(line for line in rounds_lines(with_arms(folder)) if line.startswith("arm taught"))
    assert line.endswith("; they have stopped, the best policy attempted round 1")
    (folder / layout.round_record("taught", 1)).unlink()


def test_the_lines_stand_in_the_status_of_a_run_whose_recipe_has_the_arms(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.commands.status.read_run", lambda folder, console: with_arms(folder))
    console = Console(record=True, width=400, file=io.StringIO())
    show_status(folder, console)
    shown = console.export_text()
    assert all(line in shown for line in rounds_lines(with_arms(folder)))


def test_inspect_shows_every_round_that_has_ended(folder: Path) -> None:
    rows = text(rounds_table(with_arms(folder), None)).splitlines()[1:]
    assert [row.split()[0] for row in rows] == [
        "plain.r000",
        "plain.r001",
        *(f"{arm}.r000" for arm in ("taught", "ruled", "helped", "guided")),
    ]
    assert "1.3e-05" in rows[1]
    assert "label 0." in rows[3]
    assert "format 0." in rows[3]
    (record,) = ArmRounds(with_arms(folder), "helped", ARMS["helped"]).records()
    assert f"{record.helped.get('right', 0)} of {record.helped_attempts} right (" in rows[4]
    (row,) = text(rounds_table(with_arms(folder), "ruled")).splitlines()[1:]
    assert row.split()[0] == "ruled.r000"


def test_inspect_shows_the_attempts_of_the_last_round(folder: Path) -> None:
    run = with_arms(folder)
    problems = {problem.id: problem for problem in train_problems(run)}
    found = list(round_chains(run, ChainFilter(), problems))
    heads = [chains.heading.partition(" · ")[0] for chains in found]
    assert set(heads) == {"plain.r002", *(f"{arm}.r000" for arm in ("taught", "ruled", "helped", "guided"))}
    of_ruled = list(round_chains(run, ChainFilter(arm="ruled", outcome=Outcome.WRONG), problems))
    own = ArmRounds(run, "ruled", ARMS["ruled"]).plan().rounds[0]
    planned = {name for unit in own for name in unit.problem_ids}
    assert {chains.problem.id for chains in of_ruled if chains.problem is not None} <= planned
    assert all(any(one.outcome is Outcome.WRONG for _, one in chains.named) for chains in of_ruled)
    assert len(of_ruled) > 0
    assert all(one.producer.model == "ruled.r000" for chains in of_ruled for _, one in chains.named)
