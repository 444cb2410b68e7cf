"""The sentences in which family `fol` puts a theory and its question, and how they are read back."""

import random
import re
from dataclasses import dataclass

from cluster.errors import WorkError
from rollout.problems.story import Wording
from rollout.toolboxes.builtin.formulas import SOMEONE, Fact, Formula, Rule, read_formula, read_literals

WORDS = (
    *("red", "big", "kind", "tall", "calm", "fast", "rich", "old"),
    *("wise", "cold", "dark", "neat", "shy", "loud", "bold", "slim"),
)
NEW_WORDS = (
    *("zib", "wug", "dax", "fep", "tove", "mimsy", "blick", "gorp"),
    *("plimp", "snark", "quib", "lorn", "vext", "yarl", "kroo", "jub"),
)

# Each rule has its words in the same places, and each call copies one, so that small models learn to follow rules, not
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


@dataclass(frozen=True)
class TheoryWording(Wording):
    """Which sentence of its table is used for facts, for rules and for the question."""

    fact: int
    rule: int
    ask: int

    @classmethod
    def drawn(cls, rng: random.Random, held_out: bool = False) -> "TheoryWording":
        fact, rule, ask = (rng.randrange(len(table[held_out])) for table in (FACTS, RULES, ASKS))
        return cls(fact, rule, ask, held_out=held_out)

    def text(self, lines: tuple[Formula, ...], goal: Fact) -> str:
        """The problem's text."""
        name = "someone" if goal.name == SOMEONE else goal.name
        question = ASKS[self.held_out][self.ask].format(n=name, p=" and ".join(map(str, goal.literals)))
        return self.arrange([f"{line}." for line in self.sentences(lines)], question[0].upper() + question[1:])

    def sentences(self, lines: tuple[Formula, ...]) -> list[str]:
        """The problem's sentence for each line, without its full stop."""
        fact, rule = FACTS[self.held_out][self.fact], RULES[self.held_out][self.rule]
        sentences = []
        for line in lines:
            if isinstance(line, Fact):
                name = "someone" if line.name == SOMEONE and not fact.startswith("{n}") else line.name
                sentences.append(fact.format(n=name, p=" and ".join(map(str, line.literals))))
            elif rule.startswith("All"):
                sentences.append(str(line))
            else:
                sentences.append(rule.format(b=" and ".join(map(str, line.body)), h=line.head))
        return sentences

    def read(self, text: str) -> tuple[list[Formula], str]:
        """The formulas and the question in `text`. Raises WorkError for a sentence that is no formula."""
        sentences = re.findall(r"[^.?]+[.?]", text)
        question = sentences.pop(0 if self.question_first else -1)
        formulas: list[Formula] = []
        for sentence in (each.strip(" .") for each in sentences):
            if rule := re.fullmatch(_pattern(RULES[self.held_out][self.rule]), sentence):
                formulas.append(Rule(read_literals(rule["b"]), *read_literals(rule["h"])))
            elif fact := re.fullmatch(_pattern(FACTS[self.held_out][self.fact]), sentence):
                formulas.append(Fact(fact["n"].capitalize(), read_literals(fact["p"])))
            elif sentence.startswith("No "):
                formulas.append(read_formula(sentence))
            else:
                raise WorkError(f"reads in no way: {sentence}")
        return formulas, question


def _pattern(sentence: str) -> str:
    return re.sub(r"\\\{(\w)\\\}", r"(?P<\1>[\\w ]+)", re.escape(sentence)).replace("(?P<n>[\\w ]+)", r"(?P<n>\w+)")
