"""`chainpref problems FAMILY`: problems as a model sees them, each with its gold chain executed."""

from pathlib import Path

from rich.console import Console

from cluster.errors import WorkError
from pipeline.recipe import load_recipe
from rollout.checkers import check
from rollout.execution import execute_now
from rollout.formats import load_format
from rollout.problems import FamilyConfig, generate
from rollout.records import Problem
from rollout.toolboxes import load_toolbox


def show_problems(family: str, split: str, count: int, seed: int, console: Console) -> None:
    """Print problems and what their gold calls come to. Raises WorkError when a gold chain is not right."""
    if family.endswith(".toml"):
        configs = list(load_recipe(Path(family)).problems.values())
    else:
        configs = [FamilyConfig(family=family, seed=seed, train=count, validation=count, test=count)]
    wrong = 0
    for config in configs:
        for problem in generate(config, split)[:count]:
            wrong += not _show(problem, console)
    if wrong:
        raise WorkError(f"the gold chain of {wrong} problem(s) does not come to the gold answer")


def _show(problem: Problem, console: Console) -> bool:
    """Print one problem; whether its gold chain is right (a problem without one counts as right)."""
    console.print(f"[bold]{problem.id}[/bold]  difficulty {problem.difficulty}, template {problem.template}")
    console.print(problem.text, markup=False, highlight=False)
    session = load_toolbox(problem.toolbox).open(problem.state)
    call_format = load_format("json")
    for call in problem.gold_calls:
        text = call_format.render([call])
        results = execute_now(text, call_format, session)
        console.print(f"  {text}  ->  {call_format.render_results(results)}", markup=False, highlight=False)
    if not problem.gold_calls:
        console.print(f"  gold answer: {problem.gold}", markup=False, highlight=False)
        return True
    error = check(problem.checker, session.answer, problem.gold) if session.answer is not None else "no answer"
    console.print(f"  {'right' if error is None else f'not right: {error}'}", markup=False, highlight=False)
    return error is None
