"""What SFT and GRPO on the tree learn from: groups to examples, to disk and back; and what a recipe may not say."""

from pathlib import Path

import msgspec
import pytest

from cluster.config import parse
from cluster.errors import RequestError
from rollout.data.shards import encode_rows
from rollout.records import Chain, Outcome, PreferenceGroup
from rollout.rewards import FallingReward, RewardsConfig
from rollout.rounds import RoundsConfig
from tests.training.samples import chain, group, sample_groups
from training.chains import ScoredChain
from training.config import DistillArm, DpoArm, GrpoArm, Schedule, SftArm
from training.policy_examples import StoredSamples, policy_examples, write_samples
from training.selection import refuse_idle
from training.sft import IGNORED, group_rows
from training.sft_examples import StoredChains, chain_examples, write_chains
from training.trainers.sft import ChainExample, SFTSteps

ARM = GrpoArm(method="grpo", rounds=RoundsConfig())


def sampled(one: Chain) -> Chain:
    """The chain with a log-probability of its own for each written token."""
    logprobs = tuple(-0.5 - at / 8 if step >= 0 else 0.0 for at, step in enumerate(one.step))
    return msgspec.structs.replace(one, logprobs=logprobs)


def sampled_groups() -> list[PreferenceGroup]:
    return [msgspec.structs.replace(one, chains=tuple(map(sampled, one.chains))) for one in sample_groups(3)]


def test_every_written_token_is_scored_with_its_own_log_probability(tmp_path: Path) -> None:
    often = sampled(chain([20, 1, 5, 21, 1], [0, 0, -1, 1, 1], failed_steps=(0,), multiplicity=3))
    wrong = sampled(chain([22, 1], [0, 0], Outcome.TRUNCATED))
    (example,) = policy_examples([group("p", [often, wrong], (3, 4))], ARM)
    assert example.chains[0].ids == (3, 4, 20, 1, 5, 21, 1)
    assert example.chains[0].scored == (False, False, True, True, False, True, True)
    assert example.behaviour == ((-0.5, -0.625, -0.875, -1.0), (-0.5, -0.625))
    assert (example.multiplicities, example.rewards) == ((3, 1), (1.0, 0.0))


def test_rules_are_weighed_into_the_rewards_of_an_arm() -> None:
    right = sampled(chain([20, 1], [0, 0], rewards=(0.5, 1.0)))
    wrong = sampled(chain([22, 1], [0, 0], Outcome.WRONG, rewards=(1.0, 0.25)))
    rules = RewardsConfig(label=2.0, format=0.4, length=FallingReward(weight=-1.0, target=1, limit=2))
    (example,) = policy_examples([group("p", [right, wrong], (3, 4))], ARM.model_copy(update={"rewards": rules}))
    assert example.rewards == pytest.approx((2.0 + 0.2 - 1.0, 0.4 - 0.25))
    (plain,) = policy_examples([group("p", [right, wrong], (3, 4))], ARM)
    assert plain.rewards == (1.0, 0.0)


def thinking(*chains: Chain) -> PreferenceGroup:
    """A group whose wrong chain, of six episodes, is a thought alone, which ran into the limit of tokens."""
    right = sampled(chain([20, 1], [0, 0], multiplicity=2))
    thought = sampled(chain([22, 23, 24], [0, 0, 0], Outcome.TRUNCATED, multiplicity=6))
    return group("p", [msgspec.structs.replace(right, thought_tokens=(1,)), _all_thought(thought), *chains], (3, 4))


def _all_thought(one: Chain) -> Chain:
    return msgspec.structs.replace(one, thought_tokens=(len(one.token_ids),))


def test_a_chain_without_a_token_to_learn_counts_in_the_mean_of_its_group(tmp_path: Path) -> None:
    arm = GrpoArm(method="grpo", rounds=RoundsConfig(), train_on_thoughts=False, skip_equal=True)
    examples = list(policy_examples([thinking()], arm))
    assert [(one.multiplicities, one.rewards, one.equal) for one in examples] == [((2, 6), (1.0, 0.0), False)]
    assert [(len(one.chains), len(one.unscored), len(one.behaviour)) for one in examples] == [(1, 1, 1)]
    assert examples[0].unscored[0] == ScoredChain((3, 4, 22, 23, 24), (False,) * 5)
    write_samples(examples, tmp_path / "samples")
    assert list(StoredSamples(tmp_path / "samples")) == examples


