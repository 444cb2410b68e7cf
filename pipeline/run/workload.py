"""What a run has to do: its problems, and the units that follow from them.

Both are files of the run, so that a finished run is known as finished without generating its problems again.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from cluster.errors import CorruptionError, RequestError
from cluster.store.digests import checked, sealed
from cluster.store.storage import Store
from pipeline.recipe import NO_TRAIN_PROBLEMS, Recipe
from pipeline.run.folder import Run
from pipeline.run.suites import make_suites
from pipeline.run.toolboxes import faults_line, refuse_faulty_toolboxes
from rollout.data import layout
from rollout.hosts.episode_units import EpisodeUnit, plan_units
from rollout.problems import everything, generate, is_imported
from rollout.problems.checking import check_golds
from rollout.problems.duplicates import HeldOut, deduplicate
from rollout.records import Problem

EXECUTED = 16
"""Problems of each family whose gold answers are executed before anything starts."""


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """RUN/plan.json: the run's units. `suites` maps a suite to its number of problems."""

    generation: str
    episode_units: tuple[EpisodeUnit, ...]
    episodes: int
    train_problems: int
    suites: dict[str, int]
    parent: str = ""
    """Id of the run whose episodes were judged again for this one; "" where they were made for it."""
    dropped: dict[str, dict[str, dict[str, int]]] = {}
    """How many problems were dropped as duplicates: section of the recipe -> split -> kind -> number."""
    files: dict[str, str] = {}
    """Path -> SHA-256 of the files of problems; empty in plans of earlier versions."""


class Drawn(NamedTuple):
    """The problems of a recipe, and how many were dropped, as `Workload.dropped` has it: imported rows that are like
    others of their section, and train problems that are like held-out ones of any section."""

    train: list[Problem]
    suites: dict[str, list[Problem]]
    dropped: dict[str, dict[str, dict[str, int]]]


def draw_problems(recipe: Recipe) -> Drawn:
    """The problems that a run of `recipe` works on. Raises RequestError for a family that cannot give its problems."""
    suites = make_suites(recipe)
    held_out = HeldOut(problem for problems in suites.values() for problem in problems)
    train, seen, dropped = list[Problem](), dict[tuple[str, str, str], Problem](), {}
    for name, family in recipe.problems.items():
        reports = everything(family).reports if is_imported(family) else {}
        counts = {split: Counter(report.counts) for split, report in reports.items()}
        if family.train:
            kept, report = deduplicate(generate(family, "train"), held_out, family.duplicates, seen)
            train += kept
            counts["train"] = counts.get("train", Counter()) + Counter(report.counts)
        dropped[name] = {split: dict(counted) for split, counted in counts.items() if counted}
    return Drawn(train, suites, {name: counts for name, counts in dropped.items() if counts})


def dropped_line(section: str, dropped: Mapping[str, Mapping[str, int]]) -> str:
    """What was dropped of a section, in words."""
    splits = (
        f"{split} {', '.join(f'{n:,} {kind}' for kind, n in counts.items())}" for split, counts in dropped.items()
    )
    return f"problems.{section}: dropped as duplicates: {'; '.join(splits)}"


def make_workload(run: Run) -> Workload:
    """Read the plan. Without one, generate the problems, drop train problems like held-out ones, and write all down."""
    if run.planned:
        return read_workload(run)
    train, held_out, dropped = draw_problems(run.recipe)
    if not train and run.recipe.arms:
        raise RequestError(NO_TRAIN_PROBLEMS)
    everyone = [*train, *itertools.chain(*held_out.values())]
    for line in refuse_faulty_toolboxes(everyone):  # before gold chains run into what is wrong with a function
        run.console.out(f"  {line}")
    report = check_golds(everyone, sample=EXECUTED, seed=run.recipe.run.seed)
    run.console.out(f"  {report.said}")
    for section, family in run.recipe.problems.items():
        for note in everything(family).notes if is_imported(family) else ():
            run.console.out(f"  problems.{section}: {note}")
    if report.faults:
        raise RequestError(faults_line(report.faults))
    _refuse_doubles(train, "train")
    for suite, problems in held_out.items():
        _refuse_doubles(problems, suite)
    drawn_files = {layout.suite_problems(suite): problems for suite, problems in held_out.items()}
    drawn_files[layout.TRAIN_PROBLEMS] = train
    files = {path: _write(run.store, path, problems) for path, problems in drawn_files.items()}
    rollout = run.recipe.rollout
    ids = [problem.id for problem in train]
    units = plan_units(ids, rollout.samples, rollout.problems_per_block, rollout.samples_per_unit, run.id)
    workload = Workload(
        generation=run.id,
        episode_units=tuple(units),
        episodes=len(ids) * rollout.samples,
        train_problems=len(train),
        suites={suite: len(problems) for suite, problems in held_out.items()},
        dropped=dropped,
        files=files,
    )
    run.store.create(layout.PLAN, sealed(msgspec.json.format(msgspec.json.encode(workload), indent=1), "json"))
    return workload


def read_workload(run: Run) -> Workload:
    """RUN/plan.json. Raises CorruptionError when it is broken, RequestError when it is not there yet."""
    try:
        data = checked(run.store.read(layout.PLAN), f"{run.store.uri}/{layout.PLAN}", "restore it, or begin a new run")
        return msgspec.json.decode(data, type=Workload)
    except FileNotFoundError:
        raise RequestError(f"run {run.folder}: has no plan yet; `chainpref rollout` makes it") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptionError(
            f"{run.folder / layout.PLAN} is broken ({error}); restore it, or begin a new run"
        ) from None


def train_problems(run: Run) -> list[Problem]:
    """The problems that the teacher attempts."""
    return _read(run, layout.TRAIN_PROBLEMS, read_workload(run).train_problems)


def suite_problems(run: Run) -> dict[str, list[Problem]]:
    """Suite -> its held-out problems."""
    suites = read_workload(run).suites
    return {suite: _read(run, layout.suite_problems(suite), planned) for suite, planned in suites.items()}


def _write(store: Store, path: str, problems: Sequence[Problem]) -> str:
    """Write a file of problems, also over what a command left that was killed before it wrote the plan.

    Returns its SHA-256 in hex.
    """
    data = msgspec.json.Encoder().encode_lines(problems)
    if not store.create(path, data) and store.read(path) != data:
        store.replace(path, data)
    return hashlib.sha256(data).hexdigest()


def _read(run: Run, path: str, planned: int) -> list[Problem]:
    """The problems in a file of the run. Raises CorruptionError when they are not those that were planned."""
    where, expected = f"{run.store.uri}/{path}", read_workload(run).files.get(path, "")
    try:
        data = run.store.read(path)
        if expected and hashlib.sha256(data).hexdigest() != expected:
            raise CorruptionError(f"{where} is not what was written, its hash differs; restore it, or begin a new run")
        problems = msgspec.json.Decoder(Problem).decode_lines(data)
    except FileNotFoundError:
        raise CorruptionError(f"{where} is missing; restore it, or begin a new run") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptionError(f"{where} is broken ({error}); restore it, or begin a new run") from None
    if len(problems) != planned:
        raise CorruptionError(f"{where} holds {len(problems)} problems, planned were {planned}; restore it")
    return problems


def _refuse_doubles(problems: Sequence[Problem], where: str) -> None:
    twice = [id for id, times in Counter(problem.id for problem in problems).items() if times > 1]
    if twice:
        raise RequestError(f"problems of {where}: id {twice[0]!r} occurs twice; give every problem its own")
