"""Toolbox `subtasks`: arithmetic, with a `finish` that takes names, arguments and lists. Stateless."""

from typing import Any

from rollout.toolboxes.builtin.arithmetic import NEW_NAMES, add, div, mul, sub

Answer = int | float | str | list[Any] | dict[str, Any]


def finish(answer: Answer) -> Answer:
    """Give what is asked for and end.

    Args:
        answer: A number, a name, a list, or arguments by their names.

    Examples:
        finish(answer=["add", "mul"])
    """
    return answer


FUNCTIONS = (add, sub, mul, div, finish)

__all__ = ["FUNCTIONS", "NEW_NAMES", "finish"]
