"""Family `arithmetic`: word problems in the manner of GSM8K, generated; difficulty is the number of operations, 1 to 8.

A story has one strand ("Tom has 12 pens. Tom finds 30 more. ...") or, from difficulty 3 on, sometimes two, which the
question puts together. Gold is computed while drawing; the second way reads the finished text back, sentence by
sentence, without knowing the story.
"""

import random
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from rollout.problems.config import FamilyConfig
from rollout.problems.drawing import Draft, agree, call, collect
from rollout.problems.families.phrases import ASKS, NAMES, NEW_NAMES, NEW_THINGS, OPERATIONS, STARTS, THINGS, Ask
from rollout.problems.families.reading import read_story
from rollout.records import Call, Problem
from rollout.toolboxes.builtin.arithmetic import NEW_NAMES as NEW_FUNCTIONS

LARGEST, LARGEST_EASY = 9999, 999
"""No quantity of a story is larger, from difficulty 3 on and before: a tiny model copies few digits."""


class Op(NamedTuple):
    """One sentence: an operation, the phrase that tells it, and its quantity."""

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
        values = [self.quantity]
        for step in self.steps:
            values.append(apply(step.name, values[-1], step.quantity))
        return values


@dataclass(frozen=True, slots=True)
class Tale:
    """A drawn word problem: one strand or two, and how it asks."""

    strands: tuple[Strand, ...]
    thing: str
    ask: int
    question_first: bool = False
    renamed: bool = False
    held_out: bool = False
    """Told in the sentences that are kept out of every split but `variant-phrasing`."""

    @property
    def template(self) -> str:
        strands = (
            ",".join((f"start{s.start}", *(f"{step.name}{step.phrase}" for step in s.steps))) for s in self.strands
        )
        flags = ("q" if self.question_first else "") + ("h" if self.held_out else "")
        return f"{';'.join(strands)};{self._ask.kind}{self.ask}{flags}"

    @property
    def core(self) -> str:
        strands = (f"{s.quantity}" + "".join(f" {step.name} {step.quantity}" for step in s.steps) for s in self.strands)
        return f"{self._ask.kind}: {' | '.join(strands)}"

    @property
    def _ask(self) -> Ask:
        return _asks(len(self.strands), self.held_out)[self.ask]

    def answer(self) -> int:
        ends = [strand.values()[-1] for strand in self.strands]
        return ends[0] if self._ask.kind == "end" else apply(self._ask.kind, ends[0], ends[1])

    def calls(self) -> tuple[Call, ...]:
        calls = []
        for strand in self.strands:
            for step, value in zip(strand.steps, strand.values()[:-1], strict=True):
                calls.append(call(self._function(step.name), a=value, b=step.quantity))
        if len(self.strands) == 2:
            first, second = (strand.values()[-1] for strand in self.strands)
            calls.append(call(self._function(self._ask.kind), a=first, b=second))
        calls.append(call(self._function("finish"), answer=self.answer()))
        return tuple(calls)

    def _function(self, name: str) -> str:
        return NEW_FUNCTIONS[name] if self.renamed else name

    def text(self) -> str:
        sentences = []
        for strand in self.strands:
            start = STARTS[self.held_out][strand.start]
            sentences.append(start.format(n=strand.person, k=strand.quantity, o=self.thing))
            for step in strand.steps:
                phrase = OPERATIONS[self.held_out][step.name][step.phrase]
                sentences.append(phrase.format(n=strand.person, k=step.quantity))
        people = [strand.person for strand in self.strands]
        question = self._ask.text.format(n=people[0], m=people[-1], o=self.thing)
        ordered = [question, *sentences] if self.question_first else [*sentences, question]
        return " ".join(ordered)

    def write(self) -> Draft:
        text, answer = self.text(), self.answer()
        agree(Fraction(answer), read_story(text), text)
        return Draft(
            text=text,
            gold=answer,
            calls=self.calls(),
            toolbox="arithmetic_renamed" if self.renamed else "arithmetic",
            checker="numeric",
            template=self.template,
            difficulty=len(self.calls()) - 1,
        )

    def retold(self, rng: random.Random) -> "Tale | None":
        return None

    def vary(self, kind: str, rng: random.Random) -> "Tale":
        if kind == "order":
            return replace(self, question_first=True)
        if kind == "functions":
            return replace(self, renamed=True)
        if kind == "renamed":
            people = rng.sample(NEW_NAMES, len(self.strands))
            strands = tuple(s._replace(person=p) for s, p in zip(self.strands, people, strict=True))
            return replace(self, strands=strands, thing=rng.choice(NEW_THINGS))
        if kind == "phrasing":
            return self._held_out(rng)
        longest = max(range(len(self.strands)), key=lambda index: len(self.strands[index].steps))
        strand = self.strands[longest]
        steps = strand.steps[:-1] if kind == "removed" else (*strand.steps, _step(rng, strand.values()[-1], True))
        strands = tuple(s if i != longest else s._replace(steps=steps) for i, s in enumerate(self.strands))
        return self._ordered(replace(self, strands=strands))

    def _held_out(self, rng: random.Random) -> "Tale":
        operations = OPERATIONS[True]
        strands = tuple(
            strand._replace(
                start=rng.randrange(len(STARTS[True])),
                steps=tuple(step._replace(phrase=rng.randrange(len(operations[step.name]))) for step in strand.steps),
            )
            for strand in self.strands
        )
        asks = [index for index, ask in enumerate(_asks(len(strands), True)) if ask.kind == self._ask.kind]
        return replace(self, strands=strands, ask=rng.choice(asks), held_out=True)

    @staticmethod
    def _ordered(tale: "Tale") -> "Tale":
        """The larger end first where the question asks for a difference."""
        if tale._ask.kind == "sub" and tale.answer() < 0:
            return replace(tale, strands=tale.strands[::-1])
        return tale


def problems(config: FamilyConfig, split: str) -> list[Problem]:
    """Problems of the family; see `rollout.problems.generate`."""
    return collect(config, split, "arithmetic", draw)


def draw(rng: random.Random, difficulty: int) -> Tale:
    """A tale of `difficulty` operations."""
    pair = difficulty >= 3 and rng.random() < 0.5
    thing = rng.choice(THINGS)
    people = rng.sample(NAMES, 2)
    if not pair:
        ask = rng.randrange(len(_asks(1, False)))
        return Tale((_strand(rng, people[0], difficulty, difficulty >= 3),), thing, ask)
    first = rng.randint(0, difficulty - 1)
    lengths = (first, difficulty - 1 - first)
    strands = tuple(_strand(rng, p, n, True) for p, n in zip(people, lengths, strict=True))
    tale = Tale(strands, thing, rng.randrange(len(_asks(2, False))))
    return Tale._ordered(tale)


def apply(name: str, left: int, right: int) -> int:
    """The operation `name` on whole numbers; a division is always exact here."""
    if name == "add":
        return left + right
    if name == "sub":
        return left - right
    if name == "mul":
        return left * right
    quotient, rest = divmod(left, right)
    assert name == "div", name
    assert rest == 0, (left, right)
    return quotient


def _strand(rng: random.Random, person: str, length: int, divide: bool) -> Strand:
    strand = Strand(person, rng.randrange(len(STARTS[False])), rng.randint(2 if divide else 10, 99), ())
    value = strand.quantity
    for _ in range(length):
        step = _step(rng, value, divide)
        value = apply(step.name, value, step.quantity)
        strand = strand._replace(steps=(*strand.steps, step))
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
