"""Tables of docs/rollouts.md and docs/problems.md from the results of the benchmarks that they name."""

from statistics import median
from typing import Any

from benchmarks.tables.markdown import table

Result = dict[str, Any]
"""A result file, or a part of one."""
_CASES = {"engine": "100 M", "local": "local teacher"}
_SIDES = {
    "rollout": "rollout",
    "replay": "replay",
    "replay_without_logprobs": "replay without log-probabilities",
}


def ratios_table(report: Result) -> str:
    """Tokens a second of a rollout over those of the replays of its requests."""
    sides = ("replay", "replay_verbatim", "replay_without_logprobs")
    return table(
        ("", "rollout over replay", "over `replay_verbatim`", "over a replay without log-probabilities"),
        (
            (name, *(f"{ratio:.2f}" if (ratio := report[case]["ratios"].get(side)) else "" for side in sides))
            for case, name in _CASES.items()
        ),
    )


def processor_table(report: Result) -> str:
    """Processor seconds for 1,000 tokens by the host's and the engine's process."""
    rows = []
    for case, name in _CASES.items():
        for side, shown in _SIDES.items():
            if seconds := report[case]["cpu_seconds_per_1000_tokens"].get(side):
                host, engine = seconds["host"], seconds["engine"]
                share = 100 * host / (host + engine)
                rows.append((f"{name}, {shown}", f"{host:.3f}", f"{engine:.3g}", f"{share:.2g} %"))
    return table(("", "host", "engine", "host's part"), rows)


def microchain_table(report: Result) -> str:
    """Episodes a second of both systems."""
    found = report["microchain"]
    return table(
        ("system", "agents at a time", "episodes/s", "chainpref over it"),
        (
            (
                row["system"],
                str(row["agents"]),
                f"{row['episodes_per_second']:.1f}",
                "" if row["system"] == "chainpref" else f"{found['ratio_by_agents'][str(row['agents'])]:.1f}",
            )
            for row in found["rows"]
        ),
    )


def steps_table(report: Result) -> str:
    """What a step costs beside the engine."""
    return table(
        ("call format", "family", "steps/s of one core's time", "microseconds a step"),
        (
            (
                row["call_format"],
                row["family"],
                f"{row['steps_per_second_per_core']:,.0f}",
                f"{row['microseconds_per_step']:.0f}",
            )
            for row in report["steps"]
        ),
    )


def cores_table(report: Result) -> str:
    """What an engine on two cores makes of them: medians over the rounds."""
    ways = dict.fromkeys(row["way"] for row in report["rows"])
    middle = {
        way: {
            key: median(row[key] for row in report["rows"] if row["way"] == way)
            for key in ("start_s", "seconds", "processor_s", "processes", "tokens")
        }
        for way in ways
    }
    rates = {way: found["tokens"] / found["seconds"] for way, found in middle.items()}
    return table(
        ("", "tokens written/s", "over the first", "processor seconds", "processes", "start, s"),
        (
            (
                way,
                f"{rates[way]:.0f}",
                f"{rates[way] / next(iter(rates.values())):.2f}",
                f"{found['processor_s']:.0f}",
                f"{found['processes']:.0f}",
                f"{found['start_s']:.0f}",
            )
            for way, found in middle.items()
        ),
    )


def scheduling_table(report: Result) -> str:
    """A row for every number of engines: the worst seed of greedy scheduling's, and medians over seeds."""
    sizes: dict[int, list[Result]] = {}
    for row in report["rows"]:
        sizes.setdefault(row["engines"], []).append(row)
    return table(
        (
            "engines",
            "episodes",
            "seeds",
            "of greedy, worst",
            "median",
            "without stragglers",
            "with barriers",
            "tail share",
            "straggler cost",
        ),
        (
            (
                str(engines),
                f"{rows[0]['episodes']:,}",
                str(len(rows)),
                f"{min(row['of_greedy'] for row in rows):.3f}",
                f"{_median(rows, 'of_greedy'):.3f}",
                f"{_median(rows, 'of_greedy_without_stragglers'):.3f}",
                f"{_median(rows, 'of_greedy_with_barriers'):.2f}",
                f"{_median(rows, 'tail_share'):.3f} ({_median(rows, 'tail_share_of_greedy'):.3f})",
                f"{_median(rows, 'straggler_cost'):.2f} ({_median(rows, 'straggler_cost_of_greedy'):.2f})",
            )
            for engines, rows in sizes.items()
        ),
    )


def storage_table(report: Result) -> str:
    """What ten million pairs take, and how fast they are written and read."""
    saved = f"{report['measured']:.0f} times smaller, {report['formula']:.0f} promised"
    formula = "share of the saving that the formula nm(P+2c) / (P+(n+m)c) promises"
    return table(
        ("", ""),
        (
            (
                "bytes a pair",
                f"{report['bytes_per_pair']:.1f}, materialised {report['bytes_per_materialised_pair']:,.0f}",
            ),
            (formula, f"{report['of_formula']:.3f} ({saved})"),
            ("written, MB/s (of processor time)", f"{report['write_mb_s']:.1f} ({report['write_mb_cpu_s']:.1f})"),
            (
                "read and verified, MB/s (of processor time)",
                f"{report['read_mb_s']:.1f} ({report['read_mb_cpu_s']:.1f})",
            ),
            ("memory above start", f"{report['rss_growth_mb']:.0f} MB"),
        ),
    )


def retrieval_table(report: Result) -> str:
    """The share of needed functions that are among those retrieved, on two splits and at four widths."""
    widths = ("8", "16", "32", "64")
    splits = ("test", "variant-phrasing")
    head = [f"{split}, {widths[0]} shown" if split == "test" else f"`{split}`, {widths[0]}" for split in splits]
    return table(
        ("family", head[0], *widths[1:], head[1], *widths[1:]),
        (
            (f"`{family}`", *(f"{found[split][width]['recall']:.2f}" for split in splits for width in widths))
            for family, found in report["recall"].items()
        ),
    )


def calls_table(report: Result) -> str:
    """How fast replies are read, by call format, and the slowest of those that a fuzzer made."""
    formats = {name: found for name, found in report.items() if isinstance(found, dict)}
    return table(
        ("call format", "replies read a second", "fuzzed replies", "slowest of them, ms"),
        (
            (
                f"`{name}`",
                f"{found['calls_per_second']:,}",
                f"{found['fuzz']['replies']:,}",
                f"{1000 * found['fuzz']['slowest_seconds']:.1f}",
            )
            for name, found in formats.items()
        ),
    )


def templates_table(report: Result) -> str:
    """TRL's chat templates by the form in which they write calls, and by what else is the same of them."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in report["rows"]:
        if row["taken"]:
            with_thoughts = {None: "shows none", True: "yes", False: "no"}[row["same_ids_with_thoughts"]]
            several, same = ("yes" if row[key] else "no" for key in ("parallel", "same_ids"))
            key = (f"`{row['kind']}`", several, same, with_thoughts)
        else:
            key = (f"refused: {row['reason'].partition(chr(39) + ' ')[2].partition(';')[0]}", "", "", "")
        alike.setdefault(key, []).append(f"`{row['template']}`")
    return table(
        ("form", "templates", "several calls", "same ids", "same ids, with thoughts"),
        ((key[0], ", ".join(names), *key[1:]) for key, names in sorted(alike.items())),
    )


def _median(rows: list[Result], figure: str) -> float:
    return float(median(row[figure] for row in rows))
