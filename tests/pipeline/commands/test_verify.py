"""Every invariant that `verify` names is broken once, and it alone is found."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from cluster.errors import UnverifiedError, WorkError
from evaluation.job import ScoreUnit
from pipeline.commands.verify import contradictions, verify_run
from pipeline.commands.verify_files import check_files
from pipeline.recipe import load_recipe
from pipeline.run.folder import Run, open_run
from pipeline.run.inventory import close
from pipeline.run.workload import make_workload, train_problems
from pipeline.stages.evaluate import planned_units
from rollout.data import layout
from rollout.data.compaction import compact
from rollout.data.shards import Rejected, encode_rows
from rollout.hosts.episode_units import EpisodeUnit, plan_units
from rollout.hosts.work import EpisodeWork, ServedModel, chunk_result_of, skip_meta
from rollout.records import Episode, ErrorCode, Outcome, PreferenceGroup, Problem, Producer, StopReason
from tests.repository import DATA
from tests.rollout.data.rows import chain, episode, group

RECIPE = DATA / "scripted.toml"
SMALL = [
    "problems.arithmetic.train=4",
    "rollout.samples=4",
    "rollout.problems_per_block=2",
    "rollout.samples_per_unit=2",
    "rollout.quota.right=1",
    "rollout.quota.wrong=1",
]
MODEL = ServedModel(name="teacher", source="", producer=Producer(model="teacher", revision="", licence=""))
WRONG: dict[str, object] = {"outcome": Outcome.WRONG, "error": ErrorCode.ANSWER_WRONG}
Change = Callable[[list[Episode]], Sequence[Episode]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A plan of two blocks of two problems; two units of two samples each."""
    with open_run(load_recipe(RECIPE, SMALL), tmp_path / "run", Console(file=io.StringIO(), width=500), False) as run:
        make_workload(run)
    return run


def units(run: Run) -> list[EpisodeUnit]:
    recipe = run.recipe.rollout
    ids = [problem.id for problem in train_problems(run)]
    return plan_units(ids, recipe.samples, recipe.problems_per_block, recipe.samples_per_unit, run.id)


def work_of(run: Run, unit: EpisodeUnit) -> EpisodeWork:
    problems = {problem.id: problem for problem in train_problems(run)}
    samples = tuple(range(unit.sample_start, unit.sample_stop))
    its = tuple(problems[name] for name in unit.problem_ids)
    return EpisodeWork(
        unit=unit.name, prefix=layout.EPISODES, model=MODEL, problems=its, samples=samples, temperature=1.0
    )


def attempted(work: EpisodeWork) -> list[Episode]:
    """Right at even samples, wrong at odd ones."""
    places = work.attempts(0, work.size)
    return [episode(problem.id, sample, **(WRONG if sample % 2 else {})) for problem, sample in places]


def fill(run: Run, change: Change = lambda rows: rows, skipped: tuple[str, ...] = ()) -> None:
    """Commit all units, the second one of block 0 with changed rows or without some problems, and the groups."""
    for number, unit in enumerate(units(run)):
        work = work_of(run, unit)
        if number == 1:
            left = tuple(problem for problem in work.problems if problem.id not in skipped)
            work = msgspec.structs.replace(work, problems=left, skipped=skipped)
        rows = attempted(work)
        chunk_result_of(run.store, work, change(rows) if number == 1 else rows, True, "host", 0.0)


def replaced(rows: list[Episode], place: int, **changes: object) -> list[Episode]:
    rows[place] = msgspec.structs.replace(rows[place], **changes)
    return rows


def test_a_whole_run_has_no_fault_compacted_or_not(run: Run) -> None:
    fill(run, lambda rows: replaced(rows, 0, prompt_text="\ud800"), skipped=(units(run)[0].problem_ids[1],))
    assert list(contradictions(run)) == []
    assert len(compact(run.ledger(layout.EPISODES))) == 1
    assert list(contradictions(run)) == []
    with pytest.raises(UnverifiedError, match="not verified: no fault is found, but 1 unfinished"):
        verify_run(run.folder, run.console)
    run.events.add("stage ended")
    close(run)
    said = io.StringIO()
    verify_run(run.folder, Console(file=said, width=500))
    assert said.getvalue().splitlines()[-2:] == [
        f"  13 rows of episodes, 0 rows of {layout.groups(run.student)}, 0 rows of scores: all hashes that there are "
        "and all invariants hold",
        "  verified: every file but those of logs/ is what was written",
    ]


