"""Which problems an arm's rounds attempt, which policy they go on with, and when they stop."""

import shutil
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cluster.errors import CorruptionError
from cluster.store.lines import write_lines
from pipeline.run.folder import read_run
from pipeline.run.models import model_source
from pipeline.stages.arms.policies import ArmRounds, RoundRecord, plan_rounds, stale_share
from pipeline.stages.arms.round import Round
from pipeline.stages.arms.rounds import nothing_learnt, publish
from rollout.data import layout
from rollout.data.group_rows import live_units, read_groups
from rollout.rounds import GuideConfig, RoundsConfig
from tests.repository import DATA
from training.config import DpoArm, SftArm
from training.ranks.metrics import read_metrics


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


@given(
    count=st.integers(1, 12), share=st.floats(0.1, 0.9), rounds=st.integers(2, 4), helped=st.sets(st.integers(0, 11))
)
def test_every_problem_of_a_guided_arm_is_attempted_as_often(
    count: int, share: float, rounds: int, helped: set[int]
) -> None:
    """Those that the teacher has no turns for, too; each block has one unit without the teacher's turns."""
    config = RoundsConfig(rounds=rounds, problems=5, samples=8)
    guided = [GuideConfig(share=share).samples(number, config) for number in range(rounds)]
    spans, names = [(8 - some, some) for some in guided], {f"p{at}" for at in helped}
    plan = plan_rounds([f"p{at}" for at in range(count)], config, 0, "run/arm", 2, spans, names)
    for units, further, (own, more) in zip(plan.rounds, plan.helped, spans, strict=True):
        times, with_turns = Counter[str](), Counter[str]()
        for unit in (*units, *further):
            times.update(dict.fromkeys(unit.problem_ids, unit.sample_stop - unit.sample_start))
        for unit in further:
            with_turns.update(dict.fromkeys(unit.problem_ids, unit.sample_stop - own))
        assert set(times.values()) == {8}
        assert len(times) == min(5, count)
        assert with_turns == ({name: more for name in times if name in names} if more else {})
        assert len({unit.block for unit in units}) == len(units)


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


@pytest.mark.parametrize(("reference", "measured_against"), [("start", ""), ("last", "rounds/own/r000")])
def test_the_reference_is_the_model_it_starts_from_or_the_last_policy(
    rounds: ArmRounds, reference: str, measured_against: str
) -> None:
    config = RoundsConfig.model_validate({"rounds": 3, "problems": 2, "samples": 3, "reference": reference})
    own = ArmRounds(rounds.run, "own", DpoArm(method="dpo", rounds=config))
    start = model_source(rounds.run, "base")
    assert Round(own, []).reference == start
    found = Round(own, [record(0, 3)]).reference
    assert found == (str(rounds.run.folder / measured_against) if measured_against else start)
    assert Round(own, [record(0, 3)]).start.endswith("rounds/own/r000")


def test_the_metrics_of_an_arm_count_the_steps_of_all_its_rounds(rounds: ArmRounds) -> None:
    went = [(0, 2, True), (1, 3, False), (2, 2, True)]  # round 1 made no policy, and its steps are none of the arm's
    for number, steps, policy in went:
        of_round = rounds.run.folder / layout.round_checkpoints("own", number) / layout.METRICS
        write_lines(of_round, [msgspec.json.encode({"step": n, "steps": steps, "loss": number}) for n in range(steps)])
        rounds.keep(msgspec.structs.replace(record(number, 3 + number, policy), steps=steps if policy else 0))
    for number in (0, 2):
        (rounds.run.folder / layout.round_model("own", number)).mkdir(parents=True)
        (rounds.run.folder / layout.round_model("own", number) / "weights").write_text(str(number))
    publish(rounds)
    rows = read_metrics(rounds.run.folder / layout.checkpoints("own") / layout.METRICS)
    assert [(row["loss"], row["step"], row["steps"]) for row in rows] == [(0, 0, 2), (0, 1, 2), (2, 2, 4), (2, 3, 4)]
    assert (rounds.run.model("own") / "weights").read_text() == "2"


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
    assert rounds.best(went(shares)) == best


