"""What a recipe says about training: ranks and memory (`TrainingConfig`), and one section an arm (`ArmConfig`).

Option names are those of transformers and TRL where the meaning is theirs. Light: no torch, no Ray.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from cluster.config import Section, Seed
from cluster.pool.placement import Bundle
from rollout.config import ChosenFrom, HelpConfig
from rollout.records import PairKind
from rollout.rewards import RewardsConfig
from rollout.rounds import GuideConfig, RoundsConfig
from training.chains import ScoreRule

T = TypeVar("T")


def decided(value: T | Literal["auto"]) -> T:
    """A setting's value, which the recipe gives or the plan has decided. Raises ValueError for `auto`: it is decided
    before anybody asks."""
    if value == "auto":
        raise ValueError("a setting is `auto`, and nobody has decided it")
    return value


class ZeroConfig(Section):
    """DeepSpeed ZeRO. Names as in DeepSpeed's own configuration."""

    stage: Literal[0, 1, 2, 3, "auto"] = 3
    """What is divided among the ranks: nothing (0), the optimizer's state (1), gradients too (2), parameters too
    (3). `auto`: the plan decides, as docs/planning.md says; 3 on CPUs."""
    offload_optimizer: Literal["none", "cpu"] = "none"
    """Where the optimizer's state lies: on the rank's device (`none`), or in the node's memory (`cpu`)."""
    offload_param: Literal["none", "cpu"] = "none"
    """Where parameters lie between uses: on the rank's device (`none`), or in the node's memory (`cpu`). Only with
    stage 3."""
    bf16: Literal["auto", "on", "off"] = "auto"
    """Whether to compute in bfloat16. `auto`: on with a GPU, off without, where it is several times slower on most
    CPUs."""
    reduce_bucket_size: int = Field(default=50_000_000, ge=1)
    """Elements that are reduced at a time. Unit: elements."""
    stage3_prefetch_bucket_size: int = Field(default=50_000_000, ge=0)
    """Parameters that are fetched ahead of their use. Unit: elements."""
    stage3_param_persistence_threshold: int = Field(default=100_000, ge=0)
    """Parameters with fewer elements stay whole on every rank. Unit: elements."""
    overlap_comm: bool = True
    """Overlap communication with computation. On GPUs only."""

    @model_validator(mode="after")
    def _parameters_are_split(self) -> "ZeroConfig":
        if self.offload_param == "cpu" and self.stage not in (3, "auto"):
            raise ValueError(f"offload_param = 'cpu' needs stage 3, not {self.stage}")
        return self


class TrainingConfig(Section):
    """Where arms train: ranks, what each one owns, how much goes into a micro-step, how often state is saved."""

    ranks: int = Field(default=2, ge=1)
    """Ranks that train an arm together. Unit: ranks."""
    cpus_per_rank: float = Field(default=1.0, gt=0)
    """CPUs that Ray reserves for a rank. Unit: CPUs."""
    gpus_per_rank: float = Field(default=0.0, ge=0)
    """GPUs that Ray reserves for a rank. 0 trains on CPUs. Unit: GPUs."""
    gpu: str = ""
    """Type that the GPUs of ranks and of reference scoring must be of, by Ray's name (H100, A100, L4, ...). Empty: any
    type."""
    threads_per_rank: int = Field(default=1, ge=1)
    """Threads that torch uses on a CPU rank. Unit: threads."""
    tokens_per_micro_step: Annotated[int, Field(ge=1)] | Literal["auto"] = 8192
    """Tokens of one forward and backward pass on one rank. This bounds memory. `auto`: the plan decides; 8,192 on CPUs.
    Unit: tokens."""
    fused_kernels: Literal["auto", "on", "off"] = "auto"
    """Whether norms, rotary embedding and SwiGLU are single kernels (liger-kernel), where it knows the model. `auto`:
    on with a GPU, if the command that begins the run finds liger-kernel installed; it holds for all nodes."""
    checkpoint_steps: int = Field(default=50, ge=1)
    """Optimizer steps between two checkpoints. Unit: steps."""
    keep_checkpoints: int = Field(default=2, ge=1)
    """Newest checkpoints that are kept. Unit: checkpoints."""
    max_failures: int = Field(default=3, ge=0)
    """How often a group that lost a rank is started again, from the newest verified checkpoint. Unit: restarts."""
    score_meanwhile: bool | None = None
    """Compute reference log-probabilities during rollouts, on what the teacher's hosts leave free. Absent: only where
    ranks have GPUs, because CPU cores are the engines' own."""
    beside_hosts: bool | None = None
    """Whether the student's hosts stay up while arms that learn in rounds train, so that ranks stand beside them. If
    false they take turns, and the hosts start once a round. Absent: wherever the nodes hold both at the same time."""
    logging_steps: int = Field(default=1, ge=1)
    """Optimizer steps between two rows of metrics. The first step, the last one and those of checkpoints have one in
    any case. Unit: steps."""
    zero: ZeroConfig = ZeroConfig()
    """DeepSpeed's settings."""

    @model_validator(mode="after")
    def _kernels_run_on_gpus(self) -> "TrainingConfig":
        if self.fused_kernels == "on" and self.gpus_per_rank == 0:
            raise ValueError("fused_kernels = 'on' needs gpus_per_rank above 0: the kernels run on GPUs alone")
        return self

    @property
    def may_fuse_kernels(self) -> bool:
        """Whether kernels are fused where liger-kernel is installed."""
        return self.fused_kernels != "off" and self.gpus_per_rank > 0

    @property
    def bundle(self) -> Bundle:
        """What one rank owns, and a task that scores."""
        gpus = self.gpus_per_rank
        return Bundle(cpus=self.cpus_per_rank, gpus=gpus, gpu=self.gpu if gpus else "")


