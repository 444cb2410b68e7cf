"""Family `knights`, out of domain: knights tell the truth, knaves lie; who is what? Difficulty: people less two.

What people say of others hangs together, and one statement of likeness decides between the two ways it could be.
Gold by construction, with what the toolbox derives; cross-check: z3, which also proves that there is no other way.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rollout.problems.families.phrases import NAMES, NEW_PEOPLE, PEOPLE
from rollout.problems.story import Draft, Paraphrase, Story, agree
from rollout.records import Call
from rollout.toolboxes.builtin.knights import NEW_NAMES, Island

SAYS = {
    "knight": {
        False: ("{a} says: {b} is a knight.", "{a} tells us {b} is a knight.", '"{b} is a knight," says {a}.'),
        True: ("If one believes {a}, {b} is a knight.",),
    },
    "knave": {
        False: ("{a} says: {b} is a knave.", "{a} tells us {b} is a knave.", '"{b} is a knave," says {a}.'),
        True: ("If one believes {a}, {b} is a knave.",),
    },
    "same": {
        False: ("{a} says: {b} is like me.", "{a} tells us {b} is the same as {a}.", '"{b} is like me," says {a}.'),
        True: ("If one believes {a}, {b} and {a} are of one kind.",),
    },
    "differ": {
        False: ("{a} says: {b} is unlike me.", "{a} tells us {b} is not as {a}.", '"{b} is unlike me," says {a}.'),
        True: ("If one believes {a}, {b} and {a} are of two kinds.",),
    },
}
ASKS = {
    False: ("Who is a knight?", "Name all knights.", "Which of them are knights?", "Who tells the truth?"),
    True: ("Whom can one trust?",),
}


@dataclass(frozen=True)
class Statements(Story[Paraphrase]):
    """People with whether they are knights, and what they say: speaker, kind of statement, other person."""

    people: tuple[tuple[str, bool], ...]
    says: tuple[tuple[str, str, str], ...]

    toolbox = "knights"
    new_functions = NEW_NAMES
    checker = "set"
    masked = PEOPLE

    @property
    def text(self) -> str:
        sentences = [self.wording.pick(SAYS[kind]).format(a=speaker, b=other) for speaker, kind, other in self.says]
        return self.wording.arrange(sentences, self.wording.pick(ASKS, 1))

    @property
    def core(self) -> str:
        return f"knights: {sorted(self.people)} {sorted(self.says)}"

    def write(self) -> Draft:
        names = [name for name, _ in self.people]
        answer = [name for name, honest in self.people if honest]
        state = {"people": names, "says": [list(said) for said in self.says]}
        agree([answer], solutions(state), self.text)
        island, calls = Island(state), list[Call]()
        derived = "impossible"
        for kind in ("knight", "knave"):
            if derived == "impossible":
                calls.append(self.call("suppose", person=names[0], kind=kind))
                derived = island.suppose(names[0], kind)
        kinds = (f"{name} {'knight' if honest else 'knave'}" for name, honest in self.people)
        agree(f"possible: {', '.join(kinds)}", derived, self.text)
        return self.draft(answer, calls, difficulty=len(names) - 2, state=state)

    def with_new_names(self, rng: random.Random) -> "Statements":
        # More people than new names: the old name's end keeps them apart.
        new = {name: f"{rng.choice(NEW_PEOPLE)}{name.lower()}" for name, _ in self.people}
        return replace(
            self,
            people=tuple((new[name], honest) for name, honest in self.people),
            says=tuple((new[speaker], kind, new[other]) for speaker, kind, other in self.says),
        )

    def shorter(self, rng: random.Random) -> "Statements":
        """Without the person who came last, whom nobody but that person's link concerns."""
        gone = self.people[-1][0]
        says = tuple(said for said in self.says if gone not in (said[0], said[2]))
        return replace(self, people=self.people[:-1], says=says)

    def longer(self, rng: random.Random) -> "Statements":
        used = {name for name, _ in self.people}
        person = (rng.choice([name for name in NAMES if name not in used]), rng.random() < 0.5)
        return replace(self, people=(*self.people, person), says=(*self.says, _link(rng, person, self.people)))


def draw(rng: random.Random, difficulty: int) -> Statements:
    """`difficulty` + 2 people, linked one to another, the first of them spoken of as like or unlike the speaker."""
    people: list[tuple[str, bool]] = []
    says: list[tuple[str, str, str]] = []
    for name in rng.sample(NAMES, difficulty + 2):
        person = (name, rng.random() < 0.5)
        if people:
            says.append(_link(rng, person, tuple(people)))
        people.append(person)
    first, second = people[0], people[1]
    speaker, other = (first, second) if rng.random() < 0.5 else (second, first)
    says.append((speaker[0], "same" if other[1] else "differ", other[0]))
    rng.shuffle(says)
    return Statements(Paraphrase.drawn(rng), tuple(people), tuple(says))


def _link(rng: random.Random, person: tuple[str, bool], others: tuple[tuple[str, bool], ...]) -> tuple[str, str, str]:
    """A statement between a person and one of the others, as honest as its speaker."""
    speaker, other = person, rng.choice(others)
    if rng.random() < 0.5:
        speaker, other = other, speaker
    return speaker[0], "knight" if speaker[1] == other[1] else "knave", other[0]


def solutions(state: Mapping[str, Any]) -> list[list[str]]:
    """The cross-check: the knights of a toolbox's state, in each of at most two ways that z3 finds."""
    import z3

    honest: dict[str, Any] = {name: z3.Bool(name) for name in state["people"]}
    solver = z3.SimpleSolver()
    for speaker, kind, other in state["says"]:
        alike = honest[speaker] == honest[other]
        claim = {"knight": honest[other], "knave": z3.Not(honest[other]), "same": alike, "differ": z3.Not(alike)}[kind]
        solver.add(honest[speaker] == claim)
    solutions = list[list[str]]()
    while len(solutions) < 2 and solver.check() == z3.sat:
        model = solver.model()
        knights = [name for name in honest if z3.is_true(model.eval(honest[name], model_completion=True))]
        solutions.append(knights)
        solver.add(z3.Or(*(honest[name] != (name in knights) for name in honest)))
    return solutions
