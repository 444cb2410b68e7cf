"""Scores to `report/summary.json`: every arm on every suite, pairs of arms compared, and what that says in words."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import msgspec

from cluster.errors import RequestError
from evaluation.certainty.statistics import adjust, enough_permutations, generator, paired_greedy, paired_sampled
from evaluation.config import EvaluationConfig
from evaluation.figures import SUMMARY_VERSION, ArmFigures, Comparison, Served, Settings, Summary
from evaluation.findings import answer, findings
from evaluation.measures.attempts import Attempt, arm_order, measure, problem_rates
from evaluation.measures.functions import Cells, by_functions
from evaluation.measures.suites import suite_figures
from rollout.records import Episode, Problem, Score

CORRECTION = "holm"

MOST_PAIRED = 12
"""Up to so many arms every pair is compared; with more, each arm is compared with the baseline alone."""


def build_summary(
    scores: Iterable[Score],
    problems: Iterable[Problem],
    data: Mapping[str, int],
    seconds: Mapping[str, float],
    versions: Mapping[str, str],
    config: EvaluationConfig,
) -> Summary:
    """All figures of a run; the same input gives the same summary.

    `scores` may be an iterator: each score is measured and let go. Raises RequestError when there is none.
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
    summary = Summary(
        arms={
            arm: ArmFigures(
                {suite: suite_figures(cells[arm, suite], by_id, config) for suite in suites if (arm, suite) in cells},
                served[arm],
            )
            for arm in arms
        },
        by_functions=by_functions(cells, by_id, config),
        comparisons=compare_arms(cells, arms, suites, config),
        data=dict(data),
        seconds=dict(seconds),
        versions=dict(versions),
        evaluation=msgspec.convert(config.model_dump() | settings, Settings),
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


def compare_arms(
    cells: Cells, arms: Sequence[str], suites: Sequence[str], config: EvaluationConfig
) -> tuple[Comparison, ...]:
    """Every pair of arms on every suite that both have; `b` is the one that stands first in `arms`.

    p-values are corrected over all comparisons of the run: sampled ones as one family, greedy ones as another.
    """
    greedy = {cell: problem_rates(one for one in attempts if one.greedy) for cell, attempts in cells.items()}
    sampled = {cell: problem_rates(one for one in attempts if not one.greedy) for cell, attempts in cells.items()}
    wanted = [
        (a, b, suite)
        for suite in suites
        for b, a in combinations(arms, 2)
        if (len(arms) <= MOST_PAIRED or b == arms[0])
        if (a, suite) in cells and (b, suite) in cells
    ]
    config = enough_permutations(config, len(wanted))
    pairs = []
    for a, b, suite in wanted:
        rng = generator(config.seed, "comparison", a, b, suite)
        of_sampled = paired_sampled(sampled[a, suite], sampled[b, suite], config, rng)
        of_greedy = paired_greedy(greedy[a, suite], greedy[b, suite], config, rng)
        if main := of_sampled or of_greedy:
            pairs.append(((a, b, suite), main, of_sampled is not None, of_greedy))
    adjusted = adjust([main.p for _, main, _, _ in pairs], CORRECTION)
    greedy_adjusted = adjust([found and found.p for _, _, _, found in pairs], CORRECTION)
    level = 1 - config.confidence
    rows = []
    for ((a, b, suite), main, is_sampled, found), p, greedy_p in zip(pairs, adjusted, greedy_adjusted, strict=True):
        assert p is not None, "every pair has a main test"
        rows.append(
            Comparison(
                a=a,
                b=b,
                suite=suite,
                measure="sampled accuracy" if is_sampled else "greedy accuracy",
                test="sign-flip permutation" if is_sampled else "McNemar exact",
                **main._asdict(),
                greedy_n=found.n if found else 0,
                greedy_difference=found and found.difference,
                greedy_ci=found and found.ci,
                greedy_p=found and found.p,
                greedy_gained=found and found.better,
                greedy_lost=found and found.worse,
                p_adjusted=p,
                greedy_p_adjusted=greedy_p,
                significant=p < level,
                greedy_significant=greedy_p is not None and greedy_p < level,
            )
        )
    return tuple(rows)


def to_json(record: msgspec.Struct) -> bytes:
    """A summary as the text that is stored. Raises ValueError for a figure that is not a number."""
    return json.dumps(msgspec.to_builtins(record), indent=1, ensure_ascii=False, allow_nan=False).encode()


class _Head(msgspec.Struct):
    """What every format of a summary has said of itself."""

    versions: dict[str, str]
    schema_version: int = 1


def read_summary(stored: bytes, where: str) -> Summary:
    """A stored summary, also one of an older format. `where` names the file in errors.

    Raises RequestError for what this version cannot read; it names the version that wrote it.
    """
    try:
        head = msgspec.json.decode(stored, type=_Head)
    except msgspec.DecodeError as error:
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
