"""Duplicates between splits, exact and near ones: they are dropped from training and counted."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from rollout.records import Problem

WORDS = 8
"""Length of the n-grams: short enough for a word problem's sentence, long enough not to be a common phrase."""

OVERLAP = 0.5
"""A problem is a near duplicate when at least this share of its n-grams occurs in held-out problems."""


class DuplicateReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `deduplicate` dropped."""

    kept: int
    exact: tuple[str, ...]
    """Ids of dropped problems with the same words as a held-out one; case, punctuation and spacing do not count."""
    near: tuple[str, ...]
    """Ids of dropped problems that share most n-grams with held-out ones; numbers count as equal."""

    @property
    def dropped(self) -> int:
        return len(self.exact) + len(self.near)


def deduplicate(train: Sequence[Problem], held_out: Iterable[Problem]) -> tuple[list[Problem], DuplicateReport]:
    """`train` without its duplicates of `held_out` and its own exact repetitions, and a report of what was dropped.

    A problem of fewer words than an n-gram is near when its words are the same but for the numbers.
    """
    exact_texts, grams = set[tuple[str, ...]](), set[tuple[str, ...]]()
    for problem in held_out:
        words = _words(problem.text)
        exact_texts.add(words)
        grams.update(_grams(words))
    kept, exact, near = list[Problem](), list[str](), list[str]()
    for problem in train:
        words = _words(problem.text)
        own = _grams(words)
        if words in exact_texts:
            exact.append(problem.id)
        elif own and sum(gram in grams for gram in own) >= OVERLAP * len(own):
            near.append(problem.id)
        else:
            kept.append(problem)
            exact_texts.add(words)
    return kept, DuplicateReport(kept=len(kept), exact=tuple(exact), near=tuple(near))


def skeleton(text: str) -> str:
    """`text` in lower case without punctuation, every number as 0: the surface template of an imported problem."""
    return " ".join(_numberless(_words(text)))


def same_words(text: str) -> str:
    """A key that two texts share when they have the same words; case, punctuation and spacing do not count."""
    return " ".join(_words(text))


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold()))


def _numberless(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("0" if word.isdigit() else word for word in words)


def _grams(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    plain = _numberless(words)
    return [plain[start : start + WORDS] for start in range(max(1, len(plain) - WORDS + 1))] if plain else []
