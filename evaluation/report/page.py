"""A run's page: one HTML file that needs nothing else, made from a summary, the scores and the trainers' logs.

Everything that a model, a problem or a recipe wrote is escaped; a content security policy lets nothing run but the
page's own filter, by its hash, and lets nothing load.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

import evaluation.report.plots as plots
from evaluation.comparisons import MOST_PAIRED
from evaluation.figures import Summary
from evaluation.findings import folded
from evaluation.measures.bfcl import COLUMNS
from evaluation.measures.metrics import MEANING
from evaluation.measures.subtasks import SUBTASKS
from evaluation.report.browser import choose_chains
from evaluation.report.chains import Chains
from evaluation.report.pages import HERE, render
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
    script = (HERE / "filter.js").read_text(encoding="utf-8")
    at_once, by_chance = folded(summary.findings)
    return render(
        "page.html",
        summary=summary,
        plots=plots,
        at_once=at_once,
        by_chance=by_chance,
        bfcl_columns=[name for name in COLUMNS if any(name in row for row in summary.bfcl.values())],
        colours=plots.arm_colours(list(summary.arms)),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        scored=SUBTASKS,
        most_paired=MOST_PAIRED,
        training_plots=plots.training_plots(training),
        meaning=MEANING,
        browsed=choose_chains(
            scores, {problem.id: problem for problem in problems}, summary.evaluation.baseline, summary.evaluation.seed
        ),
        groups=groups[:GROUPS_SHOWN],
    )
