"""The report's plots, made from the figures of a summary and the rows of the trainers' logs."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from evaluation.report.vector import ARMS, CODES, INK, PAPER, canvas, to_svg

Rows = Sequence[Mapping[str, float]]

WIDTH = 4.7
"""Inches: small enough that a phone shows the text at its own size."""
MOST_POINTS = 160
"""Of a curve; more are averaged in bins."""
TOP_CODES = 7


def arm_colours(arms: Sequence[str]) -> dict[str, int]:
    """Arm -> index of its colour; the well-known arms always have the same, whichever others are there."""
    fixed = {"base": 0, "teacher": 1, "sft": 2, "dpo": 3, "sft+dpo": 4}
    colours: dict[str, int] = {}
    free = 5
    for arm in arms:
        colours[arm] = fixed.get(arm, free)
        if arm not in fixed:
            free = 5 + (free - 4) % 3
    return colours


def accuracy(summary: Mapping[str, Any], suite: str) -> Markup:
    """Sampled (dot) and greedy (square) accuracy of every arm with intervals."""
    arms = [arm for arm, found in summary["arms"].items() if suite in found["suites"]]
    colours = arm_colours(list(summary["arms"]))
    with canvas(WIDTH, 0.75 + 0.42 * len(arms)) as (figure, axes):
        for row, arm in enumerate(arms):
            figures = summary["arms"][arm]["suites"][suite]
            colour = ARMS[colours[arm]]
            _dot(axes, figures["sampled_accuracy"], figures["sampled_ci"], row - 0.14, colour, "o", colour)
            _dot(axes, figures["accuracy"], figures["ci"], row + 0.16, colour, "s", PAPER)
        axes.set(xlim=(-0.02, 1.02), ylim=(len(arms) - 0.4, -0.6), yticks=range(len(arms)), yticklabels=arms)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        axes.set_title(suite)
        return to_svg(figure, f"accuracy-{slug(suite)}", f"Accuracy of every arm on {suite} with intervals")


def _dot(
    axes: Axes, share: float | None, ci: Sequence[float] | None, y: float, colour: str, marker: str, face: str
) -> None:
    if share is None or ci is None:
        return
    axes.plot([ci[0], ci[1]], [y, y], color=colour, linewidth=1.8, solid_capstyle="round")
    axes.plot([share], [y], marker=marker, color=colour, markerfacecolor=face, markersize=5.5, linestyle="none")


def common_codes(summary: Mapping[str, Any]) -> list[str]:
    """The codes that get a colour of their own, commonest first; the others are drawn as one."""
    return _commonest(summary, "errors")


def error_codes(summary: Mapping[str, Any], suite: str) -> Markup:
    """Share of each arm's attempts that ended in each error code, stacked; its length is the share not right."""
    return _stacked(summary, suite, "errors", common_codes(summary), f"Error codes of every arm on {suite}")


def _commonest(summary: Mapping[str, Any], counts: str) -> list[str]:
    totals: dict[str, int] = {}
    for found in summary["arms"].values():
        for figures in found["suites"].values():
            for name, count in figures[counts].items():
                totals[name] = totals.get(name, 0) + count
    return sorted(totals, key=lambda name: (-totals[name], name))[:TOP_CODES]


def _stacked(summary: Mapping[str, Any], suite: str, counts: str, names: Sequence[str], description: str) -> Markup:
    """Bars of shares: of `errors` out of attempts, of `forms` out of all replies."""
    arms = [arm for arm, found in summary["arms"].items() if suite in found["suites"]]
    with canvas(WIDTH, 0.75 + 0.34 * len(arms)) as (figure, axes):
        for row, arm in enumerate(arms):
            figures = summary["arms"][arm]["suites"][suite]
            total = max(1, figures["attempts"] if counts == "errors" else sum(figures[counts].values()))
            left = 0.0
            for index, name in enumerate([*names, ""]):
                others = sum(count for other, count in figures[counts].items() if other not in names)
                width = (figures[counts].get(name, 0) if name else others) / total
                axes.barh(row, width, left=left, height=0.62, color=CODES[index], edgecolor=PAPER, linewidth=0.6)
                left += width
        axes.set(ylim=(len(arms) - 0.4, -0.6), yticks=range(len(arms)), yticklabels=arms)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        axes.set_title(suite)
        return to_svg(figure, f"{counts}-{slug(suite)}", description)


