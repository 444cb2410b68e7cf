"""`chainpref inspect RUN` and `chainpref diff RUN_A RUN_B`: rollouts, groups and scores on the terminal."""

import difflib
import shlex
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from rich.console import Console

from cluster.errors import RequestError
from evaluation.diff import diff_runs, diff_view
from evaluation.report.chains import (
    ChainFilter,
    Chains,
    chains_view,
    compare_chains,
    group_chains,
    rollout_chains,
)
from pipeline.commands.rounds import begun_rounds, round_chains, rounds_table
from pipeline.recipe import GIVEN_MODELS
from pipeline.run.folder import Run, read_run
from pipeline.run.rollouts import Rollouts
from pipeline.run.workload import read_workload, suite_problems, train_problems
from pipeline.stages.report import stored_summary
from rollout.data import layout
from rollout.data.group_rows import read_groups
from rollout.data.shards import read_rows
from rollout.records import ErrorCode, Outcome, Problem, Score

KINDS = {"rollouts": "rollout", "groups": "groups", "rounds": "train", "scores": "evaluate"}
"""What can be looked at, in the order in which a run makes it -> the stage that makes it."""

MOST_NAMED = 25
"""Where there are more names, an error gives the nearest ones."""


def inspect_run(folder: Path, what: str, options: dict[str, str], limit: int, console: Console) -> None:
    """Print the chains of at most `limit` problems that have an attempt which passes the filter.

    `what` is a key of KINDS, or "" for the last of them that the run has. `options` are those of the command by name;
    "" stands for any.
    """
    run = read_run(folder, console)
    suites = read_workload(run).suites
    ledgers = {"rollouts": layout.EPISODES, "groups": layout.groups(run.student), "scores": layout.SCORES}
    has_rows = {kind: any(one.rows for one in run.ledger(at).commits().values()) for kind, at in ledgers.items()}
    there = [kind for kind in KINDS if has_rows.get(kind, bool(begun_rounds(run)))]
    trained_on = {problem.id: problem for problem in train_problems(run)}
    if options["problem"] in trained_on:  # no such problem is ever scored
        there = [kind for kind in there if kind != "scores"]
    if _known("WHAT", what, KINDS) is None:
        what = there[-1] if there else next(iter(KINDS))
    if what not in there:
        raise RequestError(f"run {folder}: has no {what} yet; `chainpref {KINDS[what]} RECIPE` makes them")
    held_out = {problem.id: problem for problems in suite_problems(run).values() for problem in problems}
    problems = held_out if what == "scores" else trained_on
    wanted = _filter(run, what, options, problems, suites)
    if what == "rounds":
        console.print(rounds_table(run, wanted.arm))
    found = list(islice(_chains(run, what, wanted, problems, limit), limit))
    if not found and (what != "rounds" or any(options.values())):
        raise RequestError(f"run {folder}: none of its {what} passes this filter; leave an option out")
    for chains in found:
        console.print(chains_view(chains, console.width))
    others = [kind for kind in there if kind != what]
    if others:
        also = " and ".join(f"`chainpref inspect {shlex.quote(str(folder))} {kind}`" for kind in others)
        console.out(f"these are {what}; see also {also}", style="dim")


def _filter(
    run: Run, what: str, options: dict[str, str], problems: dict[str, Problem], suites: Collection[str]
) -> ChainFilter:
    """The filter of the options. Raises RequestError for one that names nothing that there is."""
    for option in ("arm", "suite"):
        if options[option] and what != "scores" and (what, option) != ("rounds", "arm"):
            raise RequestError(f"--{option} {options[option]}: {what} have no {option}; leave it out or ask for scores")
    outcome = _known("--outcome", options["outcome"], list(Outcome))
    code = _known("--code", options["code"], list(ErrorCode))
    return ChainFilter(
        outcome=Outcome(outcome) if outcome else None,
        code=ErrorCode(code) if code else None,
        family=_known("--family", options["family"], {problem.family for problem in problems.values()}),
        suite=_known("--suite", options["suite"], suites),
        arm=_known("--arm", options["arm"], (*GIVEN_MODELS, *run.recipe.arms)),
        problem=_known("--problem", options["problem"], problems),
    )


def _known(option: str, name: str, names: Collection[str]) -> str | None:
    """The name, or None where none is given. Raises RequestError for a name that does not exist."""
    if name and name not in names:
        there = sorted(names) if isinstance(names, set) else list(names)
        if len(there) > MOST_NAMED:
            there = [*(difflib.get_close_matches(name, there) or there[:3]), f"{len(there)} in all"]
        raise RequestError(f"{option} {name}: unknown; there are {', '.join(there)}")
    return name or None


def _chains(run: Run, what: str, wanted: ChainFilter, problems: dict[str, Problem], limit: int) -> Iterator[Chains]:
    """The chains of every problem with an attempt that passes; of scores at most `limit`."""
    if what == "scores":
        scores = read_rows(Score, run.ledger(layout.SCORES))
        yield from compare_chains(scores, problems, wanted, run.recipe.evaluation.baseline, limit)
        return
    if what == "rounds":
        yield from round_chains(run, wanted, problems)
        return
    rollouts = Rollouts(run)
    if what == "rollouts":
        for problem_id in [wanted.problem] if wanted.problem else rollouts.block_of:
            attempts = [episode for _, episode in sorted(rollouts.of(problem_id).items())]
            if any(wanted.keeps(episode) for episode in attempts):
                yield rollout_chains(attempts, problems.get(problem_id))
        return
    for group in read_groups(run.ledger(layout.groups(run.student))):
        if wanted.problem in (None, group.problem_id) and wanted.family in (None, group.family):
            episodes = rollouts.of(group.problem_id)
            if any(wanted.keeps(episodes[chain.episodes[0]]) for chain in group.chains):
                yield group_chains(group, episodes, problems.get(group.problem_id))


def diff(before: Path, after: Path, console: Console) -> None:
    """Print what changed from one run to another."""
    old, new = read_run(before, console), read_run(after, console)
    found = diff_runs(
        stored_summary(old).data,
        stored_summary(new).data,
        read_rows(Score, old.ledger(layout.SCORES)),
        read_rows(Score, new.ledger(layout.SCORES)),
        new.recipe.evaluation,
    )
    console.print(diff_view(found))
