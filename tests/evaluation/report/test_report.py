"""The report as text: whole, escaped, the same every time, and bounded."""

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from evaluation.config import EvaluationConfig
from evaluation.figures import Summary
from evaluation.report.browser import choose_chains
from evaluation.report.chains import Chains
from evaluation.report.page import render_report
from evaluation.report.pages import write_page
from evaluation.report.plots import training_plots
from evaluation.summary import build_summary
from rollout.problems import FamilyConfig, generate
from rollout.records import CallResult, ErrorCode, Outcome, Problem, Score, Step
from tests.evaluation.synthetic import (
    ARMS,
    DATA,
    SECONDS,
    TRAINING,
    VERSIONS,
    Skill,
    make_episode,
    make_problems,
    make_scores,
)

CONFIG = EvaluationConfig(samples=3, permutations=199)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> {{ 7*7 }} </pre></style> $x^2$ \x00\ud800"
HOSTILE_STEP = Step(
    text=HOSTILE,
    token_ids=(1,),
    logprobs=(0.0,),
    results=(CallResult(call=None, content=HOSTILE, error=ErrorCode.BAD_SYNTAX),),
)


def make_example() -> Chains:
    """A preference group of one right and one wrong chain whose every text is hostile."""
    problem = make_problems(1)[0]
    right = make_episode(problem, Skill(1.0, 1.0), np.random.default_rng(0), 0, "teacher")
    right = msgspec.structs.replace(right, prompt_text=HOSTILE, steps=(HOSTILE_STEP,), outcome=Outcome.RIGHT)
    wrong = msgspec.structs.replace(right, outcome=Outcome.WRONG, error=ErrorCode.BAD_SYNTAX)
    named = ((f"sample 0 {HOSTILE}", right), ("sample 1", wrong))
    return Chains(heading=HOSTILE, problem=msgspec.structs.replace(problem, text=HOSTILE, gold=HOSTILE), named=named)


EXAMPLE = make_example()


