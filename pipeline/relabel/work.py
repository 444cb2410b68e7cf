"""Judges all stored rows of a run again, on all cores, and builds the groups of the new run. No engine, no Ray."""

import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from rich.console import Console

from cluster.errors import RequestError, WorkError
from pipeline.recipe import GIVEN_MODELS
from pipeline.relabel.begin import begin, judges_of, new_recipe, refuse_growth
from pipeline.relabel.table import show_table
from pipeline.run.folder import Run, open_run, read_run
from pipeline.run.inventory import close
from pipeline.run.models import model_source
from pipeline.run.progress import progress_bar
from pipeline.run.suites import suite_episodes
from pipeline.run.workload import read_workload, suite_problems, train_problems
from pipeline.stages.evaluate import planned_units
from pipeline.stages.groups import group_figures, wanted_groups
from rollout.config import EpisodeConfig
from rollout.data import layout
from rollout.data.compaction import compact
from rollout.data.group_rows import live_units
from rollout.data.shards import write_dataset_view
from rollout.group_units import build_group_unit
from rollout.hosts.episode_units import in_generation
from rollout.hosts.work import EpisodeWork, ServedModel
from rollout.records import Problem, Producer
from rollout.relabel_units import RelabelWork, relabel_units

_BATCHES_PER_PROCESS = 8
"""Units go to processes in batches of neighbours, which lie in the same shard."""
_MOST_UNITS = 64
_FEW = 2000
"""Episodes."""
_CORES = len(os.sched_getaffinity(0))
_DEATH_SIGNAL = 1
"""`PR_SET_PDEATHSIG` of Linux."""

WorkT = TypeVar("WorkT")
ResultT = TypeVar("ResultT")


def relabel(folder: Path, out: Path, console: Console) -> None:
    """Judge the episodes and scores of the run in `folder` again, into a new run in `out`, and print what flipped.

    Interrupted, it goes on from the last unit. Raises RequestError for what cannot be judged again.
    """
    source = read_run(folder, console)
    if not source.planned:
        raise RequestError(f"run {folder}: has no plan yet, so there is nothing to judge again")
    refuse_growth(source, out)
    judges = judges_of(source)
    with open_run(new_recipe(source, out), out.absolute(), console, verbose=False) as run:
        begin(source, run, judges)
        with _processes(read_workload(run).episodes) as pool:
            _judge(source, run, pool)
            _build_groups(run, pool)
        close(run)
        show_table(run, console)


@contextmanager
def _processes(episodes: int) -> Iterator[ProcessPoolExecutor | None]:
    """A process for each core; None for so few episodes that to start them would take longer. Raises WorkError when
    one of them is ended from outside."""
    if episodes <= _FEW:
        yield None
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(_CORES, spawn, initializer=_end_with, initargs=(os.getpid(),))
    try:
        yield pool
    except BrokenProcessPool:
        raise WorkError("a process that judged episodes was ended; the same command goes on") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _judge(source: Run, run: Run, pool: ProcessPoolExecutor | None) -> None:
    """Commit every unit that the source has and the run has not."""
    done = {prefix: run.ledger(prefix).history() for prefix in (layout.EPISODES, layout.SCORES, layout.PARENT_SCORES)}
    missing = [work for work in _work(source, run) if work.work.unit not in done[work.work.prefix]]
    if not missing:
        return
    started, judged = time.perf_counter(), 0
    size = max(1, min(_MOST_UNITS, len(missing) // (_BATCHES_PER_PROCESS * _CORES)))
    batches = [missing[first : first + size] for first in range(0, len(missing), size)]
    with progress_bar(run.console, "episodes judged again", sum(work.work.size for work in missing)) as bar:
        for rows in _results(pool, relabel_units, batches):
            judged += rows
            bar.update(judged)
    seconds = time.perf_counter() - started
    run.events.add("relabelled", source=str(source.folder), units=len(missing), episodes=judged, seconds=seconds)
    run.console.out(f"  {judged:,} episodes in {seconds:,.1f} s, {3600 * judged / seconds:,.0f} an hour")


def _work(source: Run, run: Run) -> Iterator[RelabelWork]:
    """All units that the source has committed: its episodes, and the scores of its models.

    Scores of the source's arms go to a ledger of their own, because the new run trains arms of its own.
    """
    made, problems = source.ledger(layout.EPISODES).history(), {one.id: one for one in train_problems(source)}
    for old in read_workload(source).episode_units:
        if old.name in made:
            new = in_generation(old, run.id)
            samples = tuple(range(new.sample_start, new.sample_stop))
            work = _unit(new.name, layout.EPISODES, "teacher", [problems[name] for name in new.problem_ids], samples)
            yield _relabel_work(source, run, old.name, work, run.recipe.episodes)
    scored, problems = source.ledger(layout.SCORES).history(), {}
    for suite in suite_problems(source).values():
        problems |= {one.id: one for one in suite}
    asked = suite_episodes(run.recipe)
    for before, unit in zip(planned_units(source), planned_units(source, run.id), strict=True):
        if before.name in scored:
            prefix = layout.SCORES if unit.model in GIVEN_MODELS else layout.PARENT_SCORES
            of_unit = [problems[name] for name in unit.problem_ids]
            work = _unit(unit.name, prefix, unit.model, of_unit, tuple(unit.sample_numbers), unit.suite)
            work = msgspec.structs.replace(work, temperature=unit.temperature)
            yield _relabel_work(source, run, before.name, work, asked[unit.suite])


def _unit(
    name: str, prefix: str, model: str, problems: Sequence[Problem], samples: tuple[int, ...], suite: str = ""
) -> EpisodeWork:
    served = ServedModel(name=model, source="", producer=Producer(model=model, revision="", licence=""))
    return EpisodeWork(
        unit=name, prefix=prefix, model=served, problems=tuple(problems), samples=samples, temperature=1.0, suite=suite
    )


def _relabel_work(source: Run, run: Run, unit: str, work: EpisodeWork, episodes: EpisodeConfig) -> RelabelWork:
    model = work.model.name if work.model.name in GIVEN_MODELS else "base"  # arms have the tokenizer of base
    return RelabelWork(
        source_uri=source.store.uri,
        source_unit=unit,
        target_uri=run.store.uri,
        work=work,
        generation=run.id,
        parent=source.id,
        calls=episodes.calls,
        tokenizer=model_source(source, model),
    )


def _build_groups(run: Run, pool: ProcessPoolExecutor | None) -> None:
    """Join the shards of the episodes, and build the groups of all blocks that are complete."""
    compact(run.ledger(layout.EPISODES))
    ledger = run.ledger(layout.groups(run.student))
    done = ledger.history()
    missing = [work for work in wanted_groups(run) if work.unit not in done]
    with progress_bar(run.console, "blocks of groups", len(missing)) as bar:
        for built, _ in enumerate(_results(pool, build_group_unit, missing), 1):
            bar.update(built)
    if write_dataset_view(ledger, live_units(ledger)):
        run.events.add("groups", **group_figures(run))


def _results(
    pool: ProcessPoolExecutor | None, function: Callable[[WorkT], ResultT], tasks: Sequence[WorkT]
) -> Iterator[ResultT]:
    if pool is None:
        yield from map(function, tasks)
        return
    for future in as_completed([pool.submit(function, task) for task in tasks]):
        yield future.result()


def _end_with(parent: int) -> None:
    """End this process when the command ends, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command is interrupted, and ends its processes
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the command that started this process has ended")
