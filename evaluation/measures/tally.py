"""A run's scores, counted as they go by: what sweeps and differences of runs need. Light."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from rollout.records import Outcome, Score

Cell = tuple[str, str]
"""(model, suite)."""


@dataclass(slots=True)
class _Count:
    right: float = 0.0
    attempts: int = 0


class Tally:
    """Right and counted attempts by model, suite and problem, and error codes. What has no label does not count."""

    def __init__(self, scores: Iterable[Score] = ()) -> None:
        self._counts: dict[Cell, dict[tuple[str, bool], _Count]] = defaultdict(lambda: defaultdict(_Count))
        self._errors: dict[Cell, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        for score in scores:
            episode, cell = score.episode, (score.model, score.suite)
            if episode.outcome.labelled:
                self.add(cell, episode.problem_id, score.greedy, float(episode.outcome is Outcome.RIGHT))
                if episode.error is not None:
                    self._errors[cell][episode.problem_id][str(episode.error)] += 1

    def add(self, cell: Cell, problem: str, greedy: bool, right: float) -> None:
        """Count an attempt at a problem: 1 is right, 0 wrong. A share stands for several attempts as one."""
        found = self._counts[cell][problem, greedy]
        found.right += right
        found.attempts += 1

    @property
    def cells(self) -> set[Cell]:
        """Every (model, suite) with a counted attempt."""
        return set(self._counts)

    def rates(self, model: str, suite: str, greedy: bool) -> dict[str, float]:
        """Problem -> share of right attempts."""
        found = self._counts.get((model, suite), {})
        return {problem: n.right / n.attempts for (problem, kind), n in found.items() if kind is greedy}

    def problems(self, model: str, suite: str) -> set[str]:
        """The problems with a counted attempt."""
        return {problem for problem, _ in self._counts.get((model, suite), {})}

    def errors(self, model: str, suite: str, problems: Collection[str] | None = None) -> tuple[Counter[str], int]:
        """Error code -> how many attempts at these problems (None: all) ended in it; and how many were counted."""
        counts, codes = self._counts.get((model, suite), {}), Counter[str]()
        for problem, found in self._errors.get((model, suite), {}).items():
            if problems is None or problem in problems:
                codes += found
        return codes, sum(n.attempts for (problem, _), n in counts.items() if problems is None or problem in problems)