def first_of(run: Run, block: int) -> str:
    return next(unit for unit in units(run) if unit.block == block).problem_ids[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[1:], ["lacks 1 of 4 rows, and its record says that 0 are in quarantine"]),
        (lambda rows: [*rows, rows[0]], ["holds P#2 2 times"]),
        (lambda rows: [*rows, episode("other", 2)], ["holds other#2, which is not its own"]),
        (lambda rows: replaced(rows, 0, sample=0), ["holds P#0, which is not its own", "lacks 1 of 4 rows"]),
        (
            lambda rows: replaced(rows, 0, outcome=Outcome.INFRASTRUCTURE, answer=None),
            ["P#2 is infrastructure and ended by finished"],
        ),
        (lambda rows: replaced(rows, 1, stop=StopReason.INFRASTRUCTURE), ["P#3 is wrong and ended by infrastructure"]),
        (lambda rows: replaced(rows, 0, stop=StopReason.STEP_LIMIT), ["P#2 is right and ended by step_limit"]),
        (lambda rows: replaced(rows, 0, answer=None), ["P#2 is right without an answer"]),
        (lambda rows: replaced(rows, 1, error=None), ["P#3 is wrong without an error code"]),
    ],
)
def test_a_broken_invariant_of_a_unit_is_found(run: Run, change: Change, words: list[str]) -> None:
    fill(run, change)
    unit, problem = units(run)[1], units(run)[1].problem_ids[0]
    for _ in range(2):
        found = list(contradictions(run))
        assert len(found) == len(words), found
        for fault, word in zip(found, words, strict=True):
            assert word.replace("P#", f"{problem}#") in fault
            assert unit.name in fault
        compact(run.ledger(layout.EPISODES))
    with pytest.raises(WorkError, match=rf"{len(words)} fault\(s\)"):
        verify_run(run.folder, run.console)


def test_a_quarantined_row_excuses_itself_alone(run: Run) -> None:
    fill(run, lambda rows: replaced(rows, 0, prompt_text="\ud800"))
    (path,) = run.store.list("quarantine")
    unit = units(run)[1]
    for row in (f"{unit.problem_ids[1]}#3", f"{unit.problem_ids[0]}#2"):
        run.store.replace(path, msgspec.json.encode(Rejected(row=row, place=0, reason="r", content="{}")) + b"\n")
        found = list(contradictions(run))
        assert bool(found) == row.endswith("#3")
    run.store.replace(path, b"half a line")
    assert "does not decode" in next(contradictions(run))


def test_a_skip_without_enough_chains_is_found(run: Run) -> None:
    """What was skipped counts with the rows of its whole block, the later units' as well."""
    first, second, *_ = units(run)
    problem = first.problem_ids[0]
    trimmed = msgspec.structs.replace(work_of(run, first), problems=(), skipped=first.problem_ids)
    run.ledger(layout.EPISODES).skip(first.name, "quota", skip_meta(trimmed))
    rows = attempted(work_of(run, second))
    chunk_result_of(
        run.store,
        work_of(run, second),
        replaced(rows, 1, **{**WRONG, "outcome": Outcome.RIGHT, "error": None}),
        True,
        "h",
        0.0,
    )
    assert list(contradictions(run)) == [
        f"episodes: unit {first.name} skips {problem}, which has 2 right and 0 wrong episodes"
    ]


@pytest.mark.parametrize(("right", "wrong"), [(2, 0), (0, 2), (1, 1)])
def test_a_problem_is_skipped_with_enough_chains_of_both_kinds_alone(run: Run, right: int, wrong: int) -> None:
    """The first unit was skipped; in the second one the problem has these outcomes, and the other one both."""
    first, second, *_ = units(run)
    problem = first.problem_ids[0]
    trimmed = msgspec.structs.replace(work_of(run, first), problems=(), skipped=first.problem_ids)
    run.ledger(layout.EPISODES).skip(first.name, "quota", skip_meta(trimmed))
    rows = attempted(work_of(run, second))
    own = [place for place, row in enumerate(rows) if row.problem_id == problem]
    for number, place in enumerate(own):
        outcome = WRONG if number >= right else {"outcome": Outcome.RIGHT, "error": None}
        replaced(rows, place, **outcome)
    chunk_result_of(run.store, work_of(run, second), rows, True, "h", 0.0)
    assert list(contradictions(run)) == (
        []
        if right and wrong
        else [f"episodes: unit {first.name} skips {problem}, which has {right} right and {wrong} wrong episodes"]
    )


def test_a_unit_that_was_never_planned_is_found(run: Run) -> None:
    for prefix in (layout.EPISODES, layout.SCORES):
        run.ledger(prefix).skip("b00077-x", "quota")
    assert list(contradictions(run)) == [
        f"{prefix}: unit b00077-x is committed and was never planned" for prefix in (layout.EPISODES, layout.SCORES)
    ]


