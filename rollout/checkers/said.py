"""What an answer says: whether a text stands in it as whole words and whole numbers."""

import json
import re
import unicodedata
from decimal import Decimal
from typing import Any

from rollout.checkers.values import composed
from rollout.records import canonical_json

_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan; Burmese; Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana, and what stands among them
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Letters of scripts that write no space between words."""
_LETTER = rf"[^\W{_UNSPACED}]"
"""A letter, digit or line below whose word ends at a space."""
_DIGITS = r"(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)"
_NUMBER = re.compile(rf"-?{_DIGITS}", re.ASCII)
"""A whole number or decimal; no id with zeros in front."""
_NUMBER_INSIDE = re.compile(rf"(?<![\w.])((?<![\w.)\]]-)-)?\$?(?<!\w)({_DIGITS})(?!\w|\.\d)", re.ASCII)
"""One that is no part of another word, `$` for any currency. Its sign stands before it or before its currency, and
after no word: the line of 5-10 is none."""
_BETWEEN = r"[,'\u00a0\u2009\u202f]"
_GROUPS = re.compile(rf"(?<![\d.])\d+(?:{_BETWEEN}\d+)+", re.ASCII)
"""Digits with commas, apostrophes or spaces that do not break between them; a plain one stands between two numbers."""
_THOUSANDS = re.compile(rf"\d{{1,3}}({_BETWEEN})\d{{3}}(?:\1\d{{3}})*|\d{{1,2}}(?:,\d{{2}})+,\d{{3}}", re.ASCII)
"""Groups that are one number; the second kind is India's."""
_SPELLINGS = str.maketrans("\u2212\u2018\u2019\u201c\u201d", "-''\"\"")
"""Of a minus and of quotes, which people and models write as it comes."""
_MAYBE_A_LIST = re.compile(r"\d{3}(?:,\d{3})+", re.ASCII)


def as_read(answer: str | None) -> str:
    """An answer, canonical JSON, as the user reads it: texts as they are, members of lists and objects behind each
    other."""
    return _written(json.loads(answer or "null"))


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_written(each)}" for key, each in value.items())
    return value if isinstance(value, str) else "" if value is None else canonical_json(value)


def contains(answer: str, text: str) -> bool:
    """Whether an answer contains a text, as whole words and whole numbers. A text that is a number is there if one of
    its value is: 481.50 for 481.5. `101,102` may be one number or two: both are there."""
    found, wanted = (_folded(each, apart=False) for each in (answer, text))
    readings = {found, _folded(answer, apart=True)}
    if _NUMBER.fullmatch(wanted):
        numbers = (each for reading in readings for each in _NUMBER_INSIDE.findall(_with_dollars(reading)))
        return any(Decimal(f"{sign}{digits}") == Decimal(wanted) for sign, digits in numbers)
    pattern = re.escape(wanted)
    before = (rf"(?<!{_LETTER})" if _is_letter(wanted[:1]) else "") + (r"(?<!\.)" if wanted[:1].isdigit() else "")
    after = (rf"(?!{_LETTER})" if _is_letter(wanted[-1:]) else "") + (r"(?!\.\d)" if wanted[-1:].isdigit() else "")
    return any(re.search(before + pattern + after, reading) for reading in readings)


def _is_letter(character: str) -> bool:
    return character.isalnum() and re.match(_LETTER, character) is not None


def _folded(text: str, apart: bool) -> str:
    """A text without what does not count: capitals, kinds of white space, separators of thousands. `apart`: groups that
    may be several numbers are."""
    same = composed(composed(text).casefold()).translate(_SPELLINGS)
    return " ".join(_GROUPS.sub(lambda groups: _number(groups, apart), same).split())


def _number(groups: re.Match[str], apart: bool) -> str:
    whole = groups[0]
    if not _THOUSANDS.fullmatch(whole):
        return whole
    start, end = groups.span()
    before, after = groups.string[max(0, start - 2) : start].strip(), groups.string[end : end + 2]
    is_amount = any(map(_is_currency, before[-1:] + after.strip()[:1])) or re.match(r"\.\d", after)
    if apart and _MAYBE_A_LIST.fullmatch(whole) and not is_amount:
        return whole.replace(",", ", ")
    return re.sub(r"\D", "", whole)


def _is_currency(character: str) -> bool:
    return unicodedata.category(character) == "Sc"


def _with_dollars(text: str) -> str:
    """A text with `$` for any sign of a currency."""
    return text if text.isascii() else "".join("$" if _is_currency(each) else each for each in text)
