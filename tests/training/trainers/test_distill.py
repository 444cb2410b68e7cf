"""Distillation on the tree: the gradient of every episode by itself, by whole vocabularies and by likeliest tokens."""

import pickle
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from cluster.errors import RequestError
from tests.training.tree.test_attention import in_float64
from tests.training.tree.trees import VOCABULARY, gradients, random_chains, relative, tiny_model, trainer_arguments
from training.chains import ScoredChain
from training.distill.examples import DistillExample
from training.distill.head import TeacherHead, head_of
from training.trainers.distill import DistillSteps, TreeDistillConfig, TreeDistillTrainer

# The tokenizer's tokens: the models' heads are padded to more, the teacher's and the student's differently.
TOKENS = VOCABULARY - 3


def config(path: Path, **options: Any) -> TreeDistillConfig:
    return TreeDistillConfig(**{**trainer_arguments(path), "vocabulary": TOKENS, **options})


def teacher_of(seed: int = 5) -> Any:
    return in_float64(tiny_model("llama", seed, hidden_size=48, vocab_size=VOCABULARY + 8, tie_word_embeddings=True))


def scored_positions(chain: ScoredChain) -> Tensor:
    return torch.tensor(chain.scored[1:])


def hidden_at(teacher: Any, chain: ScoredChain) -> Tensor:
    """[length, hidden size] of the teacher, from a row of the chain's own, as float32 stores it."""
    with torch.no_grad():
        hidden = teacher.model(input_ids=torch.tensor([chain.ids])).last_hidden_state[0, :-1]
    return hidden[scored_positions(chain)].float()


def likeliest_at(teacher: Any, chain: ScoredChain, k: int) -> Tensor:
    """[length, 2k]: log-probabilities of the k likeliest tokens and their ids, as float32 stores them."""
    with torch.no_grad():
        logits = teacher(input_ids=torch.tensor([chain.ids])).logits[0, :-1, :TOKENS]
    best = logits[scored_positions(chain)].log_softmax(-1).topk(k)
    return torch.cat([best.values, best.indices.double()], -1).float()


def sampled_at(teacher: Any, chain: ScoredChain, draw: random.Random) -> Tensor:
    """[length, 2]: the teacher's log-probability of each token, and what a sampler may have recorded."""
    ids = torch.tensor([chain.ids])
    with torch.no_grad():
        logps = teacher(input_ids=ids).logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None])
    sampler = torch.tensor([[draw.uniform(-5, -3)] for _ in range(chain.length)], dtype=torch.float64)
    return torch.cat([logps[scored_positions(chain)], sampler], -1).float()


def random_examples(
    draw: random.Random, teacher: Any, groups: int, compare: str = "vocabulary", k: int = 0
) -> list[DistillExample]:
    examples = []
    for at in range(groups):
        chains = tuple(dict.fromkeys(random_chains(draw, draw.randint(1, 5))))
        if compare == "sampled":
            said = [sampled_at(teacher, chain, draw) for chain in chains]
        else:
            said = [likeliest_at(teacher, chain, k) if k else hidden_at(teacher, chain) for chain in chains]
        times = tuple(draw.randint(1, 3) for _ in chains)
        examples.append(DistillExample(f"p{at}", chains, times, tuple(one.numpy() for one in said)))
    return examples


def plain_loss(student: Tensor, said: Tensor, head: TeacherHead, args: TreeDistillConfig) -> Tensor:
    """[length] divergences as sums over tokens; student: [length, TOKENS] log-probabilities."""
    if args.compare == "top_k":
        k = said.shape[1] // 2
        known, ids = said[:, :k].double(), said[:, k:].long()
        p, q = known.exp(), student.gather(1, ids).exp()
        if args.tail:
            p, q = (torch.cat([x, 1 - x.sum(-1, keepdim=True)], -1) for x in (p, q))
        else:
            p, q = (x / x.sum(-1, keepdim=True) for x in (p, q))
        return (p * (p / q).log()).sum(-1)
    teacher = (said.double() @ head.weight.T).log_softmax(-1)
    p, q = teacher.exp(), student.exp()
    if args.beta == 0:
        return (p * (p / q).log()).sum(-1)
    if args.beta == 1:
        return (q * (q / p).log()).sum(-1)
    m = args.beta * p + (1 - args.beta) * q
    return (args.beta * p * (p / m).log() + (1 - args.beta) * q * (q / m).log()).sum(-1)


