"""Plain sentences made from the figures of a summary: the answer, what differs, what does not, and who lost."""

from collections.abc import Sequence

from evaluation.figures import Comparison, Finding, Summary, Tone, between, p_text, percent, points

SHOWN_AT_ONCE = 20
"""With more sentences, those about differences that chance may explain are folded away."""

SUITES_NAMED = 3
"""With more suites, the answer gives the figures of the lowest and the highest difference alone."""


def answer(summary: Summary) -> Finding:
    """One sentence that answers the question of the run: does the best arm beat the baseline, and match the teacher?

    The best arm is the one with the highest mean difference to the baseline over suites. That it matches the teacher is
    a claim of equality, for which the absence of a difference is no evidence: the sentence gives the margin that the
    intervals leave.
    """
    baseline = summary.evaluation.baseline
    gains: dict[str, list[Comparison]] = {}
    for row in summary.comparisons:
        if row.b == baseline:
            gains.setdefault(row.a, []).append(row)
    trained = {arm: rows for arm, rows in gains.items() if arm != "teacher"} or gains
    if not trained:
        return Finding(f"No arm was scored on the same problems as {baseline}, so there is nothing to compare.")
    best = max(trained, key=lambda arm: sum(row.difference for row in trained[arm]) / len(trained[arm]))
    text, tone = _verdict(trained[best], baseline)
    name = f"{best}, the best of {len(trained)} arms," if len(trained) > 1 else best
    text = f"{name} {text}" if best != "teacher" else f"No arm was trained; {best} {text}"
    with_teacher = [row for row in summary.comparisons if (row.a, row.b) == (best, "teacher")]
    if with_teacher:
        text += f", and {_verdict(with_teacher, 'teacher')[0]}" if baseline != "teacher" else ""
        if not any(row.significant and row.difference < 0 for row in with_teacher):
            least = min(row.ci[0] for row in with_teacher)
            sure = f"{100 * summary.evaluation.confidence:g}\u00a0% intervals"
            text += f", so it matches the teacher to within {100 * max(0.0, -least):.1f} points ({sure})"
    return Finding(f"{text}.", tone)


def _verdict(rows: Sequence[Comparison], other: str) -> tuple[str, Tone]:
    """What one arm's comparisons with `other`, one a suite, say; and the tone of that."""
    beaten = [row for row in rows if row.significant and row.difference > 0]
    worse = [row for row in rows if row.significant and row.difference < 0]
    said = [
        f"{verb} {other}" + (f" on {len(found)} of {len(rows)} suites" if len(rows) > 1 else "")
        for verb, found in (("beats", beaten), ("is WORSE than", worse))
        if found
    ]
    ordered = sorted(rows, key=lambda row: row.difference)
    named = rows if len(rows) <= SUITES_NAMED else (ordered[0], ordered[-1])
    figures = "; ".join(f"{row.suite} {points(row.difference)}, {between(row.ci)}" for row in named)
    text = f"{' and '.join(said) or f'is not shown to differ from {other}'} ({figures})"
    return text, "loss" if worse else "gain" if beaten else "chance"


def findings(summary: Summary) -> list[Finding]:
    """The sentences below the answer, the most important first. Differences are in percentage points."""
    baseline = summary.evaluation.baseline
    found = [one for suite in summary.suites for one in _against_baseline(summary, suite, baseline)]
    found += _greedy_losses(summary, baseline)
    for suite, figures in summary.arms[baseline].suites.items() if baseline in summary.arms else ():
        # A gain over a model that cannot do the task at all says little.
        if figures.accuracy is not None and figures.accuracy < 0.5:
            found.append(
                Finding(
                    f"{suite}: {baseline} is right in only {percent(figures.accuracy)} of greedy attempts, so a gain "
                    "over it may be no more than repair."
                )
            )
    for suite in summary.suites:
        found += _among_arms(suite, [r for r in summary.comparisons if r.suite == suite and baseline not in (r.a, r.b)])
    return found + _counted_apart(summary)


