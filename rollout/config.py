"""What a recipe says about engines, episodes, rollouts and groups."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from cluster.config import Section
from cluster.engine.options import EngineConfig
from cluster.engine.scripted import ScriptedConfig
from rollout.formats import load_format
from rollout.formats.limits import CallLimits
from rollout.records import PairKind, PairRule

ChosenFrom = Literal["policy", "teacher", "both", "helped"]
"""Whose right chains the groups of an arm's rounds hold."""


class EpisodeConfig(Section):
    """One attempt: how the prompt is written and where it ends."""

    call_format: str = "json"
    """How a model writes its calls; docs/call-formats.md lists the formats."""
    verbosity: Literal["names", "signatures", "full"] = "signatures"
    """How much of each function's schema stands in the prompt."""
    retrieve: int | None = Field(default=None, ge=0, le=5000)
    """Show only this many of a problem's functions, those that fit its text best, beside the finishing one. Absent: all
    of them. Unit: functions."""
    prompt_tokens: int | None = Field(default=None, ge=1)
    """Show only as many functions, the best fitting ones, as a prompt of this length holds. Absent: all of them. Unit:
    tokens."""
    system: str = ""
    """What every prompt says first, as the system's message, or before the first user's message where the model's chat
    template has no system's. Empty: nothing."""
    examples: int = Field(default=0, ge=0, le=32)
    """Worked conversations that every prompt shows before its problem, as turns of the model's chat template: gold
    calls of train problems, other ones for each problem. They are never scored and never learnt from. A model that has
    not been trained on the call format needs some. Unit: conversations."""
    examples_file: str = ""
    """A .jsonl file of worked conversations. They take the place of those from train problems for the toolboxes that
    its rows name, or for all where rows name none; docs/call-formats.md has its form."""
    max_steps: int = Field(default=16, ge=1)
    """Steps of an episode at most; one that needs more is truncated. Unit: steps."""
    max_turn_steps: int | None = Field(default=None, ge=1)
    """Steps that may answer one turn of the user, at most. Absent: as many as `max_steps` leaves. Unit: steps."""
    max_failed_steps: int = Field(default=3, ge=0)
    """Failed steps that an episode may have; one more ends it, wrong. Unit: steps."""
    max_step_tokens: int = Field(default=512, ge=1)
    """Tokens that the model may write in one step. Unit: tokens."""
    max_seconds: float = Field(default=600.0, gt=0)
    """Wall time of an episode. A longer one is truncated, once its engine has shown that it is alive. Unit: seconds."""
    thoughts: Literal["keep", "cut", "forbid"] = "keep"
    """What becomes of thoughts before calls. `keep`: models think as their chat templates let them, and chains show it
    as the student's template does. `cut`: they think, and chains leave it out, so that the student learns calls alone.
    `forbid`: prompts tell them not to think; a template that cannot say so is refused, and chains hold no thought."""
    calls: CallLimits = CallLimits()
    """Bounds on replies and on calls."""

    @model_validator(mode="after")
    def _file_is_used(self) -> "EpisodeConfig":
        if self.examples_file and not self.examples:
            raise ValueError(f"examples_file = {self.examples_file!r}, but examples = 0: say how many a prompt shows")
        return self

    @field_validator("call_format")
    @classmethod
    def _format_is_known(cls, name: str) -> str:
        load_format(name)
        return name

    def of_suite(self, settings: Mapping[str, str | int]) -> "EpisodeConfig":
        """These settings with a suite's own in their place. Raises ValueError."""
        # A suite that shows no examples needs the file all the same: its problems may not stand in it.
        own = self.model_validate({**self.model_dump(exclude={"examples_file"}), **settings})
        return own.model_copy(update={"examples_file": self.examples_file})


