"""What arms take of the same groups, and that examples come back from disk as they went there."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from cluster.engine.model_source import model_revision
from cluster.errors import CorruptionError, RequestError
from cluster.store.digests import SUMS
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from pipeline.sweep.points import load_sweep
from rollout.records import ErrorCode, Outcome, PreferenceGroup, content_hash
from rollout.rewards import RewardsConfig
from rollout.rounds import RoundsConfig
from tests.repository import ROOT
from tests.training.samples import chain, cut_stream, group, publish_groups, sample_groups, save_model
from training.chains import ScoreRule, scored_group, scored_groups
from training.config import ArmConfig, DpoArm, GrpoArm, SftArm, TrainingConfig
from training.examples import StoredExamples, write_examples
from training.ranks.request import ArmRequest
from training.selection import arm_group, arm_groups
from training.sft import IGNORED, group_rows
from training.tree.batches import PreferenceExample, StepDataset

RULE = ScoreRule()
SFT = SftArm(method="sft")


def test_an_arm_takes_the_first_chains_of_each_kind() -> None:
    whole = sample_groups(1)[0]
    taken = arm_group(whole, DpoArm(method="dpo", max_right=1))
    assert (len(taken.right), len(taken.wrong)) == (1, 2)
    assert taken.right[0] == whole.right[0]
    assert arm_group(whole, DpoArm(method="dpo")).chains == whole.chains
    assert len(group_rows(arm_group(whole, SftArm(method="sft", max_right=1)), SftArm(method="sft"))) == 1


def test_limits_of_a_control_on_wrong_chains_count_those_that_it_learns_from() -> None:
    right = [chain([10, 11, 1], [0, 0, 0]), chain([12, 11, 1], [0, 0, 0])]
    unread = chain([20, 21, 1], [0, 0, 0], Outcome.WRONG, failed_steps=(0,), error=ErrorCode.BAD_SYNTAX)
    false = chain([22, 21, 1], [0, 0, 0], Outcome.WRONG, error=ErrorCode.ANSWER_WRONG)
    whole = group("p", [*right, unread, false], (3, 4))
    for options in ({}, {"max_wrong": 1}, {"balanced": True}, {"balanced": True, "max_right": 1}):
        arm = SftArm.model_validate({"method": "sft", "chains": "wrong", **options})
        (row,) = group_rows(arm_group(whole, arm), arm)
        assert row["input_ids"] == [3, 4, 22, 21, 1]


def test_an_arm_pairs_its_own_way_or_as_the_groups_do() -> None:
    whole = sample_groups(1)[0]
    assert arm_group(whole, DpoArm(method="dpo")).rule.kind == "chains"
    assert arm_group(whole, DpoArm(method="dpo", pairs="steps")).rule.kind == "steps"


def test_matched_pairs_use_every_chain_once() -> None:
    whole = sample_groups(1)[0]
    matched = scored_group(arm_group(whole, DpoArm(method="dpo", pairs="matched")), RULE)
    assert matched is not None
    assert matched.pair_weights == ((1.0, 0.0), (0.0, 1.0))
    lone = arm_group(whole, DpoArm(method="dpo", pairs="matched", max_right=1))
    scored = scored_group(lone, RULE)
    assert scored is not None
    assert (len(scored.right), len(scored.wrong), scored.pairs) == (1, 1, 1.0)


def test_a_pair_without_a_scored_token_is_left_out() -> None:
    failed = chain([40, 41, 1], [0, 0, 0], failed_steps=(0,))
    good, *wrong = sample_groups(1)[0].chains[:1] + sample_groups(1)[0].chains[2:]
    arm = DpoArm(method="dpo", pairs="matched")
    scored = scored_group(arm_group(group("p", [failed, good, *wrong]), arm), RULE)
    assert scored is not None
    assert scored.pairs == 1.0


@pytest.mark.parametrize("pairs", ["chains", "matched", "steps"])
def test_examples_come_back_as_they_were(pairs: str, tmp_path: Path) -> None:
    groups = arm_groups(sample_groups(5), DpoArm.model_validate({"method": "dpo", "pairs": pairs}))
    examples = [
        PreferenceExample(scored, tuple(-1.25 - at for at, _ in enumerate(scored.right)), (-3.5,) * len(scored.wrong))
        for scored in scored_groups(groups, RULE)
    ]
    write_examples(iter(examples), tmp_path / "examples")
    write_examples(iter(()), tmp_path / "examples")  # what is there stays
    stored = StoredExamples(tmp_path / "examples")
    assert list(stored) == examples
    assert stored[1:3] == examples[1:3]


def test_no_pair_at_all_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(
        RequestError, match=r"^no group has a pair: no problem has both a right and a wrong chain; sample more$"
    ):
        write_examples(iter(()), tmp_path / "examples")
    assert not list(tmp_path.iterdir())


def test_examples_of_which_some_were_lost_are_refused(tmp_path: Path) -> None:
    examples = [
        PreferenceExample(one, (-1.0,) * len(one.right), (-2.0,) * len(one.wrong))
        for one in scored_groups(sample_groups(3), RULE)
    ]
    write_examples(examples, tmp_path / "examples")
    cut_stream(tmp_path / "examples" / "examples.arrow")
    (tmp_path / "examples" / SUMS).unlink()  # as earlier versions wrote it
    with pytest.raises(CorruptionError, match=r"examples: holds 1 of 3 examples; remove the folder"):
        StoredExamples(tmp_path / "examples")


def test_examples_that_are_not_those_that_were_written_are_refused(tmp_path: Path) -> None:
    examples = [PreferenceExample(one, (-1.0, -1.0), (-2.0, -2.0)) for one in scored_groups(sample_groups(3), RULE)]
    write_examples(examples, tmp_path / "examples")
    (tmp_path / "examples" / "examples.arrow").write_bytes(b"changed")
    with pytest.raises(CorruptionError, match=rf"; remove {tmp_path / 'examples'} and run again$"):
        StoredExamples(tmp_path / "examples")


def uneven_groups() -> list[PreferenceGroup]:
    """Groups with other numbers of right and wrong chains, often written ones, and ones without a kind or a token."""
    whole = sample_groups(6)
    right, wrong = (list(whole[0].right), list(whole[0].wrong))
    often = [msgspec.structs.replace(one, multiplicity=7) for one in right[:1]]
    failed = chain([40, 41, 1], [0, 0, 0], failed_steps=(0,))
    return [
        *whole[1:],
        group("more-right", [*right, *wrong[:1]]),
        group("often", [*often, right[1], *wrong]),
        group("nothing-to-learn-first", [failed, right[0], *wrong]),
        group("no-wrong", right),
        group("no-right", wrong),
    ]


def seen_by(arm: ArmConfig) -> dict[str, tuple[set[tuple[int, ...]], set[tuple[int, ...]], float]]:
    """Problem -> the right and the wrong chains that an arm's trainer gets, as ids, and their weight in the loss."""
    seen = {}
    for one in arm_groups(uneven_groups(), arm):
        if isinstance(arm, SftArm):
            if rows := group_rows(one, arm):
                weight = sum(row["weight"] for row in rows for label in row["labels"] if label != IGNORED)
                seen[one.problem_id] = ({tuple(row["input_ids"]) for row in rows}, set[tuple[int, ...]](), weight)
        elif (scored := scored_group(one, RULE)) is not None:
            example = PreferenceExample(scored, (0.0,) * len(scored.right), (0.0,) * len(scored.wrong))
            steps = StepDataset(
                [example], groups_per_step=1, tokens_per_micro_step=500, world=1, pair_mean=arm.pair_mean
            )
            ((slot,),) = (row.slots for row in steps[0]["step"].rows)
            weights = slot.sums(torch.zeros(len(scored.chains))).pair_weights
            assert len(set(weights[weights > 0].tolist())) == 1, "all pairs of a group weigh the same"
            right, wrong = ({one.ids for one in side} for side in (scored.right, scored.wrong))
            seen[one.problem_id] = (right, wrong, float(weights.sum()))
    return seen


