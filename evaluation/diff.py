"""What changed between two runs: counts and rates of the data, accuracies, and the problems that flipped."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.text import Text
from statsmodels.stats.proportion import confint_proportions_2indep

from evaluation.certainty.correction import adjust, enough_permutations, holm_levels
from evaluation.certainty.intervals import Interval
from evaluation.certainty.statistics import Paired, generator, paired_greedy, paired_sampled
from evaluation.config import EvaluationConfig
from evaluation.figures import p_text, percent
from evaluation.measures.attempts import arm_order
from evaluation.measures.tally import Tally
from evaluation.report.table import difference_text, left_table
from rollout.records import Score

RATES = {
    "right": "episodes",
    "wrong": "episodes",
    "truncated": "episodes",
    "infrastructure": "episodes",
    "user": "episodes",
    "right_with_failed_steps": "right_chains",
}
"""Count of the summary's `data` -> the count that it is a share of."""

FLIPS_SHOWN = 20
"""Problems named, of those that became right or wrong."""


class DataChange(msgspec.Struct, frozen=True, kw_only=True):
    """One count of the data; shares and interval only where it is a share of another count in both runs."""

    name: str
    before: int | None
    after: int | None
    share_before: float | None = None
    share_after: float | None = None
    ci: tuple[float, float] | None = None
    """Newcombe's interval of share_after - share_before, which takes episodes as independent of each other."""


class AccuracyChange(msgspec.Struct, frozen=True):
    """The mean over `n` problems of after - before, with its interval and p, both after correction."""

    n: int
    difference: float
    ci: Interval
    p: float


class ArmChange(msgspec.Struct, frozen=True, kw_only=True):
    """One arm on one suite in both runs, on the problems that both scored. Differences are after - before."""

    arm: str
    suite: str
    problems: int
    sampled: AccuracyChange | None
    greedy: AccuracyChange | None
    gained: tuple[str, ...]
    """Problems whose greedy attempt became right; `lost` those whose greedy attempt became wrong."""
    lost: tuple[str, ...]
    errors: Mapping[str, tuple[float, float]]
    """Error code -> share of counted attempts before and after, all attempts of the arm on these problems."""


class RunDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What changed. Tests are corrected over all arms and suites, sampled and greedy ones each as one family."""

    data: tuple[DataChange, ...]
    arms: tuple[ArmChange, ...]
    only_before: tuple[str, ...]
    """`arm/suite` that the later run lacks; `only_after`, that the earlier run lacks."""
    only_after: tuple[str, ...]


def diff_runs(
    before: Mapping[str, int],
    after: Mapping[str, int],
    before_scores: Iterable[Score],
    after_scores: Iterable[Score],
    config: EvaluationConfig,
) -> RunDiff:
    """Compare two runs by their summaries' `data` and by their scores; problems are the same when their ids are."""
    old, new = Tally(before_scores), Tally(after_scores)
    both = old.cells & new.cells
    config = enough_permutations(config, len(both))
    order = {arm: rank for rank, arm in enumerate(arm_order({arm for arm, _ in both}, config.baseline))}
    cells = sorted(both, key=lambda cell: (cell[1], order[cell[0]]))
    sampled = _corrected(
        [
            paired_sampled(
                new.rates(*cell, greedy=False),
                old.rates(*cell, greedy=False),
                config,
                generator(config.seed, "diff", *cell),
            )
            for cell in cells
        ],
        1 - config.confidence,
    )
    greedy = _corrected(
        [paired_greedy(new.rates(*cell, greedy=True), old.rates(*cell, greedy=True)) for cell in cells],
        1 - config.confidence,
    )
    return RunDiff(
        data=_data_changes(before, after, config),
        arms=tuple(
            _arm_change(arm, suite, old, new, one, other)
            for (arm, suite), one, other in zip(cells, sampled, greedy, strict=True)
        ),
        only_before=tuple(sorted(f"{arm}/{suite}" for arm, suite in old.cells - both)),
        only_after=tuple(sorted(f"{arm}/{suite}" for arm, suite in new.cells - both)),
    )