class HostsConfig(Section):
    """The hosts that serve one model: how many, what each one owns, how it is filled."""

    count: int = Field(default=1, ge=1)
    """Number of hosts, each with an engine of its own. Unit: hosts."""
    cpus: float = Field(default=1.0, gt=0)
    """CPUs that Ray reserves for one host. Unit: CPUs."""
    device: Literal["auto", "gpu", "cpu"] = "auto"
    """Device of the engines. `auto`: GPUs where the cluster has any, or where the model has more than a billion
    parameters."""
    gpu: str = ""
    """Type that the GPUs must be of, by Ray's name (H100, A100, L4, ...). Empty: any type. In mixed clusters it is
    needed, because Ray counts GPUs and does not look at their type."""
    live_episodes: int = Field(default=128, ge=1)
    """Episodes that one host works on at a time, at most. It takes fewer where the KV cache does not hold as many.
    Unit: episodes."""
    attempts: int = Field(default=5, ge=1)
    """How often a unit is tried before the run fails. Unit: attempts."""
    silence_s: float = Field(default=120.0, gt=0)
    """A host that has answered once and then does not answer for this long is replaced. Loading a model does not count.
    Unit: seconds."""
    engine: EngineConfig = EngineConfig()
    """vLLM's settings."""
    scripted: ScriptedConfig | None = None
    """Do not serve the model: play known solutions of the problems, right and wrong ones, to try a recipe or a cluster.
    Only the model's tokenizer is loaded."""


class QuotaConfig(Section):
    """A problem has been sampled enough once it has this many right and this many wrong episodes."""

    right: int = Field(ge=1)
    """Right episodes that a problem needs. Unit: episodes."""
    wrong: int = Field(ge=1)
    """Wrong episodes that a problem needs. Unit: episodes."""


class RolloutConfig(Section):
    """The teacher's attempts."""

    samples: int = Field(default=8, ge=1)
    """Attempts at each problem. Unit: episodes."""
    temperature: float = Field(default=1.0, ge=0)
    """Sampling temperature of the teacher. 0 is greedy."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """The teacher samples from the most probable tokens that together have this probability."""
    problems_per_block: int = Field(default=32, ge=1)
    """Problems in one block. A block's episodes lie together, and its groups are built once they are all there. Unit:
    problems."""
    samples_per_unit: int = Field(default=8, ge=1)
    """Attempts at each problem of a block that one unit covers. Unit: episodes."""
    quota: QuotaConfig | None = None
    """Stop sampling a problem once it has enough right and enough wrong episodes. This biases the data, and the report
    says so."""


class GroupsConfig(Section):
    """How chains of a problem become a preference group."""

    max_right: int = Field(default=0, ge=0)
    """Distinct right chains kept for a problem. 0 keeps all. Unit: chains."""
    max_wrong: int = Field(default=0, ge=0)
    """Distinct wrong chains kept for a problem. 0 keeps all. Unit: chains."""
    stratify_errors: bool = False
    """Keep wrong chains with as many different error codes as possible, instead of the first ones."""
    pairs: PairKind = "chains"
    """How right and wrong chains are paired: `chains` pairs all with all; `matched` pairs the first with the first and
    so on; `steps` pairs the first steps where two chains part. An arm may set its own."""
    truncated_as_wrong: bool = False
    """Use truncated chains as wrong ones."""
    max_tokens: int = Field(default=0, ge=0)
    """Leave out chains that are longer than this with their prompt. In arms with `method = "grpo"` they count in the
    mean of their group and are in no loss. 0 keeps all. Unit: tokens."""
    nothing_to_do: bool = False
    """Let pairs and SFT learn also from problems in which doing nothing is right. They teach to do nothing. `grpo`, and
    `distill` in rounds, learn from these problems in any case."""

    @property
    def rule(self) -> PairRule:
        return PairRule(
            max_right=self.max_right, max_wrong=self.max_wrong, stratify_errors=self.stratify_errors, kind=self.pairs
        )


class HelpConfig(Section):
    """What prompts show in attempts with help. Each key is a kind of help of its own; they stand together."""

    examples: int = Field(default=0, ge=0, le=32)
    """Worked conversations, beside those of `episodes.examples`: gold calls of other train problems of the run with the
    same functions, drawn for each problem. Unit: conversations."""
    documentation: bool = False
    """Every function that can be called described in full, whatever `episodes.verbosity` says."""
    text: str = ""
    """A text of yours, the same for every problem: how functions are used, say."""
    calls: Literal["none", "names", "all"] = "none"
    """Of the gold calls of the problem, without those that end a turn: the `names` of their functions, in order, or
    `all` of them with their arguments."""
    answer: bool = False
    """The gold answer of the problem. Where no answer is checked there is none."""
    samples: int | None = Field(default=None, ge=1)
    """Attempts with help at each problem of a round. Absent: as many as without. Unit: episodes."""

    @model_validator(mode="after")
    def _helps(self) -> "HelpConfig":
        if not (self.examples or self.documentation or self.text.strip() or self.calls != "none" or self.answer):
            raise ValueError("help shows nothing; set examples, documentation, text, calls or answer")
        return self
