"""What a recipe says about evaluation."""

from typing import Annotated, Literal

from pydantic import Field

from cluster.config import Section


class EvaluationConfig(Section):
    """How held-out problems are attempted and how sure the report has to be."""

    split: Literal["test", "validation"] = "test"
    """The held-out problems that are attempted. Choose settings on `validation`, and report what `test` says of the
    chosen ones."""
    samples: Annotated[int, Field(ge=0, le=10_000)] = 8
    """Sampled attempts at each problem, beside the greedy one. Unit: episodes."""
    temperature: Annotated[float, Field(gt=0, le=5)] = 0.7
    """Sampling temperature of the sampled attempts."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """Confidence of every interval. Tests have the level 1 - confidence."""
    bootstrap: Annotated[int, Field(ge=100, le=100_000)] = 2000
    """Times that problems are drawn again for an interval. Unit: resamples."""
    permutations: Annotated[int, Field(ge=99, le=1_000_000)] = 9999
    """Sign flips of a paired test, at least. Many comparisons take more, so that a significant result stays possible.
    Unit: flips."""
    seed: int = 0
    """Seed of the intervals and tests."""
    baseline: str = "base"
    """The model that the others are measured against."""
