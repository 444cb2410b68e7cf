"""Matplotlib figures as SVG that lives inside a page: colours are the page's own, texts are text, ids are unique.

A figure is drawn with the stand-in colours below; afterwards each becomes a CSS variable of the page, so that one
drawing is right in light and in dark.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from evaluation.figures import Range

WIDTH = 4.7
"""Inches: small enough that a phone shows the text at its own size."""
_SETTINGS = mpl.rc_params_from_file(Path(__file__).with_name("plots.mplstyle"), use_default_template=False)
INK, GRID, PAPER = _SETTINGS["text.color"], _SETTINGS["grid.color"], "#0a0b02"
ARMS = tuple(f"#0a0b1{index:x}" for index in range(8))
CODES = tuple(f"#0a0b2{index:x}" for index in range(8))

VARIABLES = (
    {INK: "--ink-soft", GRID: "--grid", PAPER: "--paper"}
    | {colour: f"--arm-{index}" for index, colour in enumerate(ARMS)}
    | {colour: f"--code-{index}" for index, colour in enumerate(CODES)}
)


@contextmanager
def canvas(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure of `width` x `height` inches and its axes, in the report's style, without any global state left over."""
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, figure.add_subplot()


def to_svg(figure: Figure, name: str, description: str) -> Markup:
    """The figure as an <svg> element; `name` prefixes its ids, screen readers read `description`."""
    buffer = io.StringIO()
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    label = str(Markup.escape(description))
    view = re.search(r'viewBox="[^"]*"', text)
    assert view is not None, "matplotlib writes a viewBox"
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {view[0]} role="img" aria-label="{label}">'
    text = opening + text[text.index(">") + 1 :]
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{name}-", text)
    text = text.replace("xlink:href", "href")
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r"font: (?:[\w.]+ )*?([\d.]+px) [^;\"]*", r"font-size: \1", text)
    return Markup(text)


def name_rows(axes: Axes, names: Sequence[str], title: str, unit: str = "%") -> None:
    """Names from the top down at y = 0, 1, ...; the horizontal axis is of shares, in `unit`."""
    axes.set(ylim=(len(names) - 0.4, -0.6), yticks=range(len(names)), yticklabels=names)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=unit))
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    axes.set_title(title)


def dot(
    axes: Axes,
    share: float | None,
    ci: Range | None,
    y: float,
    colour: str,
    marker: str = "o",
    filled: bool = True,
    marks: Sequence[float] = (),
) -> None:
    """A share with its interval at height y, and a stroke at each of `marks`; nothing where there is no share."""
    if share is not None and ci is not None:
        axes.plot(ci, [y, y], color=colour, linewidth=1.8, solid_capstyle="round")
        axes.plot(marks, [y] * len(marks), "|", color=colour, markersize=7)
        axes.plot([share], [y], marker, color=colour, markerfacecolor=colour if filled else PAPER, markersize=5.5)


def line(
    axes: Axes, points: Sequence[tuple[float, float, Range]], colour: str, label: str, markersize: float | None = None
) -> None:
    """A line through shares (x, share, interval), each with its interval."""
    x, shares = [at for at, _, _ in points], [share for _, share, _ in points]
    axes.plot(x, shares, "o-", color=colour, label=label, markersize=markersize)
    for at, _, ci in points:
        axes.plot([at, at], ci, color=colour, linewidth=1.0)


def share_lines(axes: Axes, title: str, horizontal: str, columns: int) -> None:
    """The vertical axis is of shares from 0 to 1; the legend stands below the plot in `columns` columns."""
    axes.set(ylim=(-0.02, 1.02), xlabel=horizontal)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title(title)
    legend_below(axes, columns)


def legend_below(axes: Axes, columns: int) -> None:
    """The legend, below the plot."""
    axes.figure.legend(loc="outside lower center", ncols=columns, handlelength=1.2, columnspacing=1.2)


def slug(text: str) -> str:
    """`text` as part of an id."""
    return "".join(letter if letter.isascii() and letter.isalnum() else f"_{ord(letter):x}" for letter in text)
