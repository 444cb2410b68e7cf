"""Speculative decoding: something cheap proposes tokens, and the model accepts or refuses several in one pass.

A token is accepted with probability min(1, p / q) and else drawn from max(0, p - q), normalised, where p is the model's
distribution and q the proposer's: what is sampled is distributed as p (Leviathan et al. 2023, arXiv 2211.17192).
Recorded log-probabilities are the model's.
"""

from typing import Any, Literal

from pydantic import Field, model_validator

from cluster.config import Section
from cluster.engine.model_source import local_model

_VLLM = {"ngram": "ngram", "draft": "draft_model", "eagle": "eagle", "eagle3": "eagle3"}


class SpeculativeConfig(Section):
    """Decode several tokens in one pass of the model, where they were guessed rightly."""

    method: Literal["ngram", "draft", "eagle", "eagle3"]
    """What guesses: `ngram` looks up what followed the last tokens earlier in the conversation; `draft` is a smaller
    model with the same vocabulary; `eagle` and `eagle3` are heads that were trained for the model."""
    tokens: int = Field(default=4, ge=1, le=16)
    """Tokens that are guessed at a time. Unit: tokens."""
    model: str = ""
    """The smaller model or the head: a folder, or `hub:OWNER/NAME@COMMIT`. `ngram` has none."""
    shortest_match: int = Field(default=2, ge=1)
    """`ngram` looks for at least so many of the last tokens. Unit: tokens."""
    longest_match: int = Field(default=4, ge=1)
    """`ngram` looks for at most so many of the last tokens. Unit: tokens."""

    @model_validator(mode="after")
    def _fits_together(self) -> "SpeculativeConfig":
        if self.method == "ngram" and self.model:
            raise ValueError(f"model = {self.model!r}: ngram has none; leave it out, or say method = 'draft'")
        if self.method != "ngram" and not self.model:
            raise ValueError(f"method = {self.method!r} needs a model; name a folder or hub:OWNER/NAME@COMMIT")
        if self.shortest_match > self.longest_match:
            raise ValueError(
                f"shortest_match = {self.shortest_match} is above longest_match = {self.longest_match}; lower it"
            )
        return self


def speculative_arguments(config: SpeculativeConfig) -> dict[str, Any]:
    """vLLM's `speculative_config`. Fetches a model from the Hub where it has to."""
    found: dict[str, Any] = {"method": _VLLM[config.method], "num_speculative_tokens": config.tokens}
    if config.method == "ngram":
        return found | {"prompt_lookup_min": config.shortest_match, "prompt_lookup_max": config.longest_match}
    return found | {"model": str(local_model(config.model))}
