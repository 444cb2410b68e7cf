"""Whether a goal follows from a theory, decided independently by forward chaining in Python and by the prover z3."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cluster.errors import WorkError
from rollout.toolboxes.builtin.formulas import SOMEONE, Fact, Formula, Literal, Rule


def chained(lines: Sequence[Formula], goal: Fact) -> str:
    """ "yes", "no" or "unknown" by forward chaining to saturation; a rule of one condition also runs backwards."""
    known = {
        (fact.name, literal) for fact in _with_witnesses(lines) if isinstance(fact, Fact) for literal in fact.literals
    }
    rules = [line for line in lines if isinstance(line, Rule)]
    names = {name for name, _ in known}
    while True:
        before = len(known)
        for name in names:
            held = {literal for other, literal in known if other == name}
            for rule in rules:
                if held.issuperset(rule.body):
                    known.add((name, rule.head))
                if len(rule.body) == 1 and rule.head.negated in held:
                    known.add((name, rule.body[0].negated))
        if len(known) == before:
            break
    # "Someone" has the goal's properties when one person has all of them.
    holders = names if goal.name == SOMEONE else {goal.name}
    if any(all((name, literal) in known for literal in goal.literals) for name in holders):
        return "yes"
    denied = goal.name != SOMEONE and any((goal.name, literal.negated) in known for literal in goal.literals)
    return "no" if denied else "unknown"


def proved(lines: Sequence[Formula], goal: Fact, quantifiers: bool = False) -> str:
    """ "yes", "no" or "unknown" by z3. Raises WorkError for a theory that contradicts itself.

    Without `quantifiers` the rules are instantiated for every name and a witness for every "someone": enough by
    Herbrand's theorem, since the language has constants only, and 20 times as fast. With them z3 is given the
    quantified formulas as they are.
    """
    import z3

    if quantifiers:
        premises, person = lines, z3.DeclareSort("Person")

        def atom(who: str, word: str) -> Any:
            return z3.Function(word, person, z3.BoolSort())(z3.Const(who, person))

        def everyone(claim: Callable[[str], Any]) -> Any:
            return z3.ForAll([z3.Const("x", person)], claim("x"))

        def someone(claim: Callable[[str], Any]) -> Any:
            return z3.Exists([z3.Const("x", person)], claim("x"))
    else:
        premises = _with_witnesses(lines)
        names = sorted({line.name for line in (*premises, goal) if isinstance(line, Fact)} - {SOMEONE})

        def atom(who: str, word: str) -> Any:
            return z3.Bool(f"{who} is {word}")

        def everyone(claim: Callable[[str], Any]) -> Any:
            return z3.And(*map(claim, names))

        def someone(claim: Callable[[str], Any]) -> Any:
            return z3.Or(*map(claim, names))

    def holds(who: str, literals: Iterable[Literal]) -> Any:
        atoms = ((literal.positive, atom(who, literal.word)) for literal in literals)
        return z3.And(*(each if positive else z3.Not(each) for positive, each in atoms))

    def formula(line: Formula) -> Any:
        if isinstance(line, Rule):
            return everyone(lambda who: z3.Implies(holds(who, line.body), holds(who, [line.head])))
        if line.name == SOMEONE:
            return someone(lambda who: holds(who, line.literals))
        return holds(line.name, line.literals)

    solver = z3.SimpleSolver()  # no tactics to set up: half the time on so small a theory
    solver.add(*map(formula, premises))
    if solver.check() != z3.sat:
        raise WorkError(f"the theory contradicts itself: {'. '.join(map(str, lines))}")
    claim = formula(goal)
    if solver.check(z3.Not(claim)) == z3.unsat:
        return "yes"
    return "no" if solver.check(claim) == z3.unsat else "unknown"


def _with_witnesses(lines: Sequence[Formula]) -> Sequence[Formula]:
    """The lines with a name of its own in place of each "someone"."""
    return [
        line._replace(name=f"witness {index}") if isinstance(line, Fact) and line.name == SOMEONE else line
        for index, line in enumerate(lines)
    ]
