"""Toolbox `fol`: inference. Its state is {"lines": [formula, ...], "told": [sentence, ...], "goal": fact}: the premises
in the short English of `formulas.py`, and the sentences of the problem for them. A call names a premise by either.

Every function is a sound rule of inference. `finish("yes")` is refused until the goal is a known fact, `finish("no")`
until its negation is one: an answer is worth nothing without its proof, and guessing never scores. Calls copy whole
sentences, whose words a tokenizer writes as it writes them in the problem; docs/problems.md says what else was tried.
"""

from typing import Any
from typing import Literal as OneOf

from rollout.toolboxes.builtin.formulas import SOMEONE, Fact, Formula, Literal, Rule, read_formula
from rollout.toolboxes.toolbox import Toolbox

WITNESSES = "XYZUVW"
"""Names for someone, in the order in which they are given."""


class Fol:
    """The inference rules over one problem's premises."""

    def __init__(self, state: Any) -> None:
        lines = [read_formula(line) for line in state["lines"]]
        goal = read_formula(state["goal"])
        if not isinstance(goal, Fact):
            raise ValueError(f"the goal is no fact: {goal}")
        self._goal = goal
        self._sentences: dict[str, Formula] = {_plain(str(line)): line for line in lines}
        self._sentences |= {_plain(told): line for told, line in zip(state["told"], lines, strict=True)}
        # What is known of each name. Of someone each premise is a set of its own: they may be different people.
        self._known: dict[str, set[Literal]] = {}
        self._someone: list[frozenset[Literal]] = []
        for line in lines:
            if isinstance(line, Fact) and line.name == SOMEONE:
                self._someone.append(frozenset(line.literals))
            elif isinstance(line, Fact):
                self._known.setdefault(line.name, set()).update(line.literals)

    def apply(self, rule: str) -> str:
        """Use a rule (all, each, any or the ... are, if ... then) on everyone whom it fits: from All red are big, and
        Tom is red, follows Tom is big.

        Args:
            rule: The rule, as the problem says it.

        Examples:
            apply(rule="All red are big")
        """
        line = self._rule(rule)
        fitting = [name for name, known in self._known.items() if known.issuperset(line.body)]
        if not fitting:
            raise ValueError(f"no one is known to be {' and '.join(map(str, line.body))}")
        return self._added(fitting, line.head)

    def tollens(self, rule: str) -> str:
        """Use a rule (all, each, any or the ... are, if ... then) backwards: from All red are big, and Tom is not big,
        follows Tom is not red.

        Args:
            rule: The rule, as the problem says it.

        Examples:
            tollens(rule="All red are big")
        """
        line = self._rule(rule)
        if len(line.body) != 1:
            raise ValueError("the rule has two conditions; only one of them need fail")
        fitting = [name for name, known in self._known.items() if line.head.negated in known]
        if not fitting:
            raise ValueError(f"no one is known to be {line.head.negated}")
        return self._added(fitting, line.body[0].negated)

    def witness(self, fact: str) -> str:
        """Give someone a new name: from Someone is red follows X is red.

        Args:
            fact: What is said of someone, as the problem says it.

        Examples:
            witness(fact="Someone is red")
        """
        line = self._fact(fact)
        if line.name != SOMEONE or not any(known.issuperset(line.literals) for known in self._someone):
            raise ValueError("nothing says that of someone")
        name = next((name for name in WITNESSES if name not in self._known), None)
        if name is None:
            raise ValueError("no new names are left")
        self._known[name] = set(line.literals)
        return str(Fact(name, line.literals))

    def someone(self, fact: str) -> str:
        """Forget a name: from Tom is red follows Someone is red.

        Args:
            fact: What is known of a person.

        Examples:
            someone(fact="Tom is red")
        """
        line = self._fact(fact)
        if not self._says(line):
            raise ValueError("that is not known")
        if line.name != SOMEONE:
            self._someone = [*self._someone[:100], frozenset(line.literals)]
        return str(Fact(SOMEONE, line.literals))

    def finish(self, answer: OneOf["yes", "no", "unknown"]) -> str:
        """Answer the question, once it is proved: yes or no; unknown if neither follows.

        Args:
            answer: yes, no or unknown.

        Examples:
            finish(answer="yes")
        """
        goal = self._goal
        if answer == "no" and (goal.name == SOMEONE or len(goal.literals) != 1):
            raise ValueError(f"that {goal} cannot be denied here")
        if answer != "unknown":
            wanted = goal if answer == "yes" else Fact(goal.name, (goal.literals[0].negated,))
            if not self._says(wanted):
                raise ValueError(f"nothing says {wanted}; prove it first")
        return answer

    def _rule(self, text: str) -> Rule:
        line = self._sentences.get(_plain(text))
        if not isinstance(line, Rule):
            raise ValueError("the problem has no such rule; copy one of its sentences")
        return line

    def _fact(self, text: str) -> Fact:
        line = self._sentences.get(_plain(text)) or read_formula(text)
        if not isinstance(line, Fact):
            raise ValueError("that is a rule, not a fact")
        return line

    def _added(self, names: list[str], literal: Literal) -> str:
        for name in names:
            self._known[name].add(literal)
        return ". ".join(str(Fact(name, (literal,))) for name in names)

    def _says(self, wanted: Fact) -> bool:
        known = self._someone if wanted.name == SOMEONE else [self._known.get(wanted.name, set())]
        return any(each.issuperset(wanted.literals) for each in known)


def _plain(sentence: str) -> str:
    return sentence.strip(" .").casefold()


NEW_NAMES = {"apply": "deduce", "tollens": "refute", "witness": "call_it", "someone": "anyone", "finish": "done"}
"""Toolbox `fol_renamed`, for the suite `variant-functions`: names that no training problem shows."""

TOOLBOX = Toolbox.of_class("fol", Fol)
