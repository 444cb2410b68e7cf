"""Trains the sample arm on a running cluster: `python -m tests.faults.arm FOLDER ADDRESS STEPS [FAILURES SAVE]`."""

import sys
from pathlib import Path

from tests.training.samples import publish_groups, sample_groups, save_model
from training.config import SftArm, TrainingConfig
from training.ranks.job import train_arms
from training.ranks.request import ArmRequest


def request(folder: Path, steps: int, max_failures: int = 3, checkpoint_steps: int = 2) -> ArmRequest:
    return ArmRequest(
        name="sft",
        arm=SftArm(method="sft", learning_rate=1e-3, max_steps=steps, groups_per_step=4),
        training=TrainingConfig(checkpoint_steps=checkpoint_steps, max_failures=max_failures, cpus_per_rank=1),
        start_model=str(folder / "base"),
        run=str(folder),
        groups="groups/tiny",
        model_dir=folder / "models" / "sft",
        checkpoint_dir=folder / "checkpoints" / "sft",
        log_path=folder / "logs" / "sft.log",
    )


def main(folder: Path, address: str, *numbers: int) -> None:
    import ray

    save_model(folder / "base")
    publish_groups(folder, sample_groups())
    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    train_arms([request(folder, *numbers)])
    ray.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
