"""Arms that learn in rounds, for the terminal: how far they are, what came of each round, and its attempts."""

from collections import Counter
from collections.abc import Iterator

import msgspec
from rich.table import Table

from evaluation.figures import percent
from evaluation.report.chains import ChainFilter, Chains, rollout_chains
from pipeline.run.folder import Run
from pipeline.stages.arms.policies import ArmRounds, RoundRecord, stale_share
from pipeline.stages.arms.round import Round
from rollout.data import layout
from rollout.data.unit_rows import UnitRows
from rollout.hosts.work import committed_outcomes
from rollout.records import Episode, Outcome, Problem


def begun_rounds(run: Run) -> list[ArmRounds]:
    """The arms in rounds that have begun, in the recipe's order."""
    return [
        ArmRounds(run, name, arm)
        for name, arm in run.recipe.arms.items()
        if arm.rounds is not None and (run.folder / layout.round_plan(name)).exists()
    ]


def rounds_lines(run: Run) -> Iterator[str]:
    """For each arm that has begun how many of its rounds have ended, what the last one was, and how far the next is."""
    for rounds in begun_rounds(run):
        records, planned = rounds.records(), len(rounds.plan().rounds)
        line = f"arm {rounds.name}: {len(records)} of {planned} rounds ended"
        for record in records[-1:]:
            line += f"; {layout.round_name(record.number)}: {_right(record)}"
            line += f", {record.said_of_help}" if record.said_of_help else ""
            if record.probe_difference is not None:
                line += f", {record.probe_difference:.1e} nats a token from its probe"
            if record.hosts_idle is not None and record.ranks_idle is not None:
                line += f", hosts idle {percent(record.hosts_idle)}, ranks {percent(record.ranks_idle)}"
        if stale := stale_share(records):
            line += f"; {percent(stale)} of attempts by an older policy"
        if not rounds.ended(records):
            following = Round(rounds, records)
            for each in (following, *(coming for coming in following.coming() if _begun(coming))):
                now = RoundRecord(
                    number=each.number,
                    outcomes=_committed(run, each.episodes),
                    helped=_committed(run, each.helped) if each.helped_units else {},
                    tokens=0,
                )
                planned_units = len(each.units) + len(each.helped_units)
                done = planned_units - len(each.missing())
                line += f"; {layout.round_name(each.number)}: {done} of {planned_units} episode units, {_right(now)}"
                line += f", {now.said_of_help}" if now.said_of_help else ""
        elif why := rounds.stopped(records):
            line += f"; they have stopped, {why}"
        yield line


def rounds_table(run: Run, arm: str | None) -> Table:
    """What came of every round that has ended, of one arm or of all."""
    table = Table(
        *("round", "right", "with help", "age", "groups", "chains", "steps", "log-p", "drift", "probe"),
        *("hosts idle", "ranks idle"),
        "mean rewards",
        box=None,
        pad_edge=False,
    )
    for rounds in begun_rounds(run):
        for record in rounds.records() if arm in (None, rounds.name) else ():
            table.add_row(
                f"{rounds.name}.{layout.round_name(record.number)}",
                _right(record),
                record.said_of_help.replace(" right with help", " right") or "—",
                f"{record.age}",
                f"{record.groups:,}",
                f"{record.chains:,} ({record.right:,} right)",
                f"{record.steps:,}",
                _difference(record.logp_difference),
                _difference(record.drift),
                _difference(record.probe_difference),
                percent(record.hosts_idle),
                percent(record.ranks_idle),
                ", ".join(f"{name} {mean:.3f}" for name, mean in record.rewards.items()) or "—",
            )
    return table


def round_chains(run: Run, wanted: ChainFilter, problems: dict[str, Problem]) -> Iterator[Chains]:
    """The attempts at each problem of an arm's last round that has some, where one of them passes; arm after arm."""
    for rounds in begun_rounds(run):
        if wanted.arm not in (None, rounds.name):
            continue
        records = rounds.records()
        last = min(len(records) + rounds.config.max_staleness, len(rounds.plan().rounds) - 1)
        ways = (Round(rounds, records[:at], at) for at in range(last, -1, -1))
        for each in ways:
            made = []
            for prefix, units in ((each.episodes, each.units), (each.helped, each.helped_units)):
                rows = UnitRows(Episode, run.ledger(prefix))
                made += [row for unit in units if unit.name in rows for row in rows.read(unit.name)]
            attempts: dict[str, list[Episode]] = {}
            for row in made:
                attempts.setdefault(row.problem_id, []).append(row)
            for problem, own in attempts.items():
                if wanted.problem in (None, problem) and any(wanted.keeps(one) for one in own):
                    found = rollout_chains(own, problems.get(problem))
                    yield msgspec.structs.replace(found, heading=f"{each.title} · {found.heading}")
            if made:
                break


def _begun(each: Round) -> bool:
    """Whether an attempt of the round is committed."""
    return len(each.missing()) < len(each.units) + len(each.helped_units)


def _committed(run: Run, prefix: str) -> dict[str, int]:
    """Outcome -> attempts that a ledger of a round holds."""
    commits = run.ledger(prefix).history().values()
    return dict(sum((Counter(committed_outcomes(commit)) for commit in commits), Counter[str]()))


def _right(record: RoundRecord) -> str:
    right = record.outcomes.get(Outcome.RIGHT.value, 0)
    return f"{right:,} of {record.attempts:,} right ({percent(record.share_right)})"


def _difference(value: float | None) -> str:
    return "—" if value is None else f"{value:.1e}"
