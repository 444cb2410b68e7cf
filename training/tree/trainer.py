"""DPO over trees of chains, on `transformers.Trainer`: every shared token once, the gradient of all pairs.

One batch of the Trainer is one optimizer step: `groups_per_step` problems, divided among the ranks and packed into
rows of at most `tokens_per_micro_step` tokens. A group that fits a row is one graph. A larger one goes through in two
phases: its chains' sums without a gradient, the loss's derivatives w_i = dL/ds_i, then the gradient of sum w_i s_i, row
by row. That is the same gradient. No reference model is held: its log-probabilities come with the examples.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from operator import itemgetter
from typing import Any, cast

import torch
from accelerate.utils import DistributedType
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainingArguments

from cluster.errors import RequestError
from training.tree.attention import check_length
from training.tree.batches import GroupSlot, PreferenceExample, RankStep, SplitGroup, StepDataset, TreeRow
from training.tree.blocks import BLOCK, on_device
from training.tree.flops import body_parameters, matrix_rate, nominal_rate, tree_flop
from training.tree.loss import METRICS, LossOptions, LossType, PairMean, group_loss, group_metrics
from training.tree.scoring import add_tree_scoring


@dataclass
class TreeDPOConfig(TrainingArguments):  # type: ignore[misc]
    """Training arguments with the options of the loss; names and meanings are TRL's where TRL has them."""

    per_device_train_batch_size: int = field(default=1, metadata={"help": "Stays 1: a batch is a whole step."})
    beta: float = field(default=0.1, metadata={"help": "How strongly the policy is held to the reference."})
    loss_type: LossType = field(default="sigmoid", metadata={"help": "sigmoid, sigmoid_norm, ipo, robust or hinge."})
    label_smoothing: float = field(default=0.0, metadata={"help": "Probability that a label is wrong."})
    rpo_alpha: float = field(default=0.0, metadata={"help": "Weight of the NLL of chosen chains, per scored token."})
    length_normalised: bool = field(default=False, metadata={"help": "Log-ratios per scored token, not per chain."})
    pair_mean: PairMean = field(default="problems", metadata={"help": "Mean over all pairs, or over problems' means."})
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
        _ = self.loss_options

    @property
    def loss_options(self) -> LossOptions:
        """The options of the loss. Raises RequestError for values that no loss has."""
        return LossOptions(**{option.name: getattr(self, option.name) for option in fields(LossOptions)})


class _SetEpoch(TrainerCallback):  # type: ignore[misc]
    """Tells the data set which epoch begins; a resumed run begins inside one."""

    def __init__(self, steps: StepDataset) -> None:
        self.steps = steps

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.steps.epoch = state.global_step // len(self.steps)


