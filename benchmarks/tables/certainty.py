"""Tables of docs/metrics.md from the results of `benchmarks.coverage`."""

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.tables.markdown import table

Row = dict[str, Any]

EDGE = 0.05
"""Rates up to this one are called near the edge."""


def accuracy_table(report: Row) -> str:
    """Coverage of the interval of an accuracy by number of problems, near the edge and farther from it."""

    def cells(problems: int, near: bool) -> list[str]:
        rows = [row for row in report["accuracy"] if row["problems"] == problems and (row["rate"] <= EDGE) is near]
        return [_range(rows, lambda row: row["coverage"]), f"{100 * _mean(rows, 'width'):.1f}"]

    counts = sorted({row["problems"] for row in report["accuracy"]})
    return table(
        (
            "problems",
            f"rate up to {100 * EDGE:g} %: coverage, least to most",
            "mean width, points",
            "rate above: coverage",
            "mean width, points",
        ),
        ([str(count), *cells(count, near=True), *cells(count, near=False)] for count in counts),
    )


def differences_table(report: Row) -> str:
    """Coverage of the interval of a paired difference, and size and power of the test of non-inferiority."""
    rows = []
    for problems in sorted({row["problems"] for row in report["differences"]}):
        found = [row for row in report["differences"] if row["problems"] == problems]
        tests = [row for row in report["non_inferiority"] if row["problems"] == problems]
        everywhere = [row["power"] for row in tests if row["kind"] == "everywhere"]
        rows.append(
            [
                str(problems),
                _range(found, lambda row: row["coverage"]),
                f"{100 * max(row['size'] for row in tests):.1f}",
                f"{100 * min(everywhere):.0f} to {100 * max(everywhere):.0f}",
            ]
        )
    return table(
        ("problems", "difference: coverage", "a loss of 5 points called a match, at most, %", "no loss called one, %"),
        rows,
    )


def seeds_table(report: Row) -> str:
    """Coverage of the interval of a mean over seeds and problems, where seeds do not differ and where they do."""

    def cells(seeds: int, alike: bool) -> str:
        rows = [row for row in report["seeds"] if row["seeds"] == seeds and (row["of_seed"] == 0) is alike]
        return _range(rows, lambda row: row["coverage"]) if rows else "–"

    counts = sorted({row["seeds"] for row in report["seeds"]})
    return table(
        ("seeds or replicates", "they do not differ: coverage", "they differ: coverage"),
        ([str(count), cells(count, alike=True), cells(count, alike=False)] for count in counts),
    )


def _range(rows: Sequence[Row], value: Callable[[Row], float]) -> str:
    values = [100 * value(row) for row in rows]
    return f"{min(values):.1f} to {max(values):.1f}"


def _mean(rows: Sequence[Row], key: str) -> float:
    return float(sum(row[key] for row in rows)) / len(rows)
