"""JSON values in a form in which equal ones compare equal, and no others."""

import unicodedata
from collections.abc import Hashable
from fractions import Fraction
from typing import Any


def comparable(value: Any) -> Hashable:
    """A hashable form of a JSON value: numbers by their value, true apart from 1, text composed and without the white
    space around it, keys of objects composed and with it."""
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, int | float):
        return ("number", exact(value))
    if isinstance(value, str):
        return ("text", composed(value.strip()))
    if isinstance(value, list):
        return ("list", tuple(map(comparable, value)))
    if isinstance(value, dict):
        return ("object", tuple(sorted(((composed(key), comparable(item)) for key, item in value.items()), key=repr)))
    return ("null",)


def exact(number: int | float) -> Fraction:
    """A JSON number's value; a double's is that of its shortest decimal form, so that 1e23 is 10**23."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def composed(text: str) -> str:
    """`text` with each accent in its letter, as Unicode composes them."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
