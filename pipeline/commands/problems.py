"""`chainpref problems FAMILY`: problems as a model sees them, and checks of their gold answers and gold chains."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from cluster.errors import RequestError, WorkError
from pipeline.recipe import load_recipe
from rollout.checkers import check as check_answer
from rollout.episodes.execution import execute_now
from rollout.formats import FORMATS, load_format
from rollout.problems import FAMILIES, FamilyConfig, everything, generate, is_imported
from rollout.problems.checking import check_problems
from rollout.problems.config import SPLITS, VARIANTS
from rollout.records import Problem
from rollout.toolboxes import load_toolbox

ALL = "all"
_SUITES = (*SPLITS, *(f"variant-{kind}" for kind in VARIANTS))
ALL_OF_THEM = -1
"""In place of a number of problems to check."""
_CHECKED = 100
_SHOWN = 5
"""Problems that are shown by default, and disagreements of a suite that are printed."""


def problems_command(
    family: str,
    *,
    show: int | None,
    check: int,
    split: str,
    seed: int,
    difficulty: tuple[int, int] | None,
    path: str,
    console: Console,
) -> None:
    """Show problems of `family`, or check `check` of each family, or both; ALL_OF_THEM: all that a recipe asks for.

    Raises RequestError for a family, split or difficulty that does not exist, WorkError when a gold answer or a gold
    chain is not right.
    """
    if split and split not in _SUITES:
        raise RequestError(f"split {split!r}: unknown; there are {', '.join(_SUITES)}")
    configs = _chosen_families(family, path, seed, difficulty or ((1, 8) if check else (1, 2)))
    if show or not check:
        problems = (one for config in configs for one in generate(_sized(config, show or _SHOWN), split or "train"))
        wrong = sum(not _show(problem, console) for problem in problems)
        if wrong:
            raise WorkError(f"the gold chain of {wrong} problem(s) does not come to the gold answer")
    if check:
        if check == ALL_OF_THEM and not family.endswith(".toml"):
            check = _CHECKED
        _check_families(configs, [split] if split else _SUITES, check, console)


def _chosen_families(family: str, path: str, seed: int, difficulty: tuple[int, int]) -> list[FamilyConfig]:
    """The families of a recipe, one family, or `all` that need no file (and gsm8k where `path` has its rows)."""
    if family.endswith(".toml"):
        return list(load_recipe(Path(family)).problems.values())
    if family == ALL:
        names = [name for name in FAMILIES if not is_imported(FamilyConfig(family=name)) or (name == "gsm8k" and path)]
    elif family in FAMILIES:
        names = [family]
    else:
        raise RequestError(f"family {family!r}: unknown; there are {', '.join(FAMILIES)}, or {ALL}")
    try:
        configs = [FamilyConfig(family=name, seed=seed, difficulty=difficulty) for name in names]
    except ValueError:
        raise RequestError(f"difficulty {list(difficulty)}: give the least and the greatest of 1 to 8") from None
    return [config.model_copy(update={"path": path}) if is_imported(config) else config for config in configs]


def _sized(config: FamilyConfig, count: int) -> FamilyConfig:
    return config.model_copy(update={"train": count, "validation": count, "test": count})


def _show(problem: Problem, console: Console) -> bool:
    """Print a problem and execute its gold chain. Returns whether the chain is right, or absent."""
    console.out(f"{problem.id}  difficulty {problem.difficulty}, template {problem.template}", style="bold")
    console.out(problem.text)
    session = load_toolbox(problem.toolbox).open(problem.state)
    call_format = load_format("json")
    for call in problem.gold_calls:
        text = call_format.render([call])
        console.out(f"  {text}  ->  {call_format.render_results(execute_now(text, call_format, session))}")
    if not problem.gold_calls:
        console.out(f"  gold answer: {problem.gold}")
        return True
    error = check_answer(problem.checker, session.answer, problem.gold) if session.answer is not None else "no answer"
    console.out(f"  {'right' if error is None else f'not right: {error}'}")
    return error is None


def _check_families(configs: Sequence[FamilyConfig], suites: Sequence[str], count: int, console: Console) -> None:
    """Check `count` problems of every family, shared out over `suites`. Raises WorkError when something disagrees."""
    started, all_checked, all_faults = time.perf_counter(), 0, 0
    for config in configs:
        name, family_started, checked, faults = config.name or config.family, time.perf_counter(), 0, 0
        for line in _dropped(config, suites):
            console.out(f"  {name} {line}")
        for suite, problems, error in _drawn(config, suites, count):
            suite_started = time.perf_counter()
            report = check_problems(problems, sorted(FORMATS))
            found = [*([f"while generating: {error}"] if error else ()), *report.faults]
            for fault in found[:_SHOWN]:
                console.out(f"  {fault}")
            console.out(
                f"  {name} {suite}: {report.problems} problems, {report.found_again} gold answers found again, "
                f"{report.executed} chains executed in {len(FORMATS)} formats, {report.about_state}"
                f"{len(found)} disagreements, {time.perf_counter() - suite_started:.1f} s"
            )
            checked += report.problems
            faults += len(found)
        seconds = time.perf_counter() - family_started
        console.out(f"{name}: {checked:,} problems, {faults} disagreements, {seconds:.1f} s")
        all_checked += checked
        all_faults += faults
    if len(configs) > 1:
        seconds = time.perf_counter() - started
        console.out(f"{ALL}: {all_checked:,} problems, {all_faults} disagreements, {seconds:.1f} s")
    if all_faults:
        raise WorkError(f"{all_faults} disagreement(s) about the gold answers of {all_checked:,} problems")


def _dropped(config: FamilyConfig, suites: Sequence[str]) -> Iterator[str]:
    """What was dropped of the rows of an imported family, and why, and what was read otherwise than it stands there."""
    if not is_imported(config):
        return
    imported = everything(config)
    yield from imported.notes
    for split, report in imported.reports.items():
        if report.dropped and split in suites:
            yield f"{split}: {report.said}"
        if report.numbers_aside and split in suites:
            yield (
                f"{split}: {report.numbers_aside:,} kept that differ from held-out ones in numbers only; "
                'duplicates = "template" drops them'
            )


def _drawn(config: FamilyConfig, suites: Sequence[str], count: int) -> Iterator[tuple[str, list[Problem], str]]:
    """Each suite with its problems, and the error where the generator and its cross-check disagreed."""
    if is_imported(config):
        divided = everything(config).splits
        whole = count == ALL_OF_THEM
        yield from (
            (suite, list(divided[suite])[: None if whole else count], "") for suite in suites if suite in divided
        )
        return
    if count == ALL_OF_THEM:
        asked = [split for split in SPLITS if config.count(split)] + [f"variant-{kind}" for kind in config.variants]
        yield from ((suite, generate(config, suite), "") for suite in suites if suite in asked)
        return
    for suite in suites:
        try:
            yield suite, generate(_sized(config, -(-count // len(suites))), suite), ""
        except WorkError as error:
            yield suite, [], str(error)