def _arm_change(
    arm: str, suite: str, old: Tally, new: Tally, sampled: AccuracyChange | None, greedy: AccuracyChange | None
) -> ArmChange:
    was, now = old.rates(arm, suite, greedy=True), new.rates(arm, suite, greedy=True)
    shared = old.problems(arm, suite) & new.problems(arm, suite)
    (codes, attempts), (codes_after, attempts_after) = (tally.errors(arm, suite, shared) for tally in (old, new))
    common = sorted(was.keys() & now.keys())
    return ArmChange(
        arm=arm,
        suite=suite,
        problems=len(shared),
        sampled=sampled,
        greedy=greedy,
        gained=tuple(problem for problem in common if now[problem] > was[problem]),
        lost=tuple(problem for problem in common if now[problem] < was[problem]),
        errors={
            code: (codes[code] / attempts, codes_after[code] / attempts_after)
            for code in sorted(codes.keys() | codes_after.keys())
        },
    )


def _corrected(found: Sequence[Paired | None], level: float) -> list[AccuracyChange | None]:
    known = [one for one in found if one is not None]
    values = [one.p for one in known]
    changes = (
        AccuracyChange(one.n, one.difference, one.interval(1 - own), p)
        for one, own, p in zip(known, holm_levels(values, level), adjust(values), strict=True)
    )
    return [None if one is None else next(changes) for one in found]


def _data_changes(
    before: Mapping[str, int], after: Mapping[str, int], config: EvaluationConfig
) -> tuple[DataChange, ...]:
    changes = []
    for name in [*before, *(name for name in after if name not in before)]:
        old, new, whole = before.get(name), after.get(name), RATES.get(name, "")
        of_old, of_new = before.get(whole), after.get(whole)
        change = DataChange(name=name, before=old, after=new)
        if old is not None and new is not None and of_old and of_new:
            low, high = confint_proportions_2indep(
                new, of_new, old, of_old, method="newcomb", compare="diff", alpha=1 - config.confidence
            )
            shares = {"share_before": old / of_old, "share_after": new / of_new}
            change = msgspec.structs.replace(change, **shares, ci=(float(low), float(high)))
        changes.append(change)
    return tuple(changes)


def diff_view(found: RunDiff) -> RenderableType:
    """A rich renderable: counts, arms, the error codes that changed most, and the problems that flipped."""
    data = left_table("data", "intervals take episodes as independent of each other")
    for heading in ("", "before", "after", "share before", "share after", "change"):
        data.add_column(heading, justify="left" if not heading else "right")
    for count in found.data:
        data.add_row(
            count.name.replace("_", " "),
            *("—" if number is None else f"{number:,}" for number in (count.before, count.after)),
            *("" if share is None else percent(share) for share in (count.share_before, count.share_after)),
            difference_text((count.share_after or 0) - (count.share_before or 0), count.ci) if count.ci else "",
        )
    arms = left_table("arms, second run − first run, in points")
    arms.box = SIMPLE_HEAD
    arms.add_column("arm\nsuite", overflow="fold")
    for heading in ("sampled", "greedy", "right ⇄\nwrong", "code that\nchanged most"):
        arms.add_column(heading, justify="right", no_wrap=True)
    for row in found.arms:
        code, (before, after) = max(
            row.errors.items(), key=lambda item: abs(item[1][1] - item[1][0]), default=("", (0.0, 0.0))
        )
        arms.add_row(
            Text(f"{row.arm}\n{row.suite}"),
            *(
                Text("—") if one is None else difference_text(one.difference, one.ci).append(f"\n{p_text(one.p)}")
                for one in (row.sampled, row.greedy)
            ),
            f"+{len(row.gained)} −{len(row.lost)}\nof {row.problems}",
            f"{code}\n{percent(before)} → {percent(after)}" if before != after else "",
        )
    parts: list[RenderableType] = [data, arms]
    for row in found.arms:
        if row.gained or row.lost:
            parts.append(Text(f"{row.arm} on {row.suite}, greedy", style="bold"))
            parts.append(_flips("became right", row.gained, "green"))
            parts.append(_flips("became wrong", row.lost, "red"))
    for label, names in (("first", found.only_before), ("second", found.only_after)):
        if names:
            parts.append(Text(f"only in the {label} run: {', '.join(names)}"))
    return Group(*parts)


def _flips(label: str, problems: tuple[str, ...], style: str) -> Text:
    more = f" and {len(problems) - FLIPS_SHOWN} more" if len(problems) > FLIPS_SHOWN else ""
    return Text(f"  {label}: {len(problems)}  {', '.join(problems[:FLIPS_SHOWN])}{more}", style=style)
