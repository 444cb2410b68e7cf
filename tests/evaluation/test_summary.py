"""From scores to summary.json: shape, arithmetic, and what it says in words."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console

from cluster.errors import RequestError
from evaluation.certainty.statistics import generator
from evaluation.config import EvaluationConfig
from evaluation.figures import Summary, TrainingFigures, between, points
from evaluation.measures.attempts import arm_order
from evaluation.report.table import SummaryTable
from evaluation.summary import build_summary, read_summary, to_json
from rollout.records import ErrorCode, Outcome, Problem, Score, StopReason
from tests.evaluation.synthetic import ARMS, DATA, SECONDS, VERSIONS, Skill, make_problems, make_scores

CONFIG = EvaluationConfig(permutations=999)


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    return make_problems(80)


@pytest.fixture(scope="module")
def scores(problems: list[Problem]) -> list[Score]:
    return list(make_scores(problems))


@pytest.fixture(scope="module")
def summary(problems: list[Problem], scores: list[Score]) -> Summary:
    return build_summary(iter(scores), problems, DATA, SECONDS, VERSIONS, CONFIG)


def build(scores: Sequence[Score], problems: list[Problem]) -> Summary:
    return build_summary(scores, problems, DATA, SECONDS, VERSIONS, CONFIG)


def test_shape_is_the_contract(summary: Summary) -> None:
    assert read_summary(to_json(summary), "summary.json") == summary
    assert list(summary.arms) == ["base", "teacher", "sft", "dpo", "sft+dpo"]
    stored = json.loads(to_json(summary))
    for arm in stored["arms"].values():
        assert list(arm["suites"]) == ["arithmetic", "fol"]
        for figures in arm["suites"].values():
            assert {"n", "accuracy", "ci", "sampled_accuracy", "sampled_ci", "errors"} <= figures.keys()
            assert figures["ci"][0] <= figures["accuracy"] <= figures["ci"][1]
            assert figures["sampled_ci"][0] <= figures["sampled_accuracy"] <= figures["sampled_ci"][1]
    assert len(stored["comparisons"]) == 2 * 10
    for row in stored["comparisons"]:
        assert {"a", "b", "suite", "difference", "ci", "p", "measure", "greedy_difference", "greedy_p"} <= row.keys()
        assert row["p"] <= row["p_adjusted"]
        assert (row["measure"], row["test"]) == ("sampled accuracy", "sign-flip permutation")
        assert row["greedy_n"] > 0
        low, high = row["greedy_corrected_ci"]
        assert low <= row["greedy_ci"][0] < row["greedy_ci"][1] <= high
    assert stored["data"] == DATA
    assert stored["seconds"] == SECONDS
    assert stored["versions"] == VERSIONS


def test_accuracies_are_what_the_scores_say(summary: Summary, scores: list[Score]) -> None:
    for arm in ARMS:
        counted = [
            score.episode
            for score in scores
            if score.model == arm and score.suite == "fol" and score.episode.outcome is not Outcome.INFRASTRUCTURE
        ]
        greedy = [
            score.episode.outcome is Outcome.RIGHT
            for score in scores
            if score.model == arm
            and score.suite == "fol"
            and score.greedy
            and score.episode.outcome is not Outcome.INFRASTRUCTURE
        ]
        figures = summary.arms[arm].suites["fol"]
        assert figures.n == len(greedy)
        assert figures.accuracy == pytest.approx(sum(greedy) / len(greedy))
        assert figures.n + figures.samples == len(counted)
        assert figures.metrics.pass_at_k["1"] == pytest.approx(figures.sampled_accuracy)


def test_infrastructure_is_counted_apart_and_truncation_counts_as_not_right(
    summary: Summary, scores: list[Score]
) -> None:
    lost = sum(score.episode.outcome is Outcome.INFRASTRUCTURE for score in scores)
    cells = [figures for arm in summary.arms.values() for figures in arm.suites.values()]
    assert lost > 0
    assert sum(figures.infrastructure for figures in cells) == lost
    assert sum(figures.n + figures.samples for figures in cells) == len(scores) - lost
    assert sum(figures.errors.get("reply_cut", 0) for figures in cells) > 0


def test_attempts_whose_played_user_failed_are_counted_apart_from_those_of_machines(
    problems: list[Problem], scores: list[Score]
) -> None:
    def of_users(score: Score, number: int) -> Score:
        if score.model != "dpo" or number % 7 or not score.episode.outcome.labelled:
            return score
        episode = msgspec.structs.replace(score.episode, stop=StopReason.USER, outcome=Outcome.USER)
        return msgspec.structs.replace(score, episode=episode)

    changed = [of_users(score, number) for number, score in enumerate(scores)]
    users = sum(score.episode.outcome is Outcome.USER for score in changed)
    summary, without = build(changed, problems), [one for one in changed if one.episode.outcome is not Outcome.USER]
    cells, spared = summary.arms["dpo"].suites, build(without, problems).arms["dpo"].suites
    assert users > 0
    assert sum(figures.user for figures in cells.values()) == users
    # All else is as if these attempts had not been made.
    assert {suite: msgspec.structs.replace(figures, user=0) for suite, figures in cells.items()} == spared
    assert sum(figures.infrastructure for figures in cells.values()) == sum(
        score.model == "dpo" and score.episode.outcome is Outcome.INFRASTRUCTURE for score in changed
    )
    said = [one.text for one in summary.findings if "in no rate" in one.text]
    assert f"Attempts in which the model that plays the user failed are in no rate: dpo {users}." in said
    assert not any("plays the user" in one.text for one in build(scores, problems).findings)


def test_same_scores_in_another_order_give_the_same_figures(
    summary: Summary, problems: list[Problem], scores: list[Score]
) -> None:
    again = build(scores[::-1], problems)
    assert again.comparisons == summary.comparisons
    assert again.findings == summary.findings


def test_another_arm_changes_no_figure_of_an_arm(
    summary: Summary, problems: list[Problem], scores: list[Score]
) -> None:
    fewer = build([score for score in scores if score.model in ("base", "dpo")], problems)
    assert fewer.arms["dpo"] == summary.arms["dpo"]


def test_findings_say_who_wins_and_who_lost_greedy_accuracy(problems: list[Problem]) -> None:
    arms = {"base": Skill(0.6, 0.97, 1.0), "dpo": Skill(0.97, 0.97, 0.0), "sft": Skill(0.6, 0.97, 1.0)}
    found = [one.text for one in build(list(make_scores(problems, arms, samples=6)), problems).findings]
    assert any(one.startswith("arithmetic: dpo beats base by") for one in found)
    assert any("dpo LOST greedy accuracy against base" in one for one in found)
    assert any("no difference shown between sft and base" in one and "points would be found" in one for one in found)
    assert any("dpo is better than sft" in one for one in found)


def test_an_arm_that_is_worse_is_said_to_be(problems: list[Problem]) -> None:
    arms = {"base": Skill(0.98, 0.97), "dpo": Skill(0.5, 0.9)}
    found = [one.text for one in build(list(make_scores(problems, arms)), problems).findings]
    assert any("dpo is WORSE than base by" in one for one in found)


def test_a_baseline_that_cannot_do_the_task_is_named(problems: list[Problem]) -> None:
    arms = {"base": Skill(0.3, 0.5, 0.0), "dpo": Skill(0.98, 0.97)}
    found = [one.text for one in build(list(make_scores(problems, arms)), problems).findings]
    assert any("may be no more than repair" in one for one in found)


def test_greedy_alone_is_enough(problems: list[Problem], scores: list[Score]) -> None:
    summary = build([score for score in scores if score.greedy], problems)
    figures = summary.arms["dpo"].suites["fol"]
    assert (figures.sampled_accuracy, figures.sampled_ci, figures.basis) == (None, None, "greedy")
    assert figures.errors
    assert {(row.measure, row.test) for row in summary.comparisons} == {("greedy accuracy", "McNemar exact")}


def test_sampled_alone_is_enough(problems: list[Problem], scores: list[Score]) -> None:
    summary = build([score for score in scores if not score.greedy], problems)
    for row in summary.comparisons:
        assert row.measure == "sampled accuracy"
        assert (row.greedy_n, row.greedy_significant) == (0, False)
        greedy = (row.greedy_difference, row.greedy_ci, row.greedy_corrected_ci, row.greedy_p, row.greedy_p_adjusted)
        assert {*greedy, row.greedy_gained, row.greedy_lost} == {None}


@pytest.mark.parametrize(("arms", "pairs"), [(4, 6), (5, 4)])
def test_with_many_arms_each_is_compared_with_the_baseline_alone(
    arms: int, pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluation.comparisons.MOST_PAIRED", 4)
    problems = make_problems(3, ["fol"])
    names = ["base", *(f"arm{number}" for number in range(1, arms))]
    rows = build(list(make_scores(problems, dict.fromkeys(names, Skill(0.8, 0.9)), samples=1)), problems).comparisons
    assert len({(row.a, row.b) for row in rows}) == len(rows) == pairs
    assert [row.a for row in rows if row.b == "base"] == names[1:]


def test_every_comparison_draws_from_a_stream_of_its_own(
    problems: list[Problem], scores: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = []

    def drawn(*names: Any) -> np.random.Generator:
        streams.append(names)
        return generator(*names)

    monkeypatch.setattr("evaluation.comparisons.generator", drawn)
    rows = build([score for score in scores if score.model in ("base", "sft", "dpo")], problems).comparisons
    assert len(rows) == 2 * 3
    assert streams == [(CONFIG.seed, "comparison", row.a, row.b, row.suite) for row in rows]


def test_suites_that_only_some_arms_have_are_compared_where_they_can_be(
    problems: list[Problem], scores: list[Score]
) -> None:
    summary = build([score for score in scores if score.suite == "fol" or score.model == "base"], problems)
    assert list(summary.arms["dpo"].suites) == ["fol"]
    assert {row.suite for row in summary.comparisons} == {"fol"}


def test_problems_that_are_unknown_cost_only_what_needs_them(problems: list[Problem], scores: list[Score]) -> None:
    known = build(scores, problems).arms["dpo"].suites["fol"]
    assert known.metrics.name_f1 is not None
    assert known.metrics.win_rate is not None
    figures = build(scores, []).arms["dpo"].suites["fol"]
    assert figures.metrics.name_f1 is None
    assert figures.metrics.win_rate is None
    assert figures.accuracy is not None
    assert figures.by_difficulty == {}


def test_no_scores_is_a_wrong_request() -> None:
    with pytest.raises(RequestError, match=r"^the report has no scores; run `chainpref evaluate` first$"):
        build([], [])


def test_costs_are_of_gains_over_the_baseline_of_the_recipe(problems: list[Problem], scores: list[Score]) -> None:
    training = {"dpo": TrainingFigures(start="base", steps=1, seconds=30.0, chains=None, passes=None, tokens=None)}
    some = [score for score in scores if score.suite == "fol" and score.model in ("base", "sft", "dpo")]
    shown = {}
    for baseline in ("base", "sft"):
        config = CONFIG.model_copy(update={"baseline": baseline})
        (cost,) = build_summary(some, problems, DATA, SECONDS, VERSIONS, config, training).costs
        assert (cost.arm, cost.suite) == ("dpo", "fol")
        shown[baseline] = cost.seconds is not None
    assert shown == {"base": True, "sft": False}


def test_the_baseline_stands_first_and_unknown_arms_last() -> None:
    assert arm_order({"z", "dpo", "base", "teacher", "a"}, "base") == ["base", "teacher", "dpo", "a", "z"]
    assert arm_order({"sft", "dpo", "base"}, "sft") == ["sft", "dpo", "base"]


@pytest.mark.parametrize("width", [60, 120])
def test_the_table_shows_every_arm_and_interval(summary: Summary, width: int) -> None:
    console = Console(width=width, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(SummaryTable(summary))
    text = capture.get()
    figures = summary.arms["sft+dpo"].suites["fol"]
    assert figures.accuracy is not None
    assert figures.ci is not None
    for expected in (
        *ARMS,
        f"{100 * figures.accuracy:.1f}\u00a0%",
        f"[{100 * figures.ci[0]:.1f},",
        "fol: executed",
    ):
        assert expected in text
    assert max(len(line) for line in text.splitlines()) <= width


def test_names_of_errors_stay_whole_at_80_columns(problems: list[Problem], scores: list[Score]) -> None:
    longest = ErrorCode.UNEXPECTED_ARGUMENT
    failing = [
        msgspec.structs.replace(
            score, episode=msgspec.structs.replace(score.episode, outcome=Outcome.WRONG, error=longest)
        )
        for score in scores
    ]
    console = Console(width=80, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(SummaryTable(build(failing, problems), findings=False))
    lines = capture.get().splitlines()
    assert sum(longest in line for line in lines) == 2 * len(ARMS)
    assert max(map(len, lines)) <= 80
    assert all(any(line.split()[:1] == [arm] for line in lines) for arm in ARMS)


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


def test_a_summary_of_the_first_format_is_read(summary: Summary) -> None:
    table = json.loads(to_json(summary))
    table["data"] |= {"waived": 7, "episodes": 93}
    table["findings"] = [finding["text"] for finding in table["findings"]]
    for key in ("schema_version", "answer"):
        del table[key]
    for row in table["comparisons"]:
        for key in ("level", "corrected_ci", "greedy_corrected_ci", "non_inferiority"):
            del row[key]
    table["evaluation"]["bootstrap"] = 2000
    del table["evaluation"]["non_inferiority_margin"]
    read = read_summary(json.dumps(table).encode(), "summary.json")
    assert read.data["skipped"] == 7
    assert "waived" not in read.data
    # Nothing is said of a match with the teacher: no test of it was made.
    assert "match" not in read.answer.text
    assert read.answer.text.split(" (")[0] == summary.answer.text.split(" (")[0]
    assert not any("match" in one.text for one in read.findings)
    assert read.arms == summary.arms
    assert [row.significant for row in read.comparisons] == [row.significant for row in summary.comparisons]
    assert [row.interval for row in read.comparisons] == [row.ci for row in summary.comparisons]


@pytest.mark.parametrize("change", [{"schema_version": 99}, {"arms": {"base": {"suites": {"fol": {"n": 3}}}}}])
def test_a_summary_that_cannot_be_read_is_refused_in_one_line_with_its_version(
    summary: Summary, change: dict[str, object]
) -> None:
    stored = json.dumps(json.loads(to_json(summary)) | change | {"versions": {"chainpref": "9.1"}}).encode()
    with pytest.raises(RequestError, match=r"^run a: chainpref 9\.1 wrote it in format \d+, .* cannot read") as caught:
        read_summary(stored, "run a")
    assert "\n" not in str(caught.value)
    with pytest.raises(RequestError, match="run a is no summary"):
        read_summary(b"{", "run a")


def test_scores_say_what_served_them(scores: list[Score], problems: list[Problem]) -> None:
    (one, *others) = [score for score in scores if score.model == "base"]
    other = next(score for score in scores if score.model != "base")

    def proven(score: Score, difference: float | None, engine: str) -> Score:
        episode = msgspec.structs.replace(score.episode, probe_difference=difference, engine=engine)
        return msgspec.structs.replace(score, episode=episode)

    given = [proven(one, 2e-6, "student-1"), *(proven(score, 1e-6, "student-0") for score in others)]
    summary = build([*given, proven(other, None, "teacher-0")], problems)
    served = summary.arms["base"].served
    assert served.probe_difference == 2e-6
    assert served.engines == ("student-0", "student-1")
    assert served.revisions == (one.episode.producer.revision,)
    assert summary.arms[other.model].served.probe_difference is None
    exact = build([proven(one, 0.0, "student-0"), proven(one, 0.0, "student-0")], problems)
    assert exact.arms["base"].served.probe_difference == 0.0


def test_a_summary_is_stored_as_it_reads_and_read_as_it_was_stored(summary: Summary) -> None:
    """Words in Unicode, figures that are numbers; and the words are those of the version that wrote it."""
    said = msgspec.structs.replace(summary.answer, text="dpo bat la référence")
    older = msgspec.structs.replace(summary, answer=said)
    assert "dpo bat la référence".encode() in to_json(older)
    assert read_summary(to_json(older), "summary.json") == older
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(msgspec.structs.replace(summary, seconds={"rollout": float("nan")}))


def test_significance_is_of_corrected_p_values() -> None:
    """Four arms are compared 6 times on one suite: some differences are below 5 % by themselves and not together."""
    problems = make_problems(60)
    arms = {
        "base": Skill(0.80, 0.95, 0.0),
        "sft": Skill(0.86, 0.95, 0.0),
        "dpo": Skill(0.9, 0.95, 0.1),
        "teacher": Skill(0.97, 0.97, 0.0),
    }
    rows = build(list(make_scores(problems, arms, 4, seed=2)), problems).comparisons
    assert [row.significant for row in rows] == [
        row.p_adjusted < 0.05 and not row.interval[0] <= 0 <= row.interval[1] for row in rows
    ]
    assert any(row.significant for row in rows)
    assert any(row.p < 0.05 <= row.p_adjusted for row in rows)
    greedy = [(row.greedy_p, row.greedy_p_adjusted) for row in rows]
    assert all(q is not None and q < 0.05 for row, (_, q) in zip(rows, greedy, strict=True) if row.greedy_significant)
    assert any(row.greedy_significant for row in rows)
    assert any(p is not None and q is not None and p < 0.05 <= q for p, q in greedy)
