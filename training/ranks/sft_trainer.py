"""TRL's SFTTrainer that counts the chains it trains on, and can let every group count equally."""

from dataclasses import dataclass
from typing import Any, cast

import torch
from trl import SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from training.config import SftArm
from training.sft import RowSet
from training.trainers.base import StepsWithARate


@dataclass
class WeightCollator(DataCollatorForLanguageModeling):  # type: ignore[misc]  # TRL is untyped here
    """Adds the rows' weights, [rows]."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch = cast(dict[str, Any], super().torch_call(examples))
        # Rows that an older version wrote have none, and no arm by groups has such rows.
        batch["weight"] = torch.tensor([example.get("weight", 0.0) for example in examples], dtype=torch.float32)
        return batch


class CountingSFTTrainer(StepsWithARate, SFTTrainer):  # type: ignore[misc]
    """Supervised fine-tuning of an arm on its rows.

    With `equal = "groups"` a step's loss is the sum over its tokens of weight x negative log-likelihood, over the
    number of groups that a step has on average, so that over a pass every group weighs as much as every other. Each log
    holds `step_chains`, the chains trained on since the last one, over all ranks, and `chains_of_pass`.
    """

    def __init__(
        self, model: Any, args: Any, *, rows: RowSet, arm: SftArm, processing_class: Any, **kwargs: Any
    ) -> None:
        super().__init__(
            model,
            args,
            train_dataset=rows.load(),
            processing_class=processing_class,
            data_collator=WeightCollator(pad_token_id=processing_class.pad_token_id),
            **kwargs,
        )
        self._rows, self._by_group = rows, arm.equal == "groups"
        self._trained = 0

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        columns: list[str] = self._signature_columns
        if "weight" not in columns:
            columns.append("weight")

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """TRL's loss, or the one by groups."""
        weight = inputs.pop("weight")
        if self.model.training:
            self._trained += len(weight)
        if not self._by_group:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

        def weighted(**arguments: Any) -> Any:
            outputs = model(**arguments)
            outputs.log_probs = outputs.log_probs * weight[:, None].to(outputs.log_probs)
            return outputs

        # TRL sums over tokens and divides by a number of items; where the Trainer counted none, it divides by passes.
        args, world = self.args, self.accelerator.num_processes
        rows_of_step = args.per_device_train_batch_size * args.gradient_accumulation_steps * world
        groups = torch.tensor(rows_of_step * self._rows.groups / self._rows.rows, device=weight.device)
        loss = super().compute_loss(weighted, inputs, False, groups.clamp(min=1))
        # Ranks' gradients are averaged; with `average_tokens_across_devices` TRL has multiplied by their number.
        ranks = 1 if args.average_tokens_across_devices else world
        passes = args.gradient_accumulation_steps if num_items_in_batch is None else 1
        return loss * ranks * passes * groups.clamp(min=1) / groups

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """TRL's logs with the chains since the last one."""
        if "loss" in logs:
            trained = torch.tensor(float(self._trained), device=self.args.device)
            self._trained = 0
            logs["step_chains"] = float(self.accelerator.reduce(trained, "sum"))
            logs["chains_of_pass"] = float(self._rows.rows)
        super().log(logs, start_time)