class Schedule(Section):
    """What every arm says, whatever its method."""

    start: str = "base"
    """The model that training starts from: `base`, or the name of another arm."""
    learning_rate: float = Field(gt=0)
    """Greatest learning rate of AdamW."""
    num_train_epochs: float = Field(default=1.0, gt=0)
    """Passes over the arm's data. Unit: epochs."""
    max_steps: int = Field(default=-1, ge=-1)
    """Optimizer steps. -1: as many as the epochs need. Unit: steps."""
    groups_per_step: int = Field(default=8, ge=1)
    """Preference groups, one a problem, in one optimizer step over all ranks. Unit: groups."""
    warmup_ratio: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps over which the learning rate rises, with a rate of 0 in the first of them; `constant` has no
    such steps, and neither has an arm of one step."""
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "cosine"
    """How the learning rate falls after the warm-up. Absent in an arm with `rounds`: `constant`, because the schedule
    begins anew in each of them."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Weight decay of AdamW."""
    adam_beta2: float = Field(default=0.999, gt=0, lt=1)
    """Second-moment decay (beta2) of AdamW."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Gradients are clipped to this norm."""
    gradient_checkpointing: bool | Literal["auto"] = False
    """Recompute activations in the backward pass: less memory, more time. `auto`: the plan decides; no on CPUs."""
    max_right: int = Field(default=0, ge=0)
    """Distinct right chains taken of a group, in stored order. 0 takes all. Unit: chains."""
    max_wrong: int = Field(default=0, ge=0)
    """Distinct wrong chains taken of a group, in stored order. 0 takes all. Unit: chains."""
    balanced: bool = False
    """Take equally many right and wrong chains of a group: the first ones that have something to learn, as many as the
    rarer kind has. A group that lacks a kind is left out. Balanced arms of all methods see the same groups and chains,
    but for dpo that scores no failed steps of wrong chains and sft on wrong ones, which learn from fewer of them."""
    train_on_thoughts: bool = True
    """Learn the thoughts before calls, too. If false, they stay in the chains and count in no loss, as prompts do."""
    rounds: RoundsConfig | None = None
    """Learn in rounds, from chains that the arm's own policy wrote, instead of the teacher's. The settings of an arm
    hold for each of its rounds, the schedule of the learning rate too; the optimizer begins anew in each."""
    seed: Seed = 0
    """Seed of the order of the data."""

    @model_validator(mode="before")
    @classmethod
    def _rounds_keep_their_rate(cls, given: Any) -> Any:
        in_rounds = isinstance(given, dict) and given.get("rounds") is not None
        return {"lr_scheduler_type": "constant"} | given if in_rounds else given

    @field_validator("max_steps")
    @classmethod
    def _trains_a_step(cls, max_steps: int) -> int:
        if not max_steps:
            raise ValueError("0 steps train nothing; take the arm away, or use -1 for as many as the epochs need")
        return max_steps

    def _refuse_reference(self) -> None:
        """Raise ValueError where rounds choose a reference for a method that has none."""
        if self.rounds is not None and self.rounds.reference != "start":
            raise ValueError(
                f"rounds.reference = {self.rounds.reference!r}: the method has no reference, dpo alone has one; leave "
                "it out"
            )


