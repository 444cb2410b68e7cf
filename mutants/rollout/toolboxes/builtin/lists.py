"""Toolbox `lists`: operations on lists of whole numbers. Stateless."""

LONGEST = 200
LARGEST = 10**12


def sort(items: list[int]) -> list[int]:
    """Sort a list: put its numbers in order, smallest first.

    Args:
        items: The list.

    Examples:
        sort(items=[3, 1, 2])
    """
    return sorted(_checked(items))


def reverse(items: list[int]) -> list[int]:
    """Reverse a list: turn it round, back to front.

    Args:
        items: The list.

    Examples:
        reverse(items=[3, 1, 2])
    """
    return _checked(items)[::-1]


def append(items: list[int], item: int) -> list[int]:
    """Add a number at the end of a list: it comes last.

    Args:
        items: The list.
        item: The number.

    Examples:
        append(items=[3, 1], item=2)
    """
    return _checked([*items, item])


def drop(items: list[int], end: bool = False) -> list[int]:
    """Drop the first number of a list, or the last one: take it away.

    Args:
        items: The list.
        end: Whether to drop the last number instead of the first.

    Examples:
        drop(items=[3, 1, 2])
        drop(items=[3, 1, 2], end=True)
    """
    if not items:
        raise ValueError("the list is empty")
    return _checked(items)[:-1] if end else _checked(items)[1:]


def total(items: list[int]) -> int:
    """Add up the numbers of a list: their sum, how much they are together.

    Args:
        items: The list.

    Examples:
        total(items=[3, 1, 2])
    """
    return sum(_checked(items))


def largest(items: list[int]) -> int:
    """Give the largest number of a list, the greatest.

    Args:
        items: The list.

    Examples:
        largest(items=[3, 1, 2])
    """
    if not items:
        raise ValueError("the list is empty")
    return max(_checked(items))


def finish(answer: int | list[int]) -> int | list[int]:
    """Give the answer and end.

    Args:
        answer: The number or list asked for.

    Examples:
        finish(answer=[1, 2])
    """
    return answer


NEW_NAMES = {
    "sort": "order",
    "reverse": "mirror",
    "append": "put",
    "drop": "cut",
    "total": "sum_up",
    "largest": "top",
    "finish": "done",
}
"""Toolbox `lists_renamed`, for the suite `variant-functions`."""

FUNCTIONS = (sort, reverse, append, drop, total, largest, finish)


def _checked(items: list[int]) -> list[int]:
    if len(items) > LONGEST or any(abs(item) > LARGEST for item in items):
        raise ValueError(f"a list has at most {LONGEST} numbers of at most {LARGEST}")
    return items
