"""Toolbox `fol`: inference from a theory. The state is {"lines": [formula, ...], "goal": fact} in the short English of
`formulas.py`; each inference adds a fact and returns it.

Every function is a sound rule of inference. `finish("yes")` is refused until the goal is a known fact, `finish("no")`
until its negation is one: an answer is worth nothing without its proof, and guessing never scores.
"""

from typing import Any
from typing import Literal as OneOf

from rollout.toolboxes.formulas import SOMEONE, Fact, Literal, Rule, read_formula, read_literals
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
        self._rules = {(frozenset(line.body), line.head) for line in lines if isinstance(line, Rule)}
        # What is known of each name. Of someone each premise is a set of its own: they may be different people.
        self._known: dict[str, set[Literal]] = {}
        self._someone: list[frozenset[Literal]] = []
        for line in lines:
            if isinstance(line, Fact) and line.name == SOMEONE:
                self._someone.append(frozenset(line.literals))
            elif isinstance(line, Fact):
                self._known.setdefault(line.name, set()).update(line.literals)

    def apply(self, name: str, given: str, then: str) -> str:
        """Use a rule: if all given are then, and name is given, then name is then.

        Args:
            name: Whom it is about.
            given: What the rule asks for, such as red, not red, or red and big.
            then: What follows.

        Examples:
            apply(name="Tom", given="red", then="big")
        """
        body, head = read_literals(given), self._rule(given, then)
        self._check_known(name, body)
        return self._added(name, head)

    def tollens(self, name: str, given: str, then: str) -> str:
        """Use a rule backwards: if all given are then, and name is not then, name is not given.

        Args:
            name: Whom it is about.
            given: What the rule asks for; one property.
            then: What would follow.

        Examples:
            tollens(name="Tom", given="red", then="big")
        """
        body, head = read_literals(given), self._rule(given, then)
        if len(body) != 1:
            raise ValueError(f"{given} are two conditions; only one of them need fail")
        self._check_known(name, (head.negated,))
        return self._added(name, body[0].negated)

    def witness(self, given: str) -> str:
        """Give a new name to someone who is given.

        Args:
            given: What someone is.

        Examples:
            witness(given="red")
        """
        literals = read_literals(given)
        if not any(known.issuperset(literals) for known in self._someone):
            raise ValueError(f"nothing says someone is {given}")
        name = next((name for name in WITNESSES if name not in self._known), None)
        if name is None:
            raise ValueError("no new names are left")
        # All that the premise says of that person.
        self._known[name] = set(next(known for known in self._someone if known.issuperset(literals)))
        return str(Fact(name, literals))

    def someone(self, name: str, given: str) -> str:
        """Forget a name: if name is given, someone is given.

        Args:
            name: Who it is.
            given: What name is.

        Examples:
            someone(name="Tom", given="red")
        """
        literals = read_literals(given)
        self._check_known(name, literals)
        if not any(known.issuperset(literals) for known in self._someone):
            self._someone.append(frozenset(literals))
        return str(Fact(SOMEONE, literals))

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

    def _rule(self, given: str, then: str) -> Literal:
        head = read_literals(then)
        if len(head) != 1 or (frozenset(read_literals(given)), head[0]) not in self._rules:
            raise ValueError(f"nothing says all {given} are {then}")
        return head[0]

    def _check_known(self, name: str, literals: tuple[Literal, ...]) -> None:
        for literal in literals:
            if literal not in self._known.get(name, ()):
                raise ValueError(f"nothing says {name} is {literal}")

    def _added(self, name: str, literal: Literal) -> str:
        self._known[name].add(literal)
        return str(Fact(name, (literal,)))

    def _says(self, wanted: Fact) -> bool:
        known = self._someone if wanted.name == SOMEONE else [self._known.get(wanted.name, set())]
        return any(each.issuperset(wanted.literals) for each in known)


NEW_NAMES = {"apply": "deduce", "tollens": "refute", "witness": "call_it", "someone": "anyone", "finish": "done"}
"""Toolbox `fol_renamed`, for the suite `variant-functions`: names that no training problem shows."""

TOOLBOX = Toolbox.of_class("fol", Fol)