def by_difficulty(summary: Mapping[str, Any], suite: str) -> Markup | None:
    """Accuracy over difficulty with intervals; None where there is only one difficulty."""
    slices = {
        arm: found["suites"][suite]["by_difficulty"]
        for arm, found in summary["arms"].items()
        if suite in found["suites"]
    }
    title = f"{suite}: accuracy by difficulty"
    return _over_numbers(slices, list(summary["arms"]), title, f"difficulty-{slug(suite)}", "difficulty")


def by_functions(summary: Mapping[str, Any], family: str) -> Markup | None:
    """Accuracy over the number of functions offered, with intervals, over all suites of a family."""
    title, slices = f"{family}: accuracy by number of functions", summary["by_functions"][family]
    return _over_numbers(slices, list(summary["arms"]), title, f"functions-{slug(family)}", "functions offered")


def _over_numbers(
    slices: Mapping[str, Mapping[str, Any]], arms: Sequence[str], title: str, name: str, horizontal: str
) -> Markup | None:
    """Arm -> number -> {accuracy, ci} as lines at evenly spaced numbers; None where there is only one number."""
    values = sorted({int(value) for found in slices.values() for value in found})
    if len(values) < 2:
        return None
    colours = arm_colours(arms)
    with canvas(WIDTH, 2.7) as (figure, axes):
        for place, (arm, found) in enumerate(slices.items()):
            shift = 0.05 * (place - (len(slices) - 1) / 2)
            points = [(values.index(value) + shift, found[str(value)]) for value in values if str(value) in found]
            colour = ARMS[colours[arm]]
            x = [at for at, _ in points]
            axes.plot(x, [cell["accuracy"] for _, cell in points], "o-", markersize=4, color=colour, label=arm)
            for at, cell in points:
                axes.plot([at, at], cell["ci"], color=colour, linewidth=1.0)
        axes.set_xticks(range(len(values)), [str(value) for value in values])
        axes.set(ylim=(-0.02, 1.02), xlabel=horizontal)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_title(title)
        figure.legend(loc="outside lower center", ncols=min(5, len(slices)), handlelength=1.2, columnspacing=1.2)
        return to_svg(figure, name, title)


def common_forms(summary: Mapping[str, Any]) -> list[str]:
    """The forms of replies that get a colour of their own, commonest first."""
    return _commonest(summary, "forms")


def forms(summary: Mapping[str, Any], suite: str) -> Markup:
    """Share of each arm's replies in each form: one colour where a model has settled on one format."""
    return _stacked(summary, suite, "forms", common_forms(summary), f"Forms of every arm's replies on {suite}")


def pass_at_k(summary: Mapping[str, Any], suite: str) -> Markup | None:
    """pass@k (solid) and pass^k (dashed) of every arm; None where no more than one attempt was sampled."""
    colours = arm_colours(list(summary["arms"]))
    found = {
        arm: suites["suites"][suite]["metrics"] for arm, suites in summary["arms"].items() if suite in suites["suites"]
    }
    if max((len(metrics["pass_at_k"]) for metrics in found.values()), default=0) < 2:
        return None
    with canvas(WIDTH, 2.7) as (figure, axes):
        for arm, metrics in found.items():
            for key, style, label in (("pass_at_k", "-", arm), ("pass_hat_k", "--", "_")):
                ks = [int(k) for k in metrics[key]]
                axes.plot(ks, list(metrics[key].values()), style, color=ARMS[colours[arm]], label=label)
        axes.set_xscale("log", base=2)
        axes.set_xticks(ks, [str(k) for k in ks])
        axes.set(ylim=(-0.02, 1.02), xlabel="k: one of k right (solid), all k right (dashed)")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_title(f"{suite}: pass@k and pass^k")
        figure.legend(loc="outside lower center", ncols=min(5, len(found)), handlelength=1.2, columnspacing=1.2)
        return to_svg(figure, f"pass-{slug(suite)}", f"pass@k and pass^k on {suite}")


