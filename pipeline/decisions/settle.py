"""When a run begins to work: what its recipe leaves to the plan is decided and written down (RUN/decided.json).

While an arm is half trained, its ZeRO stage, recomputation and kernels stay as they are written there, because its
checkpoints were made under them; on the same ranks and GPUs the length of rows stays, too.
"""

import os
from pathlib import Path

from msgspec.structs import replace

from cluster.errors import ChainprefError, CorruptionError
from pipeline.decisions.decide import decide, described
from pipeline.decisions.values import ON_CPUS, STAGE, Decided, asks, read_decided, recomputation_of, write_decided
from pipeline.estimates.hardware import Machines, load_machines
from pipeline.plan.machines import ray_machines, this_machine
from pipeline.plan.models import model_shapes
from pipeline.plan.parts import allowed_types
from pipeline.plan.tokens import demands_of
from pipeline.recipe import Recipe
from pipeline.run.folder import Run
from rollout.data import layout
from training.fused_kernels import kernels_installed


def settle(run: Run) -> None:
    """Decide what the recipe leaves to the plan, and say so. Ranks on CPUs have the values of `ON_CPUS`. Where machines
    or models are not known, an earlier choice stays, else it is those values.

    Raises CorruptionError where an arm is half trained and nobody knows any more what was decided for it.
    """
    recipe, before, asked = run.recipe, read_decided(run), asks(run.recipe)
    if not recipe.arms or not (recipe.training.gpus_per_rank or asked):
        return
    half_trained = [name for name in recipe.arms if run.has_begun(name) and not run.model(name).is_dir()]
    for name in half_trained if before is None else ():
        if {STAGE, recomputation_of(name)} & set(asked):
            raise CorruptionError(
                f"run {run.folder}: {layout.DECIDED} is gone, and arm {name} is half trained under what it said; "
                f"restore it, or remove {layout.checkpoints(name)}"
            )
    found = _decided(recipe, before, bool(half_trained))
    if found != before:
        write_decided(run, found)
        if line := described(found, recipe):
            run.console.out(f"  {line}")


def _decided(recipe: Recipe, before: Decided | None, half_trained: bool) -> Decided:
    """What is decided for the recipe now."""
    if not recipe.training.gpus_per_rank:
        kept = before if before and half_trained else ON_CPUS
        return replace(kept, ranks=recipe.training.ranks, gpus=(), reason="ranks on CPUs")
    # References are kept by the kernels that they were computed with, so these stay in any case.
    fused = before.fused_kernels == "on" if before else kernels_installed()
    unknown = before or Decided(fused_kernels="on" if fused else "off", ranks=recipe.training.ranks)
    if not asks(recipe):
        return replace(unknown, ranks=recipe.training.ranks, reason="the recipe gives every value")
    try:
        machines = machines_of_ranks(recipe)
        types = tuple(gpu.name for gpu in allowed_types(machines, recipe.training.gpu))
        same = before is not None and (before.ranks, before.gpus) == (recipe.training.ranks, types)
        if before is not None and (not types or (half_trained and same)):
            return before
        shapes, demands = model_shapes(recipe), demands_of(recipe, machines.gpus > 0)
        return decide(recipe, shapes, machines, demands, fused=fused, kept=before if half_trained else None)
    except ChainprefError as error:
        return before or replace(unknown, reason=f"not planned: {error}")


def machines_of_ranks(recipe: Recipe) -> Machines:
    """The Ray cluster that a run joins, or this machine; where there is no GPU for the ranks (yet), the machines that
    the recipe describes. Raises RequestError."""
    address = recipe.cluster.address or os.environ.get("RAY_ADDRESS", "")
    there = ray_machines(address) if address else this_machine(recipe)
    if not allowed_types(there, recipe.training.gpu) and recipe.cluster.machines is not None:
        return load_machines(Path(recipe.cluster.machines))
    return there
