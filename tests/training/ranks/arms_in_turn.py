"""Trains arms in one rank, one after the other, and says what tensors are left of each.

Run by itself, with the variables of a rank: python -m tests.training.ranks.arms_in_turn STAGE FOLDER
"""

import gc
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import torch

from cluster.config import parse
from tests.training.samples import sample_groups
from tests.training.tree.trees import random_example
from training.config import SftArm, TrainingConfig
from training.ranks.sft_trainer import CountingSFTTrainer
from training.ranks.zero import deepspeed_config, join_ranks, leave_arm
from training.reference import load_model
from training.sft import sft_arguments, write_rows
from training.trainers.dpo import TreeDPOConfig, TreeDPOTrainer


def held() -> int:
    """Bytes of all tensors that are alive."""
    gc.collect()
    storages = {}
    for each in gc.get_objects():
        if issubclass(type(each), torch.Tensor):
            storage = each.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


def trainer_of(method: str, model: str, arguments: dict[str, Any], folder: Path) -> Any:
    from transformers import AutoTokenizer

    if method == "dpo":
        draw = random.Random(0)
        examples = [random_example(draw, 2, 2, name=f"p{at}") for at in range(4)]
        config = TreeDPOConfig(**arguments, per_device_train_batch_size=1, groups_per_step=2)
        return TreeDPOTrainer(load_model(model, "float32", fused_kernels=False), config, examples)
    arm = SftArm(method="sft")
    rows = write_rows(sample_groups(3), arm, folder / "rows")
    args = sft_arguments({**arguments, "per_device_train_batch_size": 2})
    weights = load_model(model, "float32", fused_kernels=False)
    tokenizer = AutoTokenizer.from_pretrained(model)
    return CountingSFTTrainer(weights, args, rows=rows, arm=arm, processing_class=tokenizer)


def main() -> None:
    stage, folder = int(sys.argv[1]), Path(sys.argv[2])
    training = parse(TrainingConfig, {"zero": {"stage": stage}}, "test")
    torch.set_num_threads(1)
    join_ranks(training)
    left = []
    for at, method in enumerate(("sft", "dpo", "dpo")):
        arguments = {
            "output_dir": str(folder / f"arm{at}"),
            "report_to": [],
            "save_strategy": "no",
            "disable_tqdm": True,
            "max_steps": 2,
            "bf16": False,
            "dataloader_pin_memory": False,
            "deepspeed": deepspeed_config(training),
            "accelerator_config": {"use_configured_state": True},
        }
        trainer = trainer_of(method, str(folder / "model"), arguments, folder)
        trainer.train()
        during = held()
        leave_arm(trainer)
        del trainer
        left.append([during, held()])
    (folder / "left.json").write_text(json.dumps(left))
    os._exit(0)  # gloo's threads may still run when the interpreter is taken down, and then abort the process


if __name__ == "__main__":
    main()