class SftArm(Schedule):
    """Supervised fine-tuning on one kind of chain, with TRL's SFTTrainer or by the tree."""

    method: Literal["sft"]
    """Supervised fine-tuning."""
    learning_rate: float = Field(default=2e-4, gt=0)
    """Greatest learning rate of AdamW. The default suits the tiny models of the local recipe (docs/findings.md); models
    of billions of parameters want about 1e-5."""
    chains: Literal["right", "wrong"] = "right"
    """The chains to learn from. `wrong` is the control that learns the output space from well-formed wrong answers."""
    equal: Literal["tokens", "groups"] = "tokens"
    """What counts equally in the loss: every token, as in TRL, or every group, whose tokens share a weight of 1."""
    rows: Literal["chains", "tree"] = "chains"
    """What goes through the model as a row: `chains` one chain each, with TRL's SFTTrainer, its steps of rows from any
    groups; `tree` whole groups, what their chains share computed once, its steps of `groups_per_step` groups. The
    tokens with loss and their weights are the same."""

    @model_validator(mode="after")
    def _rounds_learn_right_chains(self) -> "SftArm":
        if self.chains == "wrong" and self.rounds is not None:
            raise ValueError(
                "chains = 'wrong': rounds of sft learn the right chains of their own policy; leave chains or rounds out"
            )
        self._refuse_reference()
        return self


class DpoArm(Schedule):
    """Direct preference optimisation on preference groups, by the tree."""

    method: Literal["dpo"]
    """Direct preference optimisation."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """Greatest learning rate of AdamW. The default suits the tiny models of the local recipe; models of billions of
    parameters want about 5e-7."""
    beta: float = Field(default=0.1, gt=0)
    """Strength of the tie to the reference model."""
    loss_type: Literal["sigmoid", "sigmoid_norm", "ipo", "robust", "hinge"] = "sigmoid"
    """Loss of a pair, as TRL's DPOTrainer names it."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=0.5)
    """Probability that a pair's preference is the wrong way round."""
    rpo_alpha: float = Field(default=0.0, ge=0)
    """Weight of the negative log-likelihood of chosen chains, per scored token."""
    length_normalised: bool = False
    """Divide a chain's log-ratio by its number of scored tokens."""
    pairs: PairKind | None = None
    """How right and wrong chains are paired: `chains` pairs all with all; `matched` pairs the first with the first and
    so on, each chain once; `steps` pairs the first steps where two chains part. Absent: `groups.pairs`."""
    pair_weights: Literal["episodes", "equal"] = "episodes"
    """How much a pair counts within its group: `episodes` counts it as often as episodes wrote its two chains, `equal`
    once. Matched pairs count once either way."""
    pair_mean: Literal["pairs", "problems"] = "problems"
    """The loss is the mean over all pairs (`pairs`), or over problems of the mean over each one's pairs
    (`problems`)."""
    scored: ScoreRule = ScoreRule()
    """Which of the written tokens count in the margins."""
    chosen_from: ChosenFrom = "policy"
    """In rounds: whose right chains are paired with the policy's wrong ones. `policy`: its own of this round;
    `teacher`: those that the run stores of the teacher at the same problem; `both`: all of these; `helped`: those that
    the policy wrote with `help`."""
    help: HelpConfig | None = None
    """What the policy is shown in attempts with help, beside those without it; for `chosen_from = "helped"`."""

    @model_validator(mode="after")
    def _help_is_used(self) -> "DpoArm":
        if (self.chosen_from == "helped") != (self.help is not None):
            lacks = "it needs `help`, which says what is shown" if self.help is None else "`help` is for 'helped' alone"
            raise ValueError(f"chosen_from = {self.chosen_from!r}: {lacks}")
        if self.chosen_from == "helped" and self.rounds is None:
            raise ValueError("chosen_from = 'helped': the policy makes its attempts with help in rounds; set rounds")
        if self.chosen_from == "policy" and self.rounds is not None and self.rounds.samples == 1:
            raise ValueError("rounds.samples = 1: one attempt at a problem gives no pair; raise it, or set chosen_from")
        return self

    @model_validator(mode="after")
    def _loss_is_defined(self) -> "DpoArm":
        if self.chosen_from != "policy" and self.rounds is None:
            raise ValueError(f"chosen_from = {self.chosen_from!r}: the teacher's chains are all without rounds; set it")
        if self.label_smoothing and self.loss_type in ("ipo", "hinge"):
            raise ValueError(f"label_smoothing = {self.label_smoothing}: not for loss_type = {self.loss_type!r}; set 0")
        if self.length_normalised and self.loss_type in ("ipo", "sigmoid_norm"):
            raise ValueError(f"length_normalised = true: loss_type = {self.loss_type!r} is so by itself; leave it out")
        if self.rpo_alpha and self.scored.failed_steps_in_right:
            raise ValueError("rpo_alpha > 0 would teach failed steps; set scored.failed_steps_in_right = false")
        return self