def folded(found: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """What is shown at once, and what is folded away: with many findings, differences that chance may explain."""
    by_chance = [one for one in found if one.tone == "chance"] if len(found) > SHOWN_AT_ONCE else []
    return [one for one in found if one not in by_chance], by_chance


def _against_baseline(summary: Summary, suite: str, baseline: str) -> list[Finding]:
    found = []
    for row in sorted(summary.against(suite, baseline).values(), key=lambda row: -row.difference):
        of_a, of_b = (
            figures.sampled_accuracy if row.measure == "sampled accuracy" else figures.accuracy
            for figures in (summary.arms[row.a].suites[suite], summary.arms[baseline].suites[suite])
        )
        how = f"{row.a} {percent(of_a)}, {baseline} {percent(of_b)} ({row.measure})"
        sure = f"{between(row.ci)}; {p_text(row.p_adjusted)} after correction, {row.n} problems"
        if row.significant:
            verb = "beats" if row.difference > 0 else "is WORSE than"
            size = f"{100 * abs(row.difference):.1f} points"
            text = f"{suite}: {row.a} {verb} {baseline} by {size} ({sure}): {how}."
            found.append(Finding(text, "gain" if row.difference > 0 else "loss"))
            continue
        least = row.minimum_detectable
        seen = "" if least is None else f"; a true difference of {100 * least:.1f} points would be found 4 times in 5"
        text = f"no difference shown between {row.a} and {baseline}: {points(row.difference)} ({sure}){seen}: {how}."
        found.append(Finding(f"{suite}: {text}", "chance"))
    return found


def _among_arms(suite: str, rows: Sequence[Comparison]) -> list[Finding]:
    """The other arms among each other. This is the research question, so both kinds of answer are given."""
    shown, unshown = [], []
    for row in sorted(rows, key=lambda row: -abs(row.difference)):
        winner, loser = (row.a, row.b) if row.difference > 0 else (row.b, row.a)
        ci = row.ci if row.difference > 0 else (-row.ci[1], -row.ci[0])
        size = f"{100 * abs(row.difference):.1f} points ({between(ci)})"
        if row.significant:
            shown.append(f"{winner} is better than {loser} by {size}")
        else:
            unshown.append(f"{winner} and {loser}, {size}")
    found = []
    if shown:
        found.append(Finding(f"{suite}, among the others: {_listed(shown)}; each significant after correction."))
    if unshown:
        text = f"no difference shown between {_listed(unshown, '; ')}"
        found.append(Finding(f"{suite}, among the others: {text}.", "chance"))
    return found


def _greedy_losses(summary: Summary, baseline: str) -> list[Finding]:
    trained = [row for row in summary.comparisons if row.b == baseline and row.a != "teacher"]
    found = []
    for row in trained:
        if row.greedy_difference is None or row.greedy_difference >= 0:
            continue
        before, after = (summary.arms[arm].suites[row.suite].accuracy for arm in (baseline, row.a))
        sure = "significant" if row.greedy_significant else "not significant"
        text = (
            f"{row.suite}: {row.a} LOST greedy accuracy against {baseline}: {percent(after)} instead of "
            f"{percent(before)}, {points(row.greedy_difference)} ({row.greedy_lost} problems lost, "
            f"{row.greedy_gained} gained; {sure}, {p_text(row.greedy_p_adjusted)} after correction)."
        )
        found.append(Finding(text, "loss" if row.greedy_significant else "chance"))
    if not found and any(row.greedy_difference is not None for row in trained):
        found.append(Finding(f"No arm lost greedy accuracy against {baseline}."))
    return found


def _counted_apart(summary: Summary) -> list[Finding]:
    sentences = []
    lost = {name: sum(one.infrastructure for one in arm.suites.values()) for name, arm in summary.arms.items()}
    if any(lost.values()):
        named = _listed([f"{arm} {count}" for arm, count in lost.items() if count])
        sentences.append(f"Attempts that failed for reasons of machines are in no rate: {named}.")
    data = summary.data
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
    return [Finding(sentence) for sentence in sentences]


def _listed(items: Sequence[str], separator: str = ", ") -> str:
    return items[0] if len(items) == 1 else f"{separator.join(items[:-1])} and {items[-1]}"