def went(shares: list[float]) -> list[RoundRecord]:
    """Records of rounds with these shares right, all of which but the newest one made a policy."""
    return [record(at, round(10 * share), policy=at < len(shares) - 1) for at, share in enumerate(shares)]


@pytest.mark.parametrize(
    ("max_staleness", "right", "made", "best"),
    [
        (0, [0, 3, 2], {1}, -1),  # the start model attempted round 1, too: round 2 is the first one of a policy
        (0, [0, 3, 2, 1], {1, 2}, 2),
        (1, [0, 9, 8, 2], {1, 2}, -1),
        (1, [0, 9, 8, 2, 1], {1, 2, 3}, 3),
        (0, [5, 4, 3, 2], set(), -1),
    ],
)
def test_a_first_round_without_anything_to_learn_makes_no_candidate_of_the_start_model(
    rounds: ArmRounds, max_staleness: int, right: list[int], made: set[int], best: int
) -> None:
    arm = stale(rounds, max_staleness, patience=1)
    records = [record(at, one, policy=at in made) for at, one in enumerate(right)]
    assert arm.best(records) == best
    assert bool(arm.final(records)) == bool(made), "what was learnt is published"


def test_the_policy_that_was_best_is_kept(rounds: ArmRounds) -> None:
    stopped = [record(0, 1), record(1, 5), record(2, 4, policy=False, best=1)]
    assert rounds.ended(stopped)
    assert rounds.final(stopped).endswith("rounds/own/r000"), "round 0 made the policy that began round 1"
    rising = [record(0, 1), record(1, 2), record(2, 3), record(3, 4)]
    assert rounds.final(rising).endswith("rounds/own/r003"), "nobody measured the last one, and the one before was best"
    patient = ArmRounds(rounds.run, "own", SftArm(method="sft", rounds=RoundsConfig(rounds=3, patience=0)))
    assert patient.best(went([0.1, 0.5, 0.1])) == -1
    assert patient.final([record(0, 1), record(1, 5), record(2, 1)]).endswith("r002")


def stale(rounds: ArmRounds, max_staleness: int, patience: int = 0) -> ArmRounds:
    config = RoundsConfig(rounds=4, problems=2, samples=3, patience=patience, max_staleness=max_staleness)
    return ArmRounds(rounds.run, "own", SftArm(method="sft", rounds=config))


@pytest.mark.parametrize(
    ("max_staleness", "attempted_by", "ages"),
    [(0, ["", "r000", "r001", "r002"], [0, 0, 0, 0]), (1, ["", "", "r000", "r001"], [0, 1, 1, 1]),
     (3, ["", "", "", ""], [0, 1, 2, 3])],
)  # fmt: skip
def test_a_round_is_attempted_by_the_policy_that_is_so_many_updates_older(
    rounds: ArmRounds, max_staleness: int, attempted_by: list[str], ages: list[int]
) -> None:
    arm, start = stale(rounds, max_staleness), rounds.policy([])
    records = [record(number, 3) for number in range(4)]
    for number, policy in enumerate(attempted_by):
        each = Round(arm, records[:number])
        assert each.policy == (str(arm.run.folder / f"rounds/own/{policy}") if policy else start)
        assert each.age == ages[number]
        assert each.start == arm.policy(records[:number]), "the update begins with the last one"
        # As soon as the policy is there, whatever else has not ended.
        early = Round(arm, records[: max(0, number - max_staleness)], number)
        assert (early.title, early.policy) == (each.title, each.policy)
        assert early.units == each.units
    with pytest.raises(AssertionError, match="is not there yet"):
        Round(arm, records[: 3 - max_staleness], 4)


