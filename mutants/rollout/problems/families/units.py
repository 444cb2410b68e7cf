"""Family `units`, out of domain: quantities in several units, asked for in one. Difficulty: their number less one."""

import random
import re
from dataclasses import dataclass, replace
from fractions import Fraction

from rollout.problems.families.phrases import NAMES, NEW_PEOPLE, PEOPLE
from rollout.problems.story import Draft, Paraphrase, Story, agree
from rollout.toolboxes.builtin.units import NEW_NAMES, UNITS, Number, add, convert

KINDS = {"length": ("mm", "cm", "m", "km"), "weight": ("g", "kg", "t"), "time": ("s", "min", "h", "d")}
SMALLEST = {"mm": 1, "cm": 10, "m": 1000, "km": 1_000_000, "g": 1, "kg": 1000, "t": 1_000_000}
SMALLEST |= {"s": 1, "min": 60, "h": 3600, "d": 86_400}
"""Each unit in the smallest of its kind: the cross-check's own table."""

PARTS = {
    False: ("{n} has {k} {u}.", "{n} brings {k} {u}.", "{k} {u} are from {n}.", "{n} takes {k} {u}."),
    True: ("What {n} offers is {k} {u}.",),
}
ASKS = {
    False: ("How many {u} is it in all?", "Give the sum in {u}.", "How much is it in {u}?"),
    True: ("Counted in {u}, what does it come to?",),
}


@dataclass(frozen=True)
class Parts(Story[Paraphrase]):
    """Quantities with their units, by whom, and the unit that is asked for."""

    parts: tuple[tuple[str, int, str], ...]
    unit: str

    toolbox = "units"
    new_functions = NEW_NAMES
    checker = "numeric"
    masked = PEOPLE

    @property
    def text(self) -> str:
        sentences = [self.wording.pick(PARTS).format(n=person, k=value, u=unit) for person, value, unit in self.parts]
        return self.wording.arrange(sentences, self.wording.pick(ASKS, 1).format(u=self.unit))

    @property
    def core(self) -> str:
        return f"units: {[part[1:] for part in self.parts]} {self.unit}"

    def write(self) -> Draft:
        calls, amounts = [], list[Number]()
        for _, value, unit in self.parts:
            if unit != self.unit:
                calls.append(self.call("convert", value=value, unit=unit, to=self.unit))
            amounts.append(convert(value, unit, self.unit))
        answer = amounts[0]
        for amount in amounts[1:]:
            calls.append(self.call("add", a=answer, b=amount))
            answer = add(answer, amount)
        agree(Fraction(str(answer)), read_back(self.text), self.text)
        return self.draft(answer, calls, difficulty=len(self.parts) - 1)

    def with_new_names(self, rng: random.Random) -> "Parts":
        fresh = rng.choices(NEW_PEOPLE, k=len(self.parts))
        return replace(self, parts=tuple((n, *part[1:]) for n, part in zip(fresh, self.parts, strict=True)))

    def shorter(self, rng: random.Random) -> "Parts":
        return replace(self, parts=self.parts[:-1])

    def longer(self, rng: random.Random) -> "Parts":
        return replace(self, parts=(*self.parts, _part(rng, self.unit)))


def draw(rng: random.Random, difficulty: int) -> Parts:
    """`difficulty` + 1 quantities of one kind; at least one is in another unit than the question."""
    units = rng.choice(sorted(KINDS.values()))
    unit = rng.choice(units[:-1])
    parts = [_part(rng, unit) for _ in range(difficulty)]
    larger = rng.choice(units[units.index(unit) + 1 :])
    parts.insert(rng.randint(0, len(parts)), (rng.choice(NAMES), rng.randint(2, 99), larger))
    return Parts(Paraphrase.drawn(rng), tuple(parts), unit)


def _part(rng: random.Random, unit: str) -> tuple[str, int, str]:
    """A quantity in a unit no smaller than `unit`, so that it is whole in it."""
    units = next(units for units in KINDS.values() if unit in units)
    return rng.choice(NAMES), rng.randint(2, 99), rng.choice(units[units.index(unit) :])


def read_back(text: str) -> Fraction:
    """The cross-check: all quantities in the smallest unit, summed, and divided at the end."""
    parts = re.findall(r"(\d+) ([a-z]+)", text)
    asked = next(word for word in re.findall(r"[a-z]+", re.sub(r"\d+ [a-z]+", "", text)) if word in UNITS)
    return Fraction(sum(int(value) * SMALLEST[unit] for value, unit in parts), SMALLEST[asked])