def test_a_record_that_counts_otherwise_than_its_rows_is_found(run: Run) -> None:
    fill(run)
    name = units(run)[1].name
    ledger = run.ledger(layout.EPISODES)
    commit = ledger.history()[name]
    payload = ledger.read(commit)
    (run.folder / f"episodes/commits/{name}.json").unlink()
    ledger.publish(name, payload, commit.rows, meta=commit.meta | {"right": "3"})
    (fault,) = contradictions(run)
    assert f"unit {name} holds" in fault
    assert "its record says {'right': 3, 'wrong': 2}" in fault


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"label": Outcome.WRONG, "episodes": (0,), "multiplicity": 1},
            "is wrong in the group and right as an episode",
        ),
        ({"episodes": (1, 2)}, "#1 is right in the group and wrong as an episode"),
        ({"episodes": (0, 9)}, "#9 is right in the group and not there as an episode"),
        ({"multiplicity": 3}, "multiplicity 3 of 2 episodes"),
        ({"label": Outcome.INFRASTRUCTURE, "multiplicity": 0, "episodes": ()}, "holds a chain that is infrastructure"),
    ],
)
def test_a_group_that_contradicts_its_episodes_is_found(run: Run, change: dict[str, Any], words: str) -> None:
    fill(run)
    commit_groups(run, group(first_of(run, 0), chains=(chain(4, 5, **({"episodes": (0, 2)} | change)),)))
    (fault,) = contradictions(run)
    assert words in fault


def test_a_problem_with_two_groups_is_found(run: Run) -> None:
    commit_groups(run, *[group(first_of(run, 0), chains=())] * 2)
    assert list(contradictions(run)) == [f"groups: problem {first_of(run, 0)} stands 2 times"]


def commit_groups(run: Run, *groups: PreferenceGroup) -> None:
    encoded = encode_rows(PreferenceGroup, groups)
    run.ledger(layout.groups(run.student)).publish("b00000-x", encoded.payload, encoded.rows)


def test_groups_of_no_block_are_found(run: Run) -> None:
    encoded = encode_rows(PreferenceGroup, [])
    run.ledger(layout.groups(run.student)).publish("b00009-x", encoded.payload, 0)
    assert list(contradictions(run)) == ["groups: unit b00009-x is of no planned block"]


def score_work(run: Run, unit: ScoreUnit, problems: Sequence[Problem], model: str) -> EpisodeWork:
    return EpisodeWork(
        unit=unit.name,
        prefix=layout.SCORES,
        model=msgspec.structs.replace(MODEL, name=model),
        problems=tuple(problems),
        samples=tuple(range(unit.samples)),
        temperature=unit.temperature,
        suite=unit.suite,
    )


def test_scores_are_held_against_their_plan(run: Run) -> None:
    unit = planned_units(run)[0]
    problems = [msgspec.structs.replace(train_problems(run)[0], id=name) for name in unit.problem_ids]
    work = score_work(run, unit, problems, "base")
    rows = [episode(problem.id, sample) for problem, sample in work.attempts(0, work.size)]
    chunk_result_of(run.store, work, replaced(rows, 0, problem_id="other"), True, "host", 0.0)
    found = list(contradictions(run))
    assert [fault.split(unit.name)[1] for fault in found] == [
        " holds other#0, which is not its own",
        f" lacks 1 of {len(rows)} rows, and its record says that 0 are in quarantine",
        f" holds {len(rows)} rows of ('base', 'arithmetic', True)",
    ]


def test_a_quarantined_score_is_no_fault(run: Run) -> None:
    unit = planned_units(run)[0]
    problems = [msgspec.structs.replace(train_problems(run)[0], id=name) for name in unit.problem_ids]
    work = score_work(run, unit, problems, unit.model)
    rows = [episode(problem.id, sample) for problem, sample in work.attempts(0, work.size)]
    chunk_result_of(run.store, work, replaced(rows, 0, prompt_text="\ud800"), True, "host", 0.0)
    assert list(contradictions(run)) == []


def test_a_changed_byte_of_a_reference_sum_is_found(run: Run) -> None:
    fill(run)
    ledger = run.ledger(layout.reference(run.student))
    commit, _ = ledger.publish("ref-1", b"sums of chains", 1)
    assert check_files(run, lambda read: None).faults == []
    (path,) = (run.folder / ledger.prefix / "shards").glob("*")
    path.write_bytes(b"sums of chainz")
    (fault,) = check_files(run, lambda read: None).faults
    assert commit.unit in fault
