"""What the plan said when a run began (RUN/prediction.json), and how it compares with what the run then measured."""

import os
from collections.abc import Iterable
from typing import Any

import msgspec

from cluster.errors import ChainprefError
from cluster.store.storage import LocalStore
from pipeline.estimates.amounts import Amount, duration, size, total
from pipeline.estimates.hardware import Machines
from pipeline.estimates.speed import REFERENCE, CpuRates
from pipeline.plan.machines import ray_machines, this_machine
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.models import model_shapes, needs_gpus
from pipeline.plan.outcome import stage_times
from pipeline.plan.ranks import steps_of
from pipeline.recipe import Recipe
from pipeline.run.folder import Run
from rollout.data import layout

_PROBE_S = 0.2


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a plan. Seconds by stage, none where something cannot load; bytes of memory by stage, where there is
    one machine without GPUs."""

    machines: str
    rates: str
    seconds: dict[str, float]
    memory: dict[str, float]
    steps: dict[str, int]
    """Arm -> optimizer steps."""
    groups: int
    pairs: float
    licence: str
    kv_tokens: dict[str, int] = {}
    """`teacher` or `student` -> tokens of an engine's KV cache."""
    device_memory: dict[str, float] = {}
    """Arm -> bytes of tensors on a rank's GPU at its peak."""


def predict(run: Run) -> None:
    """Plan the run and keep what comes out, once. A run that cannot be planned goes without; it is not stopped."""
    store = LocalStore(run.folder)
    if store.exists(layout.PREDICTION):
        return
    try:
        plan = make_plan(run.recipe, _machines(run.recipe), _rates(run.recipe))
    except ChainprefError as error:
        run.console.print(f"  no plan: {error}", highlight=False, markup=False, soft_wrap=True)
        return
    prediction = prediction_of(plan)
    store.create(layout.PREDICTION, msgspec.json.format(msgspec.json.encode(prediction), indent=1))
    peak = f", {size(max(prediction.memory.values()))} of memory" if prediction.memory else ""
    if prediction.seconds:
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
        kv_tokens={engine.kind: engine.memory.kv_tokens for engine in plan.engines if not engine.scripted},
        device_memory={rank.arm: _tensors(rank.memory.on_device) for rank in plan.ranks if rank.gpu is not None},
    )


def _tensors(amounts: Iterable[Amount]) -> float:
    """Without what torch's allocator does not count."""
    return total(amount for amount in amounts if amount.what not in ("process", "fragments"))


def compared(run: Run) -> list[dict[str, Any]]:
    """Rows of {what, unit, predicted, measured}; measured is None where the run has not got there. Empty without a
    prediction."""
    path = run.folder / layout.PREDICTION
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
    arms = {row["arm"]: row for row in events if row.get("event") == "arm trained"}
    caches = _caches(events)
    data: dict[str, Any] = next((row for row in reversed(events) if row.get("event") == "groups"), {})
    rows = [
        _row(f"stage {name}", "s", said, spent.get(name)) for name, said in prediction.seconds.items() if name in spent
    ]
    rows += [
        _row(f"memory, stage {name}", "MiB", _mib(said), _mib(peaks.get(name)))
        for name, said in prediction.memory.items()
    ]
    rows += [
        _row(f"KV cache of the {kind}", "tokens", float(said), caches.get(kind))
        for kind, said in prediction.kv_tokens.items()
    ]
    rows += [
        _row(f"memory on a GPU, {name}", "MiB", _mib(said), _mib(arms.get(name, {}).get("device_memory")))
        for name, said in prediction.device_memory.items()
    ]
    rows += [
        _row(f"steps of {name}", "", float(said), arms[name]["steps"] if name in arms else None)
        for name, said in prediction.steps.items()
    ]
    rows.append(_row("pairs", "", prediction.pairs, data.get("pairs")))
    return rows


def _caches(events: Iterable[dict[str, Any]]) -> dict[str, float]:
    """`teacher` or `student` -> tokens that an engine's KV cache has held; of several, the least."""
    found: dict[str, float] = {}
    for row in events:
        for host in row.get("hosts", ()) if row.get("event") == "progress" else ():
            kind, tokens = str(host["host"]).partition("-")[0], float(host.get("kv_tokens", 0))
            if tokens:
                found[kind] = min(tokens, found.get(kind, tokens))
    return found


def _row(what: str, unit: str, predicted: float | None, measured: float | None) -> dict[str, Any]:
    return {"what": what, "unit": unit, "predicted": predicted, "measured": measured}


def _mib(value: float | None) -> float | None:
    return None if value is None else value / (1 << 20)


def _machines(recipe: Recipe) -> Machines:
    address = recipe.cluster.address or os.environ.get("RAY_ADDRESS", "")
    return ray_machines(address) if address else this_machine(recipe)


def _rates(recipe: Recipe) -> CpuRates:
    """A short probe where the work is a CPU's; GPUs have data sheets."""
    if needs_gpus(recipe, model_shapes(recipe)):
        return REFERENCE
    from pipeline.estimates.probe import probe

    return probe(_PROBE_S, starts=1)
