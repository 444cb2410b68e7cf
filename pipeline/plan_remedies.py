"""The smallest change that makes a recipe fit: changes in the order of what they cost, each set of them planned again.

Areas are put right one after the other, each on top of what was found before; a set is taken only if it brings no
new area. What all of them come to together is planned too, and said.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cluster.config import apply_settings, parse
from cluster.errors import RequestError
from pipeline.plan import Plan, make_plan
from pipeline.plan_changes import RIGHT, Change, Settings, changes_for
from pipeline.plan_load import Loads
from pipeline.plan_parts import AREAS, Fault
from pipeline.plan_tokens import longest_chain
from pipeline.recipe import Recipe, resolved

_AT_ONCE = 3
"""Changes of one set at most."""
_TRIES = 300
"""Sets planned for one area at most."""
_ELSE = {
    "reference": "no setting helps: take larger GPUs, or a smaller student",
    "memory": "no setting helps on these machines: take nodes with more memory, or a smaller model",
    "shm": "give the nodes a larger /dev/shm",
    "disk": "keep the run elsewhere (run.directory), or take larger disks",
}
_OTHERWISE = "no setting helps on these machines: take more or larger ones, or a smaller model"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to set, as `--set` takes it, so that `area` fits; no settings: nothing that was tried helps."""

    area: str
    settings: Settings
    else_: str = ""


@dataclass(frozen=True, slots=True)
class Remedies:
    """One for each area that does not fit, and what they come to together: the faults that are left with all set."""

    each: tuple[Remedy, ...]
    together: Settings
    left: tuple[Fault, ...]

    @property
    def enough(self) -> bool:
        return bool(self.together) and not self.left


def remedies(plan: Plan) -> Remedies:
    """Of a plan that does not fit; empty where it does."""
    found: list[Remedy] = []
    together: Settings = ()
    for area in AREAS:
        if area not in _areas(plan):
            continue
        better = _better(plan, area)
        if better is None:
            found.append(Remedy(area, (), _ELSE.get(area, _OTHERWISE)))
            continue
        settings, plan = better
        found.append(Remedy(area, settings))
        together = _merged((*together, *settings))
    return Remedies(tuple(found), together, plan.faults)


def _better(plan: Plan, area: str) -> tuple[Settings, Plan] | None:
    """The least harmful settings without this area's faults and without new ones, and the plan with them.

    Where none helps, wrong switches are put right first: what else may be changed then is another list.
    """
    wanted = _areas(plan) - {area}
    changes = changes_for(plan, area)
    if found := _searched(plan, changes, wanted):
        return found
    switches = _merged(setting for change in changes if change.harm == RIGHT for setting in change.settings)
    righted = _planned(plan, switches) if switches else None
    if righted is None or not (found := _searched(righted, changes_for(righted, area), wanted)):
        return None
    return _merged((*switches, *found[0])), found[1]


def _searched(plan: Plan, changes: Sequence[Change], wanted: set[str]) -> tuple[Settings, Plan] | None:
    """The first set of changes that leaves faults in the areas `wanted` only."""
    for settings in itertools.islice(_sets(changes), _TRIES):
        again = _planned(plan, settings)
        if again is not None and _areas(again) <= wanted:
            return settings, again
    return None


def _planned(plan: Plan, settings: Settings) -> Plan | None:
    """The plan with other settings; None where no recipe has them."""
    try:
        changed = changed_recipe(plan.recipe, settings)
        return make_plan(changed, plan.machines, plan.rates, with_loads(plan.loads, changed))
    except RequestError:
        return None


def _merged(settings: Iterable[str]) -> Settings:
    """What is set last counts."""
    return tuple({setting.partition("=")[0]: setting for setting in settings}.values())


def changed_recipe(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """The recipe with settings on top. Raises RequestError where it allows none such."""
    return parse(Recipe, apply_settings(resolved(recipe), settings), "the recipe")


def with_loads(loads: Loads, recipe: Recipe) -> Loads:
    """Tokens that were counted before, for a recipe of the same conversations whose chains may be longer or shorter."""
    return replace(loads, longest_chain=longest_chain(recipe, loads.talks))


def _areas(plan: Plan) -> set[str]:
    return {fault.area for fault in plan.faults}


def _sets(changes: Sequence[Change]) -> Iterator[Settings]:
    """Sets of changes that set nothing twice: by the worst of each, then the second worst, the fewest first."""
    sets = [
        chosen
        for size in range(1, _AT_ONCE + 1)
        for chosen in itertools.combinations(changes, size)
        if sum(len(change.keys) for change in chosen) == len(frozenset().union(*(change.keys for change in chosen)))
    ]
    sets.sort(key=lambda chosen: sorted((change.harm for change in chosen), reverse=True))
    return (tuple(setting for change in chosen for setting in change.settings) for chosen in sets)
