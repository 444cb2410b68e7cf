"""Two independent deciders of what follows from a theory: forward chaining in plain Python, and the prover z3."""

from collections.abc import Iterable, Sequence
from typing import Any

from cluster.errors import WorkError
from rollout.toolboxes.builtin.formulas import SOMEONE, Fact, Formula, Literal, Rule


def chained(lines: Sequence[Formula], goal: Fact) -> str:
    """ "yes", "no" or "unknown" by forward chaining to saturation; a rule of one condition also runs backwards."""
    known: set[tuple[str, Literal]] = set()
    rules = [line for line in lines if isinstance(line, Rule)]
    for index, fact in enumerate(line for line in lines if isinstance(line, Fact)):
        name = f"witness {index}" if fact.name == SOMEONE else fact.name
        known.update((name, literal) for literal in fact.literals)
    names = {name for name, _ in known}
    while True:
        new = {
            (name, literal)
            for name in names
            for rule in rules
            for literal in _consequences(rule, {literal for other, literal in known if other == name})
        } - known
        if not new:
            break
        known |= new
    # Line by line, someone has all of the goal's properties, or the named one has.
    holders = names if goal.name == SOMEONE else {goal.name}
    if any(all((name, literal) in known for literal in goal.literals) for name in holders):
        return "yes"
    denied = goal.name != SOMEONE and any((goal.name, literal.negated) in known for literal in goal.literals)
    return "no" if denied else "unknown"


def _consequences(rule: Rule, held: set[Literal]) -> Iterable[Literal]:
    if all(literal in held for literal in rule.body):
        yield rule.head
    if len(rule.body) == 1 and rule.head.negated in held:
        yield rule.body[0].negated


def proved(lines: Sequence[Formula], goal: Fact, quantifiers: bool = False) -> str:
    """ "yes", "no" or "unknown" by z3. Raises WorkError for a theory that contradicts itself.

    Without `quantifiers` the rules are instantiated for every name and a witness for every "someone": enough by
    Herbrand's theorem, since the language has constants only, and 20 times as fast. With them z3 is given the
    quantified formulas as they are.
    """
    import z3

    theory = _Quantified(z3) if quantifiers else _Grounded(z3, [*lines, goal])
    solver = z3.SimpleSolver()  # no tactics to set up: half the time on so small a theory
    solver.add(*(theory.formula(line, index) for index, line in enumerate(lines)))
    if solver.check() != z3.sat:
        raise WorkError(f"the theory contradicts itself: {'. '.join(map(str, lines))}")
    claim = theory.claim(goal)
    if solver.check(z3.Not(claim)) == z3.unsat:
        return "yes"
    return "no" if solver.check(claim) == z3.unsat else "unknown"


class _Grounded:
    """Propositions, one for each name and word."""

    def __init__(self, z3: Any, lines: Sequence[Formula]) -> None:
        self._z3 = z3
        facts = [(index, line) for index, line in enumerate(lines[:-1]) if isinstance(line, Fact)]
        named = {line.name for line in lines if isinstance(line, Fact)} - {SOMEONE}
        self._names = sorted(named | {_witness(index) for index, fact in facts if fact.name == SOMEONE})

    def formula(self, line: Formula, index: int) -> Any:
        if isinstance(line, Rule):
            return self._z3.And(
                *(self._z3.Implies(self._all(name, line.body), self._one(name, line.head)) for name in self._names)
            )
        return self._all(_witness(index) if line.name == SOMEONE else line.name, line.literals)

    def claim(self, goal: Fact) -> Any:
        names = self._names if goal.name == SOMEONE else [goal.name]
        return self._z3.Or(*(self._all(name, goal.literals) for name in names))

    def _all(self, name: str, literals: Iterable[Literal]) -> Any:
        return self._z3.And(*(self._one(name, literal) for literal in literals))

    def _one(self, name: str, literal: Literal) -> Any:
        atom = self._z3.Bool(f"{name} is {literal.word}")
        return atom if literal.positive else self._z3.Not(atom)


class _Quantified:
    """Predicates over an uninterpreted sort, with real quantifiers."""

    def __init__(self, z3: Any) -> None:
        self._z3 = z3
        self._sort = z3.DeclareSort("Person")
        self._x = z3.Const("x", self._sort)

    def formula(self, line: Formula, index: int) -> Any:
        if isinstance(line, Rule):
            implied = self._z3.Implies(self._all(self._x, line.body), self._one(self._x, line.head))
            return self._z3.ForAll([self._x], implied)
        return self.claim(line)

    def claim(self, goal: Fact) -> Any:
        if goal.name == SOMEONE:
            return self._z3.Exists([self._x], self._all(self._x, goal.literals))
        return self._all(self._z3.Const(goal.name, self._sort), goal.literals)

    def _all(self, person: Any, literals: Iterable[Literal]) -> Any:
        return self._z3.And(*(self._one(person, literal) for literal in literals))

    def _one(self, person: Any, literal: Literal) -> Any:
        atom = self._z3.Function(literal.word, self._sort, self._z3.BoolSort())(person)
        return atom if literal.positive else self._z3.Not(atom)


def _witness(index: int) -> str:
    return f"witness {index}"
