"""What the plan said when a run began (RUN/prediction.json), and how it compares with what the run then measured."""

import os
from typing import Any

import msgspec

from cluster.errors import ChainprefError
from cluster.planner.amounts import duration, size
from cluster.planner.machines import Machines
from cluster.planner.speed import REFERENCE, CpuRates
from cluster.storage import LocalStore
from pipeline.plan import Plan, make_plan
from pipeline.plan_machines import ray_machines, this_machine
from pipeline.plan_models import model_shapes, needs_gpus
from pipeline.plan_outcome import stage_times
from pipeline.plan_requests import steps_of
from pipeline.recipe import Recipe
from pipeline.run_folder import Run

FILE = "prediction.json"
_PROBE_S = 0.2


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a plan. Seconds by stage; bytes of memory by stage, where the machine has no GPU."""

    machines: str
    rates: str
    seconds: dict[str, float]
    memory: dict[str, float]
    steps: dict[str, int]
    """Arm -> optimizer steps."""
    groups: int
    pairs: float
    licence: str


def predict(run: Run) -> None:
    """Plan the run and keep what comes out, once. A run that cannot be planned goes without; it is not stopped."""
    store = LocalStore(run.folder)
    if store.exists(FILE):
        return
    try:
        plan = make_plan(run.recipe, _machines(run.recipe), _rates(run.recipe))
    except ChainprefError as error:
        run.console.print(f"  no plan: {error}", highlight=False, markup=False, soft_wrap=True)
        return
    prediction = prediction_of(plan)
    store.create(FILE, msgspec.json.format(msgspec.json.encode(prediction), indent=1))
    peak = f", {size(max(prediction.memory.values()))} of memory" if prediction.memory else ""
    run.console.print(f"  planned: {duration(sum(prediction.seconds.values()))}{peak}", highlight=False)
    if plan.licence.allowed is not True:
        run.console.print(f"  licence: {plan.licence.line}", highlight=False, markup=False, soft_wrap=True)
    for fault in (*plan.notes, *plan.faults):
        run.console.print(f"  the plan says: {fault}", highlight=False, markup=False, soft_wrap=True)


def prediction_of(plan: Plan) -> Prediction:
    """What of a plan is compared later."""
    memory: dict[str, float] = {}
    for stage in plan.stages:
        memory[stage.stage] = max(stage.bytes, memory.get(stage.stage, 0.0))
    return Prediction(
        machines=plan.machines.source,
        rates=plan.rates.source,
        seconds={stage.name: round(stage.seconds, 1) for stage in stage_times(plan)},
        memory=memory,
        steps={name: steps_of(arm, plan.loads.groups) for name, arm in plan.recipe.arms.items()},
        groups=plan.loads.groups.groups,
        pairs=plan.loads.groups.pairs,
        licence=plan.licence.line,
    )


def compared(run: Run) -> list[dict[str, Any]]:
    """Rows of {what, unit, predicted, measured}; measured is None where the run has not got there. Empty without a
    prediction."""
    path = run.folder / FILE
    if not path.is_file():
        return []
    try:
        prediction = msgspec.json.decode(path.read_bytes(), type=Prediction)
    except msgspec.DecodeError:
        return []
    events = list(run.events.read())
    spent = run.events.seconds()
    peaks: dict[str, float] = {}
    for row in events:
        if row.get("event") == "memory":
            peaks[row["stage"]] = max(float(row["peak"]), peaks.get(row["stage"], 0.0))
    steps = {row["arm"]: float(row["steps"]) for row in events if row.get("event") == "arm trained"}
    data: dict[str, Any] = next((row for row in reversed(events) if row.get("event") == "groups"), {})
    rows = [
        _row(f"stage {name}", "s", said, spent.get(name)) for name, said in prediction.seconds.items() if name in spent
    ]
    rows += [
        _row(f"memory, stage {name}", "MiB", _mib(said), _mib(peaks.get(name)))
        for name, said in prediction.memory.items()
    ]
    rows += [_row(f"steps of {name}", "", float(said), steps.get(name)) for name, said in prediction.steps.items()]
    rows.append(_row("pairs", "", prediction.pairs, data.get("pairs")))
    return rows


def _row(what: str, unit: str, predicted: float | None, measured: float | None) -> dict[str, Any]:
    return {"what": what, "unit": unit, "predicted": predicted, "measured": measured}


def _mib(value: float | None) -> float | None:
    return None if value is None else value / (1 << 20)


def _machines(recipe: Recipe) -> Machines:
    address = recipe.cluster.address or os.environ.get("RAY_ADDRESS", "")
    return ray_machines(address) if address else this_machine()


def _rates(recipe: Recipe) -> CpuRates:
    """A short probe where the work is a CPU's; GPUs have data sheets."""
    if needs_gpus(recipe, model_shapes(recipe)):
        return REFERENCE
    from cluster.planner.probe import probe

    return probe(_PROBE_S, starts=1)