def episode_by_episode(
    model: Any, examples: list[DistillExample], head: TeacherHead, args: TreeDistillConfig
) -> tuple[float, Tensor]:
    """Every episode as a row of its own."""
    model.zero_grad()
    lengths = [[c.length * m for c, m in zip(e.chains, e.multiplicities, strict=True)] for e in examples]
    loss = 0.0
    for example, own in zip(examples, lengths, strict=True):
        tokens = sum(map(sum, lengths)) if args.equal == "tokens" else sum(own) * args.groups_per_step
        for chain, times, said in zip(example.chains, example.multiplicities, example.teacher, strict=True):
            logits = model(input_ids=torch.tensor([chain.ids])).logits[0, :-1][scored_positions(chain)]
            told = torch.from_numpy(said.copy())
            if args.compare == "sampled":
                written = torch.tensor(chain.ids[1:])[scored_positions(chain)]
                logps = logits.log_softmax(-1).gather(1, written[:, None])[:, 0]
                divergences = (logps - told[:, 1]).exp() * (logps.detach() - told[:, 0])
            else:
                divergences = plain_loss(logits[:, :TOKENS].log_softmax(-1), told, head, args)
            part = divergences.sum() / tokens
            (times * part).backward()
            loss += times * float(part.detach())
    return loss, gradients(model)


CASES = [
    {"beta": 1.0},
    {"beta": 0.0, "equal": "groups"},
    {"beta": 0.3},
    {"compare": "top_k"},
    {"compare": "top_k", "tail": False},
    {"compare": "sampled", "equal": "groups"},
]


@pytest.mark.parametrize("options", CASES, ids=str)
def test_gradient_is_that_of_episodes_one_by_one(options: dict[str, Any], tmp_path: Path) -> None:
    """In float64, 200 ragged groups over all cases, with rows of several groups and groups of several rows."""
    draw = random.Random(3)
    model, plain, teacher = in_float64(tiny_model("llama")), in_float64(tiny_model("llama")), teacher_of()
    head = head_of(teacher, TOKENS)
    compare = options.get("compare", "vocabulary")
    for trial in range(9):
        examples = random_examples(draw, teacher, 4, compare, 4 if compare == "top_k" else 0)
        longest = max(len(chain.ids) for example in examples for chain in example.chains)
        rows = (longest, longest + 20, 4096)[trial % 3]
        args = config(tmp_path, groups_per_step=4, tokens_per_micro_step=rows, **options)
        loss, expected = episode_by_episode(plain, examples, head, args)
        trainer = TreeDistillTrainer(model, args, examples, head if compare == "vocabulary" else None)
        model.zero_grad()
        found = float(trainer.training_step(model, next(iter(trainer.get_train_dataloader()))))
        assert found == pytest.approx(loss, rel=1e-5, abs=1e-7)  # the trainer returns float32
        assert relative(gradients(model), expected) < 1e-9


@pytest.mark.parametrize("equal", ["tokens", "groups"])
def test_the_sampler_is_held_against_the_model_before_its_update(tmp_path: Path, equal: str) -> None:
    """A mean over the tokens of all episodes, whatever counts equally in the loss; of `sampled` alone."""
    draw, model = random.Random(6), tiny_model("llama")
    examples = random_examples(draw, teacher_of(), 4, "sampled")
    off = tokens = 0.0
    for example in examples:
        for chain, times, said in zip(example.chains, example.multiplicities, example.teacher, strict=True):
            with torch.no_grad():
                logps = model(input_ids=torch.tensor([chain.ids])).logits[0, :-1].log_softmax(-1)
            written = torch.tensor(chain.ids[1:])[:, None]
            own = logps.gather(1, written)[:, 0][scored_positions(chain)]
            off += times * float((own - torch.from_numpy(said[:, 1].copy())).abs().sum())
            tokens += times * chain.length
    found = []
    for compare, some in (("sampled", examples), ("top_k", random_examples(draw, teacher_of(), 4, "top_k", 3))):
        args = config(tmp_path, groups_per_step=4, max_steps=1, compare=compare, equal=equal, logging_steps=1)
        trainer = TreeDistillTrainer(model, args, some, None)
        trainer.train()
        found.append(trainer.state.log_history[0].get("logp_difference"))
    assert found == [pytest.approx(off / tokens, rel=1e-4), None]


