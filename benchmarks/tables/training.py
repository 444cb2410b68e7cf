"""Tables of docs/performance.md from the results of `benchmarks.dpo_step`, `dpo_local` and `grpo_step`."""

from collections.abc import Sequence
from typing import Any

from benchmarks.tables.markdown import table

WAYS = {"trl": "TRL 1.16", "pairs": "pairs, one by one", "factored": "factored", "tree": "tree"}
_UPDATE_WAYS = {"trl": "TRL 1.16", "chains": "chain by chain", "tree": "tree"}
_GROUPS = {"single": "one turn", "turns": "shared turns", "long": "long answers"}
Result = dict[str, Any]
"""One way's figures at one size, or a whole result file."""


def steps_table(report: Result, right: int, wrong: int) -> str:
    """Every way at one size of group."""
    rows = [row for row in report["rows"] if (row["right"], row["wrong"]) == (right, wrong)]
    return table(
        ("way", "tokens", "seconds", "CPU seconds", "pairs/s", "peak MB", "gradient error against pairs"),
        (
            (
                WAYS[row["way"]] + (f" ({row['note'].replace('=', ' ')})" if row["way"] == "trl" else ""),
                f"{row['tokens']:,}",
                f"{row['seconds']:.2f}",
                f"{row['cpu_seconds']:.2f}",
                f"{row['pairs_per_second']:.2f}",
                f"{row['peak_mb']:,.0f}",
                "–" if row["gradient_error"] is None else f"{row['gradient_error']:.1e}",
            )
            for row in rows
        ),
    )


def sweep_table(report: Result) -> str:
    """A row for every size of group and length of prompt; a dash where a way was not run."""
    sizes: dict[tuple[int, ...], dict[str, Result]] = {}
    for row in report["rows"]:
        size = (row["right"], row["wrong"], row["prompt_tokens"], row["completion_tokens"])
        sizes.setdefault(size, {})[row["way"]] = row
    return table(
        ("n x m", "P", "c", "tokens: pairs, tree", *(f"{way}, pairs/s" for way in WAYS), "tree / TRL"),
        (_size_row(size, ways) for size, ways in sizes.items()),
    )


def _size_row(size: Sequence[int], ways: dict[str, Result]) -> list[str]:
    right, wrong, prompt, completion = size
    rates = {way: found["pairs_per_second"] for way, found in ways.items()}
    pairs_tokens = right * wrong * 2 * (prompt + completion)
    return [
        f"{right} x {wrong}",
        str(prompt),
        str(completion),
        f"{pairs_tokens:,}, {ways['tree']['tokens']:,}",
        *(f"{rates[way]:.1f}" if way in rates else "–" for way in WAYS),
        f"{rates['tree'] / rates['trl']:.1f}" if "trl" in rates else "–",
    ]


def updates_table(report: Result) -> str:
    """Every way to every update at every shape of group; the last column is TRL's CPU seconds over the way's."""
    rows = report["rows"]
    trl = {(row["update"], row["shape"]): row["cpu_seconds"] for row in rows if row["way"] == "trl"}
    return table(
        (
            "update",
            "group",
            "way",
            "tokens",
            "seconds",
            "CPU seconds",
            "peak MB",
            "gradient error",
            "TRL's CPU seconds over it",
        ),
        (
            (
                row["update"].upper(),
                _GROUPS[row["shape"]],
                _UPDATE_WAYS[row["way"]] + (f" ({row['note'].replace('=', ' ')})" if row["note"] else ""),
                f"{row['tokens']:,}",
                f"{row['seconds']:.2f}",
                f"{row['cpu_seconds']:.2f}",
                f"{row['peak_mb']:,.0f}",
                "–" if row["gradient_error"] is None else f"{row['gradient_error']:.1e}",
                f"{trl[row['update'], row['shape']] / row['cpu_seconds']:.2f}",
            )
            for row in rows
        ),
    )


def local_table(report: Result) -> str:
    """The local recipe's DPO arm by both trainers."""
    return table(
        ("way", "seconds", "pairs/s", "arithmetic, greedy / sampled", "fol, greedy / sampled"),
        (
            (
                WAYS[way],
                f"{found['seconds']:.1f}",
                f"{found['pairs_per_second']:.0f}",
                *(
                    f"{100 * found['accuracy'][suite]['greedy']:.1f} / {100 * found['accuracy'][suite]['sampled']:.1f}"
                    for suite in ("arithmetic", "fol")
                ),
            )
            for way, found in report["ways"].items()
        ),
    )
