"""Log-probabilities of a tree's chains: the backbone over the row, the head on scored positions only.

`add_tree_scoring` lets a Hugging Face causal model be called as `model(tree_batch=batch)`, which returns the per-chain
sums. It extends the model's own forward, so that wrappers (DeepSpeed's engine, accelerate's autocast) see one call of
the root module, and gather and release its parameters as for any other forward.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from training.chains import ScoredChain
from training.tree.attention import AttentionLayout, use_tree_attention
from training.tree.layout import pack

HEAD_ELEMENTS = 1 << 26
"""Logits held at once (rows x vocabulary): 256 MiB in float32. More are computed in turns, and again in the backward
pass."""
_CUDA_ROW_MULTIPLE = 512
"""On CUDA rows are padded to a multiple of this, because every new length compiles the attention kernel again."""


@dataclass(frozen=True, slots=True, eq=False)
class TreeBatch:
    """A packed row as tensors on one device.

    input_ids, position_ids: [1, T]. rows: [R] distinct positions that predict something. entry_row: [E] indices into
    `rows`, ascending; entry_target: [E] token ids; entry_chain: [E] indices of chains, of which there are `chains`.
    """

    attention: AttentionLayout
    input_ids: Tensor
    position_ids: Tensor
    rows: Tensor
    entry_row: Tensor
    entry_target: Tensor
    entry_chain: Tensor
    chains: int

    @property
    def tokens(self) -> int:
        """Length of the row, T, padding included."""
        return int(self.input_ids.shape[1])


def tree_batch(chains: Sequence[ScoredChain], device: torch.device, backend: str | None = None) -> TreeBatch:
    """Pack `chains` into one row on `device`. `backend`: as in `AttentionLayout`."""
    layout = pack(chains, _CUDA_ROW_MULTIPLE if device.type == "cuda" else 1)
    rows, entry_row = np.unique(layout.entry_position, return_inverse=True)
    return TreeBatch(
        attention=AttentionLayout(layout, device, backend),
        input_ids=torch.from_numpy(layout.ids).to(device)[None],
        position_ids=torch.from_numpy(layout.depth).to(device)[None],
        rows=torch.from_numpy(rows).to(device),
        entry_row=torch.from_numpy(entry_row).to(device),
        entry_target=torch.from_numpy(layout.entry_target).to(device),
        entry_chain=torch.from_numpy(layout.entry_chain).to(device),
        chains=layout.chains,
    )


def add_tree_scoring(model: Any) -> None:
    """Let `model(tree_batch=batch)` return the [chains] float64 sums of log-probabilities (nats). Idempotent.

    Sets the model to tree attention; for any other use of it afterwards, `model.set_attn_implementation` it back.
    Raises RequestError for models that cannot be scored by trees.
    """
    use_tree_attention(model)
    if getattr(model.forward, "scores_trees", False):
        return
    plain = model.forward

    @functools.wraps(plain)
    def forward(self: Any, *args: Any, tree_batch: TreeBatch | None = None, **kwargs: Any) -> Any:
        if tree_batch is None:
            return plain(*args, **kwargs)
        batch = tree_batch
        output = self.base_model(
            input_ids=batch.input_ids, position_ids=batch.position_ids, use_cache=False, tree=batch.attention
        )
        # In float64: a chain's sum is in the thousands of nats, where float32's rounding shifts the gradient by 1e-5.
        logps = _entry_logps(self, output.last_hidden_state[0, batch.rows], batch).double()
        return logps.new_zeros(batch.chains).index_add(0, batch.entry_chain, logps)

    forward.scores_trees = True  # type: ignore[attr-defined]
    model.forward = MethodType(forward, model)


def _entry_logps(model: Any, hidden: Tensor, batch: TreeBatch) -> Tensor:
    """[E] log-probabilities of the entries; `hidden`: [R, hidden size]."""
    head = model.get_output_embeddings()
    at_once = max(1, HEAD_ELEMENTS // model.config.vocab_size)
    turns = _agreed_turns(-(-len(hidden) // at_once), head, hidden.device)
    if turns == 1:
        return _turn(head, model.config, hidden, batch.entry_row, batch.entry_target)
    parts = []
    for first in range(0, turns * at_once, at_once):
        edges = torch.tensor([first, first + at_once], device=hidden.device)
        begin, end = torch.searchsorted(batch.entry_row, edges).tolist()
        # A turn past the last position scores nothing: it takes part in gathering the head with other ranks.
        rows = hidden[first : first + at_once] if first < len(hidden) else hidden[:1]
        turn = (rows, batch.entry_row[begin:end] - first, batch.entry_target[begin:end])
        parts.append(checkpoint(_turn, head, model.config, *turn, use_reentrant=False))
    return torch.cat(parts)


def _agreed_turns(turns: int, head: Any, device: torch.device) -> int:
    """How many turns the head takes. Where ZeRO-3 splits it, all ranks gather it in every turn, so all take as many
    as the one that needs most."""
    if not hasattr(head.weight, "ds_id") or dist.get_world_size() == 1:
        return turns
    most = torch.tensor(turns, device=device)
    dist.all_reduce(most, op=dist.ReduceOp.MAX)
    return int(most)


def _turn(head: Any, config: Any, hidden: Tensor, entry_row: Tensor, entry_target: Tensor) -> Tensor:
    """Log-probabilities of the entries of some rows: the work of one turn of the head."""
    logits: Tensor = head(hidden)
    # What some models do after the head: Granite divides the logits, Cohere scales them, Gemma 2 caps them.
    if getattr(config, "logits_scaling", None):
        logits = logits / config.logits_scaling
    if getattr(config, "logit_scale", None):
        logits = logits * config.logit_scale
    if cap := getattr(config, "final_logit_softcapping", None):
        logits = torch.tanh(logits / cap) * cap
    # At least float32: log-probabilities of long chains add up, and bf16 sums would drown the margins.
    logits = logits if logits.dtype == torch.float64 else logits.float()
    return logits[entry_row, entry_target] - torch.logsumexp(logits, dim=-1)[entry_row]
