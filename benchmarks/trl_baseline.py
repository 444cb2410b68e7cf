"""TRL's DPOTrainer on token ids: tree DPO must give the same losses and gradients, and is timed against it.

TRL tokenizes text itself, drops precomputed reference columns and scores tool results. Only that is overridden here:
the data set holds ids and reference sums, and the completion mask is the chains' own. The model, the loss, the head and
the loop are TRL's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer

from training.chains import ScoredChain
from training.tree.batches import PreferenceExample


class TokenDPOTrainer(DPOTrainer):  # type: ignore[misc]
    """TRL's trainer on rows of ids that already hold the reference's sums."""

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset

    def _precompute_ref_logps(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset


@dataclass
class PairCollator:
    """Pads pairs as TRL's collator does: all chosen rows, then all rejected ones."""

    pad: int

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        ids = [row[side] for side in ("chosen", "rejected") for row in rows]
        marks = [row[side] for side in ("chosen_mask", "rejected_mask") for row in rows]
        width = max(map(len, ids))
        return {
            "input_ids": torch.tensor([row + [self.pad] * (width - len(row)) for row in ids]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in ids]),
            "completion_mask": torch.tensor([row + [0] * (width - len(row)) for row in marks]),
            "ref_chosen_logps": torch.tensor([row["ref_chosen_logps"] for row in rows]),
            "ref_rejected_logps": torch.tensor([row["ref_rejected_logps"] for row in rows]),
        }


def pair_rows(example: PreferenceExample) -> list[dict[str, Any]]:
    """All pairs of a group as TRL wants them, each with both whole chains. Groups with equal pair weights only."""
    rows = []
    for right, chosen in zip(example.group.right, example.reference_right, strict=True):
        for wrong, rejected in zip(example.group.wrong, example.reference_wrong, strict=True):
            rows.append(
                {
                    **_side("chosen", right),
                    **_side("rejected", wrong),
                    "ref_chosen_logps": chosen,
                    "ref_rejected_logps": rejected,
                }
            )
    return rows


def trl_trainer(model: Any, rows: Sequence[dict[str, Any]], output: Path, batch: int, **options: Any) -> DPOTrainer:
    """TRL's trainer on `rows`: float32, no checkpointing, no truncation, `batch` pairs a forward, all in one step."""
    args = DPOConfig(
        output_dir=str(output),
        use_cpu=next(model.parameters()).device.type == "cpu",
        bf16=options.pop("bf16", False),
        gradient_checkpointing=options.pop("gradient_checkpointing", False),
        max_length=None,
        precompute_ref_log_probs=True,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=options.pop("gradient_accumulation_steps", -(-len(rows) // batch)),
        remove_unused_columns=False,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        **options,
    )
    return TokenDPOTrainer(
        model=model,
        args=args,
        train_dataset=Dataset.from_list(list(rows)),
        data_collator=PairCollator(0),
        processing_class=id_tokenizer(),
    )


def id_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer for trainers that want one and get ids."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"<pad>": 0, "<unk>": 1}, unk_token="<unk>")),
        pad_token="<pad>",
        eos_token="<unk>",
    )


def _side(name: str, chain: ScoredChain) -> dict[str, Any]:
    return {name: list(chain.ids), f"{name}_mask": [int(mark) for mark in chain.scored]}
