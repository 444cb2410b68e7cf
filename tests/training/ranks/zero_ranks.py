"""Trains tree DPO as one rank of ZeRO-3 over gloo and writes losses and weights, for a comparison with one process.

Run by torch.distributed.run: python -m tests.training.ranks.zero_ranks OUTPUT FAMILY TIED TOKENS_PER_MICRO_STEP
"""

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import torch

from tests.training.tree.trees import random_example, tiny_model
from training.trainers.dpo import TreeDPOConfig, TreeDPOTrainer
from training.tree import scoring

SIZES = ((3, 2), (1, 1), (2, 4), (1, 3), (4, 1), (2, 2), (1, 2))
ZERO = {
    "train_micro_batch_size_per_gpu": 1,
    "gradient_accumulation_steps": 1,
    "gradient_clipping": 1.0,
    "zero_optimization": {"stage": 3, "stage3_param_persistence_threshold": 0},
    "optimizer": {"type": "AdamW", "params": {"lr": 1e-3, "torch_adam": True}},
    "zero_allow_untested_optimizer": True,
}


def train(
    output: Path, deepspeed: dict[str, Any] | None, family: str, tied: bool, tokens_per_micro_step: int
) -> dict[str, Any]:
    """Two epochs of three steps, the last of one group: a rank without any.

    Returns what was logged and the sum and norm of every parameter.
    """
    draw = random.Random(3)
    examples = [random_example(draw, *size, name=f"p{size}") for size in SIZES]
    args = TreeDPOConfig(
        output_dir=str(output),
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        logging_steps=1,
        learning_rate=1e-3,
        lr_scheduler_type="constant",
        num_train_epochs=2,
        groups_per_step=3,
        tokens_per_micro_step=tokens_per_micro_step,
        rpo_alpha=0.5,
        gradient_checkpointing=deepspeed is not None and tokens_per_micro_step < 100,
        deepspeed=deepspeed,
    )
    model = tiny_model(family, tie_word_embeddings=tied)
    trainer = TreeDPOTrainer(model, args, examples)
    trainer.train()
    names = ("loss", "grad_norm", "rewards/margins", "logps/chosen", "nll", "tokens")
    logs = [{name: log[name] for name in names if name in log} for log in trainer.state.log_history]
    return {"logs": [log for log in logs if log], "weights": _weights(trainer.model, deepspeed is not None)}


def _weights(model: Any, partitioned: bool) -> dict[str, list[float]]:
    if not partitioned:
        return {name: [float(p.sum()), float(p.norm())] for name, p in model.state_dict().items()}
    from deepspeed.runtime.zero import GatheredParameters

    found = {}
    for name, parameter in model.named_parameters():
        with GatheredParameters(parameter):
            found[name] = [float(parameter.detach().sum()), float(parameter.detach().norm())]
    return found


def _counted_invalidations() -> list[int]:
    """ZeRO-3 records in which order modules run and fetches ahead of them. The list gets an entry for each pass that
    ran otherwise than recorded, after which nothing is fetched ahead until there is a new record."""
    from deepspeed.runtime.zero.partitioned_param_coordinator import PartitionedParameterCoordinator

    found: list[int] = []
    invalidate = PartitionedParameterCoordinator._invalidate_trace

    def counted(coordinator: Any) -> None:
        found.append(1)
        invalidate(coordinator)

    PartitionedParameterCoordinator._invalidate_trace = counted
    return found


def main() -> None:
    import deepspeed

    output, family, tied = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "1"
    tokens_per_micro_step = int(sys.argv[4])
    if tokens_per_micro_step < 100:
        # The head as large vocabularies have it: in parts, and gathered from the ranks by hand.
        scoring._PLAIN_VOCABULARY, scoring.VOCABULARY_AT_ONCE = 0, 16
    torch.set_num_threads(1)
    # Otherwise it compiles an extension, behind a lock that a killed process never releases (`training.ranks.zero`).
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(dist_backend="gloo")
    invalidated = _counted_invalidations()
    result = train(output, ZERO, family, tied, tokens_per_micro_step)
    if torch.distributed.get_rank() == 0:
        (output / "result.json").write_text(json.dumps(result | {"invalidated": invalidated}))
    torch.distributed.barrier()
    # gloo's threads may still run when the interpreter is taken down, and then abort the process: leave without that.
    os._exit(0)


if __name__ == "__main__":
    main()
