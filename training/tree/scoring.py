"""Log-probabilities of a tree's chains: the backbone over the row, the head on scored positions only.

`add_tree_scoring` lets a Hugging Face causal model be called as `model(tree_batch=batch)`, which returns the per-chain
sums, or with `entries=True` the log-probability of each scored token of each chain; with another `score` it gives what
that makes of the hidden states. It extends the model's own forward, so that wrappers (DeepSpeed's engine, accelerate's
autocast) see one call of the root module, and gather and release its parameters as for any other forward.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import MethodType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.chains import ScoredChain
from training.tree.attention import AttentionLayout, use_tree_attention
from training.tree.blocks import BLOCK
from training.tree.layout import TreeLayout, pack

VOCABULARY_AT_ONCE = 8192
"""Columns of the logits that TRL's head kernel holds at once, of up to 4,096 tokens: 64 MiB in bfloat16. On an H100
narrower parts are launched more slowly than they are computed, and wider ones gain nothing."""
_PLAIN_VOCABULARY = 16384
"""Up to this many tokens the CPU makes all logits at once: 512 MiB for a row of 8,192. The kernel computes them twice,
which costs a model of 16 M parameters 8 %. Not a matter of the row: under ZeRO-3 all ranks have to do the same."""


@dataclass(frozen=True, slots=True, eq=False)
class TreeBatch:
    """A packed row as tensors on one device.

    input_ids, position_ids: [1, T]. A prediction is a distinct pair of a position and the token that is scored there:
    predicting, target: [P], positions ascending. entry_prediction: [E] indices of predictions, ascending; entry_chain:
    [E] indices of chains, of which there are `chains`.
    """

    attention: AttentionLayout
    input_ids: Tensor
    position_ids: Tensor
    predicting: Tensor
    target: Tensor
    entry_prediction: Tensor
    entry_chain: Tensor
    chains: int

    @property
    def tokens(self) -> int:
        """Length of the row, T, padding included."""
        return int(self.input_ids.shape[1])

    def to(self, device: torch.device) -> "TreeBatch":
        """The same row on `device`. From pinned memory the copies do not wait for the device's other work."""
        if self.input_ids.device == device:
            return self
        moved: dict[str, Any] = {name: part.to(device, non_blocking=True) for name, part in self._tensors()}
        return replace(self, attention=AttentionLayout(self.attention.layout, device), **moved)

    def pin_memory(self) -> "TreeBatch":
        """The same row in pinned memory; a `DataLoader` calls this."""
        pinned: dict[str, Any] = {name: part.pin_memory() for name, part in self._tensors()}
        return replace(self, **pinned)

    def __reduce__(self) -> Any:
        # Between processes as plain arrays: torch sends every tensor through a file descriptor of its own, and a step
        # of many rows would run out of them.
        arrays = {name: tensor.numpy() for name, tensor in self._tensors()}
        return _from_arrays, (self.attention.layout, self.attention.backend, self.chains, arrays)

    def _tensors(self) -> list[tuple[str, Tensor]]:
        names = ("input_ids", "position_ids", "predicting", "target", "entry_prediction", "entry_chain")
        return [(name, getattr(self, name)) for name in names]


def _from_arrays(layout: TreeLayout, backend: str, chains: int, arrays: dict[str, NDArray[np.int64]]) -> TreeBatch:
    """What `TreeBatch.__reduce__` sent, in host memory."""
    tensors: dict[str, Any] = {name: torch.from_numpy(array) for name, array in arrays.items()}
    return TreeBatch(attention=AttentionLayout(layout, torch.device("cpu"), backend), chains=chains, **tensors)


def tree_batch(chains: Sequence[ScoredChain], device: torch.device) -> TreeBatch:
    """Pack `chains` into one row on `device`."""
    return packed_row(chains, BLOCK if device.type == "cuda" else 1).to(device)


def packed_row(chains: Sequence[ScoredChain], multiple_of: int, backend: str | None = None) -> TreeBatch:
    """Pack `chains` into one row in host memory, its length padded to a multiple of `multiple_of`. `backend`:
    as in `AttentionLayout`; on another device the row attends as that does."""
    layout = pack(chains, multiple_of)
    # Chains that share a scored token share its log-probability, which is computed once.
    scored = (layout.entry_position << 32) | layout.entry_target
    predictions, entry_prediction = np.unique(scored, return_inverse=True)
    by_prediction = np.argsort(entry_prediction, kind="stable")
    return TreeBatch(
        attention=AttentionLayout(layout, torch.device("cpu"), backend),
        input_ids=torch.from_numpy(layout.ids)[None],
        position_ids=torch.from_numpy(layout.depth)[None],
        predicting=torch.from_numpy(predictions >> 32),
        target=torch.from_numpy(predictions & 0xFFFFFFFF),
        entry_prediction=torch.from_numpy(entry_prediction[by_prediction]),
        entry_chain=torch.from_numpy(layout.entry_chain[by_prediction]),
        chains=layout.chains,
    )