def test_the_teacher_itself_has_nothing_to_learn(tmp_path: Path) -> None:
    """Its divergence from itself is 0, and after steps against another teacher it is nearer to that."""
    draw = random.Random(1)
    teacher, model = tiny_model("llama", 5), tiny_model("llama")
    vocabulary = teacher.config.vocab_size
    examples = random_examples(draw, teacher, 6)
    args = config(tmp_path, groups_per_step=6, max_steps=12, learning_rate=3e-3, vocabulary=vocabulary)
    head = head_of(teacher, vocabulary)
    same = TreeDistillTrainer(teacher, args, examples, head)
    assert float(same.training_step(teacher, next(iter(same.get_train_dataloader())))) == pytest.approx(0, abs=1e-5)
    trainer = TreeDistillTrainer(model, args, examples, head)
    trainer.train()
    losses = [log["loss"] for log in trainer.state.log_history if "loss" in log]
    assert losses[0] > 1
    assert losses[-1] < 0.7 * losses[0]


def test_steps_without_a_vocabulary_or_with_another_beta_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="vocabulary = 0: give the number"):
        config(tmp_path, vocabulary=0)
    with pytest.raises(RequestError, match=r"beta = 1.5: must be from 0"):
        config(tmp_path, beta=1.5)


def test_an_example_that_lacks_a_part_of_the_teacher_is_refused() -> None:
    chain = ScoredChain((3, 4, 5), (False, True, True))
    said = torch.zeros(1, 4).numpy()
    with pytest.raises(ValueError, match=r"^p: the teacher says 1 of 2 scored tokens$"):
        DistillExample("p", (chain,), (1,), (said,))
    with pytest.raises(ValueError, match=r"^p: not every chain has"):
        DistillExample("p", (chain,), (1, 2), (said,))


class Watched(list[DistillExample]):
    """Examples that know which of them were read with the teacher's part."""

    def __init__(self, examples: list[DistillExample]) -> None:
        super().__init__(examples)
        self.read: list[int] = []

    def __getitem__(self, index: Any) -> Any:
        self.read.append(index)
        return super().__getitem__(index)

    def outline(self, index: int) -> DistillExample:
        return replace(super().__getitem__(index), teacher=())


def test_a_rank_reads_the_teacher_at_its_own_groups_alone_and_packs_what_it_says() -> None:
    examples = Watched(random_examples(random.Random(4), teacher_of(), 6))
    read = []
    for rank in range(2):
        options = {"groups_per_step": 6, "tokens_per_micro_step": 60, "world": 2, "rank": rank}
        steps = DistillSteps(examples, equal="tokens", **options)
        assert examples.read == [], "not to plan the steps"
        step = steps[0]["step"]
        read.append(set(examples.read))
        examples.read.clear()
        sent = pickle.loads(pickle.dumps(step))  # noqa: S301
        for row, there in zip(step.rows, sent.rows, strict=True):
            assert torch.equal(row.told, there.told)
            assert torch.equal(row.entries, there.entries)
            assert (row.told.dtype, row.told.shape) == (torch.float32, (len(row.batch.predicting), 48))
            assert there.said == (), "not once more as it came"
    assert read[0] | read[1] == set(range(6))
    assert not read[0] & read[1]


def test_a_step_weighs_every_token_that_an_episode_wrote() -> None:
    draw = random.Random(2)
    examples = random_examples(draw, teacher_of(), 3)
    steps = DistillSteps(examples, equal="tokens", groups_per_step=3, tokens_per_micro_step=4096, world=1)
    for at, example in enumerate(examples):
        for values, times in zip(steps.values(example, at, (0, 1, 2)), example.multiplicities, strict=True):
            tokens = sum(c.length * m for e in examples for c, m in zip(e.chains, e.multiplicities, strict=True))
            assert values[0].tolist() == pytest.approx([times / tokens] * values.shape[1])
