"""Tree attention: a row of branching chains in which every token sees exactly its own root-to-token path.

A Hugging Face model is used unchanged: `use_tree_attention` registers an attention function under the name "tree" and
the extra argument `tree=` of the model call reaches it. On the CPU each block of keys is attended to once by all that
descends from it (`training.tree.cascade`), and where a sliding window binds, each segment attends to its path by
`scaled_dot_product_attention`; on CUDA the whole row goes through `flex_attention` with a block mask
(`training.tree.blocks`). A path is contiguous in position, so a sliding window is a condition on positions.
"""

from functools import cache, cached_property
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, flex_attention
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from cluster.errors import RequestError
from training.tree.blocks import block_mask
from training.tree.cascade import KeyBlock, cascade_attention
from training.tree.layout import Segment, TreeLayout

TREE = "tree"
_LAYERS = {"full_attention", "sliding_attention"}


class AttentionLayout:
    """What attention needs of a layout, on one device; masks are made once and shared by all layers.

    `backend` is "cascade", "segments" or "flex"; by default cascade on the CPU and flex elsewhere.
    """

    def __init__(self, layout: TreeLayout, device: torch.device, backend: str | None = None) -> None:
        self.layout, self.device = layout, device
        self.backend = backend or ("cascade" if device.type == "cpu" else "flex")
        self.segments = layout.segments
        self.longest = int(layout.depth.max(initial=-1)) + 1
        self._masks: dict[tuple[int, int, int | None, torch.dtype], Tensor] = {}
        self._block_masks: dict[int | None, BlockMask] = {}

    @cached_property
    def blocks(self) -> list[KeyBlock]:
        """The row, cut at all starts and ends of segments and paths: a path consists of whole blocks."""
        ends = {stop for segment in self.segments for stop in (segment.start, segment.stop)}
        ends |= {end for segment in self.segments for part in segment.path for end in part}
        until, depth = self.layout.until, self.layout.depth
        return [
            KeyBlock(start, stop, int(until[start]), root=not depth[start]) for start, stop in pairwise(sorted(ends))
        ]

    @cached_property
    def block_at(self) -> dict[int, int]:
        """Where a block starts -> its index."""
        return {block.start: index for index, block in enumerate(self.blocks)}

    def mask(self, queries: int, keys: int, window: int | None, dtype: torch.dtype) -> Tensor:
        """Additive [queries, keys] mask: causal, aligned at the lower right, within `window` positions if given."""
        key = (queries, keys, window, dtype)
        if key not in self._masks:
            seen = torch.ones(queries, keys, dtype=torch.bool, device=self.device).tril(keys - queries)
            if window is not None:
                seen = seen.triu(keys - queries - window + 1)
            added = torch.zeros(queries, keys, dtype=dtype, device=self.device)
            self._masks[key] = added.masked_fill_(~seen, float("-inf"))
        return self._masks[key]

    def block_mask(self, window: int | None) -> BlockMask:
        """The row's mask for `flex_attention`: ancestors and self, within `window` positions if given."""
        if window not in self._block_masks:
            self._block_masks[window] = block_mask(self.layout, self.device, window)
        return self._block_masks[window]


def use_tree_attention(model: Any) -> None:
    """Make a causal Hugging Face model attend by trees. Raises RequestError where that would not be exact.

    All dropout is set to 0: a shared token must be the same for all its chains, and in both phases of a large group.
    """
    check_model(model)
    # Without a mask function: for one, transformers would look in each forward pass whether positions begin anew, and
    # that makes the host wait for all of the device's work.
    AttentionInterface.register(TREE, tree_attention)
    model.set_attn_implementation(TREE)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if getattr(module, "attention_dropout", 0.0):
            module.attention_dropout = 0.0


def check_model(model: Any) -> None:
    """Raise RequestError, which names the model, where its chains would not stay independent in one row."""
    config, name = model.config, type(model).__name__
    layers = set(getattr(config, "layer_types", None) or ())
    if layers - _LAYERS:
        raise _refusal(name, f"it has layers of type {', '.join(sorted(layers - _LAYERS))}")
    if getattr(model, "_is_stateful", False):
        raise _refusal(name, "its recurrent layers carry state along the row")
    if any(parameter.split(".")[-1] in ("sinks", "attention_sink") for parameter, _ in model.named_parameters()):
        raise _refusal(name, "it has attention sinks, which a path's attention does not normalise")
    if getattr(config, "attn_logit_softcapping", None) is not None:
        raise _refusal(name, "it caps attention logits (attn_logit_softcapping)")
    if getattr(config, "is_encoder_decoder", False) or not getattr(config, "is_causal", True):
        raise _refusal(name, "it is no causal decoder")
    if not getattr(model, "_supports_attention_backend", False):
        raise _refusal(name, "its attention cannot be replaced (no transformers attention interface)")


