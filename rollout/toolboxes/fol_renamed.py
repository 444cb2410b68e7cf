"""Toolbox `fol_renamed`: `fol` under names that no training problem shows (suite `variant-functions`)."""

from rollout.toolboxes.fol import TOOLBOX as ORIGINAL
from rollout.toolboxes.renaming import renamed

NEW_NAMES = {
    "apply": "deduce",
    "tollens": "refute",
    "witness": "call_it",
    "someone": "anyone",
    "finish": "done",
}

TOOLBOX = renamed(ORIGINAL, "fol_renamed", NEW_NAMES)
