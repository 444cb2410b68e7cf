"""Stage `groups`: preference groups of every block for the student, many of them built while rollouts go on."""

import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

import msgspec

from cluster.errors import WorkError
from cluster.store.ledger import Commit
from cluster.telemetry import Units
from pipeline.run.arms import arms_on_others
from pipeline.run.folder import Run
from pipeline.run.models import model_source
from pipeline.run.workload import read_workload, train_problems
from rollout.data import layout
from rollout.data.group_rows import live_units
from rollout.data.shards import holds_rows_of, write_dataset_view
from rollout.group_units import GroupWork, build_group_unit, group_unit, needed_memory, tokenizer_fingerprint
from rollout.hosts.episode_units import EpisodeUnit, ready_blocks, units_of_blocks

_LOOK_EVERY_S = 5.0


def complete(run: Run) -> bool:
    """Whether every block's group unit is committed, and the folder opens as a data set."""
    ledger = run.ledger(layout.groups(run.student))
    state = f"{ledger.prefix}/{layout.DATASET_STATE}"
    if not run.planned or not run.store.exists(state):
        return False
    blocks = {unit.block for unit in read_workload(run).episode_units}
    done, wanted = ledger.history(), wanted_groups(run)
    if len(wanted) != len(blocks) or any(work.unit not in done for work in wanted):
        return False
    return holds_rows_of(run.store.read(state), live_units(ledger))


def work(run: Run) -> None:
    """Build the groups that are missing, then write the files that make the folder a data set."""
    stream = GroupStream(run)
    stream.start_ready()
    stream.finish()
    publish(run)


def publish(run: Run) -> None:
    """Write the files that make the folder of groups a data set, and say what it holds. Raises WorkError where there is
    no pair."""
    ledger = run.ledger(layout.groups(run.student))
    write_dataset_view(ledger, live_units(ledger))
    figures = group_figures(run)
    run.events.add("groups", **figures)
    run.console.out("  " + ", ".join(f"{figures[name]:,} {name}" for name in ("groups", "chains", "pairs")))
    for line in arms_on_others(run):
        run.console.out(f"  {line}")
    if not figures["pairs"]:
        raise WorkError(
            "no problem has both right and wrong chains, so there is nothing to prefer; raise rollout.samples or "
            "rollout.temperature, or choose problems nearer to what the teacher can do"
        )


def group_figures(run: Run) -> dict[str, int]:
    """Sums over the group units that count, from their records alone."""
    totals: Counter[str] = Counter()
    for commit in live_units(run.ledger(layout.groups(run.student))):
        totals.update({name: commit.count(name) for name in commit.meta})
    return dict(totals)


class GroupStream:
    """Starts a Ray task for each block whose episodes are all committed and whose groups are not.

    There may be many thousands of units, so the ledgers are listed once only; after that, call `ended` for each episode
    unit that ends. `built` is called with the names of group units that have been committed.
    """

    def __init__(self, run: Run, built: Callable[[Sequence[str]], None] = lambda units: None) -> None:
        self._run = run
        self._built = built
        self._tasks: list[Any] = []
        self._idle: set[str] | None = None
        """Problems in which doing nothing is right, and which therefore give no groups; None: not read yet."""
        self._looked = time.monotonic()
        units, done = read_workload(run).episode_units, run.ledger(layout.EPISODES).history()
        self._units_of = units_of_blocks(units)
        self._block = {unit.name: unit.block for unit in units}
        self._left = Counter(unit.block for unit in units if unit.name not in done)
        self._done = set(done)
        self._fingerprint = tokenizer_fingerprint(model_source(run, "base"))

    def start_ready(self) -> None:
        """Start all blocks that were complete from the beginning."""
        done = self._run.ledger(layout.groups(self._run.student)).history()
        wanted = wanted_groups(self._run)
        missing = [work for work in wanted if work.unit not in done]
        self._units = Units(str(self._run.folder), "groups", len(self._units_of), len(wanted) - len(missing))
        self._start(missing)

    def ended(self, unit: str) -> None:
        """Count an episode unit that has been committed or skipped; start its block's task after the last one."""
        if unit in self._done:
            return
        self._done.add(unit)
        block = self._block[unit]
        self._left[block] -= 1
        if not self._left[block]:
            ledger, members = self._run.ledger(layout.EPISODES), self._units_of[block]
            commits = [commit for member in members if (commit := ledger.find(member.name)) is not None]
            if len(commits) == len(members):
                self._start([_group_work(self._run, self._fingerprint, members, commits)])

    def _start(self, wanted: Iterable[GroupWork]) -> None:
        import ray

        if self._idle is None:
            self._idle = idle_problems(self._run)
        build = ray.remote(build_group_unit)
        largest = max(node["Resources"].get("memory", 0.0) for node in ray.nodes() if node["Alive"])
        for work in wanted:
            # A task that asks for more memory than any node has would wait for ever, and the estimate is high.
            options = {"num_cpus": 0.5, "memory": min(work.memory, largest), "max_retries": 3}
            self._tasks.append(build.options(**options).remote(without(work, self._idle)))

    def look(self) -> None:
        """Count the tasks that have ended, every few seconds. Raises what a task raised."""
        if self._tasks and time.monotonic() - self._looked >= _LOOK_EVERY_S:
            self._collect(timeout_s=0.0)

    def finish(self) -> None:
        """Wait for all tasks. Raises what a task raised."""
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


def idle_problems(run: Run) -> set[str]:
    """Ids of the problems in which doing nothing is right, and which therefore give no groups."""
    problems = () if run.recipe.groups.nothing_to_do else train_problems(run)
    return {problem.id for problem in problems if problem.nothing_to_do}


def without(work: GroupWork, problems: Container[str]) -> GroupWork:
    """The work without the groups of these problems."""
    return msgspec.structs.replace(work, left_out=tuple(each for each in work.problems if each in problems))


def wanted_groups(run: Run) -> list[GroupWork]:
    """The group work of every block whose episode units are all committed or skipped."""
    units, done = read_workload(run).episode_units, run.ledger(layout.EPISODES).history()
    fingerprint, members = tokenizer_fingerprint(model_source(run, "base")), units_of_blocks(units)
    blocks = [members[block] for block in ready_blocks(units, done)]
    return [_group_work(run, fingerprint, block, [done[unit.name] for unit in block]) for block in blocks]


def _group_work(run: Run, fingerprint: str, members: Sequence[EpisodeUnit], commits: Sequence[Commit]) -> GroupWork:
    """The group work of a block: of its episode units `members`, with their records `commits` in the same order.

    `fingerprint` is that of the student's tokenizer; the unit's name holds a hash of it.
    """
    thoughts = run.recipe.episodes.thoughts
    return GroupWork(
        unit=group_unit(members[0].block, run.student, commits, run.recipe.groups, fingerprint, thoughts),
        run_uri=run.store.uri,
        episode_units=tuple(unit.name for unit in members),
        problems=members[0].problem_ids,
        memory=needed_memory(sum(commit.bytes for commit in commits), len(members[0].problem_ids)),
        student=run.student,
        student_source=model_source(run, "base"),
        groups=run.recipe.groups,
        thoughts=thoughts,
    )
