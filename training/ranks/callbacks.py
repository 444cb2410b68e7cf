"""Callbacks of the trainers: metrics as JSON lines, and checkpoints sealed once all ranks have written theirs."""

import math
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from cluster.errors import WorkError
from training.ranks.checkpoints import file_names, hash_files, prune, seal, share_of
from training.ranks.metrics import append_metrics, truncate_metrics


class MetricsLog(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Appends one JSON object for each logged step, which the first one, the last one and those of checkpoints always
    are: step, steps, loss, learning_rate, grad_norm and the trainer's own
    values, and `seconds` since the training of this session began. On a GPU it adds `device_memory`, the peak bytes of
    the first rank's tensors since the arm began. `chains` are those trained on since the arm began, each as often as it
    came; `passes` are these over the data's chains.

    A step whose loss or gradient is no finite number fails, with a WorkError on every rank, before its model is saved:
    the weights that come of it are NaN, or what they were.

    A resumed run first drops the rows after the step that it resumes from, so that the file holds every step once, and
    continues the count of tokens from the last row that it keeps. `counts_anew`: the trainer itself counts from 0 when
    it resumes, as TRL's trainers do and those on trees do not.
    """

    def __init__(self, path: Path, arm: str, *, counts_anew: bool) -> None:
        self._path, self._arm = path, arm
        self._counts_anew = counts_anew
        self._tokens_before = self._chains = self._began = 0.0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._began = time.monotonic()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()  # arms share a process
        if state.is_world_process_zero:
            kept = truncate_metrics(self._path, state.global_step)
            self._tokens_before = kept[-1].get("tokens", 0.0) if kept and self._counts_anew else 0.0
            self._chains = kept[-1].get("chains", 0.0) if kept else 0.0

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        # The first row says how far the sampler was from the policy before its update, the last one how many steps
        # there were, and that of a checkpoint what had been counted when a resumed run goes on from it.
        if state.global_step == 1 or state.global_step >= state.max_steps or control.should_save:
            control.should_log = True

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: dict[str, float], **_: Any
    ) -> None:
        if "loss" not in logs:
            return
        for name in ("loss", "grad_norm"):
            if not math.isfinite(value := float(logs.get(name, 0.0))):
                raise WorkError(
                    f"arm {self._arm}, step {state.global_step}: {name} is {value}, so nothing can be learnt from here "
                    "on; lower the learning rate, or the rewards"
                )
        if not state.is_world_process_zero:
            return
        row: dict[str, float] = {"step": state.global_step, "steps": state.max_steps}
        # `tokens` of a trainer on trees are those of one step; what all trainers have is the count since the start.
        names = {"num_tokens": "tokens", "tokens": "step_tokens"}
        row |= {names.get(key, key): value for key, value in logs.items() if isinstance(value, int | float)}
        if "tokens" in row:
            row["tokens"] += self._tokens_before
        if "step_chains" in row:
            self._chains += row["step_chains"]
            row |= {"chains": self._chains, "passes": self._chains / row["chains_of_pass"]}
        row["seconds"] = round(time.monotonic() - self._began, 3)
        if torch.cuda.is_available():
            row["device_memory"] = torch.cuda.max_memory_allocated()
        append_metrics(self._path, row)


class SealCheckpoints(TrainerCallback):  # type: ignore[misc]
    """Writes a checkpoint's manifest when every rank has written its files and hashed its share of them, then removes
    all but the newest `keep`."""

    def __init__(self, directory: Path, request: str, keep: int) -> None:
        self._directory, self._request, self._keep = directory, request, keep

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        dist.barrier()
        checkpoint = self._directory / f"checkpoint-{state.global_step}"
        # One rank's list of the files for all: others may not see them all yet, on storage that they share.
        ranks = dist.get_world_size()
        names: list[Any] = [None] * ranks
        dist.all_gather_object(names, file_names(checkpoint))
        shares: list[Any] = [None] * ranks
        dist.all_gather_object(shares, hash_files(checkpoint, share_of(names[0], dist.get_rank(), ranks)))
        if state.is_world_process_zero:
            files = {name: entry for share in shares for name, entry in share.items()}
            seal(checkpoint, files, step=state.global_step, ranks=ranks, request=self._request)
            prune(self._directory, self._keep)
        dist.barrier()
