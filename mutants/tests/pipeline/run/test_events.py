"""events.jsonl survives killed writers, and sums a stage's time over sessions."""

from pathlib import Path

import pytest

from pipeline.run.events import Events


def test_stages_are_summed_over_sessions(tmp_path: Path) -> None:
    events = Events(tmp_path / "events.jsonl")
    with events.stage("rollout"):
        pass
    with pytest.raises(KeyboardInterrupt), events.stage("rollout"):
        raise KeyboardInterrupt
    with pytest.raises(ZeroDivisionError), events.stage("train"):
        raise ZeroDivisionError
    ended = [row for row in events.read() if row["event"] == "stage ended"]
    assert [row["how"] for row in ended] == ["done", "interrupted", "failed: ZeroDivisionError"]
    seconds = events.seconds()
    assert set(seconds) == {"rollout", "train"}
    assert seconds["rollout"] == pytest.approx(sum(row["seconds"] for row in ended[:2]), abs=2e-3)


def test_a_half_line_of_a_killed_writer_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    Events(path).add("first")
    with path.open("ab") as file:
        file.write(b'{"event":"ha')
    Events(path).add("second", number=2)
    assert [row["event"] for row in Events(path).read()] == ["first", "second"]
