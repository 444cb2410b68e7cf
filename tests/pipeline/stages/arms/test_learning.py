"""What a round learns from: which chains its groups hold, and whether there is anything to learn."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cluster.errors import RequestError
from pipeline.run.findings import refuse_unmet_rewards
from pipeline.run.folder import Run
from pipeline.run.workload import train_problems
from pipeline.stages.arms.learnable import learns_from
from pipeline.stages.arms.policies import ArmRounds
from pipeline.stages.arms.round import Round
from pipeline.stages.arms.rounds import group_works
from rollout.records import Chain, ErrorCode, Outcome
from rollout.rewards import RewardsConfig, UsersRule
from rollout.rounds import RoundsConfig
from tests.pipeline.commands.rounds_made import Damage, make_attempts, with_arms
from tests.repository import DATA
from tests.training.samples import chain, group
from training.chains import ScoreRule
from training.config import ArmConfig, DistillArm, DpoArm, GrpoArm, SftArm

TOOL = -1
RIGHT = chain([20, 1], [0, 0])
UNREAD = chain([42, 1], [0, 0], Outcome.WRONG, failed_steps=(0,), error=ErrorCode.BAD_SYNTAX)
THOUGHT = msgspec.structs.replace(chain([22, 23], [0, 0], Outcome.TRUNCATED), thought_tokens=(2,))
PARTING = (
    chain([20, 1, 5, 7, 8, 1], [0, 0, TOOL, TOOL, 1, 1]),
    chain([20, 1, 5, 6, 8, 1], [0, 0, TOOL, TOOL, 1, 1], Outcome.WRONG),
)
ROUNDS = RoundsConfig(rounds=2, problems=2, samples=3)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    shutil.copytree(DATA / "run-f013669", tmp_path / "run")
    return with_arms(tmp_path / "run")


def test_groups_of_rewards_hold_chains_that_are_too_long(run: Run) -> None:
    """The mean of a group is of all; what is too long is left out of the loss, in training."""
    cut = run.recipe.groups.model_copy(update={"max_tokens": 100})
    run = replace(run, recipe=run.recipe.model_copy(update={"groups": cut}))
    held = {}
    for arm in (GrpoArm(method="grpo", rounds=ROUNDS), DpoArm(method="dpo", rounds=ROUNDS)):
        each = Round(ArmRounds(run, f"cut-{arm.method}", arm), [])
        make_attempts(each, Damage())
        held[arm.method] = ({work.groups.max_tokens for work in each.group_works()}, each.max_tokens)
    assert held == {"grpo": ({0}, 100), "dpo": ({100}, 0)}


def test_rounds_keep_every_chain_and_count_what_is_truncated_as_their_method_does(run: Run) -> None:
    """Which chains are learnt at is the arm's choice; a truncated one is wrong where it has a reward, and else none."""
    few = run.recipe.groups.model_copy(update={"max_right": 1, "max_wrong": 2, "truncated_as_wrong": False})
    run = replace(run, recipe=run.recipe.model_copy(update={"groups": few}))
    arms = (GrpoArm(method="grpo", rounds=ROUNDS), DistillArm(method="distill", rounds=ROUNDS))
    held = {}
    for arm in (*arms, DpoArm(method="dpo", rounds=ROUNDS), SftArm(method="sft", rounds=ROUNDS)):
        each = Round(ArmRounds(run, f"few-{arm.method}", arm), [])
        make_attempts(each, Damage())
        (groups,) = {work.groups for work in each.group_works()}
        held[arm.method] = (groups.max_right, groups.max_wrong, groups.truncated_as_wrong)
    assert held == {"grpo": (0, 0, True), "distill": (0, 0, True), "dpo": (0, 0, False), "sft": (0, 0, False)}


