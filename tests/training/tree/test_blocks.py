"""The CUDA path's attention, on the CPU: which blocks it computes, its backward pass, and how often it is compiled."""

import random
from typing import Any, cast

import pytest
import torch
import torch.nn.attention.flex_attention as flex
from torch._dynamo.testing import CompileCounterWithBackend
from torch.nn.attention.flex_attention import create_block_mask

from tests.training.tree.trees import gradients, random_chains, relative, tiny_model
from training.chains import ScoredChain
from training.tree.blocks import block_mask, on_device, visible_blocks
from training.tree.layout import TreeLayout, pack
from training.tree.scoring import add_tree_scoring, packed_row

CPU = torch.device("cpu")


def long_chains(seed: int, stretch: int) -> list[ScoredChain]:
    """Random tries of two problems, every token `stretch` times: branches of many blocks and of less than one."""
    draw = random.Random(seed)
    chains = [chain for _ in range(2) for chain in random_chains(draw, 6)]
    return [
        ScoredChain(
            tuple(token for token in chain.ids for _ in range(stretch)),
            tuple(mark for mark in chain.scored for _ in range(stretch)),
        )
        for chain in chains
    ]


def visible(layout: TreeLayout, window: int | None) -> torch.Tensor:
    """[T, T]: what each token sees, one by one."""
    until, depth, at = torch.from_numpy(layout.until), torch.from_numpy(layout.depth), torch.arange(layout.tokens)
    seen = (at[None, :] <= at[:, None]) & (at[:, None] < until[None, :])
    return seen if window is None else seen & (depth[:, None] - depth[None, :] < window)


@pytest.mark.parametrize("window", [None, 1, 40, 200, 5000])
@pytest.mark.parametrize(("seed", "stretch", "multiple_of"), [(0, 7, 128), (1, 40, 128), (2, 40, 1), (3, 90, 128)])
def test_blocks_hold_all_that_is_visible(seed: int, stretch: int, multiple_of: int, window: int | None) -> None:
    layout = pack(long_chains(seed, stretch), multiple_of)
    seen = visible(layout, window)
    some, whole = visible_blocks(layout, window)
    for query, key in ((query, key) for query in range(len(some)) for key in range(len(some))):
        block = seen[query * 128 : (query + 1) * 128, key * 128 : (key + 1) * 128]
        assert bool(block.any()) <= bool(some[query, key]), "nothing that is visible is left out"
        assert bool(whole[query, key]) <= bool(block.all()), "what is taken without a mask is visible as a whole"
        if window is None:
            assert bool(block.any()) == bool(some[query, key]), "nothing is computed in vain"


@pytest.mark.parametrize("seed", range(4))
def test_blocks_are_those_of_the_dense_mask(seed: int) -> None:
    layout = pack(long_chains(seed, 40), 128)
    until = torch.from_numpy(layout.until)
    dense = create_block_mask(
        lambda batch, head, query, key: (key <= query) & (query < until[key]),
        None,
        None,
        layout.tokens,
        layout.tokens,
        device="cpu",
    )
    found = block_mask(layout, CPU, None)
    assert torch.equal(found.to_dense(), dense.to_dense())
    for one, other in ((found.kv_num_blocks, dense.kv_num_blocks), (found.q_num_blocks, dense.q_num_blocks)):
        assert torch.equal(one, other)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("family", ["llama", "qwen3", "mistral", "phi3"])
def test_the_gradient_of_the_cuda_path(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch has the backward pass on the CPU and only refuses it there. Grouped heads, windows (Mistral's 5, Phi-3's
    7), padding to whole blocks."""
    monkeypatch.setattr(flex, "_validate_device", lambda *_: None)
    monkeypatch.setattr(flex, "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG", True)
    options = flex._apply_kernel_options

    def with_log_sum_exp(*arguments: Any, **named: Any) -> Any:
        return options(*arguments, **named) | {"OUTPUT_LOGSUMEXP": True}

    monkeypatch.setattr(flex, "_apply_kernel_options", with_log_sum_exp)
    model = tiny_model(family)
    add_tree_scoring(model)
    chains = random_chains(random.Random(3), 6)
    found = {}
    for backend, multiple_of in (("flex", 128), ("flex", 1), ("segments", 1)):
        model.zero_grad()
        sums = model(tree_batch=packed_row(chains, multiple_of, backend))
        (sums * torch.arange(1, len(sums) + 1)).sum().backward()
        found[backend, multiple_of] = sums.detach(), gradients(model)
    expected = found.pop(("segments", 1))
    for sums, gradient in found.values():
        assert relative(sums, expected[0]) < 1e-6
        assert relative(gradient, expected[1]) < 1e-5


def test_a_kernel_serves_all_row_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight lengths with two windows: a first kernel each, then one of any length."""
    from training.tree import attention

    counter = CompileCounterWithBackend("eager")  # type: ignore[no-untyped-call]
    compiled = torch.compile

    def counted(function: Any, **options: Any) -> Any:
        return compiled(function, backend=counter, **options)

    torch._dynamo.reset()
    monkeypatch.setattr(torch, "compile", counted)
    attend = attention._compiled_flex.__wrapped__()
    with torch.no_grad():
        for blocks in range(1, 9):
            layout = pack(random_chains(random.Random(1), 4), 128 * blocks)
            query, key = (torch.randn(1, 2, layout.tokens, 16) for _ in range(2))
            for window in (None, 4):
                attend(query, key, key, block_mask=block_mask(layout, CPU, window), scale=None)
    assert counter.frame_count <= 4


@pytest.mark.parametrize(("device", "done"), [("cuda", ["pinned", "sent"]), ("cpu", ["sent"]), ("meta", ["sent"])])
def test_what_goes_to_a_gpu_is_pinned_so_that_nothing_waits(device: str, done: list[str]) -> None:
    did: list[str] = []

    class Part:
        def pin_memory(self) -> "Part":
            did.append("pinned")
            return self

        def to(self, where: torch.device, non_blocking: bool) -> "Part":
            assert (where, non_blocking) == (torch.device(device), True)
            did.append("sent")
            return self

    on_device(cast(torch.Tensor, Part()), torch.device(device))
    assert did == done
