"""The sweep of benchmarks.dpo_step as a plot and a table: python -m benchmarks.dpo_plot JSON --svg FILE

The table, in Markdown, goes to the terminal.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.dpo_step import SWEEP
from benchmarks.steps.dpo import WAYS

SWEEP_MOST = max(row.right for row in SWEEP)

_COLOURS = {"trl": "#c2410c", "pairs": "#a16207", "factored": "#1d4ed8", "tree": "#047857"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dpo_plot", description=__doc__)
    parser.add_argument("json", type=Path, help="what benchmarks.dpo_step --rows sweep wrote")
    parser.add_argument("--svg", type=Path, required=True)
    options = parser.parse_args()
    rows = json.loads(options.json.read_text())["rows"]
    rows = [
        row for row in rows if row["completion_tokens"] == SWEEP[0].completion_tokens and row["right"] <= SWEEP_MOST
    ]
    if not rows:
        raise SystemExit(f"{options.json}: holds no rows; run benchmarks.dpo_step --rows sweep first")
    sys.stdout.write(table(rows))
    draw(rows, options.svg)
    return 0


def table(rows: list[dict[str, Any]]) -> str:
    """Pairs a second of every way; where TRL was measured, how many times its rate the tree's is."""
    lines = [
        "| n x m | P | c | tokens: pairs, tree | " + " | ".join(f"{way}, pairs/s" for way in WAYS) + " | tree / TRL |",
        "|---" * (5 + len(WAYS)) + "|",
    ]
    for (right, wrong, prompt, completion), ways in _by_configuration(rows).items():
        rates = [f"{ways[way]['pairs_per_second']:.1f}" if way in ways else "–" for way in WAYS]
        pairs_tokens = 2 * right * wrong * (prompt + completion)
        gain = ways["tree"]["pairs_per_second"] / ways["trl"]["pairs_per_second"] if "trl" in ways else None
        cells = [f"{right} x {wrong}", prompt, completion, f"{pairs_tokens:,}, {ways['tree']['tokens']:,}", *rates]
        lines.append("| " + " | ".join(map(str, [*cells, "–" if gain is None else f"{gain:.1f}"])) + " |")
    return "\n".join(lines) + "\n"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """One panel a prompt length: pairs a second against chains a side, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "chainpref"
    from matplotlib import pyplot as plt

    prompts = sorted({row["prompt_tokens"] for row in rows})
    figure, panels = plt.subplots(1, len(prompts), figsize=(3.4 * len(prompts), 3.2), sharey=True, layout="constrained")
    for prompt, axes in zip(prompts, panels, strict=True):
        for way in WAYS:
            kept = sorted(
                (r["right"], r["pairs_per_second"]) for r in rows if (r["prompt_tokens"], r["way"]) == (prompt, way)
            )
            axes.plot(*zip(*kept, strict=True), "o-", color=_COLOURS[way], label=way, markersize=3.5)
        axes.set(xscale="log", yscale="log", title=f"P = {prompt}, c = {rows[0]['completion_tokens']}", xlabel="n = m")
        sizes = sorted({row["right"] for row in rows})
        axes.set_xticks(sizes, list(map(str, sizes)))
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("pairs a second")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(WAYS))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def _by_configuration(rows: list[dict[str, Any]]) -> dict[tuple[int, int, int, int], dict[str, dict[str, Any]]]:
    found: dict[tuple[int, int, int, int], dict[str, dict[str, Any]]] = {}
    for row in rows:
        key = (row["right"], row["wrong"], row["prompt_tokens"], row["completion_tokens"])
        found.setdefault(key, {})[row["way"]] = row
    return found


if __name__ == "__main__":
    sys.exit(main())