def curves(
    training: Mapping[str, Rows],
    keys: Mapping[str, str],
    title: str,
    name: str,
    preference: bool | None = None,
    from_start: bool = False,
    horizontal: str = "optimizer step",
) -> Markup | None:
    """Curves over optimizer steps; `keys`: column -> line style. None when no arm logged any of them.

    `preference` keeps only rows with (True) or without (False) reward margins, whose losses share no scale;
    `from_start` draws the change since the first row.
    """
    drawn: list[tuple[str, str, list[float], list[float]]] = []
    for arm, rows in training.items():
        for key, style in keys.items():
            kept = [row for row in rows if key in row and preference in (None, "rewards/margins" in row)]
            if len(kept) > 1:
                x = [float(row.get("step", index)) for index, row in enumerate(kept)]
                y = [float(row[key]) for row in kept]
                drawn.append((arm, style, *_binned(x, [value - y[0] for value in y] if from_start else y)))
    if not drawn:
        return None
    colours = arm_colours(list(training))
    with canvas(WIDTH, 2.5) as (figure, axes):
        for arm, style, x, y in drawn:
            label = arm if style == "-" else "_"
            axes.plot(x, y, style, color=ARMS[colours[arm]], label=label)
        if from_start:
            axes.axhline(0, color=INK, linewidth=0.7)
        axes.set_xlabel(horizontal)
        axes.set_title(title)
        figure.legend(loc="outside lower center", ncols=5, handlelength=1.2, columnspacing=1.2)
        return to_svg(figure, name, title)


def training_plots(training: Mapping[str, Rows]) -> list[Markup]:
    """Losses, rewards, what happened to the likelihoods, gradients, and how fast it went."""
    made = [
        curves(training, {"loss": "-"}, "loss of supervised arms", "loss-sft", preference=False),
        curves(training, {"loss": "-"}, "loss of preference arms", "loss-dpo", preference=True),
        curves(training, {"rewards/margins": "-"}, "reward margin (chosen − rejected)", "margins"),
        curves(training, {"rewards/accuracies": "-"}, "pairs ordered rightly by reward", "reward-accuracy"),
        curves(
            training,
            {"rewards/chosen": "-", "rewards/rejected": "--"},
            "rewards",
            "rewards",
            horizontal="optimizer step: chosen (solid), rejected (dashed)",
        ),
        curves(training, {"kl": "-"}, "log-ratio to the reference on the data's chains, nats", "kl"),
        curves(
            training,
            {"logps/chosen": "-", "logps/rejected": "--"},
            "log-probability, change since the start",
            "displacement",
            from_start=True,
            horizontal="optimizer step: chosen (solid), rejected (dashed)",
        ),
        curves(training, {"grad_norm": "-"}, "gradient norm", "grad-norm"),
        curves(training, {"tokens_per_second": "-"}, "tokens a second, each once, all ranks", "tokens-per-second"),
        curves(training, {"fraction_of_limit": "-"}, "share of the machine's matrix rate", "fraction-of-limit"),
    ]
    return [plot for plot in made if plot is not None]


def _binned(x: Sequence[float], y: Sequence[float]) -> tuple[list[float], list[float]]:
    size = -(-len(x) // MOST_POINTS)
    starts = range(0, len(x), size)
    return (
        [sum(x[start : start + size]) / len(x[start : start + size]) for start in starts],
        [sum(y[start : start + size]) / len(y[start : start + size]) for start in starts],
    )


def slug(text: str) -> str:
    """`text` as part of an id."""
    return "".join(letter if letter.isascii() and letter.isalnum() else f"_{ord(letter):x}" for letter in text)