def check_length(model: Any, longest: int) -> None:
    """Raise RequestError where a chain of `longest` tokens changes the rotary embedding of its whole row."""
    config = model.config
    ropes = getattr(config, "rope_parameters", None) or {}
    # Rotary parameters are one table, or one table a layer type.
    for rope in [value for value in ropes.values() if isinstance(value, dict)] or [ropes]:
        kind = rope.get("rope_type", "default")
        switch = rope.get("original_max_position_embeddings") if kind == "longrope" else None
        switch = switch or getattr(config, "original_max_position_embeddings", None) or config.max_position_embeddings
        if kind in ("longrope", "dynamic") and longest > switch:
            raise RequestError(
                f"{type(model).__name__}: a chain of {longest} tokens is past the switch of its {kind} rotary "
                f"embedding at {switch}, which would change the other chains of its row; keep chains to {switch}"
            )


def tree_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    tree: AttentionLayout | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """The function behind "tree". query: [1, heads, T, d]; key, value: [1, kv heads, T, d]; out: [1, T, heads, d]."""
    if tree is None:
        raise RequestError("this model attends by trees: call it with tree=, or set another attention implementation")
    if dropout:
        raise RequestError(f"attention dropout {dropout}: shared tokens must be the same for all chains; set it to 0")
    if kwargs.get("s_aux") is not None or kwargs.get("softcap") is not None or kwargs.get("position_bias") is not None:
        raise _refusal(type(module).__name__, "its attention has sinks, a cap or a position bias")
    window = sliding_window if sliding_window is not None and sliding_window < tree.longest else None
    if tree.backend == "flex":
        attend = _compiled_flex() if query.device.type == "cuda" else flex_attention
        # Every query head gets keys and values of its own. The backward kernel has one program for each block of keys
        # and each of their heads, and a prompt's keys are seen by the whole tree: with the two heads of a small model
        # a few long programs run alone (1.9 times as fast so on an H100, docs/performance.md).
        groups = query.shape[1] // key.shape[1]
        keys, values = (part.repeat_interleave(groups, 1) if groups > 1 else part for part in (key, value))
        out = cast(Tensor, attend(query, keys, values, block_mask=tree.block_mask(window), scale=scaling))
    elif tree.backend == "cascade" and window is None and query.shape[-1] == value.shape[-1]:
        out = cascade_attention(query, key, value, tree.blocks, scaling)
    else:
        out = _by_segments(query, key, value, tree, scaling, window)
    return out.transpose(1, 2).contiguous(), None


def _by_segments(
    query: Tensor, key: Tensor, value: Tensor, tree: AttentionLayout, scaling: float | None, window: int | None
) -> Tensor:
    """Each segment attends to its path: the keys of a path are gathered once for each segment."""
    # One split, so that its backward is one concatenation; slices would each zero a whole row.
    lengths = [block.stop - block.start for block in tree.blocks]
    keys, values = torch.split(key, lengths, dim=2), torch.split(value, lengths, dim=2)
    queries = torch.split(query, [segment.stop - segment.start for segment in tree.segments], dim=2)
    grouped = query.shape[1] != key.shape[1]
    outs = []
    for segment, asked in zip(tree.segments, queries, strict=True):
        path, skipped = _path_blocks(tree, segment, window)
        seen_keys = torch.cat([keys[index] for index in path], dim=2)[:, :, skipped:]
        seen_values = torch.cat([values[index] for index in path], dim=2)[:, :, skipped:]
        length, seen = asked.shape[2], seen_keys.shape[2]
        binding = window if window is not None and seen > window else None
        plain = length == seen and binding is None
        mask = None if plain else tree.mask(length, seen, binding, query.dtype)
        outs.append(
            scaled_dot_product_attention(
                asked, seen_keys, seen_values, attn_mask=mask, is_causal=plain, scale=scaling, enable_gqa=grouped
            )
        )
    return torch.cat(outs, dim=2)


def _path_blocks(tree: AttentionLayout, segment: Segment, window: int | None) -> tuple[list[int], int]:
    """Indices of the blocks that the segment sees, itself last, and how many leading tokens are outside all windows."""
    skip = 0 if window is None else max(0, segment.depth - window + 1)
    path: list[int] = []
    for start, stop in (*segment.path, (segment.start, segment.stop)):
        while start < stop:
            index = tree.block_at[start]
            length = tree.blocks[index].stop - start
            if not path and skip >= length:
                skip -= length
            else:
                path.append(index)
            start += length
    return path, skip


@cache
def _compiled_flex() -> Any:
    # A kernel for each window and gradient mode, of any row length: the second length compiles one for all. Past a
    # limit of kernels the full score matrix would be made silently; with `fullgraph` that is an error.
    return torch.compile(flex_attention, dynamic=None, fullgraph=True, recompile_limit=64)  # type: ignore[call-overload]


def _refusal(name: str, why: str) -> RequestError:
    return RequestError(f"{name} cannot be trained by trees: {why}; use a model with plain or sliding-window attention")
