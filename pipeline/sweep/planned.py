"""Time and money of a sweep before it runs: what a run takes over from an earlier one is counted once."""

from collections.abc import Mapping
from typing import Any

from pipeline.plan.make import Plan
from pipeline.plan.outcome import StageTime, stage_times
from pipeline.recipe import Recipe, resolved
from pipeline.sweep.sharing import shared_layers


def sweep_times(plans: Mapping[str, Plan]) -> tuple[StageTime, ...]:
    """The stages of all runs together; none where something cannot even load. `plans`: the runs by name, in the order
    in which they run."""
    earlier: list[Recipe] = []
    made: list[Any] = []
    found: dict[str, StageTime] = {}
    for plan in plans.values():
        if not plan.can_run:
            return ()
        done = {"Ray"} if earlier else set()
        done |= set(shared_layers(plan.recipe, earlier))
        for model, key in _learning_models(plan.recipe).items():
            # A model that is made is kept beside the sweep for every run that would make the same one.
            done |= {model} if key in made else set()
            made.append(key)
        for stage in stage_times(plan, frozenset(done)):
            before = found.get(stage.name, StageTime(name=stage.name, time=(), money=0.0))
            money = before.money + stage.money
            found[stage.name] = StageTime(name=stage.name, time=before.time + stage.time, money=money)
        earlier.append(plan.recipe)
    return tuple(found.values())


def _learning_models(recipe: Recipe) -> dict[str, Any]:
    """Model that learns the corpus (`teacher`, `base`) -> the part of the recipe that it follows from."""
    table = resolved(recipe)
    corpus = [table["models"]["tokenizer"], table["problems"], table["episodes"], table["evaluation"].get("split")]
    sections = {"teacher": table["models"]["teacher"], "base": table["models"]["student"]}
    keys = ("source", "tiny", "warm")
    return {
        name: [*(section.get(key) for key in keys), corpus]
        for name, section in sections.items()
        if section.get("tiny") or section.get("warm")
    }
