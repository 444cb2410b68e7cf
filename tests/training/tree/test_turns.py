"""Trees of conversations of several user turns: what is scored, and the gradient of all pairs."""

from pathlib import Path

import msgspec
import pytest

from rollout.config import EpisodeConfig, GroupsConfig
from rollout.groups import build_group
from rollout.records import PreferenceGroup
from tests.rollout.conversations import chat_template
from tests.rollout.episodes.test_turns import ADD, DONE, LAST, REPLIES, TWICE, play_with
from tests.training.tree.test_attention import in_float64
from tests.training.tree.test_trainer import config, pair_by_pair, step_gradient
from tests.training.tree.trees import relative, tiny_model
from training.chains import ScoreRule, scored_group
from training.sft import loss_mask
from training.tree.batches import PreferenceExample
from training.tree.layout import tree_size

WRONG = '{"name":"finish","arguments":{"answer":7}}'
ATTEMPTS = (REPLIES, (DONE, ADD, DONE, LAST), (ADD, DONE, DONE, WRONG), (ADD, DONE, "no call", DONE, WRONG))
"""Two right ones and two wrong ones, which part in the first turn, in the second and in the last."""


def group(kind: str = "chains") -> PreferenceGroup:
    short = EpisodeConfig(verbosity="names", max_failed_steps=1)
    episodes = [
        msgspec.structs.replace(play_with(replies, "json", 0, config=short), sample=at)
        for at, replies in enumerate(ATTEMPTS)
    ]
    made = build_group(episodes, "student", chat_template(), GroupsConfig(pairs=kind))
    assert made is not None
    assert (len(made.right), len(made.wrong)) == (2, 2)
    return made


def test_what_users_say_is_never_scored() -> None:
    made = group()
    tokenizer = chat_template()._tokenizer
    scored = scored_group(made, ScoreRule())
    assert scored is not None
    for chain, other in zip(made.chains, scored.chains, strict=True):
        masks = {"sft": loss_mask(chain), "dpo": list(other.scored[len(made.prompt_ids) :])}
        for name, mask in masks.items():
            learnt = tokenizer.decode([t for t, kept in zip(chain.token_ids, mask, strict=True) if kept])
            read = tokenizer.decode([t for t, kept in zip(chain.token_ids, mask, strict=True) if not kept])
            for text in ("And twice that?", "Say it again.", "<|user|>", "<|assistant|>", "<|tool|>"):
                assert (text in read, text in learnt) == (True, False), (name, text)
            assert "finish" in learnt


def test_the_tree_has_the_gradient_of_pairs_one_by_one(tmp_path: Path) -> None:
    scored = scored_group(group(), ScoreRule())
    assert scored is not None
    assert tree_size(scored.chains) < 0.7 * sum(len(chain.ids) for chain in scored.chains), "turns are shared"
    sums = tuple(-3.0 * chain.length - at for at, chain in enumerate(scored.chains))
    examples = [PreferenceExample(scored, sums[:2], sums[2:])]
    size = {"vocab_size": 300, "max_position_embeddings": 2048}
    loss, expected = pair_by_pair(in_float64(tiny_model("llama", **size)), examples, beta=0.1)
    found, gradient = step_gradient(
        in_float64(tiny_model("llama", **size)), config(tmp_path, groups_per_step=1), examples
    )
    assert found == pytest.approx(loss, rel=1e-6), "the trainer reports it in float32"
    assert relative(gradient, expected) < 1e-9


def test_pairs_of_steps_part_in_the_turn_where_they_differ() -> None:
    made = group("steps")
    scored = scored_group(made, ScoreRule())
    assert scored is not None
    texts = {
        chat_template().decode_reply([t for t, kept in zip(chain.ids, chain.scored, strict=True) if kept])
        for chain in scored.chains
    }
    assert texts == {ADD, DONE, TWICE, "no call"}
