"""A sweep's page: the answers, every row with its mean over seeds, and plots. One HTML file that needs nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.ticker import PercentFormatter

from evaluation.findings import p_text, percent, points
from evaluation.measures.metrics import MEANING
from evaluation.report.pages import environment, figure_text, style, write_page
from evaluation.report.plots import WIDTH, slug
from evaluation.report.vector import ARMS, INK, PAPER, canvas, to_svg
from evaluation.sweep import MEASURES, SHOWN_METRICS

COMMON_CODES = 4


def write_sweep_report(path: Path, summary: Mapping[str, Any]) -> None:
    """Write the page of `summarise_sweep`'s summary to `path`, whole or not at all. Raises OSError."""
    write_page(path, render_sweep(summary))


def render_sweep(summary: Mapping[str, Any]) -> str:
    """The page as text."""
    suites = summary["suites"]
    made = environment()
    made.filters |= {"percent": percent, "points": points, "p_text": p_text, "figure": figure_text}
    return made.get_template("sweep.html").render(
        summary=summary,
        suites=suites,
        confidence=f"{100 * summary['confidence']:g}\u00a0%",
        style=style(),
        measures=MEASURES,
        metrics=SHOWN_METRICS,
        meaning=MEANING,
        row_plots={suite: rows_plot(suite, found["rows"]) for suite, found in suites.items()},
        answer_plots={suite: answers_plot(suite, found["answers"]) for suite, found in suites.items()},
        axis_plots=[
            plot
            for axis, values in summary.get("axes", {}).items()
            for suite, found in suites.items()
            if (plot := axis_plot(axis, values, suite, found["rows"])) is not None
        ],
        codes=lambda row: list(row["errors"].items())[:COMMON_CODES],
    )


def rows_plot(suite: str, rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Every row's mean with its interval, and a small mark a seed: sampled (dot) and greedy (square)."""
    with canvas(WIDTH, 0.8 + 0.42 * len(rows)) as (figure, axes):
        for place, row in enumerate(rows):
            colour = ARMS[place % len(ARMS)]
            for measure, shift, marker, face in (("sampled", -0.14, "o", colour), ("greedy", 0.16, "s", PAPER)):
                if row[measure] is not None:
                    found, y = row[measure], place + shift
                    axes.plot(found["ci"], [y, y], color=colour, linewidth=1.6, solid_capstyle="round")
                    axes.plot(found["by_seed"], [y] * len(found["by_seed"]), "|", color=colour, markersize=7)
                    axes.plot([found["mean"]], [y], marker, color=colour, markerfacecolor=face, markersize=5.5)
        names = [_short(row["row"]) for row in rows]
        axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.4, -0.6), yticks=range(len(rows)), yticklabels=names)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        axes.set_title(suite)
        return to_svg(
            figure, f"rows-{slug(suite)}", f"Accuracy of every row on {suite}, mean over seeds with intervals"
        )


def answers_plot(suite: str, answers: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Every difference asked for with its interval; filled where it is significant after correction."""
    measure = next((one for one in MEASURES if any(answer[one] is not None for answer in answers)), None)
    if measure is None:
        return None
    shown = [answer for answer in answers if answer[measure] is not None]
    with canvas(WIDTH, 0.8 + 0.36 * len(shown)) as (figure, axes):
        axes.axvline(0, color=INK, linewidth=0.7)
        for place, answer in enumerate(shown):
            found, colour = answer[measure], ARMS[place % len(ARMS)]
            axes.plot(found["ci"], [place, place], color=colour, linewidth=1.8, solid_capstyle="round")
            axes.plot(found["by_seed"], [place] * len(found["by_seed"]), "|", color=colour, markersize=7)
            face = colour if found["significant"] else PAPER
            axes.plot([found["difference"]], [place], "o", color=colour, markerfacecolor=face, markersize=6)
        axes.set(ylim=(len(shown) - 0.4, -0.6), yticks=range(len(shown)))
        axes.set_yticklabels([_short(answer["question"]) for answer in shown])
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" points"))
        axes.locator_params(axis="x", nbins=4)
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        axes.set_title(f"{suite}, {measure}")
        return to_svg(figure, f"answers-{slug(suite)}", f"Differences in {measure} accuracy on {suite} with intervals")


def axis_plot(axis: str, values: Sequence[Any], suite: str, rows: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Accuracy over the values of a numeric axis, a line for each of the other settings; None where it has no scale."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < 2 or len(numbers) != len(values):
        return None
    key = axis.rpartition(".")[2]
    lines: dict[str, list[tuple[float, Mapping[str, Any]]]] = {}
    for row in rows:
        for value in numbers:
            for mark in (f"{key}={value:g}", f"{key}={value}"):
                if row["sampled"] is not None and mark in row["row"].replace(" @ ", ".").split(".", 1)[-1].split("+"):
                    lines.setdefault(row["row"].replace(mark, f"{key}=·"), []).append((value, row["sampled"]))
                    break
    lines = {name: found for name, found in lines.items() if len(found) > 1}
    if not lines:
        return None
    with canvas(WIDTH, 2.7) as (figure, axes):
        for place, (name, found) in enumerate(lines.items()):
            colour = ARMS[place % len(ARMS)]
            ordered = sorted(found, key=lambda point: point[0])
            axes.plot([x for x, _ in ordered], [cell["mean"] for _, cell in ordered], "o-", color=colour, label=name)
            for x, cell in ordered:
                axes.plot([x, x], cell["ci"], color=colour, linewidth=1.0)
        if min(numbers) > 0 and max(numbers) / min(numbers) >= 8:
            axes.set_xscale("log")
            axes.set_xticks(numbers, [f"{value:g}" for value in numbers])
        axes.set(ylim=(-0.02, 1.02), xlabel=axis)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_title(f"{suite}: sampled accuracy")
        figure.legend(loc="outside lower center", ncols=2, handlelength=1.2, columnspacing=1.2)
        return to_svg(figure, f"axis-{slug(axis)}-{slug(suite)}", f"Accuracy on {suite} over {axis}")


def _short(text: str) -> str:
    return text if len(text) <= 34 else f"{text[:32]}…"
