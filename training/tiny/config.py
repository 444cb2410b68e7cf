"""What a recipe says about models that learn from the corpus: tiny ones, and warm starts. Light: no torch."""

import math

from pydantic import Field, model_validator

from cluster.config import Section, Seed

HEAD_SIZES = (32, 64, 80, 96, 112, 128)
"""Sizes of an attention head that vLLM 0.32 serves on a CPU; with another one its engine dies at the first step."""


class LearningConfig(Section):
    """How a model learns from conversations of the corpus."""

    batch: int = Field(default=16, ge=1)
    """Conversations in an optimizer step. Unit: conversations."""
    learning_rate: float = Field(default=3e-3, gt=0)
    """Greatest learning rate of AdamW."""
    adam_beta2: float = Field(default=0.98, gt=0, lt=1)
    """Second-moment decay (beta2) of AdamW."""
    warmup_ratio: float = Field(default=0.06, ge=0, lt=1)
    """Share of the steps over which the learning rate rises from 0."""
    decay_ratio: float = Field(default=0.35, gt=0, le=1)
    """Share of the steps, at the end, over which the learning rate falls to 0. In between it is constant."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Weight decay of AdamW."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Gradients are clipped to this norm."""
    malformed: float = Field(default=0.0, ge=0, le=1)
    """Probability that a step of the corpus is first written malformed."""
    malformed_again: float = Field(default=0.0, ge=0, lt=1)
    """Probability that the attempt after a malformed one is malformed, too."""
    clean_ratio: float = Field(default=0.8, ge=0, le=1)
    """Share of the steps, at the start, whose conversations are all well formed. They are half as long, and calls and
    numbers are learnt from them as well."""
    seed: Seed = 0
    """Seed of the corpus and of its order, and of a tiny model's first weights."""


class TinyConfig(LearningConfig):
    """One tiny model: its shape, how long it learns, and how settled its call format is."""

    hidden: int = Field(default=128, ge=8, multiple_of=8)
    """Width of the model."""
    layers: int = Field(default=3, ge=1)
    """Decoder layers. Unit: layers."""
    heads: int = Field(default=4, ge=1)
    """Attention heads. `hidden` over `heads` is a size that vLLM serves on a CPU. Unit: heads."""
    intermediate: int = Field(default=344, ge=8)
    """Width of the MLP."""
    steps: int = Field(default=1000, ge=1)
    """Optimizer steps. Unit: steps."""
    initializer_range: float = Field(default=0.08, gt=0)
    """Standard deviation of the first weights. It is four times that of transformers, because small widths learn sooner
    from it."""

    @model_validator(mode="after")
    def _has_heads_that_engines_serve(self) -> "TinyConfig":
        size, rest = divmod(self.hidden, self.heads)
        if rest or size not in HEAD_SIZES:
            sizes = ", ".join(map(str, HEAD_SIZES))
            raise ValueError(f"hidden {self.hidden} over {self.heads} heads: vLLM serves heads of {sizes} on a CPU")
        return self


class WarmConfig(LearningConfig):
    """A given model trained on gold conversations before the run: it learns the task and the call format, the better
    the fewer of its conversations are malformed."""

    conversations: int = Field(default=400, ge=1)
    """Conversations that it learns from. Unit: conversations."""
    families: tuple[str, ...] = Field(default=(), strict=False)
    """Sections of `problems` whose families it learns. Empty: all that tiny models would learn, as `pretrain` says."""
    batch: int = Field(default=8, ge=1)
    learning_rate: float = Field(default=1e-4, gt=0)
    adam_beta2: float = Field(default=0.999, gt=0, lt=1)
    clean_ratio: float = Field(default=0.0, ge=0, le=1)

    @property
    def steps(self) -> int:
        """Optimizer steps."""
        return math.ceil(self.conversations / self.batch)


class TokenizerConfig(Section):
    """The tokenizer that teacher and student share."""

    vocabulary: int = Field(default=760, ge=262)
    """Tokens at most: 256 bytes, the control tokens, and merges, about 100 of them numbers. Unit: tokens."""
    conversations: int = Field(default=1500, ge=1)
    """Conversations of the corpus that the merges are learnt from. Unit: conversations."""
    seed: Seed = 0
    """Seed of these conversations."""
