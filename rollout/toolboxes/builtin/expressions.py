"""Arithmetic expressions, read by a grammar of their own and computed in exact fractions.

sum     = product (("+" | "-") product)*
product = signed (("*" | "/" | "//" | "%" | "×" | "÷") signed)*
signed  = ("+" | "-") signed | power
power   = atom (("^" | "**") signed)?
atom    = number | "(" sum ")"
"""

import re
from fractions import Fraction

LONGEST = 400
"""Characters of an expression."""
DEEPEST = 40
"""Brackets, signs and powers inside each other."""
MAX_BITS = 4_000
"""Of a numerator or denominator, the results between included: some 1,200 digits."""

_TOKEN = re.compile(r"\s*(?:(\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)|(\*\*|//|[-+*/%^()×÷−·]))\s*", re.ASCII)
_SIGNS = {"×": "*", "·": "*", "÷": "/", "−": "-", "^": "**"}


def calculate(expression: str) -> int | float | str:
    """Compute an arithmetic expression exactly: sums, differences, products, quotients, remainders, powers, brackets.

    Args:
        expression: Numbers with + - * / // % ** and brackets. / divides exactly, // rounds down, % is the remainder.

    Examples:
        calculate(expression="(3 + 4) * 12 / 5")
        calculate(expression="2 ** 10 % 7")
    """
    return written(value_of(expression))


def value_of(expression: str) -> Fraction:
    """The exact value of an expression. Raises ValueError for what is none, or too large."""
    if len(expression) > LONGEST:
        raise ValueError(f"an expression has at most {LONGEST} characters")
    reading = _Reading(_tokens(expression))
    value = reading.sum(0)
    if reading.next is not None:
        raise ValueError(f"{reading.next!r} stands where an operator or the end should; write one expression")
    return value


def written(value: Fraction) -> int | float | str:
    """A fraction as a whole number, a decimal of at most 15 digits that equals it, or text, `1/3`."""
    if value.denominator == 1:
        return value.numerator
    decimal = float(value) if abs(value) < 10**15 else 0.0
    return decimal if Fraction(repr(decimal)) == value else str(value)


def _tokens(expression: str) -> list[str]:
    tokens, place = list[str](), 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            raise ValueError(f"{expression[place:].strip()[:10]!r} is no number, operator or bracket")
        sign = match[2] or ""
        tokens.append(_SIGNS.get(sign, sign) or match[1].replace(",", ""))
        place = match.end()
    return tokens


class _Reading:
    """The tokens of an expression, and how many of them have been read."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    @property
    def next(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def took(self, *wanted: str) -> str | None:
        """The next token, if it is one of these; it is read then."""
        found = self.next
        if found not in wanted:
            return None
        self.place += 1
        return found

    def sum(self, depth: int) -> Fraction:
        value = self.product(depth)
        while sign := self.took("+", "-"):
            value = _bounded(value + self.product(depth) * (1 if sign == "+" else -1))
        return value

    def product(self, depth: int) -> Fraction:
        value = self.signed(depth)
        while sign := self.took("*", "/", "//", "%"):
            other = self.signed(depth)
            if sign != "*" and other == 0:
                raise ValueError("division by zero")
            results = {"*": lambda a, b: a * b, "/": lambda a, b: a / b, "%": lambda a, b: a % b}
            value = _bounded(Fraction(value // other) if sign == "//" else results[sign](value, other))
        return value

    def signed(self, depth: int) -> Fraction:
        if depth > DEEPEST:
            raise ValueError(f"brackets, signs and powers stand at most {DEEPEST} deep")
        if sign := self.took("+", "-"):
            return self.signed(depth + 1) * (1 if sign == "+" else -1)
        base = self.atom(depth)
        return _power(base, self.signed(depth + 1)) if self.took("**") else base

    def atom(self, depth: int) -> Fraction:
        if self.took("("):
            value = self.sum(depth + 1)
            if not self.took(")"):
                raise ValueError("a bracket is not closed")
            return value
        token = self.next
        if token is None or not (token[0].isdecimal() or token[0] == "."):
            raise ValueError(f"a number is missing {'at the end' if token is None else f'before {token!r}'}")
        self.place += 1
        return _bounded(Fraction(token))


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > 1_000:
        raise ValueError("an exponent is a whole number of at most 1000")
    if base == 0 and exponent < 0:
        raise ValueError("division by zero")
    bits = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
    if bits * abs(exponent) > 2 * MAX_BITS:
        raise ValueError("the result is too large")
    return _bounded(base ** int(exponent))


def _bounded(value: Fraction) -> Fraction:
    if max(abs(value.numerator).bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise ValueError("the result is too large")
    return value