class Page(HTMLParser):
    """What a browser would see: elements, their attributes, and the texts."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    return make_problems(30)


@pytest.fixture(scope="module")
def scores(problems: list[Problem]) -> list[Score]:
    return list(make_scores(problems, samples=3))


@pytest.fixture(scope="module")
def summary(problems: list[Problem], scores: list[Score]) -> Summary:
    return build_summary(scores, problems, DATA, SECONDS, VERSIONS, CONFIG)


@pytest.fixture(scope="module")
def page(summary: Summary, problems: list[Problem], scores: list[Score]) -> str:
    return render_report(summary, problems, scores, TRAINING, [EXAMPLE])


def test_page_holds_all_that_it_has_to(page: str, summary: Summary) -> None:
    seen = Page(page)
    text = " ".join(seen.texts)
    assert seen.open == []
    for finding in (summary.answer, *summary.findings):
        assert finding.text in text
    for arm in ARMS:
        assert f">{arm}</th>" in page
    for title in ("loss of preference arms", "reward margin", "change since the start", "fol", "difficulty"):
        assert title in text
    # Of both suites: accuracy, errors, forms, difficulty, pass@k.
    assert seen.count("svg") == 5 * 2 + len(training_plots(TRAINING))
    assert seen.count("mark") > 10
    assert "2,697".replace(",", "\u202f") in text


def test_page_needs_nothing_from_outside(page: str) -> None:
    for tag, attributes in Page(page).elements:
        assert tag not in ("link", "img", "iframe", "object", "embed")
        for name in ("src", "href", "xlink:href"):
            target = attributes.get(name)
            assert target is None or target.startswith("#"), (tag, target)
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page


def test_ids_are_unique_and_links_lead_somewhere(page: str) -> None:
    elements = Page(page).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {(attributes.get("href") or "#")[1:] for tag, attributes in elements if tag in ("a", "use")}
    assert links <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)


def test_the_same_input_gives_the_same_page(
    page: str, summary: Summary, problems: list[Problem], scores: list[Score]
) -> None:
    assert render_report(summary, problems, iter(scores), TRAINING, [EXAMPLE]) == page


def test_colours_are_the_pages_own(page: str) -> None:
    drawn = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert all("var(--" in one for one in drawn)
    assert not any(re.search(r"#0a0b|fill: ?#(?:fff|000)|stroke: ?#", one) for one in drawn)


def test_hostile_texts_are_shown_and_never_run(problems: list[Problem], scores: list[Score]) -> None:
    arm = "a<b>&\"$\\1'"
    hostile = [
        msgspec.structs.replace(
            score,
            model=arm if score.model == "dpo" else score.model,
            suite="fol<script>",
            episode=msgspec.structs.replace(score.episode, steps=(HOSTILE_STEP, *score.episode.steps)),
        )
        for score in scores
    ]
    named = [msgspec.structs.replace(problem, text=HOSTILE, gold=HOSTILE) for problem in problems]
    summary = build_summary(hostile, named, DATA, SECONDS, {"<b>": HOSTILE}, CONFIG)
    page = render_report(summary, named, hostile, {arm: TRAINING["dpo"]}, [EXAMPLE])
    seen = Page(page)
    assert seen.open == []
    assert seen.count("script") == 1
    assert seen.count("img") == 0
    assert not any(name.startswith("on") for _, attributes in seen.elements for name in attributes)
    assert "<script>alert(1)</script>" in " ".join(seen.texts)
    assert "{{ 7*7 }}" in " ".join(seen.texts)
    assert arm in " ".join(seen.texts)


def test_report_is_written_whole_or_not_at_all(
    tmp_path: Path, summary: Summary, problems: list[Problem], scores: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report" / "index.html"
    write_page(path, render_report(summary, problems, scores[:40], {}))
    first = path.read_bytes()
    assert b"</html>" in first
    assert "Training</h2>" not in first.decode()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_page(path, render_report(summary, problems, scores[:40], {}))
    assert path.read_bytes() == first
    assert [one.name for one in path.parent.iterdir()] == ["index.html"]


def subtask_scores() -> tuple[list[Problem], list[Score]]:
    """Problems of two subtasks and of abstention, the latter also among 40 distractors, and scores of two arms."""
    families = ("subtask_nested", "subtask_next", "abstention")
    problems = [problem for family in families for problem in generate(FamilyConfig(family=family, test=8), "test")]
    many = [
        msgspec.structs.replace(problem, id=f"{problem.id}+40@0", toolbox=f"{problem.toolbox}+40@0")
        for problem in problems
        if problem.family == "abstention"
    ]
    rng = np.random.default_rng(0)
    scores = [
        Score(
            model=arm,
            suite=f"{problem.family}-40" if problem in many else problem.family,
            greedy=True,
            episode=msgspec.structs.replace(
                make_episode(make_problems(1)[0], Skill(1.0, 1.0), rng, 0, arm),
                problem_id=problem.id,
                family=problem.family,
                answer=problem.gold if index % 2 else '"missing"',
            ),
        )
        for index, problem in enumerate([*problems, *many])
        for arm in ("base", "dpo")
    ]
    return [*problems, *many], scores


def test_subtasks_abstention_and_many_functions_are_shown() -> None:
    problems, scores = subtask_scores()
    summary = build_summary(scores, problems, DATA, SECONDS, VERSIONS, EvaluationConfig(samples=0))
    seen = Page(render_report(summary, problems, scores, {}))
    assert seen.open == []
    assert {"nested calls", "next-best function", "recall"} <= {one.strip() for one in seen.texts}
    assert "abstention: accuracy by number of functions" in " ".join(seen.texts)


def test_one_arm_one_problem_is_enough(problems: list[Problem]) -> None:
    scores = list(make_scores(problems[:1], {"base": Skill(1.0, 1.0)}, samples=0))
    summary = build_summary(scores, problems, {}, {}, {}, EvaluationConfig(samples=0))
    page = render_report(summary, problems, scores, {})
    assert Page(page).open == []
    assert "All 1 problems" in page


def test_chains_shown_are_a_stated_share_of_suites_and_of_differences(
    summary: Summary, problems: list[Problem], scores: list[Score]
) -> None:
    shown = choose_chains(scores, {problem.id: problem for problem in problems}, "base", seed=0, most=20)
    assert (len(shown.problems), shown.problems_in_all, shown.attempts_in_all) == (20, 60, len(scores))
    assert {view.suite: sum(one.suite == view.suite for one in shown.problems) for view in shown.problems} == {
        "arithmetic": 10,
        "fol": 10,
    }
    view = shown.problems[0]
    assert [how for how, _ in view.rounds] == ["greedy", "sample 0"]
    assert [name for name, _ in view.rounds[0][1]] == ["base", "teacher", "sft", "dpo", "sft+dpo"]
    page = render_report(summary, problems, scores, {})
    offered = page.partition('<select name="outcome">')[2].partition("</select>")[0]
    assert re.findall(r"<option>(\w+)</option>", offered) == [outcome.value for outcome in Outcome]
    first = page.partition("<h3>greedy</h3>")[2].partition("</h4>")[0]
    assert "base <small>reference</small>" in first


def test_a_page_is_bounded_whatever_a_model_wrote(
    problems: list[Problem], scores: list[Score], summary: Summary
) -> None:
    long = Step(text='"' * 200_000, token_ids=(1,), logprobs=(0.0,), results=())
    endless = [
        msgspec.structs.replace(score, episode=msgspec.structs.replace(score.episode, steps=(long,) * 40))
        for score in scores
    ]
    shown = choose_chains(endless, {}, "base", seed=0)
    assert 0 < len(shown.problems) < shown.problems_in_all
    page = render_report(summary, [], endless, {}, [EXAMPLE] * 400)
    chain = page.partition('<section id="chains">')[2].split('<div class="chain ')[1]
    assert (chain.count("<li "), chain.count("(198800 more characters)"), chain.count("… 30 more steps")) == (10, 10, 1)
    assert 2_000_000 < len(page.encode("utf-8", "replace")) < 15_000_000


@pytest.mark.faults
def test_a_page_of_100_000_scores_is_small_and_says_what_it_left_out() -> None:
    problems = make_problems(1000)
    scores = list(make_scores(problems, samples=9))
    assert len(scores) == 100_000
    summary = build_summary(scores, problems, DATA, SECONDS, VERSIONS, CONFIG)
    page = render_report(summary, problems, scores, TRAINING)
    assert len(page.encode("utf-8", "replace")) < 15_000_000
    text = " ".join(" ".join(Page(page).texts).split())
    assert "A sample: 120 of 2 000 problems" in text
