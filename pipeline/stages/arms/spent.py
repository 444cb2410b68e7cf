"""Whose seconds it takes to train several arms: what is done for one arm is its own, the rest is shared."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pipeline.run.folder import Run


class Spent:
    """The seconds of arms since it was made: those of its own, and an equal part of what nobody has of their own, as of
    the start of hosts and ranks. All together they are the time that has passed."""

    def __init__(self, arms: Sequence[str]) -> None:
        self._seconds = dict.fromkeys(arms, 0.0)
        self._going = list(arms)
        self._owners: Sequence[str] = ()
        self._looked = time.monotonic()

    @contextmanager
    def own(self, *arms: str) -> Iterator[None]:
        """What the block takes is these arms' own, in equal parts."""
        self._charge()
        before, self._owners = self._owners, arms
        try:
            yield
        finally:
            self._charge()
            self._owners = before

    def seconds(self, arm: str) -> float:
        """An arm's until now, or until it ended."""
        self._charge()
        return round(self._seconds[arm], 3)

    def end(self, arm: str) -> None:
        """From now on the arm shares nothing."""
        self._charge()
        self._going.remove(arm)

    @property
    def going(self) -> tuple[str, ...]:
        """The arms that have not ended."""
        return tuple(self._going)

    def _charge(self) -> None:
        now = time.monotonic()
        charged = self._owners or self._going
        for arm in charged:
            self._seconds[arm] += (now - self._looked) / len(charged)
        self._looked = now


@contextmanager
def interruption_recorded(run: Run, arms: Sequence[str]) -> Iterator[Spent]:
    """Count the seconds of these arms in the block; what leaves it by an error is recorded for those that have not
    ended: an arm's cost is that of all its sessions. One whose model is there has ended, too."""
    spent = Spent(arms)
    try:
        yield spent
    except BaseException:
        for arm in spent.going:
            if not run.model(arm).is_dir():
                run.events.add("arm interrupted", arm=arm, seconds=spent.seconds(arm))
        raise
