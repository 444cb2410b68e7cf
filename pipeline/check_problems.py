"""`chainpref problems FAMILY --check N`: gold answers found again in a second way, gold chains executed in every call
format; a line for each split and variant suite."""

import time
from collections.abc import Iterator

from rich.console import Console

from cluster.errors import RequestError, WorkError
from rollout.formats import FORMATS
from rollout.problems import FamilyConfig, everything, generate, is_imported
from rollout.problems.checking import check_problems
from rollout.problems.config import SPLITS, VARIANTS
from rollout.records import Problem

_SHOWN = 5
"""Disagreements of a suite that are printed."""


def check_families(configs: list[FamilyConfig], split: str, count: int, console: Console) -> None:
    """Check `count` problems of every family, over all of its suites or in `split`. Raises WorkError on a fault."""
    started, checked, faults = time.perf_counter(), 0, 0
    for config in configs:
        before, family_started, in_family = faults, time.perf_counter(), 0
        for suite, problems, error in _suites(config, split, count):
            problems_seen, found = _check(config, suite, problems, error, console)
            in_family += problems_seen
            faults += found
        checked += in_family
        seconds = time.perf_counter() - family_started
        name = config.name or config.family
        console.print(
            f"{name}: {in_family:,} problems, {faults - before} disagreements, {seconds:.1f} s", highlight=False
        )
    if len(configs) > 1:
        seconds = time.perf_counter() - started
        console.print(f"all: {checked:,} problems, {faults} disagreements, {seconds:.1f} s", highlight=False)
    if faults:
        raise WorkError(f"{faults} disagreement(s) about the gold answers of {checked:,} problems")


def _suites(config: FamilyConfig, split: str, count: int) -> Iterator[tuple[str, list[Problem], str]]:
    """Each suite's name and problems, and why there are none where the two ways differed while generating."""
    if is_imported(config):
        divided = everything(config)
        for suite in (split,) if split else SPLITS:
            yield suite, list(divided[suite])[:count], ""
        return
    suites = (split,) if split else (*SPLITS, *(f"variant-{kind}" for kind in VARIANTS))
    each = -(-count // len(suites))
    for suite in suites:
        try:
            yield suite, generate(_sized(config, each), suite), ""
        except WorkError as error:
            yield suite, [], str(error)


def _sized(config: FamilyConfig, count: int) -> FamilyConfig:
    return config.model_copy(update={"train": count, "validation": count, "test": count})


def _check(config: FamilyConfig, suite: str, problems: list[Problem], error: str, console: Console) -> tuple[int, int]:
    """Check one suite and print its line; how many problems, and how many disagreements."""
    start = time.perf_counter()
    report = check_problems(problems, sorted(FORMATS))
    faults = (*([f"while generating: {error}"] if error else ()), *report.faults)
    for fault in faults[:_SHOWN]:
        console.print(f"  {fault}", markup=False, highlight=False, soft_wrap=True)
    name, seconds = config.name or config.family, time.perf_counter() - start
    console.print(
        f"  {name} {suite}: {report.problems} problems, {report.found_again} gold answers found again, "
        f"{report.executed} chains executed in {len(FORMATS)} formats, {len(faults)} disagreements, {seconds:.1f} s",
        highlight=False,
        soft_wrap=True,
    )
    return report.problems, len(faults)


def checked_split(split: str) -> str:
    """`split`, or "" for all of them. Raises RequestError for one that does not exist."""
    known = (*SPLITS, *(f"variant-{kind}" for kind in VARIANTS))
    if split and split not in known:
        raise RequestError(f"split {split!r}: unknown; there are {', '.join(known)}")
    return split
