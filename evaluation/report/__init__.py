"""The report: one HTML file that needs nothing else, made from a summary, the scores and the trainers' logs.

Everything that a model, a problem or a recipe wrote is escaped; a content security policy lets nothing run but the
page's own filter, by its hash, and lets nothing load.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup

import evaluation.report.plots as plots
from evaluation.findings import p_text, percent, points, tone
from evaluation.metrics import MEANING
from evaluation.report.browser import choose_chains
from evaluation.table import suites_of
from rollout.records import Problem, Score

_HERE = Path(__file__).parent
_COUNTS = ("tokens_per_right", "calls_per_right", "calls_ratio", "format_entropy")
"""Metrics that are no shares."""


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
    page = render_report(summary, problems, scores, training_metrics, groups_examples)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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
    script = (_HERE / "filter.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "points": points,
        "p_text": p_text,
        "tone": tone,
        "figure": _figure,
        "count": _count,
    }
    return environment.get_template("page.html").render(
        summary=summary,
        suites=suites,
        arms=arms,
        baseline=evaluation["baseline"],
        confidence=f"{100 * evaluation['confidence']:g}\u00a0%",
        colours=plots.arm_colours(arms),
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        accuracy_plots=[plots.accuracy(summary, suite) for suite in suites],
        error_plots=[plots.error_codes(summary, suite) for suite in suites],
        common_codes=plots.common_codes(summary),
        difficulty_plots=_present(plots.by_difficulty(summary, suite) for suite in suites),
        pass_plots=_present(plots.pass_at_k(summary, suite) for suite in suites),
        training_plots=plots.training_plots(training_metrics),
        against={(row["suite"], row["a"]): row for row in summary["comparisons"] if row["b"] == evaluation["baseline"]},
        meaning=MEANING,
        shown=choose_chains(scores, by_id, evaluation["baseline"], evaluation["seed"]),
        examples=list(groups_examples or []),
    )


def _present(made: Iterable[Markup | None]) -> list[Markup]:
    return [plot for plot in made if plot is not None]


def _figure(value: Any, name: str) -> str:
    """A metric as text: a share in percent, a count or a ratio as a number, pass@k at its largest k."""
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {percent(share)}" for k, share in value.items()) or "—"
    if value is None:
        return "—"
    return f"{value:.2f}" if name in _COUNTS else percent(value)


def _count(value: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")
