"""A sweep's summary, its table and its page, from scores whose differences were planted."""

import io
import re

import pytest
from rich.console import Console

from evaluation.report.sweep import render_sweep
from evaluation.report.sweep_table import print_sweep
from evaluation.sweep import Question, RowSource, Tally, summarise_sweep
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
def summary() -> dict[str, object]:
    tally = Tally().add(make_scores(make_problems(60), arms=ARMS, samples=4))
    rows = {"base": [RowSource("main", "base")]}
    rows |= {row: [RowSource("main", f"{row}.s{seed}") for seed in range(3)] for row in ROWS}
    found = summarise_sweep("planted", rows, QUESTIONS, {"main": tally}, {"main": {"arms": {}}}, 0.95)
    return found | {"axes": {"arms.dpo.beta": [0.1, 0.3]}, "seeds": [0, 1, 2], "runs": {}, "seconds": {"train": 1.0}}


def test_planted_differences_are_found_and_null_ones_not(summary: dict[str, dict[str, dict[str, list[dict]]]]) -> None:  # type: ignore[type-arg]
    for found in summary["suites"].values():
        better, beta, base = (answer["sampled"] for answer in found["answers"])
        assert better["difference"] > 0.05
        # Three seeds that happen to differ leave two degrees of freedom: sure enough alone, not among six questions.
        assert better["p"] < 0.05
        assert not beta["significant"]
        assert base["significant"]
        assert len(better["by_seed"]) == 3
        assert better["problems"] == 60
        for row in found["rows"]:
            low, high = row["sampled"]["ci"]
            assert low <= row["sampled"]["mean"] <= high
    sentences = summary["findings"]
    assert len(sentences) == 6
    shown = [answer["sampled"]["significant"] for found in summary["suites"].values() for answer in found["answers"]]
    assert ["no difference shown" not in sentence for sentence in sentences] == shown


def test_the_table_keeps_rows_whole_at_80_columns(summary: dict[str, object]) -> None:
    out = io.StringIO()
    print_sweep(summary, Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("│ dpo.beta=0.3 ") and "%" in line for line in lines) == 2


def test_the_page_stands_alone_and_escapes(summary: dict[str, object]) -> None:
    text = render_sweep(summary)
    page = Page(text)
    assert page.count("svg") == 2 + 2 + 2
    assert page.count("script") == 0
    assert not re.search(r'(src|href)="(?!#)', text)
    assert render_sweep(summary) == text
