"""Steps of losses that add up over tokens: plain NLL and policy gradients.

Such a loss needs no chain of a group beside another, so a group that is larger than a row is divided by chains, and
nothing goes through twice.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from training.chains import ScoredChain
from training.tree.layout import tree_size
from training.tree.rows import RankStep, TreeRow, cut_chains
from training.tree.steps import ExampleT, TreeSteps

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class EntryRow(TreeRow):
    """A row with K numbers for each scored token of its chains.

    `values`: [K, S], in the order of the chains and of the scored tokens of each.
    """

    values: Numbers
    totals: tuple[int, ...] = ()
    """What the step holds in all, over all ranks."""

    @cached_property
    def entries(self) -> torch.Tensor:
        """[K, E] in the order of the packed row's entries, in host memory."""
        # Along a chain the entries' positions ascend: sorted by chain they are in the order of `values`.
        by_chain = np.argsort(self.batch.entry_chain.numpy(), kind="stable")
        found = np.empty_like(self.values)
        found[:, by_chain] = self.values
        return torch.from_numpy(found)


@dataclass(frozen=True, eq=False, kw_only=True)
class EntryStep(RankStep):
    """One rank's share of a step. `numbers` are this rank's shares of what is logged, known before any row runs."""

    rows: tuple[EntryRow, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """Chains of one example that go into one row together, with the values of each."""

    chains: tuple[ScoredChain, ...]
    values: tuple[Numbers, ...]


class EntrySteps(TreeSteps[ExampleT, EntryStep]):
    """The optimizer steps of a loss that is a sum over tokens."""

    def rank_step(self, members: Sequence[int], rank: int) -> EntryStep:
        """What `rank` runs of the step over the examples `members`."""
        ranks = self.shares(members)
        rows = [self._rows(share, members) for share in ranks]
        some = self.idle_chain(members)
        return EntryStep(
            rows=rows[rank],
            idle_rows=max(map(len, rows)) - len(rows[rank]),
            idle_row=TreeRow(chains=(some,), multiple_of=self.multiple_of),
            numbers=self.numbers(ranks[rank], members),
        )

    @abstractmethod
    def values(self, example: ExampleT, member: int, members: Sequence[int]) -> list[Numbers]:
        """For each chain of example `member` the [K, length] numbers of its scored tokens, in a step over `members`."""

    def totals(self, members: Sequence[int]) -> tuple[int, ...]:
        """What a row has to know of a step over `members`, over all ranks."""
        return ()

    def numbers(self, share: Sequence[int], members: Sequence[int]) -> dict[str, float]:
        """The shares of what is logged that the examples `share` have of a step over `members`."""
        return {}

    def _rows(self, share: Sequence[int], members: Sequence[int]) -> tuple[EntryRow, ...]:
        parts: list[_Part] = []
        for member in share:
            example = self.examples[member]
            values = self.values(example, member, members)
            whole = self._sizes[member] <= self.tokens_per_micro_step
            every = tuple(range(len(example.chains)))
            for cut in [every] if whole else cut_chains(example.chains, self.tokens_per_micro_step):
                parts.append(_Part(tuple(example.chains[i] for i in cut), tuple(values[i] for i in cut)))
        filled = self.filled([part.chains for part in parts], [tree_size(part.chains) for part in parts])
        return tuple(
            EntryRow(
                chains=tuple(chain for index in row for chain in parts[index].chains),
                values=np.concatenate([one for index in row for one in parts[index].values], axis=1),
                totals=self.totals(members),
                multiple_of=self.multiple_of,
            )
            for row in filled
        )
