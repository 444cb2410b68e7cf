"""The head in parts: values and gradients of all logits at once, and nothing of their size is held."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.training.tree.trees import VOCABULARY, relative, tiny_model
from training.distill.student_head import values_by_token
from training.tree.scoring import finished_logits, logit_options

TOKENS = VOCABULARY - 3


def squared(logits: Tensor, known: Tensor) -> Tensor:
    """Some value of each token that depends on all of its logits and on what is known."""
    return (logits.log_softmax(-1) * known.sin()).square().sum(-1)


def head_model(dtype: torch.dtype, bias: bool, **options: Any) -> Any:
    model = tiny_model("llama", **options).to(dtype)
    if bias:
        model.lm_head.bias = torch.nn.Parameter(torch.randn(VOCABULARY, dtype=dtype))
    return model


@pytest.mark.parametrize(
    ("bias", "options"), [(False, {}), (True, {"logits_scaling": 3.0}), (True, {"final_logit_softcapping": 2.0})]
)
@pytest.mark.parametrize("tokens_at_once", [1, 3, 7, 100])
def test_values_and_gradients_are_those_of_all_logits_at_once(
    tokens_at_once: int, bias: bool, options: dict[str, float]
) -> None:
    model = head_model(torch.float64, bias, **options)
    torch.manual_seed(1)
    hidden = torch.randn(7, 32, dtype=torch.float64, requires_grad=True)
    known, weights = torch.randn(7, TOKENS, dtype=torch.float64), torch.randn(7, dtype=torch.float64)
    leaves = [hidden, *model.lm_head.parameters()]
    expected = squared(finished_logits(model.lm_head(hidden), *logit_options(model.config))[:, :TOKENS], known)
    gradient = torch.autograd.grad((weights * expected).sum(), leaves)
    found = values_by_token(model, hidden, known, squared, TOKENS, tokens_at_once)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    for one, other in zip(torch.autograd.grad((weights * found).sum(), leaves), gradient, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_parts_add_up_in_float32_where_the_model_computes_in_bfloat16() -> None:
    """A hundred parts rounded to bfloat16 before they add up would be off by some hundredths."""
    torch.manual_seed(1)
    hidden, known = torch.randn(400, 32), torch.randn(400, TOKENS)
    exact, half = head_model(torch.float32, True), head_model(torch.bfloat16, True)
    exact.load_state_dict({name: part.float() for name, part in half.state_dict().items()})
    gradients = []
    for model, at_once in ((exact, 400), (half, 400), (half, 4)):
        states = hidden.to(model.dtype).requires_grad_()
        values_by_token(model, states, known, squared, TOKENS, at_once).sum().backward()
        gradients.append(model.lm_head.weight.grad.float())
        assert model.lm_head.weight.grad.dtype == model.dtype
        model.lm_head.weight.grad = None
    whole, parts = (relative(gradient, gradients[0]) for gradient in gradients[1:])
    assert parts < 1.2 * whole


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Elements of the largest tensor that any operation makes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for one in made if isinstance(made, tuple | list) else (made,):
            if isinstance(one, Tensor):
                self.elements = max(self.elements, one.numel())
        return made


def test_no_tensor_has_the_size_of_all_logits() -> None:
    model = head_model(torch.float32, False)
    hidden, known = torch.randn(500, 32, requires_grad=True), torch.randn(500, 1)
    with Largest() as largest:
        values_by_token(model, hidden, known, squared, TOKENS, 10).sum().backward()
    assert largest.elements == 500 * 32, "the hidden states' gradient"
    assert largest.elements < 500 * TOKENS
