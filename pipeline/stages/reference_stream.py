"""Reference log-probabilities of finished blocks while rollouts go on, on what the teacher's hosts leave free."""

import time
from collections.abc import Sequence
from typing import Any

from pipeline.run.folder import Run
from pipeline.stages.reference import start_shares, waiting_arms

_BLOCKS_A_ROUND = 8
"""Fewer are not worth loading the model for."""
_END_S = 30.0
_ASK_EVERY_S = 5.0
"""How often a full cluster is asked for room."""


class ReferenceStream:
    """Scores in rounds: as many tasks as there is room for, up to the number of ranks, on the blocks that were grouped
    since the last one. What it does not come to is left to stage `reference`, so that it never holds anything up."""

    def __init__(self, run: Run) -> None:
        training = run.recipe.training
        wanted = training.score_meanwhile
        if wanted is None:
            wanted = training.gpus_per_rank > 0  # processors are the engines'
        self._run = run
        self._arms = waiting_arms(run) if wanted else []
        self._grouped: list[str] = []
        self._tasks: list[Any] = []
        self._scored = 0
        self._not_before = 0.0

    def grouped(self, units: Sequence[str]) -> None:
        """These group units have been committed."""
        if self._arms:
            self._grouped += units

    def look(self, hosts_wait: bool) -> None:
        """Start a round, if the last one has ended and there is work and room. `hosts_wait`: a host of the teacher has
        no place yet, and is to have what is free."""
        import ray

        if self._tasks:
            ended, self._tasks = ray.wait(self._tasks, num_returns=len(self._tasks), timeout=0)
            self._count(ended)
        waiting = time.monotonic() < self._not_before
        if self._tasks or hosts_wait or waiting or len(self._grouped) < _BLOCKS_A_ROUND:
            return
        tasks = min(self._room() // len(self._arms), self._run.recipe.training.ranks)
        if not tasks:
            self._not_before = time.monotonic() + _ASK_EVERY_S
            return
        units, self._grouped = self._grouped, []
        self._tasks = [task for arm in self._arms for task in start_shares(self._run, arm, tasks, units)]

    def finish(self) -> None:
        """Stop what is under way: the next stage goes on from what it committed, with all ranks. What is said counts
        the tasks that had ended."""
        import ray

        for task in self._tasks:
            ray.cancel(task)
        if self._tasks:
            self._count(ray.wait(self._tasks, num_returns=len(self._tasks), timeout=_END_S)[0])
        if self._scored:
            self._run.console.print(f"  {self._scored:,} chains scored meanwhile", highlight=False)
            self._run.events.add("reference meanwhile", scored=self._scored)

    def _room(self) -> int:
        """Tasks that could start at once."""
        from cluster.pool.reservation import free_bundles

        training = self._run.recipe.training
        return free_bundles(training.bundle, len(self._arms) * training.ranks)

    def _count(self, ended: Sequence[Any]) -> None:
        import ray
        from ray.exceptions import RayError

        for task in ended:
            try:
                self._scored += ray.get(task)
            except RayError:
                continue  # stopped, or its node was lost: the stage does it again, and says what is wrong then
