"""What a summary says in words: the answer, who won, and what is claimed only where it is shown."""

import pytest

from evaluation.figures import Summary, between, points
from evaluation.summary import build_summary
from rollout.records import Problem, Score
from tests.evaluation.synthetic import CONFIG, DATA, SECONDS, VERSIONS, Skill, build, make_scores


def test_the_answer_says_whether_the_best_arm_beats_base_and_matches_the_teacher(problems: list[Problem]) -> None:
    arms = {"base": Skill(0.5, 0.95), "teacher": Skill(0.97, 0.97), "dpo": Skill(0.97, 0.97), "sft": Skill(0.7, 0.95)}
    summary = build(list(make_scores(problems, arms, samples=6)), problems)
    assert summary.answer.tone == "gain"
    text = summary.answer.text
    assert text.startswith(
        "dpo (highest mean of 2 arms, better than each of the others) beats base on 2 of 2 suites (ar"
    )
    row = summary.against("fol", "teacher")["dpo"]
    assert f"fol {points(row.difference)}, {between(row.interval)}" in text
    tests = {suite: summary.against(suite, "teacher")["dpo"].non_inferiority for suite in summary.suites}
    shown = [suite for suite, test in tests.items() if test is not None and test.shown]
    assert shown
    assert f"; it matches the teacher to within 5 points on {len(shown)} of 2 suites (" in text
    for suite in summary.suites:
        said = [one.text for one in summary.findings if one.text.startswith(f"{suite}: ") and "match the" in one.text]
        assert len(said) == 1
        assert ("dpo (" in said[0].partition("not shown to")[0]) == (suite in shown)


def test_the_answer_never_claims_a_match_with_a_teacher_that_is_better(problems: list[Problem]) -> None:
    arms = {"base": Skill(0.5, 0.9), "teacher": Skill(0.98, 0.98), "dpo": Skill(0.55, 0.9)}
    text = build(list(make_scores(problems, arms, samples=6)), problems).answer.text
    assert "is WORSE than teacher on 2 of 2 suites" in text
    assert "matches" not in text
    assert (
        "it is not shown to match the teacher to within 5 points (non-inferiority, p = 1.000 after correction)" in text
    )


def test_no_difference_shown_is_no_match(problems: list[Problem]) -> None:
    """Few problems: neither a difference nor a match is shown, whatever the bound of the interval is."""
    few = [problem for problem in problems if int(problem.id[-5:]) < 12]
    arms = {"base": Skill(0.5, 0.9), "teacher": Skill(0.8, 0.9), "dpo": Skill(0.8, 0.9)}
    text = build(list(make_scores(few, arms, samples=4)), few).answer.text
    assert "is not shown to differ from teacher" in text
    assert "is not shown to match the teacher to within 5 points" in text


def test_the_margin_is_the_recipes(problems: list[Problem]) -> None:
    arms = {"base": Skill(0.5, 0.9), "teacher": Skill(0.95, 0.95), "dpo": Skill(0.93, 0.95)}
    scores = list(make_scores(problems, arms, samples=4))
    wide = CONFIG.model_copy(update={"non_inferiority_margin": 0.3})
    summary = build_summary(scores, problems, DATA, SECONDS, VERSIONS, wide)
    assert "it matches the teacher to within 30 points on 2 of 2 suites" in summary.answer.text
    assert summary.evaluation.non_inferiority_margin == 0.3


def test_what_is_significant_has_an_interval_clear_of_zero_and_nothing_else_is_ordered(summary: Summary) -> None:
    for row in summary.comparisons:
        low, high = row.interval
        assert row.level is not None
        assert row.level < 0.05
        assert low <= row.ci[0] <= row.ci[1] <= high
        if row.significant:
            assert not low <= 0 <= high
            assert row.p_adjusted < 0.05
    ordered = {(row.a, row.b, row.suite) for row in summary.comparisons if row.significant}
    for row in summary.comparisons:
        if (row.a, row.b, row.suite) not in ordered:
            for verb in (f"{row.a} beats {row.b}", f"{row.a} is WORSE", f"{row.a} is better than {row.b} by"):
                assert not any(one.text.startswith(row.suite) and verb in one.text for one in summary.findings)


def test_power_is_that_of_the_corrected_test(summary: Summary, problems: list[Problem], scores: list[Score]) -> None:
    alone = build([score for score in scores if score.model in ("base", "dpo") and score.suite == "fol"], problems)
    (one,) = alone.comparisons
    among = summary.against("fol", "base")["dpo"]
    assert one.level == pytest.approx(0.05)
    assert one.minimum_detectable is not None
    assert among.minimum_detectable is not None
    assert among.minimum_detectable > one.minimum_detectable
    assert (one.difference, one.ci) == (among.difference, among.ci)


def test_the_highest_arm_is_not_called_better_than_its_equals(problems: list[Problem]) -> None:
    arms = {"base": Skill(0.5, 0.95), "dpo": Skill(0.9, 0.95), "sft": Skill(0.9, 0.95), "weak": Skill(0.5, 0.95)}
    text = build(list(make_scores(problems, arms, samples=4)), problems).answer.text
    highest = text.split(" ", 1)[0]
    other = "sft" if highest == "dpo" else "dpo"
    assert f"{highest} (highest mean of 3 arms, not shown to be better than {other}) beats base" in text


def test_an_arm_that_loses_is_no_gain(problems: list[Problem]) -> None:
    answer = build(list(make_scores(problems, {"base": Skill(0.98, 0.97), "dpo": Skill(0.5, 0.9)})), problems).answer
    assert answer.text.startswith("dpo is WORSE than base on 2 of 2 suites")
    assert answer.tone == "loss"


def test_tones_follow_significance_and_not_words(problems: list[Problem]) -> None:
    arms = {"base": Skill(0.6, 0.97, 1.0), "dpo beats WORSE": Skill(0.97, 0.97, 0.0), "sft": Skill(0.6, 0.97, 1.0)}
    found = build(list(make_scores(problems, arms, samples=6)), problems).findings
    tones = {one.tone: one.text for one in found if "between sft and base" in one.text or "by" in one.text.split()}
    assert "no difference shown" in tones["chance"]
    assert "dpo beats WORSE beats base by" in tones["gain"]
    lost = [one for one in found if "LOST" in one.text]
    assert lost
    assert all(one.tone == "loss" for one in lost)


def test_a_loss_of_greedy_accuracy_is_claimed_only_where_it_is_shown(summary: Summary) -> None:
    lower = [row for row in summary.comparisons if row.b == "base" and row.a != "teacher" and row.greedy_difference]
    lower = [row for row in lower if row.greedy_difference is not None and row.greedy_difference < 0]
    assert lower
    for row in lower:
        verb = (
            "LOST greedy accuracy against" if row.greedy_significant else "is not shown to have lost greedy accuracy to"
        )
        (said,) = [one for one in summary.findings if one.text.startswith(f"{row.suite}: {row.a} {verb} base: ")]
        assert said.tone == ("loss" if row.greedy_significant else "chance")
