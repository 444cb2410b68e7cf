"""A run that grows: what is there stays as it is, what is missing is planned, and splits stay apart. No Ray."""

import io
import itertools
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from cluster.errors import RequestError, UnverifiedError, WorkError
from cluster.store.storage import LocalStore
from pipeline.commands.verify import verify_run
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.draws import addable, draw_more, draw_problems
from pipeline.run.folder import Run, open_run
from pipeline.run.inventory import close
from pipeline.run.workload import make_workload, outgrown, read_workload, suite_problems, train_problems
from pipeline.stages import execute, models
from pipeline.stages.evaluate import complete, planned_units
from pipeline.stages.rollout import missing_units
from pipeline.sweep.sharing import take_over
from rollout.data import layout
from rollout.problems import FAMILIES, generate
from rollout.problems.config import IMPORTED, WITH_TASKS, FamilyConfig
from rollout.problems.drawing import _drawn
from rollout.problems.duplicates import HeldOut, deduplicate
from rollout.records import Problem
from tests.repository import DATA

BASE = DATA / "run-f013669.toml"
"""4 train and 3 test problems in each of two families, 6 samples in units of 3, 2 evaluation samples."""


def recipe(*settings: str) -> Recipe:
    return load_recipe(BASE, ["models.student.licence='MIT'", *settings])


def opened(folder: Path, *settings: str) -> Run:
    """The run, planned as its recipe asks."""
    with open_run(recipe(*settings), folder, Console(quiet=True), False) as run:
        make_workload(run)
    return run


def done(run: Run) -> set[str]:
    """Commit every missing unit of episodes and scores; returns their names."""
    missing = [unit.name for unit in (*missing_units(run), *planned_units(run))]
    for unit in missing_units(run):
        run.ledger(layout.EPISODES).skip(unit.name, "test")
    for score in planned_units(run):
        run.ledger(layout.SCORES).skip(score.name, "test")
    return set(missing)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def missing_scores(run: Run) -> list[Any]:
    there = run.ledger(layout.SCORES).history()
    return [unit for unit in planned_units(run) if unit.name not in there]


GROWTH = ["rollout.samples=10", "problems.arithmetic.train=7", "problems.arithmetic.test=5", "evaluation.samples=3"]


def test_some_models_attempt_a_further_suite_of_a_finished_run(tmp_path: Path) -> None:
    """Whole categories once, for some models: nothing else is done, and it is complete when these are through."""
    before = opened(tmp_path / "run")
    made = done(before)

    def letters(more: str) -> str:
        return f"problems.letters={{family='letters', test=4, samples=0{more}}}"

    grown = opened(tmp_path / "run", letters(", models=['teacher']"))
    missing = missing_scores(grown)
    assert {(unit.model, unit.suite, unit.temperature) for unit in missing} == {("teacher", "letters", 0.0)}
    assert sum(unit.attempts for unit in missing) == 4
    assert not complete(grown)
    for unit in missing[:-1]:
        grown.ledger(layout.SCORES).skip(unit.name, "test")
    assert missing_scores(grown) == missing[-1:], "what is done is not asked for again"
    done(grown)
    assert complete(grown)
    assert made <= {unit.name for unit in planned_units(grown)} | {
        unit.name for unit in read_workload(grown).episode_units
    }
    more = opened(tmp_path / "run", letters(", models=['teacher', 'base']"))
    assert {(unit.model, unit.suite) for unit in missing_scores(more)} == {("base", "letters")}
    with pytest.raises(RequestError, match=r"letters.models: .* may only grow"):
        opened(tmp_path / "run", letters(", models=['teacher']"))
    done(more)
    everyone = opened(tmp_path / "run", letters(""))
    assert missing_scores(everyone) == []


