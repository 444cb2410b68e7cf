"""What a recipe says about training: ranks and memory (`TrainingConfig`), and one section an arm (`ArmConfig`).

Option names are those of transformers and TRL where the meaning is theirs. Light: no torch, no Ray.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cluster.config import Section
from cluster.pool.placement import Bundle
from rollout.records import PairKind
from training.chains import ScoreRule


class ZeroConfig(Section):
    """DeepSpeed ZeRO. Names as in DeepSpeed's own configuration."""

    stage: Literal[0, 1, 2, 3] = 3
    offload_optimizer: Literal["none", "cpu"] = "none"
    offload_param: Literal["none", "cpu"] = "none"
    """Only with stage 3."""
    bf16: Literal["auto", "on", "off"] = "auto"
    """`auto`: on with a GPU, off without (float32 there: bf16 is several times slower on most CPUs)."""
    reduce_bucket_size: int = Field(default=50_000_000, ge=1)
    """Elements reduced at a time."""
    stage3_prefetch_bucket_size: int = Field(default=50_000_000, ge=0)
    stage3_param_persistence_threshold: int = Field(default=100_000, ge=0)
    """Parameters with fewer elements stay whole on every rank."""
    overlap_comm: bool = True
    """Overlap communication with computation; on GPUs only."""

    @model_validator(mode="after")
    def _parameters_are_split(self) -> "ZeroConfig":
        if self.offload_param == "cpu" and self.stage != 3:
            raise ValueError(f"offload_param = 'cpu' needs stage 3, not {self.stage}")
        return self


class TrainingConfig(Section):
    """Where arms train: ranks, what each one owns, how much goes into a micro-step, how often state is saved."""

    ranks: int = Field(default=2, ge=1)
    cpus_per_rank: float = Field(default=1.0, gt=0)
    gpus_per_rank: float = Field(default=0.0, ge=0)
    """0: train on the CPU, with gloo. Otherwise nccl."""
    gpu: str = ""
    """Type that the GPUs of ranks and of reference scoring must be of, by Ray's name (H100, A100, L4, ...); "" for
    any."""
    threads_per_rank: int = Field(default=1, ge=1)
    """Threads of torch on a CPU rank."""
    tokens_per_micro_step: int = Field(default=8192, ge=1)
    """Tokens of one forward and backward pass on one rank: what bounds memory."""
    checkpoint_steps: int = Field(default=50, ge=1)
    """Optimizer steps between checkpoints."""
    keep_checkpoints: int = Field(default=2, ge=1)
    max_failures: int = Field(default=3, ge=0)
    """How often a worker group that lost a rank is started again, from the newest verified checkpoint."""
    score_meanwhile: bool | None = None
    """Score reference log-probabilities while rollouts go on, on what the teacher's hosts leave free. Left out: where
    ranks have GPUs; a CPU's cores are the engines' own."""
    logging_steps: int = Field(default=1, ge=1)
    zero: ZeroConfig = ZeroConfig()

    @property
    def bundle(self) -> Bundle:
        """What one rank owns, and a task that scores."""
        gpus = self.gpus_per_rank
        return Bundle(cpus=self.cpus_per_rank, gpus=gpus, gpu=self.gpu if gpus else "")


class Schedule(Section):
    """What every arm says, whatever its method."""

    start: str = "base"
    """`base`, or the name of another arm whose model this one goes on from."""
    learning_rate: float = Field(gt=0)
    num_train_epochs: float = Field(default=1.0, gt=0)
    max_steps: int = Field(default=-1, ge=-1)
    """Optimizer steps; -1: as the epochs say."""
    groups_per_step: int = Field(default=8, ge=1)
    """Preference groups (problems) in one optimizer step, over all ranks."""
    warmup_ratio: float = Field(default=0.1, ge=0, lt=1)
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "cosine"
    weight_decay: float = Field(default=0.0, ge=0)
    adam_beta2: float = Field(default=0.999, gt=0, lt=1)
    max_grad_norm: float = Field(default=1.0, gt=0)
    gradient_checkpointing: bool = False
    max_right: int = Field(default=0, ge=0)
    """Distinct right chains taken of a group, in stored order; 0 takes all that the group has."""
    max_wrong: int = Field(default=0, ge=0)
    seed: int = 0


class SftArm(Schedule):
    """Supervised fine-tuning on one kind of chain, with TRL's SFTTrainer."""

    method: Literal["sft"]
    learning_rate: float = Field(default=2e-4, gt=0)
    """The default does well with the tiny models of the local recipe (docs/findings.md); billions want about 1e-5."""
    chains: Literal["right", "wrong"] = "right"
    """`wrong`: the control that learns the output space from wrong answers; only well-formed wrong chains."""


class DpoArm(Schedule):
    """Direct preference optimisation on preference groups, by the tree."""

    method: Literal["dpo"]
    learning_rate: float = Field(default=1e-4, gt=0)
    """As SftArm's; models of billions of parameters want 5e-7 or so, as recipes/ has it for them."""
    beta: float = Field(default=0.1, gt=0)
    loss_type: Literal["sigmoid", "sigmoid_norm", "ipo", "robust", "hinge"] = "sigmoid"
    label_smoothing: float = Field(default=0.0, ge=0, lt=0.5)
    rpo_alpha: float = Field(default=0.0, ge=0)
    """Weight of the negative log-likelihood of chosen chains, per scored token."""
    length_normalised: bool = False
    """Log-ratios per scored token instead of per chain."""
    pairs: PairKind | None = None
    """`chains`: all right x all wrong; `matched`: the first right with the first wrong one and so on, each chain in one
    pair; `steps`: the first step where two chains part. Without it, as the groups' rule says."""
    pair_mean: Literal["pairs", "problems"] = "problems"
    """The mean over all pairs, or over problems of the mean over each one's pairs."""
    scored: ScoreRule = ScoreRule()
    """Which of the written tokens count in the margins."""

    @model_validator(mode="after")
    def _loss_is_defined(self) -> "DpoArm":
        if self.label_smoothing and self.loss_type in ("ipo", "hinge"):
            raise ValueError(f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set 0")
        if self.rpo_alpha and self.scored.failed_steps_in_right:
            raise ValueError("rpo_alpha > 0 would teach failed steps; set scored.failed_steps_in_right = false")
        return self


ArmConfig = Annotated[SftArm | DpoArm, Field(discriminator="method")]
"""One arm of a recipe; `method` says which."""
