"""Toolbox `arithmetic_renamed`: `arithmetic` under names that no training problem shows (suite `variant-functions`)."""

from rollout.toolboxes.arithmetic import FUNCTIONS
from rollout.toolboxes.renaming import renamed
from rollout.toolboxes.toolbox import Toolbox

NEW_NAMES = {"add": "plus", "sub": "minus", "mul": "times", "div": "split", "finish": "done"}

TOOLBOX = renamed(Toolbox.of_functions("arithmetic", FUNCTIONS), "arithmetic_renamed", NEW_NAMES)