def test_a_grown_plan_holds_the_old_one_and_what_is_missing(tmp_path: Path) -> None:
    run = opened(tmp_path / "run")
    before, made, first = read_workload(run), done(run), files(run.folder)
    train, held_out = train_problems(run), suite_problems(run)
    grown = opened(tmp_path / "run", *GROWTH, "problems.letters={family='letters', train=2, test=2}")
    after = read_workload(grown)
    assert run.id == grown.id
    changed = {name for name, data in files(run.folder).items() if first.get(name) != data}
    added = f"problems/added-{after.added[0].name}"
    assert changed - {"recipe.toml", "events.jsonl"} == {
        "recipes/000000.toml", "recipes/000001.toml", "plans/000001.json", f"{added}/train.jsonl",
        f"{added}/suites/arithmetic.jsonl", f"{added}/suites/letters.jsonl",
    }  # fmt: skip
    assert train_problems(grown)[: len(train)] == train
    assert after.train_problems == len(train_problems(grown)) == len(train) + after.added[0].train
    assert after.added[0].train > 0
    for suite, problems in held_out.items():
        assert suite_problems(grown)[suite][: len(problems)] == problems
    assert {suite: len(some) for suite, some in suite_problems(grown).items()} == after.suites
    assert after.suites["letters"] == 2
    assert set(before.episode_units) <= set(after.episode_units)
    names = {unit.name for unit in (*after.episode_units, *planned_units(grown))}
    assert made <= names, "no unit that was done is planned otherwise"
    attempts = [
        (problem, sample)
        for unit in after.episode_units
        for problem in unit.problem_ids
        for sample in range(unit.sample_start, unit.sample_stop)
    ]
    ids = [problem.id for problem in train_problems(grown)]
    assert sorted(attempts) == sorted(itertools.product(ids, range(10))), "every attempt once"
    scored = [
        (unit.model, unit.suite, unit.temperature == 0, problem, sample)
        for unit in planned_units(grown)
        for problem in unit.problem_ids
        for sample in unit.sample_numbers
    ]
    wanted = [
        (model, suite, greedy, problem.id, sample)
        for model in ("teacher", "base")
        for suite, problems in suite_problems(grown).items()
        for problem in problems
        for greedy, samples in ((True, 1), (False, 3))
        for sample in range(samples)
    ]
    assert sorted(scored) == sorted(wanted)
    assert len(missing_units(grown)) == len(after.episode_units) - len(before.episode_units)
    assert {score.name for score in missing_scores(grown)}.isdisjoint(made)


def test_more_samples_draw_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose file of problems is gone, or that an earlier version drew, gets more samples all the same."""
    opened(tmp_path / "run")
    monkeypatch.setattr("pipeline.run.workload.draw_more", None)
    run = opened(tmp_path / "run", "rollout.samples=7", "evaluation.samples=3")
    assert read_workload(run).added == ()
    assert {unit.sample_stop for unit in missing_units(run)} == {3, 6, 7}


def test_a_run_grows_again_and_again(tmp_path: Path) -> None:
    run = opened(tmp_path / "run")
    made = done(run)
    for number, changes in enumerate(
        (GROWTH[:1], GROWTH[:2], GROWTH, [*GROWTH, "problems.arithmetic.variants=['order']"])
    ):
        run = opened(tmp_path / "run", *changes)
        assert read_workload(run).recipe == number + 1
        assert made <= {unit.name for unit in (*read_workload(run).episode_units, *planned_units(run))}
        made |= done(run)
    assert read_workload(run).suites["arithmetic-order"] == 5
    assert [Path(path).name for path in run.store.list(layout.PLANS)] == [f"{n:06d}.json" for n in range(1, 5)]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("rollout.samples=5", "rollout.samples: 6 -> 5, which may only grow"),
        ("problems.arithmetic.train=3", "problems.arithmetic.train: 4 -> 3, which may only grow"),
        ("problems.arithmetic.samples=1", "problems.arithmetic.samples: absent -> 1, which may only grow"),
        ("problems.arithmetic.seed=1", "problems.arithmetic.seed: 0 -> 1"),
    ],
)
def test_less_is_refused_and_changes_nothing(tmp_path: Path, setting: str, said: str) -> None:
    run = opened(tmp_path / "run")
    before = files(run.folder)
    with pytest.raises(RequestError, match=r"put that back, or use --run DIR") as caught:
        opened(tmp_path / "run", setting)
    assert said in str(caught.value)
    assert files(run.folder) == before


def test_a_kill_in_the_middle_of_growing_leaves_a_run_that_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each of the files that a growth writes, and gone on with."""
    opened(tmp_path / "whole")
    whole = opened(tmp_path / "whole", *GROWTH)
    real = LocalStore.create
    for at in itertools.count():
        folder = tmp_path / f"run{at}"
        opened(folder)
        left = at

        def create(self: LocalStore, path: str, data: bytes) -> bool:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return real(self, path, data)

        with monkeypatch.context() as patched:
            patched.setattr(LocalStore, "create", create)
            try:
                opened(folder, *GROWTH)
            except KeyboardInterrupt:
                pass
            else:
                break
        with open_run(recipe(*GROWTH), folder, Console(quiet=True), False) as run:
            assert not models.complete(run) or not outgrown(run)
        grown = opened(folder, *GROWTH)
        assert read_workload(grown) == read_workload(whole)
        assert train_problems(grown) == train_problems(whole)
        assert suite_problems(grown) == suite_problems(whole)
    assert at > 4


