"""Toolbox `fol`: proofs in numbered lines. The state is {"lines": [formula, ...], "goal": fact} in the short English of
`formulas.py`; line 1 is the first premise, and each inference adds a line and returns it with its number.

Every function is a sound rule of inference. `finish("yes")` is refused until the goal is a line, `finish("no")` until
its negation is one: an answer is worth nothing without its proof, and guessing never scores.
"""

from typing import Any
from typing import Literal as OneOf

from rollout.toolboxes.formulas import SOMEONE, Fact, Formula, Rule, read_formula
from rollout.toolboxes.toolbox import Toolbox

MOST_LINES = 100
"""A proof that grows longer is refused, so that no session grows without bound."""

WITNESSES = "XYZUVW"
"""Names for someone, in the order in which they are given."""


class Fol:
    """The inference rules over one problem's numbered lines."""

    def __init__(self, state: Any) -> None:
        self._lines: list[Formula] = [read_formula(line) for line in state["lines"]]
        goal = read_formula(state["goal"])
        if not isinstance(goal, Fact):
            raise ValueError(f"the goal is no fact: {goal}")
        self._goal = goal

    def apply(self, rule: int, fact: int) -> str:
        """Use a rule on a fact: from All red are big and Tom is red follows Tom is big.

        Args:
            rule: Number of the line with the rule.
            fact: Number of the line with the fact.

        Examples:
            apply(rule=2, fact=1)
        """
        general, fact_line = self._rule(rule), self._named(fact)
        missing = [literal for literal in general.body if literal not in fact_line.literals]
        if missing:
            raise ValueError(f"line {fact} does not say {fact_line.name} is {missing[0]}")
        return self._added(Fact(fact_line.name, (general.head,)))

    def tollens(self, rule: int, fact: int) -> str:
        """Use a rule backwards: from All red are big and Tom is not big follows Tom is not red.

        Args:
            rule: Number of the line with the rule.
            fact: Number of the line with the fact that denies the rule's end.

        Examples:
            tollens(rule=2, fact=1)
        """
        general, fact_line = self._rule(rule), self._named(fact)
        if len(general.body) != 1:
            raise ValueError(f"line {rule} has two conditions; only one of them need fail")
        if general.head.negated not in fact_line.literals:
            raise ValueError(f"line {fact} does not say {fact_line.name} is {general.head.negated}")
        return self._added(Fact(fact_line.name, (general.body[0].negated,)))

    def join(self, first: int, second: int) -> str:
        """Join two facts: from Tom is red and Tom is big follows Tom is red and big.

        Args:
            first: Number of the line with the first fact.
            second: Number of the line with the second fact.

        Examples:
            join(first=1, second=2)
        """
        one, other = self._named(first), self._named(second)
        if one.name != other.name:
            raise ValueError(f"lines {first} and {second} are about {one.name} and {other.name}; join facts of one")
        return self._added(Fact(one.name, tuple(dict.fromkeys(one.literals + other.literals))))

    def witness(self, line: int) -> str:
        """Give someone a new name: from Someone is red follows X is red.

        Args:
            line: Number of the line about someone.

        Examples:
            witness(line=1)
        """
        fact = self._fact(line)
        if fact.name != SOMEONE:
            raise ValueError(f"line {line} is about {fact.name}, not about someone")
        used = {known.name for known in self._lines if isinstance(known, Fact)}
        free = [name for name in WITNESSES if name not in used]
        if not free:
            raise ValueError("no new names are left")
        return self._added(Fact(free[0], fact.literals))

    def someone(self, line: int) -> str:
        """Forget a name: from Tom is red follows Someone is red.

        Args:
            line: Number of the line with the fact.

        Examples:
            someone(line=3)
        """
        return self._added(Fact(SOMEONE, self._named(line).literals))

    def finish(self, answer: OneOf["yes", "no", "unknown"]) -> str:
        """Answer the question, once a line proves it: yes or no; unknown if neither follows.

        Args:
            answer: yes, no or unknown.

        Examples:
            finish(answer="yes")
        """
        if answer == "unknown":
            return answer
        wanted = self._goal if answer == "yes" else Fact(self._goal.name, tuple(x.negated for x in self._goal.literals))
        if answer == "no" and (len(self._goal.literals) != 1 or self._goal.name == SOMEONE):
            raise ValueError(f"no line can deny {self._goal}")
        if not any(_says(line, wanted) for line in self._lines):
            raise ValueError(f"no line says {wanted}; prove it first")
        return answer

    def _line(self, number: int) -> Formula:
        if not 1 <= number <= len(self._lines):
            raise ValueError(f"no line {number}; lines are 1 to {len(self._lines)}")
        return self._lines[number - 1]

    def _rule(self, number: int) -> Rule:
        line = self._line(number)
        if not isinstance(line, Rule):
            raise ValueError(f"line {number} is a fact, not a rule")
        return line

    def _fact(self, number: int) -> Fact:
        line = self._line(number)
        if not isinstance(line, Fact):
            raise ValueError(f"line {number} is a rule, not a fact")
        return line

    def _named(self, number: int) -> Fact:
        fact = self._fact(number)
        if fact.name == SOMEONE:
            raise ValueError(f"line {number} is about someone; use witness first")
        return fact

    def _added(self, fact: Fact) -> str:
        if fact not in self._lines:
            if len(self._lines) >= MOST_LINES:
                raise ValueError(f"a proof has at most {MOST_LINES} lines")
            self._lines.append(fact)
        return f"{self._lines.index(fact) + 1}. {fact}"


def _says(line: Formula, wanted: Fact) -> bool:
    return isinstance(line, Fact) and line.name == wanted.name and set(wanted.literals) <= set(line.literals)


TOOLBOX = Toolbox.of_class("fol", Fol)
