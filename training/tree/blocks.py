"""Which blocks of a row's score matrix `flex_attention` computes, from the tree alone: the matrix is never made.

`create_block_mask` evaluates the mask for every pair of tokens, which takes 8 GiB at 32,768 tokens with a window. A
key k is seen by the queries [k, until[k]), so what a block of 128 keys needs to know is the least and the greatest
`until` of its keys and, for windows, the least and the greatest depth.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask

from training.tree.layout import TreeLayout

BLOCK = 128
"""Tokens of a block. Rows on CUDA are padded to a multiple of it."""


def block_mask(layout: TreeLayout, device: torch.device, window: int | None) -> BlockMask:
    """The mask of a row: ancestors and self, within `window` positions if given. Blocks that are seen as a whole are
    marked so, and computed without a mask."""
    some, whole = visible_blocks(layout, window)
    until, depth = (on_device(torch.from_numpy(part), device) for part in (layout.until, layout.depth))

    def visible(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        seen = (key <= query) & (query < until[key])
        return seen if window is None else seen & (depth[query] - depth[key] < window)

    return BlockMask.from_kv_blocks(
        *_listed(some & ~whole, device),
        *_listed(whole, device),
        BLOCK_SIZE=BLOCK,
        mask_mod=visible,
        seq_lengths=(layout.tokens, layout.tokens),
    )


def visible_blocks(layout: TreeLayout, window: int | None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """[B, B] each, for blocks of queries and of keys: whether any pair of tokens may be visible, and whether all are.

    Without a window the first is exact; with one it may also mark a block in which no pair is visible.
    """
    count = -(-layout.tokens // BLOCK)
    ragged = count * BLOCK - layout.tokens

    def least_and_greatest(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        blocks = np.pad(values, (0, ragged), mode="edge").reshape(count, BLOCK)
        return blocks.min(1), blocks.max(1)

    soonest, latest = least_and_greatest(layout.until)
    start = np.arange(count) * BLOCK
    stop = np.minimum(start + BLOCK, layout.tokens)
    before = np.tri(count, k=-1, dtype=bool)
    some = before & (latest[None, :] > start[:, None]) | np.eye(count, dtype=bool)
    whole = before & (soonest[None, :] >= stop[:, None])
    if window is not None:
        shallowest, deepest = least_and_greatest(layout.depth)
        some &= shallowest[:, None] - deepest[None, :] < window
        whole &= deepest[:, None] - shallowest[None, :] < window
    return some, whole


def _listed(marked: NDArray[np.bool_], device: torch.device) -> tuple[Tensor, Tensor]:
    """For each block of queries, [1, 1, B] how many blocks of keys are marked, and [1, 1, B, B] which, those first."""
    counts = on_device(torch.from_numpy(marked.sum(1, dtype=np.int32)), device)
    indices = on_device(torch.from_numpy(np.argsort(~marked, kind="stable").astype(np.int32)), device)
    return counts[None, None], indices[None, None]


def on_device(part: Tensor, device: torch.device) -> Tensor:
    """A tensor of host memory on `device`. The host does not wait, as it would for a plain `.to`."""
    return (part.pin_memory() if device.type == "cuda" else part).to(device, non_blocking=True)
