"""Arms that go through rounds together: none holds up another, and each one's seconds are its own. No host and no rank
is started."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from rich.console import Console

from cluster.errors import WorkError
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run
from pipeline.stages import train
from pipeline.stages.arms import rounds, spent
from pipeline.stages.arms.policies import ArmRounds, RoundRecord
from pipeline.stages.arms.round import Round
from pipeline.stages.report import training_figures
from rollout.data import layout
from tests.repository import DATA

ROUNDS = "rounds = { rounds = 1, problems = 2, samples = 4 }"
ARMS = (
    f'arms.idle={{ method = "dpo", {ROUNDS} }}',
    f'arms.grpo={{ method = "grpo", {ROUNDS} }}',
    f'arms.behind={{ method = "sft", start = "grpo", {ROUNDS} }}',
    f'arms.after_idle={{ method = "sft", start = "idle", {ROUNDS} }}',
)
SCRIPTED = ("engines.teacher.scripted={}", "engines.student.scripted={}")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run whose arms have ended their only round: `idle` learnt nothing in it."""
    whole = load_recipe(DATA / "smallest.toml", [*ARMS, *SCRIPTED])
    recipe = whole.model_copy(
        update={"arms": {name: whole.arms[name] for name in ("idle", "grpo", "behind", "after_idle")}}
    )
    run = Run(recipe=recipe, folder=tmp_path, console=Console(quiet=True))
    ended = RoundRecord(number=0, outcomes={"right": 1, "wrong": 7}, tokens=100, steps=2, trained_tokens=50.0)
    run.model("base").mkdir(parents=True)
    for name in ("idle", "grpo", "behind"):
        policy = "" if name == "idle" else layout.round_model(name, 0)
        if policy:
            (run.folder / policy).mkdir(parents=True)
            (run.folder / policy / "config.json").write_text(name)
        ArmRounds(run, name, recipe.arms[name]).keep(msgspec.structs.replace(ended, policy=policy))
    return run


def test_an_arm_that_learnt_nothing_holds_up_no_other(run: Run) -> None:
    for _ in range(2):  # also a second try, which finds the others done
        with pytest.raises(WorkError, match=r"^arm idle: in no round was there a chain .* take arms\.idle out of the"):
            train.work(run)
        for name in ("grpo", "behind"):
            assert (run.model(name) / "config.json").read_text() == name
        assert not run.model("idle").exists()
        assert not run.model("after_idle").exists()
    trained = [row["arm"] for row in run.events.read() if row["event"] == "arm trained"]
    assert trained == ["grpo", "behind"]


