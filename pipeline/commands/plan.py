"""The `plan` command: find the machines, perhaps measure this one, plan, show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cluster.errors import WorkError
from pipeline.estimates.speed import REFERENCE
from pipeline.plan.as_json import dumps
from pipeline.plan.machines import find_machines, with_prices
from pipeline.plan.make import make_plan
from pipeline.plan.show import show
from pipeline.recipe import load_recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says."""

    recipe: Path
    settings: Sequence[str] = ()
    cluster: Path | None = None
    address: str = ""
    price: float | None = None
    prices: Path | None = None
    probe: bool = False
    json: bool = False


def plan_command(asked: Asked, console: Console) -> None:
    """Print the plan of a recipe. Starts no run and writes nothing.

    Raises RequestError for what cannot be planned, WorkError for what does not fit.
    """
    recipe = load_recipe(asked.recipe, asked.settings)
    machines = find_machines(recipe, asked.recipe, asked.cluster, asked.address)
    machines = with_prices(machines, asked.price, asked.prices)
    rates = REFERENCE
    if asked.probe:
        from pipeline.estimates.probe import probe

        rates = probe()
    plan = make_plan(recipe, machines, rates)
    if asked.json:
        console.print(dumps(plan), highlight=False, markup=False, soft_wrap=True)
    else:
        show(plan, console)
    if plan.faults:
        raise WorkError(f"{plan.faults[0]}" + (f" (and {len(plan.faults) - 1} more)" if len(plan.faults) > 1 else ""))
