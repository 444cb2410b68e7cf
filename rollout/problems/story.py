"""What generated families draw: a story, which is a problem in structured form, with the choice of its words.

A story writes itself as a draft, which is a problem before it has an id, and knows its own variants.
"""

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar

import msgspec

from cluster.errors import WorkError
from rollout.records import Call, UserTurn, canonical_json, content_hash


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A problem as its family writes it, before it has an id; the fields are those of `Problem`."""

    text: str
    gold: str
    gold_calls: tuple[Call, ...]
    toolbox: str
    checker: str
    template: str
    state: str = "null"
    difficulty: int
    nothing_to_do: bool = False
    turns: tuple[UserTurn, ...] = ()
    hidden: tuple[str, ...] = ()
    system: str = ""
    user: str = ""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How a story is put into words. Tables of sentences have two entries, indexed by `held_out`."""

    question_first: bool = False
    held_out: bool = False
    """Whether the sentences are those that only the suite `variant-phrasing` uses."""
    renamed: bool = False
    """Whether the toolbox's functions have other names."""

    @classmethod
    def drawn(cls, rng: random.Random) -> Self:
        """A choice of sentences from the tables of all splits; here there is nothing to choose."""
        return cls()

    def arrange(self, sentences: Sequence[str], question: str) -> str:
        """The text of a problem."""
        return " ".join([question, *sentences] if self.question_first else [*sentences, question])


@dataclass(frozen=True)
class Paraphrase(Wording):
    """A wording that one number chooses: which sentence of each table is used."""

    number: int

    @classmethod
    def drawn(cls, rng: random.Random) -> Self:
        return cls(rng.randrange(2**16))

    def pick(self, table: Mapping[bool, Sequence[str]], place: int = 0) -> str:
        """The sentence of `table` that is used; tables of another `place` (0 to 3) vary independently."""
        options = table[self.held_out]
        return options[(self.number >> (4 * place)) % len(options)]


AnyWording = TypeVar("AnyWording", bound=Wording, covariant=True)


@dataclass(frozen=True)
class Story(ABC, Generic[AnyWording]):
    """A drawn problem in structured form. Subclasses are frozen dataclasses."""

    wording: AnyWording

    toolbox: ClassVar[str]
    new_functions: ClassVar[Mapping[str, str]]
    """Names of the toolbox's functions in the suite `variant-functions`."""
    checker: ClassVar[str] = "exact"
    masked: ClassVar[Collection[str]] = ()
    """The names and things of the family's texts, which do not belong to a template."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The problem's text."""

    @property
    def template(self) -> str:
        """Id of the surface template: a hash of the text without its numbers, names and things."""
        shape = re.sub(r"\d+", "0", self.text)
        return content_hash(re.sub(r"[A-Za-z]+", lambda word: "_" if word[0] in self.masked else word[0], shape))[:12]

    @property
    @abstractmethod
    def core(self) -> str:
        """The underlying problem, whatever its wording."""

    @abstractmethod
    def write(self) -> Draft:
        """Text, gold answer and calls. Raises WorkError when the gold answer and its cross-check differ."""

    @abstractmethod
    def with_new_names(self, rng: random.Random) -> Self:
        """The same problem with names and things that no training problem holds."""

    @abstractmethod
    def shorter(self, rng: random.Random) -> Self:
        """The problem with one quantity, step or statement less."""

    @abstractmethod
    def longer(self, rng: random.Random) -> Self:
        """The problem with one quantity, step or statement more."""

    def paraphrased(self, rng: random.Random) -> Self:
        """The same problem in other words of the tables of all splits."""
        return replace(self, wording=self.wording.drawn(rng))

    def with_held_out_phrases(self, rng: random.Random) -> Self:
        """The same problem in sentences that only `variant-phrasing` uses."""
        return replace(self, wording=replace(self.wording, held_out=True))

    def vary(self, kind: str, rng: random.Random) -> Self:
        """The problem with the change `kind` of VARIANTS."""
        flag = {"order": "question_first", "functions": "renamed"}.get(kind)
        if flag is not None:
            return replace(self, wording=replace(self.wording, **{flag: True}))
        changes = {"phrasing": self.with_held_out_phrases, "renamed": self.with_new_names, "removed": self.shorter}
        return changes.get(kind, self.longer)(rng)

    def call(self, function: str, /, **arguments: Any) -> Call:
        """A gold call of one of the toolbox's functions, by the name that it has in this wording."""
        return call(self.new_functions[function] if self.wording.renamed else function, **arguments)

    def draft(self, answer: Any, calls: Sequence[Call], difficulty: int, state: Any = None) -> Draft:
        """The story as a draft; `calls` lead to the answer, and the finishing call is added here."""
        return Draft(
            text=self.text,
            gold=canonical_json(answer),
            nothing_to_do=answer == [],  # an episode that ends at once is right without any work
            gold_calls=(*calls, self.call("finish", answer=answer)),
            toolbox=f"{self.toolbox}_renamed" if self.wording.renamed else self.toolbox,
            checker=self.checker,
            template=self.template,
            state=canonical_json(state),
            difficulty=difficulty,
        )


def call(name: str, /, **arguments: Any) -> Call:
    """A call with its arguments as canonical JSON."""
    return Call(name=name, arguments=canonical_json(arguments))


def agree(gold: object, cross_check: object, text: str) -> None:
    """Raise WorkError unless the cross-check comes to the same gold answer as the construction."""
    if gold != cross_check:
        raise WorkError(f"gold answers disagree: {gold!r} by construction, {cross_check!r} by cross-check, for: {text}")
