"""Trains SFT, GRPO or distillation on the tree as one rank of ZeRO-3 over gloo, for a comparison with one process.

Run by torch.distributed.run: python -m tests.training.trainers.two_ranks OUTPUT METHOD
"""

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.training.ranks.zero_ranks import ZERO
from tests.training.tree.trees import VOCABULARY, random_chains, tiny_model
from training.distill.examples import DistillExample, Said
from training.distill.head import head_of
from training.trainers.distill import TreeDistillConfig, TreeDistillTrainer
from training.trainers.policy import PolicyExample, TreePolicyConfig, TreePolicyTrainer
from training.trainers.sft import ChainExample, TreeSFTConfig, TreeSFTTrainer


def train(output: Path, deepspeed: dict[str, Any] | None, method: str) -> list[dict[str, float]]:
    """Two epochs of two steps, the last of one group: a rank without any. Returns what was logged."""
    draw = random.Random(3)
    groups = [tuple(dict.fromkeys(random_chains(draw, count))) for count in (5, 2, 4, 1)]
    options: dict[str, Any] = {
        "output_dir": str(output),
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_steps": 1,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "constant",
        "num_train_epochs": 2,
        "groups_per_step": 3,
        "tokens_per_micro_step": 40,
        "deepspeed": deepspeed,
    }
    trainer: Any
    if method == "sft":
        learnt = [ChainExample(f"p{at}", chains) for at, chains in enumerate(groups)]
        args = TreeSFTConfig(**options, equal="groups")
        trainer = TreeSFTTrainer(tiny_model("llama"), args, learnt)
    elif method == "distill":
        said = [[draw_states(draw, chain.length) for chain in chains] for chains in groups]
        distilled = [
            DistillExample(f"p{at}", chains, (1,) * len(chains), tuple(said[at])) for at, chains in enumerate(groups)
        ]
        head = head_of(tiny_model("llama", 5), VOCABULARY - 3)
        arguments = TreeDistillConfig(**options, vocabulary=VOCABULARY - 3)
        trainer = TreeDistillTrainer(tiny_model("llama"), arguments, distilled, head)
    else:
        sampled = [
            PolicyExample(
                f"p{at}",
                chains,
                tuple(1 + index % 2 for index in range(len(chains))),
                tuple(float(index % 2) for index in range(len(chains))),
                tuple(tuple(draw.uniform(-5, -3) for _ in range(chain.length)) for chain in chains),
            )
            for at, chains in enumerate(groups)
        ]
        trainer = TreePolicyTrainer(tiny_model("llama"), TreePolicyConfig(**options, loss_type="dapo"), sampled)
    trainer.train()
    unequal = ("seconds", "runtime", "per_second", "fraction", "limit", "flos")
    logs = [log for log in trainer.state.log_history if "loss" in log]
    return [{k: v for k, v in log.items() if not any(part in k for part in unequal)} for log in logs]


def draw_states(draw: random.Random, length: int) -> Said:
    """Hidden states that a teacher may have had."""
    return np.array([[draw.gauss(0, 1) for _ in range(32)] for _ in range(length)], np.float32)


def main() -> None:
    import deepspeed

    output, method = Path(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(1)
    # Otherwise it compiles an extension, behind a lock that a killed process never releases (`training.ranks.zero`).
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(dist_backend="gloo")
    logs = train(output, ZERO, method)
    if torch.distributed.get_rank() == 0:
        (output / "logs.json").write_text(json.dumps(logs))
    torch.distributed.barrier()
    # gloo's threads may still run when the interpreter is taken down, and then abort the process: leave without that.
    os._exit(0)


if __name__ == "__main__":
    main()
