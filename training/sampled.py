"""How far the log-probabilities that a sampler recorded are from what the trainer's side says under the same policy."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from training.chains import ScoredChain
from training.reference import Precision, load_model
from training.tree.attention import check_length
from training.tree.blocks import BLOCK, on_device
from training.tree.entries import EntryRow
from training.tree.layout import row_length
from training.tree.rows import cut_chains
from training.tree.scoring import add_tree_scoring


class Sampled(Protocol):
    """Chains that a sampler recorded."""

    @property
    def sampled(self) -> tuple[tuple[ScoredChain, tuple[float, ...], int], ...]:
        """Each chain, its recorded log-probabilities, in nats, and how many episodes wrote it."""


def sampler_difference(
    model_source: str,
    examples: Iterable[Sampled],
    *,
    tokens_per_micro_step: int,
    precision: Precision = "float32",
    fused_kernels: bool = False,
    device: str = "cpu",
) -> tuple[float, int]:
    """The sum of absolute differences over the sampled tokens of all episodes, in nats, and the number of these tokens,
    between the model at `model_source`, which sampled them, and what was recorded.

    `tokens_per_micro_step`: most tokens of a forward pass. Raises RequestError for a longer chain, and for a model that
    cannot be scored by trees.
    """
    import torch

    chains = [
        (chain, np.stack([np.array(logps), np.full(len(logps), float(times))]))
        for example in examples
        for chain, logps, times in example.sampled
    ]
    if not chains:
        return 0.0, 0
    model = load_model(model_source, precision, fused_kernels=fused_kernels, device_map={"": device})
    model.requires_grad_(False).eval()
    add_tree_scoring(model)
    check_length(model, max(row_length(chain) for chain, _ in chains))
    on, multiple_of = torch.device(device), BLOCK if device == "cuda" else 1
    total, tokens = 0.0, 0
    with torch.no_grad():
        for cut in cut_chains([chain for chain, _ in chains], tokens_per_micro_step):
            values = np.concatenate([chains[index][1] for index in cut], axis=1)
            row = EntryRow(chains=tuple(chains[index][0] for index in cut), values=values, multiple_of=multiple_of)
            recorded, times = torch.unbind(on_device(row.entries, on))
            said = model(tree_batch=row.batch.to(on), entries=True).double()
            total += float(((said - recorded).abs() * times).sum())
            tokens += int(values[1].sum())
    return total, tokens
