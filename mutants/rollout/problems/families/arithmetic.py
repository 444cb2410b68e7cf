"""Family `arithmetic`: word problems in the manner of GSM8K, generated; difficulty is the number of operations, 1 to 8.

A story has one strand ("Tom has 12 pens. Tom finds 30 more. ...") or, from difficulty 3 on, sometimes two, which the
question puts together. Gold is computed while drawing; the cross-check reads the finished text back, sentence by
sentence, without knowing the story.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from rollout.problems.families.phrases import ASKS, NAMES, NEW_PEOPLE, NEW_THINGS, OPERATIONS, STARTS, THINGS, Ask
from rollout.problems.families.reading import read_story
from rollout.problems.story import Draft, Story, Wording, agree
from rollout.toolboxes.builtin.arithmetic import NEW_NAMES

LARGEST, LARGEST_EASY = 9999, 999
"""The largest quantity of a story from difficulty 3 on, and before that: a tiny model copies few digits."""


class Op(NamedTuple):
    """One sentence: an operation, which of its phrases is used, and its quantity."""

    name: str
    phrase: int
    quantity: int


class Strand(NamedTuple):
    """One person's things: a start and what happens to them."""

    person: str
    start: int
    quantity: int
    steps: tuple[Op, ...]

    def values(self) -> list[int]:
        """The quantity before and after each step."""
        return [*accumulate(self.steps, lambda value, op: apply(op.name, value, op.quantity), initial=self.quantity)]

    def extended(self, rng: random.Random, divide: bool) -> "Strand":
        """The strand with one more step."""
        return self._replace(steps=(*self.steps, _step(rng, self.values()[-1], divide)))


@dataclass(frozen=True)
class Tale(Story[Wording]):
    """A drawn word problem: one strand or two, and how it asks."""

    strands: tuple[Strand, ...]
    thing: str
    ask: int

    toolbox = "arithmetic"
    new_functions = NEW_NAMES
    checker = "numeric"

    @property
    def template(self) -> str:
        strands = (
            ",".join((f"start{s.start}", *(f"{step.name}{step.phrase}" for step in s.steps))) for s in self.strands
        )
        flags = ("q" if self.wording.question_first else "") + ("h" if self.wording.held_out else "")
        return f"{';'.join(strands)};{self._ask.kind}{self.ask}{flags}"

    @property
    def core(self) -> str:
        strands = (f"{s.quantity}" + "".join(f" {step.name} {step.quantity}" for step in s.steps) for s in self.strands)
        return f"{self._ask.kind}: {' | '.join(strands)}"

    @property
    def _ask(self) -> Ask:
        return _asks(len(self.strands), self.wording.held_out)[self.ask]

    @property
    def answer(self) -> int:
        ends = [strand.values()[-1] for strand in self.strands]
        return ends[0] if self._ask.kind == "end" else apply(self._ask.kind, ends[0], ends[1])

    @property
    def text(self) -> str:
        sentences = []
        for strand in self.strands:
            start = STARTS[self.wording.held_out][strand.start]
            sentences.append(start.format(n=strand.person, k=strand.quantity, o=self.thing))
            for step in strand.steps:
                phrase = OPERATIONS[self.wording.held_out][step.name][step.phrase]
                sentences.append(phrase.format(n=strand.person, k=step.quantity))
        people = [strand.person for strand in self.strands]
        return self.wording.arrange(sentences, self._ask.text.format(n=people[0], m=people[-1], o=self.thing))

    def write(self) -> Draft:
        agree(Fraction(self.answer), read_story(self.text), self.text)
        calls, ends = [], []
        for strand in self.strands:
            *before, end = strand.values()
            calls += [self.call(step.name, a=a, b=step.quantity) for step, a in zip(strand.steps, before, strict=True)]
            ends.append(end)
        if len(ends) == 2:
            calls.append(self.call(self._ask.kind, a=ends[0], b=ends[1]))
        return self.draft(self.answer, calls, difficulty=len(calls))

    def with_new_names(self, rng: random.Random) -> "Tale":
        people = rng.sample(NEW_PEOPLE, len(self.strands))
        strands = tuple(s._replace(person=p) for s, p in zip(self.strands, people, strict=True))
        return replace(self, strands=strands, thing=rng.choice(NEW_THINGS))

    def with_held_out_phrases(self, rng: random.Random) -> "Tale":
        operations = OPERATIONS[True]
        strands = tuple(
            strand._replace(
                start=rng.randrange(len(STARTS[True])),
                steps=tuple(step._replace(phrase=rng.randrange(len(operations[step.name]))) for step in strand.steps),
            )
            for strand in self.strands
        )
        asks = [index for index, ask in enumerate(_asks(len(strands), True)) if ask.kind == self._ask.kind]
        return replace(self, strands=strands, ask=rng.choice(asks), wording=replace(self.wording, held_out=True))

    def shorter(self, rng: random.Random) -> "Tale":
        return self._with_longest(lambda strand: strand._replace(steps=strand.steps[:-1]))

    def longer(self, rng: random.Random) -> "Tale":
        return self._with_longest(lambda strand: strand.extended(rng, True))

    def _with_longest(self, changed: Callable[[Strand], Strand]) -> "Tale":
        """The tale with its longest strand changed."""
        longest = max(range(len(self.strands)), key=lambda index: len(self.strands[index].steps))
        strands = tuple(changed(s) if i == longest else s for i, s in enumerate(self.strands))
        return replace(self, strands=strands).ordered()

    def ordered(self) -> "Tale":
        """The tale with the larger end first where the question asks for a difference."""
        return replace(self, strands=self.strands[::-1]) if self._ask.kind == "sub" and self.answer < 0 else self


