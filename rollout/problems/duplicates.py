"""Problems that stand on both sides of a split, exactly or nearly: found, dropped from training, and counted."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from rollout.records import Problem

WORDS = 8
"""Length of the n-grams: short enough for a word problem's sentence, long enough not to be a common phrase."""

OVERLAP = 0.5
"""Share of a problem's n-grams found among the held-out ones from which on it counts as a near duplicate."""


class DuplicateReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `deduplicate` dropped."""

    kept: int
    exact: tuple[str, ...]
    """Ids of dropped problems with the very words of a held-out one (case, marks and spacing aside)."""
    near: tuple[str, ...]
    """Ids of dropped problems that share most n-grams with held-out ones; numbers count as equal."""

    @property
    def dropped(self) -> int:
        return len(self.exact) + len(self.near)


def deduplicate(train: Sequence[Problem], held_out: Iterable[Problem]) -> tuple[list[Problem], DuplicateReport]:
    """`train` without what also stands in `held_out`, and without its own exact repetitions; and what was dropped.

    A problem of fewer words than an n-gram is near when its words are the same but for the numbers.
    """
    exact_texts: set[tuple[str, ...]] = set()
    grams: set[tuple[str, ...]] = set()
    for problem in held_out:
        words = _words(problem.text)
        exact_texts.add(words)
        grams.update(_grams(words))
    kept: list[Problem] = []
    exact: list[str] = []
    near: list[str] = []
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
    """`text` in lower case without marks and numbers: the surface template of an imported problem."""
    return " ".join(_numberless(_words(text)))


def same_words(text: str) -> str:
    """What two texts have in common exactly when they have the same words, case, marks and spacing aside."""
    return " ".join(_words(text))


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold()))


def _numberless(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("0" if word.isdigit() else word for word in words)


def _grams(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    plain = _numberless(words)
    return [plain[start : start + WORDS] for start in range(max(1, len(plain) - WORDS + 1))] if plain else []
