"""From groups to optimizer steps: which rank runs which row, with what weights. Deterministic, the same on all ranks.

A step is `groups_per_step` problems over all ranks. Groups whose tree fits `tokens_per_micro_step` share rows; a larger
group is split into rows of whole chains and goes through twice (see `training.tree.trainer`). ZeRO-3 gathers parameters
in every forward pass, so all ranks run equally many rows of each kind; a rank that has fewer runs a tiny row of zero
weight for each one that it lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import Dataset

from cluster.errors import RequestError
from training.chains import ScoredChain, ScoredGroup
from training.tree.layout import common_prefix, row_length, tree_size
from training.tree.loss import GroupSums, PairMean


from mutmut.mutation.trampoline import wrap_in_trampoline as _mutmut_mutated, MutantDict
mutants_xǁPreferenceExampleǁ__post_init____mutmut: MutantDict = {}  # type: ignore


@dataclass(frozen=True, slots=True)
class PreferenceExample:
    """A scored group with its chains' log-probabilities under the reference, in nats, in the order of its chains."""

    group: ScoredGroup
    reference_right: tuple[float, ...]
    reference_wrong: tuple[float, ...]

    @_mutmut_mutated(mutants_xǁPreferenceExampleǁ__post_init____mutmut)
    def __post_init__(self) -> None:
        given = (len(self.reference_right), len(self.reference_wrong))
        if given != (len(self.group.right), len(self.group.wrong)):
            raise ValueError(f"{self.group.problem_id}: {given} reference sums do not match its chains")

    def xǁPreferenceExampleǁ__post_init____mutmut_orig(self) -> None:
        given = (len(self.reference_right), len(self.reference_wrong))
        if given != (len(self.group.right), len(self.group.wrong)):
            raise ValueError(f"{self.group.problem_id}: {given} reference sums do not match its chains")

    def xǁPreferenceExampleǁ__post_init____mutmut_1(self) -> None:
        given = None
        if given != (len(self.group.right), len(self.group.wrong)):
            raise ValueError(f"{self.group.problem_id}: {given} reference sums do not match its chains")

    def xǁPreferenceExampleǁ__post_init____mutmut_2(self) -> None:
        given = (len(self.reference_right), len(self.reference_wrong))
        if given == (len(self.group.right), len(self.group.wrong)):
            raise ValueError(f"{self.group.problem_id}: {given} reference sums do not match its chains")

    def xǁPreferenceExampleǁ__post_init____mutmut_3(self) -> None:
        given = (len(self.reference_right), len(self.reference_wrong))
        if given != (len(self.group.right), len(self.group.wrong)):
            raise ValueError(None)

mutants_xǁPreferenceExampleǁ__post_init____mutmut['_mutmut_orig'] = PreferenceExample.xǁPreferenceExampleǁ__post_init____mutmut_orig # type: ignore # mutmut generated
mutants_xǁPreferenceExampleǁ__post_init____mutmut['xǁPreferenceExampleǁ__post_init____mutmut_1'] = PreferenceExample.xǁPreferenceExampleǁ__post_init____mutmut_1 # type: ignore # mutmut generated
mutants_xǁPreferenceExampleǁ__post_init____mutmut['xǁPreferenceExampleǁ__post_init____mutmut_2'] = PreferenceExample.xǁPreferenceExampleǁ__post_init____mutmut_2 # type: ignore # mutmut generated
mutants_xǁPreferenceExampleǁ__post_init____mutmut['xǁPreferenceExampleǁ__post_init____mutmut_3'] = PreferenceExample.xǁPreferenceExampleǁ__post_init____mutmut_3 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut: MutantDict = {}  # type: ignore


