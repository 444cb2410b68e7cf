"""Tables of docs/checkers.md from the results of `benchmarks.checkers`."""

from typing import Any

from benchmarks.tables.markdown import table


def checkers_table(report: dict[str, Any]) -> str:
    """Of each kind of pair how many right answers are refused and wrong ones accepted, by our checkers and by
    math-verify, and in a line below of how many that may mean two things."""
    sides = (report, report["math_verify"])
    rows = [
        [kind, str(counts["right"]), str(counts["wrong"]), *_mistakes(counts, report["math_verify"]["kinds"][kind])]
        for kind, counts in report["kinds"].items()
    ]
    rows.append([f"all {report['pairs']}", "", "", *_mistakes(*sides)])
    heads = [
        f"{what}: {who}" for who in ("ours", "math-verify") for what in ("right ones refused", "wrong ones accepted")
    ]
    accepted = [side["ambiguous_accepted"] for side in sides]
    return (
        f"{table(('kind', 'right pairs', 'wrong pairs', *heads), rows)}\n\n"
        f"Of {report['ambiguous']} further answers that may mean two things, or that are no plain number, we accept "
        f"{accepted[0]}, math-verify {accepted[1]}."
    )


def _mistakes(ours: dict[str, int], theirs: dict[str, int]) -> list[str]:
    return [str(side[key]) for side in (ours, theirs) for key in ("false_negatives", "false_positives")]


def bfcl_table(report: dict[str, Any]) -> str:
    """Of each category of BFCL the share of gold answers that are right, and how verdicts on damaged ones compare."""
    rows = [[name, f"{100 * share:g} %"] for name, share in report["gold"].items()]
    shown = table(("category", "gold answers right"), rows)
    damaged, as_they_are = report["damaged"], report["undamaged"]
    alone = sum(damaged["explained"].values())
    reasons = "; ".join(f"{count} {name}" for name, count in damaged["explained"].items())
    return (
        f"{shown}\n\n{len(report['gold_excluded'])} problems are left out. Of {damaged['cases']:,} damaged answers, "
        f"{damaged['different']:,} of them different, both call {damaged['agreed']['right']:,} right and "
        f"{damaged['agreed']['wrong']:,} wrong; a rule explains {alone} on which they differ ({reasons}), and "
        f"{damaged['unexplained']} are not explained. Of the {as_they_are['cases']:,} gold answers as they are both "
        f"call {as_they_are['agreed']['right']:,} right."
    )