@pytest.mark.parametrize("nothing_to_do", [False, True])
def test_rewards_and_a_teacher_teach_where_doing_nothing_is_right(
    run: Run, nothing_to_do: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairs and SFT, which would teach to do nothing, leave such problems out until the recipe says otherwise."""
    wanted = run.recipe.groups.model_copy(update={"nothing_to_do": nothing_to_do})
    run = replace(run, recipe=run.recipe.model_copy(update={"groups": wanted}))
    idle = train_problems(run)[0].id
    marked = [msgspec.structs.replace(each, nothing_to_do=each.id == idle) for each in train_problems(run)]
    monkeypatch.setattr("pipeline.stages.groups.train_problems", lambda run: marked)
    every = RoundsConfig(rounds=2, problems=len(marked), samples=3)
    taught = {}
    for kind, method in ((GrpoArm, "grpo"), (DistillArm, "distill"), (DpoArm, "dpo"), (SftArm, "sft")):
        each = Round(ArmRounds(run, method, kind.model_validate({"method": method, "rounds": every})), [])
        make_attempts(each, Damage())
        works = group_works(run, [each])
        assert any(idle in work.problems for work in works)
        taught[method] = not any(idle in work.left_out for work in works)
    assert taught == {"grpo": True, "distill": True, "dpo": nothing_to_do, "sft": nothing_to_do}


@pytest.mark.parametrize(
    ("arm", "chains", "learns"),
    [
        (DpoArm(method="dpo", rounds=ROUNDS), (RIGHT, UNREAD), True),
        (DpoArm(method="dpo", rounds=ROUNDS), (RIGHT, RIGHT), False),
        (DpoArm(method="dpo", rounds=ROUNDS, scored=ScoreRule(failed_steps_in_wrong=False)), (RIGHT, UNREAD), False),
        (DpoArm(method="dpo", rounds=ROUNDS), PARTING, True),
        (DpoArm(method="dpo", rounds=ROUNDS, pairs="steps"), PARTING, False),
        (SftArm(method="sft", rounds=ROUNDS), (RIGHT, UNREAD), True),
        (SftArm(method="sft", rounds=ROUNDS), (UNREAD,), False),
        (SftArm(method="sft", rounds=ROUNDS, balanced=True), (RIGHT,), False),
        (DistillArm(method="distill", rounds=ROUNDS), (UNREAD,), True),
        (DistillArm(method="distill", rounds=ROUNDS, chains="right"), (UNREAD,), False),
        (DistillArm(method="distill", rounds=ROUNDS, train_on_thoughts=False), (THOUGHT,), False),
        (GrpoArm(method="grpo", rounds=ROUNDS), (RIGHT, UNREAD), True),
        (GrpoArm(method="grpo", rounds=ROUNDS), (UNREAD, THOUGHT), False),
        (GrpoArm(method="grpo", rounds=ROUNDS, train_on_thoughts=False), (THOUGHT,), False),
    ],
)
def test_there_is_something_to_learn_where_the_arm_has_an_example(
    arm: ArmConfig, chains: tuple[Chain, ...], learns: bool
) -> None:
    made = [
        msgspec.structs.replace(
            one,
            logprobs=(-0.5,) * len(one.step),
            thought_tokens=one.thought_tokens or (0,) * (1 + max(one.step)),
        )
        for one in chains
    ]
    assert learns_from([group("p", made, (3, 4))], arm) == learns
    assert not learns_from([], arm)


def test_a_round_looks_at_what_its_groups_hold(run: Run) -> None:
    each = Round(ArmRounds(run, "own", DpoArm(method="dpo", rounds=ROUNDS)), [])
    assert not each.can_learn(), "nothing is built yet"


def test_rounds_of_sft_learn_right_chains() -> None:
    with pytest.raises(ValueError, match="chains = 'wrong': rounds of sft learn the right chains"):
        SftArm(method="sft", chains="wrong", rounds=ROUNDS)


@pytest.mark.parametrize(("name", "why"), [("no.such:fn", "No module named 'no'"), ("math:few", "has no attribute")])
def test_a_reward_that_cannot_be_imported_is_refused_before_anything_is_attempted(
    run: Run, name: str, why: str
) -> None:
    def with_rule(name: str) -> Run:
        rules = RewardsConfig(function=UsersRule(name=name, weight=1.0))
        arms = {"own": GrpoArm(method="grpo", rounds=ROUNDS, rewards=rules)}
        return replace(run, recipe=run.recipe.model_copy(update={"arms": arms}))

    refuse_unmet_rewards(with_rule("math:sqrt"))
    with pytest.raises(RequestError, match=rf"^arms\.own\.rewards\.function: reward '{name}': .*{why}"):
        refuse_unmet_rewards(with_rule(name))


def test_a_reward_of_worlds_is_refused_where_the_problems_of_the_run_have_none(run: Run) -> None:
    arms = {"own": GrpoArm(method="grpo", rounds=ROUNDS, rewards=RewardsConfig(label=0.0, world=0.5))}
    with pytest.raises(RequestError, match=r"^arms\.own\.rewards\.world = 0\.5: no train problem has a world"):
        refuse_unmet_rewards(replace(run, recipe=run.recipe.model_copy(update={"arms": arms})))
