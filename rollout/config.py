"""What a recipe says about engines, episodes, rollouts and groups."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from cluster.config import Section
from cluster.engine.scripted import ScriptedConfig
from cluster.engine.vllm import EngineConfig
from rollout.formats import load_format
from rollout.formats.limits import CallLimits
from rollout.records import PairKind, PairRule


class EpisodeConfig(Section):
    """One attempt: how the prompt is written and where it ends."""

    call_format: str = "json"
    verbosity: Literal["names", "signatures", "full"] = "signatures"
    """How much of each function's schema stands in the prompt."""
    retrieve: int | None = Field(default=None, ge=0, le=5000)
    """Show this many of a problem's functions, those that fit its text best, and the finishing one; absent: all."""
    prompt_tokens: int | None = Field(default=None, ge=1)
    """Show only so many functions, the best fitting ones, that the prompt has at most this many tokens."""
    max_steps: int = Field(default=16, ge=1)
    max_failed_steps: int = Field(default=3, ge=0)
    """One more failed step than this ends the episode, wrong."""
    max_step_tokens: int = Field(default=512, ge=1)
    max_seconds: float = Field(default=600.0, gt=0)
    """Wall time of an episode; beyond it the episode is truncated, as soon as its engine is seen alive."""
    calls: CallLimits = CallLimits()

    @field_validator("call_format")
    @classmethod
    def _format_is_known(cls, name: str) -> str:
        load_format(name)
        return name

    def of_suite(self, settings: Mapping[str, str | int]) -> "EpisodeConfig":
        """These settings with a suite's own in their place. Raises ValueError."""
        return self.model_validate({**self.model_dump(), **settings})


class HostsConfig(Section):
    """The hosts that serve one model: how many, what each one owns, how it is filled."""

    count: int = Field(default=1, ge=1)
    cpus: float = Field(default=1.0, gt=0)
    """CPUs that Ray reserves for one host."""
    device: Literal["auto", "gpu", "cpu"] = "auto"
    """`auto`: GPUs where the cluster has any now, or the model is beyond a billion parameters."""
    gpu: str = ""
    """Type that the GPUs must be of, by Ray's name (H100, A100, L4, ...); "" for any. For mixed clusters: Ray counts
    GPUs and does not look at their type."""
    live_episodes: int = Field(default=128, ge=1)
    """Episodes under way at a time on one host, at most: fewer where the KV cache does not hold as many."""
    attempts: int = Field(default=5, ge=1)
    """How often a unit is tried before the run fails."""
    silence_s: float = Field(default=120.0, gt=0)
    """A host that has answered once and does not for this long is replaced; loading is no silence."""
    engine: EngineConfig = EngineConfig()
    scripted: ScriptedConfig | None = None
    """Instead of serving the model, play known solutions of the problems, right ones and wrong ones: to try a recipe
    or a cluster without it. Only the model's tokenizer is loaded."""


class QuotaConfig(Section):
    """When a problem has been sampled enough: so many right and so many wrong episodes, both."""

    right: int = Field(ge=1)
    wrong: int = Field(ge=1)


class RolloutConfig(Section):
    """The teacher's attempts."""

    samples: int = Field(default=8, ge=1)
    """Attempts a problem."""
    temperature: float = Field(default=1.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    problems_per_block: int = Field(default=32, ge=1)
    """Problems whose episodes lie together; a block's groups are built once it is complete."""
    samples_per_unit: int = Field(default=8, ge=1)
    quota: QuotaConfig | None = None
    """Stop sampling a problem once it has enough right and wrong episodes. Biases the data, as the report says."""


class GroupsConfig(Section):
    """How chains of a problem become a preference group."""

    max_right: int = Field(default=0, ge=0)
    """Distinct right chains kept a problem; 0 keeps all."""
    max_wrong: int = Field(default=0, ge=0)
    stratify_errors: bool = False
    pairs: PairKind = "chains"
    """How chains pair; an arm may say otherwise."""
    truncated_as_wrong: bool = False
    max_tokens: int = Field(default=0, ge=0)
    """Chains longer than this with their prompt are left out; 0 keeps all."""

    @property
    def rule(self) -> PairRule:
        return PairRule(
            max_right=self.max_right, max_wrong=self.max_wrong, stratify_errors=self.stratify_errors, kind=self.pairs
        )
