"""Toolbox `abstention`: arithmetic, with a `finish` that can also say that there is no way to the answer. Stateless."""

from typing import Literal

from rollout.toolboxes.builtin.arithmetic import NEW_NAMES, Number, add, div, mul, sub


def finish(answer: Number | Literal["missing", "no function"]) -> Number | str:
    """Give the answer and end; missing if a number has to be asked for, no function if no function can help.

    Args:
        answer: The number asked for, or missing, or no function.

    Examples:
        finish(answer=12)
        finish(answer="missing")
    """
    return answer


FUNCTIONS = (add, sub, mul, div, finish)

__all__ = ["FUNCTIONS", "NEW_NAMES", "finish"]
