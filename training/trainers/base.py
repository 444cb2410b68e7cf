"""What all trainers over trees share, on `transformers.Trainer`: every shared token once, row by row.

One batch of the Trainer is one optimizer step: `groups_per_step` problems, divided among the ranks and packed into
rows of at most `tokens_per_micro_step` tokens. A method says what a row's loss is; the step's loss is the sum.
"""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, ClassVar, Generic, TypeVar, cast

import torch
from accelerate.utils import DistributedType
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainingArguments

from cluster.errors import RequestError
from training.tree.attention import check_length
from training.tree.blocks import BLOCK
from training.tree.flops import body_parameters, matrix_rate, nominal_rate, tree_flop
from training.tree.rows import RankStep, TreeRow
from training.tree.scoring import Score, add_tree_scoring, target_logps
from training.tree.steps import TreeSteps

StepT = TypeVar("StepT", bound=RankStep)


@dataclass
class TreeConfig(TrainingArguments):  # type: ignore[misc]
    """Training arguments with the size of steps and rows."""

    per_device_train_batch_size: int = field(default=1, metadata={"help": "Stays 1: a batch is a whole step."})
    groups_per_step: int = field(default=8, metadata={"help": "Problems in an optimizer step, over all ranks."})
    tokens_per_micro_step: int = field(default=8192, metadata={"help": "Most tokens in a row."})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.remove_unused_columns = False
        for name in ("gradient_accumulation_steps", "per_device_train_batch_size"):
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

    @property
    def step_options(self) -> dict[str, int]:
        """Keyword arguments of `TreeSteps` for this rank."""
        return {
            "groups_per_step": self.groups_per_step,
            "tokens_per_micro_step": self.tokens_per_micro_step,
            "world": self.world_size,
            "rank": self.process_index,
            "seed": self.seed,
            "multiple_of": BLOCK if self.device.type == "cuda" else 1,
        }


class StepsWithARate(Trainer):  # type: ignore[misc]
    """A trainer whose warm-up leaves the last step its learning rate: an only step would have a rate of 0, and the
    model that comes of it would be the one that it began with."""

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """transformers' schedule, with at most all steps but one in the warm-up."""
        if num_training_steps == 1:
            self.args.warmup_steps = 0
        return super().create_scheduler(num_training_steps, optimizer)


class _SetEpoch(TrainerCallback):  # type: ignore[misc]
    """Tells the data set which epoch begins; a resumed run begins inside one."""

    def __init__(self, steps: TreeSteps[Any, Any]) -> None:
        self.steps = steps

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.steps.epoch = state.global_step // len(self.steps)


