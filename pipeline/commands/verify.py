"""`chainpref verify RUN`: checks every hash and every invariant of a run, from its files.

Every planned row must be stored, skipped or in quarantine, and each unit may hold its own rows only, so that no row is
stored twice. Memory: the plan, the commit records, one shard, and the outcomes of one block.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

from rich.console import Console

from cluster.errors import ChainprefError, RequestError, UnverifiedError, WorkError
from cluster.shown import one_line
from cluster.store.ledger import Commit
from pipeline.commands.verify_files import Findings, check_files, total_bytes
from pipeline.commands.verifying.rounds import round_faults
from pipeline.commands.verifying.units import Attempt, built_faults, unit_faults, unplanned
from pipeline.run.folder import Run, read_run
from pipeline.run.progress import progress_bar
from pipeline.run.workload import read_workload, suite_problems, train_problems
from pipeline.stages.evaluate import planned_units
from rollout.data import layout
from rollout.data.unit_rows import UnitRows
from rollout.hosts.episode_units import block_name
from rollout.hosts.work import skipped_problems
from rollout.records import Episode, Outcome, Score

SHOWN = 20
"""Faults, or files without a hash, that are listed unless all are asked for."""
_MIB = 1 << 20


def verify_run(folder: Path, console: Console, all_lines: bool = False) -> None:
    """Print what was checked, the faults, and what could not be checked: SHOWN lines of each, or all.

    Raises WorkError when there is a fault, and UnverifiedError when there is none and files are without a hash.
    """
    run = read_run(folder, console)
    found = hash_files(run)
    faults = found.faults or list(contradictions(run)) if run.planned else found.faults
    _list(faults, console, all_lines)
    if faults:
        raise WorkError(f"run {folder}: {len(faults)} fault(s)")
    if not run.planned:
        raise RequestError(f"run {folder}: has no plan yet, so there is nothing to verify")
    counts = []
    for name in (layout.EPISODES, layout.groups(run.student), layout.SCORES):
        rows = sum(commit.rows for commit in run.ledger(name).history().values())
        counts.append(f"{rows:,} rows of {name}")
    console.out(f"  {', '.join(counts)}: all hashes that there are and all invariants hold")
    unsure = [f"no hash for {name}" for name in sorted(found.unhashed)]
    unsure += [f"unfinished: {reason}" for reason in sorted(found.unfinished)]
    _list(unsure, console, all_lines)
    if unsure:
        counted = {"without a hash, as an earlier version wrote it": found.unhashed, "unfinished": found.unfinished}
        missing = ", ".join(f"{len(names):,} {what}" for what, names in counted.items() if names)
        raise UnverifiedError(f"run {folder}: not verified: no fault is found, but {missing}")
    console.out("  verified: every file but those of logs/ is what was written")


def _list(lines: Sequence[str], console: Console, all_lines: bool) -> None:
    shown = lines if all_lines else lines[:SHOWN]
    for line in shown:
        console.out(f"  {one_line(line)}")
    if len(lines) > len(shown):
        console.out(f"  and {len(lines) - len(shown):,} more; --all lists them all")


def hash_files(run: Run) -> Findings:
    """Compare every file with its hash, and show how far it is."""
    lock, done = Lock(), 0

    def count(read: int) -> None:
        nonlocal done
        with lock:
            done += read
            bar.update(done / _MIB)

    with progress_bar(run.console, "MiB hashed", total_bytes(run) / _MIB) as bar:
        found = check_files(run, count)
    run.console.out(f"  {found.files:,} files, {done:,} bytes hashed")
    return found


def contradictions(run: Run) -> Iterator[str]:
    """Every invariant that does not hold, one line each. Files are not hashed, but as readers hash them."""
    try:
        train_problems(run)
        suite_problems(run)
        yield from _block_faults(run)
        yield from _score_faults(run)
        yield from round_faults(run)
    except ChainprefError as error:
        yield str(error)


def _block_faults(run: Run) -> Iterator[str]:
    """Faults of the episodes, and of the groups made of them, block by block."""
    episodes, groups = run.ledger(layout.EPISODES), run.ledger(layout.groups(run.student))
    workload = read_workload(run)
    planned = sorted(workload.episode_units, key=lambda unit: unit.name)  # as the rows lie in the shards
    commits = episodes.history()
    yield from unplanned(layout.EPISODES, commits, {unit.name for unit in planned})
    rows, quota = UnitRows(Episode, episodes), run.recipe.rollout.quota
    built: dict[str, list[Commit]] = {}
    for commit in groups.commits().values():
        built.setdefault(commit.unit.partition("-")[0], []).append(commit)
    for block, units in itertools.groupby(planned, key=lambda unit: block_name(unit.block)):
        outcomes: dict[Attempt, Outcome] = {}
        skipped: list[tuple[str, str]] = []
        for unit in units:
            if unit.name in rows:
                commit, made = commits[unit.name], rows.read(unit.name)
                left = skipped_problems(commit)
                kept = [problem for problem in unit.problem_ids if not commit.skipped and problem not in left]
                attempts = set(itertools.product(kept, range(unit.sample_start, unit.sample_stop)))
                faulty = unit_faults(commit, attempts, made, run.store, "")
                yield from (f"episodes: unit {unit.name} {fault}" for fault in faulty)
                outcomes.update(((row.problem_id, row.sample), row.outcome) for row in made)
                skipped += [(unit.name, problem) for problem in left]
        counts = Counter((problem, outcome) for (problem, _), outcome in outcomes.items())
        # Only problems that have enough episodes of both kinds may be skipped; in the parent, where there is one.
        for name, problem in () if workload.parent else skipped:
            right, wrong = counts[problem, Outcome.RIGHT], counts[problem, Outcome.WRONG]
            if quota is None or right < quota.right or wrong < quota.wrong:
                yield f"episodes: unit {name} skips {problem}, which has {right} right and {wrong} wrong episodes"
        yield from built_faults(groups, built.pop(block, ()), outcomes)
    yield from (f"groups: unit {commit.unit} is of no planned block" for some in built.values() for commit in some)


def _score_faults(run: Run) -> Iterator[str]:
    ledger, planned = run.ledger(layout.SCORES), planned_units(run)
    commits = ledger.history()
    yield from unplanned(layout.SCORES, commits, {unit.name for unit in planned})
    rows = UnitRows(Score, ledger)
    for unit in sorted(planned, key=lambda unit: unit.name):
        if unit.name not in rows:
            continue
        scores = rows.read(unit.name)
        attempts = {(problem, sample) for problem in unit.problem_ids for sample in unit.sample_numbers}
        made = [score.episode for score in scores]
        faulty = unit_faults(commits[unit.name], attempts, made, run.store, f"{unit.model}/{unit.suite}/")
        yield from (f"scores: unit {unit.name} {fault}" for fault in faulty)
        own = (unit.model, unit.suite, unit.temperature == 0)
        strange = Counter((score.model, score.suite, score.greedy) for score in scores)
        yield from (f"scores: unit {unit.name} holds {n} rows of {key}" for key, n in strange.items() if key != own)
