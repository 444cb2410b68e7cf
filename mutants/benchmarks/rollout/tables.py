"""The tables of docs/rollouts.md from result files: `python -m benchmarks.rollout.tables FILE ...`.

The files are those of `benchmarks.rollout` and `benchmarks.scheduling`; parts that a file does not hold are left out.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.rollout.engine import SIDES


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def engine_table(cases: Sequence[dict[str, Any]]) -> str:
    """Rates and ratios, a column a case."""
    rows: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("parameters", lambda case: f"{case['parameters'] / 1e6:.1f} M"),
        ("episodes live at a time", lambda case: str(case["live_episodes"])),
        ("requests a turn", lambda case: f"{case['requests']:,}"),
        (
            "tokens a request, prompt + reply",
            lambda case: f"{case['prompt_tokens_per_request']:.0f} + {case['generated_tokens_per_request']:.0f}",
        ),
    ]
    rows += [(f"tokens/s, `{side}`", partial(_part, "tokens_per_second", side, 0)) for side in SIDES]
    rows += [(f"ratio to `{side}`", partial(_part, "ratios", side, 3)) for side in SIDES[1:]]
    rows.append(("**engine ratio**", lambda case: f"**{case['ratio']:.3f}**"))
    rows += [(f"CPU seconds a 1,000 tokens, `{side}`: host + engine", partial(_cpu, side)) for side in SIDES[:2]]
    body = [[name, *(show(case) for case in cases)] for name, show in rows]
    return table(["", *(case["model"] for case in cases)], body)


def thread_table(case: dict[str, Any]) -> str:
    """Where the host's thread spends its time."""
    return table(
        ("the host's thread", "share"),
        ((place, f"{100 * share:.1f} %") for place, share in case["host_thread"].items()),
    )


def microchain_table(result: dict[str, Any]) -> str:
    """Episodes a second of both systems, and how many times faster this one is."""
    rows = []
    for row in result["rows"]:
        ratio = result["ratio_by_agents"].get(str(row["agents"])) if row["system"] != "chainpref" else None
        figures = (row["system"], str(row["agents"]), f"{row['episodes_per_second']:.1f}", f"{row['requests']:,}")
        rows.append((*figures, f"{row['generated_tokens']:,}", _number(ratio, 1)))
    return table(("system", "agents", "episodes/s", "requests", "generated tokens", "ours, times faster"), rows)


def steps_table(rows: Sequence[dict[str, Any]]) -> str:
    """Steps a second of one core's time."""
    return table(
        ("call format", "family", "steps/s of one core's time", "microseconds a step"),
        (
            (
                row["call_format"],
                row["family"],
                f"{row['steps_per_second_per_core']:,.0f}",
                f"{row['microseconds_per_step']:.0f}",
            )
            for row in rows
        ),
    )


def scheduling_table(rows: Sequence[dict[str, Any]]) -> str:
    """The spread of work by number of engines; in brackets what greedy list scheduling itself comes to."""
    head = ("engines", "episodes", "of greedy", "without stragglers", "with barriers", "tail share", "straggler cost")
    return table(
        (*head, "others waited"),
        (
            (
                f"{row['engines']}",
                f"{row['episodes']:,}",
                f"{row['of_greedy']:.3f}",
                f"{row['of_greedy_without_stragglers']:.3f}",
                f"{row['of_greedy_with_barriers']:.2f}",
                f"{row['tail_share']:.3f} ({row['tail_share_of_greedy']:.3f})",
                f"{row['straggler_cost']:.2f} ({row['straggler_cost_of_greedy']:.2f})",
                f"{abs(row['others_waited_s']):.0f} s",
            )
            for row in rows
        ),
    )


def _part(part: str, side: str, digits: int, case: dict[str, Any]) -> str:
    return _number(case[part].get(side), digits)


def _cpu(side: str, case: dict[str, Any]) -> str:
    seconds = case["cpu_seconds_per_1000_tokens"][side]
    return f"{seconds['host']:.3f} + {seconds['engine']:.3f}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def main(arguments: Sequence[str]) -> None:
    for name in arguments:
        report = json.loads(Path(name).read_text())
        tables = []
        if cases := [report[part] for part in ("engine", "local") if part in report]:
            tables.append(engine_table(cases))
        if "local" in report:
            tables.append(thread_table(report["local"]))
        if "microchain" in report:
            tables.append(microchain_table(report["microchain"]))
        if "steps" in report:
            tables.append(steps_table(report["steps"]))
        if "of_greedy" in report:
            tables.append(scheduling_table(report["rows"]))
        print("\n\n".join(tables))


if __name__ == "__main__":
    main(sys.argv[1:])
