"""Reads numbers as people write them, by a small and strict grammar. What is ambiguous is no number.

After `notation.plain` has brought the characters to one form, all of the text must be a `quantity` and perhaps a full
stop:

    quantity = [sign] [currency] number [currency | "%" | unit]     the sign may also stand behind the currency
    number   = decimal [power] | "10" exponent | fraction | integer " " fraction
    decimal  = digits ["." digits] | "." digits | grouped ["." digits] | european
    grouped  = 1,234,567 | 1 234 567 | 1'234'567 | 1_234_567 | 12,34,567
    european = 1.234.567 | 1.234.567,8       two full stops at least: 1.234 is a decimal, 1.234,5 may be two numbers
    power    = ("e" | "E") [sign] digits | ("x" | "*" | "·") "10" exponent
    exponent = ("^" | "**") [sign] digits
    fraction = integer "/" integer           behind an integer it must be less than one: 3 1/2
    unit     = letters, with spaces, "/", "·", "°" and "^2" between them

A comma is a decimal mark only in `european`; the first of several groups does not begin with 0, because 0,500 is a half
to many; an exponent is at most 308. Values are exact fractions, so 2**53 + 1 is not 2**53. A JSON number is read by its
shortest decimal form.
"""

import re
import unicodedata
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from rollout.checkers.notation import LONGEST, plain

GREATEST_EXPONENT = 308
PERCENT = "%"
_EXACT_DOUBLES = 2**53
_EXACT_DIGITS = 15
"""Significant digits of a decimal number that a double always keeps."""

_SYMBOLS = "$=USD US$=USD €=EUR £=GBP ¥=JPY ₹=INR ₩=KRW ₽=RUB"
_DOLLARS = "A$=AUD AU$=AUD C$=CAD CA$=CAD NZ$=NZD HK$=HKD S$=SGD NT$=TWD MX$=MXN R$=BRL"
_CURRENCIES = dict(pair.split("=") for pair in f"{_SYMBOLS} {_DOLLARS}".split())
_WITH_A_CODE = {"USD": {pair.partition("=")[2] for pair in _DOLLARS.split()}, "JPY": {"CNY"}}
"""Currencies that a simple $ or ¥ stands for where their code follows: $5 CAD."""
_OTHER_CODES = "BRL CHF CNY CZK DKK HUF ILS MXN NOK PLN SEK SGD THB TRY TWD ZAR"
_CODES = {*_CURRENCIES.values(), *_OTHER_CODES.split()}
_EXPONENT = r"\s*(?:\^|\*\*)\s*(?:\{\s*(?P<braced>[-+]?[0-9]{1,4})\s*\}|(?P<bare>[-+]?[0-9]{1,4}))"
_INTEGER = r"[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+"
_DECIMAL = re.compile(
    r"(?P<mantissa>(?P<european>[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}(?:,[0-9]+)?)"
    r"|[1-9][0-9]{0,2}(?P<separator>[,' _])[0-9]{3}(?:(?P=separator)[0-9]{3})*(?:\.[0-9]*)?"
    r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]*)?"
    r"|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    rf"(?:[eE](?P<e>[-+]?[0-9]{{1,4}})|\s*[×·*xX]\s*10{_EXPONENT})?",
    re.ASCII,
)
_POWER_OF_TEN = re.compile(rf"10{_EXPONENT}", re.ASCII)
_FRACTION = re.compile(
    rf"(?:(?P<whole>{_INTEGER})\s+)?(?P<above>[-+]?(?:{_INTEGER}))\s*/\s*(?P<below>[-+]?(?:{_INTEGER}))", re.ASCII
)
_SYMBOL = r"[^\w\s.,'%/^·×*°+{}()\[\]-]"
"""May be a currency's symbol: `is_currency` says."""
_LETTER = r"[^\W\d_]"
_UNIT = rf"(?:°|°?{_LETTER}(?:{_LETTER}|[ /·°-]|\^-?[0-9])*)"
_QUANTITY = re.compile(
    rf"(?P<sign>[-+]?)\s*(?:(?P<before>[A-Z]{{3}}(?=[\s0-9.+-])|[A-Z]{{1,2}}\$|{_SYMBOL})\s*)?(?P<inner>[-+]?)\s*"
    rf"(?P<number>[0-9.][0-9.,'_ eExX×·*^/{{}}+-]*?)\s*(?P<behind>%|{_SYMBOL}|{_UNIT})?(?<!\.)\.?"
)


