"""Plain sentences made from the figures of a summary: what differs, what does not, and who lost."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

TOLD_AT_ONCE = 20
"""Sentences; with more, those about differences that were not shown are folded away."""


def findings(summary: Mapping[str, Any]) -> list[str]:
    """Sentences for people, the most important first. Differences are in percentage points."""
    baseline = summary["evaluation"]["baseline"]
    rows: list[Row] = summary["comparisons"]
    sentences: list[str] = []
    suites = _suites(summary)
    for suite in suites:
        against = [row for row in rows if row["suite"] == suite and row["b"] == baseline]
        sentences += _against_baseline(summary, suite, baseline, against)
    sentences += _greedy_losses(summary, baseline, rows)
    sentences += _broken_baseline(summary, baseline)
    for suite in suites:
        sentences += _among_arms(suite, baseline, [row for row in rows if row["suite"] == suite])
    sentences += _counted_apart(summary)
    return sentences


def tone(sentence: str) -> str:
    """`loss`, `gain` or "": how a finding is to be coloured. A loss that chance explains is said, and not alarming."""
    if "not significant" in sentence:
        return ""
    if " LOST " in sentence or " is WORSE than " in sentence:
        return "loss"
    return "gain" if " beats " in sentence else ""


def folded(sentences: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is told at once, and what is folded away: with many suites the differences that chance explains."""
    if len(sentences) <= TOLD_AT_ONCE:
        return list(sentences), []
    by_chance = [one for one in sentences if "no difference shown" in one or "not significant" in one]
    return [one for one in sentences if one not in by_chance], by_chance


def percent(share: float | None) -> str:
    """A share as text: 81.2 %."""
    return "—" if share is None else f"{100 * share:.1f}\u00a0%"


def points(difference: float) -> str:
    """A difference of shares as text: +26.2 points."""
    return f"{100 * difference:+.1f} points".replace("-", "−")


def p_text(p: float) -> str:
    """p as people write it."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _between(ci: Sequence[float]) -> str:
    return f"{100 * ci[0]:+.1f} to {100 * ci[1]:+.1f}".replace("-", "−")


def _suites(summary: Mapping[str, Any]) -> list[str]:
    return sorted({suite for arm in summary["arms"].values() for suite in arm["suites"]})


def _against_baseline(summary: Mapping[str, Any], suite: str, baseline: str, rows: Sequence[Row]) -> list[str]:
    sentences = []
    for row in sorted(rows, key=lambda row: -row["difference"]):
        key = "sampled_accuracy" if row["measure"].startswith("sampled") else "accuracy"
        of_a = summary["arms"][row["a"]]["suites"][suite][key]
        of_b = summary["arms"][baseline]["suites"][suite][key]
        how = f"{row['a']} {percent(of_a)}, {baseline} {percent(of_b)} ({row['measure']})"
        sure = f"{_between(row['ci'])}; {p_text(row['p_adjusted'])} after correction, {row['n']} problems"
        size = f"{100 * abs(row['difference']):.1f} points"
        if row["significant"]:
            verb = "beats" if row["difference"] > 0 else "is WORSE than"
            sentences.append(f"{suite}: {row['a']} {verb} {baseline} by {size} ({sure}): {how}.")
        else:
            sentences.append(
                f"{suite}: no difference shown between {row['a']} and {baseline}: {points(row['difference'])} ({sure})"
                f"{_could_have_seen(row)}: {how}."
            )
    return sentences


def _could_have_seen(row: Row) -> str:
    least = row["minimum_detectable"]
    return "" if least is None else f"; a true difference of {100 * least:.1f} points would be found 4 times in 5"


def _among_arms(suite: str, baseline: str, rows: Sequence[Row]) -> list[str]:
    """The other arms among each other: the research question, so both answers are said."""
    rows = [row for row in rows if baseline not in (row["a"], row["b"])]
    shown, unshown = [], []
    for row in sorted(rows, key=lambda row: -abs(row["difference"])):
        winner, loser = (row["a"], row["b"]) if row["difference"] > 0 else (row["b"], row["a"])
        low, high = row["ci"] if row["difference"] > 0 else (-row["ci"][1], -row["ci"][0])
        size = f"{100 * abs(row['difference']):.1f} points ({_between((low, high))})"
        if row["significant"]:
            shown.append(f"{winner} is better than {loser} by {size}")
        else:
            unshown.append(f"{winner} and {loser}, {size}")
    sentences = []
    if shown:
        sentences.append(f"{suite}, among the others: {_listed(shown)}; each significant after correction.")
    if unshown:
        sentences.append(f"{suite}, among the others: no difference shown between {_listed(unshown, '; ')}.")
    return sentences


def _greedy_losses(summary: Mapping[str, Any], baseline: str, rows: Sequence[Row]) -> list[str]:
    trained = [row for row in rows if row["b"] == baseline and row["a"] != "teacher"]
    losers = [row for row in trained if (row["greedy_difference"] or 0) < 0]
    sentences = []
    for row in losers:
        before = summary["arms"][baseline]["suites"][row["suite"]]["accuracy"]
        after = summary["arms"][row["a"]]["suites"][row["suite"]]["accuracy"]
        sure = "significant" if row["greedy_significant"] else "not significant"
        sentences.append(
            f"{row['suite']}: {row['a']} LOST greedy accuracy against {baseline}: {percent(after)} instead of "
            f"{percent(before)}, {points(row['greedy_difference'])} ({row['greedy_lost']} problems lost, "
            f"{row['greedy_gained']} gained; {sure}, {p_text(row['greedy_p_adjusted'])} after correction)."
        )
    if not losers and any(row["greedy_difference"] is not None for row in trained):
        sentences.append(f"No arm lost greedy accuracy against {baseline}.")
    return sentences


def _broken_baseline(summary: Mapping[str, Any], baseline: str) -> list[str]:
    """A gain over a model that cannot do the task at all says little: say so."""
    suites = summary["arms"].get(baseline, {"suites": {}})["suites"]
    return [
        f"{suite}: {baseline} is right in only {percent(figures['accuracy'])} of greedy attempts, so a gain over it "
        "may be no more than repair."
        for suite, figures in suites.items()
        if figures["accuracy"] is not None and figures["accuracy"] < 0.5
    ]


def _counted_apart(summary: Mapping[str, Any]) -> list[str]:
    sentences = []
    lost = {
        arm: sum(figures["infrastructure"] for figures in found["suites"].values())
        for arm, found in summary["arms"].items()
    }
    if any(lost.values()):
        named = _listed([f"{arm} {count}" for arm, count in lost.items() if count])
        sentences.append(f"Attempts that failed for reasons of machines are in no rate: {named}.")
    data = summary["data"]
    if data.get("right_with_failed_steps") and data.get("right_chains"):
        failed, chains = data["right_with_failed_steps"], data["right_chains"]
        sentences.append(f"{failed} of {chains} distinct right chains ({percent(failed / chains)}) hold failed steps.")
    if data.get("skipped"):
        planned = data["skipped"] + data["episodes"]
        sentences.append(
            f"The data are biased by a quota: {data['skipped']} of {planned} planned attempts "
            f"({percent(data['skipped'] / planned)}) were not made, because their problems had enough right and wrong "
            "ones. Problems that the teacher nearly always or hardly ever solves were attempted more often than others."
        )
    return sentences


def _listed(items: Sequence[str], separator: str = ", ") -> str:
    return items[0] if len(items) == 1 else f"{separator.join(items[:-1])} and {items[-1]}"
