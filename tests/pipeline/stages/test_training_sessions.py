"""What an arm's training took is that of all its sessions."""

import shutil
from concurrent.futures import Future
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from pipeline.run.folder import Run, read_run
from pipeline.stages.arms import watching
from pipeline.stages.report import training_figures
from rollout.rounds import RoundsConfig
from tests.repository import DATA
from training.config import DistillArm, DpoArm, SftArm


@pytest.fixture
def run(tmp_path: Path) -> Run:
    shutil.copytree(DATA / "run-f013669", tmp_path / "run")
    return read_run(tmp_path / "run", Console(quiet=True))


def session(run: Run, ended: Exception | type[BaseException] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch an arm for 10 s of a clock that is not the machine's, until its training ends so."""
    times = chain([0.0], repeat(10.0))
    monkeypatch.setattr(
        "pipeline.stages.arms.watching.time", SimpleNamespace(monotonic=lambda: next(times), sleep=slept)
    )
    nothing_lacks = SimpleNamespace(short=lambda: "")
    monkeypatch.setattr("pipeline.stages.arms.watching.Wait", lambda run, need: nothing_lacks)
    metrics = run.folder / "metrics.jsonl"
    metrics.write_text('{"step": 3, "steps": 3, "loss": 0.5}\n')
    request: Any = SimpleNamespace(
        name="sft",
        title="",
        arm=SimpleNamespace(method="sft", start="base"),
        model_dir=run.folder / "none",
        metrics_path=metrics,
    )
    training: Future[None] = Future()
    if isinstance(ended, Exception):
        training.set_exception(ended)
    elif ended is None:
        training.set_result(None)
    else:
        monkeypatch.setattr(training, "done", lambda: interrupt(ended))
    counts = watching._watch(run, request, training)
    run.events.add("arm trained", arm="sft", **counts)


def slept(seconds: float) -> None:
    """The clock of the test does not wait."""


def interrupt(kind: type[BaseException]) -> bool:
    raise kind


def test_the_seconds_of_interrupted_and_failed_sessions_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    arms = SimpleNamespace(recipe=SimpleNamespace(arms={"sft": SftArm(method="sft")}), events=run.events)
    with pytest.raises(KeyboardInterrupt):
        session(run, KeyboardInterrupt, monkeypatch)
    with pytest.raises(RuntimeError, match="rank lost"):
        session(run, RuntimeError("rank lost"), monkeypatch)
    assert training_figures(arms) == {}  # type: ignore[arg-type]
    session(run, None, monkeypatch)
    found = training_figures(arms)["sft"]  # type: ignore[arg-type]
    assert (found.seconds, found.steps) == (30.0, 3)


def test_rounds_and_what_the_teacher_is_asked_count_for_their_arm(run: Run) -> None:
    rounds = RoundsConfig()
    arms = {
        "sft": SftArm(method="sft"),
        "online": DpoArm(method="dpo", rounds=rounds),
        "taught": DpoArm(method="dpo", rounds=rounds, chosen_from="both"),
        "told": DistillArm(method="distill"),
    }
    for arm in arms:
        run.events.add("arm trained", arm=arm, steps=1, seconds=1.0)
    for number in range(2):
        run.events.add("round", arm="online", round=number, seconds=5.0, tokens=300)
    run.events.add("targets", arm="told", scored=9, seconds=4.0)
    run.events.add("targets", arm="online.r000", scored=9, seconds=4.0)  # stands in its round's seconds
    named = SimpleNamespace(recipe=SimpleNamespace(arms=arms), events=run.events)
    found = training_figures(named)  # type: ignore[arg-type]
    assert {name: one.seconds for name, one in found.items()} == {
        "sft": 1.0,
        "online": 11.0,
        "taught": 1.0,
        "told": 5.0,
    }
    assert {name: one.own_tokens for name, one in found.items() if one.own_tokens} == {"online": 600.0}
    assert [name for name, one in found.items() if not one.from_teacher] == ["online"]