def test_arms_of_the_clean_comparison_see_the_same_groups_chains_and_weights() -> None:
    """The arms as recipes/ablations-local.toml has them; the plain arms differ in each of the three."""
    arms = load_sweep(ROOT / "recipes" / "ablations-local.toml").runs["main"].recipe.arms
    of_pairs, matched, sft = (seen_by(arms[f"{name}.s0"]) for name in ("dpo-equal", "dpo-matched", "sft-equal"))
    assert of_pairs.keys() == matched.keys() == sft.keys()
    assert {"no-wrong", "no-right"}.isdisjoint(of_pairs)
    assert "nothing-to-learn-first" in of_pairs
    for problem, (right, wrong, weight) in of_pairs.items():
        assert len(right) == len(wrong)
        assert matched[problem][:2] == (right, wrong)
        assert sft[problem][0] == right
        assert weight == pytest.approx(1.0)
        assert matched[problem][2] == pytest.approx(1.0)
        assert sft[problem][2] == pytest.approx(1.0)
    plain = {
        row["weight"] for one in arm_groups(uneven_groups(), arms["sft.s0"]) for row in group_rows(one, SFT)
    }  # a plain arm takes groups that DPO does not
    assert len(plain) > 1
    assert "no-wrong" in {one.problem_id for one in arm_groups(uneven_groups(), arms["sft.s0"]) if group_rows(one, SFT)}


