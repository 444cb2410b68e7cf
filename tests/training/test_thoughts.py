"""Arms that do not train on thoughts: what carries loss then, in SFT and in DPO, for two dialects."""

from itertools import pairwise

import pytest

from cluster.errors import RequestError
from rollout.config import GroupsConfig
from rollout.groups import build_group
from rollout.records import Chain, Outcome, PreferenceGroup
from tests.rollout.episodes.test_dialect_episodes import ADD, FINISH, THOUGHT, WRONG, native, play
from tests.training.samples import chain, group
from training.chains import ScoreRule, scored_group
from training.config import ArmConfig, DpoArm, SftArm
from training.selection import arm_group
from training.sft import IGNORED, group_rows

DIALECTS = ("qwen3", "gptoss", "qwen3_5_think")
RIGHT = chain([50, 51, 20, 21, 1], [0] * 5, thought_tokens=(2,))
OTHER = chain([50, 52, 20, 22, 1], [0] * 5, Outcome.WRONG, thought_tokens=(2,))


def thinking_group(name: str) -> PreferenceGroup:
    right, wrong = play(name, [[ADD], [FINISH]], THOUGHT), play(name, [[ADD], [WRONG]], THOUGHT, sample=1)
    made = build_group([right, wrong], "student", native(name), GroupsConfig())
    assert made is not None
    return made


def replies(name: str, chain: Chain, thought: str) -> list[int]:
    """What is to carry loss in a chain: its replies' ids, without those that a template writes for the thought."""
    template, marks = native(name), [-1, *chain.step, -1]
    starts = [at for at, (before, here) in enumerate(pairwise(marks)) if here >= 0 and before < 0]
    ends = [at for at, (before, here) in enumerate(pairwise(marks)) if before >= 0 and here < 0]
    expected: list[int] = []
    for start, end in zip(starts, ends, strict=True):
        reply = list(chain.token_ids[start:end])
        text = template.decode_reply(reply)
        after = text[text.index(thought) + len(thought) :]
        for mark in ("\n</think>\n\n", "<|end|><|start|>assistant"):
            after = after.removeprefix(mark)
        call = template._tokenizer.encode(after, add_special_tokens=False)
        assert reply[-1 - len(call) : -1] == call
        expected += [*call, reply[-1]]
    return expected


@pytest.mark.parametrize("name", DIALECTS)
def test_exactly_the_ids_of_thoughts_carry_no_loss_in_sft(name: str) -> None:
    made = thinking_group(name)
    for trained in (True, False):
        arm = SftArm(method="sft", train_on_thoughts=trained)
        (row,) = group_rows(arm_group(made, arm), arm)
        learnt = [label for label in row["labels"] if label != IGNORED]
        (right,) = made.right
        written = [token for token, step in zip(right.token_ids, right.step, strict=True) if step >= 0]
        assert learnt == (written if trained else replies(name, right, THOUGHT))
        assert row["input_ids"] == [*made.prompt_ids, *right.token_ids], "they stay in the chain"


@pytest.mark.parametrize("name", DIALECTS)
def test_exactly_the_ids_of_thoughts_are_not_scored_in_dpo(name: str) -> None:
    made = thinking_group(name)
    arm = DpoArm(method="dpo", train_on_thoughts=False)
    scored = scored_group(arm_group(made, arm), arm.scored)
    assert scored is not None
    for chain_, plain in zip(scored.chains, made.chains, strict=True):
        assert chain_.ids == (*made.prompt_ids, *plain.token_ids)
        assert [i for i, kept in zip(chain_.ids, chain_.scored, strict=True) if kept] == replies(name, plain, THOUGHT)
    whole = scored_group(arm_group(made, DpoArm(method="dpo")), ScoreRule())
    assert whole is not None
    assert [each.length for each in whole.chains] == [sum(each.written) for each in made.chains]


def test_chains_that_part_in_a_thought_pair_in_the_step_that_it_belongs_to() -> None:
    arm = DpoArm(method="dpo", pairs="steps", train_on_thoughts=False)
    scored = scored_group(arm_group(group("p", [RIGHT, OTHER]), arm), arm.scored)
    assert scored is not None
    assert [each.scored[-5:] for each in scored.chains] == [(False, False, True, True, True)] * 2


@pytest.mark.parametrize("arm", [SftArm(method="sft", balanced=True), DpoArm(method="dpo", balanced=True)])
def test_a_balanced_arm_takes_no_chain_of_thoughts_alone(arm: ArmConfig) -> None:
    only = chain([50, 51], [0, 0], thought_tokens=(2,))
    made = group("p", [only, RIGHT, OTHER])
    assert arm_group(made, arm).right[0].token_ids == only.token_ids
    assert [each.token_ids for each in arm_group(made, arm.model_copy(update={"train_on_thoughts": False})).right] == [
        RIGHT.token_ids
    ]


def test_groups_that_do_not_say_what_is_a_thought_are_refused_for_such_an_arm() -> None:
    made = group("p", [RIGHT, chain([20, 1], [0, 0])])
    with pytest.raises(RequestError, match="older version"):
        arm_group(made, SftArm(method="sft", train_on_thoughts=False))
    assert len(arm_group(made, SftArm(method="sft")).chains) == 2
