"""A sweep's runs to one summary: every row's mean over seeds, and the answers to what was asked. Pure.

Where a sweep has replicates (other models for the whole experiment), they take the place of seeds: training seeds of
one replicate share its teacher and its student, so they are averaged first, and intervals are over replicates.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import msgspec

from cluster.store.digests import checked
from evaluation.certainty.correction import CORRECTION
from evaluation.certainty.crossed import CrossedDifference, Seeds, contrast, crossed_accuracy, crossed_difference
from evaluation.certainty.verdicts import TEACHER, Verdicts
from evaluation.config import EvaluationConfig
from evaluation.figures import Finding, NonInferiority, Range, Summary, between, p_text, percent, points, signed
from evaluation.measures.metrics import mean
from evaluation.measures.tally import Tally

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
    replicate: str = ""


class Question(msgspec.Struct, frozen=True):
    """Mean of the rows `plus` minus mean of the rows `minus`."""

    name: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]


class RowMean(msgspec.Struct, frozen=True, kw_only=True):
    """A row's accuracy over seeds (or replicates) and problems, and that of each seed (or replicate)."""

    mean: float
    ci: Range
    by_seed: tuple[float, ...]
    problems: int


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A difference of accuracies over seeds (or replicates) and problems, and that of each of them.

    `significant`: the corrected p is small enough, and the corrected interval is clear of zero.
    """

    difference: float
    ci: Range
    p: float
    by_seed: tuple[float, ...]
    problems: int
    p_adjusted: float
    significant: bool
    corrected_ci: Range | None = None
    """The interval at the level that the correction left to it. None in older summaries, as what follows."""
    non_inferiority: NonInferiority | None = None
    """Of one row to the teacher's."""

    @property
    def interval(self) -> Range:
        """The interval that goes with the verdict."""
        return self.corrected_ci or self.ci


class SweepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row on one suite. `errors`: error code -> share of attempts, the commonest first."""

    row: str
    seeds: int
    sampled: RowMean | None
    greedy: RowMean | None
    metrics: dict[str, float | None]
    errors: dict[str, float]


class SweepAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one question on one suite; None where a row has no such scores."""

    question: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    sampled: Difference | None
    greedy: Difference | None


class SweepSuite(msgspec.Struct, frozen=True):
    """What a sweep says of one suite."""

    rows: tuple[SweepRow, ...]
    answers: tuple[SweepAnswer, ...]


class SweepSummary(msgspec.Struct, frozen=True, kw_only=True):
    """report/summary.json of a sweep: its figures by suite, and what it was made of."""

    name: str
    command: str = ""
    """The command that made the sweep."""
    confidence: float
    correction: str
    suites: dict[str, SweepSuite]
    findings: tuple[Finding, ...]
    axes: dict[str, list[Any]] = {}
    variants: dict[str, dict[str, Any]] = {}
    replicates: dict[str, dict[str, Any]] = {}
    seeds: tuple[int, ...] = ()
    runs: dict[str, str] = {}
    """Run -> its folder, from the sweep's."""
    seconds: dict[str, float] = {}
    """By stage, summed over the runs."""

    @property
    def repeated(self) -> str:
        """What `by_seed` is over."""
        return "replicate" if len(self.replicates) > 1 else "seed"


def summarise_sweep(
    name: str,
    rows: Mapping[str, Sequence[RowSource]],
    questions: Sequence[Question],
    tallies: Mapping[str, Tally],
    summaries: Mapping[str, Summary],
    config: EvaluationConfig,
) -> SweepSummary:
    """All figures of a sweep; the same input gives the same summary.

    `rows`: name -> its sources, one a seed. `tallies` and `summaries` by run.
    """
    names = sorted({suite for tally in tallies.values() for _, suite in tally.cells})
    means: dict[str, dict[tuple[str, str], RowMean]] = {}
    differences: dict[str, dict[tuple[str, str], Difference]] = {}
    for measure in MEASURES:
        rates = {
            (suite, row): _rates(sources, tallies, suite, measure) for suite in names for row, sources in rows.items()
        }
        means[measure] = {key: _row_mean(values, config.confidence) for key, values in rates.items() if values}
        differences[measure] = _differences(names, questions, rates, config)
    suites = {
        suite: SweepSuite(
            rows=tuple(
                SweepRow(
                    row=row,
                    seeds=len(sources),
                    metrics=_metrics(sources, summaries, suite),
                    errors=_errors(sources, tallies, suite),
                    **{measure: means[measure].get((suite, row)) for measure in MEASURES},
                )
                for row, sources in rows.items()
                if any((suite, row) in means[measure] for measure in MEASURES)
            ),
            answers=tuple(
                SweepAnswer(
                    question=question.name,
                    plus=question.plus,
                    minus=question.minus,
                    **{measure: differences[measure].get((suite, question.name)) for measure in MEASURES},
                )
                for question in questions
            ),
        )
        for suite in names
    }
    replicates = {source.replicate for sources in rows.values() for source in sources}
    repeated = "replicate" if len(replicates) > 1 else "seed"
    findings = tuple(finding for suite, found in suites.items() for finding in _findings(suite, found, repeated))
    return SweepSummary(
        name=name, confidence=config.confidence, correction=CORRECTION, suites=suites, findings=findings
    )


