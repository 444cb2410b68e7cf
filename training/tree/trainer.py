"""DPO over trees of chains, on `transformers.Trainer`: every shared token once, the gradient of all pairs.

One batch of the Trainer is one optimizer step: `groups_per_step` problems, shared out over the ranks and cut into
rows of at most `tokens_per_micro_step` tokens. A group that fits a row is one graph. A larger one goes through in two
phases: its chains' sums without a gradient, the loss's derivatives w_i = dL/ds_i, then the gradient of sum w_i s_i, row
by row. That is the same gradient. No reference model is held: its log-probabilities come with the examples.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import torch
from accelerate.utils import DistributedType
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainerCallback, TrainingArguments

from cluster.errors import RequestError
from training.tree.attention import check_length
from training.tree.batches import GroupExample, RankStep, SplitGroup, StepPlanner, WholeRow
from training.tree.flops import body_parameters, matrix_rate, tree_flop
from training.tree.loss import METRICS, LossOptions, LossType, PairMean, group_loss, group_metrics
from training.tree.scoring import add_tree_scoring


@dataclass
class TreeDPOConfig(TrainingArguments):  # type: ignore[misc]
    """Training arguments with the options of the loss; names and meanings are TRL's where TRL has them."""

    per_device_train_batch_size: int = field(default=1, metadata={"help": "Stays 1: a batch is a whole step."})
    per_device_eval_batch_size: int = field(default=1, metadata={"help": "Stays 1: a batch is a whole step."})
    beta: float = field(default=0.1, metadata={"help": "Strength of the pull to the reference."})
    loss_type: LossType = field(default="sigmoid", metadata={"help": "sigmoid, sigmoid_norm, ipo, robust or hinge."})
    label_smoothing: float = field(default=0.0, metadata={"help": "Chance that a label is wrong."})
    rpo_alpha: float = field(default=0.0, metadata={"help": "Weight of the NLL of chosen chains, per scored token."})
    length_normalised: bool = field(default=False, metadata={"help": "Log-ratios per scored token."})
    pair_mean: PairMean = field(default="problems", metadata={"help": "Mean over all pairs, or over problems' means."})
    groups_per_step: int = field(default=8, metadata={"help": "Problems an optimizer step, over all ranks."})
    tokens_per_micro_step: int = field(default=8192, metadata={"help": "Most tokens of a row."})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.remove_unused_columns = False
        for name in ("gradient_accumulation_steps", "per_device_train_batch_size", "per_device_eval_batch_size"):
            if getattr(self, name) != 1:
                raise RequestError(
                    f"{name} = {getattr(self, name)}: a step is groups_per_step problems, cut into rows by "
                    "tokens_per_micro_step; leave it at 1"
                )
        checkpointing: dict[str, Any] = dict(getattr(self, "gradient_checkpointing_kwargs", None) or {})
        if checkpointing.get("use_reentrant"):
            raise RequestError("gradient_checkpointing_kwargs.use_reentrant = true: trees need the non-reentrant kind")
        if self.gradient_checkpointing:
            self.gradient_checkpointing_kwargs = {**checkpointing, "use_reentrant": False}
        _ = self.loss_options

    @property
    def loss_options(self) -> LossOptions:
        """Raises RequestError for values that no loss has."""
        return LossOptions(
            beta=self.beta,
            loss_type=self.loss_type,
            label_smoothing=self.label_smoothing,
            rpo_alpha=self.rpo_alpha,
            length_normalised=self.length_normalised,
        )


class PlannedSteps(Dataset[dict[str, RankStep]]):
    """The steps of an epoch as a rank runs them. Without a seed, in the order given."""

    def __init__(self, planner: StepPlanner, rank: int, seed: int | None) -> None:
        self.planner = planner
        self.rank = rank
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.planner)

    def __getitem__(self, step: int) -> dict[str, RankStep]:
        if not 0 <= step < len(self):
            raise IndexError(step)
        return {"step": self.planner.plan(self.planner.members(step, self.epoch, self.seed), self.rank)}


class _EpochOfPlan(TrainerCallback):  # type: ignore[misc]
    """Tells the plan which epoch it is; a resumed run begins inside one."""

    def __init__(self, steps: PlannedSteps) -> None:
        self.steps = steps

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.steps.epoch = state.global_step // len(self.steps)


