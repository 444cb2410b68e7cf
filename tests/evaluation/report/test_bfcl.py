"""BFCL's columns and averages."""

import json
import re
from collections.abc import Sequence
from functools import cache

import pytest
from rich.console import Console

from evaluation.config import EvaluationConfig
from evaluation.figures import Slice, Summary
from evaluation.measures.bfcl import AVERAGES, average
from evaluation.report.page import render_report
from evaluation.report.table import SummaryTable
from evaluation.summary import build_summary, read_summary, to_json
from rollout.foreign.bfcl import LIVE, NON_LIVE
from rollout.foreign.bfcl_classes import MULTI_TURN
from rollout.records import Problem, Score
from tests.evaluation.synthetic import DATA, SECONDS, VERSIONS, make_problems, make_scores

SUITES = tuple(f"bfcl_{name}" for name in (*NON_LIVE, *LIVE))


@cache
def made(suites: Sequence[str]) -> tuple[Summary, list[Problem], list[Score]]:
    problems = make_problems(2, suites)
    scores = list(make_scores(problems))
    config = EvaluationConfig(samples=1, permutations=99)
    return build_summary(scores, problems, DATA, SECONDS, VERSIONS, config), problems, scores


def test_suites_of_bfcl_stand_side_by_side_with_the_boards_averages() -> None:
    summary, _, _ = made(SUITES)
    assert summary.bfcl.keys() == summary.arms.keys()
    for arm, row in summary.bfcl.items():
        assert [*row] == [*NON_LIVE, *LIVE, "non-live AST", "live AST"]
        for name in (*NON_LIVE, *LIVE):
            figures = summary.arms[arm].suites[f"bfcl_{name}"]
            assert (row[name].accuracy, row[name].n, row[name].ci) == (figures.accuracy, figures.n, figures.ci)
        assert row["non-live AST"].accuracy == pytest.approx(sum(row[name].accuracy or 0 for name in NON_LIVE) / 4)
        assert row["non-live AST"].n == sum(row[name].n for name in NON_LIVE)
    assert len({row["live AST"].accuracy for row in summary.bfcl.values()}) > 1
    stored = to_json(summary)
    assert read_summary(stored, "summary.json").bfcl == summary.bfcl
    assert json.loads(stored)["bfcl"]["base"]["multiple"]["n"] == summary.bfcl["base"]["multiple"].n


def test_the_terminal_and_the_page_show_a_row_a_model_with_the_number_of_problems() -> None:
    summary, problems, scores = made(SUITES)
    console = Console(width=200, record=True, quiet=False)
    with console.capture() as shown:
        console.print(SummaryTable(summary))
    assert "BFCL v4" in shown.get()
    assert "non-live AST" in shown.get()
    page = render_report(summary, problems, scores, {})
    section = page[page.index('<section id="bfcl">') : page.index('<section id="errors">')]
    assert section.count('<th scope="row">') == len(summary.arms)
    cells = [cell for row in summary.bfcl.values() for cell in row.values()]
    assert re.findall(r"n = (\d+)<", section) == [str(cell.n) for cell in cells]
    assert re.findall(r"<td>([\d.]+)", section) == [f"{100 * (cell.accuracy or 0):.1f}" for cell in cells]
    assert re.findall(r'scope="col">([^<]*)', section) == [
        "arm", *(name.replace("_", " ") for name in (*NON_LIVE, *LIVE)), "non-live AST", "live AST"
    ]  # fmt: skip
    assert '<a href="#bfcl">' in page


def test_averages_are_the_boards_whatever_was_drawn() -> None:
    """Of the live categories each counts as many problems as the package has, however few of them were attempted."""
    assert AVERAGES["live AST"] == {
        "live_simple": 258, "live_multiple": 1053, "live_parallel": 16, "live_parallel_multiple": 24
    }  # fmt: skip
    assert {*AVERAGES["non-live AST"].values()} == {*AVERAGES["both irrelevance"].values()} == {1}
    one, other = Slice(n=16, accuracy=1.0, ci=None), Slice(n=60, accuracy=0.5, ci=None)
    assert average([(one, 1), (other, 1)]) == Slice(n=76, accuracy=0.75, ci=None)
    assert average([(one, 16), (other, 48)]).accuracy == pytest.approx((16 + 24) / 64)


def test_whole_categories_have_rows_of_their_own() -> None:
    summary, problems, scores = made(("bfcl_multiple", "bfcl_multiple_whole", "bfcl_parallel_whole"))
    arms = [*summary.arms]
    assert [*summary.bfcl] == [*arms, *(f"{arm}, whole" for arm in arms)]
    for arm in arms:
        assert [*summary.bfcl[arm]] == ["multiple"]
        whole = summary.bfcl[f"{arm}, whole"]
        assert whole["multiple"].accuracy == summary.arms[arm].suites["bfcl_multiple_whole"].accuracy
        assert [*whole] == ["multiple", "parallel"]
    assert "base, whole" in render_report(summary, problems, scores, {})


def test_an_average_stands_only_where_all_of_its_categories_do() -> None:
    summary, problems, scores = made(("bfcl_multiple", "bfcl_irrelevance", "bfcl_live_irrelevance"))
    for row in summary.bfcl.values():
        assert [*row] == ["multiple", "irrelevance", "live_irrelevance", "both irrelevance"]
    assert "live AST" not in render_report(summary, problems, scores, {})


def test_categories_of_several_turns_have_their_columns_and_count_alike() -> None:
    summary, problems, scores = made(tuple(f"bfcl_{name}" for name in MULTI_TURN))
    for arm, row in summary.bfcl.items():
        assert [*row] == [*MULTI_TURN, "multi-turn"]
        shares = [summary.arms[arm].suites[f"bfcl_{name}"].accuracy or 0.0 for name in MULTI_TURN]
        assert row["multi-turn"].accuracy == pytest.approx(sum(shares) / 4)
    assert len({row["multi-turn"].accuracy for row in summary.bfcl.values()}) > 1
    page = render_report(summary, problems, scores, {})
    assert ">multi turn miss func<" in page
    assert ">multi-turn<" in page


def test_without_such_suites_there_is_no_such_table() -> None:
    summary, problems, scores = made(("plain",))
    assert summary.bfcl == {}
    assert "#bfcl" not in render_report(summary, problems, scores, {})
