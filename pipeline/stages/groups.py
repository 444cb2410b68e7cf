"""Stage `groups`: preference groups of every block for the student, streamed while rollouts go on."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cluster.errors import WorkError
from cluster.store.ledger import Commit
from cluster.telemetry import Units
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from pipeline.run.workload import read_workload
from rollout.data import layout
from rollout.data.shards import write_dataset_view
from rollout.group_units import GroupWork, build_group_unit, group_unit, needed_memory, tokenizer_fingerprint
from rollout.hosts.episode_units import EpisodeUnit, ready_blocks, units_of_blocks

_LOOK_EVERY_S = 5.0


def complete(run: Run) -> bool:
    """Whether every block's group unit is committed, and the folder opens as a data set."""
    if not run.store.exists(layout.PLAN):
        return False
    wanted = _wanted(run)
    blocks = {unit.block for unit in read_workload(run).episode_units}
    done = run.ledger(layout.groups(run.student)).history()
    view = run.store.exists(f"{layout.groups(run.student)}/{layout.DATASET_STATE}")
    return view and len(wanted) == len(blocks) and all(work.unit in done for work in wanted.values())


def work(run: Run) -> None:
    """Build what is missing, then the data set's view of all shards."""
    stream = GroupStream(run)
    stream.start_ready()
    stream.finish()
    write_dataset_view(run.ledger(layout.groups(run.student)))
    figures = group_figures(run)
    run.events.add("groups", **figures)
    run.console.print("  " + ", ".join(f"{figures[name]:,} {name}" for name in ("groups", "chains", "pairs")))
    if not figures["pairs"]:
        raise WorkError(
            "no problem has both right and wrong chains, so there is nothing to prefer; raise rollout.samples or "
            "rollout.temperature, or choose problems nearer to what the teacher can do"
        )


def group_figures(run: Run) -> dict[str, int]:
    """Sums over the committed group units, from their records alone."""
    totals: dict[str, int] = {}
    for commit in run.ledger(layout.groups(run.student)).history().values():
        for name, figure in commit.meta.items():
            totals[name] = totals.get(name, 0) + int(figure)
    return totals


class GroupStream:
    """Starts a Ray task for each block whose episodes are all committed and whose groups are not.

    The ledgers are listed once; after that it goes by what it is told, because there may be many thousands of units.
    `built` hears of the group units that it has made.
    """

    def __init__(self, run: Run, built: Callable[[Sequence[str]], None] = lambda units: None) -> None:
        self._run = run
        self._built = built
        self._tasks: list[Any] = []
        self._looked = time.monotonic()
        units = read_workload(run).episode_units
        done = run.ledger(layout.EPISODES).history()
        self._units_of = units_of_blocks(units)
        self._block = {unit.name: unit.block for unit in units}
        self._left = Counter(unit.block for unit in units if unit.name not in done)
        self._done = set(done)
        self._work = _WorkMaker(run)

    def start_ready(self) -> None:
        """Start all blocks that were complete from the beginning."""
        done = self._run.ledger(layout.groups(self._run.student)).history()
        wanted = _wanted(self._run).values()
        missing = [work for work in wanted if work.unit not in done]
        self._units = Units(str(self._run.folder), "groups", len(self._units_of), len(wanted) - len(missing))
        self._start(missing)

    def ended(self, unit: str) -> None:
        """An episode unit has been committed or skipped."""
        if unit in self._done:
            return
        self._done.add(unit)
        block = self._block[unit]
        self._left[block] -= 1
        if not self._left[block]:
            ledger, members = self._run.ledger(layout.EPISODES), self._units_of[block]
            commits = [commit for member in members if (commit := ledger.find(member.name)) is not None]
            if len(commits) == len(members):
                self._start([self._work.of(members, commits)])

    def _start(self, wanted: Iterable[GroupWork]) -> None:
        import ray

        build = ray.remote(build_group_unit)
        largest = max(node["Resources"].get("memory", 0.0) for node in ray.nodes() if node["Alive"])
        for work in wanted:
            # No more than a node has: such a task would wait for ever, and the estimate is on the safe side.
            options = {"num_cpus": 0.5, "memory": min(work.memory, largest), "max_retries": 3}
            self._tasks.append(build.options(**options).remote(work))

    def look(self) -> None:
        """Every few seconds, count what has ended. Raises what a task raised."""
        if self._tasks and time.monotonic() - self._looked >= _LOOK_EVERY_S:
            self._collect(timeout_s=0.0)

    def finish(self) -> None:
        """Wait for all that was started. Raises what a task raised."""
        while self._tasks:
            self._collect(timeout_s=_LOOK_EVERY_S)

    def _collect(self, timeout_s: float) -> None:
        import ray

        from cluster.jobs.session import results

        ended, self._tasks = ray.wait(self._tasks, num_returns=len(self._tasks), timeout=timeout_s)
        self._looked = time.monotonic()
        units = [commit.unit for commit in results(ended)]
        self._units.ended(len(units))
        self._built(units)


def _wanted(run: Run) -> dict[int, GroupWork]:
    """Block -> its group unit, for every block whose episode units are all committed or skipped."""
    units = read_workload(run).episode_units
    done = run.ledger(layout.EPISODES).history()
    maker, members = _WorkMaker(run), units_of_blocks(units)
    return {
        block: maker.of(members[block], [done[unit.name] for unit in members[block]])
        for block in ready_blocks(units, done)
    }


class _WorkMaker:
    """Makes a block's group work. The student's tokenizer, whose hash is in the name of each, is read once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._source = model_source(run, "base")
        self._fingerprint = tokenizer_fingerprint(self._source)

    def of(self, members: Sequence[EpisodeUnit], commits: Sequence[Commit]) -> GroupWork:
        """`commits`: of the block's units, in their order."""
        run, config = self._run, self._run.recipe.groups
        return GroupWork(
            unit=group_unit(members[0].block, run.student, commits, config, self._fingerprint),
            run_uri=run.store.uri,
            episode_units=tuple(unit.name for unit in members),
            problems=members[0].problem_ids,
            memory=needed_memory(sum(commit.bytes for commit in commits), len(members[0].problem_ids)),
            student=run.student,
            student_source=self._source,
            groups=config,
        )
