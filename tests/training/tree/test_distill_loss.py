"""Distillation losses against plain Python, against exact means over a vocabulary, and against TRL's trainers."""

import math
import random
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cluster.errors import RequestError
from training.tree.distill_loss import sampled_reverse_kl, topk_forward_kl, vocabulary_divergence

# TRL says so of every vLLM that is newer than itself, and its losses know no vLLM.
pytestmark = pytest.mark.filterwarnings("ignore:TRL currently supports vLLM")


def logits_of(seed: int, tokens: int, vocabulary: int, spread: float = 2.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(tokens, vocabulary, generator=generator, dtype=torch.float64)


def softmax(logits: list[float]) -> list[float]:
    total = math.fsum(map(math.exp, logits))
    return [math.exp(value) / total for value in logits]


def plain_kl(one: list[float], other: list[float]) -> float:
    return math.fsum(p * math.log(p / q) for p, q in zip(one, other, strict=True) if p)


def plain_divergence(student: list[float], teacher: list[float], beta: float) -> float:
    s, t = softmax(student), softmax(teacher)
    if beta == 0:
        return plain_kl(t, s)
    if beta == 1:
        return plain_kl(s, t)
    mixture = [beta * q + (1 - beta) * p for p, q in zip(s, t, strict=True)]
    return beta * plain_kl(t, mixture) + (1 - beta) * plain_kl(s, mixture)


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_divergences_are_their_sums_over_the_vocabulary(beta: float) -> None:
    draw = random.Random(f"divergence {beta}")
    for seed in range(60):
        tokens, vocabulary = draw.randint(1, 5), draw.randint(2, 12)
        student, teacher = logits_of(seed, tokens, vocabulary), logits_of(seed + 1000, tokens, vocabulary, 4.0)
        found = vocabulary_divergence(student, teacher, beta).tolist()
        pairs = zip(student.tolist(), teacher.tolist(), strict=True)
        assert found == pytest.approx([plain_divergence(s, t, beta) for s, t in pairs], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_gradients_are_those_worked_by_hand(beta: float) -> None:
    """Of the forward KL p_s - p_t, of the reverse KL p_s (log p_s / p_t - KL), by the student's logits."""
    for seed in range(60):
        student, teacher = logits_of(seed, 3, 7).requires_grad_(), logits_of(seed + 1000, 3, 7).requires_grad_()
        weights = torch.tensor([0.5, 0.0, 2.0], dtype=torch.float64)
        divergence = vocabulary_divergence(student, teacher, beta)
        (weights * divergence).sum().backward()
        s, t = student.detach().softmax(-1), teacher.detach().softmax(-1)
        expected = s * ((s / t).log() - divergence.detach()[:, None]) if beta else s - t
        assert student.grad is not None
        torch.testing.assert_close(student.grad, weights[:, None] * expected, rtol=1e-9, atol=1e-9)
        assert teacher.grad is None


def test_gradient_between_the_two_is_the_derivative() -> None:
    teacher = logits_of(1, 3, 5)
    assert torch.autograd.gradcheck(
        lambda student: vocabulary_divergence(student, teacher, 0.3), (logits_of(2, 3, 5).requires_grad_(),)
    )


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_tokens_that_neither_can_write_do_not_count(beta: float) -> None:
    student, teacher = logits_of(5, 4, 6), logits_of(6, 4, 6)
    hidden = torch.full((4, 2), -math.inf, dtype=torch.float64)
    wide = torch.cat([student, hidden], 1).requires_grad_()
    found = vocabulary_divergence(wide, torch.cat([teacher, hidden], 1), beta)
    torch.testing.assert_close(found, vocabulary_divergence(student, teacher, beta))
    (gradient,) = torch.autograd.grad(found.sum(), wide)
    assert torch.isfinite(gradient).all()
    assert not gradient[:, 6:].any()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]), st.floats(-50, 50))
def test_equal_distributions_are_at_distance_0_and_others_are_not(seed: int, beta: float, shift: float) -> None:
    student, teacher = logits_of(seed, 3, 5), logits_of(seed + 1, 3, 5)
    torch.testing.assert_close(
        vocabulary_divergence(student, student + shift, beta), torch.zeros(3).double(), rtol=0, atol=1e-9
    )
    assert (vocabulary_divergence(student, teacher, beta) > -1e-12).all()
    # Turned round, the one KL is the other.
    torch.testing.assert_close(
        vocabulary_divergence(student, teacher, beta), vocabulary_divergence(teacher, student, 1 - beta)
    )


