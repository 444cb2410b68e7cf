"""The figures of rivals that no summary has: what they spent, and who calls functions where nothing is to be done."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.tables.rivals import combined, over_calling, spent
from benchmarks.tables.sweeps import rivals_table
from evaluation.config import EvaluationConfig
from evaluation.figures import TrainingFigures
from evaluation.measures.tally import Tally
from evaluation.summary import build_summary
from evaluation.sweep import RowSource, summarise_sweep
from pipeline.stages.arms.helping import spans, takes_of_teacher
from pipeline.sweep.points import load_sweep
from rollout.records import CallResult, ErrorCode, Outcome, Score
from tests.evaluation.synthetic import DATA, VERSIONS, Skill, call, make_problems, make_scores

SECONDS = {"models": 500.0, "rollout": 60.0, "groups": 2.0, "reference": 8.0, "train": 99.0, "evaluate": 70.0}
COUNTS = {"steps": 8, "chains": None, "passes": None, "tokens": None}
TRAINING = {
    "sft": TrainingFigures(start="base", seconds=30.0, **COUNTS),
    "sft+dpo": TrainingFigures(start="sft", seconds=40.0, **COUNTS),
    "online": TrainingFigures(start="base", seconds=50.0, own_tokens=9_000.0, from_teacher=False, **COUNTS),
}


def attempt(results: tuple[CallResult, ...], greedy: bool = False, outcome: Outcome = Outcome.WRONG) -> Score:
    """An attempt of `sft` at one problem whose only step has these results."""
    score = next(make_scores(make_problems(1), {"sft": Skill(1, 1)}, samples=1))
    step = msgspec.structs.replace(score.episode.steps[0], results=results)
    episode = msgspec.structs.replace(score.episode, steps=(step,), outcome=outcome, problem_id="no-way")
    return msgspec.structs.replace(score, greedy=greedy, episode=episode)


def test_only_an_executed_function_where_nothing_is_to_be_done_is_over_calling() -> None:
    added = CallResult(call=call("add", a=1, b=2), content="3")
    refused = CallResult(call=call("add", a=1), content="no", error=ErrorCode.MISSING_ARGUMENT)
    finished = CallResult(call=call("finish", answer="missing"), content='"missing"')
    unread = CallResult(call=None, content="no call", error=ErrorCode.NOT_A_CALL)
    counted = [attempt((added, finished)), attempt((refused, finished)), attempt((finished,)), attempt((unread,))]
    without_label = [attempt((added,), outcome=one) for one in (Outcome.INFRASTRUCTURE, Outcome.USER)]
    apart = [attempt((added,), greedy=True), *without_label]
    assert over_calling([*counted, *apart], {"no-way"}) == {"sft": 0.25}
    assert over_calling(counted, {"another"}) == {}


def test_an_arm_spends_what_it_starts_from_and_rounds_spend_own_tokens() -> None:
    data, config = DATA | {"teacher_tokens": 700}, EvaluationConfig(permutations=99)
    scores = make_scores(
        make_problems(8), {"base": Skill(0.6, 0.9), **dict.fromkeys(TRAINING, Skill(0.9, 0.9))}, samples=1
    )
    summary = build_summary(scores, make_problems(8), data, SECONDS, VERSIONS, config, TRAINING)
    assert spent(summary, "base") == {"seconds": 0.0, "teacher_tokens": 0.0, "own_tokens": 0.0}
    assert spent(summary, "sft+dpo") == {"seconds": 70.0 + 30.0 + 40.0, "teacher_tokens": 700, "own_tokens": 0.0}
    assert spent(summary, "online") == {"seconds": 50.0, "teacher_tokens": 0.0, "own_tokens": 9_000.0}


def test_a_figure_is_the_mean_over_replicates_and_absent_where_no_replicate_has_it() -> None:
    arms = {"base": Skill(0.6, 0.9), "sft": Skill(0.9, 0.9)}
    tallies = {name: Tally(make_scores(make_problems(8), arms, samples=2)) for name in "ab"}
    rows = {arm: [RowSource(run, arm, run) for run in tallies] for arm in arms}
    sweep = summarise_sweep("two", rows, [], tallies, {}, EvaluationConfig(permutations=99))
    names = ("over_calling", "format_validity", "diversity_text", "teacher_tokens", "own_tokens", "seconds")
    shares = ("right_chains", "wrong_chains")
    runs = {
        run: {
            arm: dict.fromkeys(names, value) | dict.fromkeys(shares, None if arm == "base" else -value) for arm in arms
        }
        for run, value in (("a", 0.25), ("b", 0.5))
    }
    found = combined(sweep, runs)
    assert found["sft"]["seconds"] == {"mean": 0.375, "by_replicate": [0.25, 0.5]}
    assert found["sft"]["right_chains"]["mean"] == -0.375
    assert found["base"]["right_chains"] is None
    written = rivals_table({"arms": found})
    assert "−0.38" in written
    assert written.count("–") >= 2
    runs["b"]["sft"]["seconds"] = 1.0
    assert combined(sweep, runs)["sft"]["seconds"]["mean"] == pytest.approx(0.625)


@pytest.mark.parametrize(
    ("recipe", "of_teacher", "own", "teachers_too"),
    [
        ("rivals-local", 2048, 2048, []),
        ("rivals-full", 2048, 2048, ["taught", "distill-guided"]),
        ("rivals-smollm2", 1152, 512, ["guided"]),
    ],
)
def test_arms_in_rounds_make_as_many_attempts_as_the_recipes_heading_says(
    recipe: str, of_teacher: int, own: int, teachers_too: list[str]
) -> None:
    path = Path(f"recipes/{recipe}.toml")
    planned = next(iter(load_sweep(path).runs.values())).recipe
    problems = sum(family.train for family in planned.problems.values())
    assert problems * planned.rollout.samples == of_teacher
    in_rounds = {name: arm for name, arm in planned.arms.items() if arm.rounds is not None}
    for name, arm in in_rounds.items():
        assert arm.rounds is not None
        each = spans(arm) or [(arm.rounds.samples, 0)] * arm.rounds.rounds
        made = arm.rounds.problems * sum(alone + helped for alone, helped in each)
        assert (name, made) == (name, own)
    assert [name for name, arm in in_rounds.items() if takes_of_teacher(arm)] == teachers_too
    heading = path.read_text().partition("[run]")[0]
    assert all(f"{number:,}" in heading for number in (of_teacher, own) if recipe != "rivals-local")
