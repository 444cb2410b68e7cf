"""Which problems an arm's rounds attempt, which policy they go on with, and when they stop."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cluster.errors import CorruptionError
from pipeline.run.folder import read_run
from pipeline.stages.arms.policies import ArmRounds, RoundRecord, plan_rounds
from pipeline.stages.arms.round import Round
from rollout.data import layout
from rollout.data.group_rows import live_units, read_groups
from tests.repository import DATA
from training.config import DpoArm, RoundsConfig, SftArm


def problems_of(config: RoundsConfig, count: int, seed: int = 0) -> list[list[str]]:
    plan = plan_rounds([f"p{at}" for at in range(count)], config, seed, "run/arm", block=3)
    return [[name for unit in units for name in unit.problem_ids] for units in plan.rounds]


@given(count=st.integers(1, 30), problems=st.integers(1, 12), rounds=st.integers(1, 9), seed=st.integers(0, 3))
def test_no_problem_comes_again_before_all_have_come(count: int, problems: int, rounds: int, seed: int) -> None:
    drawn = problems_of(RoundsConfig(rounds=rounds, problems=problems), count, seed)
    times: Counter[str] = Counter()
    for members in drawn:
        assert len(members) == len(set(members)) == min(problems, count)
        for name in members:
            times[name] += 1
            rest = [times[f"p{at}"] for at in range(count)]
            assert max(rest) - min(rest) <= 1


def test_kept_problems_are_the_same_in_every_round_and_their_units_are_not() -> None:
    config = RoundsConfig(rounds=3, problems=4, samples=5, fresh=False)
    first, *others = problems_of(config, 20)
    assert others == [first, first]
    plan = plan_rounds([f"p{at}" for at in range(20)], config, 0, "run/arm", block=3)
    names = [unit.name for units in plan.rounds for unit in units]
    assert len(names) == len(set(names)) == 6
    assert {(unit.sample_start, unit.sample_stop) for units in plan.rounds for unit in units} == {(0, 5)}


def test_another_seed_draws_other_problems() -> None:
    config = RoundsConfig(problems=4)
    assert problems_of(config, 20, seed=1) != problems_of(config, 20, seed=2)


@pytest.fixture
def rounds(tmp_path: Path) -> ArmRounds:
    shutil.copytree(DATA / "run-f013669", tmp_path / "run")
    run = read_run(tmp_path / "run", Console(quiet=True))
    return ArmRounds(run, "own", SftArm(method="sft", rounds=RoundsConfig(rounds=4, problems=2, samples=3, patience=1)))


def test_an_arm_that_takes_the_teachers_chains_stays_with_the_groups_that_it_began_with(rounds: ArmRounds) -> None:
    assert rounds.plan().taught == ()
    for name, chosen_from in (("own", "policy"), ("taught", "teacher"), ("both", "both")):
        arm = DpoArm(method="dpo", chosen_from=chosen_from, rounds=RoundsConfig(rounds=1, problems=2, samples=3))
        begun = ArmRounds(rounds.run, name, arm).plan()
        ledger = rounds.run.ledger(layout.groups(rounds.run.student))
        units = [commit.unit for commit in live_units(ledger)]
        assert list(begun.taught) == ([] if chosen_from == "policy" else units)
        assert ArmRounds(rounds.run, name, arm).plan() == begun
        teachers = Round(ArmRounds(rounds.run, name, arm), []).taught()
        assert {teachers[problem] for problem in teachers} == set(begun.taught)
        for group in read_groups(ledger, units[:1]) if teachers else ():
            assert teachers[group.problem_id] == units[0]


def record(number: int, right: int, policy: bool = True, best: int = -1) -> RoundRecord:
    made = layout.round_model("own", number) if policy else ""
    return RoundRecord(number=number, outcomes={"right": right, "wrong": 10 - right}, tokens=1, policy=made, best=best)


def test_the_plan_stays_what_it_was(rounds: ArmRounds) -> None:
    first = rounds.plan()
    assert len(first.rounds) == 4
    assert ArmRounds(rounds.run, "own", rounds.arm.model_copy(update={"seed": 9})).plan() == first
    assert rounds.run.has_begun("own")
    path = rounds.run.folder / layout.round_plan("own")
    path.write_bytes(path.read_bytes().replace(b"p", b"q", 1))
    with pytest.raises(CorruptionError, match="restore it"):
        rounds.plan()


def test_records_are_written_once_and_counted_from_the_first(rounds: ArmRounds) -> None:
    assert rounds.records() == []
    rounds.keep(record(0, 3))
    rounds.keep(record(0, 9))  # by a command that came late
    rounds.keep(record(2, 5))  # of which the one before is missing
    assert rounds.records() == [record(0, 3)]
    assert not rounds.ended(rounds.records())


def test_attempts_that_machines_failed_do_not_count() -> None:
    found = RoundRecord(number=0, outcomes={"right": 3, "wrong": 1, "truncated": 2, "infrastructure": 6}, tokens=0)
    assert (found.attempts, found.share_right) == (6, 0.5)


def test_a_round_that_learnt_nothing_leaves_the_policy(rounds: ArmRounds) -> None:
    start = rounds.policy([])
    assert start == str(rounds.run.model("base")) or start.endswith("student")
    assert rounds.policy([record(0, 3, policy=False)]) == start
    made = [record(0, 3), record(1, 3, policy=False)]
    assert rounds.policy(made) == str(rounds.run.folder / "rounds/own/r000")
    assert rounds.final([record(0, 3, policy=False)]) == ""


@pytest.mark.parametrize(
    ("shares", "best"),
    [
        ([0.9], -1),  # the start model alone: nothing was learnt yet
        ([0.9, 0.1], -1),
        ([0.1, 0.5, 0.6], -1),
        ([0.1, 0.5, 0.5], 1),  # no greater share
        ([0.9, 0.5, 0.4], 1),  # the start model is no candidate, better or not
        ([0.1, 0.3, 0.5, 0.4], 2),
    ],
)
def test_rounds_stop_when_a_policy_is_no_better_than_an_earlier_one(
    rounds: ArmRounds, shares: list[float], best: int
) -> None:
    assert rounds.best(shares) == best


def test_the_policy_that_was_best_is_kept(rounds: ArmRounds) -> None:
    stopped = [record(0, 1), record(1, 5), record(2, 4, policy=False, best=1)]
    assert rounds.ended(stopped)
    assert rounds.final(stopped).endswith("rounds/own/r000"), "round 0 made the policy that began round 1"
    rising = [record(0, 1), record(1, 2), record(2, 3), record(3, 4)]
    assert rounds.final(rising).endswith("rounds/own/r003"), "nobody measured the last one, and the one before was best"
    patient = ArmRounds(rounds.run, "own", SftArm(method="sft", rounds=RoundsConfig(rounds=3, patience=0)))
    assert patient.best([0.1, 0.5, 0.1]) == -1
    assert patient.final([record(0, 1), record(1, 5), record(2, 1)]).endswith("r002")
