"""The small first-order language of toolbox `fol`, in short English, read and written without loss.

Tom is red              red(Tom)
Tom is not red          not red(Tom)
Tom is red and big      red(Tom) and big(Tom)
Someone is red          there is an x: red(x)
All red are big         for all x: red(x) implies big(x)
No red are big          for all x: red(x) implies not big(x)
All red and not big are kind
"""

import re
from typing import NamedTuple

SOMEONE = "Someone"


class Literal(NamedTuple):
    """A predicate or its negation."""

    word: str
    positive: bool = True

    @property
    def negated(self) -> "Literal":
        return Literal(self.word, not self.positive)

    def __str__(self) -> str:
        return self.word if self.positive else f"not {self.word}"


class Fact(NamedTuple):
    """One person, or someone, has all of these properties."""

    name: str
    literals: tuple[Literal, ...]

    def __str__(self) -> str:
        return f"{self.name} is {_joined(self.literals)}"


class Rule(NamedTuple):
    """Whoever has all of `body` has `head`."""

    body: tuple[Literal, ...]
    head: Literal

    def __str__(self) -> str:
        if len(self.body) == 1 and self.body[0].positive and not self.head.positive:
            return f"No {self.body[0]} are {self.head.word}"
        return f"All {_joined(self.body)} are {self.head}"


Formula = Fact | Rule

_WORD = r"(?!not\b|and\b)[a-z]+"
_LITERAL = rf"(?:not )?{_WORD}"
_FACT = re.compile(rf"([A-Z][a-z]*) is ({_LITERAL}(?: and {_LITERAL})*)")
_RULE = re.compile(rf"All ({_LITERAL}(?: and {_LITERAL})*) are ({_LITERAL})")
_NONE = re.compile(rf"No ({_WORD}) are ({_WORD})")


def read_formula(text: str) -> Formula:
    """The formula that `text` writes. Raises ValueError when it is none."""
    if match := _NONE.fullmatch(text):
        return Rule((Literal(match[1]),), Literal(match[2], False))
    if match := _RULE.fullmatch(text):
        return Rule(read_literals(match[1]), *read_literals(match[2]))
    if match := _FACT.fullmatch(text):
        return Fact(match[1], read_literals(match[2]))
    raise ValueError(f"not a formula: {text[:80]!r}")


def read_literals(text: str) -> tuple[Literal, ...]:
    """The literals that `text` joins by "and"."""
    return tuple(Literal(part.removeprefix("not "), not part.startswith("not ")) for part in text.split(" and "))


def _joined(literals: tuple[Literal, ...]) -> str:
    return " and ".join(map(str, literals))
