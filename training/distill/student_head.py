"""The student's head for some tokens at a time: a loss sees logits, and never those of a whole row.

The logits of a row are [P, vocabulary]: 6 GiB in float32 for 10,000 predictions of 151,936 tokens, and a divergence
holds several of their size. Here the backward pass makes each part again, and adds up the head's gradient in float32,
as TRL's kernel for log-probabilities does (`training.tree.scoring`).
"""

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from training.tree.scoring import finished_logits, logit_options

TOKENS_AT_ONCE = 512
"""Tokens whose logits are held at once. The head's gradient, [vocabulary, hidden size] in float32, is read and written
once for each part: smaller parts would wait for that, larger ones hold more."""

Values = Callable[[Tensor, Tensor], Tensor]
"""Makes [T] values of logits [T, vocabulary], at least in float32, and of what is known of each token, [T, W]."""


def values_by_token(
    model: Any, hidden: Tensor, known: Tensor, values: Values, vocabulary: int, tokens_at_once: int = TOKENS_AT_ONCE
) -> Tensor:
    """[P] values of the logits that the head of `model` gives for `hidden`, [P, hidden size], of its first `vocabulary`
    tokens. Differentiable in `hidden` and in the head; `known`, [P, W], is not differentiated.

    Under ZeRO-3 the head is gathered once forward and once backward, whatever P is.
    """
    head, options = model.get_output_embeddings(), logit_options(model.config)

    def of_part(raw: Tensor, said: Tensor) -> Tensor:
        return values(finished_logits(raw, *options), said)

    with _whole(head.weight, head.bias):
        found: Tensor = _InParts.apply(  # type: ignore[no-untyped-call]
            hidden, head.weight, head.bias, known, of_part, vocabulary, tokens_at_once
        )
    return found


class _InParts(torch.autograd.Function):
    """See `values_by_token`."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        known: Tensor,
        values: Values,
        vocabulary: int,
        tokens_at_once: int,
    ) -> Tensor:
        ctx.save_for_backward(hidden, weight, bias, known)
        ctx.values, ctx.vocabulary, ctx.tokens_at_once = values, vocabulary, tokens_at_once
        kept, shift = weight[:vocabulary], None if bias is None else bias[:vocabulary]
        pairs = zip(*(torch.split(each, tokens_at_once) for each in (hidden, known)), strict=True)
        return torch.cat([values(torch.nn.functional.linear(states, kept, shift), said) for states, said in pairs])

    @staticmethod
    def backward(ctx: Any, derivatives: Tensor) -> Any:
        hidden, weight, bias, known = ctx.saved_tensors
        by_hidden = torch.empty_like(hidden)
        with _whole(weight, bias):
            exact = torch.float64 if weight.dtype == torch.float64 else torch.float32
            by_weight = torch.zeros(weight.shape, dtype=exact, device=weight.device)
            by_bias = None if bias is None else torch.zeros(bias.shape, dtype=exact, device=bias.device)
            kept, shift = weight[: ctx.vocabulary], None if bias is None else bias[: ctx.vocabulary]
            for start in range(0, len(hidden), ctx.tokens_at_once):
                part = slice(start, start + ctx.tokens_at_once)
                raw = torch.nn.functional.linear(hidden[part], kept, shift).requires_grad_()
                with torch.enable_grad():
                    found = ctx.values(raw, known[part])
                (by_raw,) = torch.autograd.grad(found, raw, derivatives[part])
                by_hidden[part] = by_raw @ kept
                _add_product(by_weight[: ctx.vocabulary], by_raw.t(), hidden[part])
                if by_bias is not None:
                    by_bias[: ctx.vocabulary] += by_raw.sum(0, dtype=exact)
            biased = None if by_bias is None else by_bias.to(bias.dtype)
            return by_hidden, by_weight.to(weight.dtype), biased, None, None, None, None


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """total += left @ right. Rounded to bfloat16 before it is added, each part's product would lose its last bits."""
    if total.device.type == "cuda" and left.dtype != total.dtype:
        torch.addmm(total, left, right, out_dtype=total.dtype, out=total)
    else:
        total.addmm_(left.to(total.dtype), right.to(total.dtype))


def _whole(*parameters: Tensor | None) -> contextlib.AbstractContextManager[Any]:
    """Parameters that ZeRO-3 divides are whole in this context; others are so anyway."""
    divided = [one for one in parameters if one is not None and hasattr(one, "ds_status")]
    if not divided:
        return contextlib.nullcontext()
    # Imported here: with TRL's trainers it takes seconds.
    from trl.trainer.utils import maybe_gather_lm_head_ctx

    context: contextlib.AbstractContextManager[Any] = maybe_gather_lm_head_ctx(*divided)
    return context
