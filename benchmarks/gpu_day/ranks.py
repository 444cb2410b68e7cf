"""Stages about the trainer as a rank runs it: DeepSpeed's stages on the same steps, and checkpoints."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from benchmarks.gpu_day.machine import device
from benchmarks.gpu_day.planned import planned
from benchmarks.gpu_day.training import groups
from benchmarks.steps.dpo import Row, make_model
from training.chains import ScoredGroup
from training.config import TrainingConfig, ZeroConfig, decided
from training.ranks.checkpoints import file_names, hash_files, seal, verify
from training.ranks.zero import deepspeed_config, environment, join_ranks, leave_arm
from training.trainers.dpo import TreeDPOConfig, TreeDPOTrainer
from training.tree.batches import PreferenceExample, StepDataset
from training.tree.blocks import BLOCK, block_mask
from training.tree.flops import nominal_rate

_STEPS = 5


def steps(quick: bool) -> dict[str, Any]:
    """Optimizer steps of DPO under ZeRO 1, 2 and 3 on one rank: seconds, rate and memory of steps after the first two,
    and the losses, which have to agree. A step is 9 groups of 8 x 8 chains in rows of up to 16,384 tokens."""
    found: dict[str, Any] = {}
    for stage in (1, 2, 3):
        with tempfile.TemporaryDirectory() as folder:
            trainer = _trainer(stage, Path(folder), quick)
            trainer.add_callback(clock := _Clock())
            if torch.cuda.is_available():
                torch.cuda.reset_peak_memory_stats()
            trainer.train()
            logs = [log for log in trainer.state.log_history if "loss" in log]
            walls = sorted(clock.seconds[2:])
            rate = sorted(log["flop_per_second"] for log in logs[2:])[len(logs[2:]) // 2]
            nominal = nominal_rate(device())
            found[f"ZeRO {stage}"] = {
                "optimizer": type(trainer.model_wrapped.optimizer).__name__,
                "tokens_per_step": logs[-1]["tokens"],
                "flop_per_second": rate,
                "fraction_of_limit": sorted(log["fraction_of_limit"] for log in logs[2:])[len(logs[2:]) // 2],
                "fraction_of_peak": None if nominal is None else rate / nominal,
                "seconds_of_train_call": trainer.state.log_history[-1]["train_runtime"],
                "peak_gib": torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None,
                "losses": [log["loss"] for log in logs],
                "seconds_from_step_to_step": walls[len(walls) // 2],
                "first_steps_seconds": clock.seconds[:2],
                **planned(
                    trainer.model,
                    _training(stage),
                    logs[-1]["tokens"],
                    _row(quick).prompt_tokens + _row(quick).completion_tokens,
                    float(trainer.train_dataset[0]["step"].rows[0].batch.attention.layout.depth.mean()),
                ),
            }
            leave_arm(trainer)
    losses = [found[name]["losses"] for name in found]
    apart = max(max(step) - min(step) for step in zip(*losses, strict=True))
    if not apart < 2e-2:  # bf16: kernels of other shapes round otherwise
        raise SystemExit(f"ZeRO's stages differ by {apart} in the loss: {losses}")
    return found | {"losses_differ_by": apart}


class _Clock(TrainerCallback):  # type: ignore[misc]
    """Seconds from the end of one step to the end of the next: waiting for data counts."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._before = time.perf_counter()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._before = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self._before)
        self._before = now


def packing(quick: bool) -> dict[str, Any]:
    """Milliseconds of one core to plan and pack a step for one rank, and to make the blocks of its longest row; the
    least of five. It is processor time, so it also holds on a machine that others use."""
    row, count = _row(quick), 3 if quick else 9
    training = _training(1)
    dataset = StepDataset(
        _examples(count, row, 151_936),
        groups_per_step=count,
        tokens_per_micro_step=decided(training.tokens_per_micro_step),
        world=1,
        pair_mean="problems",
        multiple_of=BLOCK,
    )
    packed, masked = [], []
    for _ in range(5):
        begun = time.process_time()
        rows = dataset[0]["step"].rows
        packed.append(1e3 * (time.process_time() - begun))
        longest = max((one.batch for one in rows), key=lambda batch: batch.tokens)
        begun = time.process_time()
        block_mask(longest.attention.layout, device(), None)
        masked.append(1e3 * (time.process_time() - begun))
    tokens = [one.batch.tokens for one in rows]
    return {"groups": count, "rows": tokens, "step_ms": min(packed), "block_mask_ms": min(masked)}


