"""A checker of one's own: `checker = "docs.examples.units_checker:same_length"`."""

from typing import Any

METRES = {"m": 1.0, "cm": 0.01, "km": 1000.0}


def same_length(answer: Any, gold: Any) -> bool:
    """Whether two lengths such as "1.5 km" and "1500 m" are equal."""
    return abs(_metres(answer) - _metres(gold)) < 1e-9


def _metres(text: Any) -> float:
    try:
        number, unit = str(text).split()
        return float(number) * METRES[unit]
    except (ValueError, KeyError):
        return float("nan")