def test_a_wish_that_cannot_be_fulfilled_can_be_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(tmp_path / "run")
    with monkeypatch.context() as patched:
        patched.setattr("rollout.problems.drawing._DRAWS", 0)  # no family holds another problem
        patched.setattr("rollout.problems.drawing._drawn", _drawn.__wrapped__)  # nor are any kept from before
        with pytest.raises(RequestError, match="ask for fewer"):
            opened(tmp_path / "run", "problems.arithmetic.train=8")
    assert outgrown(Run(recipe=run.recipe, folder=run.folder, console=run.console))
    again = opened(tmp_path / "run", "problems.arithmetic.train=6")
    assert not outgrown(again)
    with pytest.raises(RequestError, match="may only grow"):
        opened(tmp_path / "run")


def test_all_stages_run_after_a_growth_though_they_were_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stage is asked when its turn comes: a finished run's stages are all complete until the plan has grown."""
    ran: list[str] = []
    todo = {"models": 1, "rollout": 0}

    def stage(name: str) -> Any:
        def work(run: Run) -> None:
            ran.append(name)
            todo[name] = 0
            if name == "models":
                todo["rollout"] = 1

        return execute.Stage(name=name, work=work, complete=lambda run: not todo[name], needs=(), needs_ray=False)

    monkeypatch.setattr(execute, "STAGES", [stage("models"), stage("rollout")])
    monkeypatch.setattr(execute, "predict", lambda run: None)
    assert execute.run_all(opened(tmp_path / "run"))
    assert ran == ["models", "rollout"]


def test_a_sweep_takes_over_a_grown_run(tmp_path: Path) -> None:
    opened(tmp_path / "source")
    source = opened(tmp_path / "source", *GROWTH)
    done(source)
    more = [*GROWTH, "evaluation.samples=4", "run.name=other"]
    with open_run(recipe(*more), tmp_path / "target", Console(quiet=True), False) as run:
        for name in ("teacher", "base"):
            source.model(name).mkdir(parents=True)
        take_over(run, [source])
        assert run.planned
        assert not outgrown(run)
        assert not missing_units(run)
        assert train_problems(run) == train_problems(source)
        assert {unit.samples for unit in planned_units(run)} == {1, 4}
    grown = opened(tmp_path / "target", *more[:-1], "run.name=other", "problems.arithmetic.train=9")
    assert train_problems(grown)[: len(train_problems(source))] == train_problems(source)
    assert len(missing_units(grown)) > 0


GENERATED = sorted(name for name in FAMILIES if name not in (*IMPORTED, *WITH_TASKS))


@settings(max_examples=25)
@given(
    family=st.sampled_from(GENERATED),
    counts=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    seed=st.integers(0, 3),
    split=st.sampled_from(["train", "validation", "test", "variant-renamed"]),
)
def test_the_first_problems_are_the_same_however_many_are_drawn(
    family: str, counts: tuple[int, int], seed: int, split: str
) -> None:
    few, many = sorted(counts)
    fewer, more = (
        generate(FamilyConfig(family=family, seed=seed, train=n, validation=n, test=n), split) for n in (few, many)
    )
    assert more[: len(fewer)] == fewer


