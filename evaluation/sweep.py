"""A sweep's runs to one summary: every row's mean over seeds, and the answers to what was asked. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from evaluation.certainty.crossed import Crossed, Seeds, contrast, crossed_mean
from evaluation.certainty.statistics import adjust
from evaluation.findings import p_text, percent, points
from evaluation.measures.metrics import mean
from evaluation.summary import CORRECTION
from rollout.records import Outcome, Score

SHOWN_METRICS = (
    "format_validity",
    "format_adherence",
    "name_f1",
    "argument_f1",
    "hallucinated_rate",
    "diversity_calls",
    "calls_ratio",
    "tokens_per_right",
)
"""Metrics of a run's summary that a sweep averages over seeds."""

MEASURES = ("sampled", "greedy")


class RowSource(msgspec.Struct, frozen=True):
    """Where the scores of one row at one seed are."""

    run: str
    model: str


class Question(msgspec.Struct, frozen=True):
    """Mean of the rows `plus` minus mean of the rows `minus`."""

    name: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]


class Tally:
    """A run's scores, counted as they go by: rates a (model, suite, greedy) and problem, and error codes."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, bool], dict[str, list[int]]] = defaultdict(dict)
        self.errors: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def add(self, scores: Iterable[Score]) -> "Tally":
        for score in scores:
            episode = score.episode
            if episode.outcome is Outcome.INFRASTRUCTURE:
                continue
            found = self._counts[score.model, score.suite, score.greedy].setdefault(episode.problem_id, [0, 0])
            found[0] += episode.outcome is Outcome.RIGHT
            found[1] += 1
            self.errors[score.model, score.suite]["attempts"] += 1
            if episode.error is not None:
                self.errors[score.model, score.suite][str(episode.error)] += 1
        return self

    @property
    def suites(self) -> set[str]:
        return {suite for _, suite, _ in self._counts}

    def rates(self, model: str, suite: str, greedy: bool) -> dict[str, float]:
        """Problem -> share of right attempts."""
        return {problem: right / n for problem, (right, n) in self._counts.get((model, suite, greedy), {}).items()}


def summarise_sweep(
    name: str,
    rows: Mapping[str, Sequence[RowSource]],
    questions: Sequence[Question],
    tallies: Mapping[str, Tally],
    summaries: Mapping[str, Mapping[str, Any]],
    confidence: float,
) -> dict[str, Any]:
    """All figures of a sweep as one JSON-serialisable dict; the same input gives the same dict.

    `rows`: name -> its sources, one a seed. `tallies` and `summaries` (a run's summary.json) by run. Shape:
    `suites.SUITE.rows[].{row, seeds, sampled, greedy, metrics, errors}` with `sampled` and `greedy` as {mean, ci,
    by_seed, problems}, `suites.SUITE.answers[].{question, plus, minus, sampled, greedy}` with {difference, ci, p,
    p_adjusted, significant, by_seed, problems}, `findings`.
    """
    suites = sorted({suite for tally in tallies.values() for suite in tally.suites})
    found: dict[str, Any] = {}
    for suite in suites:
        values = {
            measure: {row: _values(sources, tallies, suite, measure) for row, sources in rows.items()}
            for measure in MEASURES
        }
        found[suite] = {
            "rows": [
                {
                    "row": row,
                    "seeds": len(sources),
                    **{measure: _figures(values[measure][row], confidence) for measure in MEASURES},
                    "metrics": _metrics(sources, summaries, suite),
                    "errors": _errors(sources, tallies, suite),
                }
                for row, sources in rows.items()
                if any(values[measure][row] for measure in MEASURES)
            ],
            "answers": [
                {
                    "question": question.name,
                    "plus": list(question.plus),
                    "minus": list(question.minus),
                    **{measure: _answer(question, values[measure], confidence) for measure in MEASURES},
                }
                for question in questions
            ],
        }
    _correct(found, confidence)
    summary = {"name": name, "confidence": confidence, "correction": CORRECTION, "suites": found}
    return summary | {"findings": _findings(summary)}


def _values(sources: Sequence[RowSource], tallies: Mapping[str, Tally], suite: str, measure: str) -> Seeds:
    """Over seeds: problem -> rate; empty where one of the seeds has none."""
    values = [tallies[source.run].rates(source.model, suite, measure == "greedy") for source in sources]
    return values if all(values) else []


def _figures(values: Seeds, confidence: float) -> dict[str, Any] | None:
    if not values:
        return None
    common = sorted(set.intersection(*(set(one) for one in values)))
    zero: Seeds = [dict.fromkeys(common, 0.0)]
    found = crossed_mean(contrast([values], [zero]), confidence, 0.0, 1.0)
    return {"mean": found.mean, "ci": list(found.interval), "by_seed": list(found.by_seed), "problems": found.problems}


def _answer(question: Question, values: Mapping[str, Seeds], confidence: float) -> dict[str, Any] | None:
    plus, minus = [values[row] for row in question.plus], [values[row] for row in question.minus]
    if not all((*plus, *minus)):
        return None
    table = contrast(plus, minus)
    if not table.size:
        return None
    found: Crossed = crossed_mean(table, confidence, -1.0, 1.0)
    return {
        "difference": found.mean,
        "ci": list(found.interval),
        "p": found.p,
        "by_seed": list(found.by_seed),
        "problems": found.problems,
    }


def _correct(suites: Mapping[str, Any], confidence: float) -> None:
    """Correct p over all questions on all suites, sampled and greedy ones each as one family."""
    for measure in MEASURES:
        answers = [
            answer[measure] for found in suites.values() for answer in found["answers"] if answer[measure] is not None
        ]
        for answer, adjusted in zip(answers, adjust([answer["p"] for answer in answers], CORRECTION), strict=True):
            answer["p_adjusted"] = adjusted
            answer["significant"] = adjusted is not None and adjusted < 1 - confidence


def _metrics(
    sources: Sequence[RowSource], summaries: Mapping[str, Mapping[str, Any]], suite: str
) -> dict[str, float | None]:
    found = []
    for source in sources:
        model = summaries.get(source.run, {}).get("arms", {}).get(source.model, {"suites": {}})
        found.append(model["suites"].get(suite, {}).get("metrics", {}))
    return {name: mean(metrics.get(name) for metrics in found) for name in SHOWN_METRICS}


def _errors(sources: Sequence[RowSource], tallies: Mapping[str, Tally], suite: str) -> dict[str, float]:
    """Error code -> share of attempts, the commonest first, over all seeds."""
    total: Counter[str] = Counter()
    for source in sources:
        total += tallies[source.run].errors.get((source.model, suite), Counter())
    attempts = total.pop("attempts", 0)
    return {code: count / attempts for code, count in sorted(total.items(), key=lambda item: (-item[1], item[0]))}


def _findings(summary: Mapping[str, Any]) -> list[str]:
    """One sentence a question and suite, made from the figures."""
    sentences = []
    for suite, found in summary["suites"].items():
        for answer in found["answers"]:
            measure = next((one for one in MEASURES if answer[one] is not None), None)
            if measure is None:
                continue
            figures = answer[measure]
            verdict = "" if figures["significant"] else "no difference shown: "
            low, high = (f"{100 * bound:+.1f}".replace("-", "−") for bound in figures["ci"])
            seeds = ", ".join(f"{100 * one:+.1f}".replace("-", "−") for one in figures["by_seed"])
            by_seed = f"; by seed {seeds}" if len(figures["by_seed"]) > 1 else ""
            of_plus, of_minus = (_named(found, answer[side], measure) for side in ("plus", "minus"))
            sentences.append(
                f"{suite}, {answer['question']}: {verdict}{points(figures['difference'])} ({low} to {high}; "
                f"{p_text(figures['p_adjusted'])} after correction, {figures['problems']} problems{by_seed}; "
                f"{measure} accuracy, {of_plus} minus {of_minus})."
            )
    return sentences


def _named(found: Mapping[str, Any], names: Sequence[str], measure: str) -> str:
    """Rows with their accuracy."""
    accuracy = {row["row"]: row[measure]["mean"] for row in found["rows"] if row[measure] is not None}
    shown = [f"{name} {percent(accuracy.get(name))}" for name in names]
    return shown[0] if len(shown) == 1 else f"the mean of {' and '.join(shown)}"
