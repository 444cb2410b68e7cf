"""Toolbox `fol_renamed`: `fol` under names that no training problem shows (suite `variant-functions`)."""

from rollout.toolboxes.fol import TOOLBOX as ORIGINAL
from rollout.toolboxes.fol import Fol
from rollout.toolboxes.toolbox import Toolbox

NEW_NAMES = {
    "apply": "deduce",
    "tollens": "refute",
    "join": "both",
    "witness": "call_it",
    "someone": "anyone",
    "finish": "done",
}

TOOLBOX = Toolbox._made(
    "fol_renamed",
    [function.renamed(NEW_NAMES[name]) for name, function in ORIGINAL.functions.items()],
    NEW_NAMES["finish"],
    Fol,
)
