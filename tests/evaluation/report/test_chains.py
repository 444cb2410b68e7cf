"""Chains side by side and the difference of two runs."""

import msgspec
import pytest
from rich.console import Console, Group

from evaluation.config import EvaluationConfig
from evaluation.diff import RunDiff, diff_runs, diff_view
from evaluation.report.chains import (
    ChainFilter,
    Chains,
    Difference,
    chains_view,
    codes_of,
    compare_chains,
    first_difference,
)
from rollout.records import CallResult, ErrorCode, Outcome, Problem, Score, Step
from tests.evaluation.synthetic import DATA, Skill, make_problems, make_scores, step
from tests.rollout.episodes.test_turns import DONE, LAST, REPLIES, TURNS, play

CONFIG = EvaluationConfig(permutations=499)


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    return make_problems(25)


@pytest.fixture(scope="module")
def scores(problems: list[Problem]) -> list[Score]:
    return list(make_scores(problems, samples=2))


def steps(*texts: str) -> list[Step]:
    return [step(text) for text in texts]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (["ab", "cd"], ["ab", "cd"], None),
        (["ab", "cd"], ["ab", "cx"], Difference(1, 1)),
        (["ab"], ["abc"], Difference(0, 2)),
        (["abc"], ["ab"], Difference(0, 2)),
        (["ab", "cd"], ["ab"], Difference(1, 0)),
        (["ab"], ["ab", "cd"], Difference(1, 0)),
        ([], [], None),
    ],
)
def test_first_difference(one: list[str], other: list[str], expected: Difference | None) -> None:
    assert first_difference(steps(*one), steps(*other)) == expected


@pytest.mark.parametrize(
    "wanted",
    [
        ChainFilter(arm="dpo", outcome=Outcome.WRONG),
        ChainFilter(family="fol", code=ErrorCode.BAD_SYNTAX),
        ChainFilter(suite="arithmetic"),
        ChainFilter(problem="fol-test-00003"),
    ],
)
def test_filters_keep_what_a_direct_search_keeps(wanted: ChainFilter, scores: list[Score]) -> None:
    kept = list(compare_chains(scores, {}, wanted, limit=10_000))
    expected = {
        f"{score.episode.problem_id} · {score.suite} · "
        + ("greedy" if score.greedy else f"sample {score.episode.sample}")
        for score in scores
        if wanted.family in (None, score.episode.family)
        and wanted.suite in (None, score.suite)
        and wanted.arm in (None, score.model)
        and wanted.outcome in (None, score.episode.outcome)
        and wanted.problem in (None, score.episode.problem_id)
        and (wanted.code is None or wanted.code in codes_of(score.episode))
    }
    assert {one.heading for one in kept} == expected
    assert 0 < len(kept) < 150
    assert all([name for name, _ in one.named] == ["base", "teacher", "sft", "dpo", "sft+dpo"] for one in kept)


def test_inspection_shows_every_arm_and_every_error(scores: list[Score], problems: list[Problem]) -> None:
    wanted = ChainFilter(arm="base", code=ErrorCode.UNKNOWN_FUNCTION)
    found = list(compare_chains(scores, {problem.id: problem for problem in problems}, wanted, limit=2))
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        console.print(Group(*(chains_view(one, width=200) for one in found)))
    text = capture.get()
    assert "✗ unknown_function" in text
    for expected in ("base: ", "teacher: ", "sft+dpo: ", found[0].heading, "gold ", found[1].heading):
        assert expected in text


def test_markup_of_a_terminal_in_a_models_text_is_only_text(scores: list[Score]) -> None:
    hostile = "[bold red]x[/] \x1b[31m [link=file:///]y[/link]"
    bad = step(hostile, CallResult(call=None, content=hostile, error=ErrorCode.BAD_SYNTAX))
    changed = [
        msgspec.structs.replace(one, episode=msgspec.structs.replace(one.episode, steps=(bad,))) for one in scores[:1]
    ]
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        (found,) = compare_chains(changed, {}, ChainFilter())
        console.print(chains_view(found, width=200))
    text = capture.get()
    assert "[bold red]x[/]" in text
    assert "\x1b" not in text


@pytest.fixture(scope="module")
def found(problems: list[Problem]) -> RunDiff:
    before = list(make_scores(problems, {"base": Skill(0.7, 0.95), "sft": Skill(0.9, 0.95)}, samples=4, seed=0))
    after = list(make_scores(problems, {"base": Skill(1.0, 1.2), "dpo": Skill(0.9, 0.95)}, samples=4, seed=1))
    grown = DATA | {"right": 3000, "groups": 300}
    return diff_runs(DATA, grown, before, after, CONFIG)


def test_diff_finds_what_changed(found: RunDiff, problems: list[Problem]) -> None:
    assert [(one.arm, one.suite) for one in found.arms] == [("base", "arithmetic"), ("base", "fol")]
    assert found.only_before == ("sft/arithmetic", "sft/fol")
    assert found.only_after == ("dpo/arithmetic", "dpo/fol")
    change = found.arms[0]
    assert change.sampled is not None
    assert 0 < change.sampled.ci.low < change.sampled.difference < change.sampled.ci.high
    assert change.sampled.p < 0.05
    assert len(change.gained) > len(change.lost)
    assert set(change.gained) <= {problem.id for problem in problems}
    before, after = change.errors["bad_syntax"]
    assert before > after == 0.0


def test_diff_of_data_has_shares_and_intervals(found: RunDiff) -> None:
    rows = {row.name: row for row in found.data}
    right = rows["right"]
    assert (right.before, right.after) == (2697, 3000)
    assert right.share_after == pytest.approx(3000 / 3600)
    assert right.ci is not None
    assert right.ci[0] < (3000 - 2697) / 3600 < right.ci[1]
    assert rows["groups"].ci is None


def test_diff_of_a_run_with_itself_is_nothing(scores: list[Score]) -> None:
    same = diff_runs(DATA, DATA, scores, iter(scores), CONFIG)
    assert all(one.sampled and one.sampled.difference == 0 and one.sampled.p == 1 for one in same.arms)
    assert all(one.greedy and one.greedy.p == 1 for one in same.arms)
    assert not any(one.gained or one.lost for one in same.arms)


def test_outcomes_of_the_data_are_shares_of_its_episodes(scores: list[Score]) -> None:
    before = DATA | {"user": 36}
    changes = {one.name: one for one in diff_runs(before, before, scores, iter(scores), CONFIG).data}
    shares = {outcome: changes[outcome].share_after for outcome in map(str, Outcome)}
    assert shares == {outcome: before[outcome] / before["episodes"] for outcome in shares}


def test_diff_is_shown_and_can_be_stored(found: RunDiff) -> None:
    console = Console(width=140, force_terminal=False)
    with console.capture() as capture:
        console.print(diff_view(found))
    text = capture.get()
    for expected in ("2,697", "3,000", "became right", "only in the first run: sft/arithmetic", "base"):
        assert expected in text
    assert msgspec.json.decode(msgspec.json.encode(found), type=RunDiff) == found


def test_what_the_user_says_stands_where_it_was_said() -> None:
    console = Console(width=120, record=True, force_terminal=False)
    one, other = play(REPLIES), play((DONE, DONE, LAST))
    named = (("sample 0", one), ("sample 1", other))
    console.print(chains_view(Chains(heading="p", problem=TURNS, named=named), 120))
    text = console.export_text()
    for said in ("user: And twice that?", "user: Say it again."):
        assert text.count(said) == 2
    first = next(line for line in text.splitlines() if "finish" in line or "user:" in line)
    assert "user:" not in first, "the first turn's text stands above"
