"""A run's episodes by problem, and some of its preference groups with the text of their chains, to look at."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, NoReturn

from cluster.errors import CorruptionError
from evaluation.report.chains import Chains, group_chains
from pipeline.run.folder import Run
from pipeline.run.workload import read_workload, train_problems
from rollout.data import layout
from rollout.data.group_rows import live_units
from rollout.data.unit_rows import UnitRows
from rollout.hosts.episode_units import units_of_blocks
from rollout.records import Episode, PreferenceGroup, Problem


class _Of(dict[Any, Any]):
    """A dictionary that has what a run's own files name. Raises CorruptionError for what is not there."""

    def __missing__(self, key: object) -> NoReturn:
        raise CorruptionError(
            f"{key!r} is named by a preference group and is in no plan and no episode; restore the run"
        )


class Rollouts:
    """The committed episodes of a run by problem. One block of problems is in memory at a time."""

    def __init__(self, run: Run) -> None:
        self._rows = UnitRows(Episode, run.ledger(layout.EPISODES))
        self._units = units_of_blocks(read_workload(run).episode_units)
        self.block_of: dict[str, int] = _Of(
            (name, block) for block, units in self._units.items() for name in units[0].problem_ids
        )
        """Problem -> its block, in the plan's order."""
        self._block = -1
        self._episodes: dict[str, dict[int, Episode]] = {}

    def of(self, problem_id: str) -> Mapping[int, Episode]:
        """Sample -> episode; empty where none is committed."""
        if self._block != self.block_of[problem_id]:
            self._block = self.block_of[problem_id]
            self._episodes = {}
            for unit in self._units[self._block]:
                for episode in self._rows.read(unit.name) if unit.name in self._rows else ():
                    self._episodes.setdefault(episode.problem_id, _Of())[episode.sample] = episode
        return self._episodes.get(problem_id, _Of())


def problems_of_groups(run: Run) -> dict[str, Problem]:
    """The train problems by id. Raises CorruptionError for one that is not there."""
    return _Of((problem.id, problem) for problem in train_problems(run))


def some_groups(run: Run, count: int) -> list[Chains]:
    """At most `count` groups that hold pairs, from all over the run; always the same ones."""
    ledger = run.ledger(layout.groups(run.student))
    rows = UnitRows(PreferenceGroup, ledger)
    units = [commit.unit for commit in live_units(ledger)]
    chosen = sorted({units[at * len(units) // count] for at in range(count)}) if units else []
    rollouts, problems = Rollouts(run), {problem.id: problem for problem in train_problems(run)}
    found: list[Chains] = []
    for at, unit in enumerate(chosen):
        wanted = -(-(count - len(found)) // (len(chosen) - at))
        for group in islice((one for one in rows.read(unit) if one.pairs), wanted):
            found.append(group_chains(group, rollouts.of(group.problem_id), problems.get(group.problem_id)))
    return found
