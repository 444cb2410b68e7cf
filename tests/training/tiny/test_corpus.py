"""The noisy gold policy: what it writes malformed really fails, and the ids are those that a rollout would hold."""

import itertools
from pathlib import Path

import msgspec
import pytest

from rollout.config import EpisodeConfig
from rollout.episodes.execution import execute_now
from rollout.formats import FORMATS, load_format
from rollout.problems import FamilyConfig, generate
from rollout.prompts.template import ChatTemplate
from rollout.records import Call
from rollout.toolboxes import load_toolbox
from training.tiny.corpus import KINDS, Conversation, Corpus, write_malformed
from training.tiny.model import make_tokenizer

FAMILIES = (FamilyConfig(family="arithmetic", difficulty=(2, 2)), FamilyConfig(family="fol"))
EPISODES = EpisodeConfig(verbosity="names", max_failed_steps=1)


def replaced(**changes: object) -> EpisodeConfig:
    return EPISODES.model_copy(update=changes)


def take(corpus: Corpus, count: int, malformed: float = 0.0, again: float = 0.0, seed: int = 0) -> list[Conversation]:
    return list(itertools.islice(corpus.conversations(seed, malformed, again), count))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted({*FORMATS} - {"native"}))
def test_every_kind_of_malformed_call_is_refused(kind: str, name: str) -> None:
    call_format = load_format(name)
    call = Call(name="add", arguments='{"a":1,"b":2}')
    session = load_toolbox("arithmetic").open("null")
    (result,) = execute_now(write_malformed(call, kind, call_format), call_format, session)
    assert result.error is not None
    assert session.answer is None


def test_conversations_are_a_function_of_the_seed() -> None:
    corpus = Corpus(FAMILIES, EPISODES, 20)
    assert take(corpus, 12, 0.5, 0.3, seed=1) == take(corpus, 12, 0.5, 0.3, seed=1)
    assert take(corpus, 12, 0.5, 0.3, seed=1) != take(corpus, 12, 0.5, 0.3, seed=2)


def test_without_noise_a_conversation_is_the_gold_calls() -> None:
    corpus = Corpus(FAMILIES, EPISODES, 20)
    gold = {problem.id: problem for family in FAMILIES for problem in generate(corpus.pool(family), "train")}
    for conversation in take(corpus, 20):
        calls = gold[conversation.problem_id].gold_calls
        assert [turn.reply for turn in conversation.turns] == [load_format("json").render((call,)) for call in calls]


def test_every_malformed_step_is_repaired_with_its_own_call() -> None:
    conversations = take(Corpus(FAMILIES, replaced(max_failed_steps=99), 20), 60, malformed=0.6, again=0.4)
    turns = [turn for conversation in conversations for turn in conversation.turns]
    share = sum(turn.failed for turn in turns) / len(turns)
    assert 0.4 < share < 0.6  # 0.6 first, then 0.4 for each one more: one failure a step, on average
    assert all(turn.results.startswith("Error") == turn.failed for turn in turns)
    assert not any(conversation.turns[-1].failed for conversation in conversations)


def test_a_conversation_ends_where_an_episode_would() -> None:
    conversations = take(Corpus(FAMILIES, replaced(max_failed_steps=1), 20), 60, malformed=0.6, again=0.4)
    failures = [sum(turn.failed for turn in conversation.turns) for conversation in conversations]
    assert set(failures) == {0, 1, 2}
    assert all(
        conversation.turns[-1].failed == (failed == 2)
        for conversation, failed in zip(conversations, failures, strict=True)
    )


def test_ids_decode_to_the_conversation_and_replies_are_marked(tmp_path: Path) -> None:
    corpus = Corpus(FAMILIES, EPISODES, 20)
    conversations = take(corpus, 10, 0.3, 0.3)
    tokenizer = make_tokenizer((text for item in conversations for text in item.texts), tmp_path / "tokenizer", 300)
    template = ChatTemplate(tokenizer)
    for item in conversations:
        expected = f"<|user|>{item.opening.text}<|end|>"
        for turn in item.turns:
            expected += f"<|assistant|>{turn.reply}<|end|><|tool|>{turn.results}<|end|>"
        expected = expected[: expected.rindex("<|tool|>")]
        ids, written = item.token_ids(template)
        assert tokenizer.decode(ids) == expected
        replies = [token for token, own in zip(ids, written, strict=True) if own]
        assert tokenizer.decode(replies) == "".join(f"{turn.reply}<|end|>" for turn in item.turns)


def test_families_come_as_often_as_they_have_parts() -> None:
    families = (FamilyConfig(family="arithmetic", pretrain=3), FamilyConfig(family="letters", pretrain=1))
    ids = [conversation.problem_id.partition("-")[0] for conversation in take(Corpus(families, EPISODES, 20), 8)]
    assert ids == ["arithmetic", "arithmetic", "arithmetic", "letters"] * 2


def test_parts_follow_from_train_where_nothing_is_said() -> None:
    assert FamilyConfig(family="arithmetic", train=1, difficulty=(2, 2)).corpus_parts == 2
    assert FamilyConfig(family="arithmetic", test=1, difficulty=(2, 2)).corpus_parts == 0
    assert FamilyConfig(family="arithmetic", train=1, pretrain=0).corpus_parts == 0


def test_a_held_out_problem_that_could_be_drawn_is_left_out() -> None:
    corpus = Corpus(FAMILIES, EPISODES, 20)
    first, second = corpus.pools[0][:2]
    like_first = msgspec.structs.replace(first, id="held-out", text=first.text.upper())
    held = corpus.holding_out([like_first, msgspec.structs.replace(second, id="other", text="Another text.")])
    assert [len(pool) for pool in corpus.pools] == [20, 20]
    assert held.pools == [corpus.pools[0][1:], corpus.pools[1]]
    assert held.fingerprint != corpus.fingerprint
    assert corpus.holding_out([]) is corpus


def test_how_many_problems_are_held_out_makes_no_other_corpus() -> None:
    more = tuple(family.model_copy(update={"test": 50, "samples": 3, "variants": ("order",)}) for family in FAMILIES)
    assert Corpus(more, EPISODES, 20).fingerprint == Corpus(FAMILIES, EPISODES, 20).fingerprint
    parts = tuple(family.model_copy(update={"pretrain": 2}) for family in FAMILIES)
    assert Corpus(parts, EPISODES, 20).fingerprint != Corpus(FAMILIES, EPISODES, 20).fingerprint


def test_the_fingerprint_follows_what_shapes_the_prompts() -> None:
    assert Corpus(FAMILIES, EPISODES, 20).fingerprint == Corpus(FAMILIES, EPISODES, 20).fingerprint
    assert Corpus(FAMILIES, EPISODES, 20).fingerprint != Corpus(FAMILIES, replaced(verbosity="full"), 20).fingerprint
    assert Corpus(FAMILIES, EPISODES, 20).fingerprint != Corpus(FAMILIES[:1], EPISODES, 20).fingerprint


def test_one_that_is_shown_as_an_example_is_left_out_of_prompts() -> None:
    corpus = Corpus(FAMILIES, EPISODES.model_copy(update={"examples": 1}), 20)
    first = corpus.pools[0][0]
    text = first.examples[0].text
    held = corpus.holding_out([msgspec.structs.replace(first, id="held-out", text=text)])
    assert held.pools[0]
    assert not [problem for pool in held.pools for problem in pool if problem.examples[0].text == text]
