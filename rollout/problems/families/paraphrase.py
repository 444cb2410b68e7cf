"""What the small families share: how a story is told, and the variants that need no knowledge of it."""

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from rollout.records import content_hash

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Paraphrase:
    """Which of a family's sentences are used. Tables have two entries, as in `phrases.py`."""

    style: int
    question_first: bool = False
    held_out: bool = False
    """Told in the sentences kept for `variant-phrasing`."""
    renamed: bool = False
    """The toolbox's functions have other names."""

    @classmethod
    def drawn(cls, rng: random.Random) -> "Paraphrase":
        return cls(rng.randrange(2**16))

    def pick(self, table: Mapping[bool, Sequence[Told]], place: int = 0) -> Told:
        """The sentence of `table` for this style; `place` lets several tables vary apart."""
        options = table[self.held_out]
        return options[(self.style >> (4 * place)) % len(options)]

    def arrange(self, sentences: Sequence[str], question: str) -> str:
        """The text of a problem."""
        return " ".join([question, *sentences] if self.question_first else [*sentences, question])

    def toolbox(self, name: str) -> str:
        return f"{name}_renamed" if self.renamed else name

    def function(self, name: str, new_names: Mapping[str, str]) -> str:
        return new_names[name] if self.renamed else name


@dataclass(frozen=True)
class ToldStory(ABC):
    """A story with a paraphrase. Subclasses are frozen dataclasses."""

    paraphrase: Paraphrase

    def retold(self, rng: random.Random) -> Self | None:
        """The same problem in other words."""
        return replace(self, paraphrase=Paraphrase.drawn(rng))

    def vary(self, kind: str, rng: random.Random) -> Self:
        """The same problem with one change of VARIANTS."""
        if kind == "order":
            return replace(self, paraphrase=replace(self.paraphrase, question_first=True))
        if kind == "functions":
            return replace(self, paraphrase=replace(self.paraphrase, renamed=True))
        if kind == "phrasing":
            return replace(self, paraphrase=replace(self.paraphrase, held_out=True))
        if kind == "renamed":
            return self.with_new_names(rng)
        return self.shorter(rng) if kind == "removed" else self.longer(rng)

    @abstractmethod
    def with_new_names(self, rng: random.Random) -> Self:
        """The same with names and things that no training problem holds."""

    @abstractmethod
    def shorter(self, rng: random.Random) -> Self:
        """The same with one quantity or statement less."""

    @abstractmethod
    def longer(self, rng: random.Random) -> Self:
        """The same with one more."""


def listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def masked(text: str, words: Collection[str]) -> str:
    """The surface template of `text`: a hash of it without its numbers and without those of `words` it holds."""
    shape = re.sub(r"[A-Za-z]+", lambda match: "_" if match[0] in words else match[0], re.sub(r"\d+", "0", text))
    return content_hash(shape)[:12]
