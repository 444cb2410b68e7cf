"""What an arm's training took is that of all its sessions."""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from rich.console import Console

from pipeline.run.folder import Run, read_run
from pipeline.stages import reference
from pipeline.stages.arms import spent, targets, watching
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from pipeline.stages.report import training_figures
from rollout.data import layout
from rollout.rounds import RoundsConfig
from tests.repository import DATA
from training.config import ArmConfig, DistillArm, DpoArm, SftArm
from training.ranks.metrics import append_metrics


@pytest.fixture
def run(tmp_path: Path) -> Run:
    shutil.copytree(DATA / "run-f013669", tmp_path / "run")
    return read_run(tmp_path / "run", Console(quiet=True))


def with_arms(run: Run, *arms: str) -> Run:
    made = {name: SftArm(method="sft") for name in arms}
    return replace(run, recipe=run.recipe.model_copy(update={"arms": made}))


class Clock:
    """The time in a test, which ranks and interruptions follow: seconds -> what happens then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.plan: dict[float, Callable[[], None]] = {}
        for module in (watching, spent):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now, sleep=self.sleep))
        nothing_lacks = SimpleNamespace(short=lambda: "")
        monkeypatch.setattr(watching, "Wait", lambda run, need: nothing_lacks)
        monkeypatch.setattr(watching, "await_ranks", lambda run, ranks: None)
        monkeypatch.setattr("training.ranks.job.train_arms", lambda requests: self.trained.wait(60))
        self.trained = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for at in [at for at in self.plan if at <= self.now]:
            self.plan.pop(at)()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock(monkeypatch)
    yield made
    made.trained.set()


def request_of(run: Run, name: str) -> Any:
    folder = run.folder / layout.checkpoints(name)
    folder.mkdir(parents=True, exist_ok=True)
    return SimpleNamespace(
        name=name,
        title="",
        arm=run.recipe.arms[name],
        model_dir=run.model(name),
        metrics_path=folder / layout.METRICS,
        began=folder / "began",
    )


def session(run: Run, clock: Clock, plan: dict[float, Callable[[], None]]) -> None:
    """A session of training all arms of the run, in which this happens."""
    clock.now, clock.plan = 0.0, dict(plan)
    clock.trained.clear()
    requests = [request_of(run, name) for name in run.recipe.arms]
    with spent.interruption_recorded(run, [request.name for request in requests]) as found:

        def ended(request: Any, counts: dict[str, float]) -> None:
            run.events.add("arm trained", arm=request.name, seconds=found.seconds(request.name), **counts)
            found.end(request.name)

        watching.train_watched(run, requests, found, ended)


def begins(run: Run, name: str) -> Callable[[], None]:
    return lambda: request_of(run, name).began.touch()


def is_published(run: Run, name: str, last: Clock | None = None) -> Callable[[], None]:
    """`last`: with this arm the training ends."""

    def publish() -> None:
        append_metrics(request_of(run, name).metrics_path, {"step": 3, "steps": 3, "loss": 0.5, "seconds": 4.0})
        run.model(name).mkdir(parents=True)
        if last is not None:
            last.trained.set()

    return publish


def fails(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


def test_the_seconds_of_interrupted_and_failed_sessions_count(run: Run, clock: Clock) -> None:
    run = with_arms(run, "sft")
    for error in (KeyboardInterrupt(), RuntimeError("rank lost")):
        with pytest.raises(type(error)):
            session(run, clock, {10.0: fails(error)})
    assert training_figures(run) == {}
    session(run, clock, {3.0: begins(run, "sft"), 10.0: is_published(run, "sft", clock)})
    found = training_figures(run)["sft"]
    assert (found.seconds, found.steps) == (30.0, 3)


def test_arms_that_are_trained_together_share_the_start_of_the_ranks(run: Run, clock: Clock) -> None:
    run = with_arms(run, "a", "b", "c")
    with pytest.raises(KeyboardInterrupt):
        session(run, clock, {3.0: begins(run, "a"), 5.0: fails(KeyboardInterrupt())})
    rows = [row for row in run.events.read() if row["event"] == "arm interrupted"]
    assert {row["arm"]: row["seconds"] for row in rows} == {"a": 3.0, "b": 1.0, "c": 1.0}
    session(
        run,
        clock,
        {
            6.0: begins(run, "a"),
            16.0: is_published(run, "a"),
            17.0: begins(run, "b"),
            20.0: is_published(run, "b"),
            20.5: begins(run, "c"),
            21.0: is_published(run, "c", clock),
        },
    )
    found = {name: one.seconds for name, one in training_figures(run).items()}
    assert found == {"a": 3.0 + 12.0, "b": 1.0 + 5.5, "c": 1.0 + 3.5}, "in all the time of both sessions"


def test_what_is_scored_and_asked_belongs_to_the_arms_that_use_it(
    run: Run, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms: dict[str, ArmConfig] = {
        "sft": SftArm(method="sft"),
        "one": DpoArm(method="dpo"),
        "two": DpoArm(method="dpo", beta=0.5),
        "fewer": DpoArm(method="dpo", max_wrong=2),
        "told": DistillArm(method="distill"),
    }
    run = replace(run, recipe=run.recipe.model_copy(update={"arms": arms}))
    monkeypatch.setattr(reference, "start_shares", lambda *_: [clock.sleep(6.0)][:0])
    monkeypatch.setattr("cluster.jobs.session.results", lambda made: made)
    monkeypatch.setattr(reference, "await_ranks", lambda run, ranks: None)
    monkeypatch.setattr(targets, "ensure_targets", lambda *_: clock.sleep(4.0))
    with spent.interruption_recorded(run, tuple(arms)) as found:
        reference.ensure_references(run, arms, found)
        targets.ensure_targets_of(run, arms.items(), found)
        assert {name: found.seconds(name) for name in arms} == {
            "sft": 0.0,
            "one": 3.0,
            "two": 3.0,
            "fewer": 6.0,
            "told": 4.0,
        }


def test_an_arm_whose_command_was_killed_before_its_event_has_its_figures(run: Run) -> None:
    run = with_arms(run, "sft", "other")
    row = {"step": 7, "steps": 7, "loss": 0.5, "seconds": 4.0, "tokens": 90.0, "chains": 8.0, "passes": 2.0}
    append_metrics(request_of(run, "sft").metrics_path, row)
    run.events.add("arm interrupted", arm="sft", seconds=5.0)
    assert training_figures(run) == {}, "it is half trained"
    run.model("sft").mkdir(parents=True)
    found = training_figures(run)["sft"]
    assert (found.steps, found.seconds, found.tokens, found.chains, found.passes) == (7, 9.0, 90.0, 8.0, 2.0)
    run.events.add("arm trained", arm="sft", steps=7, seconds=6.0)
    assert training_figures(run)["sft"].seconds == 11.0, "where there is an event, that counts"


def test_rounds_and_what_the_teacher_is_asked_count_for_their_arm(run: Run) -> None:
    rounds = RoundsConfig()
    arms: dict[str, ArmConfig] = {
        "sft": SftArm(method="sft"),
        "online": DpoArm(method="dpo", rounds=rounds),
        "taught": DpoArm(method="dpo", rounds=rounds, chosen_from="both"),
        "told": DistillArm(method="distill"),
    }
    run = replace(run, recipe=run.recipe.model_copy(update={"arms": arms}))
    for arm in arms:
        run.events.add("arm trained", arm=arm, steps=1, seconds=1.0)
    record = RoundRecord(number=0, outcomes={}, tokens=200, helped_tokens=100)
    for number in range(2):  # of an earlier version, without seconds
        ArmRounds(run, "online", arms["online"]).keep(msgspec.structs.replace(record, number=number))
        run.events.add("round", arm="online", round=number, seconds=5.0, tokens=300)
    for number in range(2):  # the second one was killed before its event
        with_seconds = msgspec.structs.replace(record, number=number, seconds=7.0)
        ArmRounds(run, "taught", arms["taught"]).keep(with_seconds)
    run.events.add("round", arm="taught", round=0, seconds=7.0, tokens=200, helped_tokens=100)
    run.events.add("targets", arm="told", scored=9, seconds=4.0)
    run.events.add("targets", arm="online.r000", scored=9, seconds=4.0)  # stands in its round's seconds
    found = training_figures(run)
    assert {name: one.seconds for name, one in found.items()} == {
        "sft": 1.0,
        "online": 11.0,
        "taught": 15.0,
        "told": 5.0,
    }
    own = {name: one.own_tokens for name, one in found.items() if one.own_tokens}
    assert own == {"online": 600.0, "taught": 600.0}
    assert [name for name, one in found.items() if not one.from_teacher] == ["online"]
