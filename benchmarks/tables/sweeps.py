"""Tables of docs/findings.md from the summaries of sweeps and of single runs."""

from typing import Any

from benchmarks.tables.markdown import table
from evaluation.sweep import RowMean, SweepSummary


def rows_table(summary: SweepSummary) -> str:
    """Every row's mean accuracy over replicates or seeds, by suite and measure."""
    by_suite = {suite: {row.row: row for row in found.rows} for suite, found in summary.suites.items()}
    columns = [(suite, measure) for suite in by_suite for measure in ("greedy", "sampled")]
    rows = dict.fromkeys(row for found in by_suite.values() for row in found)
    return table(
        ("arm", *(f"{suite}, {measure}" for suite, measure in columns)),
        ((row, *(_accuracy(getattr(by_suite[suite][row], measure)) for suite, measure in columns)) for row in rows),
    )


def answers_list(summary: SweepSummary) -> str:
    """What the sweep found, a sentence each."""
    return "\n".join(f"- {finding.text}" for finding in summary.findings)


def _accuracy(found: RowMean | None) -> str:
    if found is None:
        return "–"
    low, high = found.ci
    apart = ", ".join(f"{100 * one:.1f}" for one in found.by_seed)
    return f"{100 * found.mean:.1f} [{100 * low:.1f}, {100 * high:.1f}] ({apart})"


def models_table(found: Any) -> str:
    """The greedy accuracy of every model of one run on every suite, with its interval over problems."""
    models = list(found["models"])
    return table(
        ("suite", "problems", *models),
        (
            (suite, str(problems["n"]), *(_greedy(found["models"][model][suite]) for model in models))
            for suite, problems in found["models"][models[0]].items()
        ),
    )


def _greedy(figures: Any) -> str:
    low, high = figures["ci"]
    return f"{100 * figures['accuracy']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
