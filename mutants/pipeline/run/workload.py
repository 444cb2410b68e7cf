"""What a run has to do: its problems, and the units that follow from them.

Both are files of the run, so that a finished run is known as finished without generating its problems again.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from cluster.errors import CorruptionError, RequestError
from pipeline.recipe import NO_TRAIN_PROBLEMS
from pipeline.run.folder import Run
from pipeline.run.suites import make_suites
from rollout.data import layout
from rollout.hosts.episode_units import EpisodeUnit, plan_units
from rollout.problems import generate
from rollout.problems.duplicates import deduplicate
from rollout.records import Problem


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """RUN/plan.json: the run's units. `suites` maps a suite to its number of problems."""

    generation: str
    episode_units: tuple[EpisodeUnit, ...]
    episodes: int
    train_problems: int
    suites: dict[str, int]
    dropped_duplicates: int


def make_workload(run: Run) -> Workload:
    """Read the plan. Without one, generate the problems, drop train problems like held-out ones, and write all down."""
    if run.planned:
        return read_workload(run)
    families = run.recipe.problems
    held_out = make_suites(run.recipe)
    drawn = [problem for family in families.values() if family.train for problem in generate(family, "train")]
    train, duplicates = deduplicate(drawn, [problem for problems in held_out.values() for problem in problems])
    if not train and run.recipe.arms:
        raise RequestError(NO_TRAIN_PROBLEMS)
    _refuse_doubles(train, "train")
    for suite, problems in held_out.items():
        _refuse_doubles(problems, suite)
        run.store.create(layout.suite_problems(suite), msgspec.json.Encoder().encode_lines(problems))
    run.store.create(layout.TRAIN_PROBLEMS, msgspec.json.Encoder().encode_lines(train))
    rollout = run.recipe.rollout
    ids = [problem.id for problem in train]
    units = plan_units(ids, rollout.samples, rollout.problems_per_block, rollout.samples_per_unit, run.id)
    workload = Workload(
        generation=run.id,
        episode_units=tuple(units),
        episodes=len(ids) * rollout.samples,
        train_problems=len(train),
        suites={suite: len(problems) for suite, problems in held_out.items()},
        dropped_duplicates=duplicates.dropped,
    )
    run.store.create(layout.PLAN, msgspec.json.format(msgspec.json.encode(workload), indent=1))
    return workload


def read_workload(run: Run) -> Workload:
    """RUN/plan.json. Raises CorruptionError when it is broken, RequestError when it is not there yet."""
    try:
        return msgspec.json.decode(run.store.read(layout.PLAN), type=Workload)
    except FileNotFoundError:
        raise RequestError(f"run {run.folder}: has no plan yet; `chainpref rollout` makes it") from None
    except msgspec.DecodeError as error:
        raise CorruptionError(f"{run.folder / layout.PLAN} is broken ({error}); delete it and run again") from None


def train_problems(run: Run) -> list[Problem]:
    """The problems that the teacher attempts."""
    return _read(run, layout.TRAIN_PROBLEMS, read_workload(run).train_problems)


def suite_problems(run: Run) -> dict[str, list[Problem]]:
    """Suite -> its held-out problems."""
    suites = read_workload(run).suites
    return {suite: _read(run, layout.suite_problems(suite), planned) for suite, planned in suites.items()}


def _read(run: Run, path: str, planned: int) -> list[Problem]:
    """The problems in a file of the run. Raises CorruptionError when they are not as many as were planned."""
    where = f"{run.store.uri}/{path}"
    try:
        problems = msgspec.json.Decoder(Problem).decode_lines(run.store.read(path))
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