def draw(rng: random.Random, difficulty: int) -> Tale:
    """A tale of `difficulty` operations."""
    pair = difficulty >= 3 and rng.random() < 0.5
    thing = rng.choice(THINGS)
    people = rng.sample(NAMES, 2)
    if not pair:
        ask = rng.randrange(len(_asks(1, False)))
        return Tale(Wording(), (_strand(rng, people[0], difficulty, difficulty >= 3),), thing, ask)
    first = rng.randint(0, difficulty - 1)
    lengths = (first, difficulty - 1 - first)
    strands = tuple(_strand(rng, p, n, True) for p, n in zip(people, lengths, strict=True))
    return Tale(Wording(), strands, thing, rng.randrange(len(_asks(2, False)))).ordered()


def apply(name: str, left: int, right: int) -> int:
    """The operation `name` on whole numbers; a division is always exact here."""
    if name == "div":
        assert left % right == 0, (left, right)
        return left // right
    return {"add": left + right, "sub": left - right, "mul": left * right}[name]


def _strand(rng: random.Random, person: str, length: int, divide: bool) -> Strand:
    strand = Strand(person, rng.randrange(len(STARTS[False])), rng.randint(2 if divide else 10, 99), ())
    for _ in range(length):
        strand = strand.extended(rng, divide)
    return strand


def _step(rng: random.Random, value: int, divide: bool) -> Op:
    """A step that keeps the quantity whole, and between 1 and the largest.

    Without `divide`, as in the easy problems, what is added or taken away has two digits: numbers of one length are
    what a tiny model learns to copy first.
    """
    least, largest = (2, LARGEST) if divide else (10, LARGEST_EASY)
    divisors = [k for k in range(2, 10) if value % k == 0 and value > k] if divide else []
    names = ["add"] * (value <= largest - 99) + ["sub"] * (value > least + 1) + ["mul"] * (value * 9 <= largest)
    name = rng.choice(names + ["div"] * bool(divisors))
    if name == "div":
        quantity = rng.choice(divisors)
    elif name == "mul":
        quantity = rng.randint(2, 9)
    else:
        quantity = rng.randint(least, 99 if name == "add" else min(99, value - 1))
    return Op(name, rng.randrange(len(OPERATIONS[False][name])), quantity)


def _asks(strands: int, held_out: bool) -> tuple[Ask, ...]:
    return tuple(ask for ask in ASKS[held_out] if (ask.kind == "end") == (strands == 1))
