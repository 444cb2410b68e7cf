"""How family `fol` tells a theory and its question, in one of several styles, and how it is read back."""

import random
import re
from typing import NamedTuple

from cluster.errors import WorkError
from rollout.toolboxes.builtin.formulas import SOMEONE, Fact, Formula, Literal, Rule, read_formula

WORDS = (
    *("red", "big", "kind", "tall", "calm", "fast", "rich", "old"),
    *("wise", "cold", "dark", "neat", "shy", "loud", "bold", "slim"),
)
NEW_WORDS = (
    *("zib", "wug", "dax", "fep", "tove", "mimsy", "blick", "gorp"),
    *("plimp", "snark", "quib", "lorn", "vext", "yarl", "kroo", "jub"),
)

# Each rule has its words in the same places, and each call copies one: so small models learn to follow rules, not
# grammar.
FACTS = {
    False: ("{n} is {p}", "Now {n} is {p}", "Here {n} is {p}", "Yes, {n} is {p}"),
    True: ("Clearly {n} is {p}",),
}
RULES = {
    False: ("All {b} are {h}", "Each {b} is {h}", "If {b} then {h}", "Any {b} is {h}", "The {b} are {h}"),
    True: ("Whenever one is {b} he is {h}",),
}
ASKS = {
    False: (
        "Is {n} {p}?",
        "Is it so that {n} is {p}?",
        "Say if {n} is {p}.",
        "{n} is {p}: yes or no?",
        "Can {n} be {p}?",
    ),
    True: ("Decide whether {n} is {p}.",),
}


class Style(NamedTuple):
    """Which sentence tells facts, rules and the question; `held_out` picks those kept for `variant-phrasing`."""

    fact: int
    rule: int
    ask: int
    question_first: bool = False
    held_out: bool = False

    @classmethod
    def drawn(cls, rng: random.Random, held_out: bool = False) -> "Style":
        """A style from the tables."""
        fact, rule, ask = (rng.randrange(len(table[held_out])) for table in (FACTS, RULES, ASKS))
        return cls(fact, rule, ask, held_out=held_out)

    def tell(self, lines: tuple[Formula, ...], goal: Fact) -> str:
        """The problem's text."""
        told = [f"{line}." for line in self.sentences(lines)]
        name = "someone" if goal.name == SOMEONE else goal.name
        question = ASKS[self.held_out][self.ask].format(n=name, p=" and ".join(map(str, goal.literals)))
        question = question[0].upper() + question[1:]
        return " ".join([question, *told] if self.question_first else [*told, question])

    def sentences(self, lines: tuple[Formula, ...]) -> list[str]:
        """The lines, as the problem tells them."""
        return [self._line(line) for line in lines]

    def read(self, text: str) -> tuple[list[Formula], str]:
        """The formulas and the question in `text`. Raises WorkError when a line reads in no way."""
        sentences = re.findall(r"[^.?]+[.?]", text)
        question = sentences.pop(0 if self.question_first else -1)
        return [self._formula(line.strip(" .")) for line in sentences], question

    def _line(self, line: Formula) -> str:
        if isinstance(line, Fact):
            starts = FACTS[self.held_out][self.fact].startswith("{n}")
            name = "someone" if line.name == SOMEONE and not starts else line.name
            return FACTS[self.held_out][self.fact].format(n=name, p=" and ".join(map(str, line.literals)))
        if RULES[self.held_out][self.rule].startswith("All"):
            return str(line)
        return RULES[self.held_out][self.rule].format(b=" and ".join(map(str, line.body)), h=line.head)

    def _formula(self, told: str) -> Formula:
        fact = re.fullmatch(_pattern(FACTS[self.held_out][self.fact]), told)
        rule = re.fullmatch(_pattern(RULES[self.held_out][self.rule]), told)
        if rule:
            return Rule(_literals(rule["b"]), *_literals(rule["h"]))
        if fact:
            return Fact(fact["n"].capitalize(), _literals(fact["p"]))
        if told.startswith("No "):
            return read_formula(told)
        raise WorkError(f"reads in no way: {told}")


def _pattern(sentence: str) -> str:
    return re.sub(r"\\\{(\w)\\\}", r"(?P<\1>[\\w ]+)", re.escape(sentence)).replace("(?P<n>[\\w ]+)", r"(?P<n>\w+)")


def _literals(text: str) -> tuple[Literal, ...]:
    return tuple(Literal(part.removeprefix("not "), not part.startswith("not ")) for part in text.split(" and "))
