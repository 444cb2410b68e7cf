"""`chainpref inspect RUN` and `chainpref diff RUN_A RUN_B`: what is in the scores, on the terminal."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console

from cluster.errors import RequestError
from evaluation.diff import diff_runs, diff_view
from evaluation.report.chains import ChainFilter, compare_chains, inspection
from pipeline.run.folder import Run, read_run
from pipeline.run.workload import suite_problems
from rollout.data import layout
from rollout.data.shards import read_rows
from rollout.records import ErrorCode, Outcome, Score


def inspect_run(folder: Path, wanted: ChainFilter, limit: int, console: Console) -> None:
    """Print chains of all arms side by side, of problems with an attempt that passes the filter."""
    run = read_run(folder, console)
    problems = {problem.id: problem for suite in suite_problems(run).values() for problem in suite}
    scores = read_rows(Score, run.ledger(layout.SCORES))
    found = list(compare_chains(scores, wanted, run.recipe.evaluation.baseline, limit))
    if not found:
        raise RequestError(f"run {folder}: no attempt passes this filter; widen it, or run `chainpref evaluate` first")
    for shown in inspection(found, problems, console.width):
        console.print(shown)


def diff(before: Path, after: Path, console: Console) -> None:
    """Print what changed from one run to another."""
    old, new = read_run(before, console), read_run(after, console)
    console.print(
        diff_view(
            diff_runs(
                _summary(old),
                _summary(new),
                read_rows(Score, old.ledger(layout.SCORES)),
                read_rows(Score, new.ledger(layout.SCORES)),
                new.recipe.evaluation,
            )
        )
    )


def _summary(run: Run) -> dict[str, Any]:
    try:
        summary = json.loads(run.store.read(layout.SUMMARY))
    except FileNotFoundError:
        raise RequestError(f"run {run.folder}: has no report yet; `chainpref report` writes it") from None
    assert isinstance(summary, dict)
    return summary


def chain_filter(*, outcome: str, code: str, family: str, suite: str, arm: str, problem: str) -> ChainFilter:
    """The filter of options, "" for any. Raises RequestError for an outcome or a code that does not exist."""
    return ChainFilter(
        outcome=Outcome(outcome) if _known(Outcome, "--outcome", outcome) else None,
        code=ErrorCode(code) if _known(ErrorCode, "--code", code) else None,
        family=family or None,
        suite=suite or None,
        arm=arm or None,
        problem=problem or None,
    )


def _known(kind: type[StrEnum], option: str, text: str) -> bool:
    """Whether the option was given. Raises RequestError when it names nothing."""
    if text and text not in list(kind):
        raise RequestError(f"{option} {text}: unknown; there are {', '.join(kind)}")
    return bool(text)
