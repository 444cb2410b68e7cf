"""What the teacher says: equal to a plain forward pass, once per chain, shared by workers, never of other chains."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cluster.errors import CorruptionError, RequestError
from cluster.store.ledger import Ledger
from cluster.store.storage import open_store
from rollout.hosts.scoring import to_bytes
from tests.training.samples import VOCABULARY, chain, group, publish_groups, sample_groups, save_model
from training.config import DistillArm, TrainingConfig
from training.distill import targets as module
from training.distill.examples import DistillExample, StoredDistillation, write_distillation
from training.distill.head import TeacherHead, from_file, head_of, to_file
from training.distill.targets import Targets, asked, question_of, vocabulary_of
from training.reference import load_model

# The tokenizer's; the head of `save_model` is padded to 264.
TOKENS = 262


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("teacher"), hidden=24)


def arm(**options: Any) -> DistillArm:
    return DistillArm(method="distill", **options)


def targets(run: Path, teacher: Path, arm: DistillArm) -> Targets:
    store = open_store(str(run))
    question = question_of(arm, str(teacher), TOKENS, TrainingConfig())
    return Targets(Ledger(store, "targets/tiny"), question, Ledger(store, "groups/tiny"))


def logits_of(model: Any, example: DistillExample) -> list[torch.Tensor]:
    """[length, TOKENS] a chain, each in a row of its own."""
    found = []
    for one in example.chains:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([one.ids])).logits[0, :-1, :TOKENS]
        found.append(logits[torch.tensor(one.scored[1:])])
    return found


def test_hidden_states_and_the_head_give_what_the_teacher_says(tmp_path: Path, teacher: Path) -> None:
    publish_groups(tmp_path, sample_groups())
    answers = targets(tmp_path, teacher, arm())
    assert answers.missing() == 3  # two units of eight groups at most, and the head
    assert answers.answer(tokens_per_micro_step=64) == 48
    assert answers.missing() == answers.answer(tokens_per_micro_step=64) == 0
    model, head = load_model(str(teacher), "float32"), answers.head()
    assert head.weight.shape[0] == TOKENS
    examples = list(answers.examples())
    assert [example.problem_id for example in examples] == [group.problem_id for group in sample_groups()]
    for example in examples:
        for said, logits in zip(example.teacher, logits_of(model, example), strict=True):
            np.testing.assert_allclose(head.logits(torch.from_numpy(said.copy())), logits, atol=1e-4)


def test_engines_are_asked_up_to_the_last_scored_token_and_their_answers_come_back(
    tmp_path: Path, teacher: Path
) -> None:
    publish_groups(tmp_path, sample_groups(3))
    answers = targets(tmp_path, teacher, arm(compare="top_k", top_k=2))
    assert answers.missing() == 1  # no head: nothing is made of hidden states
    ((name, chains),) = list(answers.pending())
    for one in chains:
        ids, positions = asked(one)
        assert one.scored == tuple(at in positions for at in range(len(one.ids)))
        assert ids == one.ids[: positions[-1] + 1]
    said = [np.arange(4 * one.length, dtype=np.float32).reshape(-1, 4) + at for at, one in enumerate(chains)]
    answers.publish(name, chains, map(to_bytes, said))
    assert answers.missing() == 0
    assert list(answers.pending()) == []
    found = [answer for example in answers.examples() for answer in example.teacher]
    for one, other in zip(found, said, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_sampled_token_has_the_samplers_log_probability_beside_the_teachers(tmp_path: Path, teacher: Path) -> None:
    own = chain([20, 21, 1, 7, 1], [0, 0, 0, -1, 1], logprobs=(-1.0, -2.0, -3.0, 0.0, -5.0))
    publish_groups(tmp_path, [group("p", [own])])
    answers = targets(tmp_path, teacher, arm(compare="sampled", rounds={}))
    ((name, chains),) = list(answers.pending())
    answers.publish(name, chains, [to_bytes(np.array([[-9.0]] * 4, np.float32))])
    (example,) = answers.examples()
    np.testing.assert_array_equal(example.teacher[0], [[-9, -1], [-9, -2], [-9, -3], [-9, -5]])
    publish_groups(tmp_path / "other", sample_groups(1))
    unrecorded = targets(tmp_path / "other", teacher, arm(compare="sampled", rounds={}))
    ((name, chains),) = list(unrecorded.pending())
    unrecorded.publish(name, chains, [to_bytes(np.zeros((one.length, 1), np.float32)) for one in chains])
    with pytest.raises(RequestError, match="a chain has no log-probabilities of its sampler; compare = 'sampled'"):
        list(unrecorded.examples())


def test_workers_share_the_units_and_a_killed_one_loses_only_its_last(
    tmp_path: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_groups(tmp_path, sample_groups(20))
    answers = targets(tmp_path, teacher, arm())
    said, calls = module._hidden_states, []

    def killed_at_the_second(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return said(*arguments)

    monkeypatch.setattr(module, "_hidden_states", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        answers.answer(tokens_per_micro_step=64, rank=0, world=2)
    assert answers.missing() == 2
    assert answers.answer(tokens_per_micro_step=64, rank=1, world=2) == 32
    assert answers.answer(tokens_per_micro_step=64, rank=0, world=2) == 16
    assert len(list(answers.examples())) == 20


def test_the_arm_decides_which_tokens_are_asked_about(tmp_path: Path, teacher: Path) -> None:
    """Failed steps too, and each episode counts: chains that differ in nothing that was written are one."""
    twice = chain([20, 21, 1], [0, 0, 0], multiplicity=2)
    publish_groups(tmp_path, [*sample_groups(2), group("p", [twice, chain([20, 21, 1], [0, 0, 0])])])
    whole, right = (targets(tmp_path, teacher, arm(chains=which)) for which in ("all", "right"))
    for answers in (whole, right):
        answers.answer(tokens_per_micro_step=64)
    all_chains, right_chains = (list(answers.examples()) for answers in (whole, right))
    assert [len(example.chains) for example in all_chains] == [4, 4, 1]
    assert [len(example.chains) for example in right_chains] == [2, 2, 1]
    assert all_chains[2].multiplicities == (3,)
    mended = sample_groups(2)[0].chains[1]
    assert any(one.length == sum(step >= 0 for step in mended.step) for one in all_chains[0].chains)


def test_what_is_not_there_or_broken_is_said(tmp_path: Path, teacher: Path) -> None:
    publish_groups(tmp_path, sample_groups(2))
    answers = targets(tmp_path, teacher, arm())
    with pytest.raises(CorruptionError, match="the teacher has not answered it; run again"):
        list(answers.examples())
    with pytest.raises(CorruptionError, match="the teacher has not answered it"):
        answers.head()
    answers.answer(tokens_per_micro_step=64)
    with pytest.raises(CorruptionError, match="is no teacher's head"):
        from_file(b"nothing", "head-x")
    # The same unit's name with the answers about other chains.
    question = answers._question
    (name,) = [name for commit in answers._commits for name in answers._names(commit)]
    other = Targets(
        Ledger(open_store(str(tmp_path)), "targets/other"), question, Ledger(open_store(str(tmp_path)), "groups/tiny")
    )
    some = next(answers.examples())
    other.publish(name, some.chains[:1], map(to_bytes, some.teacher[:1]))
    with pytest.raises(CorruptionError, match=r"the teacher's part of arithmetic-train-000 is missing"):
        list(other.examples())


def test_another_teacher_or_vocabulary_is_another_question(tmp_path: Path, teacher: Path) -> None:
    other = save_model(tmp_path / "other", hidden=32)
    training = TrainingConfig()
    names = {
        question_of(arm(**options), str(model), tokens, training).name
        for model, tokens, options in [
            (teacher, TOKENS, {}),
            (other, TOKENS, {}),
            (teacher, VOCABULARY, {}),
            (teacher, TOKENS, {"compare": "top_k"}),
            (teacher, TOKENS, {"compare": "top_k", "top_k": 3}),
        ]
    }
    assert len(names) == 5


def test_examples_come_back_from_disk(tmp_path: Path, teacher: Path) -> None:
    publish_groups(tmp_path, sample_groups(3))
    answers = targets(tmp_path, teacher, arm())
    answers.answer(tokens_per_micro_step=64)
    examples = list(answers.examples())
    write_distillation(examples, tmp_path / "examples")
    folder = StoredDistillation(tmp_path / "examples")
    for at, example in enumerate(examples):
        outline = folder.outline(at)
        assert (outline.chains, outline.multiplicities, outline.teacher) == (example.chains, example.multiplicities, ())
    for stored, example in zip(folder, examples, strict=True):
        assert (stored.problem_id, stored.chains, stored.multiplicities) == (
            *(example.problem_id, example.chains),
            example.multiplicities,
        )
        for one, other in zip(stored.teacher, example.teacher, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_head_keeps_what_its_model_does_with_logits() -> None:
    draw = torch.Generator().manual_seed(0)
    weight, bias, hidden = (torch.randn(*shape, generator=draw) for shape in ((7, 4), (7,), (3, 4)))
    head = from_file(to_file(TeacherHead(weight, bias, 0.5, 2.0)), "head")
    torch.testing.assert_close(head.logits(hidden), torch.tanh((hidden @ weight.T + bias) * 0.5 / 2.0) * 2.0)
    plain = from_file(to_file(TeacherHead(weight, None, 1.0, None)), "head")
    torch.testing.assert_close(plain.logits(hidden), hidden @ weight.T)


def test_a_head_that_is_smaller_than_the_tokenizer_is_refused(teacher: Path) -> None:
    with pytest.raises(RequestError, match="the teacher's head has 264 tokens, and its tokenizer 300"):
        head_of(load_model(str(teacher), "float32"), 300)


def test_arms_that_take_other_chains_of_a_group_have_units_of_their_own(tmp_path: Path, teacher: Path) -> None:
    publish_groups(tmp_path, sample_groups(2))
    taken: list[dict[str, Any]] = [
        *({}, {"chains": "right"}, {"max_right": 1}, {"max_wrong": 1}, {"balanced": True}, {"train_on_thoughts": False})
    ]
    names = set()
    for options in taken:
        asking = targets(tmp_path, teacher, arm(**options))
        names |= {name for commit in asking._commits for name in asking._names(commit)}
    assert len(names) == len(taken)
    questions = [
        question_of(arm(), str(teacher), TOKENS, TrainingConfig(gpus_per_rank=gpus, fused_kernels="off"))
        for gpus in (0, 1)
    ]
    assert questions[0].name != questions[1].name, "float32 and bfloat16"


def test_ids_with_holes_are_all_in_the_vocabulary() -> None:
    class Tokenizer:
        def get_vocab(self) -> dict[str, int]:
            return {"a": 0, "b": 9}

    assert vocabulary_of(Tokenizer()) == 10
