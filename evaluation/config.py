"""What a recipe says about evaluation."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cluster.config import Section, Seed


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
    non_inferiority_margin: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """An arm *matches* the teacher where its accuracy is shown to be less than this below the teacher's: 0.05 are 5
    points. Fix it before the run; docs/metrics.md says why 5 points."""
    permutations: Annotated[int, Field(ge=99, le=1_000_000)] = 9999
    """Sign flips of a paired test, at least. Many comparisons take more, so that a significant result stays possible.
    Unit: flips."""
    seed: Seed = 0
    """Seed of the intervals and tests."""
    baseline: str = "base"
    """The model that the others are measured against."""

    @model_validator(mode="before")
    @classmethod
    def _without_bootstrap(cls, given: Any) -> Any:
        # Runs and recipes of older versions set it; no interval draws problems again any more.
        return {key: value for key, value in given.items() if key != "bootstrap"} if isinstance(given, dict) else given
