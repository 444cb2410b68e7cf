"""Plain sentences made from the figures of a summary: the answer, what differs, what does not, and who lost."""

from collections.abc import Callable, Mapping, Sequence

from evaluation.figures import Comparison, Finding, SuiteFigures, Summary, Tone, between, p_text, percent, points

SHOWN_AT_ONCE = 20
"""With more sentences, those about differences that chance may explain are folded away."""

SUITES_NAMED = 3
"""With more suites, the answer gives the figures of the lowest and the highest difference alone."""


def answer(summary: Summary) -> Finding:
    """One sentence that answers the question of the run: does the highest arm beat the baseline, and match the teacher?

    The highest arm has the highest mean difference to the baseline over suites. That makes it no better than the
    others: the sentence names those to which no difference was shown. That it matches the teacher is a claim of
    equality, for which the absence of a difference is no evidence: the test of non-inferiority makes it or does not.
    """
    baseline = summary.evaluation.baseline
    gains: dict[str, list[Comparison]] = {}
    for row in summary.comparisons:
        if row.b == baseline:
            gains.setdefault(row.a, []).append(row)
    trained = {arm: rows for arm, rows in gains.items() if arm != "teacher"} or gains
    if not trained:
        return Finding(f"No arm was scored on the same problems as {baseline}, so there is nothing to compare.")
    highest = max(trained, key=lambda arm: sum(row.difference for row in trained[arm]) / len(trained[arm]))
    text, tone = _verdict(trained[highest], baseline)
    name = highest
    if len(trained) > 1:
        rivals = [arm for arm in trained if arm != highest and not _shown_better(summary, highest, arm)]
        order = f", not shown to be better than {_listed(rivals)}" if rivals else ", better than each of the others"
        name = f"{highest} (highest mean of {len(trained)} arms{order})"
    text = f"{name} {text}" if highest != "teacher" else f"No arm was trained; {highest} {text}"
    if with_teacher := [row for row in summary.comparisons if (row.a, row.b) == (highest, "teacher")]:
        text += f", and {_verdict(with_teacher, 'teacher')[0]}" if baseline != "teacher" else ""
        if matched := _matched(with_teacher):
            text += f"; {matched}"
    return Finding(f"{text}.", tone)


def _shown_better(summary: Summary, arm: str, other: str) -> bool:
    """Whether a suite shows that `arm` is better than `other`, and none that it is worse."""
    gains = [
        row.difference * (1 if row.a == arm else -1)
        for row in summary.comparisons
        if {row.a, row.b} == {arm, other} and row.significant
    ]
    return bool(gains) and min(gains) > 0


def _matched(rows: Sequence[Comparison]) -> str:
    """On which suites an arm is shown to match the teacher, its tests given; empty where none was made."""
    tests = {row.suite: row.non_inferiority for row in rows if row.non_inferiority is not None}
    if not tests:
        return ""
    margin = f"to within {100 * next(iter(tests.values())).margin:g} points"
    shown = [suite for suite, test in tests.items() if test.shown]
    sure = f"non-inferiority, {p_text(max(tests[suite].p_adjusted for suite in shown or tests))} after correction"
    if not shown:
        return f"it is not shown to match the teacher {margin} ({sure})"
    where = "" if len(tests) == 1 else f" on {len(shown)} of {len(tests)} suites"
    named = f"{', '.join(shown)}; " if 0 < len(shown) < len(tests) and len(shown) <= SUITES_NAMED else ""
    return f"it matches the teacher {margin}{where} ({named}{sure})"


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
    figures = "; ".join(f"{row.suite} {points(row.difference)}, {between(row.interval)}" for row in named)
    text = f"{' and '.join(said) or f'is not shown to differ from {other}'} ({figures})"
    return text, "loss" if worse else "gain" if beaten else "chance"


def findings(summary: Summary) -> list[Finding]:
    """The sentences below the answer, the most important first. Differences are in percentage points."""
    baseline = summary.evaluation.baseline
    found = [one for suite in summary.suites for one in _against_baseline(summary, suite, baseline)]
    found += [one for suite in summary.suites for one in _with_teacher(summary, suite)]
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
    return found + _costs(summary) + _counted_apart(summary)


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
        sure = f"{between(row.interval)}; {p_text(row.p_adjusted)} after correction, {row.n} problems"
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
        low, high = row.interval
        ci = row.interval if row.difference > 0 else (-high, -low)
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


def _with_teacher(summary: Summary, suite: str) -> list[Finding]:
    """Which arms are shown to match the teacher on a suite, and which are not."""
    tests = [(row.a, row.non_inferiority) for row in summary.comparisons if row.suite == suite and row.non_inferiority]
    if not tests:
        return []
    margin = f"match the teacher to within {100 * tests[0][1].margin:g} points"
    said = {
        verdict: _listed([f"{arm} ({p_text(test.p_adjusted)})" for arm, test in tests if test.shown is shown])
        for verdict, shown in (("shown", True), ("not shown", False))
        if any(test.shown is shown for _, test in tests)
    }
    text = "; ".join(f"{verdict} to {margin}: {arms}" for verdict, arms in said.items())
    return [Finding(f"{suite}: {text}; p of non-inferiority after correction.")]


def _greedy_losses(summary: Summary, baseline: str) -> list[Finding]:
    trained = [row for row in summary.comparisons if row.b == baseline and row.a != "teacher"]
    found = []
    for row in trained:
        if row.greedy_difference is None or row.greedy_difference >= 0:
            continue
        before, after = (summary.arms[arm].suites[row.suite].accuracy for arm in (baseline, row.a))
        lost = (
            "LOST greedy accuracy against" if row.greedy_significant else "is not shown to have lost greedy accuracy to"
        )
        text = (
            f"{row.suite}: {row.a} {lost} {baseline}: {percent(after)}, where {baseline} has "
            f"{percent(before)}, {points(row.greedy_difference)} ({row.greedy_lost} problems lost, "
            f"{row.greedy_gained} gained; {p_text(row.greedy_p_adjusted)} after correction)."
        )
        found.append(Finding(text, "loss" if row.greedy_significant else "chance"))
    if not found and any(row.greedy_difference is not None for row in trained):
        found.append(Finding(f"No arm has a lower greedy accuracy here than {baseline}, on any suite."))
    return found


def _costs(summary: Summary) -> list[Finding]:
    """What a point gained cost, for each suite on which a gain is shown."""
    found = []
    for suite in summary.suites:
        said = []
        for cost in summary.costs:
            if cost.suite == suite and cost.seconds is not None:
                tokens = "" if cost.teacher_tokens is None else f"{cost.teacher_tokens:,.0f} teacher tokens and "
                said.append(f"{cost.arm} {tokens}{cost.seconds:.1f} s")
        if said:
            found.append(Finding(f"{suite}, cost of a point gained: {_listed(said, '; ')}."))
    return found


_IN_NO_RATE: Mapping[str, Callable[[SuiteFigures], int]] = {
    "that failed for reasons of machines or of a toolbox": lambda figures: figures.infrastructure,
    "in which the model that plays the user failed": lambda figures: figures.user,
}
"""Which attempts -> how many of a suite."""


def _counted_apart(summary: Summary) -> list[Finding]:
    sentences = []
    for which, count_of in _IN_NO_RATE.items():
        lost = {name: sum(map(count_of, arm.suites.values())) for name, arm in summary.arms.items()}
        if any(lost.values()):
            named = _listed([f"{arm} {count}" for arm, count in lost.items() if count])
            sentences.append(f"Attempts {which} are in no rate: {named}.")
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
