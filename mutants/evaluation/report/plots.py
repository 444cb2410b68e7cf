"""The plots of a run's page, made from the figures of a summary and the rows of the trainers' logs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Literal

from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from cluster.config import Section, load_toml, parse
from evaluation.figures import Slice, Summary
from evaluation.report.vector import (
    ARMS,
    CODES,
    INK,
    PAPER,
    WIDTH,
    canvas,
    dot,
    legend_below,
    line,
    name_rows,
    share_lines,
    slug,
    to_svg,
)

Rows = Sequence[Mapping[str, float]]

Counts = Literal["errors", "forms"]

MOST_POINTS = 160
"""Points of a curve; longer ones are averaged in bins."""
TOP_CODES = 7
"""Error codes, and forms, that get a colour of their own; the others are drawn as one."""


def arm_colours(arms: Sequence[str]) -> dict[str, int]:
    """Arm -> index of its colour; the well-known arms always have the same, whichever others are there."""
    fixed = {"base": 0, "teacher": 1, "sft": 2, "dpo": 3, "sft+dpo": 4}
    others = [arm for arm in arms if arm not in fixed]
    return {arm: fixed[arm] if arm in fixed else 5 + others.index(arm) % 3 for arm in arms}


def accuracy(summary: Summary, suite: str) -> Markup:
    """Sampled (dot) and greedy (square) accuracy of every arm with intervals."""
    found, colours = summary.on(suite), arm_colours(list(summary.arms))
    with canvas(WIDTH, 0.75 + 0.42 * len(found)) as (figure, axes):
        for row, (arm, figures) in enumerate(found.items()):
            colour = ARMS[colours[arm]]
            dot(axes, figures.sampled_accuracy, figures.sampled_ci, row - 0.14, colour)
            dot(axes, figures.accuracy, figures.ci, row + 0.16, colour, "s", filled=False)
        axes.set_xlim(-0.02, 1.02)
        name_rows(axes, list(found), suite)
        return to_svg(figure, f"accuracy-{slug(suite)}", f"Accuracy of every arm on {suite} with intervals")


def commonest(summary: Summary, counts: Counts) -> list[str]:
    """The error codes, or the forms of replies, that get a colour of their own, commonest first."""
    totals: Counter[str] = Counter()
    for arm in summary.arms.values():
        for figures in arm.suites.values():
            totals.update(figures.errors if counts == "errors" else figures.forms)
    return sorted(totals, key=lambda name: (-totals[name], name))[:TOP_CODES]


def stacked(summary: Summary, suite: str, counts: Counts) -> Markup:
    """Every arm's bar of shares, stacked: of `errors` out of attempts, so that its length is the share that is not
    right; or of `forms` out of all replies, so that one colour is all there is where a model settled on one format."""
    found, names = summary.on(suite), commonest(summary, counts)
    with canvas(WIDTH, 0.75 + 0.34 * len(found)) as (figure, axes):
        for row, figures in enumerate(found.values()):
            counted = figures.errors if counts == "errors" else figures.forms
            total = max(1, figures.attempts if counts == "errors" else sum(counted.values()))
            others = sum(count for name, count in counted.items() if name not in names)
            left = 0.0
            for index, count in enumerate([*(counted.get(name, 0) for name in names), others]):
                share = count / total
                axes.barh(row, share, left=left, height=0.62, color=CODES[index], edgecolor=PAPER, linewidth=0.6)
                left += share
        axes.set_xlim(left=0)
        name_rows(axes, list(found), suite)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        what = "Error codes of every arm" if counts == "errors" else "Forms of every arm's replies"
        return to_svg(figure, f"{counts}-{slug(suite)}", f"{what} on {suite}")


def over_numbers(summary: Summary) -> list[Markup]:
    """Accuracy by difficulty, then by number of functions, then with more attempts, as far as there is anything."""
    arms, made = list(summary.arms), []
    for suite in summary.suites:
        slices = {arm: figures.by_difficulty for arm, figures in summary.on(suite).items()}
        title = f"{suite}: accuracy by difficulty"
        made.append(_lines(slices, arms, title, f"difficulty-{slug(suite)}", "difficulty"))
    for family, by_number in summary.by_functions.items():
        title = f"{family}: accuracy by number of functions"
        made.append(_lines(by_number, arms, title, f"functions-{slug(family)}", "functions offered"))
    made += [pass_at_k(summary, suite) for suite in summary.suites]
    return [plot for plot in made if plot is not None]


def _lines(
    slices: Mapping[str, Mapping[str, Slice]], arms: Sequence[str], title: str, name: str, horizontal: str
) -> Markup | None:
    """Arm -> number -> accuracy, as lines at evenly spaced numbers; None where there is only one number."""
    values = sorted({int(value) for found in slices.values() for value in found})
    if len(values) < 2:
        return None
    colours = arm_colours(arms)
    with canvas(WIDTH, 2.7) as (figure, axes):
        for place, (arm, found) in enumerate(slices.items()):
            shift = 0.05 * (place - (len(slices) - 1) / 2)
            points = [
                (values.index(int(value)) + shift, cell.accuracy, cell.ci)
                for value, cell in found.items()
                if cell.accuracy is not None and cell.ci is not None
            ]
            line(axes, points, ARMS[colours[arm]], arm, markersize=4)
        axes.set_xticks(range(len(values)), [str(value) for value in values])
        share_lines(axes, title, horizontal, min(5, len(slices)))
        return to_svg(figure, name, title)


def pass_at_k(summary: Summary, suite: str) -> Markup | None:
    """pass@k (solid) and pass^k (dashed) of every arm; None where no more than one attempt was sampled."""
    found, colours = summary.on(suite), arm_colours(list(summary.arms))
    ks = max((list(figures.metrics.pass_at_k) for figures in found.values()), key=len)
    if len(ks) < 2:
        return None
    with canvas(WIDTH, 2.7) as (figure, axes):
        for arm, figures in found.items():
            for over_k, style, label in (
                (figures.metrics.pass_at_k, "-", arm),
                (figures.metrics.pass_hat_k, "--", "_"),
            ):
                x = [int(k) for k in over_k]
                axes.plot(x, list(over_k.values()), style, color=ARMS[colours[arm]], label=label)
        axes.set_xscale("log", base=2)
        axes.set_xticks([int(k) for k in ks], ks)
        horizontal = "k: one of k right (solid), all k right (dashed)"
        share_lines(axes, f"{suite}: pass@k and pass^k", horizontal, min(5, len(found)))
        return to_svg(figure, f"pass-{slug(suite)}", f"pass@k and pass^k on {suite}")


class Curves(Section):
    """A plot over optimizer steps. `preference` keeps only rows with (true) or without (false) reward margins, whose
    losses have different scales; `from_start` draws the change since the first row."""

    id: str
    title: str
    keys: dict[str, str]
    """Column -> line style; the curves of solid ones are named in the legend."""
    preference: bool | None = None
    from_start: bool = False
    horizontal: str = "optimizer step"


class CurveTable(Section):
    """`curves.toml`."""

    plots: tuple[Curves, ...]


def curves(training: Mapping[str, Rows], plot: Curves) -> Markup | None:
    """The curves of all arms; None when no arm logged any of the columns."""
    drawn: list[tuple[str, str, list[float], list[float]]] = []
    for arm, rows in training.items():
        for key, style in plot.keys.items():
            kept = [row for row in rows if key in row and plot.preference in (None, "rewards/margins" in row)]
            if len(kept) > 1:
                x = [float(row.get("step", index)) for index, row in enumerate(kept)]
                y = [float(row[key]) for row in kept]
                y = [value - y[0] for value in y] if plot.from_start else y
                size = -(-len(kept) // MOST_POINTS)
                x, y = ([fmean(values[at : at + size]) for at in range(0, len(kept), size)] for values in (x, y))
                drawn.append((arm, style, x, y))
    if not drawn:
        return None
    colours = arm_colours(list(training))
    with canvas(WIDTH, 2.5) as (figure, axes):
        for arm, style, x, y in drawn:
            axes.plot(x, y, style, color=ARMS[colours[arm]], label=arm if style == "-" else "_")
        if plot.from_start:
            axes.axhline(0, color=INK, linewidth=0.7)
        axes.set(xlabel=plot.horizontal, title=plot.title)
        legend_below(axes, 5)
        return to_svg(figure, plot.id, plot.title)


def training_plots(training: Mapping[str, Rows]) -> list[Markup]:
    """Plots of losses, rewards, log-probabilities, gradients and speed, as far as the trainers logged them."""
    path = Path(__file__).with_name("curves.toml")
    table = parse(CurveTable, load_toml(path, "table"), str(path))
    return [made for plot in table.plots if (made := curves(training, plot)) is not None]
