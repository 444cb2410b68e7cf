"""The report in a real browser: at desktop and phone width, in light and dark."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from evaluation.config import EvaluationConfig
from evaluation.figures import TrainingFigures
from evaluation.report.page import render_report
from evaluation.report.pages import write_page
from evaluation.summary import build_summary
from rollout.records import Outcome
from tests.evaluation.report import chromium
from tests.evaluation.report.test_report import EXAMPLE, subtask_scores
from tests.evaluation.synthetic import DATA, SECONDS, TRAINING, VERSIONS, make_problems, make_scores

BROWSER = chromium.find()

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine: the report was not looked at"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    of_subtasks, scores_of_subtasks = subtask_scores()
    problems = [*make_problems(40), *of_subtasks]
    scores = [*make_scores(problems[:80], samples=2), *scores_of_subtasks]
    # A long word without any place to break, where a browser would otherwise widen the page.
    long = msgspec.structs.replace(problems[0], text="https://" + "x" * 400)
    config = EvaluationConfig(samples=2, permutations=199)
    data, versions = DATA | {"teacher_tokens": 700_000}, VERSIONS | {"long": "v" * 300}
    trained = {
        arm: TrainingFigures(start="base", steps=54, seconds=31.5, chains=1296.0, passes=1.44, tokens=9e4)
        for arm in ("sft", "dpo", "sft+dpo")
    }
    summary = build_summary(scores, problems, data, SECONDS, versions, config, trained)
    path = tmp_path_factory.mktemp("report") / "index.html"
    write_page(path, render_report(summary, [long, *problems[1:]], scores, TRAINING, [EXAMPLE]))
    return path


def brightness(colour: str) -> float:
    """WCAG's relative luminance of "rgb(r, g, b)"."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_and_is_legible(page: Path, width: int, dark: bool) -> None:
    assert BROWSER is not None
    found: dict[str, Any] = chromium.measure(BROWSER, page, width, dark)
    assert found["width"] == width
    assert (found["closed"], found["open"], found["outside"]) == (0, 0, [])
    assert (brightness(found["paper"]) < 0.1) is dark
    assert contrast(found["ink"], found["paper"]) >= 7
    assert contrast(found["label"], found["card"]) >= 4.5
    assert found["labelHeight"] >= 9
    assert all(300 <= plot <= 700 for plot in found["plots"])
    assert found["scripts"]


def test_filter_works_under_the_pages_policy(page: Path) -> None:
    assert BROWSER is not None
    found = chromium.measure(BROWSER, page, 1280, dark=False)
    truncated = len(re.findall(rf'data-facts="[^"]*:{Outcome.TRUNCATED}\b', page.read_text(encoding="utf-8")))
    assert found["filter"]
    assert 0 < found["truncated"] == truncated
