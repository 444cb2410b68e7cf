"""The trainers of losses that are sums over tokens, on log-probabilities by entry."""

from typing import Any

import torch
from torch import Tensor

from training.trainers.base import TreeTrainer
from training.tree.blocks import on_device
from training.tree.entries import EntryRow, EntryStep


class EntryTrainer(TreeTrainer[EntryStep]):
    """What those trainers share: they ask the model for entries, and log the numbers of a step."""

    by_entry = True

    def before_rows(self, model: Any, step: EntryStep) -> Tensor:
        for name, value in step.numbers.items():
            self.count(name, value)
        return super().before_rows(model, step)

    def numbers_of(self, row: EntryRow) -> tuple[Tensor, ...]:
        """The row's K numbers, [E] each, on the device."""
        return torch.unbind(on_device(row.entries, self.args.device))
