"""When the student's hosts start and end in rounds, and who makes which attempts when. A pool of no processes stands in
for hosts: what is looked at is the order of things."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from cluster.errors import WorkError
from pipeline.decisions.standing import Standing
from pipeline.stages.arms import attempts
from pipeline.stages.arms.attempts import Attempts

BESIDE, TURNS = Standing(True, "room"), Standing(False, "none")


class Coming:
    """A round whose attempts are one work."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.number, self.title, self.policy = name, number, f"{name}.{number}", f"policy of {name}.{number}"
        self.made = False

    def missing(self) -> list[str]:
        return [] if self.made else [self.title]

    def episode_works(self, model: str, problems: Any) -> list[Any]:
        return [SimpleNamespace(model=model, size=1, round=self)]


class Setting:
    """A run whose pools write down what happens to them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        self.run: Any = SimpleNamespace(console=Console(quiet=True), folder=Path())
        self.gate = threading.Event()
        self.gate.set()
        self.held: set[str] | None = None
        """Titles of the rounds that wait for the gate; None for all."""
        self.fault: Exception | None = None
        monkeypatch.setattr(attempts, "open_pool", self._open)
        monkeypatch.setattr(attempts, "proven", lambda run, kind, model: model)
        monkeypatch.setattr(attempts, "served_from", lambda run, title, source: f"{title} by {source}")
        monkeypatch.setattr(attempts, "train_problems", lambda run: [])
        monkeypatch.setattr(attempts, "Watch", self._watch)

    @contextmanager
    def _open(self, run: Any, kind: str, model: str) -> Iterator[Any]:
        self.log.append(f"start {kind}")
        try:
            yield SimpleNamespace(run=self._pool_run, busy_s=2.0)
        except WorkError as error:
            raise WorkError(f"{error}; see the logs") from error
        except KeyboardInterrupt:
            self.log.append("interrupted")
            raise
        finally:
            self.log.append("end")

    def _pool_run(self, works: Sequence[Any], tick: Callable[[], None]) -> Iterator[str]:
        for work in works:
            while (self.held is None or work.round.title in self.held) and not self.gate.wait(0.01):
                tick()
            if self.fault is not None:
                raise self.fault
            work.round.made = True
            self.log.append(work.round.title)
            yield work.round.title

    @contextmanager
    def _watch(self, *_: object) -> Iterator[Any]:
        yield SimpleNamespace(tick=lambda: None, chunk_result=lambda result: None)


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Setting:
    return Setting(monkeypatch)


def rounds(*numbers: int) -> list[Any]:
    return [Coming("a", number) for number in numbers]


def test_hosts_that_take_turns_start_for_each_round_and_make_nothing_ahead(setting: Setting) -> None:
    first, second, third = rounds(0, 1, 2)
    with Attempts(setting.run, TURNS, ahead=True) as made:
        made.begin([first, second])
        made.finish([first])
        assert setting.log == ["start student", "a.0", "end"]
        assert made.busy_s == 2.0
        made.finish([second])
        third.made = True  # by an earlier session
        made.finish([third])
    assert setting.log == ["start student", "a.0", "end", "start student", "a.1", "end"]
    assert made.busy_s == 4.0


def test_hosts_beside_the_ranks_start_once_and_end_with_the_rounds(setting: Setting) -> None:
    first, second = rounds(0, 1)
    with Attempts(setting.run, BESIDE, ahead=False) as made:
        assert made.busy_s == 0.0
        made.begin([first, second])
        assert setting.log == [], "nothing is made ahead"
        made.finish([first])
        made.finish([second])
        assert setting.log == ["start student", "a.0", "a.1"]
        assert made.busy_s == 2.0, "of one pool, once"
    assert setting.log[-1] == "end"
    assert made.busy_s == 2.0


def test_coming_rounds_are_made_while_the_first_is_learnt_from(setting: Setting) -> None:
    every = rounds(0, 1, 2)
    with Attempts(setting.run, BESIDE, ahead=True) as made:
        made.begin(every[:2])
        made.finish(every[:1])
        until = time.monotonic() + 30
        while not every[1].made and time.monotonic() < until:
            time.sleep(0.01)
        assert setting.log == ["start student", "a.0", "a.1"], "without anyone who waits for it"
        made.begin([Coming("a", 1), every[2]])
        made.finish([Coming("a", 1)])
        made.finish([every[2]])
    assert setting.log == ["start student", "a.0", "a.1", "a.2", "end"], "each round once"


@pytest.mark.timeout(60)
def test_an_update_waits_for_no_attempts_of_a_later_round(setting: Setting) -> None:
    """It hangs where it does."""
    every, others = rounds(0, 1, 2), [Coming("b", number) for number in (0, 1)]
    setting.gate.clear()
    setting.held = {"a.1", "b.1", "a.2"}
    with Attempts(setting.run, BESIDE, ahead=True) as made:
        made.begin([every[0], others[0], *every[1:], others[1]])  # type: ignore[list-item]
        made.finish([every[0], others[0]])  # type: ignore[list-item]
        assert setting.log == ["start student", "a.0", "b.0"]
        setting.gate.set()
        made.finish([every[1], others[1]])  # type: ignore[list-item]
        made.finish(every[2:])
    assert setting.log[3:] == ["a.1", "b.1", "a.2", "end"], "arms of one number together"


def await_start(setting: Setting) -> None:
    until = time.monotonic() + 30
    while not setting.log and time.monotonic() < until:
        time.sleep(0.01)


@pytest.mark.parametrize("ahead", [False, True])
def test_what_fails_is_raised_where_it_is_waited_for_and_hosts_end(setting: Setting, ahead: bool) -> None:
    setting.fault = WorkError("no host is left")

    def go() -> None:
        with Attempts(setting.run, BESIDE, ahead=ahead) as made:
            made.begin(rounds(0))
            made.begin(rounds(1))
            made.finish([Coming("b", 0)])  # type: ignore[list-item]  # behind what failed

    with pytest.raises(WorkError, match=r"^no host is left; see the logs$"):
        go()
    assert setting.log == ["start student", "end"]


def test_an_interrupted_command_does_not_wait_for_the_attempts(setting: Setting) -> None:
    setting.gate.clear()

    def go() -> None:
        with Attempts(setting.run, BESIDE, ahead=True) as made:
            made.begin(rounds(0, 1))
            await_start(setting)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go()
    assert setting.log == ["start student", "interrupted", "end"]


@pytest.mark.parametrize(
    ("error", "ahead", "then"),
    [
        (KeyboardInterrupt, False, ["interrupted", "end"]),  # it is not waited for what hosts have
        (WorkError, False, ["end"]),
        (WorkError, True, ["end"]),
    ],
)
def test_a_training_that_ends_badly_ends_the_hosts_and_says_what_it_said(
    setting: Setting, error: type[BaseException], ahead: bool, then: list[str]
) -> None:
    def go() -> None:
        with Attempts(setting.run, BESIDE, ahead=ahead) as made:
            made.finish(rounds(0))
            raise error("the training failed")

    with pytest.raises(error, match=r"^the training failed$"):
        go()
    assert setting.log == ["start student", "a.0", *then]
