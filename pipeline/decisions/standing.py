"""Where arms learn in rounds: whether ranks stand beside the student's hosts, which then stay up, or take turns with
them. Results do not depend on it. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cluster.errors import RequestError
from cluster.pool.placement import EnginePlacement, NodeResources, fit_together
from pipeline.recipe import HostKind, Recipe
from training.config import DistillArm, TrainingConfig


@dataclass(frozen=True, slots=True)
class Standing:
    """What is decided, and why."""

    beside: bool
    reason: str

    def __str__(self) -> str:
        how = "ranks stand beside the student's hosts, which stay up" if self.beside else "ranks and hosts take turns"
        return f"rounds: {how} ({self.reason})"


def ranks_placement(training: TrainingConfig) -> EnginePlacement:
    """The bundle of one rank."""
    bundle = training.bundle
    return EnginePlacement(bundles=(bundle,), strategy="STRICT_PACK", executor="mp", actor_gpus=bundle.gpus)


def standing(recipe: Recipe, engine: Callable[[HostKind], EnginePlacement], nodes: Sequence[NodeResources]) -> Standing:
    """Decide it for these nodes; `engine`: the bundles of one engine of the teacher or the student.

    Raises RequestError where the recipe asks for both at the same time and the nodes do not hold them.
    """
    asked = recipe.training.beside_hosts
    if asked is False:
        return Standing(False, "training.beside_hosts = false")
    hosts = (engine("student"), recipe.hosts("student").count)
    others = [(f"{recipe.training.ranks} rank(s)", ranks_placement(recipe.training), recipe.training.ranks)]
    if any(
        isinstance(arm, DistillArm) and arm.rounds is not None and arm.compare != "vocabulary"
        for arm in recipe.arms.values()
    ):
        count = recipe.hosts("teacher").count
        others.append((f"{count} host(s) of the teacher", engine("teacher"), count))
    for what, placement, count in others:
        if not fit_together([hosts, (placement, count)], nodes):
            reason = f"no room for {hosts[1]} host(s) of the student and {what} at the same time"
            if asked:
                raise RequestError(
                    f"training.beside_hosts = true: there is {reason}; set it to false, lower training.ranks or "
                    "engines.student.count, or add nodes"
                )
            return Standing(False, reason)
    return Standing(True, "there is room for both at the same time")
