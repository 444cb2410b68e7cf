"""What an answer says: whether a text stands in it as whole words and whole numbers."""

import json
import re
from decimal import Decimal

from rollout.records import canonical_json

_DIGITS = r"(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)"
_NUMBER = re.compile(rf"-?{_DIGITS}", re.ASCII)
"""A whole number or decimal; no id with zeros in front."""
_NUMBER_INSIDE = re.compile(rf"(?<![\w.])((?<![\w.)\]]-)-)?[$\u20ac\u00a3]?(?<!\w)({_DIGITS})(?!\w|\.\d)", re.ASCII)
"""One that is no part of another word. Its sign stands before it or before its currency, and after no word: the line
of 5-10 is none."""
_SEPARATOR = re.compile(r"(?<=\d)[,'\u2019\u00a0\u2009\u202f](?=\d{3}(?!\d))")
"""Between thousands: a comma, an apostrophe, or a space that does not break; a plain one stands between two numbers."""


def as_read(answer: str | None) -> str:
    """An answer, canonical JSON, as the user reads it."""
    value = json.loads(answer or "null")
    return value if isinstance(value, str) else "" if value is None else canonical_json(value)


def contains(answer: str, text: str) -> bool:
    """Whether an answer contains a text, as whole words and whole numbers. A text that is a number is there if one of
    its value is: 481.50 for 481.5."""
    found, wanted = (
        " ".join(_SEPARATOR.sub("", each.casefold()).replace("\u2212", "-").split()) for each in (answer, text)
    )
    if _NUMBER.fullmatch(wanted):
        values = (Decimal(f"{sign}{digits}") for sign, digits in _NUMBER_INSIDE.findall(found))
        return any(value == Decimal(wanted) for value in values)
    pattern = re.escape(wanted)
    before = r"(?<![\w.])" if wanted[:1].isdigit() else r"(?<!\w)" if wanted[:1].isalnum() else ""
    after = r"(?!\w|\.\d)" if wanted[-1:].isdigit() else r"(?!\w)" if wanted[-1:].isalnum() else ""
    return re.search(before + pattern + after, found) is not None