class TreeTrainer(StepsWithARate, Generic[StepT], ABC):
    """Full-parameter training of `model` on `steps`, in one process or under DeepSpeed (ZeRO-3 on any number of ranks).

    `model` is a causal Hugging Face model that `training.tree.attention.check_model` accepts; it gets tree attention.
    `callbacks`, `optimizers`, `processing_class` and the rest of `Trainer`'s keywords are passed on.
    Raises RequestError for models, chains and launchers that cannot be trained so.
    """

    metric_names: tuple[str, ...] = ()
    """What a method logs: ranks must agree on the names even where one of them had no group."""

    by_entry: ClassVar[bool] = False
    """Whether a row's loss is of log-probabilities by entry, not of sums by chain."""

    def __init__(self, model: Any, args: TreeConfig, steps: TreeSteps[Any, StepT], **kwargs: Any) -> None:
        check_length(model, steps.longest)
        add_tree_scoring(model)
        super().__init__(model=model, args=args, train_dataset=steps, **kwargs)
        self._under_deepspeed = self.accelerator.distributed_type == DistributedType.DEEPSPEED
        if not (self._under_deepspeed or self.accelerator.distributed_type == DistributedType.NO) or args.n_gpu > 1:
            raise RequestError(
                f"launched as {self.accelerator.distributed_type.value} with {args.n_gpu} GPUs a process: tree "
                "training runs in one process on one device, or under DeepSpeed"
            )
        # Rows carry their own weights, and the step's loss is a sum: nothing is to be divided by rows.
        self.model_accepts_loss_kwargs = False
        self.add_callback(_SetEpoch(steps))
        self._sums: dict[str, Tensor] = {}
        self._numbers: dict[str, float] = {}
        self._parameters = body_parameters(model)
        self._rows_left = 0
        self._step_flop = 0.0
        self._limit = 0.0
        self._chains_of_pass = steps.chains

    def get_train_dataloader(self) -> DataLoader[dict[str, StepT]]:
        """Steps one by one. accelerate does not get the loader: it would divide a rank's steps among the ranks.

        With `dataloader_num_workers` a process plans and packs steps while the device works on the one before.
        """
        workers = self.args.dataloader_num_workers
        return DataLoader(
            cast(TreeSteps[Any, StepT], self.train_dataset),
            batch_size=1,
            collate_fn=itemgetter(0),
            num_workers=workers,
            prefetch_factor=2 if workers else None,
            pin_memory=self.args.dataloader_pin_memory and self.args.device.type == "cuda",
        )

    def training_step(self, model: Any, inputs: dict[str, StepT], num_items_in_batch: Any = None) -> Tensor:
        """Run a step's rows forward and backward. Returns this rank's loss; the mean over ranks is the step's."""
        model.train()
        if callable(getattr(self.optimizer, "train", None)):
            self.optimizer.train()
        step = inputs["step"]
        world: int = self.args.world_size
        self._limit = self._limit or matrix_rate(self.args.device)
        begun = time.perf_counter()
        self._rows_left = step.passes
        self._step_flop = 0.0
        for name in (*self.metric_names, "tokens", "step_chains"):
            # A rank that runs idle rows alone must still bring every name to the sum over ranks.
            self.count(name, 0.0)
        loss = self.before_rows(model, step)
        # DeepSpeed takes the mean of the ranks' gradients; the weights are shares of the whole step: hence `world`.
        for row in step.rows:
            self.count("step_chains", len(row.chains))
            value = self.row_loss(row, self.forward_row(model, row))
            loss += value.detach()
            self.backward(value * world)
        self.after_rows(model, step)
        for _ in range(step.idle_rows):
            self.backward(self.forward_row(model, step.idle_row, counted=False).sum() * 0.0)
        if self.args.device.type == "cuda":
            torch.cuda.synchronize()
        self.count("flop", self._step_flop)
        self.count("limit", self._limit)
        self.count("steps", 1)
        self.count("seconds", time.perf_counter() - begun)
        return (loss * world).float()

    def floating_point_ops(self, inputs: Any) -> float:
        """FLOP that the step's rows on this rank needed; no recomputation counted."""
        return self._step_flop

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the means since the last log, over all ranks, under TRL's names.

        `tokens` is a step's, over all ranks; `step_chains` are the chains trained on since the last log, of
        `chains_of_pass` in the data; `flop_per_second` counts no recomputation (`training.tree.flops`), and
        `fraction_of_limit` is its share of the matrix rate that the ranks measured when they began;
        `fraction_of_peak` is that of the cards' nominal rate, where they are known.
        """
        numbers, self._numbers = self._numbers, {}
        sums, self._sums = self._sums, {}
        if numbers:
            names = sorted(numbers)
            totals = torch.tensor([numbers[name] for name in names], dtype=torch.float64, device=self.args.device)
            for at, name in enumerate(names):
                if name in sums:
                    totals[at] += sums[name]
            totals = self.accelerator.reduce(totals, "sum")
            means = dict(zip(names, totals.tolist(), strict=True))
            steps = means.pop("steps") / self.args.world_size
            seconds, flop = max(means.pop("seconds") / self.args.world_size, 1e-9), means.pop("flop")
            limit = means.pop("limit") / steps
            logs |= {"step_chains": means.pop("step_chains"), "chains_of_pass": float(self._chains_of_pass)}
            logs |= {name: value / steps for name, value in means.items()}
            logs["tokens_per_second"] = means["tokens"] / seconds
            logs["flop_per_second"] = flop / seconds
            logs["fraction_of_limit"] = flop / seconds / limit
            if nominal := nominal_rate(self.args.device):
                logs["fraction_of_peak"] = flop / seconds / self.args.world_size / nominal
            # From the history, which a resumed run has back.
            before = (log["num_tokens"] for log in reversed(self.state.log_history) if "num_tokens" in log)
            logs["num_tokens"] = next(before, 0.0) + means["tokens"]
        super().log(logs, start_time)

    def forward_row(self, model: Any, row: TreeRow, counted: bool = True) -> Tensor:
        """The [chains] sums of a row; by entry, the [E] of its entries: log-probabilities, or what `score` gives."""
        batch = row.batch
        if counted:
            self.count("tokens", batch.tokens)
            self._step_flop += tree_flop(self.model, self._parameters, batch)
        batch = batch.to(self.args.device)
        with self.compute_loss_context_manager():
            return cast(Tensor, model(tree_batch=batch, entries=self.by_entry, score=self.score(row)))

    def score(self, row: TreeRow) -> Score:
        """What is asked of the model at a row's scored tokens."""
        return target_logps

    @abstractmethod
    def row_loss(self, row: Any, scored: Tensor) -> Tensor:
        """A row's share of the step's loss, its metrics counted; `scored` is what `forward_row` gave."""

    def before_rows(self, model: Any, step: StepT) -> Tensor:
        """What a method runs before its rows. Returns the loss that the rows do not return."""
        return torch.zeros((), dtype=torch.float64, device=self.args.device)

    def after_rows(self, model: Any, step: StepT) -> None:
        """What a method runs backward after its rows."""

    def backward(self, loss: Tensor) -> None:
        """Backward of a row. Only the last row ends the step: there DeepSpeed reduces gradients and updates weights."""
        self._rows_left -= 1
        self.accelerator.gradient_state._set_sync_gradients(self._rows_left == 0)
        self.accelerator.backward(loss, **({"scale_wrt_gas": False} if self._under_deepspeed else {}))

    def count(self, name: str, value: Tensor | float) -> None:
        if isinstance(value, Tensor):
            # Kept on the device: reading each one would wait for it.
            value = value.detach().double()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
        else:
            self._numbers[name] = self._numbers.get(name, 0.0) + value
