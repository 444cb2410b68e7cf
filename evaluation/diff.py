"""What changed between two runs: counts and rates of the data, accuracies, and the problems that flipped."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from statsmodels.stats.proportion import confint_proportions_2indep

from evaluation.certainty.statistics import (
    Paired,
    adjust,
    enough_permutations,
    generator,
    paired_greedy,
    paired_sampled,
)
from evaluation.config import EvaluationConfig
from evaluation.findings import p_text, percent, points
from evaluation.measures.attempts import arm_order
from evaluation.summary import CORRECTION
from rollout.records import Outcome, Score

RATES = {
    "right": "episodes",
    "wrong": "episodes",
    "truncated": "episodes",
    "infrastructure": "episodes",
    "right_with_failed_steps": "right_chains",
}
"""Count of the summary's `data` -> the count that it is a share of."""

FLIPS_SHOWN = 20


class DataChange(msgspec.Struct, frozen=True, kw_only=True):
    """One count of the data. The interval of the change of its share takes episodes as independent of each other."""

    name: str
    before: int | None
    after: int | None
    share_before: float | None = None
    share_after: float | None = None
    ci: tuple[float, float] | None = None
    """Newcombe's, of after - before."""


class ArmChange(msgspec.Struct, frozen=True, kw_only=True):
    """One arm on one suite in both runs, on the problems that both scored. Differences are after - before."""

    arm: str
    suite: str
    problems: int
    sampled_difference: float | None
    sampled_ci: tuple[float, float] | None
    sampled_p: float | None
    greedy_difference: float | None
    greedy_ci: tuple[float, float] | None
    greedy_p: float | None
    gained: tuple[str, ...]
    """Problems whose greedy attempt became right."""
    lost: tuple[str, ...]
    errors: Mapping[str, tuple[float, float]]
    """Error code -> share of counted attempts before and after, all attempts of the arm on these problems."""


class RunDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that changed. p-values are corrected over all rows, sampled and greedy ones each as one family."""

    data: tuple[DataChange, ...]
    arms: tuple[ArmChange, ...]
    only_before: tuple[str, ...]
    """`arm/suite` that the later run lacks, and the other way round."""
    only_after: tuple[str, ...]


class _Cell:
    """One arm on one suite in one run, collected score by score."""

    def __init__(self) -> None:
        self.tallies: dict[tuple[bool, str], list[int]] = defaultdict(lambda: [0, 0])
        self.errors: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, score: Score) -> None:
        episode = score.episode
        if episode.outcome is Outcome.INFRASTRUCTURE:
            return
        tally = self.tallies[score.greedy, episode.problem_id]
        tally[0] += episode.outcome is Outcome.RIGHT
        tally[1] += 1
        if episode.error is not None:
            self.errors[episode.problem_id][str(episode.error)] += 1

    def rates(self, greedy: bool) -> dict[str, float]:
        return {problem: right / n for (kind, problem), (right, n) in self.tallies.items() if kind is greedy}

    def problems(self) -> set[str]:
        return {problem for _, problem in self.tallies}

    def error_shares(self, problems: set[str]) -> dict[str, float]:
        attempts = sum(n for (_, problem), (_, n) in self.tallies.items() if problem in problems)
        counts: dict[str, int] = defaultdict(int)
        for problem in problems:
            for code, count in self.errors.get(problem, {}).items():
                counts[code] += count
        return {code: count / attempts for code, count in counts.items()} if attempts else {}


def diff_runs(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    before_scores: Iterable[Score],
    after_scores: Iterable[Score],
    config: EvaluationConfig,
) -> RunDiff:
    """Compare two runs by their summaries' `data` and their scores; problems are the same when their ids are."""
    old, new = _cells(before_scores), _cells(after_scores)
    both = old.keys() & new.keys()
    config = enough_permutations(config, len(both))
    order = {arm: rank for rank, arm in enumerate(arm_order({arm for arm, _ in both}, config.baseline))}
    changes = [
        _arm_change(cell, old[cell], new[cell], config) for cell in sorted(both, key=lambda c: (c[1], order[c[0]]))
    ]
    sampled = adjust([change.sampled_p for change in changes], CORRECTION)
    greedy = adjust([change.greedy_p for change in changes], CORRECTION)
    return RunDiff(
        data=_data_changes(before["data"], after["data"], config),
        arms=tuple(
            msgspec.structs.replace(change, sampled_p=one, greedy_p=other)
            for change, one, other in zip(changes, sampled, greedy, strict=True)
        ),
        only_before=tuple(sorted(f"{arm}/{suite}" for arm, suite in old.keys() - both)),
        only_after=tuple(sorted(f"{arm}/{suite}" for arm, suite in new.keys() - both)),
    )


def _cells(scores: Iterable[Score]) -> dict[tuple[str, str], _Cell]:
    cells: dict[tuple[str, str], _Cell] = defaultdict(_Cell)
    for score in scores:
        cells[score.model, score.suite].add(score)
    return cells