@pytest.mark.parametrize("shape", [(2, 4), (3, 3)])
def test_vocabularies_of_two_sizes_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match=r"cut both to the same tokens and to their tokenizer's vocabulary$"):
        vocabulary_divergence(logits_of(1, 2, 3), logits_of(2, *shape), 1.0)


@pytest.mark.parametrize("seed", range(20))
def test_the_mean_of_sampled_estimates_is_the_reverse_kl_and_so_is_its_gradient(seed: int) -> None:
    """The mean over all tokens that a behaviour policy may sample, each with its probability: no drawing."""
    logits, teacher = logits_of(seed, 1, 6).requires_grad_(), logits_of(seed + 100, 1, 6)
    sampler = logits_of(seed + 200, 1, 6).log_softmax(-1)[0]
    estimates = sampled_reverse_kl(logits.log_softmax(-1)[0], sampler, teacher.log_softmax(-1)[0])
    mean = (sampler.exp() * estimates).sum()
    exact = vocabulary_divergence(logits, teacher, 1.0).sum()
    torch.testing.assert_close(mean, exact, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        *(torch.autograd.grad(value, logits)[0] for value in (mean, exact)), rtol=1e-9, atol=1e-9
    )


def test_a_sampled_estimate_by_hand() -> None:
    """The student's probability is 0.5, the sampler's was 0.25, the teacher's is 0.1; the gradient is the value."""
    policy = torch.tensor([0.5], dtype=torch.float64).log().requires_grad_()
    teacher = torch.tensor([0.1], dtype=torch.float64).log().requires_grad_()
    found = sampled_reverse_kl(policy, torch.tensor([0.25], dtype=torch.float64).log(), teacher.detach())
    found.backward()
    assert found.item() == pytest.approx(2 * math.log(5))
    assert policy.grad is not None
    assert policy.grad.item() == pytest.approx(2 * math.log(5))


