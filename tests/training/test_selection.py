"""What arms take of the same groups, and that examples come back from disk as they went there."""

from pathlib import Path

import pytest

from cluster.errors import CorruptionError, RequestError
from tests.training.samples import chain, cut_stream, group, sample_groups
from training.chains import ScoreRule, scored_group, scored_groups
from training.config import DpoArm, SftArm
from training.examples import StoredExamples, write_examples
from training.selection import arm_group, arm_groups
from training.sft import group_rows
from training.tree.batches import PreferenceExample

RULE = ScoreRule()


def test_an_arm_takes_the_first_chains_of_each_kind() -> None:
    whole = sample_groups(1)[0]
    taken = arm_group(whole, DpoArm(method="dpo", max_right=1))
    assert (len(taken.right), len(taken.wrong)) == (1, 2)
    assert taken.right[0] == whole.right[0]
    assert arm_group(whole, DpoArm(method="dpo")).chains == whole.chains
    assert len(group_rows(arm_group(whole, SftArm(method="sft", max_right=1)), SftArm(method="sft"))) == 1


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
    with pytest.raises(CorruptionError, match=r"examples: holds 1 of 3 examples; remove the folder"):
        StoredExamples(tmp_path / "examples")
