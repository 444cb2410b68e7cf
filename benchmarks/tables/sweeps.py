"""Tables of docs/findings.md from the summaries of sweeps and of single runs."""

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.tables.markdown import table
from evaluation.measures.bfcl import COLUMNS
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


def suites_table(summary: SweepSummary, measure: str) -> str:
    """Every suite's mean accuracy over replicates or seeds, by row, of the suites that have this measure."""
    found = {suite: [getattr(row, measure) for row in of_suite.rows] for suite, of_suite in summary.suites.items()}
    rows = [row.row for row in next(iter(summary.suites.values())).rows]
    return table(
        ("suite", *rows),
        ((suite, *map(_accuracy, means)) for suite, means in found.items() if any(means)),
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


def board_table(found: Any) -> str:
    """A run's greedy accuracy in BFCL's columns, with the number of problems, drawn ones and whole categories."""
    columns = [name for name in COLUMNS if any(name in cells for cells in found["bfcl"].values())]
    return table(
        ("model", *columns),
        (
            (row, *(f"{_share(cells[name]['accuracy'])} ({cells[name]['n']})" for name in columns))
            for row, cells in found["bfcl"].items()
        ),
    )


def rates_table(found: Any, beta: float) -> str:
    """Of every model of one run the greedy and the sampled accuracy by suite, and the mean of sampled ones.

    Beside them, by how many nats chosen and rejected chains are likelier than under the reference at an arm's last
    step: its rewards over beta.
    """
    rows = []
    for model, suites in found["models"].items():
        sampled = [figures["sampled_accuracy"] for figures in suites.values()]
        both = [share for one in suites.values() for share in (one["accuracy"], one["sampled_accuracy"])]
        moved = [_nats(reward / beta) for reward in found["rewards"].get(model, [[]])[-1]] or ["–", "–"]
        rows.append([model, *map(_share, both), _share(sum(sampled) / len(sampled)), *moved])
    suites = [f"{suite}, {measure}" for suite in found["models"]["base"] for measure in ("greedy", "sampled")]
    return table(("model", *suites, "mean of sampled", "chosen, nats", "rejected, nats"), rows)


def moved_table(runs: Mapping[str, Any], beta: float, steps: int = 5) -> str:
    """Of every DPO arm of some runs, by how many nats chosen and rejected chains are likelier than under the reference:
    the rewards of its last `steps` steps over beta, in the mean."""
    arms = dict.fromkeys(arm for found in runs.values() for arm in found["rewards"])
    return table(
        ("arm", *(f"{name}, {kind}" for name in runs for kind in ("chosen", "rejected"))),
        (
            [arm, *(_nats(each) for found in runs.values() for each in _moved(found["rewards"][arm], beta, steps))]
            for arm in arms
        ),
    )


def _moved(rewards: list[list[float]], beta: float, steps: int) -> list[float]:
    last = rewards[-steps:]
    return [sum(both[at] for both in last) / len(last) / beta for at in (0, 1)]


def attempts_table(found: Any) -> str:
    """What became of a teacher's attempts in each family."""
    rows = []
    for family, figures in found["rollouts"].items():
        attempts, turns, kept = figures["attempts"], figures["turns of right ones"], figures["kept"]
        longer = sum(count for said, count in turns.items() if int(said) > 1)
        counts = (sum(attempts.values()), attempts.get("right", 0), longer)
        rows.append(
            [family, *(str(each) for each in (*counts, *(kept.get(name, 0) for name in ("groups", "right", "wrong"))))]
        )
    head = ("family", "attempts", "right", "right over several turns", "groups", "right chains", "wrong chains")
    return table(head, rows)


def _greedy(figures: Any) -> str:
    low, high = figures["ci"]
    return f"{100 * figures['accuracy']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def rivals_table(found: Any) -> str:
    """What every arm gained and spent: means over replicates, sampled accuracy with its interval over other models."""
    arms: dict[str, Any] = found["arms"]
    suites = list(next(iter(arms.values()))["accuracy"])
    return table(
        ("arm", *suites, *(heading for _, heading, _ in _RIVALS)),
        (
            (
                arm,
                *(_interval(figures["accuracy"][suite]) for suite in suites),
                *("–" if (each := figures[name]) is None else shown(each["mean"]) for name, _, shown in _RIVALS),
            )
            for arm, figures in arms.items()
        ),
    )


def _interval(found: Any) -> str:
    low, high = found["ci"]
    return f"{100 * found['mean']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _share(value: float) -> str:
    return f"{100 * value:.1f}"


def _nats(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


_RIVALS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("over_calling", "over-calling", _share),
    ("format_validity", "replies with calls", _share),
    ("diversity_text", "diversity of wording", _share),
    ("right_chains", "right chains, nats/token", _nats),
    ("wrong_chains", "wrong chains, nats/token", _nats),
    ("teacher_tokens", "teacher's tokens", lambda value: f"{value:,.0f}"),
    ("own_tokens", "own tokens", lambda value: f"{value:,.0f}"),
    ("seconds", "seconds", lambda value: f"{value:,.0f}"),
)
"""Figure -> its heading, and how it is written."""
