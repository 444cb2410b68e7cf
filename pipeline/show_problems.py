"""`chainpref problems FAMILY`: problems as a model sees them, each with its gold chain executed."""

from pathlib import Path

from rich.console import Console

from cluster.errors import RequestError, WorkError
from pipeline.recipe import load_recipe
from rollout.checkers import check
from rollout.execution import execute_now
from rollout.formats import load_format
from rollout.problems import FAMILIES, FamilyConfig, generate, is_imported
from rollout.records import Problem
from rollout.toolboxes import load_toolbox

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