class GrpoArm(Schedule):
    """Reinforcement learning on executed outcomes, by GRPO or one of its family, on the tree. It learns from chains
    with their sampler's log-probabilities."""

    method: Literal["grpo"]
    """Group-relative policy optimisation."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """Greatest learning rate of AdamW. The default suits the tiny models of the local recipe; models of billions of
    parameters want about 1e-6."""
    loss_type: Literal["grpo", "dr_grpo", "dapo", "rloo", "gspo", "cispo", "lite_ppo"] = "grpo"
    """The loss and its advantages."""
    epsilon: float | None = Field(default=None, gt=0, lt=1)
    """The ratio of policy to sampler is clipped at 1 - epsilon. Absent: 0.2, for `gspo` 3e-4; `cispo` has none."""
    epsilon_high: float | None = Field(default=None, gt=0)
    """And at 1 + epsilon_high. Absent: as `epsilon` where that is given, else 0.2, for `dapo` 0.28, for `gspo` 4e-4.
    For `cispo` it is the bound itself; absent: 5."""
    scale_rewards: Literal["group", "batch", "none"] | None = None
    """What advantages are divided by: the deviation of the group's rewards, of the step's, or nothing. Absent: the
    group's; `dr_grpo` and `rloo` have `none`, `lite_ppo` has `batch`."""
    max_completion_length: int | None = Field(default=None, ge=1)
    """The constant by which `dr_grpo` divides a chain's loss; the others have none. Unit: tokens."""
    credit: Literal["chain", "steps"] = "chain"
    """Whose advantage a token has: its chain's, or its branch's, the mean below it less that below its parent."""
    rewards: RewardsConfig | None = None
    """What a chain is worth. Absent: 1 if it is right, 0 if not, as its execution says."""
    skip_equal: bool = False
    """Leave out groups whose rewards are all equal, of which nothing is learnt (DAPO's dynamic sampling)."""

    @model_validator(mode="after")
    def _learns_from_its_own_chains(self) -> "GrpoArm":
        if self.rounds is None:
            raise ValueError("method = 'grpo' learns from the policy's own chains; set rounds = {}, or more in it")
        if self.max_right or self.max_wrong or self.balanced:
            raise ValueError("method = 'grpo': leave max_right, max_wrong and balanced out; a group's mean is of all")
        if self.rounds.samples == 1:
            raise ValueError("rounds.samples = 1: one attempt is no better than the mean of its group; raise it")
        self._refuse_reference()
        return self

    @model_validator(mode="after")
    def _loss_is_defined(self) -> "GrpoArm":
        kind, scales = self.loss_type, {"dr_grpo": "none", "rloo": "none", "lite_ppo": "batch"}
        if self.credit == "steps" and kind in ("gspo", "rloo"):
            raise ValueError(f"credit = 'steps': loss_type = {kind!r} has one ratio a chain; use 'chain'")
        if kind == "cispo" and (self.epsilon is not None or (self.epsilon_high or 5) <= 1):
            raise ValueError("loss_type = 'cispo' has no epsilon, and an epsilon_high above 1")
        if self.scale_rewards not in (None, scales.get(kind, self.scale_rewards)):
            raise ValueError(
                f"scale_rewards = {self.scale_rewards!r}: loss_type = {kind!r} has {scales[kind]!r}; leave it out"
            )
        if (kind == "dr_grpo") != (self.max_completion_length is not None):
            raise ValueError(
                f"max_completion_length = {self.max_completion_length}: loss_type = 'dr_grpo' needs it, no other has it"
            )
        return self


