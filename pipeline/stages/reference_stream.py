"""Computes reference log-probabilities during rollouts, on what the teacher's hosts leave free."""

import time
from collections.abc import Sequence
from typing import Any

from pipeline.run.folder import Run
from pipeline.stages.reference import start_shares, waiting_uses

_BLOCKS_A_ROUND = 8
"""Loading the model is not worth it for fewer blocks."""
_CANCEL_S = 30.0
_ASK_EVERY_S = 5.0
"""How often a full cluster is asked for free resources."""


class ReferenceStream:
    """Scores in rounds. A round takes the blocks that were grouped since the last one, with as many tasks as there are
    free resources for, up to the number of ranks. Stage `reference` scores the rest, so no rollout waits for this."""

    def __init__(self, run: Run) -> None:
        training = run.recipe.training
        wanted = training.score_meanwhile
        if wanted is None:
            wanted = training.gpus_per_rank > 0  # the engines need the CPUs
        self._run = run
        # An arm that has begun has all its chains scored.
        self._arms = [arm for arm, units in waiting_uses(run) if not units] if wanted else []
        self._grouped: list[str] = []
        self._tasks: list[Any] = []
        self._scored = 0
        self._not_before = 0.0

    def grouped(self, units: Sequence[str]) -> None:
        """Note that these group units have been committed."""
        if self._arms:
            self._grouped += units

    def look(self, hosts_wait: bool) -> None:
        """Start a round if the last one has ended, enough blocks are there and resources are free. `hosts_wait`: a host
        of the teacher waits for resources, so it gets what is free."""
        import ray

        from cluster.pool.reservation import free_bundles

        if self._tasks:
            ended, self._tasks = ray.wait(self._tasks, num_returns=len(self._tasks), timeout=0)
            self._count(ended)
        waiting = time.monotonic() < self._not_before
        if self._tasks or hosts_wait or waiting or len(self._grouped) < _BLOCKS_A_ROUND:
            return
        training = self._run.recipe.training
        tasks = min(free_bundles(training.bundle, len(self._arms) * training.ranks) // len(self._arms), training.ranks)
        if not tasks:
            self._not_before = time.monotonic() + _ASK_EVERY_S
            return
        units, self._grouped = self._grouped, []
        self._tasks = [task for arm in self._arms for task in start_shares(self._run, arm, tasks, units)]

    def finish(self) -> None:
        """Cancel the tasks that still run: stage `reference` goes on from what they committed, with all ranks. The
        number that is printed counts the tasks that had ended."""
        import ray

        for task in self._tasks:
            ray.cancel(task)
        if self._tasks:
            self._count(ray.wait(self._tasks, num_returns=len(self._tasks), timeout=_CANCEL_S)[0])
        if self._scored:
            self._run.console.out(f"  {self._scored:,} chains scored meanwhile")
            self._run.events.add("reference meanwhile", scored=self._scored)

    def _count(self, ended: Sequence[Any]) -> None:
        import ray
        from ray.exceptions import RayError

        for task in ended:
            try:
                self._scored += ray.get(task)
            except RayError:
                continue  # cancelled, or its node was lost: stage `reference` does it again and reports errors