_SPACED = re.compile(r" ?([/·]) ?")


class Quantity(NamedTuple):
    """A number as somebody wrote it."""

    value: Fraction
    unit: str = ""
    """What stood with it: `%`, a currency's code or symbol, or a unit in letters."""
    rounded: bool = False
    """Whether it is a double so large that it says only about which integer is meant."""

    @property
    def is_integer(self) -> bool:
        return self.value.denominator == 1 and not self.rounded

    @property
    def has_words(self) -> bool:
        """Whether its unit says what is counted: more than a mark for percent or a currency."""
        return bool(self.unit) and self.unit != PERCENT and not is_currency(self.unit)


def is_currency(unit: str) -> bool:
    """Whether `unit` is a currency; cents are none, because 50¢ may be 50 or 0.50."""
    return unit in _CODES or (len(unit) == 1 and unit != "¢" and unicodedata.category(unit) == "Sc")


def read_quantity(value: Any) -> Quantity | None:
    """The number that a JSON value is or, as text, spells; None for everything else and for what is ambiguous."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Quantity(Fraction(value))
    if isinstance(value, float):
        return _double(value)
    return _read(value) if isinstance(value, str) and len(value) <= LONGEST else None


def _double(value: float) -> Quantity:
    text = repr(value)
    digits = text.partition("e")[0].replace(".", "").lstrip("-").rstrip("0")
    return Quantity(Fraction(text), rounded=abs(value) >= _EXACT_DOUBLES and len(digits) > _EXACT_DIGITS)


@lru_cache(maxsize=4096)
def _read(text: str) -> Quantity | None:
    written = plain(text)
    match = _QUANTITY.fullmatch(written) if written else None
    if match is None or (match["sign"] and match["inner"]):
        return None
    before, behind = _mark(match["before"] or ""), _mark(match["behind"] or "")
    before = behind if behind in _WITH_A_CODE.get(before, ()) and match["before"] in ("$", "¥") else before
    if (before and not is_currency(before)) or (before and behind and before != behind):
        return None
    if behind and not (behind == PERCENT or behind[0].isalpha() or behind[0] == "°" or is_currency(behind)):
        return None
    number = _number(match["number"])
    if number is None:
        return None
    negative = "-" in (match["sign"], match["inner"])
    return Quantity(-number if negative else number, before or behind)


def _mark(text: str) -> str:
    """A currency by its code where it has one; another unit with its compatible characters as letters."""
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    return _CURRENCIES.get(text, _SPACED.sub(r"\1", text))


def _number(text: str) -> Fraction | None:
    """The value of an unsigned `number` of the grammar."""
    if match := _FRACTION.fullmatch(text):
        return _fraction(match)
    power = _POWER_OF_TEN.fullmatch(text)
    match = power or _DECIMAL.fullmatch(text)
    if match is None:
        return None
    written = "1" if power else match["mantissa"]
    if not power and match["european"]:
        written = written.replace(".", "").replace(",", ".")
    exponent = int((match["e"] if not power else None) or match["braced"] or match["bare"] or 0)
    if abs(exponent) > GREATEST_EXPONENT:
        return None
    return Fraction(re.sub(r"[,' _]", "", written)) * Fraction(10) ** exponent


def _fraction(match: re.Match[str]) -> Fraction | None:
    above, below = (int(match[name].replace(",", "")) for name in ("above", "below"))
    if below == 0:
        return None
    part = Fraction(above, below)
    if match["whole"] is None:
        return part
    # 1 234/567 may be a grouped numerator; 3 5/2 and 3 -1/2 are no mixed numbers.
    signed = match["above"][0] in "-+" or match["below"][0] in "-+"
    if signed or part >= 1 or len(match["above"]) == 3:
        return None
    return int(match["whole"].replace(",", "")) + part
