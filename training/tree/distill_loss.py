"""Distillation losses, as pure functions of what a student and a teacher say after the same ids.

On-policy distillation (arXiv 2306.13649) takes them at the tokens that the student wrote, off-policy distillation at
those that the teacher wrote; tool results count in neither. All give one value a token, in nats: a loss is their sum
with weights that add up to 1 over a step, whose value with equal weights is that of TRL's `DistillationTrainer`. No
gradient goes to the teacher.
"""

import math

import torch
from torch import Tensor

from cluster.errors import RequestError

_IMPOSSIBLE = -1e4
"""A logit or a log-probability whose exponential is 0 in every type, and which has finite differences."""


def vocabulary_divergence(student_logits: Tensor, teacher_logits: Tensor, beta: float) -> Tensor:
    """[T] divergences over the whole vocabulary, of logits [T, V]. Differentiable in the student's.

    beta is TRL's: 0 is the forward KL, of the student from the teacher, sum p_t log(p_t / p_s); 1 the reverse KL,
    sum p_s log(p_s / p_t); between them the generalised Jensen-Shannon divergence beta KL(p_t | m) + (1 - beta)
    KL(p_s | m) from the mixture m = beta p_t + (1 - beta) p_s (arXiv 2306.13649 eq. 1, whose limits at 0 and 1 would be
    0). A few tensors of the logits' size are held (`training.distill.student_head` gives some tokens at a time). Logits
    below -10,000, those of tokens that cannot be written, count as that. Raises RequestError for vocabularies of
    different sizes.
    """
    if student_logits.shape != teacher_logits.shape:
        raise RequestError(
            f"logits of the student {tuple(student_logits.shape)} and of the teacher {tuple(teacher_logits.shape)}: "
            "cut both to the same tokens and to their tokenizer's vocabulary"
        )
    student, teacher = (
        (logits if logits.dtype == torch.float64 else logits.float()).clamp(min=_IMPOSSIBLE).log_softmax(-1)
        for logits in (student_logits, teacher_logits.detach())
    )
    if beta in (0, 1):
        return _kl(student, teacher) if beta else _kl(teacher, student)
    mixture = torch.logaddexp(student + math.log1p(-beta), teacher + math.log(beta))
    return beta * _kl(teacher, mixture) + (1 - beta) * _kl(student, mixture)


def sampled_reverse_kl(policy: Tensor, behaviour: Tensor, teacher: Tensor) -> Tensor:
    """[E] estimates of the reverse KL from the tokens that the behaviour policy sampled alone, one each.

    policy, behaviour, teacher: [E] log-probabilities of the sampled tokens, `behaviour` those that the sampler
    recorded. The estimate is rho (log p_s - log p_t), rho the ratio of the policy's probability to the behaviour's and
    the factor after it without gradient: over the tokens that the behaviour policy may sample after a prefix, both its
    mean and the mean of its gradient are those of `vocabulary_divergence` with beta 1. (Differentiating
    log p_s - log p_t alone would not do: the mean of that gradient is 0.) It is the policy gradient of MiniLLM
    (arXiv 2306.08543 eq. 3) for one step ahead. A single estimate may be negative.
    """
    return (policy - behaviour).exp() * (policy.detach() - teacher)


def topk_forward_kl(student: Tensor, teacher: Tensor, tail: bool) -> Tensor:
    """[T] forward KLs, of the student from the teacher, over the teacher's k likeliest tokens. Differentiable in the
    student's.

    teacher: [T, k] log-probabilities of distinct tokens, -inf where fewer are known; student: [T, k] its
    log-probabilities of the same tokens, under its whole vocabulary. With `tail` all other tokens are one more, so
    that what the student gives to them counts; its probability is held to at least 1e-7, as in TRL's
    `ServerDistillationTrainer`. Without it both are scaled to add up to 1 over the known tokens, and with k = 1
    there is nothing left to learn.
    """
    known = teacher > -math.inf
    sides = []
    for logps in (student, teacher.detach()):
        given = torch.where(known, logps, _IMPOSSIBLE)
        total = given.logsumexp(-1, keepdim=True)
        rest = (-total.clamp(max=-1e-7).expm1()).log()
        sides.append(torch.cat([given, rest], -1) if tail else given - total)
    return _kl(sides[1], sides[0])


def _kl(one: Tensor, other: Tensor) -> Tensor:
    """[...] sum of p log(p / q) over the last dimension, from log p and log q."""
    return (one.exp() * (one - other)).sum(-1)
