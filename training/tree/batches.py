"""Steps of DPO: groups of pairs in rows, with the weights of their pairs. Deterministic, the same on all ranks.

Groups whose tree fits `tokens_per_micro_step` share rows; a larger group is split into rows of whole chains and goes
through twice (see `training.trainers.dpo`). All ranks run equally many rows of each kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from cluster.errors import RequestError
from training.chains import ScoredChain, ScoredGroup
from training.tree.blocks import on_device
from training.tree.loss import GroupSums, PairMean
from training.tree.rows import RankStep, TreeRow, cut_chains
from training.tree.steps import TreeSteps


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

    @property
    def chains(self) -> tuple[ScoredChain, ...]:
        """All chains, right ones first."""
        return self.group.chains


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


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupRow(TreeRow):
    """A row of pairs. `slots` are the groups that it holds whole: none in a row of a split group, and none in a row of
    zero weight."""

    slots: tuple[GroupSlot, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SplitGroup:
    """A group whose tree exceeds `tokens_per_micro_step`. Each of its rows comes with the indices of its chains among
    the slot's."""

    slot: GroupSlot
    rows: tuple[tuple[tuple[int, ...], GroupRow], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class PreferenceStep(RankStep):
    """One rank's share of a step of DPO, which has a first phase without gradient for the groups that are split."""

    rows: tuple[GroupRow, ...]
    split: tuple[SplitGroup, ...]
    idle_first: int
    """Rows of zero weight to run without gradient, in the first phase."""
    idle_row: GroupRow

    @property
    def split_rows(self) -> int:
        """Rows of all split groups."""
        return sum(len(group.rows) for group in self.split)

    @property
    def passes(self) -> int:
        """Rows that run forward and backward, those of split groups with them."""
        return super().passes + self.split_rows

    def _all_rows(self) -> list[TreeRow]:
        return [*super()._all_rows(), *(row for group in self.split for _, row in group.rows)]


class StepDataset(TreeSteps[PreferenceExample, PreferenceStep]):
    """The optimizer steps of DPO. `pair_mean`: as in `TreeDPOConfig`; the rest is as in `TreeSteps`."""

    def __init__(self, examples: Sequence[PreferenceExample], *, pair_mean: PairMean, **options: int) -> None:
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.pair_mean = pair_mean
        super().__init__(examples, **options)

    def count(self, example: PreferenceExample) -> tuple[float, float]:
        """Pairs, and scored tokens of right chains, each as often as its chain is in pairs."""
        group = example.group
        weights = [sum(row) for row in group.pair_weights]
        return group.pairs, sum(chain.length * w for chain, w in zip(group.right, weights, strict=True))

    def rank_step(self, members: Sequence[int], rank: int) -> PreferenceStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self.shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        rows, split = ranks[rank]
        return PreferenceStep(
            rows=rows,
            split=split,
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=GroupRow(chains=(self.idle_chain(members),), multiple_of=self.multiple_of),
        )

    def load(self, member: int) -> int:
        # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
        return self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)

    def _weights(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        counts = {member: self._counts[member] for member in members}
        if self.pair_mean == "pairs":
            all_pairs, all_tokens = (sum(numbers) for numbers in zip(*counts.values(), strict=True))
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * pairs), 1 / (len(members) * tokens))
            for member, (pairs, tokens) in counts.items()
        }

    def _rows(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[GroupRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = [member for member in share if self._sizes[member] <= self.tokens_per_micro_step]
        examples = {member: self.examples[member] for member in share}
        filled = self.filled([examples[m].chains for m in whole], [self._sizes[m] for m in whole])
        rows = []
        for row in filled:
            chains: list[ScoredChain] = []
            slots = []
            for member in (whole[index] for index in row):
                slots.append(GroupSlot(examples[member], len(chains), *weights[member]))
                chains += examples[member].chains
            rows.append(GroupRow(chains=tuple(chains), slots=tuple(slots), multiple_of=self.multiple_of))
        split = []
        for member in (member for member in share if member not in whole):
            chains = list(examples[member].chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            parts = (GroupRow(chains=tuple(chains[i] for i in part), multiple_of=self.multiple_of) for part in cut)
            slot = GroupSlot(examples[member], 0, *weights[member])
            split.append(SplitGroup(slot, tuple(zip(cut, parts, strict=True))))
        return tuple(rows), tuple(split)
