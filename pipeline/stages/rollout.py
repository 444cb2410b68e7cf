"""Stage `rollout`: the teacher's episodes, unit by unit.

Groups of finished blocks are built meanwhile, and their chains scored. At the end the many shards are joined to few.
"""

from collections.abc import Callable, Mapping

from cluster.telemetry import Units
from pipeline.run.folder import Run
from pipeline.run.progress import progress_bar
from pipeline.run.toolboxes import uncontained
from pipeline.run.workload import read_workload, train_problems
from pipeline.stages.groups import GroupStream
from pipeline.stages.hosts import open_pool
from pipeline.stages.probes import proven_models
from pipeline.stages.reference_stream import ReferenceStream
from pipeline.stages.watch import Watch
from rollout.data import layout
from rollout.data.compaction import TARGET_BYTES, compact, plan
from rollout.hosts.episode_units import EpisodeUnit, block_name
from rollout.hosts.quota import Quota
from rollout.hosts.work import EpisodeWork, ServedModel, committed_tally, skip_meta
from rollout.records import Problem


def complete(run: Run) -> bool:
    """Whether every planned unit is committed or skipped, and the shards have been compacted."""
    if not run.planned or missing_units(run):
        return False
    ledger = run.ledger(layout.EPISODES)
    return bool(ledger.compactions()) or not plan(ledger.commits(), TARGET_BYTES, set())  # or nothing can be joined


def missing_units(run: Run) -> list[EpisodeUnit]:
    """Planned units without a commit, in the plan's order."""
    done = run.ledger(layout.EPISODES).history()
    return [unit for unit in read_workload(run).episode_units if unit.name not in done]


def work(run: Run) -> None:
    """Run the missing units on the teacher's hosts, and build groups as blocks become complete."""
    missing = missing_units(run)
    if missing:
        _roll_out(run, missing)
    compact(run.ledger(layout.EPISODES))


def _roll_out(run: Run, missing: list[EpisodeUnit]) -> None:
    from cluster.pool.pool import HostState

    problems = {problem.id: problem for problem in train_problems(run)}
    (model,) = proven_models(run, "teacher", ["teacher"]).values()
    units = [episode_work(run, unit, model, problems) for unit in missing]
    episodes = sum(unit.episodes for unit in missing)
    planned = len(read_workload(run).episode_units)
    done = Units(str(run.folder), "rollout", planned, planned - len(missing))
    references = ReferenceStream(run)
    groups = GroupStream(run, references.grouped)

    def ended(unit: str) -> None:
        done.ended()
        groups.ended(unit)

    skips = QuotaSkips(run, ended)
    for note in uncontained(run.recipe):
        run.console.out(f"  {note}")
    with (
        open_pool(run, "teacher", model) as pool,
        progress_bar(run.console, "episodes", episodes) as bar,
        Watch(run, "rollout", pool, bar) as watch,
    ):
        groups.start_ready()
        for chunk_result in pool.run(units, watch.tick, skips.revise):
            skips.count(chunk_result.unit, chunk_result.tally)
            watch.chunk_result(chunk_result)
            ended(chunk_result.unit)
            groups.look()
            references.look(hosts_wait=HostState.WAITING in pool.states().values())
    references.finish()
    groups.finish()


def episode_work(run: Run, unit: EpisodeUnit, model: ServedModel, problems: Mapping[str, Problem]) -> EpisodeWork:
    """A planned unit as hosts take it; `problems` by id."""
    return EpisodeWork(
        unit=unit.name,
        prefix=layout.EPISODES,
        model=model,
        problems=tuple(problems[name] for name in unit.problem_ids),
        samples=tuple(range(unit.sample_start, unit.sample_stop)),
        temperature=run.recipe.rollout.temperature,
        top_p=run.recipe.rollout.top_p,
        affinity=block_name(unit.block),
    )


class QuotaSkips:
    """Drops from units the problems that have enough committed chains for `rollout.quota`.

    When nothing of a unit is left, a skip of it is committed and `ended` is called with its name. Without a quota
    nothing is dropped.
    """

    def __init__(self, run: Run, ended: Callable[[str], None]) -> None:
        self._ended = ended
        self._ledger = run.ledger(layout.EPISODES)
        config = run.recipe.rollout.quota
        self._quota = Quota(config) if config is not None else None
        self._counted: set[str] = set()
        if self._quota is not None:
            for unit, commit in self._ledger.history().items():
                self.count(unit, committed_tally(commit))

    def count(self, unit: str, found: Mapping[str, tuple[int, int]]) -> None:
        """Count the right and wrong episodes of a unit's commit: problem -> (right, wrong). Each unit counts once."""
        if self._quota is not None and unit not in self._counted:
            self._counted.add(unit)
            self._quota.add(found)

    def revise(self, unit: EpisodeWork) -> EpisodeWork | None:
        """The unit without the problems that have enough chains. None when no problem is left: it is skipped then."""
        if self._quota is None:
            return unit
        trimmed = self._quota.trim(unit)
        if trimmed.problems:
            return trimmed
        commit, _ = self._ledger.skip(unit.unit, self._quota.reason, skip_meta(trimmed))
        self.count(unit.unit, committed_tally(commit))  # an attempt that was given up may have committed it
        self._ended(unit.unit)
        return None
