"""A sweep's page: the answers, every row with its mean over seeds, and plots. One HTML file that needs nothing else."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from evaluation.figures import Range
from evaluation.measures.metrics import MEANING
from evaluation.report.pages import render
from evaluation.report.vector import ARMS, INK, WIDTH, canvas, dot, line, name_rows, share_lines, slug, to_svg
from evaluation.sweep import MEASURES, SHOWN_METRICS, SweepAnswer, SweepRow, SweepSummary

COMMON_CODES = 4


def render_sweep(summary: SweepSummary) -> str:
    """The page as text."""
    return render(
        "sweep.html",
        summary=summary,
        suites=summary.suites,
        measures=MEASURES,
        metrics=SHOWN_METRICS,
        meaning=MEANING,
        rows_plot=rows_plot,
        answers_plot=answers_plot,
        axis_plots=[
            plot
            for axis, values in summary.axes.items()
            for suite, found in summary.suites.items()
            if (plot := axis_plot(axis, values, suite, found.rows)) is not None
        ],
        codes_shown=COMMON_CODES,
    )


def rows_plot(suite: str, rows: Sequence[SweepRow]) -> Markup:
    """Every row's mean with its interval, and a small stroke a seed: sampled (dot) and greedy (square)."""
    with canvas(WIDTH, 0.8 + 0.42 * len(rows)) as (figure, axes):
        for place, row in enumerate(rows):
            colour = ARMS[place % len(ARMS)]
            if row.sampled is not None:
                dot(axes, row.sampled.mean, row.sampled.ci, place - 0.14, colour, marks=row.sampled.by_seed)
            if row.greedy is not None:
                dot(axes, row.greedy.mean, row.greedy.ci, place + 0.16, colour, "s", False, row.greedy.by_seed)
        axes.set_xlim(-0.02, 1.02)
        name_rows(axes, [_short(row.row) for row in rows], suite)
        description = f"Accuracy of every row on {suite}, mean over seeds with intervals"
        return to_svg(figure, f"rows-{slug(suite)}", description)


def answers_plot(suite: str, answers: Sequence[SweepAnswer]) -> Markup | None:
    """Every difference asked for with its interval; filled where it is significant after correction."""
    for measure in MEASURES:
        shown = [(answer, found) for answer in answers if (found := getattr(answer, measure)) is not None]
        if shown:
            break
    else:
        return None
    with canvas(WIDTH, 0.8 + 0.36 * len(shown)) as (figure, axes):
        axes.axvline(0, color=INK, linewidth=0.7)
        for place, (_, found) in enumerate(shown):
            colour = ARMS[place % len(ARMS)]
            dot(axes, found.difference, found.interval, place, colour, "o", found.significant, found.by_seed)
        name_rows(axes, [_short(answer.question) for answer, _ in shown], f"{suite}, {measure}", " points")
        axes.locator_params(axis="x", nbins=4)
        return to_svg(figure, f"answers-{slug(suite)}", f"Differences in {measure} accuracy on {suite} with intervals")


def axis_plot(axis: str, values: Sequence[Any], suite: str, rows: Sequence[SweepRow]) -> Markup | None:
    """Accuracy over the values of a numeric axis, a line for each of the other settings; None where it has no scale."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < 2 or len(numbers) != len(values):
        return None
    key = axis.rpartition(".")[2]
    lines: dict[str, list[tuple[float, float, Range]]] = {}
    for row in rows:
        for value in numbers:
            for mark in (f"{key}={value:g}", f"{key}={value}"):
                if row.sampled is not None and mark in row.row.replace(" @ ", ".").split(".", 1)[-1].split("+"):
                    lines.setdefault(row.row.replace(mark, f"{key}=·"), []).append(
                        (value, row.sampled.mean, row.sampled.ci)
                    )
                    break
    lines = {name: found for name, found in lines.items() if len(found) > 1}
    if not lines:
        return None
    with canvas(WIDTH, 2.7) as (figure, axes):
        for place, (name, found) in enumerate(lines.items()):
            line(axes, sorted(found, key=lambda point: point[0]), ARMS[place % len(ARMS)], name)
        if min(numbers) > 0 and max(numbers) / min(numbers) >= 8:
            axes.set_xscale("log")
            axes.set_xticks(numbers, [f"{value:g}" for value in numbers])
        share_lines(axes, f"{suite}: sampled accuracy", axis, 2)
        return to_svg(figure, f"axis-{slug(axis)}-{slug(suite)}", f"Accuracy on {suite} over {axis}")


def _short(text: str) -> str:
    return text if len(text) <= 34 else f"{text[:32]}…"
