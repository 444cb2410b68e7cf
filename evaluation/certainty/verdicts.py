"""What a family of tests may claim together: corrected p-values, corrected intervals, and matches with the teacher."""

from collections.abc import Hashable, Mapping
from typing import Generic, Protocol, TypeVar

from evaluation.certainty.correction import adjust, holm_levels
from evaluation.certainty.intervals import Interval
from evaluation.config import EvaluationConfig
from evaluation.figures import NonInferiority

TEACHER = "teacher"
"""The model whose accuracy arms are to match."""

Key = TypeVar("Key", bound=Hashable)


class Difference(Protocol):
    """A mean difference, as `Paired` and `CrossedDifference` hold it."""

    @property
    def p(self) -> float:
        """Two-sided, of "there is no difference"."""
        ...

    def interval(self, confidence: float) -> Interval:
        """The interval of the difference."""
        ...

    def non_inferiority_p(self, margin: float) -> float:
        """One-sided, of "worse by `margin` or more"."""
        ...


class Verdicts(Generic[Key]):
    """One family of tests, corrected together by Holm's method.

    `matching` names the differences to the teacher. Each gives a second, one-sided test to the family: of
    non-inferiority. Its p counts twice, so that a match is claimed only where the two-sided interval allows it, too.
    """

    def __init__(
        self, found: Mapping[Key, Difference], matching: Mapping[Key, Difference], config: EvaluationConfig
    ) -> None:
        level, margin = 1 - config.confidence, config.non_inferiority_margin
        one_sided = {key: one.non_inferiority_p(margin) for key, one in matching.items()}
        values = [one.p for one in found.values()] + [min(1.0, 2 * p) for p in one_sided.values()]
        adjusted, levels = adjust(values), holm_levels(values, level)
        self.p_adjusted = dict(zip(found, adjusted, strict=False))
        self.level = dict(zip(found, levels, strict=False))
        """What the correction leaves to each comparison."""
        self.interval = {key: one.interval(1 - self.level[key]) for key, one in found.items()}
        """At the confidence 1 - level."""
        self.significant = {
            key: self.p_adjusted[key] < level and not low <= 0 <= high for key, (low, high) in self.interval.items()
        }
        self.matches = {
            key: NonInferiority(margin=margin, p=one_sided[key], p_adjusted=p, shown=p < level)
            for key, p in zip(one_sided, adjusted[len(found) :], strict=True)
        }