def _rates(sources: Sequence[RowSource], tallies: Mapping[str, Tally], suite: str, measure: str) -> Seeds:
    """Over seeds, or over replicates where there are several: problem -> share of right attempts. Empty where one of
    the sources has none."""
    values = [tallies[source.run].rates(source.model, suite, measure == "greedy") for source in sources]
    if not all(values):
        return []
    replicates: dict[str, list[Mapping[str, float]]] = {}
    for source, rates in zip(sources, values, strict=True):
        replicates.setdefault(source.replicate, []).append(rates)
    return [_mean_rates(seeds) for seeds in replicates.values()] if len(replicates) > 1 else values


def _mean_rates(seeds: Seeds) -> dict[str, float]:
    """The mean over seeds on the problems that all of them have."""
    common = set.intersection(*map(set, seeds))
    return {problem: sum(rates[problem] for rates in seeds) / len(seeds) for problem in sorted(common)}


def _row_mean(values: Seeds, confidence: float) -> RowMean:
    zero: Seeds = [dict.fromkeys(set.intersection(*map(set, values)), 0.0)]
    one = crossed_accuracy(contrast([values], [zero]), confidence)
    return RowMean(mean=one.mean, ci=one.ci, by_seed=one.by_seed, problems=one.problems)


def _differences(
    suites: Sequence[str],
    questions: Sequence[Question],
    rates: Mapping[tuple[str, str], Seeds],
    config: EvaluationConfig,
) -> dict[tuple[str, str], Difference]:
    """(suite, question) -> its answer by one measure. All tests of them are corrected as one family.

    A question that takes the teacher's row from one row of another model is tested for non-inferiority, too.
    """
    found: dict[tuple[str, str], CrossedDifference] = {}
    matching: dict[tuple[str, str], CrossedDifference] = {}
    for suite, question in product(suites, questions):
        plus, minus = ([rates[suite, row] for row in rows] for rows in (question.plus, question.minus))
        if all((*plus, *minus)) and (table := contrast(plus, minus)).size:
            found[suite, question.name] = crossed_difference(table)
            if [row.partition(" @ ")[0] for row in question.minus] == [TEACHER] and len(question.plus) == 1:
                matching[suite, question.name] = found[suite, question.name]
    verdicts = Verdicts(found, matching, config)
    return {
        key: Difference(
            difference=one.mean,
            ci=one.interval(config.confidence),
            p=one.p,
            by_seed=one.by_seed,
            problems=one.problems,
            p_adjusted=verdicts.p_adjusted[key],
            significant=verdicts.significant[key],
            corrected_ci=verdicts.interval[key],
            non_inferiority=verdicts.matches.get(key),
        )
        for key, one in found.items()
    }


def _metrics(sources: Sequence[RowSource], summaries: Mapping[str, Summary], suite: str) -> dict[str, float | None]:
    """The shown metrics of a row on a suite, each the mean over seeds."""
    found = []
    for source in sources:
        arm = summaries[source.run].arms.get(source.model) if source.run in summaries else None
        if arm is not None and suite in arm.suites:
            found.append(arm.suites[suite].metrics)
    return {name: mean(getattr(metrics, name) for metrics in found) for name in SHOWN_METRICS}


def _errors(sources: Sequence[RowSource], tallies: Mapping[str, Tally], suite: str) -> dict[str, float]:
    """Error code -> share of attempts over all seeds, the commonest first."""
    total: Counter[str] = Counter()
    attempts = 0
    for source in sources:
        codes, counted = tallies[source.run].errors(source.model, suite)
        total += codes
        attempts += counted
    return {code: count / attempts for code, count in sorted(total.items(), key=lambda item: (-item[1], item[0]))}


def _findings(suite: str, found: SweepSuite, repeated: str) -> list[Finding]:
    """One sentence a question: of sampled attempts, or of greedy ones where none were sampled."""
    sentences = []
    for answer in found.answers:
        figures, measure = answer.sampled or answer.greedy, "sampled" if answer.sampled else "greedy"
        if figures is None:
            continue
        accuracy = {row.row: one.mean for row in found.rows if (one := row.sampled if answer.sampled else row.greedy)}
        of_plus, of_minus = (
            ("the mean of " if len(rows) > 1 else "")
            + " and ".join(f"{row} {percent(accuracy.get(row))}" for row in rows)
            for rows in (answer.plus, answer.minus)
        )
        seeds = f"; by {repeated} {', '.join(map(signed, figures.by_seed))}" if len(figures.by_seed) > 1 else ""
        verdict = "" if figures.significant else "no difference shown: "
        text = (
            f"{suite}, {answer.question}: {verdict}{points(figures.difference)} ({between(figures.interval)}; "
            f"{p_text(figures.p_adjusted)} after correction, {figures.problems} problems{seeds}; "
            f"{measure} accuracy, {of_plus} minus {of_minus})"
        )
        if (test := figures.non_inferiority) is not None:
            shown = "matches" if test.shown else "is not shown to match"
            margin = f"to within {100 * test.margin:g} points"
            text += f"; {answer.plus[0]} {shown} the teacher {margin} ({p_text(test.p_adjusted)} after correction)"
        sentences.append(Finding(f"{text}.", "plain" if figures.significant else "chance"))
    return sentences


def read_sweep_summary(stored: bytes, where: str) -> SweepSummary:
    """A sweep's stored summary; the findings of older ones are bare sentences. `where` names the file in errors.

    Raises msgspec.DecodeError, and CorruptionError for what is not as it was written.
    """
    table = msgspec.json.decode(checked(stored, where, "delete it and run the sweep again"))
    table["findings"] = [{"text": one} if isinstance(one, str) else one for one in table["findings"]]
    return msgspec.convert(table, SweepSummary)
