"""From groups to optimizer steps: which rank runs which row, with what weights. Deterministic, the same on all ranks.

A step is `groups_per_step` problems over all ranks. Groups whose tree fits `tokens_per_micro_step` share rows; a larger
group is split into rows of whole chains and goes through twice (see `training.tree.trainer`). ZeRO-3 gathers parameters
in every forward pass, so all ranks run equally many rows of each kind; a rank that has fewer runs a tiny row of zero
weight for each one that it lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch.utils.data import Dataset

from cluster.errors import RequestError
from training.chains import ScoredChain, ScoredGroup
from training.tree.blocks import on_device
from training.tree.layout import common_prefix, row_length, tree_size
from training.tree.loss import GroupSums, PairMean
from training.tree.scoring import TreeBatch, packed_row


@dataclass(frozen=True, slots=True)
class PreferenceExample:
    """A scored group with its chains' log-probabilities under the reference, in nats, in the order of its chains."""

    group: ScoredGroup
    reference_right: tuple[float, ...]
    reference_wrong: tuple[float, ...]

    def __post_init__(self) -> None:
        given = (len(self.reference_right), len(self.reference_wrong))
        if given != (len(self.group.right), len(self.group.wrong)):
            raise ValueError(f"{self.group.problem_id}: {given} reference sums do not match its chains")


@dataclass(frozen=True, slots=True, eq=False)
class GroupSlot:
    """Where a group stands in a row or in a list of sums: right chains in [at, at + n), wrong ones after them."""

    example: PreferenceExample
    at: int
    pair_weight: float
    """What the group's pair weights are multiplied with, so that those of the whole step add up to 1."""
    nll_weight: float
    """The same for the scored tokens of its right chains."""

    def sums(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = torch.tensor(group.pair_weights, dtype=torch.float64)
        numbers = (
            torch.tensor(self.example.reference_right, dtype=torch.float64),
            torch.tensor(self.example.reference_wrong, dtype=torch.float64),
            torch.tensor([chain.length for chain in group.right], dtype=torch.float64),
            torch.tensor([chain.length for chain in group.wrong], dtype=torch.float64),
            (weights * self.pair_weight).flatten(),
            weights.sum(1) * self.nll_weight,
        )
        # One copy to the device for all of them.
        together = on_device(torch.cat(numbers).to(policy.dtype), policy.device)
        moved = torch.split(together, [len(part) for part in numbers])
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=moved[0],
            reference_rejected=moved[1],
            chosen_lengths=moved[2],
            rejected_lengths=moved[3],
            pair_weights=moved[4].view(n, m),
            nll_weights=moved[5],
        )


@dataclass(frozen=True, eq=False)
class TreeRow:
    """Chains that go through the model as one row, padded to a multiple of `multiple_of` tokens. `slots` are the groups
    that it holds whole: none in a row of a split group, and none in a row of zero weight."""

    chains: tuple[ScoredChain, ...]
    slots: tuple[GroupSlot, ...] = ()
    multiple_of: int = 1

    @cached_property
    def batch(self) -> TreeBatch:
        """The packed row, in host memory."""
        return packed_row(self.chains, self.multiple_of)


@dataclass(frozen=True, slots=True, eq=False)
class SplitGroup:
    """A group whose tree exceeds `tokens_per_micro_step`. Each of its rows comes with the indices of its chains among
    the slot's."""

    slot: GroupSlot
    rows: tuple[tuple[tuple[int, ...], TreeRow], ...]


@dataclass(frozen=True, slots=True, eq=False)
class RankStep:
    """One rank's share of an optimizer step; `idle_first` and `idle_rows` fill up to what the busiest rank runs."""

    rows: tuple[TreeRow, ...]
    split: tuple[SplitGroup, ...]
    idle_first: int
    """Rows of zero weight to run without gradient, in the first phase."""
    idle_rows: int
    """Rows of zero weight to run with gradient."""
    idle_row: TreeRow

    @property
    def split_rows(self) -> int:
        """Rows of all split groups."""
        return sum(len(group.rows) for group in self.split)

    def packed(self) -> "RankStep":
        """The same step, all of its rows packed now: in the process that calls this."""
        for row in self._all_rows():
            _ = row.batch
        return self

    def pin_memory(self) -> "RankStep":
        """The same step, its rows in pinned memory; a `DataLoader` calls this."""
        for row in self._all_rows():
            vars(row)["batch"] = row.batch.pin_memory()
        return self

    def _all_rows(self) -> list[TreeRow]:
        return [*self.rows, *(row for group in self.split for _, row in group.rows), self.idle_row]


class StepDataset(Dataset[dict[str, RankStep]]):
    """The optimizer steps of epoch `epoch` as rank `rank` runs them, in an order drawn from (seed, epoch).

    The trees' sizes are measured once. Raises RequestError for a chain longer than `tokens_per_micro_step`: a chain is
    never split.
    """

    def __init__(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
        multiple_of: int = 1,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.multiple_of = multiple_of
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = self.chains = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self.chains += len(group.chains)
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def __len__(self) -> int:
        """Steps an epoch; the last one may hold fewer groups."""
        return -(-len(self.examples) // self.groups_per_step)

    def __getitem__(self, step: int) -> dict[str, RankStep]:
        return {"step": self.rank_step(self.members(step), self.rank).packed()}

    def members(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def rank_step(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),), (), self.multiple_of),
        )

    def _shares(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def _weights(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def _rows(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        filled = fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step)
        members = [[list(whole)[index] for index in indices] for indices in filled]
        # Longest first: where all ranks gather parameters together, rows of about one length run at the same time.
        members.sort(key=lambda row: -sum(self._sizes[member] for member in row))
        rows = []
        for row in members:
            chains: list[ScoredChain] = []
            slots = []
            for member in row:
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots), self.multiple_of))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            parts = (TreeRow(tuple(chains[i] for i in part), (), self.multiple_of) for part in cut)
            split.append(SplitGroup(slot, tuple(zip(cut, parts, strict=True))))
        return tuple(rows), tuple(split)


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
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def _inputs(chain: ScoredChain) -> tuple[int, ...]:
    """The ids that the chain needs in a row."""
    return chain.ids[: row_length(chain)]


def _refuse_longer(tokens_per_micro_step: int, longest: int) -> None:
    if longest > tokens_per_micro_step:
        raise RequestError(
            f"a chain takes {longest} tokens and a row holds {tokens_per_micro_step}: raise "
            "training.tokens_per_micro_step, or leave longer chains out with groups.max_tokens"
        )
