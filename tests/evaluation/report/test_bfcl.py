"""BFCL's columns and averages."""

import pytest
from rich.console import Console

from evaluation.config import EvaluationConfig
from evaluation.report.bfcl import average, bfcl_rows, bfcl_table
from evaluation.report.table import SummaryTable
from evaluation.summary import build_summary
from rollout.foreign.bfcl import LIVE, NON_LIVE
from tests.evaluation.synthetic import DATA, SECONDS, VERSIONS, make_problems, make_scores


def test_suites_of_bfcl_stand_side_by_side_with_the_boards_averages() -> None:
    suites = tuple(f"bfcl_{name}" for name in (*NON_LIVE, *LIVE))
    problems = make_problems(6, suites)
    config = EvaluationConfig(samples=1, permutations=99)
    summary = build_summary(make_scores(problems), problems, DATA, SECONDS, VERSIONS, config)
    rows = bfcl_rows(summary)
    assert rows.keys() == summary.arms.keys()
    for arm, row in rows.items():
        assert [*row] == [*NON_LIVE, *LIVE, "non-live AST", "live AST"]
        for name in (*NON_LIVE, *LIVE):
            assert row[name] == summary.arms[arm].suites[f"bfcl_{name}"].accuracy
        assert row["non-live AST"] == pytest.approx(sum(row[name] for name in NON_LIVE) / 4)
    console = Console(width=200, record=True, quiet=False)
    with console.capture() as shown:
        console.print(SummaryTable(summary))
        console.print(bfcl_table(rows))
    assert "non-live AST" in shown.get()
    assert "BFCL v4" in shown.get()


def test_live_averages_count_problems_and_others_categories() -> None:
    shares = {"a": 1.0, "b": 0.0}
    assert average(shares, {"a": 30, "b": 10}, ("a", "b")) == 0.75
    assert average(shares, {"a": 1, "b": 1}, ("a", "b")) == 0.5


def test_without_such_suites_there_is_no_such_table() -> None:
    problems = make_problems(6)
    config = EvaluationConfig(samples=1, permutations=99)
    assert bfcl_rows(build_summary(make_scores(problems), problems, DATA, SECONDS, VERSIONS, config)) == {}
