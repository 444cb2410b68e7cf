"""The cross-check of arithmetic gold answers: read the text back, sentence by sentence, without knowing the story."""

import re
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from cluster.errors import WorkError
from rollout.problems.families.phrases import ASKS, OPERATIONS, STARTS

_SLOTS = {"n": r"(?P<n>[A-Z][a-z]+)", "m": r"(?P<m>[A-Z][a-z]+)", "k": r"(?P<k>\d+)", "o": r"(?P<o>[a-z]+)"}


class Read(NamedTuple):
    """What a text says: the operations in its order, each with its two numbers, and the answer."""

    steps: tuple[tuple[str, Fraction, Fraction], ...]
    answer: Fraction


def read_story(text: str) -> Fraction:
    """The answer that the words of `text` mean. Raises WorkError when a sentence reads in no way, or in two."""
    return read_steps(text).answer


def read_steps(text: str) -> Read:
    """What the words of `text` mean. Raises WorkError when a sentence reads in no way, or in two."""
    holdings: dict[str, Fraction] = {}
    steps: list[tuple[str, Fraction, Fraction]] = []
    question: tuple[str, str, str] | None = None
    for sentence in sentences_of(text):
        kind, slots = read_sentence(sentence)
        if kind == "start":
            holdings[slots["n"]] = Fraction(slots["k"])
        elif kind in OPERATIONS[False]:
            held, quantity = holdings[slots["n"]], Fraction(slots["k"])
            steps.append((kind, held, quantity))
            holdings[slots["n"]] = _operate(kind, held, quantity)
        else:
            question = (kind, slots.get("n", ""), slots.get("m", ""))
    if question is None:
        raise WorkError(f"no question in: {text}")
    kind, first, second = question
    if kind == "ask end":
        return Read(tuple(steps), holdings[first] if first else next(iter(holdings.values())))
    # A question for all of them together names nobody: the people stand in the text's order.
    left, right = (holdings[first], holdings[second]) if first else tuple(holdings.values())
    operation = kind.removeprefix("ask ")
    return Read((*steps, (operation, left, right)), _operate(operation, left, right))


def sentences_of(text: str) -> list[str]:
    """The sentences of a text."""
    return [sentence.strip() for sentence in re.findall(r"[^.?]+[.?]", text)]


def read_sentence(sentence: str) -> tuple[str, dict[str, str]]:
    """A sentence's kind (`start`, an operation, or `ask` and what it asks for) and its words and number."""
    found = [(kind, match.groupdict()) for kind, pattern in _patterns() if (match := pattern.fullmatch(sentence))]
    if len(found) != 1:
        raise WorkError(f"reads in {len(found)} ways: {sentence}")
    return found[0]


def _operate(kind: str, held: Fraction, quantity: Fraction) -> Fraction:
    # By signs and powers, so that it shares no code with the construction.
    if kind in ("add", "sub"):
        return held + quantity * (1 if kind == "add" else -1)
    return held * quantity ** (1 if kind == "mul" else -1)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each kind of sentence with a pattern of it: a phrase's literal text, its slots as named groups."""
    phrases: list[tuple[str, str]] = []
    for flag in (False, True):
        phrases += [("start", text) for text in STARTS[flag]]
        phrases += [(name, text) for name, texts in OPERATIONS[flag].items() for text in texts]
        phrases += [(f"ask {ask.kind}", ask.text) for ask in ASKS[flag]]
    parts = ((kind, re.split(r"\{(\w)\}", text)) for kind, text in phrases)
    return tuple(
        (kind, re.compile("".join(_SLOTS[part] if i % 2 else re.escape(part) for i, part in enumerate(each))))
        for kind, each in parts
    )
