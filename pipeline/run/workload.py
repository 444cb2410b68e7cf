"""What a run has to do: its problems, and the units that follow from them.

Both are files of the run, so that a finished run is known as finished without generating its problems again. A run that
grows gets a further plan, which holds all that the plan before holds, and further files of problems.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence

import msgspec

from cluster.errors import CorruptionError, RequestError
from cluster.store.digests import sealed
from cluster.store.storage import Store
from evaluation.job import SuitePart, grown_parts
from pipeline.recipe import NO_TRAIN_PROBLEMS, Recipe
from pipeline.run.draws import Drawn, draw_more, draw_problems
from pipeline.run.folder import Run, own_version
from pipeline.run.suites import suite_samples
from pipeline.run.toolboxes import (
    faults_line,
    hashes_of_servers,
    refuse_changed_servers,
    refuse_faulty_toolboxes,
)
from rollout.data import layout
from rollout.hosts.episode_units import EpisodeUnit, grow_units
from rollout.problems import everything, is_imported
from rollout.problems.checking import check_golds
from rollout.records import Problem, content_hash


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """The problems that a run got when it grew."""

    name: str
    """A hash of them; their files are named by it."""
    train: int
    suites: dict[str, int]


EXECUTED = 16
"""Problems of each family whose gold answers are executed before anything starts."""


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """A plan: the run's units. `suites` maps a suite to its number of problems."""

    generation: str
    episode_units: tuple[EpisodeUnit, ...]
    episodes: int
    train_problems: int
    suites: dict[str, int]
    parent: str = ""
    """Id of the run whose episodes were judged again for this one; "" where they were made for it."""
    dropped: dict[str, dict[str, dict[str, int]]] = {}
    """How many problems were dropped as duplicates: section of the recipe -> split or suite -> kind -> number."""
    recipe: int = 0
    """Number of the recipe that it was made for."""
    added: tuple[Added, ...] = ()
    """What was added to the problems that the run began with."""
    scored: tuple[SuitePart, ...] = ()
    """The attempts that every model makes; in the plans of earlier versions they follow from the first recipe."""
    files: dict[str, str] = {}
    """Path -> SHA-256 of the files of problems; empty in plans of earlier versions."""
    servers: dict[str, str] = {}
    """Toolbox that is an MCP server -> its hash when the plan was made."""


def make_workload(run: Run) -> Workload:
    """Read the plan. Without one, generate the problems, drop train problems like held-out ones, and write all down;
    where the recipe asks for more than the plan holds, do so for what is missing."""
    if not run.planned:
        return _first_plan(run)
    return _next_plan(run) if outgrown(run) else read_workload(run)


def outgrown(run: Run) -> bool:
    """Whether the recipe asks for more problems, samples or suites than the plan holds."""
    asked = max((stored.number for stored in run.recipes if stored.plans), default=0)
    return asked > read_workload(run).recipe


def _first_plan(run: Run) -> Workload:
    train, held_out, dropped = draw_problems(run.recipe)
    suites = {suite: len(problems) for suite, problems in held_out.items()}
    if not train and run.recipe.arms:
        raise RequestError(NO_TRAIN_PROBLEMS)
    files = _write_problems(run, "", train, held_out)
    samples = run.recipe.rollout.samples
    workload = Workload(
        generation=run.id,
        episode_units=tuple(_units(run, (), train)),
        episodes=len(train) * samples,
        train_problems=len(train),
        suites=suites,
        dropped=dropped,
        recipe=run.recipes[-1].number,
        scored=grown_parts((), suites, suite_samples(run.recipe)),
        files=files,
        servers=hashes_of_servers([*train, *itertools.chain(*held_out.values())]),
    )
    write_plan(run, layout.PLAN, workload)
    return workload


def _next_plan(run: Run) -> Workload:
    """The plan with what the recipe asks for beyond it. Nothing of the plan before changes."""
    before, number = read_workload(run), run.recipes[-1].number
    refuse_changed_servers(before.servers)
    samples = run.recipe.rollout.samples
    drawn = Drawn([], {}, before.dropped)
    if run.recipe.problems != planned_recipe(run, before).problems:
        drawn = draw_more(run.recipe, train_problems(run), suite_problems(run), str(run.folder))
    more = drawn.suites
    name = content_hash(*(problem.id for problems in (drawn.train, *more.values()) for problem in problems))[:12]
    known = before.files or {  # an earlier version wrote them
        path: hashlib.sha256(run.store.read(path)).hexdigest()
        for path in run.store.list(layout.PROBLEMS)
        if not path.startswith(layout.ADDED)
    }
    files = _write_problems(run, name, drawn.train, more)
    added = Added(name=name, train=len(drawn.train), suites={suite: len(more[suite]) for suite in more})
    suites = before.suites | {suite: before.suites.get(suite, 0) + len(more[suite]) for suite in more}
    workload = msgspec.structs.replace(
        before,
        episode_units=tuple(_units(run, before.episode_units, drawn.train)),
        episodes=(before.train_problems + added.train) * samples,
        train_problems=before.train_problems + added.train,
        suites=suites,
        dropped=drawn.dropped,
        recipe=number,
        added=(*before.added, added) if added.train or added.suites else before.added,
        scored=grown_parts(scored_parts(run), suites, suite_samples(run.recipe)),
        files=known | files,
        servers=before.servers | hashes_of_servers([*drawn.train, *itertools.chain(*more.values())]),
    )
    write_plan(run, layout.plan(len(run.store.list(layout.PLANS)) + 1), workload)
    run.events.add("grown", recipe=number, train=added.train, suites=added.suites)
    return read_workload(run)