class DistillArm(Schedule):
    """Distillation: the student learns the teacher's distribution over the next token, at every token that an episode
    wrote. In rounds these are the student's own episodes (on-policy distillation), otherwise the teacher's. The student
    has to have the teacher's tokenizer."""

    method: Literal["distill"]
    """Distillation from the teacher."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """Greatest learning rate of AdamW. The default suits the tiny models of the local recipe; models of billions of
    parameters want about 1e-6."""
    compare: Literal["vocabulary", "top_k", "sampled"] = "vocabulary"
    """What is compared at each token: both distributions over the whole `vocabulary`, for which tasks with the
    resources of a rank hold the teacher; or what the teacher's engines say: the probabilities of its `top_k` likeliest
    tokens (the forward KL over them), or of the `sampled` token alone (an estimate of the reverse KL, in rounds)."""
    beta: float = Field(default=1.0, ge=0, le=1)
    """The divergence over the vocabulary, as TRL's DistillationTrainer names it: 0 the forward KL, of the student from
    the teacher; 1 the reverse KL; between them the generalised Jensen-Shannon divergence."""
    top_k: int = Field(default=20, ge=1)
    """How many likeliest tokens `compare = "top_k"` takes. Unit: tokens."""
    tail: bool = True
    """With `compare = "top_k"`: all other tokens count as one more. If false, both distributions are scaled to the
    likeliest tokens."""
    chains: Literal["all", "right"] = "all"
    """Whose tokens: those of all chains, or of right ones alone, which `compare = "sampled"` does not take."""
    equal: Literal["tokens", "groups"] = "tokens"
    """What counts equally in the loss: every token that an episode wrote, or every group, whose tokens share a
    weight of 1."""
    guide: GuideConfig | None = None
    """In rounds: turns of the teacher mixed into the student's attempts, and withdrawn (guided distillation). The
    tokens of these turns are in no loss."""

    @model_validator(mode="after")
    def _guide_is_used(self) -> "DistillArm":
        if self.guide is None:
            return self
        if self.rounds is None:
            raise ValueError(
                "guide: the teacher's turns begin attempts of the student's own, made in rounds; set rounds"
            )
        self.guide.refuse_idle(self.rounds)
        return self

    @model_validator(mode="after")
    def _divergence_is_defined(self) -> "DistillArm":
        if self.compare != "vocabulary" and self.beta != 1:
            raise ValueError(f"beta = {self.beta}: compare = {self.compare!r} has one divergence; leave it out")
        if self.compare == "top_k" and self.top_k == 1 and not self.tail:
            raise ValueError("top_k = 1 without a tail has nothing to learn: one token has all of the probability")
        if self.compare != "top_k" and (self.top_k != 20 or not self.tail):
            unused = f"top_k = {self.top_k}" if self.top_k != 20 else "tail = false"
            raise ValueError(f"{unused}: compare = {self.compare!r} has no likeliest tokens; leave it out")
        self._refuse_reference()
        return self

    @model_validator(mode="after")
    def _samples_are_not_chosen(self) -> "DistillArm":
        if self.compare != "sampled":
            return self
        if self.rounds is None:
            raise ValueError(
                "compare = 'sampled' estimates from what the student sampled; set rounds = {}, or more in it"
            )
        chosen = {"chains": self.chains != "all", "max_right": self.max_right, "max_wrong": self.max_wrong}
        for key in (key for key, some in (chosen | {"balanced": self.balanced}).items() if some):
            raise ValueError(
                f"{key} = {getattr(self, key)!r}: compare = 'sampled' estimates the reverse KL from all that the "
                "student wrote, and not from chains chosen by their outcome; leave it out, or compare the vocabulary"
            )
        return self


ArmConfig = Annotated[SftArm | DpoArm | GrpoArm | DistillArm, Field(discriminator="method")]
"""One arm of a recipe; `method` says which."""
