"""A toolbox of plain functions: each typed, each with a docstring."""

from typing import Annotated, Literal

from pydantic import Field

PRICES = {"apple": 0.5, "pear": 0.75, "melon": 3.0}


def price(item: Literal["apple", "pear", "melon"]) -> float:
    """Give the price of one piece, in euros.

    Args:
        item: What to buy.

    Examples:
        price(item="pear")
    """
    return PRICES[item]


def total(prices: list[float], discount: Annotated[float, Field(ge=0, le=1)] = 0.0) -> float:
    """Add prices up and take a discount off.

    Args:
        prices: In euros, at least one.
        discount: The share taken off, 0 to 1.

    Examples:
        total(prices=[0.5, 0.75], discount=0.1)
    """
    if not prices:
        raise ValueError("there are no prices to add up")
    return round(sum(prices) * (1 - discount), 2)