def _units(run: Run, before: Sequence[EpisodeUnit], more: Sequence[Problem]) -> list[EpisodeUnit]:
    rollout, ids = run.recipe.rollout, [problem.id for problem in more]
    return grow_units(before, ids, rollout.samples, rollout.problems_per_block, rollout.samples_per_unit, run.id)


def take_plan(run: Run, workload: Workload) -> None:
    """Plan a run like another one, whose problems and episodes it has. The scores are what its own recipe asks for."""
    scored = grown_parts((), workload.suites, suite_samples(run.recipe))
    own = msgspec.structs.replace(workload, recipe=run.recipes[-1].number, scored=scored)
    write_plan(run, layout.PLAN, own)


def write_plan(run: Run, path: str, workload: Workload) -> None:
    """Write a plan, unless there is one at that path."""
    run.store.create(path, sealed(msgspec.json.format(msgspec.json.encode(workload), indent=1), "json"))


def _write_problems(run: Run, name: str, train: Sequence[Problem], suites: dict[str, list[Problem]]) -> dict[str, str]:
    """Check problems that are drawn, and write them; `name` is that of what was added, "" for the first ones.

    Returns path -> SHA-256 in hex of the files.
    """
    everyone = [*train, *itertools.chain(*suites.values())]
    for line in refuse_faulty_toolboxes(everyone):  # before gold chains run into what is wrong with a function
        run.console.out(f"  {line}")
    seed, limits = run.recipe.run.seed, run.recipe.episodes.calls
    report = check_golds(everyone, sample=EXECUTED, seed=seed, limits=limits, all_worlds=True)
    run.console.out(f"  {report.said}")
    for section, family in run.recipe.problems.items():
        for note in everything(family).notes if is_imported(family) else ():
            run.console.out(f"  problems.{section}: {note}")
    if report.faults:
        raise RequestError(faults_line(report.faults))
    _refuse_doubles(train, "train")
    for suite, problems in suites.items():
        _refuse_doubles(problems, suite)
    files = {layout.suite_problems(suite, name): problems for suite, problems in suites.items()}
    if train or not name:
        files[layout.train_problems(name)] = list(train)
    return {path: _write(run.store, path, problems) for path, problems in files.items()}


def read_workload(run: Run) -> Workload:
    """The last plan. Raises CorruptionError when it is broken, RequestError when there is none yet."""
    try:
        return msgspec.json.decode(run.plan, type=Workload)
    except FileNotFoundError:
        raise RequestError(f"run {run.folder}: has no plan yet; `chainpref rollout` makes it") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptionError(
            f"{run.folder / run.plan_path} is broken ({error}); restore it, or begin a new run"
        ) from None


def planned_recipe(run: Run, workload: Workload) -> Recipe:
    """The recipe that a plan was made for."""
    (stored,) = (one for one in run.recipes if one.number == workload.recipe)
    return stored.parsed(str(run.folder), own_version())


def scored_parts(run: Run) -> tuple[SuitePart, ...]:
    """The attempts that every model makes at the held-out problems."""
    workload = read_workload(run)
    return workload.scored or grown_parts((), workload.suites, suite_samples(planned_recipe(run, workload)))


def train_problems(run: Run) -> list[Problem]:
    """The problems that the teacher attempts."""
    workload = read_workload(run)
    first = workload.train_problems - sum(added.train for added in workload.added)
    problems = _read(run, layout.train_problems(), first)
    for added in workload.added:
        problems += _read(run, layout.train_problems(added.name), added.train) if added.train else []
    return problems


def suite_problems(run: Run) -> dict[str, list[Problem]]:
    """Suite -> its held-out problems."""
    workload = read_workload(run)
    found: dict[str, list[Problem]] = {}
    for suite, planned in workload.suites.items():
        more = [(added.name, added.suites[suite]) for added in workload.added if suite in added.suites]
        parts = [("", planned - sum(count for _, count in more)), *more]
        files = [_read(run, layout.suite_problems(suite, name), count) for name, count in parts if count]
        found[suite] = list(itertools.chain(*files))
    return found


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