@dataclass(frozen=True, slots=True, eq=False)
class GroupSlot:
    """Where a group stands in a row or in a list of sums: right chains in [at, at + n), wrong ones after them."""

    example: PreferenceExample
    at: int
    pair_weight: float
    """What the group's pair weights are multiplied with, so that those of the whole step add up to 1."""
    nll_weight: float
    """The same for the scored tokens of its right chains."""

    @_mutmut_mutated(mutants_xǁGroupSlotǁsums__mutmut)
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

    def xǁGroupSlotǁsums__mutmut_orig(self, policy: torch.Tensor) -> GroupSums:
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

    def xǁGroupSlotǁsums__mutmut_1(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = None
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

    def xǁGroupSlotǁsums__mutmut_2(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = None
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

    def xǁGroupSlotǁsums__mutmut_3(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = None
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

    def xǁGroupSlotǁsums__mutmut_4(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(None)
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

    def xǁGroupSlotǁsums__mutmut_5(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=None,
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_6(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=None,
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_7(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=None,
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_8(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=None,
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_9(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=None,
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_10(self, policy: torch.Tensor) -> GroupSums:
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
            rejected_lengths=None,
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_11(self, policy: torch.Tensor) -> GroupSums:
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
            pair_weights=None,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_12(self, policy: torch.Tensor) -> GroupSums:
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
            nll_weights=None,
        )

    def xǁGroupSlotǁsums__mutmut_13(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_14(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_15(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_16(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_17(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_18(self, policy: torch.Tensor) -> GroupSums:
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
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_19(self, policy: torch.Tensor) -> GroupSums:
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
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_20(self, policy: torch.Tensor) -> GroupSums:
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
            )

    def xǁGroupSlotǁsums__mutmut_21(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at - n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_22(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at - n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_23(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n - m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_24(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at - n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_25(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(None),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_26(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(None),
            chosen_lengths=policy.new_tensor([chain.length for chain in group.right]),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_27(self, policy: torch.Tensor) -> GroupSums:
        """The group's numbers, given the [chains] sums of its row. Differentiable in `policy`."""
        group = self.example.group
        n, m = len(group.right), len(group.wrong)
        weights = policy.new_tensor(group.pair_weights)
        return GroupSums(
            chosen=policy[self.at : self.at + n],
            rejected=policy[self.at + n : self.at + n + m],
            reference_chosen=policy.new_tensor(self.example.reference_right),
            reference_rejected=policy.new_tensor(self.example.reference_wrong),
            chosen_lengths=policy.new_tensor(None),
            rejected_lengths=policy.new_tensor([chain.length for chain in group.wrong]),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_28(self, policy: torch.Tensor) -> GroupSums:
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
            rejected_lengths=policy.new_tensor(None),
            pair_weights=weights * self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_29(self, policy: torch.Tensor) -> GroupSums:
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
            pair_weights=weights / self.pair_weight,
            nll_weights=weights.sum(1) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_30(self, policy: torch.Tensor) -> GroupSums:
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
            nll_weights=weights.sum(1) / self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_31(self, policy: torch.Tensor) -> GroupSums:
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
            nll_weights=weights.sum(None) * self.nll_weight,
        )

    def xǁGroupSlotǁsums__mutmut_32(self, policy: torch.Tensor) -> GroupSums:
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
            nll_weights=weights.sum(2) * self.nll_weight,
        )

mutants_xǁGroupSlotǁsums__mutmut['_mutmut_orig'] = GroupSlot.xǁGroupSlotǁsums__mutmut_orig # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_1'] = GroupSlot.xǁGroupSlotǁsums__mutmut_1 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_2'] = GroupSlot.xǁGroupSlotǁsums__mutmut_2 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_3'] = GroupSlot.xǁGroupSlotǁsums__mutmut_3 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_4'] = GroupSlot.xǁGroupSlotǁsums__mutmut_4 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_5'] = GroupSlot.xǁGroupSlotǁsums__mutmut_5 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_6'] = GroupSlot.xǁGroupSlotǁsums__mutmut_6 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_7'] = GroupSlot.xǁGroupSlotǁsums__mutmut_7 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_8'] = GroupSlot.xǁGroupSlotǁsums__mutmut_8 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_9'] = GroupSlot.xǁGroupSlotǁsums__mutmut_9 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_10'] = GroupSlot.xǁGroupSlotǁsums__mutmut_10 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_11'] = GroupSlot.xǁGroupSlotǁsums__mutmut_11 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_12'] = GroupSlot.xǁGroupSlotǁsums__mutmut_12 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_13'] = GroupSlot.xǁGroupSlotǁsums__mutmut_13 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_14'] = GroupSlot.xǁGroupSlotǁsums__mutmut_14 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_15'] = GroupSlot.xǁGroupSlotǁsums__mutmut_15 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_16'] = GroupSlot.xǁGroupSlotǁsums__mutmut_16 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_17'] = GroupSlot.xǁGroupSlotǁsums__mutmut_17 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_18'] = GroupSlot.xǁGroupSlotǁsums__mutmut_18 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_19'] = GroupSlot.xǁGroupSlotǁsums__mutmut_19 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_20'] = GroupSlot.xǁGroupSlotǁsums__mutmut_20 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_21'] = GroupSlot.xǁGroupSlotǁsums__mutmut_21 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_22'] = GroupSlot.xǁGroupSlotǁsums__mutmut_22 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_23'] = GroupSlot.xǁGroupSlotǁsums__mutmut_23 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_24'] = GroupSlot.xǁGroupSlotǁsums__mutmut_24 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_25'] = GroupSlot.xǁGroupSlotǁsums__mutmut_25 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_26'] = GroupSlot.xǁGroupSlotǁsums__mutmut_26 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_27'] = GroupSlot.xǁGroupSlotǁsums__mutmut_27 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_28'] = GroupSlot.xǁGroupSlotǁsums__mutmut_28 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_29'] = GroupSlot.xǁGroupSlotǁsums__mutmut_29 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_30'] = GroupSlot.xǁGroupSlotǁsums__mutmut_30 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_31'] = GroupSlot.xǁGroupSlotǁsums__mutmut_31 # type: ignore # mutmut generated
mutants_xǁGroupSlotǁsums__mutmut['xǁGroupSlotǁsums__mutmut_32'] = GroupSlot.xǁGroupSlotǁsums__mutmut_32 # type: ignore # mutmut generated


@dataclass(frozen=True, slots=True, eq=False)
class TreeRow:
    """Chains that go through the model as one row. `slots` are the groups that it holds whole: none in a row of a split
    group, and none in a row of zero weight."""

    chains: tuple[ScoredChain, ...]
    slots: tuple[GroupSlot, ...] = ()


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
mutants_xǁStepDatasetǁ__init____mutmut: MutantDict = {}  # type: ignore
mutants_xǁStepDatasetǁ__len____mutmut: MutantDict = {}  # type: ignore
mutants_xǁStepDatasetǁ__getitem____mutmut: MutantDict = {}  # type: ignore
mutants_xǁStepDatasetǁmembers__mutmut: MutantDict = {}  # type: ignore
mutants_xǁStepDatasetǁrank_step__mutmut: MutantDict = {}  # type: ignore
mutants_xǁStepDatasetǁ_shares__mutmut: MutantDict = {}  # type: ignore
mutants_xǁStepDatasetǁ_weights__mutmut: MutantDict = {}  # type: ignore
mutants_xǁStepDatasetǁ_rows__mutmut: MutantDict = {}  # type: ignore


class StepDataset(Dataset[dict[str, RankStep]]):
    """The optimizer steps of epoch `epoch` as rank `rank` runs them, in an order drawn from (seed, epoch).

    The trees' sizes are measured once. Raises RequestError for a chain longer than `tokens_per_micro_step`: a chain is
    never split.
    """

    @_mutmut_mutated(mutants_xǁStepDatasetǁ__init____mutmut)
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_orig(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_1(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 1,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_2(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 1,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_3(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 and not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_4(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step <= 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_5(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 2 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_6(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_7(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(None)
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_8(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_9(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("XXpairsXX", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_10(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("PAIRS", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_11(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "XXproblemsXX"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_12(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "PROBLEMS"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_13(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(None)
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_14(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = None
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_15(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = None
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_16(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = None
        self.world = world
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_17(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = None
        self.pair_mean = pair_mean
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_18(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        if groups_per_step < 1 or not examples:
            raise RequestError(f"{len(examples)} groups, {groups_per_step} a step: both must be at least 1")
        if pair_mean not in ("pairs", "problems"):
            raise RequestError(f"pair_mean = {pair_mean!r}: unknown; use 'pairs' or 'problems'")
        self.examples = examples
        self.groups_per_step = groups_per_step
        self.tokens_per_micro_step = tokens_per_micro_step
        self.world = world
        self.pair_mean = None
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_19(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = None
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_20(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 1
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_21(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = None
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_22(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 1
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_23(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = None
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_24(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = None
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_25(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = None
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_26(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = None
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_27(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = None
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_28(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(None) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_29(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = None
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_30(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(None, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_31(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(*map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_32(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, )
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_33(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(None, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_34(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, None))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_35(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_36(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, ))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_37(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(None)
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_38(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(None))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_39(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(None)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_40(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(None)
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_41(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(None))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_42(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length / w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_43(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(None, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_44(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, None, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_45(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=None)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_46(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_47(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, strict=True)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_48(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, )))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_49(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=False)))
        _refuse_longer(tokens_per_micro_step, self.longest)

    def xǁStepDatasetǁ__init____mutmut_50(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(None, self.longest)

    def xǁStepDatasetǁ__init____mutmut_51(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, None)

    def xǁStepDatasetǁ__init____mutmut_52(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(self.longest)

    def xǁStepDatasetǁ__init____mutmut_53(
        self,
        examples: Sequence[PreferenceExample],
        *,
        groups_per_step: int,
        tokens_per_micro_step: int,
        world: int,
        pair_mean: PairMean,
        rank: int = 0,
        seed: int = 0,
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
        self.rank, self.seed, self.epoch = rank, seed, 0
        self.longest = 0
        self._sizes: list[int] = []
        self._pairs: list[float] = []
        self._tokens: list[float] = []
        # One pass, one example at a time: `examples` may be a sequence that reads them from disk.
        for example in examples:
            group = example.group
            weights = [sum(row) for row in group.pair_weights]
            self.longest = max(self.longest, *map(row_length, group.chains))
            self._sizes.append(tree_size(group.chains))
            self._pairs.append(group.pairs)
            self._tokens.append(sum(chain.length * w for chain, w in zip(group.right, weights, strict=True)))
        _refuse_longer(tokens_per_micro_step, )

    @_mutmut_mutated(mutants_xǁStepDatasetǁ__len____mutmut)
    def __len__(self) -> int:
        """Steps an epoch; the last one may hold fewer groups."""
        return -(-len(self.examples) // self.groups_per_step)

    def xǁStepDatasetǁ__len____mutmut_orig(self) -> int:
        """Steps an epoch; the last one may hold fewer groups."""
        return -(-len(self.examples) // self.groups_per_step)

    def xǁStepDatasetǁ__len____mutmut_1(self) -> int:
        """Steps an epoch; the last one may hold fewer groups."""
        return +(-len(self.examples) // self.groups_per_step)

    def xǁStepDatasetǁ__len____mutmut_2(self) -> int:
        """Steps an epoch; the last one may hold fewer groups."""
        return -(-len(self.examples) / self.groups_per_step)

    def xǁStepDatasetǁ__len____mutmut_3(self) -> int:
        """Steps an epoch; the last one may hold fewer groups."""
        return -(+len(self.examples) // self.groups_per_step)

    @_mutmut_mutated(mutants_xǁStepDatasetǁ__getitem____mutmut)
    def __getitem__(self, step: int) -> dict[str, RankStep]:
        return {"step": self.rank_step(self.members(step), self.rank)}

    def xǁStepDatasetǁ__getitem____mutmut_orig(self, step: int) -> dict[str, RankStep]:
        return {"step": self.rank_step(self.members(step), self.rank)}

    def xǁStepDatasetǁ__getitem____mutmut_1(self, step: int) -> dict[str, RankStep]:
        return {"XXstepXX": self.rank_step(self.members(step), self.rank)}

    def xǁStepDatasetǁ__getitem____mutmut_2(self, step: int) -> dict[str, RankStep]:
        return {"STEP": self.rank_step(self.members(step), self.rank)}

    def xǁStepDatasetǁ__getitem____mutmut_3(self, step: int) -> dict[str, RankStep]:
        return {"step": self.rank_step(None, self.rank)}

    def xǁStepDatasetǁ__getitem____mutmut_4(self, step: int) -> dict[str, RankStep]:
        return {"step": self.rank_step(self.members(step), None)}

    def xǁStepDatasetǁ__getitem____mutmut_5(self, step: int) -> dict[str, RankStep]:
        return {"step": self.rank_step(self.rank)}

    def xǁStepDatasetǁ__getitem____mutmut_6(self, step: int) -> dict[str, RankStep]:
        return {"step": self.rank_step(self.members(step), )}

    def xǁStepDatasetǁ__getitem____mutmut_7(self, step: int) -> dict[str, RankStep]:
        return {"step": self.rank_step(self.members(None), self.rank)}

    @_mutmut_mutated(mutants_xǁStepDatasetǁmembers__mutmut)
    def members(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_orig(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_1(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = None
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_2(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed(None)
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_3(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) / (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_4(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 - self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_5(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed / 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_6(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1000004 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_7(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 >> 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_8(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (2 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_9(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 64))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_10(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = None
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_11(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(None, generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_12(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=None).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_13(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_14(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), ).tolist()
        return order[step * self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_15(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step / self.groups_per_step : (step + 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_16(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 1) / self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_17(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step - 1) * self.groups_per_step]

    def xǁStepDatasetǁmembers__mutmut_18(self, step: int) -> list[int]:
        """Indices of the examples of a step."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        order: list[int] = torch.randperm(len(self.examples), generator=generator).tolist()
        return order[step * self.groups_per_step : (step + 2) * self.groups_per_step]

    @_mutmut_mutated(mutants_xǁStepDatasetǁrank_step__mutmut)
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
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_orig(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_1(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = None
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_2(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(None)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_3(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = None
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_4(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(None, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_5(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, None) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_6(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_7(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, ) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_8(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(None)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_9(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = None
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_10(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(None) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_11(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = None
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_12(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) - count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_13(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(None, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_14(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, None, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_15(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=None)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_16(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_17(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_18(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, )]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_19(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=False)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_20(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = None
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_21(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[1]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_22(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[1]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_23(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=None,
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_24(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=None,
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_25(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=None,
        )

    def xǁStepDatasetǁrank_step__mutmut_26(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_27(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_28(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_29(self, members: Sequence[int], rank: int) -> RankStep:
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
            )

    def xǁStepDatasetǁrank_step__mutmut_30(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) + split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_31(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(None) - split_rows[rank],
            idle_rows=max(all_rows) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_32(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(all_rows) + all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_33(self, members: Sequence[int], rank: int) -> RankStep:
        """What `rank` runs of the step over the examples `members`."""
        weights = self._weights(members)
        ranks = [self._rows(share, weights) for share in self._shares(members)]
        split_rows = [sum(len(group.rows) for group in split) for _, split in ranks]
        all_rows = [len(whole) + count for (whole, _), count in zip(ranks, split_rows, strict=True)]
        some = self.examples[members[0]].group.chains[0]
        return RankStep(
            *ranks[rank],
            idle_first=max(split_rows) - split_rows[rank],
            idle_rows=max(None) - all_rows[rank],
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_34(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=TreeRow(None),
        )

    def xǁStepDatasetǁrank_step__mutmut_35(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=TreeRow((ScoredChain(None, (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_36(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=TreeRow((ScoredChain(some.ids[:2], None),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_37(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=TreeRow((ScoredChain((False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_38(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=TreeRow((ScoredChain(some.ids[:2], ),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_39(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=TreeRow((ScoredChain(some.ids[:3], (False, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_40(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=TreeRow((ScoredChain(some.ids[:2], (True, True)),)),
        )

    def xǁStepDatasetǁrank_step__mutmut_41(self, members: Sequence[int], rank: int) -> RankStep:
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
            idle_row=TreeRow((ScoredChain(some.ids[:2], (False, False)),)),
        )

    @_mutmut_mutated(mutants_xǁStepDatasetǁ_shares__mutmut)
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

    def xǁStepDatasetǁ_shares__mutmut_orig(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_1(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = None
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_2(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(None)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_3(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = None
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_4(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] / self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_5(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [1] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_6(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(None, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_7(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=None):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_8(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_9(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, ):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_10(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: None):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_11(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (+self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_12(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = None
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_13(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(None)
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_14(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.rindex(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_15(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(None))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_16(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(None)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_17(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] = self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_18(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] -= self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_19(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] / (4 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_20(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if (self._sizes[member] > self.tokens_per_micro_step) and False else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_21(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if (self._sizes[member] > self.tokens_per_micro_step) or True else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_22(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (5 if self._sizes[member] > self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_23(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] >= self.tokens_per_micro_step else 3)
        return shares

    def xǁStepDatasetǁ_shares__mutmut_24(self, members: Sequence[int]) -> list[list[int]]:
        """The members of each rank: the largest first, each to the rank that has least to do."""
        shares: list[list[int]] = [[] for _ in range(self.world)]
        loads = [0] * self.world
        for member in sorted(members, key=lambda member: (-self._sizes[member], member)):
            rank = loads.index(min(loads))
            shares[rank].append(member)
            # Forward and backward are three times a forward pass; a group that is split has one forward pass more.
            loads[rank] += self._sizes[member] * (4 if self._sizes[member] > self.tokens_per_micro_step else 4)
        return shares

    @_mutmut_mutated(mutants_xǁStepDatasetǁ_weights__mutmut)
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

    def xǁStepDatasetǁ_weights__mutmut_orig(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_1(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean != "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_2(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "XXpairsXX":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_3(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "PAIRS":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_4(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = None
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_5(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(None)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_6(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = None
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_7(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(None)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_8(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(None, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_9(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, None)
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_10(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys((1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_11(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, )
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_12(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 * all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_13(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (2 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_14(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 * all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_15(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 2 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_16(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 * (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_17(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (2 / (len(members) * self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_18(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) / self._pairs[member]), 1 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_19(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 * (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_20(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 2 / (len(members) * self._tokens[member]))
            for member in members
        }

    def xǁStepDatasetǁ_weights__mutmut_21(self, members: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Member -> the factors of its pair weights and of its NLL weights, over all ranks."""
        if self.pair_mean == "pairs":
            all_pairs = sum(self._pairs[member] for member in members)
            all_tokens = sum(self._tokens[member] for member in members)
            return dict.fromkeys(members, (1 / all_pairs, 1 / all_tokens))
        return {
            member: (1 / (len(members) * self._pairs[member]), 1 / (len(members) / self._tokens[member]))
            for member in members
        }

    @_mutmut_mutated(mutants_xǁStepDatasetǁ_rows__mutmut)
    def _rows(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_orig(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_1(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = None
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_2(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] < self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_3(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = None
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_4(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(None) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_5(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[1]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_6(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = None
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_7(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(None, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_8(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, None, self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_9(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], None):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_10(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows([self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_11(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_12(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], ):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_13(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = None
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_14(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = None
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_15(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(None)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_16(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(None)
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_17(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(None, len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_18(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], None, *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_19(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_20(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_21(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), ))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_22(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains = whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_23(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains -= whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_24(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(None)
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_25(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(None, tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_26(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), None))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_27(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_28(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), ))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_29(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(None), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_30(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(None)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_31(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = None
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_32(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_33(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = None
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_34(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(None, 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_35(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], None, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_36(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_37(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_38(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, )
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_39(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 1, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_40(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = None
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_41(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(None)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_42(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = None
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_43(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(None, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_44(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, None)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_45(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_46(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, )
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_47(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(None)
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_48(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(None, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_49(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, None))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_50(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_51(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, ))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_52(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple(None)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_53(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(None)) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_54(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(None))) for row in cut)))
        return tuple(rows), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_55(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(None), tuple(split)

    def xǁStepDatasetǁ_rows__mutmut_56(
        self, share: Sequence[int], weights: Mapping[int, tuple[float, float]]
    ) -> tuple[tuple[TreeRow, ...], tuple[SplitGroup, ...]]:
        """A rank's rows of whole groups, and its split groups."""
        whole = {m: self.examples[m] for m in share if self._sizes[m] <= self.tokens_per_micro_step}
        # Groups with neighbouring prompts share what their prompts share.
        firsts = [_inputs(example.group.chains[0]) for example in whole.values()]
        rows = []
        for indices in fill_rows(firsts, [self._sizes[member] for member in whole], self.tokens_per_micro_step):
            chains: list[ScoredChain] = []
            slots = []
            for member in (list(whole)[index] for index in indices):
                slots.append(GroupSlot(whole[member], len(chains), *weights[member]))
                chains += whole[member].group.chains
            rows.append(TreeRow(tuple(chains), tuple(slots)))
        split = []
        for member in (member for member in share if member not in whole):
            slot = GroupSlot(self.examples[member], 0, *weights[member])
            chains = list(slot.example.group.chains)
            cut = cut_chains(chains, self.tokens_per_micro_step)
            split.append(SplitGroup(slot, tuple((row, TreeRow(tuple(chains[i] for i in row))) for row in cut)))
        return tuple(rows), tuple(None)

mutants_xǁStepDatasetǁ__init____mutmut['_mutmut_orig'] = StepDataset.xǁStepDatasetǁ__init____mutmut_orig # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_1'] = StepDataset.xǁStepDatasetǁ__init____mutmut_1 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_2'] = StepDataset.xǁStepDatasetǁ__init____mutmut_2 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_3'] = StepDataset.xǁStepDatasetǁ__init____mutmut_3 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_4'] = StepDataset.xǁStepDatasetǁ__init____mutmut_4 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_5'] = StepDataset.xǁStepDatasetǁ__init____mutmut_5 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_6'] = StepDataset.xǁStepDatasetǁ__init____mutmut_6 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_7'] = StepDataset.xǁStepDatasetǁ__init____mutmut_7 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_8'] = StepDataset.xǁStepDatasetǁ__init____mutmut_8 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_9'] = StepDataset.xǁStepDatasetǁ__init____mutmut_9 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_10'] = StepDataset.xǁStepDatasetǁ__init____mutmut_10 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_11'] = StepDataset.xǁStepDatasetǁ__init____mutmut_11 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_12'] = StepDataset.xǁStepDatasetǁ__init____mutmut_12 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_13'] = StepDataset.xǁStepDatasetǁ__init____mutmut_13 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_14'] = StepDataset.xǁStepDatasetǁ__init____mutmut_14 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_15'] = StepDataset.xǁStepDatasetǁ__init____mutmut_15 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_16'] = StepDataset.xǁStepDatasetǁ__init____mutmut_16 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_17'] = StepDataset.xǁStepDatasetǁ__init____mutmut_17 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_18'] = StepDataset.xǁStepDatasetǁ__init____mutmut_18 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_19'] = StepDataset.xǁStepDatasetǁ__init____mutmut_19 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_20'] = StepDataset.xǁStepDatasetǁ__init____mutmut_20 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_21'] = StepDataset.xǁStepDatasetǁ__init____mutmut_21 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_22'] = StepDataset.xǁStepDatasetǁ__init____mutmut_22 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_23'] = StepDataset.xǁStepDatasetǁ__init____mutmut_23 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_24'] = StepDataset.xǁStepDatasetǁ__init____mutmut_24 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_25'] = StepDataset.xǁStepDatasetǁ__init____mutmut_25 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_26'] = StepDataset.xǁStepDatasetǁ__init____mutmut_26 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_27'] = StepDataset.xǁStepDatasetǁ__init____mutmut_27 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_28'] = StepDataset.xǁStepDatasetǁ__init____mutmut_28 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_29'] = StepDataset.xǁStepDatasetǁ__init____mutmut_29 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_30'] = StepDataset.xǁStepDatasetǁ__init____mutmut_30 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_31'] = StepDataset.xǁStepDatasetǁ__init____mutmut_31 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_32'] = StepDataset.xǁStepDatasetǁ__init____mutmut_32 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_33'] = StepDataset.xǁStepDatasetǁ__init____mutmut_33 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_34'] = StepDataset.xǁStepDatasetǁ__init____mutmut_34 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_35'] = StepDataset.xǁStepDatasetǁ__init____mutmut_35 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_36'] = StepDataset.xǁStepDatasetǁ__init____mutmut_36 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_37'] = StepDataset.xǁStepDatasetǁ__init____mutmut_37 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_38'] = StepDataset.xǁStepDatasetǁ__init____mutmut_38 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_39'] = StepDataset.xǁStepDatasetǁ__init____mutmut_39 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_40'] = StepDataset.xǁStepDatasetǁ__init____mutmut_40 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_41'] = StepDataset.xǁStepDatasetǁ__init____mutmut_41 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_42'] = StepDataset.xǁStepDatasetǁ__init____mutmut_42 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_43'] = StepDataset.xǁStepDatasetǁ__init____mutmut_43 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_44'] = StepDataset.xǁStepDatasetǁ__init____mutmut_44 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_45'] = StepDataset.xǁStepDatasetǁ__init____mutmut_45 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_46'] = StepDataset.xǁStepDatasetǁ__init____mutmut_46 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_47'] = StepDataset.xǁStepDatasetǁ__init____mutmut_47 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_48'] = StepDataset.xǁStepDatasetǁ__init____mutmut_48 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_49'] = StepDataset.xǁStepDatasetǁ__init____mutmut_49 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_50'] = StepDataset.xǁStepDatasetǁ__init____mutmut_50 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_51'] = StepDataset.xǁStepDatasetǁ__init____mutmut_51 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_52'] = StepDataset.xǁStepDatasetǁ__init____mutmut_52 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__init____mutmut['xǁStepDatasetǁ__init____mutmut_53'] = StepDataset.xǁStepDatasetǁ__init____mutmut_53 # type: ignore # mutmut generated

mutants_xǁStepDatasetǁ__len____mutmut['_mutmut_orig'] = StepDataset.xǁStepDatasetǁ__len____mutmut_orig # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__len____mutmut['xǁStepDatasetǁ__len____mutmut_1'] = StepDataset.xǁStepDatasetǁ__len____mutmut_1 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__len____mutmut['xǁStepDatasetǁ__len____mutmut_2'] = StepDataset.xǁStepDatasetǁ__len____mutmut_2 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__len____mutmut['xǁStepDatasetǁ__len____mutmut_3'] = StepDataset.xǁStepDatasetǁ__len____mutmut_3 # type: ignore # mutmut generated

mutants_xǁStepDatasetǁ__getitem____mutmut['_mutmut_orig'] = StepDataset.xǁStepDatasetǁ__getitem____mutmut_orig # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__getitem____mutmut['xǁStepDatasetǁ__getitem____mutmut_1'] = StepDataset.xǁStepDatasetǁ__getitem____mutmut_1 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__getitem____mutmut['xǁStepDatasetǁ__getitem____mutmut_2'] = StepDataset.xǁStepDatasetǁ__getitem____mutmut_2 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__getitem____mutmut['xǁStepDatasetǁ__getitem____mutmut_3'] = StepDataset.xǁStepDatasetǁ__getitem____mutmut_3 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__getitem____mutmut['xǁStepDatasetǁ__getitem____mutmut_4'] = StepDataset.xǁStepDatasetǁ__getitem____mutmut_4 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__getitem____mutmut['xǁStepDatasetǁ__getitem____mutmut_5'] = StepDataset.xǁStepDatasetǁ__getitem____mutmut_5 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__getitem____mutmut['xǁStepDatasetǁ__getitem____mutmut_6'] = StepDataset.xǁStepDatasetǁ__getitem____mutmut_6 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ__getitem____mutmut['xǁStepDatasetǁ__getitem____mutmut_7'] = StepDataset.xǁStepDatasetǁ__getitem____mutmut_7 # type: ignore # mutmut generated

mutants_xǁStepDatasetǁmembers__mutmut['_mutmut_orig'] = StepDataset.xǁStepDatasetǁmembers__mutmut_orig # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_1'] = StepDataset.xǁStepDatasetǁmembers__mutmut_1 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_2'] = StepDataset.xǁStepDatasetǁmembers__mutmut_2 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_3'] = StepDataset.xǁStepDatasetǁmembers__mutmut_3 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_4'] = StepDataset.xǁStepDatasetǁmembers__mutmut_4 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_5'] = StepDataset.xǁStepDatasetǁmembers__mutmut_5 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_6'] = StepDataset.xǁStepDatasetǁmembers__mutmut_6 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_7'] = StepDataset.xǁStepDatasetǁmembers__mutmut_7 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_8'] = StepDataset.xǁStepDatasetǁmembers__mutmut_8 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_9'] = StepDataset.xǁStepDatasetǁmembers__mutmut_9 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_10'] = StepDataset.xǁStepDatasetǁmembers__mutmut_10 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_11'] = StepDataset.xǁStepDatasetǁmembers__mutmut_11 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_12'] = StepDataset.xǁStepDatasetǁmembers__mutmut_12 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_13'] = StepDataset.xǁStepDatasetǁmembers__mutmut_13 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_14'] = StepDataset.xǁStepDatasetǁmembers__mutmut_14 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_15'] = StepDataset.xǁStepDatasetǁmembers__mutmut_15 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_16'] = StepDataset.xǁStepDatasetǁmembers__mutmut_16 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_17'] = StepDataset.xǁStepDatasetǁmembers__mutmut_17 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁmembers__mutmut['xǁStepDatasetǁmembers__mutmut_18'] = StepDataset.xǁStepDatasetǁmembers__mutmut_18 # type: ignore # mutmut generated

mutants_xǁStepDatasetǁrank_step__mutmut['_mutmut_orig'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_orig # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_1'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_1 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_2'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_2 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_3'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_3 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_4'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_4 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_5'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_5 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_6'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_6 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_7'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_7 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_8'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_8 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_9'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_9 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_10'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_10 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_11'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_11 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_12'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_12 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_13'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_13 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_14'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_14 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_15'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_15 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_16'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_16 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_17'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_17 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_18'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_18 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_19'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_19 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_20'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_20 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_21'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_21 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_22'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_22 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_23'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_23 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_24'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_24 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_25'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_25 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_26'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_26 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_27'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_27 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_28'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_28 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_29'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_29 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_30'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_30 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_31'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_31 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_32'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_32 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_33'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_33 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_34'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_34 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_35'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_35 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_36'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_36 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_37'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_37 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_38'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_38 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_39'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_39 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_40'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_40 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁrank_step__mutmut['xǁStepDatasetǁrank_step__mutmut_41'] = StepDataset.xǁStepDatasetǁrank_step__mutmut_41 # type: ignore # mutmut generated

mutants_xǁStepDatasetǁ_shares__mutmut['_mutmut_orig'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_orig # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_1'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_1 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_2'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_2 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_3'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_3 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_4'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_4 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_5'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_5 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_6'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_6 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_7'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_7 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_8'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_8 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_9'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_9 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_10'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_10 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_11'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_11 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_12'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_12 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_13'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_13 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_14'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_14 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_15'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_15 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_16'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_16 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_17'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_17 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_18'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_18 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_19'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_19 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_20'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_20 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_21'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_21 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_22'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_22 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_23'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_23 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_shares__mutmut['xǁStepDatasetǁ_shares__mutmut_24'] = StepDataset.xǁStepDatasetǁ_shares__mutmut_24 # type: ignore # mutmut generated

mutants_xǁStepDatasetǁ_weights__mutmut['_mutmut_orig'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_orig # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_1'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_1 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_2'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_2 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_3'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_3 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_4'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_4 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_5'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_5 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_6'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_6 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_7'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_7 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_8'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_8 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_9'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_9 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_10'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_10 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_11'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_11 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_12'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_12 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_13'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_13 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_14'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_14 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_15'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_15 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_16'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_16 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_17'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_17 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_18'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_18 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_19'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_19 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_20'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_20 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_weights__mutmut['xǁStepDatasetǁ_weights__mutmut_21'] = StepDataset.xǁStepDatasetǁ_weights__mutmut_21 # type: ignore # mutmut generated

mutants_xǁStepDatasetǁ_rows__mutmut['_mutmut_orig'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_orig # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_1'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_1 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_2'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_2 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_3'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_3 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_4'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_4 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_5'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_5 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_6'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_6 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_7'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_7 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_8'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_8 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_9'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_9 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_10'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_10 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_11'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_11 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_12'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_12 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_13'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_13 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_14'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_14 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_15'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_15 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_16'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_16 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_17'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_17 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_18'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_18 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_19'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_19 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_20'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_20 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_21'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_21 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_22'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_22 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_23'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_23 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_24'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_24 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_25'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_25 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_26'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_26 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_27'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_27 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_28'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_28 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_29'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_29 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_30'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_30 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_31'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_31 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_32'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_32 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_33'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_33 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_34'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_34 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_35'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_35 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_36'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_36 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_37'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_37 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_38'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_38 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_39'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_39 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_40'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_40 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_41'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_41 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_42'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_42 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_43'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_43 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_44'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_44 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_45'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_45 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_46'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_46 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_47'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_47 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_48'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_48 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_49'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_49 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_50'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_50 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_51'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_51 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_52'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_52 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_53'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_53 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_54'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_54 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_55'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_55 # type: ignore # mutmut generated
mutants_xǁStepDatasetǁ_rows__mutmut['xǁStepDatasetǁ_rows__mutmut_56'] = StepDataset.xǁStepDatasetǁ_rows__mutmut_56 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_fill_rows__mutmut)
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


def x_fill_rows__mutmut_orig(
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


def x_fill_rows__mutmut_1(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = None
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


def x_fill_rows__mutmut_2(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = []
    filled = None
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


def x_fill_rows__mutmut_3(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = []
    filled = 1
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


def x_fill_rows__mutmut_4(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = []
    filled = 0
    before: tuple[int, ...] = None
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


def x_fill_rows__mutmut_5(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = []
    filled = 0
    before: tuple[int, ...] = ()
    for index in sorted(None, key=inputs.__getitem__):
        fresh = sizes[index] - min(common_prefix(before, inputs[index]), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_6(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = []
    filled = 0
    before: tuple[int, ...] = ()
    for index in sorted(range(len(inputs)), key=None):
        fresh = sizes[index] - min(common_prefix(before, inputs[index]), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_7(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = []
    filled = 0
    before: tuple[int, ...] = ()
    for index in sorted(key=inputs.__getitem__):
        fresh = sizes[index] - min(common_prefix(before, inputs[index]), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_8(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = []
    filled = 0
    before: tuple[int, ...] = ()
    for index in sorted(range(len(inputs)), ):
        fresh = sizes[index] - min(common_prefix(before, inputs[index]), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_9(
    inputs: Sequence[tuple[int, ...]], sizes: Sequence[int], tokens_per_micro_step: int
) -> list[tuple[int, ...]]:
    """Indices of items in rows of at most `tokens_per_micro_step`, neighbours in the tree together. No row is empty.

    An item takes `sizes[index]` tokens, less what the beginning of its `inputs` has in common with the item before it.
    No item may be larger than a row.
    """
    rows: list[list[int]] = []
    filled = 0
    before: tuple[int, ...] = ()
    for index in sorted(range(None), key=inputs.__getitem__):
        fresh = sizes[index] - min(common_prefix(before, inputs[index]), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_10(
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
        fresh = None
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_11(
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
        fresh = sizes[index] + min(common_prefix(before, inputs[index]), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_12(
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
        fresh = sizes[index] - min(None, sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_13(
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
        fresh = sizes[index] - min(common_prefix(before, inputs[index]), None)
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_14(
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
        fresh = sizes[index] - min(sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_15(
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
        fresh = sizes[index] - min(common_prefix(before, inputs[index]), )
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_16(
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
        fresh = sizes[index] - min(common_prefix(None, inputs[index]), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_17(
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
        fresh = sizes[index] - min(common_prefix(before, None), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_18(
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
        fresh = sizes[index] - min(common_prefix(inputs[index]), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_19(
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
        fresh = sizes[index] - min(common_prefix(before, ), sizes[index])
        if rows and filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_20(
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
        if rows or filled + fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_21(
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
        if rows and filled - fresh <= tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_22(
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
        if rows and filled + fresh < tokens_per_micro_step:
            rows[-1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_23(
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
            rows[-1].append(None)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_24(
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
            rows[+1].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_25(
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
            rows[-2].append(index)
            filled += fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_26(
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
            filled = fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_27(
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
            filled -= fresh
        else:
            rows.append([index])
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_28(
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
            rows.append(None)
            filled = sizes[index]
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_29(
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
            filled = None
        before = inputs[index]
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_30(
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
        before = None
    return [tuple(row) for row in rows]


def x_fill_rows__mutmut_31(
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
    return [tuple(None) for row in rows]

mutants_x_fill_rows__mutmut['_mutmut_orig'] = x_fill_rows__mutmut_orig # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_1'] = x_fill_rows__mutmut_1 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_2'] = x_fill_rows__mutmut_2 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_3'] = x_fill_rows__mutmut_3 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_4'] = x_fill_rows__mutmut_4 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_5'] = x_fill_rows__mutmut_5 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_6'] = x_fill_rows__mutmut_6 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_7'] = x_fill_rows__mutmut_7 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_8'] = x_fill_rows__mutmut_8 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_9'] = x_fill_rows__mutmut_9 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_10'] = x_fill_rows__mutmut_10 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_11'] = x_fill_rows__mutmut_11 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_12'] = x_fill_rows__mutmut_12 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_13'] = x_fill_rows__mutmut_13 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_14'] = x_fill_rows__mutmut_14 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_15'] = x_fill_rows__mutmut_15 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_16'] = x_fill_rows__mutmut_16 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_17'] = x_fill_rows__mutmut_17 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_18'] = x_fill_rows__mutmut_18 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_19'] = x_fill_rows__mutmut_19 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_20'] = x_fill_rows__mutmut_20 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_21'] = x_fill_rows__mutmut_21 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_22'] = x_fill_rows__mutmut_22 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_23'] = x_fill_rows__mutmut_23 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_24'] = x_fill_rows__mutmut_24 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_25'] = x_fill_rows__mutmut_25 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_26'] = x_fill_rows__mutmut_26 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_27'] = x_fill_rows__mutmut_27 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_28'] = x_fill_rows__mutmut_28 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_29'] = x_fill_rows__mutmut_29 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_30'] = x_fill_rows__mutmut_30 # type: ignore # mutmut generated
mutants_x_fill_rows__mutmut['x_fill_rows__mutmut_31'] = x_fill_rows__mutmut_31 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x_cut_chains__mutmut)
def cut_chains(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_orig(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_1(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = None
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_2(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(None)
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_3(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(None, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_4(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, None))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_5(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_6(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, ))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_7(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(None, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_8(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, None)
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_9(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_10(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, )
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_11(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(None, default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_12(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=None))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_13(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_14(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), ))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_15(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(None, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_16(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, None), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_17(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_18(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, ), default=0))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_19(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=1))
    return fill_rows(inputs, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_20(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(None, list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_21(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, None, tokens_per_micro_step)


def x_cut_chains__mutmut_22(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), None)


def x_cut_chains__mutmut_23(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(list(map(len, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_24(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, tokens_per_micro_step)


def x_cut_chains__mutmut_25(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, inputs)), )


def x_cut_chains__mutmut_26(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(None), tokens_per_micro_step)


def x_cut_chains__mutmut_27(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(None, inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_28(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, None)), tokens_per_micro_step)


def x_cut_chains__mutmut_29(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(inputs)), tokens_per_micro_step)


def x_cut_chains__mutmut_30(chains: Sequence[ScoredChain], tokens_per_micro_step: int) -> list[tuple[int, ...]]:
    """Indices of chains in rows of at most `tokens_per_micro_step`. Raises RequestError for a chain that is longer."""
    inputs = list(map(_inputs, chains))
    _refuse_longer(tokens_per_micro_step, max(map(len, inputs), default=0))
    return fill_rows(inputs, list(map(len, )), tokens_per_micro_step)

mutants_x_cut_chains__mutmut['_mutmut_orig'] = x_cut_chains__mutmut_orig # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_1'] = x_cut_chains__mutmut_1 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_2'] = x_cut_chains__mutmut_2 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_3'] = x_cut_chains__mutmut_3 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_4'] = x_cut_chains__mutmut_4 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_5'] = x_cut_chains__mutmut_5 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_6'] = x_cut_chains__mutmut_6 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_7'] = x_cut_chains__mutmut_7 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_8'] = x_cut_chains__mutmut_8 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_9'] = x_cut_chains__mutmut_9 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_10'] = x_cut_chains__mutmut_10 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_11'] = x_cut_chains__mutmut_11 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_12'] = x_cut_chains__mutmut_12 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_13'] = x_cut_chains__mutmut_13 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_14'] = x_cut_chains__mutmut_14 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_15'] = x_cut_chains__mutmut_15 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_16'] = x_cut_chains__mutmut_16 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_17'] = x_cut_chains__mutmut_17 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_18'] = x_cut_chains__mutmut_18 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_19'] = x_cut_chains__mutmut_19 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_20'] = x_cut_chains__mutmut_20 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_21'] = x_cut_chains__mutmut_21 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_22'] = x_cut_chains__mutmut_22 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_23'] = x_cut_chains__mutmut_23 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_24'] = x_cut_chains__mutmut_24 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_25'] = x_cut_chains__mutmut_25 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_26'] = x_cut_chains__mutmut_26 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_27'] = x_cut_chains__mutmut_27 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_28'] = x_cut_chains__mutmut_28 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_29'] = x_cut_chains__mutmut_29 # type: ignore # mutmut generated
mutants_x_cut_chains__mutmut['x_cut_chains__mutmut_30'] = x_cut_chains__mutmut_30 # type: ignore # mutmut generated
mutants_x__inputs__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x__inputs__mutmut)
def _inputs(chain: ScoredChain) -> tuple[int, ...]:
    """The ids that the chain needs in a row."""
    return chain.ids[: row_length(chain)]


def x__inputs__mutmut_orig(chain: ScoredChain) -> tuple[int, ...]:
    """The ids that the chain needs in a row."""
    return chain.ids[: row_length(chain)]


def x__inputs__mutmut_1(chain: ScoredChain) -> tuple[int, ...]:
    """The ids that the chain needs in a row."""
    return chain.ids[: row_length(None)]

mutants_x__inputs__mutmut['_mutmut_orig'] = x__inputs__mutmut_orig # type: ignore # mutmut generated
mutants_x__inputs__mutmut['x__inputs__mutmut_1'] = x__inputs__mutmut_1 # type: ignore # mutmut generated
mutants_x__refuse_longer__mutmut: MutantDict = {}  # type: ignore


@_mutmut_mutated(mutants_x__refuse_longer__mutmut)
def _refuse_longer(tokens_per_micro_step: int, longest: int) -> None:
    if longest > tokens_per_micro_step:
        raise RequestError(
            f"a chain takes {longest} tokens and a row holds {tokens_per_micro_step}: raise "
            "training.tokens_per_micro_step, or leave longer chains out with groups.max_tokens"
        )


def x__refuse_longer__mutmut_orig(tokens_per_micro_step: int, longest: int) -> None:
    if longest > tokens_per_micro_step:
        raise RequestError(
            f"a chain takes {longest} tokens and a row holds {tokens_per_micro_step}: raise "
            "training.tokens_per_micro_step, or leave longer chains out with groups.max_tokens"
        )


def x__refuse_longer__mutmut_1(tokens_per_micro_step: int, longest: int) -> None:
    if longest >= tokens_per_micro_step:
        raise RequestError(
            f"a chain takes {longest} tokens and a row holds {tokens_per_micro_step}: raise "
            "training.tokens_per_micro_step, or leave longer chains out with groups.max_tokens"
        )


def x__refuse_longer__mutmut_2(tokens_per_micro_step: int, longest: int) -> None:
    if longest > tokens_per_micro_step:
        raise RequestError(
            None
        )


def x__refuse_longer__mutmut_3(tokens_per_micro_step: int, longest: int) -> None:
    if longest > tokens_per_micro_step:
        raise RequestError(
            f"a chain takes {longest} tokens and a row holds {tokens_per_micro_step}: raise "
            "XXtraining.tokens_per_micro_step, or leave longer chains out with groups.max_tokensXX"
        )


def x__refuse_longer__mutmut_4(tokens_per_micro_step: int, longest: int) -> None:
    if longest > tokens_per_micro_step:
        raise RequestError(
            f"a chain takes {longest} tokens and a row holds {tokens_per_micro_step}: raise "
            "TRAINING.TOKENS_PER_MICRO_STEP, OR LEAVE LONGER CHAINS OUT WITH GROUPS.MAX_TOKENS"
        )

mutants_x__refuse_longer__mutmut['_mutmut_orig'] = x__refuse_longer__mutmut_orig # type: ignore # mutmut generated
mutants_x__refuse_longer__mutmut['x__refuse_longer__mutmut_1'] = x__refuse_longer__mutmut_1 # type: ignore # mutmut generated
mutants_x__refuse_longer__mutmut['x__refuse_longer__mutmut_2'] = x__refuse_longer__mutmut_2 # type: ignore # mutmut generated
mutants_x__refuse_longer__mutmut['x__refuse_longer__mutmut_3'] = x__refuse_longer__mutmut_3 # type: ignore # mutmut generated
mutants_x__refuse_longer__mutmut['x__refuse_longer__mutmut_4'] = x__refuse_longer__mutmut_4 # type: ignore # mutmut generated
