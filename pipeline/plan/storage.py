"""What a run leaves on disk, and the weights that it reads; and where there is no room for them."""

from collections.abc import Mapping

from pipeline.estimates.amounts import Amount, total
from pipeline.estimates.hardware import GIB, Machines
from pipeline.estimates.shapes import ModelShape
from pipeline.plan.parts import Fault
from pipeline.plan.tokens import Loads
from pipeline.recipe import GIVEN_MODELS, Recipe

_BYTES_A_TOKEN = 16
"""Of an episode or a score as it is stored; 15 in the local recipe."""


def storage_of(recipe: Recipe, shapes: Mapping[str, ModelShape], loads: Loads) -> tuple[Amount, ...]:
    """Bytes of everything, all arms done."""
    base = shapes["base"]
    each = 2 if recipe.training.gpus_per_rank else 4
    found = []
    for name in GIVEN_MODELS:
        size = 4 if recipe.model(name).tiny is not None else 2
        found.append(Amount(f"weights of {name}", shapes[name].weight_bytes(size), f"parameters x {size} bytes", ""))
    arms = len(recipe.arms)
    found.append(
        Amount("models of the arms", arms * base.weight_bytes(each), f"{arms} arms x {each} bytes", "safetensors")
    )
    kept = recipe.training.keep_checkpoints + 1
    state = (2 + 12 if each == 2 else 4 + 12) + each
    found.append(
        Amount(
            "checkpoints",
            arms * kept * base.parameters * state,
            f"{arms} arms x {kept} (kept and under way) x {state} bytes a parameter",
            "DeepSpeed's shards and the gathered weights",
        )
    )
    rollout = loads.rollout.attempts * loads.rollout.context * _BYTES_A_TOKEN
    found.append(
        Amount("episodes", rollout, f"{loads.rollout.attempts:,} x {_BYTES_A_TOKEN} bytes a token", "measured")
    )
    scored = loads.teacher.plus(loads.student)
    found.append(
        Amount(
            "scores",
            scored.attempts * scored.context * _BYTES_A_TOKEN,
            f"{scored.attempts:,} x {_BYTES_A_TOKEN} bytes a token",
            "measured",
        )
    )
    groups = loads.groups
    tokens = groups.groups * (groups.prompt + groups.chains * groups.chain)
    found.append(Amount("groups", tokens * 8, f"{groups.groups:,} groups x 8 bytes a token", "ids and marks in Arrow"))
    return tuple(found)


def storage_faults(machines: Machines, amounts: tuple[Amount, ...]) -> list[Fault]:
    """Nodes without room: for the weights on each node, for everything where there is one node only."""
    weights = total(amount for amount in amounts if amount.what.startswith("weights of "))
    needed = total(amounts) if len(machines.nodes) == 1 else weights
    what = "models and the run" if len(machines.nodes) == 1 else "the models' weights"
    return [
        Fault("disk", f"{what} need {needed / GIB:,.0f} GiB, it has {node.disk / GIB:,.0f} GiB", f"disk of {node.name}")
        for node in machines.nodes
        if node.disk and needed > node.disk
    ]