class Clock:
    """A time that goes on when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        for module in (rounds, spent):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))

    def take(self, seconds: float) -> None:
        self.now += seconds


class Hosts:
    """Attempts that take 10 s."""

    busy_s = 0.0

    def __init__(self, clock: Clock, error: BaseException | None = None) -> None:
        self.clock, self.error = clock, error

    def begin(self, each: Any) -> None: ...

    def finish(self, each: Any) -> None:
        self.clock.take(10.0)
        if self.error is not None:
            raise self.error


class Learning(Round):
    """A first round whose attempts are there."""

    def __init__(self, arm: ArmRounds, records: Any) -> None:
        self.rounds, self.run, self.arm, self.name, self.number, self.age = arm, arm.run, arm.arm, arm.name, 0, 0
        self.groups = "groups"
        self._records = ()

    def coming(self) -> list[Round]:
        return []

    def refuse_others(self) -> None: ...

    def record(self) -> RoundRecord:
        return RoundRecord(number=0, outcomes={}, tokens=100)

    def can_learn(self) -> bool:
        return True

    def request(self, training: Any, probe: Any) -> Any:
        return SimpleNamespace(name=self.name)


@pytest.fixture
def fresh(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Clock, dict[str, Any]]:
    """A run of which no round has ended: for `idle`, a DPO arm, 3 s are scored and 6 s are trained, for `grpo` 1 s."""
    clock = Clock(monkeypatch)
    scored = {"idle": 3.0}

    def shares(run: Run, arm: Any, *_: Any) -> list[Any]:
        clock.take(scored["idle"])
        return []

    def trained(run: Run, requests: Any, found: spent.Spent, ended: Any) -> None:
        clock.take(4.0)  # the ranks start
        for request in requests:
            with found.own(request.name):
                clock.take({"idle": 6.0, "grpo": 1.0}[request.name])
            ended(request, {"steps": 2, "trained_seconds": 0.5})

    monkeypatch.setattr(rounds, "Round", Learning)
    monkeypatch.setattr(rounds, "_build_groups", lambda run, each: clock.take(2.0))
    monkeypatch.setattr(rounds, "start_shares", shares)
    monkeypatch.setattr(rounds, "await_ranks", lambda run, ranks: None)
    monkeypatch.setattr("cluster.jobs.session.results", lambda made: made)
    monkeypatch.setattr(rounds, "train_watched", trained)
    monkeypatch.setattr(rounds, "_standing", lambda run, arms: None)
    again = replace(run, folder=tmp_path / "fresh")
    again.folder.mkdir()
    return again, clock, {name: run.recipe.arms[name] for name in ("idle", "grpo")}


@contextmanager
def attempts_by(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(rounds, "Attempts", lambda run, stands, ahead: nullcontext(hosts))
        yield


def test_each_arm_of_a_round_has_its_own_seconds_and_an_equal_part_of_the_others(
    fresh: tuple[Run, Clock, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, clock, arms = fresh
    with attempts_by(Hosts(clock), monkeypatch), monkeypatch.context() as patched:
        patched.setattr(rounds, "publish", lambda arm: None)
        rounds.train_in_rounds(run, arms, run.recipe.training, None)
    records = {name: ArmRounds(run, name, arm).records()[0] for name, arm in arms.items()}
    shared = (10.0 + 2.0 + 4.0) / 2
    assert {name: record.seconds for name, record in records.items()} == {"idle": shared + 9.0, "grpo": shared + 1.0}
    rows = {row["arm"]: row["seconds"] for row in run.events.read() if row["event"] == "round"}
    assert rows == {name: record.seconds for name, record in records.items()}


def test_the_seconds_and_tokens_of_a_round_survive_what_interrupts_it(
    fresh: tuple[Run, Clock, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, clock, arms = fresh
    with attempts_by(Hosts(clock, KeyboardInterrupt()), monkeypatch), pytest.raises(KeyboardInterrupt):
        rounds.train_in_rounds(run, arms, run.recipe.training, None)
    interrupted = {row["arm"]: row["seconds"] for row in run.events.read() if row["event"] == "arm interrupted"}
    assert interrupted == {"idle": 5.0, "grpo": 5.0}
    add = run.events.add

    def killed(kind: str, **details: Any) -> None:  # between the record of a round and its event
        if kind == "round":
            raise Killed
        add(kind, **details)

    with attempts_by(Hosts(clock), monkeypatch), monkeypatch.context() as patched:
        patched.setattr(run.events, "add", killed)
        patched.setattr(rounds, "interruption_recorded", lambda run, arms: nullcontext(spent.Spent(arms)))
        for _ in arms:
            with pytest.raises(Killed):
                rounds.train_in_rounds(run, arms, run.recipe.training, None)
    for name in arms:
        add("arm trained", arm=name, steps=2, seconds=0.0)
    found = training_figures(run)
    assert {name: one.own_tokens for name, one in found.items()} == {"idle": 100.0, "grpo": 100.0}
    alone = 10.0 + 2.0 + 4.0 + 1.0
    assert {name: one.seconds for name, one in found.items()} == {"idle": 5.0 + 8.0 + 9.0, "grpo": 5.0 + alone}


class Killed(BaseException):
    """Stands for a kill."""