def test_a_chain_that_is_too_long_counts_in_the_mean_of_its_group() -> None:
    long = sampled(chain([22, 23, 24, 1], [0, 0, 0, 0], Outcome.WRONG, multiplicity=3))
    right = sampled(chain([20, 1], [0, 0]))
    (example,) = policy_examples([group("p", [long, right], (3, 4))], ARM, max_tokens=5)
    assert [one.ids[2:] for one in example.chains] == [(20, 1)]
    assert [one.ids[2:] for one in example.unscored] == [(22, 23, 24, 1)]
    assert (example.multiplicities, example.rewards) == ((1, 3), (1.0, 0.0))
    (whole,) = policy_examples([group("p", [long, right], (3, 4))], ARM, max_tokens=6)
    assert (len(whole.chains), whole.unscored) == (2, ())
    assert not list(policy_examples([group("p", [long], (3, 4))], ARM, max_tokens=5))


def test_samples_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    examples = list(policy_examples(sampled_groups(), ARM))
    write_samples(examples, tmp_path / "samples")
    assert list(StoredSamples(tmp_path / "samples")) == examples


def test_recorded_log_probabilities_go_through_shards() -> None:
    encoded = encode_rows(PreferenceGroup, sampled_groups())
    assert encoded.rows == 3
    assert not encoded.rejected


def test_groups_that_came_out_alike_are_left_out_where_the_arm_says_so(tmp_path: Path) -> None:
    alike = group("alike", [sampled(chain([20, 1], [0, 0])), sampled(chain([21, 1], [0, 0]))])
    groups = [alike, *sampled_groups()]
    assert len(list(policy_examples(groups, ARM))) == 4
    skipping = GrpoArm(method="grpo", rounds=RoundsConfig(), skip_equal=True)
    assert "alike" not in {example.problem_id for example in policy_examples(groups, skipping)}
    with pytest.raises(RequestError, match=r"^no group to learn from: in every one all attempts came out alike"):
        write_samples(policy_examples([alike], skipping), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_chains_without_their_samplers_log_probabilities_are_refused() -> None:
    with pytest.raises(RequestError, match=r"^arithmetic-train-000: a chain has no log-probabilities of its sampler"):
        list(policy_examples(sample_groups(1), ARM))


def test_the_tree_gets_the_very_rows_of_sft(tmp_path: Path) -> None:
    arm = SftArm(method="sft", rows="tree")
    groups = sample_groups(3)
    write_chains(chain_examples(groups, arm), arm, tmp_path / "chains")
    stored = StoredChains(tmp_path / "chains")
    assert [example.problem_id for example in stored] == [one.problem_id for one in groups]
    for one, example in zip(groups, stored, strict=True):
        rows = group_rows(one, arm)
        assert [list(chain.ids) for chain in example.chains] == [row["input_ids"] for row in rows]
        marks = [[label != IGNORED for label in row["labels"]] for row in rows]
        assert [list(chain.scored) for chain in example.chains] == marks


def test_a_group_of_a_last_step_weighs_as_much_as_any_other() -> None:
    examples: list[ChainExample] = list(chain_examples(sample_groups(3), SftArm(method="sft")))
    steps = SFTSteps(examples, equal="groups", groups_per_step=2, tokens_per_micro_step=500, world=1)
    sums = [sum(float(row.values.sum()) for row in steps[at]["step"].rows) for at in range(2)]
    assert sums == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"loss_type": "gspo", "credit": "steps"}, "'gspo' has one ratio a chain"),
        ({"loss_type": "cispo", "epsilon": 0.2}, "'cispo' has no epsilon"),
        ({"loss_type": "cispo", "epsilon_high": 0.5}, "an epsilon_high above 1"),
        ({"loss_type": "rloo", "scale_rewards": "group"}, "'rloo' has 'none'; leave it out"),
        ({"loss_type": "dr_grpo"}, "max_completion_length = None: loss_type = 'dr_grpo' needs it"),
        ({"max_completion_length": 9}, "max_completion_length = 9: loss_type = 'dr_grpo' needs it, no other has it"),
    ],
)
def test_what_no_loss_has_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        parse(GrpoArm, {"method": "grpo", "rounds": {}, **options}, "recipe")


