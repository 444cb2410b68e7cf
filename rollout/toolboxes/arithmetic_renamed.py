"""Toolbox `arithmetic_renamed`: `arithmetic` under names that no training problem shows (suite `variant-functions`)."""

from rollout.toolboxes.arithmetic import FUNCTIONS
from rollout.toolboxes.function import Function
from rollout.toolboxes.toolbox import Toolbox

NEW_NAMES = {"add": "plus", "sub": "minus", "mul": "times", "div": "split", "finish": "done"}

TOOLBOX = Toolbox.of_functions(
    "arithmetic_renamed",
    [Function.from_callable(function).renamed(NEW_NAMES[function.__name__]) for function in FUNCTIONS],
    finish_name=NEW_NAMES["finish"],
)
