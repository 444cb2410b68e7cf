"""A sweep's summary, its table and its page, from scores whose differences were planted."""

import io
import json
import re

import msgspec
import pytest
from rich.console import Console

from evaluation.config import EvaluationConfig
from evaluation.measures.tally import Tally
from evaluation.report.sweep import render_sweep
from evaluation.report.sweep_table import SweepTable
from evaluation.summary import to_json
from evaluation.sweep import Question, RowSource, SweepSummary, read_sweep_summary, summarise_sweep
from tests.evaluation.report.test_report import Page
from tests.evaluation.synthetic import Skill, make_problems, make_scores

ARMS = {
    "base": Skill(0.72, 0.98),
    **{f"sft.s{seed}": Skill(0.98, 0.98) for seed in range(3)},
    **{f"dpo.beta=0.1.s{seed}": Skill(0.86, 0.97) for seed in range(3)},
    **{f"dpo.beta=0.3.s{seed}": Skill(0.86, 0.97) for seed in range(3)},
}
ROWS = ("sft", "dpo.beta=0.1", "dpo.beta=0.3")
QUESTIONS = [
    Question("SFT against DPO", ("sft",), ("dpo.beta=0.1", "dpo.beta=0.3")),
    Question("beta", ("dpo.beta=0.3",), ("dpo.beta=0.1",)),
    Question("<script>alert(1)</script>", ("sft",), ("base",)),
]


@pytest.fixture(scope="module")
def summary() -> SweepSummary:
    tally = Tally(make_scores(make_problems(60), arms=ARMS, samples=4))
    rows = {"base": [RowSource("main", "base")]}
    rows |= {row: [RowSource("main", f"{row}.s{seed}") for seed in range(3)] for row in ROWS}
    found = summarise_sweep("planted", rows, QUESTIONS, {"main": tally}, {}, EvaluationConfig())
    return msgspec.structs.replace(found, axes={"arms.dpo.beta": [0.1, 0.3]}, seeds=(0, 1, 2), seconds={"train": 1.0})


def test_planted_differences_are_found_and_null_ones_not(summary: SweepSummary) -> None:
    for found in summary.suites.values():
        better, beta, base = (answer.sampled for answer in found.answers)
        assert better is not None
        assert beta is not None
        assert base is not None
        assert better.difference > 0.05
        # Three seeds that happen to differ leave two degrees of freedom: sure enough alone, not among six questions.
        assert better.p < 0.05
        assert not beta.significant
        assert base.significant
        assert len(better.by_seed) == 3
        assert better.problems == 60
        for row in found.rows:
            assert row.sampled is not None
            low, high = row.sampled.ci
            assert low <= row.sampled.mean <= high
    assert len(summary.findings) == 6
    shown = [answer.sampled and answer.sampled.significant for one in summary.suites.values() for answer in one.answers]
    assert ["no difference shown" not in finding.text for finding in summary.findings] == shown
    assert [finding.tone != "chance" for finding in summary.findings] == shown


def test_training_seeds_of_one_replicate_count_as_one_observation() -> None:
    """Arms of one replicate share teacher and student. Nine trainings of three teachers are three observations."""
    problems = make_problems(60)
    skills = {"m0": 0.80, "m1": 0.90, "m2": 0.98}
    tallies, rows = {}, {"base": [], "sft": []}  # type: ignore[var-annotated]
    for run, skill in skills.items():
        arms = {"base": Skill(0.72, 0.98), **{f"sft.s{seed}": Skill(skill, 0.98) for seed in range(3)}}
        tallies[run] = Tally(make_scores(problems, arms=arms, samples=4))
        rows["base"].append(RowSource(run, "base", run))
        rows["sft"] += [RowSource(run, f"sft.s{seed}", run) for seed in range(3)]
    asked = [Question("gain", ("sft",), ("base",))]
    found = summarise_sweep("nested", rows, asked, tallies, {}, EvaluationConfig())
    alike = {row: [RowSource(source.run, source.model) for source in sources] for row, sources in rows.items()}
    alike["base"] = alike["base"][:1]
    flat = summarise_sweep("flat", alike, asked, tallies, {}, EvaluationConfig())
    for suite in found.suites:
        gain, pooled = (one.suites[suite].answers[0].sampled for one in (found, flat))
        assert gain is not None
        assert pooled is not None
        assert len(gain.by_seed) == 3
        assert len(pooled.by_seed) == 9
        assert gain.difference == pytest.approx(sum(gain.by_seed) / 3)
        assert gain.ci[1] - gain.ci[0] > pooled.ci[1] - pooled.ci[0]
    assert all("by replicate" in finding.text for finding in found.findings)


def test_a_stored_summary_is_read_back_and_so_is_one_with_bare_sentences(summary: SweepSummary) -> None:
    stored = to_json(summary)
    assert read_sweep_summary(stored, "summary") == summary
    table = json.loads(stored)
    table["findings"] = [finding["text"] for finding in table["findings"]]
    older = read_sweep_summary(json.dumps(table).encode(), "summary")
    assert [finding.text for finding in older.findings] == [finding.text for finding in summary.findings]
    assert older.suites == summary.suites


def test_the_table_keeps_rows_whole_at_80_columns(summary: SweepSummary) -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(SweepTable(summary))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("│ dpo.beta=0.3 ") and "%" in line for line in lines) == 2


def test_the_page_stands_alone_and_escapes(summary: SweepSummary) -> None:
    text = render_sweep(summary)
    page = Page(text)
    assert page.count("svg") == 2 + 2 + 2
    assert page.count("script") == 0
    assert not re.search(r'(src|href)="(?!#)', text)
    assert render_sweep(summary) == text