def _arm_change(cell: tuple[str, str], old: _Cell, new: _Cell, config: EvaluationConfig) -> ArmChange:
    arm, suite = cell
    rng = generator(config.seed, "diff", arm, suite)
    was, now = old.rates(True), new.rates(True)
    sampled = paired_sampled(new.rates(False), old.rates(False), config, rng)
    greedy = paired_greedy(now, was, config, rng)
    shared = old.problems() & new.problems()
    errors = old.error_shares(shared), new.error_shares(shared)
    codes = sorted(errors[0].keys() | errors[1].keys())
    common = sorted(was.keys() & now.keys())
    return ArmChange(
        arm=arm,
        suite=suite,
        problems=len(shared),
        sampled_difference=sampled.difference if sampled else None,
        sampled_ci=_pair(sampled),
        sampled_p=sampled.p if sampled else None,
        greedy_difference=greedy.difference if greedy else None,
        greedy_ci=_pair(greedy),
        greedy_p=greedy.p if greedy else None,
        gained=tuple(problem for problem in common if now[problem] > was[problem]),
        lost=tuple(problem for problem in common if now[problem] < was[problem]),
        errors={code: (errors[0].get(code, 0.0), errors[1].get(code, 0.0)) for code in codes},
    )


def _pair(found: Paired | None) -> tuple[float, float] | None:
    return None if found is None else (found.interval.low, found.interval.high)


def _data_changes(
    before: Mapping[str, int], after: Mapping[str, int], config: EvaluationConfig
) -> tuple[DataChange, ...]:
    changes = []
    for name in [*before, *(name for name in after if name not in before)]:
        old, new, whole = before.get(name), after.get(name), RATES.get(name, "")
        of_old, of_new = before.get(whole), after.get(whole)
        if old is None or new is None or not of_old or not of_new:
            changes.append(DataChange(name=name, before=old, after=new))
            continue
        level = 1 - config.confidence
        low, high = confint_proportions_2indep(new, of_new, old, of_old, method="newcomb", compare="diff", alpha=level)
        changes.append(
            DataChange(
                name=name,
                before=old,
                after=new,
                share_before=old / of_old,
                share_after=new / of_new,
                ci=(float(low), float(high)),
            )
        )
    return tuple(changes)


def diff_view(found: RunDiff) -> RenderableType:
    """A rich renderable: counts, arms, the codes that moved most, and the problems that flipped."""
    parts: list[RenderableType] = [_data_table(found), _arm_table(found)]
    for change in found.arms:
        if change.gained or change.lost:
            parts.append(Text(f"{change.arm} on {change.suite}, greedy", style="bold"))
            parts.append(_flips("became right", change.gained, "green"))
            parts.append(_flips("became wrong", change.lost, "red"))
    for label, names in (("first", found.only_before), ("second", found.only_after)):
        if names:
            parts.append(Text(f"only in the {label} run: {', '.join(names)}"))
    return Group(*parts)


def _data_table(found: RunDiff) -> Table:
    table = Table(title="data", title_justify="left", title_style="bold")
    table.caption, table.caption_justify = "intervals take episodes as independent of each other", "left"
    for heading in ("", "before", "after", "share before", "share after", "change"):
        table.add_column(heading, justify="left" if not heading else "right")
    for row in found.data:
        known = row.share_before is not None and row.share_after is not None
        table.add_row(
            row.name.replace("_", " "),
            "—" if row.before is None else f"{row.before:,}",
            "—" if row.after is None else f"{row.after:,}",
            "" if row.share_before is None else percent(row.share_before),
            "" if row.share_after is None else percent(row.share_after),
            _with_interval(points((row.share_after or 0) - (row.share_before or 0)) if known else "", row.ci, None),
        )
    return table


def _arm_table(found: RunDiff) -> Table:
    table = Table(title="arms, second run − first run", title_justify="left", title_style="bold")
    for heading in ("suite", "arm", "problems", "sampled", "greedy", "right ⇄ wrong", "code that moved most"):
        table.add_column(heading, justify="left" if heading in ("suite", "arm") else "right")
    for row in found.arms:
        moved = max(row.errors.items(), key=lambda item: abs(item[1][1] - item[1][0]), default=None)
        table.add_row(
            Text(row.suite),
            Text(row.arm),
            str(row.problems),
            _with_interval(_points(row.sampled_difference), row.sampled_ci, row.sampled_p),
            _with_interval(_points(row.greedy_difference), row.greedy_ci, row.greedy_p),
            f"+{len(row.gained)} −{len(row.lost)}",
            "" if moved is None else f"{moved[0]} {percent(moved[1][0])} → {percent(moved[1][1])}",
        )
    return table


def _points(difference: float | None) -> str:
    return "—" if difference is None else points(difference)


def _with_interval(text: str, ci: tuple[float, float] | None, p: float | None) -> Text:
    made = Text(text)
    if ci is not None:
        made.append(f"\n[{100 * ci[0]:+.1f}, {100 * ci[1]:+.1f}]".replace("-", "−"), style="dim")
    if p is not None:
        made.append(f" {p_text(p)}", style="dim")
    return made


def _flips(label: str, problems: tuple[str, ...], style: str) -> Text:
    more = f" and {len(problems) - FLIPS_SHOWN} more" if len(problems) > FLIPS_SHOWN else ""
    return Text(f"  {label}: {len(problems)}  {', '.join(problems[:FLIPS_SHOWN])}{more}", style=style)
