"""The report: one HTML file that needs nothing else, made from a summary, the scores and the trainers' logs.

Everything that a model, a problem or a recipe wrote is escaped; a content security policy lets nothing run but the
page's own filter, by its hash, and lets nothing load.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from markupsafe import Markup

import evaluation.report.plots as plots
from evaluation.findings import folded, p_text, percent, points, tone
from evaluation.measures.metrics import MEANING
from evaluation.measures.subtasks import SUBTASKS, Subtask
from evaluation.report.browser import choose_chains
from evaluation.report.pages import HERE, environment, figure_text, style, write_page
from evaluation.report.table import suites_of
from evaluation.summary import MOST_PAIRED
from rollout.records import Problem, Score


class GroupExample(msgspec.Struct, frozen=True, kw_only=True):
    """A preference group as text, for the report: some right and some wrong chains of one problem."""

    problem_id: str
    family: str
    prompt: str
    right: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...]
    """(chain, error code or "")."""
    pairs: int


def write_report(
    path: Path,
    summary: Mapping[str, Any],
    problems: Iterable[Problem],
    scores: Iterable[Score],
    training_metrics: Mapping[str, Sequence[Mapping[str, float]]],
    groups_examples: Sequence[GroupExample] | None = None,
) -> None:
    """Write the page to `path`, whole or not at all.

    `summary` is `build_summary`'s, `training_metrics` holds each arm's logged rows (`step`, `loss`,
    `rewards/margins`, `logps/chosen`, ...). The same input gives the same bytes. Raises OSError.
    """
    write_page(path, render_report(summary, problems, scores, training_metrics, groups_examples))


def render_report(
    summary: Mapping[str, Any],
    problems: Iterable[Problem],
    scores: Iterable[Score],
    training_metrics: Mapping[str, Sequence[Mapping[str, float]]],
    groups_examples: Sequence[GroupExample] | None = None,
) -> str:
    """The page as text."""
    suites = suites_of(summary)
    arms = list(summary["arms"])
    by_id = {problem.id: problem for problem in problems}
    evaluation = summary["evaluation"]
    script = (HERE / "filter.js").read_text(encoding="utf-8")
    made = environment()
    made.filters |= {
        "percent": percent,
        "points": points,
        "p_text": p_text,
        "tone": tone,
        "figure": figure_text,
        "count": _count,
    }
    told, by_chance = folded(summary["findings"])
    return made.get_template("page.html").render(
        summary=summary,
        told=told,
        by_chance=by_chance,
        suites=suites,
        arms=arms,
        baseline=evaluation["baseline"],
        confidence=f"{100 * evaluation['confidence']:g}\u00a0%",
        colours=plots.arm_colours(arms),
        style=style(),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        accuracy_plots=[plots.accuracy(summary, suite) for suite in suites],
        error_plots=[plots.error_codes(summary, suite) for suite in suites],
        common_codes=plots.common_codes(summary),
        form_plots=[plots.forms(summary, suite) for suite in suites],
        common_forms=plots.common_forms(summary),
        function_plots=_present(plots.by_functions(summary, family) for family in summary["by_functions"]),
        subtasks=_subtasks(summary, suites),
        abstaining=[suite for suite in suites if _has(summary, suite, "abstention_recall")],
        most_paired=MOST_PAIRED,
        difficulty_plots=_present(plots.by_difficulty(summary, suite) for suite in suites),
        pass_plots=_present(plots.pass_at_k(summary, suite) for suite in suites),
        training_plots=plots.training_plots(training_metrics),
        against={(row["suite"], row["a"]): row for row in summary["comparisons"] if row["b"] == evaluation["baseline"]},
        meaning=MEANING,
        shown=choose_chains(scores, by_id, evaluation["baseline"], evaluation["seed"]),
        examples=list(groups_examples or []),
    )


def _subtasks(summary: Mapping[str, Any], suites: Sequence[str]) -> list[tuple[str, Subtask]]:
    """(suite, how its subtask is scored) of the suites that are a subtask's."""
    found = []
    for suite in suites:
        of_suite = [arm["suites"][suite]["subtask"] for arm in summary["arms"].values() if suite in arm["suites"]]
        family = next((figures["family"] for figures in of_suite if figures is not None), None)
        if family is not None:
            found.append((suite, SUBTASKS[family]))
    return found


def _has(summary: Mapping[str, Any], suite: str, metric: str) -> bool:
    arms = [arm["suites"][suite]["metrics"] for arm in summary["arms"].values() if suite in arm["suites"]]
    return any(metrics[metric] is not None for metrics in arms)


def _present(made: Iterable[Markup | None]) -> list[Markup]:
    return [plot for plot in made if plot is not None]


def _count(value: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")
