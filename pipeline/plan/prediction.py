"""What the plan said when a run began (RUN/prediction.json), and how it compares with what the run then measured."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cluster.errors import ChainprefError
from cluster.store.digests import checked, sealed
from cluster.store.storage import LocalStore
from pipeline.decisions.values import decided_recipe
from pipeline.estimates.amounts import duration, size, total
from pipeline.estimates.speed import REFERENCE, CpuRates
from pipeline.plan.machines import ray_machines, this_machine
from pipeline.plan.make import Plan, make_plan
from pipeline.plan.models import model_shapes, needs_gpus
from pipeline.plan.outcome import stage_times
from pipeline.plan.ranks import passes_of, steps_in_all
from pipeline.recipe import Recipe
from pipeline.run.arms import trained_arms
from pipeline.run.findings import LEFT_TO_THE_RUN
from pipeline.run.folder import Run
from rollout.data import layout

_PROBE_S = 0.2


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a plan that a run's events are compared with."""

    machines: str
    rates: str
    seconds: dict[str, float]
    """Stage -> seconds; empty where something cannot load."""
    memory: dict[str, float]
    """Stage -> bytes at its peak, on one machine without GPUs; else empty."""
    steps: dict[str, int]
    """Arm -> optimizer steps; `passes` -> how often its chains come."""
    groups: int
    pairs: float
    licence: str
    kv_tokens: dict[str, int] = {}
    """`teacher` or `student` -> tokens of an engine's KV cache."""
    passes: dict[str, float] = {}
    device_memory: dict[str, float] = {}
    """Arm -> bytes of tensors on a rank's GPU at its peak."""
    recipe: int = 0
    """Number of the run's recipe that it is of."""


def predict(run: Run) -> None:
    """Plan the run and keep the figures: once, and again for the whole of a run that grows. A run that cannot be
    planned goes on without them."""
    store = LocalStore(run.folder)
    grown = [one.number for one in run.recipes if one.plans or any(line.startswith("arms.") for line in one.changed)]
    number = max(grown, default=0)
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        if msgspec.json.decode(store.read(layout.PREDICTION), type=Prediction).recipe == number:
            return
    try:
        address = run.recipe.cluster.address or os.environ.get("RAY_ADDRESS", "")
        machines = ray_machines(address) if address else this_machine(run.recipe)
        plan = make_plan(decided_recipe(run), machines, _rates(run.recipe), findings=LEFT_TO_THE_RUN)
    except ChainprefError as error:
        run.console.out(f"  no plan: {error}")
        return
    prediction = msgspec.structs.replace(prediction_of(plan), recipe=number)
    data = msgspec.json.format(msgspec.json.encode(prediction), indent=1)
    store.replace(layout.PREDICTION, sealed(data, "json"))
    peak = f", {size(max(prediction.memory.values()))} of memory" if prediction.memory else ""
    if prediction.seconds:
        run.console.out(f"  planned: {duration(sum(prediction.seconds.values()))}{peak}")
    if plan.licence.allowed is not True:
        run.console.out(f"  licence: {plan.licence.line}")
    for fault in (*plan.notes, *plan.faults):
        run.console.out(f"  the plan says: {fault}")


def prediction_of(plan: Plan) -> Prediction:
    """The figures of a plan that are compared later."""
    memory: dict[str, float] = {}
    for stage in plan.stages:
        memory[stage.stage] = max(stage.bytes, memory.get(stage.stage, 0.0))
    not_tensors = ("process", "fragments")  # torch's allocator does not count them
    return Prediction(
        machines=plan.machines.source,
        rates=plan.rates.source,
        seconds={stage.name: round(stage.seconds, 1) for stage in stage_times(plan)},
        memory=memory,
        steps={name: steps_in_all(plan.recipe, arm, plan.demands) for name, arm in plan.recipe.arms.items()},
        passes={
            name: round(passes_of(arm, plan.demands.groups), 3)
            for name, arm in plan.recipe.arms.items()
            if arm.rounds is None
        },
        groups=plan.demands.groups.groups,
        pairs=plan.demands.groups.pairs,
        licence=plan.licence.line,
        kv_tokens={engines.name: engines.memory.kv_tokens for engines in plan.engines if not engines.scripted},
        device_memory={
            ranks.name: total(amount for amount in ranks.memory.on_device if amount.what not in not_tensors)
            for ranks in plan.ranks
            if ranks.gpu is not None
        },
    )


