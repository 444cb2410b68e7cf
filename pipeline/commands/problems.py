"""`chainpref problems FAMILY`: problems as a model sees them, each with its gold chain executed."""

import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from cluster.errors import RequestError, WorkError
from pipeline.recipe import load_recipe
from rollout.episodes.checkers import check
from rollout.episodes.execution import execute_now
from rollout.formats import FORMATS, load_format
from rollout.problems import FAMILIES, FamilyConfig, everything, generate, is_imported
from rollout.problems.checking import check_problems
from rollout.problems.config import SPLITS, VARIANTS
from rollout.records import Problem
from rollout.toolboxes import load_toolbox

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


ALL = "all"


def chosen_families(family: str, path: str, seed: int, difficulty: tuple[int, int]) -> list[FamilyConfig]:
    """What `family` names: a family, all that need no file (and gsm8k where `path` has its rows), or a recipe's."""
    if family.endswith(".toml"):
        return list(load_recipe(Path(family)).problems.values())
    if family == ALL:
        names = [name for name in FAMILIES if not is_imported(FamilyConfig(family=name)) or (name == "gsm8k" and path)]
    elif family in FAMILIES:
        names = [family]
    else:
        raise RequestError(f"family {family!r}: unknown; there are {', '.join(FAMILIES)}, or {ALL}")
    return [_config(name, path, seed, difficulty) for name in names]


def _config(family: str, path: str, seed: int, difficulty: tuple[int, int]) -> FamilyConfig:
    try:
        config = FamilyConfig(family=family, seed=seed, difficulty=difficulty)
    except ValueError:
        raise RequestError(f"difficulty {list(difficulty)}: give the least and the greatest of 1 to 8") from None
    return config.model_copy(update={"path": path}) if is_imported(config) else config


def show_problems(configs: list[FamilyConfig], split: str, count: int, console: Console) -> None:
    """Print problems and what their gold calls come to. Raises WorkError when a gold chain is not right."""
    wrong = 0
    for config in configs:
        sized = config.model_copy(update={"train": count, "validation": count, "test": count})
        for problem in generate(sized, split):
            wrong += not _show(problem, console)
    if wrong:
        raise WorkError(f"the gold chain of {wrong} problem(s) does not come to the gold answer")


def _show(problem: Problem, console: Console) -> bool:
    """Print one problem; whether its gold chain is right (a problem without one counts as right)."""
    console.print(f"[bold]{problem.id}[/bold]  difficulty {problem.difficulty}, template {problem.template}")
    console.print(problem.text, markup=False, highlight=False, soft_wrap=True)
    session = load_toolbox(problem.toolbox).open(problem.state)
    call_format = load_format("json")
    for call in problem.gold_calls:
        text = call_format.render([call])
        results = execute_now(text, call_format, session)
        console.print(
            f"  {text}  ->  {call_format.render_results(results)}", markup=False, highlight=False, soft_wrap=True
        )
    if not problem.gold_calls:
        console.print(f"  gold answer: {problem.gold}", markup=False, highlight=False)
        return True
    error = check(problem.checker, session.answer, problem.gold) if session.answer is not None else "no answer"
    console.print(f"  {'right' if error is None else f'not right: {error}'}", markup=False, highlight=False)
    return error is None
