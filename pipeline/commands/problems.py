"""`chainpref problems FAMILY`: problems as a model sees them, and checks of their gold answers and gold chains."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console

from cluster.errors import ChainprefError, RequestError, WorkError
from pipeline.recipe import load_recipe
from rollout.checkers import check as check_answer
from rollout.checkers.worlds import is_world
from rollout.episodes.execution import execute_now
from rollout.formats import FORMATS, load_format
from rollout.problems import FAMILIES, FamilyConfig, everything, generate, is_imported
from rollout.problems.checking import check_problems
from rollout.problems.config import BFCL, SPLITS, UNTAUGHT, VARIANTS, WITH_TASKS
from rollout.problems.contracts import world_executed
from rollout.prompts.turns import turn_toolboxes
from rollout.records import Problem, UserTurn
from rollout.toolboxes import load_toolbox
from rollout.toolboxes.exercise import exercise_all

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
    task: str,
    console: Console,
) -> None:
    """Show problems of `family`, or check `check` of each family, or both; ALL_OF_THEM: all that a recipe asks for.

    Raises RequestError for a family, split or difficulty that does not exist and for problems that cannot be drawn,
    WorkError when a gold answer, a gold chain or a toolbox is not right.
    """
    if split and split not in _SUITES:
        raise RequestError(f"split {split!r}: unknown; there are {', '.join(_SUITES)}")
    configs = _chosen_families(family, path, task, seed, difficulty or ((1, 8) if check else (1, 2)))
    if show or not check:
        problems = (
            one
            for config in configs
            for one in generate(_sized(config, show or _SHOWN), split or ("test" if config.family == BFCL else "train"))
        )
        wrong = sum(not _show(problem, console) for problem in problems)
        if wrong:
            raise WorkError(f"the gold chain of {wrong} problem(s) does not come to the gold answer")
    if check:
        if check == ALL_OF_THEM and not family.endswith(".toml"):
            check = _CHECKED
        _check_families(configs, [split] if split else _SUITES, check, console)


def _chosen_families(family: str, path: str, task: str, seed: int, difficulty: tuple[int, int]) -> list[FamilyConfig]:
    """The families of a recipe, one family, or `all` that need neither file (gsm8k does where `path` has its rows) nor
    task."""
    if family.endswith(".toml"):
        return list(load_recipe(Path(family)).problems.values())
    if family == ALL:
        names = [name for name in FAMILIES if name not in UNTAUGHT or (name == "gsm8k" and path)]
    elif family in FAMILIES:
        names = [family]
    else:
        raise RequestError(f"family {family!r}: unknown; there are {', '.join(FAMILIES)}, or {ALL}")
    try:
        configs = [FamilyConfig(family=name, seed=seed, difficulty=difficulty) for name in names]
    except ValueError:
        raise RequestError(f"difficulty {list(difficulty)}: give the least and the greatest of 1 to 8") from None
    if task:
        configs = [config.model_copy(update={"task": task}) for config in configs if config.family in WITH_TASKS]
        if not configs:
            raise RequestError(f"task {task!r}: only families {', '.join(WITH_TASKS)} have tasks; leave it out")
    return [config.model_copy(update={"path": path}) if is_imported(config) else config for config in configs]


def _sized(config: FamilyConfig, count: int) -> FamilyConfig:
    return config.model_copy(update={"train": count, "validation": count, "test": count})


def _show(problem: Problem, console: Console) -> bool:
    """Print a problem and execute its gold chain. Returns whether the chain is right, or absent."""
    console.out(f"{problem.id}  difficulty {problem.difficulty}, template {problem.template}", style="bold")
    toolboxes = turn_toolboxes(problem, load_toolbox(problem.toolbox))
    session, call_format = toolboxes[0].open(problem.state), load_format("json")
    first = UserTurn(text=problem.text, gold_calls=problem.gold_calls)
    with closing(session):  # before the world is judged: there may be one server, and that takes it again
        for number, (turn, toolbox) in enumerate(zip((first, *problem.turns), toolboxes, strict=True), start=1):
            if number > 1:
                session.next_turn(toolbox)
            changes = [*(f"+{name}" for name in turn.appear), *(f"-{name}" for name in turn.vanish)]
            console.out(" ".join([*([f"turn {number}:"] if number > 1 else []), *changes, turn.text]))
            for call in turn.gold_calls:
                text = call_format.render([call])
                console.out(f"  {text}  ->  {call_format.render_results(execute_now(text, call_format, session))}")
    if is_world(problem.checker):
        faults = world_executed(problem, [call_format]).faults
        console.out(f"  gold {problem.gold}: {faults[0] if faults else 'right'}")
        return not faults
    if not problem.gold_calls:
        console.out(f"  gold answer: {problem.gold}")
        return True
    error = check_answer(problem.checker, session.answer, problem.gold) if session.answer is not None else "no answer"
    console.out(f"  {'right' if error is None else f'not right: {error}'}")
    return error is None


def _check_families(configs: Sequence[FamilyConfig], suites: Sequence[str], count: int, console: Console) -> None:
    """Check `count` problems of every family, shared out over `suites`, and users' toolboxes once. What cannot be drawn
    hides nothing of the others. Raises RequestError where something cannot be drawn, WorkError for a disagreement."""
    started, all_checked = time.perf_counter(), 0
    imported = [drawn for config in configs if is_imported(config) for drawn in _drawn(config, suites, count)]
    exercised = exercise_all(problem for _, problems, _ in imported for problem in problems)
    for line in (*exercised.faults, *exercised.not_called):
        console.out(f"  {line}")
    all_faults, refusals = len(exercised.faults), list[RequestError]()
    for config in configs:
        name, family_started, checked, faults = config.name or config.family, time.perf_counter(), 0, 0
        drawn = list(_drawn(config, suites, count))
        for line in _dropped(config, suites) if is_imported(config) and not any(error for _, _, error in drawn) else ():
            console.out(f"  {name} {line}")
        for suite, problems, error in drawn:
            suite_started = time.perf_counter()
            report = check_problems(problems, sorted(FORMATS))
            found = [*([f"while generating: {error}"] if error else ()), *report.faults]
            refusals += [error] if isinstance(error, RequestError) else []
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
    if refusals:
        raise refusals[0]
    if all_faults:
        about = "the toolboxes and gold answers" if exercised.faults else "the gold answers"
        raise WorkError(f"{all_faults} disagreement(s) about {about} of {all_checked:,} problems")


def _dropped(config: FamilyConfig, suites: Sequence[str]) -> Iterator[str]:
    """What was dropped of the rows of an imported family, and why, and what was read otherwise than it stands there."""
    imported = everything(config)
    yield from imported.notes
    yield from (f"left out: {each}" for each in imported.left_out)
    for split, report in imported.reports.items():
        if report.dropped and split in suites:
            yield f"{split}: {report.said}"
        if report.numbers_aside and split in suites:
            yield (
                f"{split}: {report.numbers_aside:,} kept that differ from held-out ones in numbers only; "
                'duplicates = "template" drops them'
            )


def _drawn(
    config: FamilyConfig, suites: Sequence[str], count: int
) -> Iterator[tuple[str, list[Problem], ChainprefError | None]]:
    """Each suite with its problems, or with the error for which it has none; of a file that cannot be read, once."""
    if is_imported(config):
        try:
            divided = everything(config).splits
        except ChainprefError as error:
            yield config.path, [], error
            return
        for suite in suites:
            if suite in divided:
                yield suite, list(divided[suite])[: None if count == ALL_OF_THEM else count], None
        return
    asked = [split for split in SPLITS if config.count(split)] + [f"variant-{kind}" for kind in config.variants]
    has = {BFCL: ("test",)}.get(config.family, SPLITS if config.family in UNTAUGHT else _SUITES)
    suites = [suite for suite in suites if suite in has]
    sized = config if count == ALL_OF_THEM else _sized(config, -(-count // max(1, len(suites))))
    for suite in suites:
        if count != ALL_OF_THEM or suite in asked:
            try:
                yield suite, generate(sized, suite), None
            except ChainprefError as error:
                yield suite, [], error