class TreeDPOTrainer(Trainer):  # type: ignore[misc]
    """Full-parameter DPO of `model` on `examples`, in one process or under DeepSpeed (ZeRO-3 on any number of ranks).

    `model` is a causal Hugging Face model that `training.tree.attention.check_model` accepts; it gets tree attention.
    `callbacks`, `optimizers`, `processing_class` and the rest of `Trainer`'s keywords are passed on.
    Raises RequestError for models, chains and launchers that cannot be trained so.
    """

    def __init__(
        self,
        model: Any,
        args: TreeDPOConfig,
        examples: Sequence[GroupExample],
        eval_examples: Sequence[GroupExample] | None = None,
        **kwargs: Any,
    ) -> None:
        self._plan = partial(
            StepPlanner,
            groups_per_step=args.groups_per_step,
            tokens_per_micro_step=args.tokens_per_micro_step,
            world=args.world_size,
            pair_mean=args.pair_mean,
        )
        planners = [self._plan(examples), *([self._plan(eval_examples)] if eval_examples else [])]
        check_length(model, max(planner.longest for planner in planners))
        add_tree_scoring(model)
        steps = [
            PlannedSteps(planner, args.process_index, args.seed if index == 0 else None)
            for index, planner in enumerate(planners)
        ]
        super().__init__(
            model=model, args=args, train_dataset=steps[0], eval_dataset=steps[1] if eval_examples else None, **kwargs
        )
        if self.accelerator.distributed_type not in (DistributedType.NO, DistributedType.DEEPSPEED) or args.n_gpu > 1:
            raise RequestError(
                f"launched as {self.accelerator.distributed_type.value} with {args.n_gpu} GPUs a process: tree DPO "
                "runs in one process on one device, or under DeepSpeed"
            )
        # Rows carry their own weights, and the step's loss is a sum: nothing is to be divided by rows.
        self.model_accepts_loss_kwargs = False
        self.add_callback(_EpochOfPlan(steps[0]))
        self._options = args.loss_options
        self._sums: dict[str, dict[str, Tensor]] = {"train": {}, "eval": {}}
        self._parameters = body_parameters(model)
        self._step_tokens = 0
        self._step_flop = 0.0
        self._limit = 0.0

    def get_train_dataloader(self) -> DataLoader[dict[str, RankStep]]:
        return _loader(cast(PlannedSteps, self.train_dataset))

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[dict[str, RankStep]]:
        steps = self.eval_dataset if eval_dataset is None else eval_dataset
        if not isinstance(steps, PlannedSteps):
            raise RequestError("evaluation needs eval_examples, given to the trainer when it is made")
        return _loader(steps)

    def training_step(self, model: Any, inputs: dict[str, RankStep], num_items_in_batch: Any = None) -> Tensor:
        """Run a step's rows forward and backward. Returns this rank's loss; the mean over ranks is the step's."""
        model.train()
        if callable(getattr(self.optimizer, "train", None)):
            self.optimizer.train()
        return self._run(model, inputs["step"], "train")

    def prediction_step(
        self, model: Any, inputs: dict[str, RankStep], prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[Tensor, None, None]:
        """The loss of a step without a gradient."""
        with torch.no_grad():
            return self._run(model, inputs["step"], "eval"), None, None

    def floating_point_ops(self, inputs: Any) -> float:
        """FLOP that the step's rows on this rank needed; no recomputation counted."""
        return self._step_flop

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the means since the last log, over all ranks, under TRL's names.

        `tokens` is a step's, over all ranks; `flop_per_second` counts no recomputation (`training.tree.flops`), and
        `fraction_of_limit` is its share of the matrix rate that the ranks measured when they began.
        """
        mode = "eval" if any(key.startswith("eval_") for key in logs) else "train"
        sums, self._sums[mode] = self._sums[mode], {}
        if sums:
            names = sorted(sums)
            totals = self.accelerator.reduce(torch.stack([sums[name] for name in names]), "sum")
            means = dict(zip(names, totals.tolist(), strict=True))
            steps = means.pop("steps") / self.args.world_size
            seconds, flop = means.pop("seconds") / self.args.world_size, means.pop("flop")
            limit = means.pop("limit") / steps
            prefix = "eval_" if mode == "eval" else ""
            logs |= {prefix + name: value / steps for name, value in means.items()}
            logs[f"{prefix}tokens_per_second"] = means["tokens"] / max(seconds, 1e-9)
            logs[f"{prefix}flop_per_second"] = flop / max(seconds, 1e-9)
            logs[f"{prefix}fraction_of_limit"] = flop / max(seconds, 1e-9) / limit
            if mode == "train":
                # From the history, which a resumed run has back.
                before = (log["num_tokens"] for log in reversed(self.state.log_history) if "num_tokens" in log)
                logs["num_tokens"] = next(before, 0.0) + means["tokens"]
        super().log(logs, start_time)

    def _run(self, model: Any, step: RankStep, mode: str) -> Tensor:
        self._limit = self._limit or matrix_rate(self.args.device)
        begun = time.perf_counter()
        world: int = self.args.world_size
        train = mode == "train"
        loss: Tensor = torch.zeros((), dtype=torch.float64, device=self.args.device)
        self._step_tokens, self._step_flop = 0, 0.0
        backward = _Backward(self, len(step.rows) + sum(len(s.pieces) for s in step.split) + step.idle_rows, train)
        derivatives = []
        for group in step.split:
            weights, known = self._first_phase(model, group, mode)
            derivatives.append(weights)
            loss += known
        for _ in range(step.idle_first):
            with torch.no_grad():
                self._forward(model, step.idle_row, counted=False)
        for row in step.rows:
            value = self._whole(model, row, mode)
            loss += value.detach()
            # DeepSpeed takes the mean of the ranks' gradients; the weights are shares of the whole step.
            backward(value * world)
        # An evaluation needs no second phase; on several ranks it runs it too, for equally many forwards on each.
        if train or world > 1:
            for group, weights in zip(step.split, derivatives, strict=True):
                for indices, row in group.pieces:
                    backward((self._forward(model, row) * weights[list(indices)]).sum() * world)
            for _ in range(step.idle_rows):
                backward(self._forward(model, step.idle_row, counted=False).sum() * 0.0)
        for name in METRICS:
            # A rank that ran idle rows alone must still bring every name to the sum over ranks.
            self._count(mode, name, 0.0)
        if self.args.device.type == "cuda":
            torch.cuda.synchronize()
        self._count(mode, "tokens", self._step_tokens)
        self._count(mode, "flop", self._step_flop)
        self._count(mode, "limit", self._limit)
        self._count(mode, "steps", 1)
        self._count(mode, "seconds", time.perf_counter() - begun)
        return (loss * world).float()

    def _forward(self, model: Any, row: WholeRow, counted: bool = True) -> Tensor:
        batch = row.batch(self.args.device)
        if counted:
            self._step_tokens += batch.tokens
            self._step_flop += tree_flop(self.model, self._parameters, batch)
        with self.compute_loss_context_manager():
            return cast(Tensor, model(tree_batch=batch))

    def _whole(self, model: Any, row: WholeRow, mode: str) -> Tensor:
        policy = self._forward(model, row)
        total: Tensor = torch.zeros((), dtype=policy.dtype, device=policy.device)
        for slot in row.slots:
            sums = slot.sums(policy)
            total = total + group_loss(sums, self._options)
            self._measure(mode, group_metrics(sums, self._options))
        return total

    def _first_phase(self, model: Any, group: SplitGroup, mode: str) -> tuple[Tensor, Tensor]:
        """dL/ds_i of all chains of a group, [K], and its loss."""
        parts = []
        with torch.no_grad():
            for indices, row in group.pieces:
                parts.append((indices, self._forward(model, row, counted=mode == "eval")))
        policy = parts[0][1].new_zeros(len(group.slot.example.group.chains))
        for indices, values in parts:
            policy[list(indices)] = values
        with torch.enable_grad():
            policy.requires_grad_()
            sums = group.slot.sums(policy)
            value = group_loss(sums, self._options)
            (weights,) = torch.autograd.grad(value, policy)
        self._measure(mode, group_metrics(sums, self._options))
        return weights, value.detach()

    def _measure(self, mode: str, metrics: dict[str, Tensor]) -> None:
        for name, value in metrics.items():
            self._count(mode, name, value)

    def _count(self, mode: str, name: str, value: Tensor | float) -> None:
        # Kept on the device: reading each one would wait for it.
        added = torch.as_tensor(value, dtype=torch.float64, device=self.args.device).detach()
        self._sums[mode][name] = self._sums[mode].get(name, torch.zeros_like(added)) + added


class _Backward:
    """Backward of a step's rows, of which only the last one ends the step: there DeepSpeed reduces and updates."""

    def __init__(self, trainer: TreeDPOTrainer, rows: int, enabled: bool) -> None:
        self._accelerator = trainer.accelerator
        self._left = rows
        self._enabled = enabled
        engine = trainer.accelerator.distributed_type == DistributedType.DEEPSPEED
        self._keywords = {"scale_wrt_gas": False} if engine else {}

    def __call__(self, loss: Tensor) -> None:
        if not self._enabled:
            return
        self._left -= 1
        self._accelerator.gradient_state._set_sync_gradients(self._left == 0)
        self._accelerator.backward(loss, **self._keywords)


def _loader(steps: PlannedSteps) -> DataLoader[dict[str, RankStep]]:
    # Each rank plans its own share, so the loader is not handed to accelerate, which would share it out again.
    return DataLoader(steps, batch_size=1, collate_fn=_only, num_workers=0)


def _only(batch: list[dict[str, RankStep]]) -> dict[str, RankStep]:
    return batch[0]
