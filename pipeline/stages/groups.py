"""Stage `groups`: preference groups of every block for the student, streamed while rollouts go on."""

from pathlib import Path
from typing import Any

from cluster.errors import WorkError
from cluster.ledger import Commit, Ledger
from pipeline.hosts import model_source
from pipeline.run_folder import Run
from pipeline.workload import read_workload
from rollout.config import GroupsConfig
from rollout.group_units import GroupWork, build_group_unit, group_prefix, group_unit, tokenizer_fingerprint
from rollout.shards import write_dataset_view
from rollout.units import ready_blocks

EPISODES = "episodes"


def complete(run: Run) -> bool:
    """Whether every block's group unit is committed, and the folder opens as a data set."""
    if not run.store.exists("plan.json"):
        return False
    wanted = _wanted(run)
    blocks = {unit.block for unit in read_workload(run).episode_units}
    done = Ledger(run.store, group_prefix(run.student)).history()
    view = run.store.exists(f"{group_prefix(run.student)}/state.json")
    return view and len(wanted) == len(blocks) and all(work.unit in done for work in wanted.values())


def work(run: Run) -> None:
    """Build what is missing, then the data set's view of all shards."""
    stream = GroupStream(run)
    stream.start_ready()
    stream.finish()
    write_dataset_view(run.store, group_prefix(run.student))
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
    for commit in Ledger(run.store, group_prefix(run.student)).history().values():
        for name, figure in commit.meta.items():
            totals[name] = totals.get(name, 0) + int(figure)
    return totals


class GroupStream:
    """Starts a Ray task for each block whose episodes are all committed and whose groups are not."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._started: set[str] = set()
        self._tasks: list[Any] = []

    def start_ready(self) -> None:
        import ray

        wanted = _wanted(self._run)
        done = Ledger(self._run.store, group_prefix(self._run.student)).history()
        build = ray.remote(build_group_unit)
        for group_work in wanted.values():
            if group_work.unit not in done and group_work.unit not in self._started:
                self._started.add(group_work.unit)
                self._tasks.append(build.options(num_cpus=0.5, max_retries=3).remote(group_work))

    def finish(self) -> list[Commit]:
        """Wait for all that was started. Raises what a task raised."""
        from cluster.session import results

        tasks, self._tasks = self._tasks, []
        return results(tasks)


def _wanted(run: Run) -> dict[int, GroupWork]:
    """Block -> its group unit, for every block whose episode units are all committed or waived."""
    units = read_workload(run).episode_units
    done = Ledger(run.store, EPISODES).history()
    config: GroupsConfig = run.recipe.groups
    student_dir = model_source(run, "base")
    fingerprint = tokenizer_fingerprint(Path(student_dir))
    members: dict[int, list[str]] = {}
    for unit in units:
        members.setdefault(unit.block, []).append(unit.name)
    return {
        block: GroupWork(
            unit=group_unit(block, run.student, [done[name] for name in members[block]], config, fingerprint),
            run_uri=run.store.uri,
            episodes=tuple(members[block]),
            student=run.student,
            student_dir=student_dir,
            groups=config.model_dump_json().encode(),
        )
        for block in ready_blocks(units, done)
    }