@settings(max_examples=15)
@given(st.data())
def test_splits_stay_apart_when_a_run_grows(data: st.DataObject) -> None:
    """Whatever grows: what is there stays, and no train problem is like a held-out one."""
    names = data.draw(st.lists(st.sampled_from(GENERATED), min_size=1, max_size=2, unique=True))
    before = {name: data.draw(st.tuples(st.integers(1, 8), st.integers(1, 8))) for name in names}
    more = {name: data.draw(st.tuples(st.integers(0, 12), st.integers(0, 12))) for name in names}

    def asked(counts: dict[str, tuple[int, int]]) -> Recipe:
        given = [
            f"problems.{n}={{family='{n}', train={a}, test={b}, difficulty=[1, 1]}}" for n, (a, b) in counts.items()
        ]
        return recipe("problems.arguments.train=0", "problems.arguments.test=0", *given)

    old = draw_problems(asked(before))
    wanted = asked({name: (before[name][0] + more[name][0], before[name][1] + more[name][1]) for name in names})
    grown = draw_more(wanted, old.train, old.suites, "here")
    train = [*old.train, *grown.train]
    suites = {
        suite: [*old.suites.get(suite, ()), *grown.suites.get(suite, ())] for suite in {**old.suites, **grown.suites}
    }
    assert_apart(train, suites)
    again = draw_more(wanted, train, suites, "here")
    assert (again.train, again.suites) == ([], {}), "nothing is drawn twice"


def assert_apart(train: list[Problem], suites: dict[str, list[Problem]]) -> None:
    held_out = [problem for problems in suites.values() for problem in problems]
    kept, _ = deduplicate(train, HeldOut(held_out))
    assert kept == train
    assert len({problem.id for problem in train}) == len(train)


def problem(text: str, split: str = "test", gold: str = "7") -> Problem:
    return Problem(
        id=f"p-{split}-{text}",
        family="arithmetic",
        split=split,
        template=text,
        text=text,
        toolbox="arithmetic",
        gold=gold,
    )


def test_a_new_held_out_problem_that_is_like_an_attempted_one_is_left_out() -> None:
    attempted = problem("Tom has 3 red cups and then he gets 4 blue cups. How many cups has he?", "train")
    near = problem("Tom has 3 red cups and then he buys 4 blue cups. How many cups has he?")
    other = problem("A train with 12 wagons loses 5 of them. How many wagons stay?")
    assert addable([near, other], [(attempted, "near")]) == [other]
    assert addable([near, other], [(attempted, "exact")]) == [near, other]
    same = problem(attempted.text)
    assert addable([same, other], [(attempted, "exact")]) == [other]


def test_problems_that_are_not_drawn_any_more_are_refused() -> None:
    drawn = draw_problems(recipe())
    strange = problem("Not of this file.", "train")
    with pytest.raises(RequestError, match="1 of its problems of train are not drawn any more, such as p-train-Not of"):
        draw_more(recipe("problems.arithmetic.train=6"), [*drawn.train, strange], drawn.suites, "here")
    with pytest.raises(RequestError, match="of its problems of arithmetic are not drawn any more"):
        draw_more(recipe("problems.arithmetic.train=6"), drawn.train, {**drawn.suites, "arithmetic": [strange]}, "here")


def test_a_grown_run_is_hashed_whole_and_what_a_growth_left_that_was_taken_back_is_removed(tmp_path: Path) -> None:
    def verified(run: Run) -> str:
        console = Console(file=io.StringIO(), width=1000)
        try:
            verify_run(run.folder, console)
        except (UnverifiedError, WorkError) as error:
            console.print(str(error))
        return cast(io.StringIO, console.file).getvalue()

    opened(tmp_path / "run")
    run = opened(tmp_path / "run", *GROWTH)
    close(run)
    assert "verified: every file" in verified(run)
    for changed in ("plans/000001.json", *(name for name in read_workload(run).files if "added-" in name)):
        path = run.folder / changed
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"a", b"b", 1))
        assert f"{changed}: is not what was written" in verified(run)
        path.write_bytes(whole)
    left = run.folder / "problems" / "added-000000000000" / "train.jsonl"
    left.parent.mkdir()
    left.write_bytes(b"")
    assert "added-000000000000/train.jsonl: came after" in verified(run)
    run.events.add("stage started", stage="models")  # as the growth would have done that wrote it
    assert "no fault is found" in verified(run)
    close(run)
    assert not left.exists()
    assert "verified: every file" in verified(run)
