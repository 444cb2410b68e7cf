"""A run's page: one HTML file that needs nothing else, made from a summary, the scores and the trainers' logs.

Everything that a model, a problem or a recipe wrote is escaped; a content security policy lets nothing run but the
page's own filter, by its hash, and lets nothing load.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

import evaluation.report.plots as plots
from evaluation.figures import Summary
from evaluation.findings import folded
from evaluation.measures.metrics import MEANING
from evaluation.measures.subtasks import SUBTASKS
from evaluation.report.browser import choose_chains
from evaluation.report.chains import Chains
from evaluation.report.pages import HERE, environment
from evaluation.summary import MOST_PAIRED
from rollout.records import Problem, Score

GROUPS_SHOWN = 12


def render_report(
    summary: Summary,
    problems: Iterable[Problem],
    scores: Iterable[Score],
    training: Mapping[str, plots.Rows],
    groups: Sequence[Chains] = (),
) -> str:
    """The page as text; the same input gives the same text.

    `training` holds each arm's logged rows (`step`, `loss`, `rewards/margins`, `logps/chosen`, ...), `groups` some
    preference groups of the run.
    """
    suites, arms, baseline = summary.suites, list(summary.arms), summary.evaluation.baseline
    script = (HERE / "filter.js").read_text(encoding="utf-8")
    at_once, by_chance = folded(summary.findings)
    families = {
        suite: figures.subtask.family
        for suite in suites
        for figures in summary.on(suite).values()
        if figures.subtask is not None
    }
    abstaining = [
        suite
        for suite in suites
        if any(figures.metrics.abstention_recall is not None for figures in summary.on(suite).values())
    ]
    by_id = {problem.id: problem for problem in problems}
    return (
        environment()
        .get_template("page.html")
        .render(
            summary=summary,
            evaluation={name: getattr(summary.evaluation, name) for name in summary.evaluation.__struct_fields__},
            at_once=at_once,
            by_chance=by_chance,
            suites=suites,
            arms=arms,
            baseline=baseline,
            confidence=f"{100 * summary.evaluation.confidence:g}\u00a0%",
            colours=plots.arm_colours(arms),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            accuracy_plots=[plots.accuracy(summary, suite) for suite in suites],
            error_plots=[plots.stacked(summary, suite, "errors") for suite in suites],
            common_codes=plots.commonest(summary, "errors"),
            form_plots=[plots.stacked(summary, suite, "forms") for suite in suites],
            common_forms=plots.commonest(summary, "forms"),
            function_plots=list(filter(None, (plots.by_functions(summary, family) for family in summary.by_functions))),
            subtasks=[(suite, SUBTASKS[family]) for suite, family in families.items()],
            abstaining=abstaining,
            most_paired=MOST_PAIRED,
            difficulty_plots=list(filter(None, (plots.by_difficulty(summary, suite) for suite in suites))),
            pass_plots=list(filter(None, (plots.pass_at_k(summary, suite) for suite in suites))),
            training_plots=plots.training_plots(training),
            against={suite: summary.against(suite, baseline) for suite in suites},
            meaning=MEANING,
            browsed=choose_chains(scores, by_id, baseline, summary.evaluation.seed),
            groups=groups[:GROUPS_SHOWN],
        )
    )