def topk(seed: int, tokens: int, vocabulary: int, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """The student's log-probabilities over its vocabulary, the teacher's k likeliest tokens, and theirs."""
    student = logits_of(seed, tokens, vocabulary).log_softmax(-1)
    best = logits_of(seed + 1000, tokens, vocabulary).log_softmax(-1).topk(k)
    return student, best.indices, best.values


@pytest.mark.parametrize("tail", [True, False])
def test_forward_kl_of_the_likeliest_is_its_sum(tail: bool) -> None:
    draw = random.Random(f"top-k {tail}")
    for seed in range(60):
        k, known = draw.randint(1, 5), draw.randint(1, 5)
        student, ids, teacher = topk(seed, 3, 9, k)
        teacher[:, known:] = -math.inf
        found = topk_forward_kl(student.gather(1, ids), teacher, tail).tolist()
        for at in range(3):
            kept = [ids[at, rank] for rank in range(min(k, known))]
            t = [math.exp(value) for value in teacher[at, : len(kept)].tolist()]
            s = [math.exp(student[at, token].item()) for token in kept]
            both = [[*p, 1 - math.fsum(p)] if tail else [x / math.fsum(p) for x in p] for p in (t, s)]
            assert found[at] == pytest.approx(plain_kl(*both), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("tail", [True, False])
def test_gradient_of_the_likeliest_is_the_derivative(tail: bool) -> None:
    student, ids, teacher = topk(7, 3, 9, 4)
    teacher[1, 2:] = -math.inf
    logps = student.gather(1, ids).requires_grad_()
    assert torch.autograd.gradcheck(lambda logps: topk_forward_kl(logps, teacher, tail), (logps,))


def test_the_whole_vocabulary_as_the_likeliest_is_the_forward_kl() -> None:
    student, ids, teacher = topk(8, 4, 9, 9)
    whole = vocabulary_divergence(logits_of(8, 4, 9), logits_of(1008, 4, 9), 0.0)
    torch.testing.assert_close(topk_forward_kl(student.gather(1, ids), teacher, False), whole, rtol=1e-9, atol=1e-9)
    # The bucket of nothing else is 1e-7 on both sides.
    torch.testing.assert_close(topk_forward_kl(student.gather(1, ids), teacher, True), whole, rtol=0, atol=2e-6)


def test_one_token_without_its_tail_teaches_nothing_and_none_known_nothing_either() -> None:
    student, ids, teacher = topk(9, 4, 9, 1)
    logps = student.gather(1, ids)
    assert topk_forward_kl(logps, teacher, False).abs().max() < 1e-12
    assert (topk_forward_kl(logps, teacher, True) > 1e-3).all()
    logps.requires_grad_()
    for tail in (True, False):
        found = topk_forward_kl(logps, torch.full_like(teacher, -math.inf), tail).sum()
        assert found.item() == 0
        assert torch.autograd.grad(found, logps)[0].abs().max() == 0


def test_a_certain_teacher_has_finite_losses() -> None:
    """Stored in float32, the probabilities of the likeliest may add up to a little more than 1."""
    teacher = torch.tensor([[1e-8, -18.0]])
    student = torch.tensor([[-1e-9, -17.0]], requires_grad=True)
    found = topk_forward_kl(student, teacher, True)
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


def head_of(seed: int, hidden: int, vocabulary: int) -> torch.nn.Linear:
    torch.manual_seed(seed)
    return torch.nn.Linear(hidden, vocabulary)


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_trls_distillation_trainer_has_the_same_loss_and_gradient(beta: float) -> None:
    """Its loss on two heads over random hidden states; tool results stand in the completions, and padding."""
    from trl.trainer.distillation_trainer import DistillationTrainer

    hidden = {"student": torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(1)).requires_grad_()}
    hidden["teacher"] = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(2))
    config = SimpleNamespace(get_text_config=SimpleNamespace)

    def model(name: str, seed: int) -> Any:
        head = head_of(seed, 8, 13)
        return SimpleNamespace(
            name=name, config=config, head=head, get_output_embeddings=lambda: head, eval=lambda: None
        )

    student, teacher = model("student", 3), model("teacher", 4)
    trainer = SimpleNamespace(
        teacher_model=teacher,
        beta=beta,
        temperature=1.0,
        accelerator=SimpleNamespace(unwrap_model=lambda model: model),
        _get_last_hidden_state=lambda model, *_: hidden[model.name],
        _forward_redirection=lambda wrapper, module, method, *args: method(*args),
    )
    mask = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]])
    tools = torch.tensor([[1, 0, 1, 1, 1], [1, 1, 0, 0, 1]])
    ids = torch.zeros(2, 5, dtype=torch.long)
    inputs = {
        "prompt_ids": ids[:, :2],
        "prompt_mask": ids[:, :2] + 1,
        "completion_ids": ids,
        "completion_mask": mask,
        "tool_mask": tools,
    }
    scored = (mask * tools).bool()
    theirs, _, _ = DistillationTrainer._compute_loss(trainer, student, inputs, scored.sum())
    ours_logits = [model.head(hidden[model.name])[scored] for model in (student, teacher)]
    ours = vocabulary_divergence(ours_logits[0], ours_logits[1], beta).sum() / scored.sum()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    leaves = (hidden["student"], student.head.weight, student.head.bias)
    pairs = (torch.autograd.grad(loss, leaves) for loss in (ours, theirs))
    for mine, other in zip(*pairs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("tail", [True, False])
@pytest.mark.parametrize("k", [1, 4])
def test_trls_server_distillation_has_the_same_loss_and_gradient(
    tail: bool, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.server_distillation import ServerDistillationTrainer

    trainer = SimpleNamespace(
        loss_add_tail=tail, _reduce_divergence_loss=ServerDistillationTrainer._reduce_divergence_loss
    )
    for seed in range(20):
        student, ids, teacher = topk(seed, 6, 11, k)
        teacher[2, k // 2 + 1 :] = -math.inf
        student = student.float().requires_grad_()
        teacher = teacher.float()
        labels = torch.tensor([1, 1, -100, 1, 1, 1]).roll(seed)
        result = {"topk_logprobs": teacher[None], "topk_token_ids": ids[None]}
        theirs = ServerDistillationTrainer._compute_server_forward_kl_loss(trainer, result, student[None], labels[None])
        scored = labels != -100
        ours = topk_forward_kl(student.gather(1, ids), teacher, tail)[scored].sum() / scored.sum()
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
        mine, other = (torch.autograd.grad(loss, student)[0] for loss in (ours, theirs))
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)
