"""Scores to `report/summary.json`: every arm on every suite, pairs of arms compared, and what that says in words."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from cluster.errors import RequestError
from cluster.store.digests import checked, sealed
from evaluation.certainty.correction import CORRECTION
from evaluation.comparisons import compare_arms
from evaluation.config import EvaluationConfig
from evaluation.cost import signal_costs
from evaluation.figures import SUMMARY_VERSION, ArmFigures, Served, Settings, Summary, TrainingFigures
from evaluation.findings import answer, findings
from evaluation.measures.attempts import Attempt, arm_order, measure
from evaluation.measures.bfcl import bfcl_cells
from evaluation.measures.functions import by_functions
from evaluation.measures.suites import suite_figures
from rollout.records import Episode, Problem, Score


def build_summary(
    scores: Iterable[Score],
    problems: Iterable[Problem],
    data: Mapping[str, int],
    seconds: Mapping[str, float],
    versions: Mapping[str, str],
    config: EvaluationConfig,
    training: Mapping[str, TrainingFigures] | None = None,
) -> Summary:
    """All figures of a run; the same input gives the same summary.

    `scores` may be an iterator: each score is measured and let go. `training`: arm -> what it was trained on. Raises
    RequestError when there is no score.
    """
    by_id = {problem.id: problem for problem in problems}
    cells: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
    served: dict[str, Served] = {}
    for score in scores:
        cells[score.model, score.suite].append(measure(score, by_id.get(score.episode.problem_id)))
        served[score.model] = _served(score.episode, served.get(score.model))
    if not cells:
        raise RequestError("the report has no scores; run `chainpref evaluate` first")
    arms = arm_order({arm for arm, _ in cells}, config.baseline)
    suites = sorted({suite for _, suite in cells})
    settings = {"correction": CORRECTION, "scores": sum(map(len, cells.values()))}
    comparisons = compare_arms(cells, arms, suites, config)
    figures = {
        arm: ArmFigures(
            {suite: suite_figures(cells[arm, suite], by_id, config) for suite in suites if (arm, suite) in cells},
            served[arm],
        )
        for arm in arms
    }
    summary = Summary(
        arms=figures,
        bfcl=bfcl_cells(figures),
        by_functions=by_functions(cells, by_id, config),
        comparisons=comparisons,
        data=dict(data),
        seconds=dict(seconds),
        versions=dict(versions),
        evaluation=msgspec.convert(config.model_dump() | settings, Settings),
        training=dict(training or {}),
        costs=signal_costs(comparisons, config.baseline, data, seconds, training or {}),
    )
    return _with_words(summary)


def _served(episode: Episode, before: Served | None) -> Served:
    """What answered for an arm, an attempt more."""
    if before is None:
        before = Served(probe_difference=episode.probe_difference)
    differences = (before.probe_difference, episode.probe_difference)
    return Served(
        revisions=tuple(sorted({*before.revisions, episode.producer.revision})),
        engines=tuple(sorted({*before.engines, episode.engine})),
        probe_difference=None if None in differences else max(filter(None, differences), default=0.0),
    )


def to_json(record: msgspec.Struct) -> bytes:
    """A summary as the text that is stored, with its digest. Raises ValueError for a figure that is not a number."""
    text = json.dumps(msgspec.to_builtins(record), indent=1, ensure_ascii=False, allow_nan=False)
    return sealed(text.encode(), "json")


class _Head(msgspec.Struct):
    """What every format of a summary has said of itself."""

    versions: dict[str, str]
    schema_version: int = 1


def read_summary(stored: bytes, where: str) -> Summary:
    """A stored summary, also one of an older format. `where` names the file in errors.

    Raises RequestError for what this version cannot read; it names the version that wrote it. Raises CorruptionError
    for what is not as it was written.
    """
    checked(stored, where, "delete it and run `chainpref report`")
    try:
        head = msgspec.json.decode(stored, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"{where} is no summary ({error}); delete it and run `chainpref report`") from None
    table = json.loads(stored)
    if head.schema_version == 1:
        table["data"] = {{"waived": "skipped"}.get(name, name): n for name, n in table.get("data", {}).items()}
        table["findings"] = []
    try:
        if head.schema_version > SUMMARY_VERSION:
            raise msgspec.ValidationError(f"it reads formats up to {SUMMARY_VERSION}")
        summary = msgspec.convert(table, Summary)
    except msgspec.ValidationError as error:
        raise RequestError(
            f"{where}: chainpref {head.versions.get('chainpref', '?')} wrote it in format {head.schema_version}, which "
            f"this version cannot read ({error}); use that version, or delete it and run `chainpref report`"
        ) from None
    return summary if head.schema_version == SUMMARY_VERSION else _with_words(summary)


def _with_words(summary: Summary) -> Summary:
    return msgspec.structs.replace(summary, answer=answer(summary), findings=tuple(findings(summary)))