def add_tree_scoring(model: Any) -> None:
    """Let `model(tree_batch=batch)` return the [chains] float64 sums of log-probabilities (nats). Idempotent.

    With `entries=True` it returns the [E] log-probabilities themselves, in the order of the batch's entries; with
    another `score` the [E, ...] of what that gives.
    Sets the model to tree attention; for any other use of it afterwards, `model.set_attn_implementation` it back.
    Raises RequestError for models that cannot be scored by trees.
    """
    use_tree_attention(model)
    if getattr(model.forward, "scores_trees", False):
        return
    plain = model.forward

    @functools.wraps(plain)
    def forward(
        self: Any,
        *args: Any,
        tree_batch: TreeBatch | None = None,
        entries: bool = False,
        score: Score = target_logps,
        **kwargs: Any,
    ) -> Any:
        if tree_batch is None:
            return plain(*args, **kwargs)
        batch = tree_batch
        output = self.base_model(
            input_ids=batch.input_ids, position_ids=batch.position_ids, use_cache=False, tree=batch.attention
        )
        by_entry = score(self, output.last_hidden_state[0, batch.predicting], batch)[batch.entry_prediction]
        return by_entry if entries else by_entry.new_zeros(batch.chains).index_add(0, batch.entry_chain, by_entry)

    forward.scores_trees = True  # type: ignore[attr-defined]
    model.forward = MethodType(forward, model)


def target_logps(model: Any, hidden: Tensor, batch: TreeBatch) -> Tensor:
    """[P] log-probabilities of the tokens that the predictions score."""
    # In float64: a chain's sum is in the thousands of nats, where float32's rounding shifts the gradient by 1e-5.
    return token_logps(model, hidden, batch.target).double()


def token_logps(model: Any, hidden: Tensor, target: Tensor) -> Tensor:
    """[P] log-probabilities of the tokens `target`, at least in float32; `hidden`: [P, hidden size]."""
    head, config = model.get_output_embeddings(), model.config
    small = hidden.device.type == "cpu" and config.vocab_size <= _PLAIN_VOCABULARY
    if small or hidden.dtype == torch.float64:  # TRL's kernel computes in float32
        logits = head_logits(model, hidden)
        chosen: Tensor = logits.gather(1, target[:, None])[:, 0]
        return chosen - torch.logsumexp(logits, dim=-1)
    # Imported here: with TRL's trainers it takes seconds, which scoring tiny models need not spend.
    from trl.kernels.chunked_logprob import ChunkedLogProbFunction
    from trl.trainer.utils import maybe_gather_lm_head_ctx

    scale, cap = logit_options(config)
    with maybe_gather_lm_head_ctx(head.weight, head.bias):
        columns = min(VOCABULARY_AT_ONCE, config.vocab_size)
        found: Tensor = ChunkedLogProbFunction.apply(
            hidden, head.weight, head.bias, target, 1.0, columns, cap, scale, ()
        )[0]
    return found


def head_logits(model: Any, hidden: Tensor) -> Tensor:
    """[P, vocabulary] logits from [P, hidden size], at least in float32."""
    return finished_logits(model.get_output_embeddings()(hidden), *logit_options(model.config))


def logit_options(config: Any) -> tuple[float, float | None]:
    """What some models do after the head: Granite divides the logits, Cohere scales them, Gemma 2 caps them. Returns
    the factor, and the cap or None."""
    scale = (getattr(config, "logit_scale", None) or 1.0) / (getattr(config, "logits_scaling", None) or 1.0)
    return scale, getattr(config, "final_logit_softcapping", None)


def finished_logits(logits: Tensor, scale: float, cap: float | None) -> Tensor:
    """What the head gave, scaled and capped, at least in float32: log-probabilities of long chains add up, and bfloat16
    sums would drown the margins."""
    logits = logits if scale == 1.0 else logits * scale
    logits = logits if cap is None else torch.tanh(logits / cap) * cap
    return logits if logits.dtype == torch.float64 else logits.float()


Score = Callable[[Any, Tensor, TreeBatch], Tensor]
"""Makes of a model, the [P, hidden size] states of a row's predictions and the row the [P, ...] of what is asked."""