def test_balanced_arms_take_the_rarer_kinds_number_within_their_limits() -> None:
    more = next(one for one in uneven_groups() if one.problem_id == "more-right")
    taken = arm_group(more, DpoArm(method="dpo", balanced=True))
    assert (len(taken.right), len(taken.wrong)) == (1, 1)
    whole = sample_groups(1)[0]
    assert len(arm_group(whole, DpoArm(method="dpo", balanced=True)).chains) == 4
    assert len(arm_group(whole, DpoArm(method="dpo", balanced=True, max_wrong=1)).chains) == 2


def request_of(run: Path, model: Path, arm: ArmConfig) -> ArmRequest:
    return ArmRequest(
        name="a",
        arm=arm,
        training=TrainingConfig(),
        start_model=str(model),
        run=str(run),
        groups="groups/tiny",
        model_dir=run / "out",
        checkpoint_dir=run / "checkpoints",
        log_path=run / "log",
    )


def test_later_keys_at_their_defaults_leave_the_fingerprint_of_an_arm(tmp_path: Path) -> None:
    publish_groups(tmp_path, sample_groups(2))
    model = save_model(tmp_path / "model")

    def fingerprint(arm: ArmConfig) -> str:
        return request_of(tmp_path, model, arm).fingerprint

    plain = SftArm(method="sft")
    older = plain.model_dump(exclude={"balanced", "equal"})
    assert "balanced" not in older
    assert fingerprint(plain) == fingerprint(SftArm.model_validate(older))
    assert fingerprint(plain) != fingerprint(SftArm(method="sft", balanced=True))
    assert fingerprint(plain) != fingerprint(SftArm(method="sft", equal="groups"))
    equal = DpoArm(method="dpo", pair_weights="equal")
    assert fingerprint(DpoArm(method="dpo")) != fingerprint(equal)
    online = DpoArm(method="dpo", rounds=RoundsConfig())
    assert fingerprint(online) != fingerprint(online.model_copy(update={"chosen_from": "teacher"}))


def test_the_fingerprint_of_an_arm_is_that_of_before_there_were_later_keys(tmp_path: Path) -> None:
    publish_groups(tmp_path, sample_groups(2))
    model = save_model(tmp_path / "model")
    plain = GrpoArm(method="grpo", rounds=RoundsConfig())
    shards = [commit.shard for commit in Ledger(open_store(str(tmp_path)), "groups/tiny").commits().values()]
    stops = {"max_staleness", "max_own_tokens", "max_seconds"}
    for arm, later in ((plain, {"rewards"}), (DpoArm(method="dpo"), {"rounds", "pair_weights", "chosen_from"})):
        absent: dict[str, Any] = dict.fromkeys(("balanced", "train_on_thoughts", "help", "guide", *later), True)
        said = arm.model_dump_json(exclude={"rounds": stops} | absent)
        hashed = content_hash(said, model_revision(str(model)), "float32", *shards)
        assert request_of(tmp_path, model, arm).fingerprint == hashed
    ruled = plain.model_copy(update={"rewards": RewardsConfig()})
    assert request_of(tmp_path, model, ruled).fingerprint != request_of(tmp_path, model, plain).fingerprint
    assert "rewards" not in request_of(tmp_path, model, plain).made_from.settings
