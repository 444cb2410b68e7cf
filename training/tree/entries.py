"""Steps of losses that add up over tokens: plain NLL and policy gradients.

Such a loss needs no chain of a group beside another, so a group that is larger than a row is divided by chains, and
nothing goes through twice.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.chains import ScoredChain
from training.tree.layout import tree_size
from training.tree.rows import RankStep, TreeRow, cut_chains
from training.tree.steps import ExampleT, TreeSteps

Numbers = NDArray[np.float64]
Told = NDArray[np.float32]
"""[length, W] of a chain: what somebody else says at each of its scored tokens."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EntryRow(TreeRow):
    """A row with K numbers for each scored token of its chains, S in all.

    `values`: [K, S], in the order of the chains and of the scored tokens of each. `said`: of each chain what somebody
    else says at its scored tokens; () where nobody does.
    """

    values: Numbers
    said: tuple[Told, ...] = ()
    totals: tuple[int, ...] = ()
    """What the step holds in all, over all ranks."""

    @cached_property
    def entries(self) -> torch.Tensor:
        """[K, E] in the order of the packed row's entries, in host memory."""
        found = np.empty_like(self.values)
        found[:, self._by_chain] = self.values
        return torch.from_numpy(found)

    @cached_property
    def told(self) -> torch.Tensor | None:
        """[P, W] at the packed row's predictions, in host memory; None where nobody says anything. Entries of one
        prediction have the same answer, which any of them gives."""
        if not self.said:
            return None
        _, first = np.unique(self.batch.entry_prediction.numpy(), return_index=True)
        place = np.empty(self.values.shape[1], np.int64)
        place[self._by_chain] = np.arange(len(place))
        return torch.from_numpy(np.concatenate(self.said)[place[first]])

    def pack(self) -> None:
        super().pack()
        _ = self.entries, self.told

    def pin(self) -> None:
        super().pin()
        vars(self)["entries"] = self.entries.pin_memory()
        if self.told is not None:
            vars(self)["told"] = self.told.pin_memory()

    def __getstate__(self) -> dict[str, Any]:
        # Between processes as plain arrays, for the reason that `TreeBatch` has; and what is packed is not sent twice.
        state = dict(vars(self))
        if "told" in state:
            state["said"] = ()
        return {name: part.numpy() if isinstance(part, torch.Tensor) else part for name, part in state.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        made = {name: torch.from_numpy(state[name]) for name in ("entries", "told") if state.get(name) is not None}
        vars(self).update(state | made)

    @property
    def _by_chain(self) -> NDArray[np.int64]:
        """[S] the entries, chain by chain: along a chain their positions ascend."""
        return np.argsort(self.batch.entry_chain.numpy(), kind="stable")


@dataclass(frozen=True, eq=False, kw_only=True)
class EntryStep(RankStep):
    """One rank's share of a step. `numbers` are this rank's shares of what is logged, known before any row runs."""

    rows: tuple[EntryRow, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """Chains of one example, by their indices, that go into one row together."""

    member: int
    chains: tuple[ScoredChain, ...]
    indices: tuple[int, ...]


class EntrySteps(TreeSteps[ExampleT, EntryStep]):
    """The optimizer steps of a loss that is a sum over tokens."""

    def rank_step(self, members: Sequence[int], rank: int) -> EntryStep:
        """What `rank` runs of the step over the examples `members`."""
        ranks = self.shares(members)
        rows = [self._divided(share) for share in ranks]
        some = self.idle_chain(members)
        return EntryStep(
            rows=self._rows(rows[rank], members),
            idle_rows=max(map(len, rows)) - len(rows[rank]),
            idle_row=TreeRow(chains=(some,), multiple_of=self.multiple_of),
            numbers=self.numbers(ranks[rank], members),
        )

    @abstractmethod
    def values(self, example: ExampleT, member: int, members: Sequence[int]) -> list[Numbers]:
        """For each chain of example `member` the [K, length] numbers of its scored tokens, in a step over `members`."""

    def told(self, example: ExampleT) -> tuple[Told, ...] | None:
        """What somebody else says of each chain of an example, where the loss takes it at a row's predictions."""
        return None

    def totals(self, members: Sequence[int]) -> tuple[int, ...]:
        """What a row has to know of a step over `members`, over all ranks."""
        return ()

    def numbers(self, share: Sequence[int], members: Sequence[int]) -> dict[str, float]:
        """The shares of what is logged that the examples `share` have of a step over `members`."""
        return {}

    def _divided(self, share: Sequence[int]) -> list[list[_Part]]:
        """The rows of some examples. Of other ranks' examples nothing else is read."""
        parts: list[_Part] = []
        for member in share:
            chains = self.outline(member).chains
            whole = self._sizes[member] <= self.tokens_per_micro_step
            for cut in [tuple(range(len(chains)))] if whole else cut_chains(chains, self.tokens_per_micro_step):
                parts.append(_Part(member, tuple(chains[i] for i in cut), cut))
        filled = self.filled([part.chains for part in parts], [tree_size(part.chains) for part in parts])
        return [[parts[index] for index in row] for row in filled]

    def _rows(self, rows: Sequence[Sequence[_Part]], members: Sequence[int]) -> tuple[EntryRow, ...]:
        """The rows of one rank, with their numbers."""
        examples = {part.member: self.examples[part.member] for row in rows for part in row}
        values = {member: self.values(example, member, members) for member, example in examples.items()}
        told = {member: self.told(example) for member, example in examples.items()}
        return tuple(
            EntryRow(
                chains=tuple(chain for part in row for chain in part.chains),
                values=np.concatenate([values[part.member][i] for part in row for i in part.indices], axis=1),
                said=tuple(own[i] for part in row if (own := told[part.member]) is not None for i in part.indices),
                totals=self.totals(members),
                multiple_of=self.multiple_of,
            )
            for row in rows
        )
