"""What a trainer does beside training: metrics as JSON lines, checkpoints sealed once all ranks have written."""

import json
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.ranks.checkpoints import prune, seal
from training.ranks.metrics import truncate_metrics


class MetricsLog(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Appends one JSON object a logged step: step, steps, loss, learning_rate, grad_norm and the trainer's own; on a
    GPU `device_memory`, the most bytes that tensors of the first rank have had since the arm began.

    A resumed run first drops the rows after the step that it resumes from, so that every step stands there once,
    and goes on counting tokens where the kept ones end. `counts_anew`: the trainer begins at 0 when it resumes, as
    TRL's do; TreeDPOTrainer goes on by itself.
    """

    def __init__(self, path: Path, *, counts_anew: bool) -> None:
        self._path = path
        self._counts_anew = counts_anew
        self._tokens_before = 0.0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()  # arms share a process
        if state.is_world_process_zero:
            kept = truncate_metrics(self._path, state.global_step)
            self._tokens_before = kept[-1].get("tokens", 0.0) if kept and self._counts_anew else 0.0

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if not state.is_world_process_zero or logs is None or "loss" not in logs:
            return
        row: dict[str, float] = {"step": state.global_step, "steps": state.max_steps}
        row |= {_plain(key): value for key, value in logs.items() if isinstance(value, int | float)}
        if "tokens" in row:
            row["tokens"] += self._tokens_before
        if torch.cuda.is_available():
            row["device_memory"] = torch.cuda.max_memory_allocated()
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")


class SealCheckpoints(TrainerCallback):  # type: ignore[misc]
    """Writes a checkpoint's manifest when every rank has finished writing it, then removes the oldest ones."""

    def __init__(self, directory: Path, request: str, keep: int) -> None:
        self._directory, self._request, self._keep = directory, request, keep

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        _barrier()
        if state.is_world_process_zero:
            checkpoint = self._directory / f"checkpoint-{state.global_step}"
            seal(checkpoint, step=state.global_step, ranks=args.world_size, request=self._request)
            prune(self._directory, self._keep)
        _barrier()


def _plain(key: str) -> str:
    # TreeDPOTrainer's own `tokens` are those of one step; what both trainers have is the count since the start.
    return {"num_tokens": "tokens", "tokens": "step_tokens"}.get(key, key)


def _barrier() -> None:
    if dist.is_available() and dist.is_initialized():
        dist.barrier()
