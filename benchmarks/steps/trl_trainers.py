"""TRL's GRPOTrainer and SFTTrainer on chains of token ids, one group a step, to be timed and compared with the tree.

Loss, head, padding and loop are TRL's. Of the GRPO trainer generation alone is replaced: its batch is there already,
and holds what TRL's own `_generate_and_score_completions` returns. TRL packs nothing on policy: prompts are padded on
the left, completions on the right to the longest of the whole group, and the batch is then split into micro-batches. In
SFT rows are padded to the longest of their micro-batch. (Its packing needs FlashAttention, to keep rows apart.)
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from trl import GRPOConfig, GRPOTrainer, SFTTrainer
from trl.trainer.utils import pad, split_tensor_dict

from benchmarks.trl_baseline import id_tokenizer
from training.chains import ScoredChain
from training.sft import IGNORED, sft_arguments
from training.trainers.policy import PolicyExample


class TokenGRPOTrainer(GRPOTrainer):  # type: ignore[misc]
    """TRL's trainer on batches that were generated and scored before."""

    def _prepare_inputs(self, generation_batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return generation_batch


def policy_step(
    model: Any, group: PolicyExample, advantages: Sequence[float], epsilon: float, output: Path, batch: int
) -> tuple[Callable[[], None], int]:
    """A GRPO step of TRL over the group, `batch` chains a micro-batch, and the tokens that go through the model."""
    args = GRPOConfig(
        **_arguments(output, len(group.chains), batch),
        num_generations=len(group.chains),
        loss_type="grpo",
        epsilon=epsilon,
        beta=0.0,
    )
    trainer = TokenGRPOTrainer(
        model=model,
        reward_funcs=_no_reward,
        args=args,
        train_dataset=Dataset.from_list([{"prompt": "p"}]),
        processing_class=id_tokenizer(),
    )
    inputs = policy_inputs(group, advantages)
    batches = split_tensor_dict(inputs, len(group.chains) // batch)
    trainer.current_gradient_accumulation_steps = len(batches)

    def step() -> None:
        for each in batches:
            trainer.training_step(model, each, None)

    return step, inputs["prompt_ids"].numel() + inputs["completion_ids"].numel()


def policy_inputs(group: PolicyExample, advantages: Sequence[float]) -> dict[str, Tensor]:
    """The group as TRL's own batch: what the model did not write is masked by `tool_mask`."""
    starts = [chain.scored.index(True) for chain in group.chains]
    prompts = [torch.tensor(chain.ids[:start]) for chain, start in zip(group.chains, starts, strict=True)]
    completions = [torch.tensor(chain.ids[start:]) for chain, start in zip(group.chains, starts, strict=True)]
    tools = [torch.tensor(chain.scored[start:]).long() for chain, start in zip(group.chains, starts, strict=True)]
    sampled = []
    for marks, logps in zip(tools, group.behaviour, strict=True):
        sampled.append(torch.zeros(len(marks)).masked_scatter(marks.bool(), torch.tensor(logps)))
    masks = pad([torch.ones_like(ids) for ids in completions], padding_value=0, padding_side="right")
    tool_mask = pad(tools, padding_value=1, padding_side="right")
    return {
        "prompt_ids": pad(prompts, padding_value=0, padding_side="left"),
        "prompt_mask": pad([torch.ones_like(ids) for ids in prompts], padding_value=0, padding_side="left"),
        "completion_ids": pad(completions, padding_value=0, padding_side="right"),
        "completion_mask": masks,
        "tool_mask": tool_mask,
        "old_per_token_logps": pad(sampled, padding_value=0.0, padding_side="right"),
        "advantages": torch.tensor(advantages, dtype=torch.float32),
        "num_items_in_batch": (masks * tool_mask).sum(),
    }


def sft_step(model: Any, chains: Sequence[ScoredChain], output: Path, batch: int) -> tuple[Callable[[], None], int]:
    """A step of TRL's SFT over the chains, `batch` a micro-batch, and the tokens that go through the model."""
    rows = [
        {
            "input_ids": list(chain.ids),
            "labels": [token if kept else IGNORED for token, kept in zip(chain.ids, chain.scored, strict=True)],
        }
        for chain in chains
    ]
    trainer = SFTTrainer(
        model=model,
        args=sft_arguments(_arguments(output, len(chains), batch)),
        train_dataset=Dataset.from_list(rows),
        processing_class=id_tokenizer(),
    )
    batches = list(trainer.get_train_dataloader())
    trainer.current_gradient_accumulation_steps = len(batches)
    scored = torch.tensor(sum(chain.length for chain in chains))

    def step() -> None:
        for each in batches:
            trainer.training_step(model, dict(each), scored)

    return step, sum(each["input_ids"].numel() for each in batches)


def _arguments(output: Path, rows: int, batch: int) -> dict[str, Any]:
    return {
        "output_dir": str(output),
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": rows // batch,
        "dataloader_pin_memory": False,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
    }


def _no_reward(**_: Any) -> list[float]:
    raise AssertionError("rewards were given with the batch")
