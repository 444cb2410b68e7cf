"""What a run leaves on disk, the weights that it reads, and the nodes that have no room for them."""

from collections.abc import Mapping

from pipeline.estimates.amounts import Amount, total
from pipeline.estimates.hardware import GIB, Machines
from pipeline.estimates.shapes import ModelShape
from pipeline.plan.parts import Fault
from pipeline.plan.tokens import Demands
from pipeline.recipe import GIVEN_MODELS, Recipe

_BYTES_PER_TOKEN = 16
"""Bytes of an episode or a score as it is stored, a token; 15 in the local recipe."""


def storage_of(recipe: Recipe, shapes: Mapping[str, ModelShape], demands: Demands) -> tuple[Amount, ...]:
    """Bytes of everything, once all arms are done."""
    base, arms, groups = shapes["base"], len(recipe.arms), demands.groups
    each = 2 if recipe.training.gpus_per_rank else 4
    kept = recipe.training.keep_checkpoints + 1
    state = (2 + 12 if each == 2 else 4 + 12) + each
    tokens = groups.groups * (groups.prompt + groups.chains * groups.chain)
    sizes = {name: 2 if recipe.model(name).tiny is None else 4 for name in GIVEN_MODELS}
    models = (
        Amount(f"weights of {name}", shapes[name].weight_bytes(size), f"parameters x {size} bytes", "")
        for name, size in sizes.items()
    )
    episodes = (
        Amount(
            what,
            demand.attempts * demand.context * _BYTES_PER_TOKEN,
            f"{demand.attempts:,} x {_BYTES_PER_TOKEN} bytes a token",
            "measured",
        )
        for what, demand in (("episodes", demands.rollout), ("scores", demands.teacher.plus(demands.student)))
    )
    return (
        *models,
        Amount("models of the arms", arms * base.weight_bytes(each), f"{arms} arms x {each} bytes", "safetensors"),
        Amount(
            "checkpoints",
            arms * kept * base.parameters * state,
            f"{arms} arms x {kept} (kept and under way) x {state} bytes a parameter",
            "DeepSpeed's shards and the gathered weights",
        ),
        *episodes,
        Amount("groups", tokens * 8, f"{groups.groups:,} groups x 8 bytes a token", "ids and marks in Arrow"),
    )


def storage_faults(machines: Machines, amounts: tuple[Amount, ...]) -> list[Fault]:
    """Nodes without room: for everything where there is one node only, else for the weights on each node."""
    if len(machines.nodes) == 1:
        what, needed = "models and the run", total(amounts)
    else:
        what = "the models' weights"
        needed = total(amount for amount in amounts if amount.what.startswith("weights of "))
    return [
        Fault(
            "disk",
            f"{what} need {needed / GIB:,.0f} GiB, it has {node.disk / GIB:,.0f} GiB: "
            f"{(needed - node.disk) / GIB:,.0f} GiB too little",
            f"disk of {node.name}",
        )
        for node in machines.nodes
        if node.disk and needed > node.disk
    ]