class TreeDPOTrainer(Trainer):  # type: ignore[misc]
    """Full-parameter DPO of `model` on `examples`, in one process or under DeepSpeed (ZeRO-3 on any number of ranks).

    `model` is a causal Hugging Face model that `training.tree.attention.check_model` accepts; it gets tree attention.
    `callbacks`, `optimizers`, `processing_class` and the rest of `Trainer`'s keywords are passed on.
    Raises RequestError for models, chains and launchers that cannot be trained so.
    """

    def __init__(self, model: Any, args: TreeDPOConfig, examples: Sequence[PreferenceExample], **kwargs: Any) -> None:
        steps = StepDataset(
            examples,
            groups_per_step=args.groups_per_step,
            tokens_per_micro_step=args.tokens_per_micro_step,
            world=args.world_size,
            pair_mean=args.pair_mean,
            rank=args.process_index,
            seed=args.seed,
            multiple_of=BLOCK if args.device.type == "cuda" else 1,
        )
        check_length(model, steps.longest)
        add_tree_scoring(model)
        super().__init__(model=model, args=args, train_dataset=steps, **kwargs)
        self._under_deepspeed = self.accelerator.distributed_type == DistributedType.DEEPSPEED
        if not (self._under_deepspeed or self.accelerator.distributed_type == DistributedType.NO) or args.n_gpu > 1:
            raise RequestError(
                f"launched as {self.accelerator.distributed_type.value} with {args.n_gpu} GPUs a process: tree DPO "
                "runs in one process on one device, or under DeepSpeed"
            )
        # Rows carry their own weights, and the step's loss is a sum: nothing is to be divided by rows.
        self.model_accepts_loss_kwargs = False
        self.add_callback(_SetEpoch(steps))
        self._options = args.loss_options
        self._sums: dict[str, Tensor] = {}
        self._numbers: dict[str, float] = {}
        self._parameters = body_parameters(model)
        self._rows_left = 0
        self._step_flop = 0.0
        self._limit = 0.0
        self._chains_of_pass = steps.chains

    def get_train_dataloader(self) -> DataLoader[dict[str, RankStep]]:
        """Steps one by one. accelerate does not get the loader: it would divide a rank's steps among the ranks.

        With `dataloader_num_workers` a process plans and packs steps while the device works on the one before.
        """
        workers = self.args.dataloader_num_workers
        return DataLoader(
            cast(StepDataset, self.train_dataset),
            batch_size=1,
            collate_fn=itemgetter(0),
            num_workers=workers,
            prefetch_factor=2 if workers else None,
            pin_memory=self.args.dataloader_pin_memory and self.args.device.type == "cuda",
        )

    def training_step(self, model: Any, inputs: dict[str, RankStep], num_items_in_batch: Any = None) -> Tensor:
        """Run a step's rows forward and backward. Returns this rank's loss; the mean over ranks is the step's."""
        model.train()
        if callable(getattr(self.optimizer, "train", None)):
            self.optimizer.train()
        step = inputs["step"]
        world: int = self.args.world_size
        self._limit = self._limit or matrix_rate(self.args.device)
        begun = time.perf_counter()
        self._rows_left = len(step.rows) + step.split_rows + step.idle_rows
        self._step_flop = 0.0
        for name in (*METRICS, "tokens", "step_chains"):
            # A rank that runs idle rows alone must still bring every name to the sum over ranks.
            self._count(name, 0.0)
        loss: Tensor = torch.zeros((), dtype=torch.float64, device=self.args.device)
        derivatives = []
        for group in step.split:
            weights, value = self._first_phase(model, group)
            derivatives.append(weights)
            loss += value
        for _ in range(step.idle_first):
            with torch.no_grad():
                self._forward(model, step.idle_row, counted=False)
        # DeepSpeed takes the mean of the ranks' gradients; the weights are shares of the whole step: hence `world`.
        for row in step.rows:
            self._count("step_chains", len(row.chains))
            policy = self._forward(model, row)
            value = sum((self._loss(slot, policy) for slot in row.slots), policy.new_zeros(()))
            loss += value.detach()
            self._backward(value * world)
        for group, weights in zip(step.split, derivatives, strict=True):
            self._count("step_chains", len(group.slot.example.group.chains))
            for indices, row in group.rows:
                own = weights[on_device(torch.tensor(indices), weights.device)]
                self._backward((self._forward(model, row) * own).sum() * world)
        for _ in range(step.idle_rows):
            self._backward(self._forward(model, step.idle_row, counted=False).sum() * 0.0)
        if self.args.device.type == "cuda":
            torch.cuda.synchronize()
        self._count("flop", self._step_flop)
        self._count("limit", self._limit)
        self._count("steps", 1)
        self._count("seconds", time.perf_counter() - begun)
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

    def _forward(self, model: Any, row: TreeRow, counted: bool = True) -> Tensor:
        """The [chains] sums of a row."""
        batch = row.batch
        if counted:
            self._count("tokens", batch.tokens)
            self._step_flop += tree_flop(self.model, self._parameters, batch)
        batch = batch.to(self.args.device)
        with self.compute_loss_context_manager():
            return cast(Tensor, model(tree_batch=batch))

    def _first_phase(self, model: Any, group: SplitGroup) -> tuple[Tensor, Tensor]:
        """dL/ds_i of all chains of a group, [K], and its loss."""
        policy = torch.zeros(len(group.slot.example.group.chains), dtype=torch.float64, device=self.args.device)
        with torch.no_grad():
            for indices, row in group.rows:
                own = on_device(torch.tensor(indices), policy.device)
                policy[own] = self._forward(model, row, counted=False)
        policy.requires_grad_()
        value = self._loss(group.slot, policy)
        (weights,) = torch.autograd.grad(value, policy)
        return weights, value.detach()

    def _loss(self, slot: GroupSlot, policy: Tensor) -> Tensor:
        """A group's share of the step's loss, its metrics counted."""
        sums = slot.sums(policy)
        for name, value in group_metrics(sums, self._options).items():
            self._count(name, value)
        return group_loss(sums, self._options)

    def _backward(self, loss: Tensor) -> None:
        """Backward of a row. Only the last row ends the step: there DeepSpeed reduces gradients and updates weights."""
        self._rows_left -= 1
        self.accelerator.gradient_state._set_sync_gradients(self._rows_left == 0)
        self.accelerator.backward(loss, **({"scale_wrt_gas": False} if self._under_deepspeed else {}))

    def _count(self, name: str, value: Tensor | float) -> None:
        if isinstance(value, Tensor):
            # Kept on the device: reading each one would wait for it.
            value = value.detach().double()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
        else:
            self._numbers[name] = self._numbers.get(name, 0.0) + value