@pytest.mark.parametrize(
    ("arm", "options", "says"),
    [
        (GrpoArm, {"method": "grpo", "rounds": {"samples": 1}}, "one attempt is no better than the mean of its group"),
        (DpoArm, {"method": "dpo", "rounds": {"samples": 1}}, "one attempt at a problem gives no pair; raise it"),
        (SftArm, {"method": "sft", "max_steps": 0}, "max_steps: 0 steps train nothing"),
        (GrpoArm, {"method": "grpo", "rounds": {"reference": "last"}}, "rounds.reference = 'last': the method has no"),
        (SftArm, {"method": "sft", "rounds": {"reference": "last"}}, "rounds.reference = 'last': the method has no"),
        (DistillArm, {"method": "distill", "rounds": {"reference": "last"}}, "rounds.reference = 'last'"),
        (DistillArm, {"method": "distill", "top_k": 5}, "top_k = 5: compare = 'vocabulary' has no likeliest tokens"),
        (
            DistillArm,
            {"method": "distill", "compare": "sampled", "rounds": {}, "tail": False},
            "tail = false: compare = 'sampled' has no likeliest tokens; leave it out",
        ),
    ],
)
def test_vain_options_are_refused(arm: type[Schedule], options: dict[str, object], says: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(arm, options, "recipe")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_that_change_something_are_taken() -> None:
    taught = {"method": "dpo", "chosen_from": "teacher", "rounds": {"samples": 1, "reference": "last"}}
    assert parse(DpoArm, taught, "recipe").rounds is not None
    likeliest = {"method": "distill", "compare": "top_k", "top_k": 5, "tail": False}
    assert parse(DistillArm, likeliest, "recipe").top_k == 5


def test_chains_of_the_teacher_are_chosen_in_rounds_alone() -> None:
    with pytest.raises(RequestError, match="chosen_from = 'teacher': the teacher's chains are all without rounds"):
        parse(DpoArm, {"method": "dpo", "chosen_from": "teacher"}, "recipe")
    assert parse(DpoArm, {"method": "dpo", "chosen_from": "both", "rounds": {}}, "recipe").chosen_from == "both"


@pytest.mark.parametrize(
    ("arm", "options", "says"),
    [
        (SftArm, {"max_wrong": 2}, "max_wrong = 2: the arm learns from right chains alone"),
        (SftArm, {"chains": "wrong", "max_right": 3}, "max_right = 3: the arm learns from wrong chains alone"),
        (DistillArm, {"chains": "right", "max_wrong": 2}, "max_wrong = 2: the arm learns from right chains alone"),
    ],
)
def test_a_limit_of_chains_that_an_arm_does_not_take_is_refused(
    arm: type[SftArm | DistillArm], options: dict[str, object], says: str
) -> None:
    given = {"method": "sft" if arm is SftArm else "distill", **options}
    with pytest.raises(ValueError, match=f"{says}; leave it out, or set balanced = true"):
        refuse_idle(parse(arm, given, "a stored recipe"))
    refuse_idle(parse(arm, given | {"balanced": True}, "recipe"))  # which takes as many of each kind
    used = {"max_wrong": "max_right", "max_right": "max_wrong"}
    refuse_idle(parse(arm, {used.get(name, name): value for name, value in given.items()}, "recipe"))


@pytest.mark.parametrize("method", ["sft", "distill"])
def test_a_single_attempt_is_never_balanced(method: str) -> None:
    arm = SftArm if method == "sft" else DistillArm
    with pytest.raises(ValueError, match="samples = 1: a single attempt is never balanced"):
        refuse_idle(parse(arm, {"method": method, "balanced": True, "rounds": {"samples": 1}}, "a stored recipe"))
    refuse_idle(parse(arm, {"method": method, "balanced": True, "rounds": {"samples": 2}}, "recipe"))
    refuse_idle(parse(arm, {"method": method, "rounds": {"samples": 1}}, "recipe"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "learns from the policy's own chains; set rounds"),
        ({"rounds": {}, "max_right": 2}, "leave max_right, max_wrong and balanced out"),
        ({"rounds": {"rounds": 0}}, "rounds.rounds"),
    ],
)
def test_an_arm_of_rewards_learns_in_rounds_from_whole_groups(options: dict[str, object], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        parse(GrpoArm, {"method": "grpo", **options}, "recipe")
