"""Toolbox `units`: lengths, weights and times in metric and clock units. Stateless."""

from fractions import Fraction

Number = int | float

_SIZES = {
    "length": {"mm": Fraction(1, 1000), "cm": Fraction(1, 100), "m": Fraction(1), "km": Fraction(1000)},
    "weight": {"g": Fraction(1, 1000), "kg": Fraction(1), "t": Fraction(1000)},
    "time": {"s": Fraction(1), "min": Fraction(60), "h": Fraction(3600), "d": Fraction(86400)},
}
UNITS = {unit: (kind, size) for kind, sizes in _SIZES.items() for unit, size in sizes.items()}
"""Each unit's kind, and its size in the kind's base unit (m, kg, s)."""

LARGEST = 10**12


def convert(value: Number, unit: str, to: str) -> Number:
    """Convert a length, weight or time into another unit: mm cm m km, g kg t, s min h d.

    Args:
        value: The number.
        unit: Its unit.
        to: The unit wanted.

    Examples:
        convert(value=3, unit="m", to="cm")
    """
    kind, size = _unit(unit)
    other_kind, other_size = _unit(to)
    if kind != other_kind:
        raise ValueError(f"{unit} is a {kind}, {to} is a {other_kind}")
    return _number(_bounded(value) * size / other_size)


def add(a: Number, b: Number) -> Number:
    """Add two numbers of the same unit: their sum, how much it is in all.

    Args:
        a: The first number.
        b: The second number.

    Examples:
        add(a=300, b=20)
    """
    return _number(_bounded(a) + _bounded(b))


def finish(answer: Number) -> Number:
    """Give the answer and end.

    Args:
        answer: The number asked for, in the unit asked for.

    Examples:
        finish(answer=320)
    """
    return answer


NEW_NAMES = {"convert": "express", "add": "plus", "finish": "done"}
"""Toolbox `units_renamed`, for the suite `variant-functions`."""

FUNCTIONS = (convert, add, finish)


def _unit(name: str) -> tuple[str, Fraction]:
    if name not in UNITS:
        raise ValueError(f"units are {', '.join(UNITS)}")
    return UNITS[name]


def _bounded(value: Number) -> Fraction:
    if abs(value) > LARGEST:
        raise ValueError(f"numbers go up to {LARGEST}")
    # By way of the shortest decimal text: 0.1 is a tenth here, not the float next to it.
    return Fraction(str(value))


def _number(value: Fraction) -> Number:
    return int(value) if value.denominator == 1 else round(float(value), 10)
