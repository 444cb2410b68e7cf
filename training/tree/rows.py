"""Rows of a step: chains that go through the model together, and how chains are divided into rows.

ZeRO-3 gathers parameters in every forward pass, so all ranks run equally many rows; a rank that has fewer runs a tiny
row of zero weight for each one that it lacks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from cluster.errors import RequestError
from training.chains import ScoredChain
from training.tree.layout import common_prefix, row_length
from training.tree.scoring import TreeBatch, packed_row


@dataclass(frozen=True, eq=False, kw_only=True)
class TreeRow:
    """Chains that go through the model as one row, padded to a multiple of `multiple_of` tokens."""

    chains: tuple[ScoredChain, ...]
    multiple_of: int = 1

    @cached_property
    def batch(self) -> TreeBatch:
        """The packed row, in host memory."""
        return packed_row(self.chains, self.multiple_of)

    def pack(self) -> None:
        """Make all that the row is sent to a device with."""
        _ = self.batch

    def pin(self) -> None:
        """Move that into pinned memory."""
        vars(self)["batch"] = self.batch.pin_memory()


@dataclass(frozen=True, eq=False, kw_only=True)
class RankStep:
    """One rank's share of an optimizer step; `idle_rows` fill up to what the busiest rank runs."""

    rows: tuple[TreeRow, ...]
    idle_rows: int
    """Rows of zero weight to run with gradient."""
    idle_row: TreeRow

    @property
    def passes(self) -> int:
        """Rows that run forward and backward: as many on every rank."""
        return len(self.rows) + self.idle_rows

    def packed(self) -> Self:
        """The same step, all of its rows packed now: in the process that calls this."""
        for row in self._all_rows():
            row.pack()
        return self

    def pin_memory(self) -> Self:
        """The same step, its rows in pinned memory; a `DataLoader` calls this."""
        for row in self._all_rows():
            row.pin()
        return self

    def _all_rows(self) -> list[TreeRow]:
        return [*self.rows, self.idle_row]


def fill_rows(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = []
    filled = 0
    before: tuple[int, ...] = ()
    for index in sorted(range(len(inputs)), key=inputs.__getitem__):
        fresh = sizes[index] - min(common_prefix(before, inputs[index]), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def cut_chains(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(row_inputs, chains))
    refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def row_inputs(chain: ScoredChain) -> tuple[int, ...]:
    """The ids that the chain needs in a row."""
    return chain.ids[: row_length(chain)]


def refuse_longer(tokens_per_micro_step: int, longest: int) -> None:
    """Raise RequestError where the longest chain exceeds a row: a chain is never split."""
    if longest > tokens_per_micro_step:
        raise RequestError(
            f"a chain takes {longest} tokens and a row holds {tokens_per_micro_step}: raise "
            "training.tokens_per_micro_step, or leave longer chains out with groups.max_tokens"
        )
