"""What a recipe says about evaluation."""

from typing import Annotated, Literal

from pydantic import Field

from cluster.config import Section


class EvaluationConfig(Section):
    """How held-out problems are attempted and how sure the report has to be."""

    split: Literal["test", "validation"] = "test"
    """The problems that are attempted. Choose settings on `validation`; report what `test` says of the chosen ones."""
    samples: Annotated[int, Field(ge=0, le=10_000)] = 8
    """Sampled attempts a problem, beside the greedy one."""
    temperature: Annotated[float, Field(gt=0, le=5)] = 0.7
    """Of the sampled attempts."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """Of every interval; 1 - confidence is the level of every test."""
    bootstrap: Annotated[int, Field(ge=100, le=100_000)] = 2000
    """Resamples of problems an interval."""
    permutations: Annotated[int, Field(ge=99, le=1_000_000)] = 9999
    """Sign flips a paired test, at least; many comparisons take more, so that significance stays within reach."""
    seed: int = 0
    baseline: str = "base"
    """The arm that the others are measured against."""
