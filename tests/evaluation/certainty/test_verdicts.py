"""What is called significant: a corrected p below the level, and an interval at the corrected level clear of zero."""

from dataclasses import dataclass

import pytest

from evaluation.certainty.intervals import Interval
from evaluation.certainty.verdicts import Verdicts
from evaluation.config import EvaluationConfig

CONFIG = EvaluationConfig()
LEVEL = 1 - CONFIG.confidence


@dataclass(frozen=True)
class Found:
    """A difference with made-up figures. `match`: the p-value of non-inferiority."""

    p: float
    low: float = 0.1
    high: float = 0.3
    match: float = 0.5

    def interval(self, confidence: float) -> Interval:
        return Interval(self.low, self.high)

    def non_inferiority_p(self, margin: float) -> float:
        return self.match


@pytest.mark.parametrize(
    ("found", "significant"),
    [
        (Found(0.001), True),
        (Found(0.001, -0.3, -0.1), True),
        (Found(LEVEL), False),
        (Found(LEVEL - 1e-9), True),
        (Found(0.001, -0.1, 0.3), False),
        (Found(0.001, 0.0, 0.3), False),
        (Found(0.001, -0.3, 0.0), False),
        (Found(0.001, 0.9, 1.0), True),
        (Found(0.5), False),
    ],
)
def test_both_the_p_value_and_the_interval_must_say_so(found: Found, significant: bool) -> None:
    assert Verdicts({"one": found}, {}, CONFIG).significant == {"one": significant}


def test_each_comparison_has_its_own_p_value_and_level() -> None:
    """Of four tests with the two of a match the smallest p is compared with a quarter of the level, and so on."""
    found = {"a": Found(0.04), "b": Found(0.001, match=0.002), "c": Found(0.3)}
    verdicts = Verdicts(found, {"b": found["b"]}, CONFIG)
    assert verdicts.p_adjusted == pytest.approx({"a": 0.08, "b": 0.004, "c": 0.3})
    assert verdicts.level == pytest.approx({"a": LEVEL / 2, "b": LEVEL / 4, "c": LEVEL / 2})
    assert verdicts.significant == {"a": False, "b": True, "c": False}
    assert verdicts.matches.keys() == {"b"}
    match = verdicts.matches["b"]
    assert (match.margin, match.p, match.shown) == (CONFIG.non_inferiority_margin, 0.002, True)
    assert match.p_adjusted == pytest.approx(2 * 0.002 * 3), "its p counts twice"


@pytest.mark.parametrize(("p", "shown"), [(LEVEL / 4, False), (LEVEL / 4 - 1e-9, True)])
def test_a_match_is_shown_below_the_level_alone(p: float, shown: bool) -> None:
    one = Found(0.9, match=p)
    assert Verdicts({"one": one}, {"one": one}, CONFIG).matches["one"].shown == shown