def checkpoint(quick: bool) -> dict[str, Any]:
    """Seconds to save, seal and verify a checkpoint, and to resume from it; the loss after it goes on as if never
    stopped."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        trainer = _trainer(2, path, quick, save_steps=3)
        begun = time.perf_counter()
        trainer.train()
        whole = time.perf_counter() - begun
        logs = [log["loss"] for log in trainer.state.log_history if "loss" in log]
        saved = path / "checkpoint-3"
        begun = time.perf_counter()
        manifest = seal(saved, hash_files(saved, file_names(saved)), step=3, ranks=1, request="gpu_day")
        sealed = time.perf_counter() - begun
        begun = time.perf_counter()
        verify(saved)
        verified = time.perf_counter() - begun
        leave_arm(trainer)
        resumed = _trainer(2, path, quick, save_steps=3)
        begun = time.perf_counter()
        resumed.train(resume_from_checkpoint=str(saved))
        again = time.perf_counter() - begun
        after = [log["loss"] for log in resumed.state.log_history if "loss" in log]
        leave_arm(resumed)
    apart = max(abs(one - two) for one, two in zip(logs, after, strict=True))
    if not apart < 1e-3:
        raise SystemExit(f"a resumed training differs by {apart} in the loss: {logs}, {after}")
    return {
        "bytes": sum(entry.size for entry in manifest.files.values()),
        "seconds": {"train call": whole, "seal": sealed, "verify": verified, "resumed train call": again},
        "losses_differ_by": apart,
    }


def _trainer(stage: int, folder: Path, quick: bool, save_steps: int = 0) -> TreeDPOTrainer:
    row, count = _row(quick), 3 if quick else 9
    args = TreeDPOConfig(**arguments(_training(stage), folder, count, _STEPS, save_steps))
    model = make_model("tiny" if quick else "1.5b", device().type)
    return TreeDPOTrainer(model, args, _examples(count * (_STEPS + 1), row, model.config.vocab_size))


def arguments(training: TrainingConfig, folder: Path, groups_per_step: int, steps: int, save_steps: int = 0) -> Any:
    """Keyword arguments of `TreeConfig`, as a rank has them; this process becomes the only rank."""
    on_gpu = device().type == "cuda"
    os.environ |= {
        "RANK": "0",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "29513",
    }
    os.environ |= environment(training)
    if not torch.distributed.is_initialized():
        join_ranks(training)
    return {
        "output_dir": str(folder),
        "report_to": [],
        "disable_tqdm": True,
        "max_steps": steps,
        "logging_steps": 1,
        "learning_rate": 1e-6,
        "lr_scheduler_type": "constant",
        "save_strategy": "steps" if save_steps else "no",
        "save_steps": save_steps or 500,
        "bf16": on_gpu,
        "use_cpu": not on_gpu,
        "deepspeed": deepspeed_config(training),
        "accelerator_config": {"use_configured_state": not on_gpu},
        "dataloader_num_workers": int(on_gpu),
        "groups_per_step": groups_per_step,
        "tokens_per_micro_step": decided(training.tokens_per_micro_step),
    }


def _row(quick: bool) -> Row:
    return Row(2, 2, 24, 12) if quick else Row(8, 8, 1500, 300)


def _training(stage: int) -> TrainingConfig:
    given = {"ranks": 1, "gpus_per_rank": int(device().type == "cuda"), "tokens_per_micro_step": 16384}
    return TrainingConfig.model_validate(given | {"zero": ZeroConfig.model_validate({"stage": stage})})


def _examples(count: int, row: Row, vocabulary: int) -> list[PreferenceExample]:
    """Groups with a prompt of their own each, and made-up reference sums."""
    chains, size = groups(count, row, vocabulary), row.right + row.wrong
    weights = tuple((1.0,) * row.wrong for _ in range(row.right))
    made = []
    for at in range(0, len(chains), size):
        one = tuple(chains[at : at + size])
        group = ScoredGroup(f"p{at}", one[: row.right], one[row.right :], weights)
        made.append(PreferenceExample(group, (-9.0 * one[0].length,) * row.right, (-9.0 * one[0].length,) * row.wrong))
    return made
