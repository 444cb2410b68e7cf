"""What a point gained cost: by hand, only where a gain is shown, and in the page and the findings."""

import json

import msgspec
import pytest

from evaluation.config import EvaluationConfig
from evaluation.cost import signal_costs
from evaluation.figures import Comparison, Summary, TrainingFigures
from evaluation.report.page import render_report
from evaluation.summary import build_summary, read_summary, to_json
from tests.evaluation.synthetic import DATA, VERSIONS, Skill, make_problems, make_scores

SECONDS = {"models": 500.0, "rollout": 60.0, "groups": 2.0, "reference": 8.0, "train": 99.0, "evaluate": 70.0}
TRAINING = {
    "sft": TrainingFigures(start="base", steps=54, seconds=30.0, chains=1296.0, passes=1.4416, tokens=9e4),
    "sft+dpo": TrainingFigures(start="sft", steps=54, seconds=40.0, chains=None, passes=None, tokens=None),
}


@pytest.fixture(scope="module")
def summary() -> Summary:
    arms = {"base": Skill(0.6, 0.95), "sft": Skill(0.95, 0.95), "sft+dpo": Skill(0.62, 0.95)}
    problems = make_problems(60)
    data = DATA | {"teacher_tokens": 700_000}
    scores = make_scores(problems, arms, samples=4)
    return build_summary(scores, problems, data, SECONDS, VERSIONS, EvaluationConfig(permutations=999), TRAINING)


def test_costs_are_tokens_and_seconds_over_points(summary: Summary) -> None:
    gain = summary.against("fol", "base")["sft"]
    assert gain.significant
    cost = next(one for one in summary.costs if (one.arm, one.suite) == ("sft", "fol"))
    assert cost.teacher_tokens == pytest.approx(700_000 / (100 * gain.difference))
    # Rollouts, groups and reference, and the arm's own training: neither models nor evaluation.
    assert cost.seconds == pytest.approx((60 + 2 + 8 + 30) / (100 * gain.difference))
    assert cost.teacher_tokens_ci == pytest.approx(tuple(700_000 / (100 * bound) for bound in reversed(gain.interval)))


def test_no_cost_is_said_where_no_gain_is_shown(summary: Summary) -> None:
    for one in summary.costs:
        row = summary.against(one.suite, "base")[one.arm]
        assert (one.seconds is None) == (not row.significant)
    assert any(one.seconds is None for one in summary.costs)


def test_an_arm_pays_for_what_it_starts_from(summary: Summary) -> None:
    row = summary.against("fol", "base")["sft"]
    better = msgspec.structs.replace(row, a="sft+dpo")
    (cost,) = signal_costs([better], "base", {}, SECONDS, TRAINING)
    assert cost.seconds == pytest.approx((70 + 30 + 40) / (100 * row.difference))
    assert cost.teacher_tokens is None, "an older run did not count them"


def test_an_arm_of_rounds_pays_for_the_teacher_only_where_its_start_learnt_from_it(summary: Summary) -> None:
    rounds = {"steps": 8, "seconds": 50.0, "chains": None, "passes": None, "tokens": None, "from_teacher": False}
    better = summary.against("fol", "base")["sft"]
    for start, seconds, tokens in (("base", 50.0, 0.0), ("sft", 70.0 + 30.0 + 50.0, 700.0)):
        training = {**TRAINING, "online": TrainingFigures(start=start, own_tokens=9.0, **rounds)}
        row = msgspec.structs.replace(better, a="online")
        (cost,) = signal_costs([row], "base", {"teacher_tokens": 700}, SECONDS, training)
        assert cost.seconds == pytest.approx(seconds / (100 * better.difference))
        assert cost.teacher_tokens == pytest.approx(tokens / (100 * better.difference))


def test_losses_and_bounds_at_zero_cost_nothing(summary: Summary) -> None:
    row: Comparison = summary.against("fol", "base")["sft"]
    worse = msgspec.structs.replace(row, difference=-row.difference, corrected_ci=(-0.3, -0.1))
    at_zero = msgspec.structs.replace(row, corrected_ci=(0.0, 0.4))
    costs = signal_costs([worse, at_zero], "base", {"teacher_tokens": 5}, SECONDS, TRAINING)
    assert [one.seconds for one in costs] == [None, None]


def test_passes_and_costs_stand_in_the_report_as_they_were_counted(summary: Summary) -> None:
    page = render_report(summary, [], [], {})
    assert "<td>1.44</td>" in page
    assert "no gain over base is shown" in page
    said = next(one.text for one in summary.findings if one.text.startswith("fol, cost of a point gained: sft "))
    assert "teacher tokens and" in said
    assert read_summary(to_json(summary), "here") == summary


def test_a_summary_without_costs_is_read(summary: Summary) -> None:
    table = json.loads(to_json(summary))
    for key in ("training", "costs"):
        del table[key]
    read = read_summary(json.dumps(table | {"schema_version": 2}).encode(), "here")
    assert (read.training, read.costs) == ({}, ())
    assert not any("cost of a point" in one.text for one in read.findings)
