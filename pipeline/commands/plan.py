"""The `plan` command: find the machines, perhaps measure this one, plan the recipe or the runs of a sweep, show."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from json import dumps
from pathlib import Path

from rich.console import Console

from cluster.config import load_toml
from cluster.errors import WorkError
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.as_json import as_json, times_json
from pipeline.plan.explain import explain
from pipeline.plan.machines import find_machines, with_prices
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.outcome import stage_times
from pipeline.plan.show import headline, show
from pipeline.recipe import Recipe, load_recipe
from pipeline.run.findings import Findings, find_out, refuse_rewards
from pipeline.run.toolboxes import problems_with_users_toolboxes, refuse_faulty_toolboxes
from pipeline.sweep.planned import sweep_times
from pipeline.sweep.points import load_sweep


def plan_command(
    recipe: Path,
    console: Console,
    *,
    settings: Sequence[str] = (),
    cluster: Path | None = None,
    address: str = "",
    price: float | None = None,
    prices: Path | None = None,
    probed: bool = False,
    explained: bool = False,
    json: bool = False,
) -> None:
    """Print the plan of a recipe, or of all runs of a sweep. Starts no run and writes nothing.

    Raises RequestError for what cannot be planned, WorkError for what does not fit.
    """
    runs: Mapping[str, Recipe]
    is_sweep = "sweep" in load_toml(recipe)
    if is_sweep:
        sweep = load_sweep(recipe, settings)
        name, runs = sweep.name, {run: planned.recipe for run, planned in sweep.runs.items()}
    else:
        runs = {"": load_recipe(recipe, settings)}
        name = runs[""].run.name
    first = next(iter(runs.values()))
    notes = refuse_faulty_toolboxes(
        problem for each in runs.values() for problem in problems_with_users_toolboxes(each)
    )
    machines = find_machines(first, cluster, address)
    machines = with_prices(machines, price, prices)
    rates = REFERENCE
    if probed:
        from pipeline.estimates.probe import probe

        rates = probe()
    plans, found = dict[str, Plan](), dict[object, Findings]()
    for run, each in runs.items():
        problems = (tuple(each.problems.items()), each.evaluation.split, each.run.seed)
        found[problems] = found.get(problems) or find_out(each)  # the runs of a sweep share most problems
        refuse_rewards(each.arms, found[problems].worlds)
        plan = make_plan(each, machines, rates, findings=found[problems])
        plans[run] = replace(plan, notes=(*plan.notes, *notes))
    times = sweep_times(plans)
    if json:
        values = as_json(plans[""]) if not is_sweep else times_json(machines, times)
        if is_sweep:
            values["runs"] = {run: as_json(plan) for run, plan in plans.items()}
        console.out(dumps(values, indent=1, allow_nan=False))
    else:
        show(name, plans, times, console)
        for run, plan in plans.items() if explained else ():
            if is_sweep:
                console.out(f"\n{headline(run, {'': plan}, stage_times(plan))}", style="bold")
            explain(plan, console)
    faults = [fault for plan in plans.values() for fault in plan.faults]
    if faults:
        raise WorkError(f"{faults[0]}" + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""))
