"""From scores to summary.json: shape, arithmetic, and what it says in words."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console

from cluster.errors import RequestError
from evaluation.certainty.statistics import generator
from evaluation.figures import Summary, TrainingFigures
from evaluation.measures.attempts import arm_order
from evaluation.report.table import SummaryTable
from evaluation.summary import build_summary, read_summary, to_json
from rollout.records import ErrorCode, Outcome, Problem, Score, StopReason
from tests.evaluation.synthetic import ARMS, CONFIG, DATA, SECONDS, VERSIONS, Skill, build, make_problems, make_scores


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