def compared(run: Run) -> list[dict[str, Any]]:
    """Rows of {what, unit, predicted, measured}; `measured` is None where the run has not got there. Empty without a
    readable prediction. Raises CorruptionError for one that is not what was written."""
    path = run.folder / layout.PREDICTION
    if not path.is_file():
        return []
    stored = checked(path.read_bytes(), str(path), "restore it, or remove it")
    try:
        prediction = msgspec.json.decode(stored, type=Prediction)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    with run.events.understood():
        events = list(run.events.read())
        spent = run.events.seconds()
        peaks: dict[str, float] = {}
        for row in events:
            if row.get("event") == "memory":
                peaks[row["stage"]] = max(float(row["peak"]), peaks.get(row["stage"], 0.0))
        arms = trained_arms(run)
        caches: dict[str, float] = {}  # `teacher` or `student` -> tokens of a KV cache; of several engines, the least
        for host in (host for row in events if row.get("event") == "progress" for host in row.get("hosts", ())):
            role, held = str(host["host"]).partition("-")[0], float(host.get("kv_tokens", 0))
            if held:
                caches[role] = min(held, caches.get(role, held))
        data: dict[str, Any] = next((row for row in reversed(events) if row.get("event") == "groups"), {})
        rows: list[tuple[str, str, float | None, float | None]] = [
            (f"stage {name}", "s", said, spent[name]) for name, said in prediction.seconds.items() if name in spent
        ]
        for name, said in prediction.memory.items():
            rows.append((f"memory, stage {name}", "MiB", _mib(said), _mib(peaks.get(name))))
        for role, tokens in prediction.kv_tokens.items():
            rows.append((f"KV cache of the {role}", "tokens", float(tokens), caches.get(role)))
        for role, share in prompts_found_cached(events).items():
            rows.append((f"tokens of prompts that the {role} found cached", "%", None, 100 * share))
        for name, said in prediction.device_memory.items():
            rows.append((f"memory on a GPU, {name}", "MiB", _mib(said), _mib(arms.get(name, {}).get("device_memory"))))
        for name, steps in prediction.steps.items():
            rows.append((f"steps of {name}", "", float(steps), arms[name]["steps"] if name in arms else None))
            if name in prediction.passes:
                rows.append((f"passes of {name}", "", prediction.passes[name], arms.get(name, {}).get("passes")))
        rows.append(("pairs", "", prediction.pairs, data.get("pairs")))
        return [dict(zip(("what", "unit", "predicted", "measured"), row, strict=True)) for row in rows]


def prompts_found_cached(events: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """`teacher` and `student` -> share of the tokens of all prompts that their engines found in the prefix cache."""
    last: dict[tuple[str, int], tuple[int, int]] = {}  # a process counts from its start: its last reading has it all
    for row in events:
        for host in row.get("hosts", ()) if row.get("event") == "progress" else ():
            counts = int(host.get("prompt_tokens", 0)), int(host.get("cached_prompt_tokens", 0))
            last[str(host["host"]), int(host.get("process", 0))] = counts
    shares = {}
    for role in ("teacher", "student"):
        counted = [counts for (host, _), counts in last.items() if host.partition("-")[0] == role]
        if asked := sum(tokens for tokens, _ in counted):
            shares[role] = sum(cached for _, cached in counted) / asked
    return shares


def _mib(value: float | None) -> float | None:
    return None if value is None else value / (1 << 20)


def _rates(recipe: Recipe) -> CpuRates:
    """Rates of a core: probed for a moment where the work is on CPUs; on GPUs data sheets are used instead."""
    if needs_gpus(recipe, model_shapes(recipe)):
        return REFERENCE
    from pipeline.estimates.probe import probe

    return probe(_PROBE_S, starts=1)
