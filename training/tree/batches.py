"""From groups to optimizer steps: which rank runs which row, with what weights. Deterministic, the same on all ranks.

A step is `groups_per_step` problems over all ranks. Groups whose tree fits the token budget share rows; a larger group
is cut into pieces of whole chains and goes through twice (see `training.tree.trainer`). ZeRO-3 gathers parameters in
every forward, so all ranks run equally many rows of each kind; those that have fewer run a tiny row of zero weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from cluster.errors import RequestError
from training.chains import ScoredChain, ScoredGroup
from training.tree.layout import common_prefix, row_length, tree_size
from training.tree.loss import GroupSums, PairMean
from training.tree.scoring import TreeBatch, tree_batch


@dataclass(frozen=True, slots=True)
class GroupExample:
    """A scored group with its chains' log-probabilities under the reference, in nats, in the order of its chains."""

    group: ScoredGroup
    reference_right: tuple[float, ...]
    reference_wrong: tuple[float, ...]

    def __post_init__(self) -> None:
        given = (len(self.reference_right), len(self.reference_wrong))
        if given != (len(self.group.right), len(self.group.wrong)):
            raise ValueError(f"{self.group.problem_id}: {given} reference sums do not match its chains")

    @classmethod
    def from_scored(cls, group: ScoredGroup, reference: Mapping[ScoredChain, float]) -> "GroupExample":
        """The example of a group, its sums looked up in `reference`. Raises RequestError where one is missing."""
        try:
            right = tuple(reference[chain] for chain in group.right)
            wrong = tuple(reference[chain] for chain in group.wrong)
        except KeyError:
            raise RequestError(
                f"{group.problem_id}: a chain has no reference log-probability; run the reference stage with the "
                "same scoring rule first"
            ) from None
        return cls(group, right, wrong)


@dataclass(frozen=True, slots=True, eq=False)
class GroupSlot:
    """A group's place in a row or in a list of sums: right chains at [at, at + n), wrong ones after them."""

    example: GroupExample
    at: int
    pair_weight: float
    """What the group's pair weights are multiplied with, so that those of the whole step add up to 1."""
    nll_weight: float
    """The same for the scored tokens of its right chains."""

    def sums(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )


@dataclass(frozen=True, slots=True, eq=False)
class WholeRow:
    """A row that holds all chains of its groups: one graph. No slots: a row of zero weight."""

    chains: tuple[ScoredChain, ...]
    slots: tuple[GroupSlot, ...]

    def batch(self, device: torch.device) -> TreeBatch:
        return tree_batch(list(self.chains), device)


@dataclass(frozen=True, slots=True, eq=False)
class SplitGroup:
    """A group beyond the budget: `pieces` are rows, each with the indices of its chains among the slot's."""

    slot: GroupSlot
    pieces: tuple[tuple[tuple[int, ...], WholeRow], ...]


@dataclass(frozen=True, slots=True, eq=False)
class RankStep:
    """One rank's share of an optimizer step; `idle_first` and `idle_rows` fill up to what the busiest rank runs."""

    rows: tuple[WholeRow, ...]
    split: tuple[SplitGroup, ...]
    idle_first: int
    """Rows of zero weight to run without gradient, in the first phase."""
    idle_rows: int
    """Rows of zero weight to run with gradient."""
    idle_row: WholeRow


