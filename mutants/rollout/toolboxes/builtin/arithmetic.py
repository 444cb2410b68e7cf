"""Toolbox `arithmetic`: the four operations on decimal numbers, and `finish`. Stateless.

Results are rounded to 10 decimal places, and whole ones are given as integers (12, never 12.0), so that what a
model reads is what it would write.
"""

Number = int | float

LARGEST = 10**12
"""No argument and no result is larger in size: every call is short, and a float still counts its units."""


def add(a: Number, b: Number) -> Number:
    """Add two numbers: their sum, how many in all or together, after getting, finding, buying or making some more.

    Args:
        a: The first number.
        b: The second number.

    Returns:
        a + b

    Examples:
        add(3, 4)
    """
    return _result(_bounded(a) + _bounded(b))


def sub(a: Number, b: Number) -> Number:
    """Subtract the second number from the first: their difference, how many more or fewer, what is left after some are
    lost, sold, dropped, lent, spent or given away.

    Args:
        a: The number to take from.
        b: The number to take away.

    Returns:
        a - b

    Examples:
        sub(9, 4)
    """
    return _result(_bounded(a) - _bounded(b))


def mul(a: Number, b: Number) -> Number:
    """Multiply two numbers: their product, so many times as many, several equal groups.

    Args:
        a: The first number.
        b: The second number.

    Returns:
        a * b

    Examples:
        mul(3, 4)
    """
    return _result(_bounded(a) * _bounded(b))


def div(a: Number, b: Number) -> Number:
    """Divide the first number by the second: sharing or splitting into equal parts, one part in so many that stays.

    Args:
        a: The number to divide.
        b: The number to divide by, not 0.

    Returns:
        a / b

    Examples:
        div(12, 4)
    """
    if b == 0:
        raise ValueError("division by 0")
    return _result(_bounded(a) / _bounded(b))


def finish(answer: Number) -> Number:
    """Give the answer and end.

    Args:
        answer: The number asked for.

    Returns:
        answer

    Examples:
        finish(12)
    """
    return answer


NEW_NAMES = {"add": "plus", "sub": "minus", "mul": "times", "div": "split", "finish": "done"}
"""Toolbox `arithmetic_renamed`, for the suite `variant-functions`: names that no training problem shows."""

FUNCTIONS = (add, sub, mul, div, finish)


def _bounded(value: Number) -> Number:
    if abs(value) > LARGEST:
        raise ValueError(f"numbers go up to {LARGEST}")
    return value


def _result(value: Number) -> Number:
    # The bound comes first: a float's overflow to infinity has no integer.
    rounded = round(_bounded(value), 10)
    return int(rounded) if rounded == int(rounded) else rounded