def test_updates_that_learnt_nothing_make_no_policy_older(rounds: ArmRounds) -> None:
    records = [record(0, 3), record(1, 3, policy=False), record(2, 3)]
    assert Round(stale(rounds, 1), records[:2]).age == 0
    assert Round(stale(rounds, 2), records).age == 1
    assert Round(stale(rounds, 1), records).age == 1


def test_attempts_that_may_begin_early_are_those_whose_policy_is_there(rounds: ArmRounds) -> None:
    def coming(max_staleness: int, ended: int) -> list[int]:
        records = [record(number, 3) for number in range(ended)]
        return [each.number for each in Round(stale(rounds, max_staleness), records).coming()]

    assert [coming(0, ended) for ended in range(4)] == [[], [], [], []]
    assert [coming(1, ended) for ended in range(4)] == [[1], [2], [3], []]
    assert [coming(2, ended) for ended in range(4)] == [[1, 2], [2, 3], [3], []]


def test_the_stale_share_is_of_attempts() -> None:
    def of(age: int, right: int, failed: int = 0) -> RoundRecord:
        outcomes = {"right": right, "wrong": 1, "infrastructure": failed}
        return RoundRecord(number=0, outcomes=outcomes, tokens=0, age=age)

    assert stale_share([]) == 0.0
    assert stale_share([of(0, 5), of(0, 3)]) == 0.0
    assert stale_share([of(0, 5, failed=9), of(1, 2), of(2, 9)]) == 13 / 19


def test_rounds_of_older_policies_validate_what_they_attempted_with(rounds: ArmRounds) -> None:
    arm = stale(rounds, max_staleness=1, patience=1)
    assert arm.best(went([0.1, 0.9, 0.5])) == -1, "the start model attempted rounds 0 and 1"
    assert arm.best(went([0.1, 0.9, 0.5, 0.4])) == 2
    stopped = [record(0, 1), record(1, 9), record(2, 5), record(3, 4, policy=False, best=2)]
    assert arm.final(stopped).endswith("rounds/own/r000"), "round 2 was attempted by what round 0 made"
    rising = [record(0, 1), record(1, 2), record(2, 3), record(3, 4)]
    assert arm.final(rising).endswith("rounds/own/r003")


def test_a_policy_cannot_be_older_than_the_rounds() -> None:
    with pytest.raises(ValueError, match=r"max_staleness = 3: in 3 rounds no policy .*; set it to 2 at most"):
        RoundsConfig(rounds=3, max_staleness=3)


def test_checkpoints_of_rounds_in_step_are_resumed_from(rounds: ArmRounds, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that came later changes nothing where it is not set."""
    monkeypatch.setattr("training.ranks.request.model_revision", lambda source: "revision")
    monkeypatch.setattr("training.ranks.request.content_hash", lambda *parts: parts[0])

    def named(max_staleness: int) -> bool:
        request = Round(stale(rounds, max_staleness), []).request(rounds.run.recipe.training, None)
        assert '"patience":0' in request.fingerprint
        return "max_staleness" in request.fingerprint

    assert (named(0), named(1)) == (False, True)
    budget = SftArm(method="sft", rounds=RoundsConfig(max_own_tokens=9, max_seconds=9.0))
    limited = Round(ArmRounds(rounds.run, "own", budget), []).request(rounds.run.recipe.training, None)
    assert "max_own_tokens" not in limited.fingerprint
    assert "max_seconds" not in limited.fingerprint


def test_an_arm_that_learnt_nothing_says_whether_its_prompts_with_help_fit() -> None:
    cut = RoundRecord(number=0, outcomes={"wrong": 4}, tokens=9, helped={"truncated": 4})
    said = nothing_learnt("rlag", "dpo", [cut, cut], 384)
    assert "384 tokens" in said
    assert "max_context" in said
    for records in ([cut, msgspec.structs.replace(cut, helped_tokens=1)], [msgspec.structs.replace(cut, helped={})]):
        assert "rounds.samples" in nothing_learnt("rlag", "dpo", records, 384)