class StepPlanner:
    """Cuts examples into steps and rows. Sizes are measured once.

    Raises RequestError for a chain longer than `tokens_per_micro_step` (in tokens): no cutting helps that.
    """

    def __init__(
        self,
        examples: Sequence[GroupExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
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
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        measures = [_measure(example.group) for example in examples]
        self._sizes = [size for size, _, _, _ in measures]
        self._pairs = [pairs for _, pairs, _, _ in measures]
        self._tokens = [tokens for _, _, tokens, _ in measures]
        self.longest = max(longest for _, _, _, longest in measures)
        _refuse_beyond(tokens_per_micro_step, self.longest)

    def __len__(self) -> int:
        """Steps an epoch; the last one may hold fewer groups."""
        return -(-len(self.examples) // self.groups_per_step)

    def members(self, step: int, epoch: int, seed: int | None) -> list[int]:
        """Indices of the examples of a step, in an order drawn from (seed, epoch), or as given without a seed."""
        order = list(range(len(self.examples)))
        if seed is not None:
            generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % (1 << 63))
            order = torch.randperm(len(order), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def plan(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over `members`."""
        shares = self._shares(members)
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in shares]
        first = max(_pieces(split) for _, split in ranks)
        rows = max(len(whole) + _pieces(split) for whole, split in ranks)
        whole, split = ranks[rank]
        example = self.examples[members[0]].group.chains[0]
        idle = WholeRow((ScoredChain(example.ids[:2], (False, True)),), ())
        return RankStep(whole, split, first - _pieces(split), rows - len(whole) - _pieces(split), idle)

    def _shares(self, members: Sequence[int]) -> list[list[int]]:
        """The largest first, each to the rank that has least."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # A group beyond the budget is run forward once more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def _weights(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Per example: the factors of its pair weights and of its NLL weights, over all ranks."""
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
    ) -> tuple[tuple[WholeRow, ...], tuple[SplitGroup, ...]]:
        whole = [member for member in share if self._sizes[member] <= self.tokens_per_micro_step]
        split = [member for member in share if self._sizes[member] > self.tokens_per_micro_step]
        return (
            tuple(self._whole_row(row, weights) for row in self._fill(whole)),
            tuple(self._split(member, weights[member]) for member in split),
        )

    def _fill(self, members: Sequence[int]) -> list[list[int]]:
        """Rows of groups up to the budget. Neighbours in the order of their prompts share what their prompts share."""
        rows: list[list[int]] = []
        filled = 0
        before: tuple[int, ...] = ()
        firsts = {member: _first_input(self.examples[member].group) for member in members}
        for member in sorted(members, key=firsts.__getitem__):
            first = firsts[member]
            shared = min(common_prefix(before, first), self._sizes[member])
            if rows and filled + self._sizes[member] - shared <= self.tokens_per_micro_step:
                rows[-1].append(member)
                filled += self._sizes[member] - shared
            else:
                rows.append([member])
                filled = self._sizes[member]
            before = first
        return rows

    def _whole_row(self, row: Sequence[int], weights: Mapping[int, tuple[float, float]]) -> WholeRow:
        chains: list[ScoredChain] = []
        slots = []
        for member in row:
            slots.append(GroupSlot(self.examples[member], len(chains), *weights[member]))
            chains.extend(self.examples[member].group.chains)
        return WholeRow(tuple(chains), tuple(slots))

    def _split(self, member: int, weights: tuple[float, float]) -> SplitGroup:
        chains = self.examples[member].group.chains
        slot = GroupSlot(self.examples[member], 0, *weights)
        pieces = [
            (indices, WholeRow(tuple(chains[index] for index in indices), ()))
            for indices in cut_chains(chains, self.tokens_per_micro_step)
        ]
        return SplitGroup(slot, tuple(pieces))


def cut_chains(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    Raises RequestError for a chain that is longer.
    """
    inputs = [chain.ids[: row_length(chain)] for chain in chains]
    _refuse_beyond(tokens_per_micro_step, max(map(len, inputs), default=0))
    rows: list[list[int]] = []
    filled = 0
    before: tuple[int, ...] = ()
    for index in sorted(range(len(chains)), key=inputs.__getitem__):
        fresh = len(inputs[index]) - common_prefix(before, inputs[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = len(inputs[index])
        before = inputs[index]
    return [tuple(row) for row in rows]


def _refuse_beyond(tokens_per_micro_step: int, longest: int) -> None:
    if longest > tokens_per_micro_step:
        raise RequestError(
            f"a chain takes {longest} tokens and the budget of a row is {tokens_per_micro_step}: raise "
            "training.tokens_per_micro_step, or leave longer chains out with groups.max_tokens"
        )


def _first_input(group: ScoredGroup) -> tuple[int, ...]:
    chain = group.chains[0]
    return chain.ids[: row_length(chain)]


def _measure(group: ScoredGroup) -> tuple[int, float, float, int]:
    """The tree's size, the pairs, the scored tokens of chosen chains over all pairs, the longest chain."""
    weights = [sum(row) for row in group.pair_weights]
    tokens = sum(chain.length * weight for chain, weight in zip(group.right, weights, strict=True))
    return tree_size(group.chains), sum(weights), tokens, max(map(row_length, group.chains))


def _pieces(split: Sequence[SplitGroup]) -> int:
    return sum(len(group.pieces) for group in split)
