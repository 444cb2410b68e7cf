"""Which problems have enough right and wrong episodes, and are sampled no more. Pure.

A quota saves time on problems that are neither hard nor easy. It also biases the data, because the number of attempts
at such a problem depends on their outcomes. So every unit records which problems it left out, and the report counts
them.
"""

from collections.abc import Mapping

import msgspec

from rollout.config import QuotaConfig
from rollout.hosts.work import EpisodeWork, add_tally


class Quota:
    """Counts the right and wrong episodes of each problem so far."""

    def __init__(self, config: QuotaConfig) -> None:
        self._config = config
        self._counts: dict[str, tuple[int, int]] = {}

    def add(self, tally: Mapping[str, tuple[int, int]]) -> None:
        """Count a unit's episodes: problem -> right and wrong ones."""
        add_tally(self._counts, tally)

    def filled(self, problem: str) -> bool:
        right, wrong = self._counts.get(problem, (0, 0))
        return right >= self._config.right and wrong >= self._config.wrong

    def trim(self, work: EpisodeWork) -> EpisodeWork:
        """The work without the problems that have enough, which are then named in its `skipped`."""
        left = tuple(problem for problem in work.problems if not self.filled(problem.id))
        skipped = tuple(problem.id for problem in work.problems if self.filled(problem.id))
        return msgspec.structs.replace(work, problems=left, skipped=(*work.skipped, *skipped)) if skipped else work

    @property
    def reason(self) -> str:
        """The reason that a skipped unit's record gives."""
        return f"quota: at least {self._config.right} right and {self._config.wrong} wrong episodes of every problem"
